"""The batch on Apache Spark: base facts split by customer hash, each shard computed in a task by `pipeline`.

Spark moves rows and says which task runs where, again if an executor was lost. What facts and decisions are is settled
by the very code that computes them on one machine. The driver and all executors see the same files in the same places.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ProblemsError
from engine.said import Said, as_given, said
from facts.batch.folder import FactsFolder, Part
from facts.batch.pipeline import Job, Progress
from facts.batch.shards import Piece, Slice, of_shard, pieces, slices, write
from facts.database import StoreError

if TYPE_CHECKING:
    from pyspark import Accumulator, SparkContext

MASTER = re.compile(r"local|local\[(\*|\d+)(, ?\d+)?\]|local-cluster\[\d+, ?\d+, ?\d+\]|(spark|k8s)://.+|yarn")
"""The forms of a master's address."""

INSTALL = "pip install '.[spark]'"

_ON_THIS_MACHINE = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}
"""With a local master nobody needs to reach the driver from elsewhere."""

_SECONDS = 1.0
"""How often it is looked how far the tasks are."""


def is_installed() -> bool:
    """Whether PySpark can be used."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Cluster:
    """Spark at work for one batch."""

    context: SparkContext
    log: Path

    def require_alike(self, seen: Sequence[Path]) -> None:
        """Check that executors run the same code as the driver, and see the same files.

        Raises:
            StoreError: naming an executor's machine that does not.
        """
        check = partial(_require_alike, _software(), seen)
        list(self._results(check, range(self.context.defaultParallelism)))

    def split(self, facts: FactsFolder, shards: int, place: Path, progress: Progress) -> None:
        """Split facts by a hash of the customer; `shards.of_shard` reads what is written.

        Raises:
            StoreError: if Spark gives up.
        """
        parts = slices(facts)
        total, done = sum(part.rows for part in parts), self.context.accumulator(0)
        read = self.context.parallelize(parts, len(parts)).flatMap(partial(_split, done, shards))
        by_shard = read.partitionBy(shards, _same)
        told = 0
        progress("splitting", told, total)
        for more in self._watched(lambda: by_shard.foreachPartition(partial(write, place)), done):
            told += more
            progress("splitting", told, total)

    def parts(self, job: Job, shards: int) -> list[Part]:
        """Return the shards in which there are customers."""
        counts = self._results(partial(_customers, job), range(shards))
        filled = [(shard, count) for shard, count in enumerate(counts) if count]
        return [Part(number, "", None, count, shard) for number, (shard, count) in enumerate(filled)]

    def each(self, work: Callable[[Part], None], parts: Sequence[Part]) -> Iterator[int]:
        """Do work on each part in a task of its own; see `pipeline.Each`.

        Raises:
            StoreError, ProblemsError: as the work does, and if Spark gives up.
        """
        done = self.context.accumulator(0)
        return self._watched(lambda: self._results(partial(_counted, work, done), parts), done)

    def _watched(self, action: Callable[[], object], done: Accumulator[int]) -> Iterator[int]:
        """Do something, and yield meanwhile by how much more is done."""
        told = 0
        with self._failures_explained(), ThreadPoolExecutor(1) as thread:
            job = thread.submit(action)
            try:
                while not wait([job], _SECONDS).done:
                    more = done.value - told
                    told += more
                    yield more
                job.result()
            finally:
                if not job.done():
                    self.context.cancelAllJobs()
        yield done.value - told

    def _results(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """Return what work returns for each item, each in a task of its own."""
        if not items:
            return []
        with self._failures_explained():
            answers = self.context.parallelize(items, len(items)).map(partial(_answer, work)).collect()
        for _, error in answers:
            if error is not None:
                raise error
        return [result for result, _ in answers]

    @contextmanager
    def _failures_explained(self) -> Iterator[None]:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            yield
        except (Py4JError, PySparkException) as error:
            hint = said("{log} tells more. Run the batch again: parts that are finished are kept.", log=self.log)
            raise StoreError(
                said("Spark on {master} gave up", master=self.context.master), _said(error), hint
            ) from None


@dataclass(frozen=True, slots=True)
class Spark:
    """Where Spark runs: the master's address; None for that of Spark's own configuration, or this machine's cores."""

    master: str | None


@contextmanager
def started(spark: Spark, log: Path) -> Iterator[Cluster]:
    """Start Spark, and stop it in the end.

    Args:
        spark: where.
        log: the file for what Spark says.

    Raises:
        StoreError: if it does not start.
    """
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        with _errors_go_to(log):
            conf = SparkConf()  # starts Java
            conf.setMaster(spark.master or conf.get("spark.master", "local[*]") or "")
            conf.setIfMissing("spark.app.name", "valuelift batch").setIfMissing("spark.ui.showConsoleProgress", "false")
            for name, value in _ON_THIS_MACHINE.items() if str(conf.get("spark.master")).startswith("local") else ():
                conf.setIfMissing(name, value)
            context = SparkContext(conf=conf)
    except (Py4JError, PySparkException) as error:
        hint = said("{log} tells more. Spark needs Java 17 or newer, and a master that can be reached.", log=log)
        raise StoreError(
            said("Spark did not start on {master}", master=spark.master or said("its default master")),
            _said(error),
            hint,
        ) from None
    try:
        yield Cluster(context, log)
    finally:
        context.stop()


@contextmanager
def _errors_go_to(log: Path) -> Iterator[None]:
    """Let processes that are started write to a file what they would write to standard error."""
    sys.stderr.flush()
    ours = os.dup(2)
    try:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        os.dup2(ours, 2)
        os.close(ours)


def _said(error: Exception) -> Said:
    """Return the line of an error of Spark's that says what happened: of Python's if a task failed there."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    of_task = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b.*:", line) and "py4j" not in line]
    java = getattr(error, "java_exception", None)
    told = of_task or [str(java.getMessage()).partition("\n")[0]] if java is not None else lines or [repr(error)]
    return as_given(told[-1])


# --- in a task ---


def _answer(work: Callable[[Any], Any], item: Any) -> tuple[Any, Exception | None]:
    """Return a result, or what is wrong with the input: to try that again would change nothing."""
    try:
        return work(item), None
    except (StoreError, ProblemsError) as error:
        return None, error


def _split(done: Accumulator[int], shards: int, part: Slice) -> Iterator[tuple[int, Piece]]:
    yield from pieces(shards, part)
    done.add(part.rows)


def _same(shard: int) -> int:
    return shard


def _counted(work: Callable[[Part], None], done: Accumulator[int], part: Part) -> None:
    work(part)
    done.add(part.customers)


def _customers(job: Job, shard: int) -> int:
    """Return how many customers of a shard are visible."""
    facts = of_shard(job.folder, job.shards or Path(), shard)
    return facts.customers(job.as_of, job.known_at) if "customers" in facts.files else 0


def _require_alike(software: dict[str, str], seen: Sequence[Path], _: int) -> None:
    here, host = _software(), socket.gethostname()
    other = [
        said("{name} {here}, not {there}", name=name, here=here[name], there=software[name])
        for name in software
        if here[name] != software[name]
    ]
    if other:
        hint = said("Install the driver's versions on all machines.")
        raise StoreError(
            said("The Spark executor on {host} cannot take part", host=host),
            said("it has {other}", other=other),
            hint,
        )
    hidden = [str(path) for path in seen if not path.exists()]
    if hidden:
        hint = said("Facts and runs lie in folders that all machines see in the same place.")
        raise StoreError(
            said("The Spark executor on {host} cannot take part", host=host),
            said("it does not see {path}", path=hidden[0]),
            hint,
        )


def _software() -> dict[str, str]:
    """Return what decisions depend on: the sources of Valuelift (the digest), and the libraries that compute."""
    root, whole = Path(__file__).parents[2], hashlib.sha256()
    for room in ("engine", "facts"):
        for path in sorted((root / room).rglob("*")):
            if path.suffix in (".py", ".sql", ".yaml"):
                whole.update(path.read_bytes())
    libraries = {name: version(name) for name in ("duckdb", "numpy", "pyarrow")}
    return {"Valuelift": whole.hexdigest()[:12], **libraries}
