"""Load a server with many customers: how long the customer page and a stored decision by the interface take.

    python -m bench.web --customers 100000 --rate 50 --seconds 20 --db postgresql://...

Everything is on this machine: the facts are invented (`valuelift generate`) and put into a new store, in SQLite unless
`--db` names another (it must be empty); a batch decides them; a server in a process of its own serves it.
Requests are sent at a steady rate whether or not earlier ones are answered, and each is timed from when it was due: who
waits in a queue is not forgotten. Before that, some are sent one after another, which shows the time of one alone, and
what it takes of the processor, whatever else the machine does.

The server has as many processes as the machine has cores, and each keeps what it has shown. "Seen before" are pages of
a few customers, each asked for ten times before: which process answers is chance, so that of two, one in 500 pages was
not seen by one of them. A "first look" is at a customer chosen anew out of all; by then the processes are warm.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.figures import Figure, milliseconds
from facts import arrow_rows
from facts.accounts import Account, Role, add_account, new_password, open_session
from facts.batch.ledger import Ledger, runs_folder
from facts.database import bulk, is_sqlite
from facts.demo import AS_OF
from facts.generate import generate
from facts.store import Store
from facts.tables import FACT_TABLES, customer_keys
from facts.tokens import Scope, create_token
from web.access import SESSION
from wiring import Desk, shipped_rules

CUSTOMERS, RATE, SECONDS, SEED = 100_000, 50, 20, 1
ALONE = 40
"""Requests that are sent one after another."""

FEW = 200
"""Customers whose pages are seen before."""

ROUNDS = 10
"""How often each of their pages is asked for before."""

AT_ONCE = 64
ROWS = 100_000
"""Rows that are loaded at a time."""

LONGEST = 30.0
"""Seconds after which a request counts as failed."""


IDLE = 0.1
"""Seconds of the processor in a second below which a server does nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: what it is for, its path for a customer, and its headers."""

    what: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Server:
    """A server on this machine: its port and its process."""

    port: int
    process: int

    def processor(self) -> float:
        """Return the seconds of the processor that it has used, with the processes that it started."""
        started = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return sum(map(_processor, [str(self.process), *started]))

    def rest(self) -> None:
        """Wait until it has read what the batch kept: until it works no more."""
        used = -1.0
        while self.processor() - used > IDLE:
            used = self.processor()
            time.sleep(1.0)


def _processor(process: str) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure() -> list[Figure]:
    """Return the median and the 99th percentile of each kind of request."""
    return list(figures(CUSTOMERS, RATE, SECONDS))


def figures(customers: int, rate: int, seconds: int, db: str | None = None) -> Iterator[Figure]:
    """Yield the figures as they come."""
    with tempfile.TemporaryDirectory() as folder:
        url = db or f"sqlite:///{Path(folder) / 'web.db'}"
        os.environ["VALUELIFT_RUNS"] = folder  # where the server looks for the facts of the run as well
        store = Store.create(url)
        load(store, Path(folder) / "facts", customers)
        now = datetime.now(UTC)
        add_account(store, Account("bench", Role.ADMIN, None), new_password(), now)
        session = {"Cookie": f"{SESSION}={open_session(store, 'bench', now)}"}
        token = create_token(store, "bench", [Scope.READ], "bench", now, timedelta(days=1))[1]
        asked = (
            Asked("stored decision by the interface", "/api/v1/decisions/{}", {"Authorization": f"Bearer {token}"}),
            Asked("customer page, seen before", "/customers/{}", session),
            Asked("customer page, first look", "/customers/{}", session),
        )
        store.close()
        with _server(url) as server:
            server.rest()
            for each in asked:
                for how, found in _measured(each, server, customers, rate, seconds):
                    yield Figure(f"{each.what}, {customers:,} customers, {how}", found)


def load(store: Store, folder: Path, customers: int) -> None:
    """Put invented facts into a store, and decide them by a batch."""
    generate(folder, customers, SEED)
    said = {"source": "bench", "entered_by": "bench"}
    with bulk(store.url, write=True) as cursor:
        keys = pq.read_table(folder / "customers.parquet", columns=["key"])
        cursor.adbc_ingest(customer_keys.name, pa.table({"key": keys["key"].unique()}), mode="append")
        for path in sorted(folder.glob("*.parquet")):
            table = FACT_TABLES[path.stem]
            for batch in pq.ParquetFile(path).iter_batches(ROWS):
                moment = pa.array([datetime(2020, 1, 1, tzinfo=UTC)] * len(batch), pa.timestamp("us", "UTC"))
                missing = {each.name: "-" for each in table.columns if each.info.get("personal") and not each.nullable}
                columns = {name: pa.array([value] * len(batch)) for name, value in {**said, **missing}.items()}
                stored = arrow_rows.to_stored(batch, table)
                whole = dict(zip(stored.schema.names, stored.columns, strict=True)) | columns
                cursor.adbc_ingest(table.name, pa.table({**whole, "recorded_at": moment}), mode="append")
            if not is_sqlite(store.url):
                cursor.execute(f"ANALYZE {table.name}")  # as the server does by itself some time after
    ledger = Ledger.at(runs_folder(store.url))
    Desk(store, shipped_rules(), AS_OF).batch("bench", ledger).run(lambda *_: None)


@contextmanager
def _server(url: str) -> Iterator[Server]:
    """Give a server over a store, in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    serve = ["serve", "--port", str(port), "--as-of", AS_OF.isoformat(), "--requests", "1000000", "--db", url]
    processes = ["--processes", str(os.cpu_count())]
    process = subprocess.Popen([sys.executable, "-c", "import cli; cli.main()", *serve, *processes])
    try:
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def _measured(asked: Asked, server: Server, customers: int, rate: int, seconds: int) -> Iterator[tuple[str, str]]:
    """Yield how one kind of request was sent, and how long it took."""
    port = server.port
    chance = random.Random(asked.what)
    seen_before = "before" in asked.what
    few = [f"C{chance.randrange(customers):08}" for _ in range(FEW)]

    def customer() -> str:
        return chance.choice(few) if seen_before else f"C{chance.randrange(customers):08}"

    if seen_before:
        with ThreadPoolExecutor(4) as warming:
            list(warming.map(lambda key: _timed(asked, port, key, time.perf_counter()), few * ROUNDS))
    used = server.processor()
    alone = [_timed(asked, port, customer(), time.perf_counter()) for _ in range(ALONE)]
    yield "processor", f"{(server.processor() - used) / ALONE * 1e3:.1f} ms each"
    yield "one after another", _said(alone)
    begin = time.perf_counter()
    due = [(customer(), begin + number / rate) for number in range(rate * seconds)]
    with ThreadPoolExecutor(AT_ONCE) as senders:
        times = list(senders.map(lambda one: _timed(asked, port, *one), due))
    yield f"{rate} a second for {seconds} s", _said(times)


def _said(times: list[float | None]) -> str:
    good = [each for each in times if each is not None]
    failed = len(times) - len(good)
    return (milliseconds(good) if len(good) > 1 else "none answered") + (f", {failed} failed" if failed else "")


def _timed(asked: Asked, port: int, customer: str, due: float) -> float | None:
    """Send a request when it is due, and return the seconds until it was answered in full; None if it failed."""
    time.sleep(max(0.0, due - time.perf_counter()))
    if time.perf_counter() - due > LONGEST:
        return None
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)
    try:
        connection.request("GET", asked.path.format(customer), headers=asked.headers)
        answer = connection.getresponse()
        answer.read()
        return time.perf_counter() - due if answer.status == 200 else None
    except OSError:
        return None
    finally:
        connection.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--rate", type=int, default=RATE, help="requests a second")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="how long each kind is sent")
    parser.add_argument("--db", help="the URL of an empty database; by default a new SQLite file")
    return parser.parse_args()


if __name__ == "__main__":
    options = _options()
    for figure in figures(options.customers, options.rate, options.seconds, options.db):
        print(f"{figure.what:<90} {figure.found}", flush=True)
