"""What a database says when it refuses, in words of ours: why that is, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_URL = "the URL given by --db or VALUELIFT_DB"
_NEW_STORE = "Run `valuelift init` to create a store."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a database refused, and what to do about it."""

    why: str
    hint: str


_AT_THE_SAME_TIME = Refusal(
    "somebody else was writing the same at the same moment",
    "Nothing of yours was stored. Wait until that has finished, then try again.",
)
_DISK_FULL = Refusal("the disk is full", "Free some space, then try again; the store is as it was.")
_NO_RIGHT = Refusal("the user lacks the permission", "Ask the database's owner to grant it.")
_MAY_NOT_CONNECT = Refusal(
    "the server does not let this user connect from here",
    f"Check the user in {_URL}, or ask who runs the server to permit it (`pg_hba.conf`, `LOGIN`).",
)

# By PostgreSQL's code (SQLSTATE), which says it in every language. A server that lets nobody in gives none.
_BY_CODE: dict[str | None, Refusal] = {
    "23505": _AT_THE_SAME_TIME,  # unique_violation: what stands already is looked up before anything is written
    "40001": _AT_THE_SAME_TIME,  # serialization_failure
    "40P01": _AT_THE_SAME_TIME,  # deadlock_detected
    "57014": Refusal("it was told to stop", "Nothing of yours was stored. Start it again."),  # query_canceled
    "42P07": _AT_THE_SAME_TIME,  # duplicate_table
    "42501": _NO_RIGHT,  # insufficient_privilege
}

# By words that must all be in what the database says; the first that fit count.
_BY_WORDS: tuple[tuple[tuple[str, ...], Refusal], ...] = (
    (
        ("database is locked",),
        Refusal("another program is writing to it", "Wait until that has finished, then try again."),
    ),
    (
        ("not a database",),
        Refusal("the file is not an SQLite database", "Check the path given by --db or VALUELIFT_DB."),
    ),
    (("disk is full",), _DISK_FULL),
    (("no space left",), _DISK_FULL),
    (
        ("disk i/o error",),  # also where there is no room for what SQLite keeps beside its file
        Refusal("the disk is full or fails", "Free some space, check the disk, then try again."),
    ),
    (("could not extend file",), _DISK_FULL),
    (
        ("readonly database",),
        Refusal("it may only be read", "Ask for write permission on the file and its folder."),
    ),
    (("read-only",), Refusal("it may only be read", "Ask for write permission on the database.")),
    (
        ("unable to open",),
        Refusal("the file cannot be opened", "Check that its folder exists and may be written to."),
    ),
    (("malformed",), Refusal("the file is damaged", "Restore it from a backup.")),
    (
        ("password authentication failed",),
        Refusal("the server does not know this user with this password", f"Check user and password in {_URL}."),
    ),
    (
        ("no password supplied",),
        Refusal("the server asks for a password", f"Give it in {_URL} (postgresql://USER:PASSWORD@HOST/DATABASE)."),
    ),
    (("authentication failed",), _MAY_NOT_CONNECT),
    (("no pg_hba.conf entry",), _MAY_NOT_CONNECT),
    (("not permitted to log in",), _MAY_NOT_CONNECT),
    (
        ("fatal:", "role", "does not exist"),
        Refusal("the server has no such user", f"Check the user in {_URL}, or have it made (`CREATE ROLE ... LOGIN`)."),
    ),
    (
        ("fatal:", "database", "does not exist"),
        Refusal(
            "the server has no such database",
            f"Check its name in {_URL}, or create it (`CREATE DATABASE ...`) and run `valuelift init`.",
        ),
    ),
    (("too many clients",), Refusal("the server has no connection left", "Try again later, or raise its limit.")),
    (("connection slots",), Refusal("the server has no connection left", "Try again later, or raise its limit.")),
    (("is starting up",), Refusal("the server is starting", "Try again in a moment.")),
    (("is shutting down",), Refusal("the server is shutting down", "Try again when it runs again.")),
    (("relation", "does not exist"), Refusal("it has no tables of ours", _NEW_STORE)),
    (("no such table",), Refusal("it has no tables of ours", _NEW_STORE)),
    (("permission denied",), _NO_RIGHT),
    (("resolve host",), Refusal("the server's name is not known", "Check the host in the URL.")),
    (("translate host name",), Refusal("the server's name is not known", "Check the host in the URL.")),
)
_UNREACHED = Refusal("the server cannot be reached", "Check host and port, and that the server is running.")
# How the PostgreSQL library passes on what a server says to somebody whom it does not let in, in any language.
_SERVER_SAYS = re.compile(r" failed: \S+:  ")


def refusal(said: str, code: str | None) -> Refusal | None:
    """Return what a database means by what it says and by its code, if it gives one; None if that is not known."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    lower = said.lower()
    for words, meant in _BY_WORDS:
        if all(word in lower for word in words):
            return meant
    return _UNREACHED if "connection" in lower and not _SERVER_SAYS.search(said) else None
