"""What a database says when it refuses, in words of ours: why that is, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.said import Said, said

_URL = said("the URL given by --db or VALUELIFT_DB")
_NEW_STORE = said("Run `valuelift init` to create a store.")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a database refused, and what to do about it."""

    why: Said
    hint: Said


_AT_THE_SAME_TIME = Refusal(
    said("somebody else was writing the same at the same moment"),
    said("Nothing of yours was stored. Wait until that has finished, then try again."),
)
_DISK_FULL = Refusal(said("the disk is full"), said("Free some space, then try again; the store is as it was."))
_NO_RIGHT = Refusal(said("the user lacks the permission"), said("Ask the database's owner to grant it."))
_MAY_NOT_CONNECT = Refusal(
    said("the server does not let this user connect from here"),
    said("Check the user in {url}, or ask who runs the server to permit it (`pg_hba.conf`, `LOGIN`).", url=_URL),
)

# By PostgreSQL's code (SQLSTATE), which says it in every language. A server that lets nobody in gives none.
_BY_CODE: dict[str | None, Refusal] = {
    "23505": _AT_THE_SAME_TIME,  # unique_violation: what stands already is looked up before anything is written
    "40001": _AT_THE_SAME_TIME,  # serialization_failure
    "40P01": _AT_THE_SAME_TIME,  # deadlock_detected
    "57014": Refusal(
        said("it was told to stop"), said("Nothing of yours was stored. Start it again.")
    ),  # query_canceled
    "42P07": _AT_THE_SAME_TIME,  # duplicate_table
    "42501": _NO_RIGHT,  # insufficient_privilege
}

# By words that must all be in what the database says; the first that fit count.
_BY_WORDS: tuple[tuple[tuple[str, ...], Refusal], ...] = (
    (
        ("database is locked",),
        Refusal(said("another program is writing to it"), said("Wait until that has finished, then try again.")),
    ),
    (
        ("not a database",),
        Refusal(said("the file is not an SQLite database"), said("Check the path given by --db or VALUELIFT_DB.")),
    ),
    (("disk is full",), _DISK_FULL),
    (("no space left",), _DISK_FULL),
    (
        ("disk i/o error",),  # also where there is no room for what SQLite keeps beside its file
        Refusal(said("the disk is full or fails"), said("Free some space, check the disk, then try again.")),
    ),
    (("could not extend file",), _DISK_FULL),
    (
        ("readonly database",),
        Refusal(said("it may only be read"), said("Ask for write permission on the file and its folder.")),
    ),
    (("read-only",), Refusal(said("it may only be read"), said("Ask for write permission on the database."))),
    (
        ("unable to open",),
        Refusal(said("the file cannot be opened"), said("Check that its folder exists and may be written to.")),
    ),
    (("malformed",), Refusal(said("the file is damaged"), said("Restore it from a backup."))),
    (
        ("password authentication failed",),
        Refusal(
            said("the server does not know this user with this password"),
            said("Check user and password in {url}.", url=_URL),
        ),
    ),
    (
        ("no password supplied",),
        Refusal(
            said("the server asks for a password"),
            said("Give it in {url} (postgresql://USER:PASSWORD@HOST/DATABASE).", url=_URL),
        ),
    ),
    (("authentication failed",), _MAY_NOT_CONNECT),
    (("no pg_hba.conf entry",), _MAY_NOT_CONNECT),
    (("not permitted to log in",), _MAY_NOT_CONNECT),
    (
        ("fatal:", "role", "does not exist"),
        Refusal(
            said("the server has no such user"),
            said("Check the user in {url}, or have it made (`CREATE ROLE ... LOGIN`).", url=_URL),
        ),
    ),
    (
        ("fatal:", "database", "does not exist"),
        Refusal(
            said("the server has no such database"),
            said("Check its name in {url}, or create it (`CREATE DATABASE ...`) and run `valuelift init`.", url=_URL),
        ),
    ),
    (
        ("too many clients",),
        Refusal(said("the server has no connection left"), said("Try again later, or raise its limit.")),
    ),
    (
        ("connection slots",),
        Refusal(said("the server has no connection left"), said("Try again later, or raise its limit.")),
    ),
    (("is starting up",), Refusal(said("the server is starting"), said("Try again in a moment."))),
    (("is shutting down",), Refusal(said("the server is shutting down"), said("Try again when it runs again."))),
    (("relation", "does not exist"), Refusal(said("it has no tables of ours"), _NEW_STORE)),
    (("no such table",), Refusal(said("it has no tables of ours"), _NEW_STORE)),
    (("permission denied",), _NO_RIGHT),
    (("resolve host",), Refusal(said("the server's name is not known"), said("Check the host in the URL."))),
    (("translate host name",), Refusal(said("the server's name is not known"), said("Check the host in the URL."))),
)
_UNREACHED = Refusal(said("the server cannot be reached"), said("Check host and port, and that the server is running."))
# How the PostgreSQL library passes on what a server says to somebody whom it does not let in, in any language.
_SERVER_SAYS = re.compile(r" failed: \S+:  ")


def refusal(words: str, code: str | None) -> Refusal | None:
    """Return what a database means by what it says and by its code, if it gives one; None if that is not known."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    lower = words.lower()
    for signs, meant in _BY_WORDS:
        if all(sign in lower for sign in signs):
            return meant
    return _UNREACHED if "connection" in lower and not _SERVER_SAYS.search(words) else None
