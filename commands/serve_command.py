"""`valuelift serve`: the pages, for account managers in a browser, and the interface for other programs."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from commands.options import Day, db_option, language_option, pack_option
from engine.said import said

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from common.texts import Texts
    from facts.store import Store
    from web.site import Settings
    from web.webhook import Hook

SECRET = "VALUELIFT_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable
HOST, PORT = "127.0.0.1", 8080

COLLECTING = (5_000, 5, 400)
"""When a server collects garbage (see `gc.set_threshold`): of young objects with every sixth first look at a customer,
of all objects after some 15,000.

With 100,000 customers held, to go over all objects takes 0.2 to 0.6 s, in which nobody is answered; by Python's own
thresholds that was every two hundredth look. What goes round in circles is nearly always young.
"""

TUNABLES, KEPT_AT_HAND = "GLIBC_TUNABLES", "glibc.malloc.tcache_count=1000"
"""How many freed pieces of memory of each size the C library keeps at hand.

A decision from the store asks for very many small ones, and takes a quarter less of the processor with it than with the
usual seven (`python -m bench.warm`).
"""

host_option = click.option("--host", default=HOST, show_default=True, metavar="ADDRESS", help="Where to listen.")
port_option = click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(1, 65535),
    metavar="N",
    help="The port to listen at.",
)


@click.command("serve")
@host_option
@port_option
@click.option("--https", is_flag=True, help="A proxy in front of this server speaks HTTPS with the browsers.")
@click.option("--as-of", type=Day(), metavar="DATE", help="Decide and record as of this date. By default each day's.")
@click.option(
    "--requests",
    default=600,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="How many requests another program may make in a minute by one token, of each process.",
)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    metavar="N",
    help="How many processes answer, each with what it keeps in memory; as many as there are cores answer most.",
)
@click.option(
    "--webhook",
    metavar="URL",
    help=f"Tell this address what is recorded, signed with the secret in {SECRET} (see docs/api.md).",
)
@pack_option
@language_option
@db_option
def command(
    host: str,
    port: int,
    https: bool,
    as_of: date | None,
    requests: int,
    processes: int,
    webhook: str | None,
    pack: Path | None,
    language: str,
    db: str | None,
) -> None:
    """Serve the pages on which account managers see and record what to do, and the interface for other programs.

    Whoever uses the pages needs an account (see `valuelift user`), other programs a token (see `valuelift token`); what
    they can ask stands in docs/api.md. Passwords and tokens are not to travel unencrypted: to listen elsewhere than on
    this machine, put a proxy that speaks HTTPS in front and say so by --https.

    \b
    Example:
      valuelift user add ana --role manager --manager "Ana Lind"
      valuelift serve --db acme.db
    """
    from commands.desk import open_store
    from common.texts import Texts
    from facts.accounts import accounts
    from web.site import Settings

    require_https(host, https)
    hook = None if webhook is None else _hook(webhook)
    _keep_memory_at_hand()
    texts = Texts(language)
    with open_store(db) as store:
        if not accounts(store):
            click.echo(texts("user_none"), err=True)
        serve(store, Settings(as_of, pack, https, requests, hook), texts, host, port, processes)


def _keep_memory_at_hand() -> None:
    """Start this command anew with `KEPT_AT_HAND`, which the C library reads at its start; what is set stays."""
    if sys.platform == "linux" and TUNABLES not in os.environ:
        again = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, again, {**os.environ, TUNABLES: KEPT_AT_HAND})  # noqa: S606 - this very command


def _hook(url: str) -> Hook:
    """Return where to tell what is recorded; in the clear only on this machine."""
    from web.webhook import Hook, read_secret

    if not _is_address(url):
        raise click.BadParameter(said("It is no address of a web server (https://HOST/PATH)."), param_hint="--webhook")
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_here(str(parts.hostname)):
        raise click.BadParameter(said("Give an address that begins with https://."), param_hint="--webhook")
    try:
        return Hook(url, read_secret(os.environ.get(SECRET)))
    except ValueError as error:
        raise click.UsageError(said("{why} Give it by {variable}.", why=error.args[0], variable=SECRET)) from None


def _is_address(url: str) -> bool:
    """Return whether something can be sent to a URL as it is; a user in it would be taken for the host."""
    try:
        parts = urlsplit(url)
        reachable = parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
    return (
        bool(reachable) and parts.scheme in ("http", "https") and url.isascii() and url.isprintable() and " " not in url
    )


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def require_https(host: str, https: bool) -> None:
    """Refuse to send passwords in the clear over a network."""
    if not _is_here(host) and not https:
        raise click.UsageError(
            said(
                "{host} is not this machine alone, and passwords would travel unencrypted. "
                "Put a proxy that speaks HTTPS in front, and add --https.",
                host=host,
            )
        )


def serve(store: Store, settings: Settings, texts: Texts, host: str, port: int, processes: int = 1) -> None:
    """Serve until somebody stops it; say on standard error where, once it answers."""
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise click.UsageError(
            said("Cannot listen at {host}:{port}: {why}.", host=host, port=str(port), why=error.strerror)
        ) from None
    url = store.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")  # a fork would share the connections to the database
    others = [context.Process(target=_serve_too, args=(url, settings, listening)) for _ in range(processes - 1)]
    _answer(
        store, settings, listening, then=lambda: _begin(others, texts("serve_ready", address=f"http://{host}:{port}"))
    )
    for each in others:
        each.terminate()


def _begin(others: Sequence[BaseProcess], ready: str) -> None:
    """Start the other processes, and say that all of them are ready."""
    for each in others:
        each.start()
    click.echo(ready, err=True)


def _serve_too(url: str, settings: Settings, listening: socket.socket) -> None:
    """Answer in another process, for as long as the one that started it lives."""
    from facts.store import Store

    threading.Thread(target=_end_with_parent, daemon=True).start()
    store = Store.open(url)
    _answer(store, settings, listening)
    store.close()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "only processes that were started here come here"  # noqa: S101
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _answer(
    store: Store, settings: Settings, listening: socket.socket, then: Callable[[], object] = lambda: None
) -> None:
    """Answer whoever comes to a socket; `then` is called before the first."""
    import uvicorn

    from web.app import application

    gc.set_threshold(*COLLECTING)  # unlike a command, a server lives long enough to collect garbage
    app = application(store, settings)
    app.state.site.prepare()  # a pack with problems is told of now, and not with the first page
    then()
    uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False)).run(sockets=[listening])
    app.state.site.close()
