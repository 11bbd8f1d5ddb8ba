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
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import LoweringError, ProblemsError
from facts import reading
from facts.batch.folder import TABLES, FactsFolder, Part
from facts.batch.pipeline import Job, Progress
from facts.batch.shards import NOBODY, SHARD, alike, of_shard
from facts.database import StoreError

if TYPE_CHECKING:
    from pyspark import Accumulator, SparkContext
    from pyspark.sql import Column, DataFrame, SparkSession

MASTER = re.compile(r"local|local\[(\*|\d+)(, ?\d+)?\]|local-cluster\[\d+, ?\d+, ?\d+\]|(spark|k8s)://.+|yarn")
"""The forms of a master's address."""

INSTALL = "pip install 'valuelift[spark]'"

_SETTINGS = {
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
}
_ON_THIS_MACHINE = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}
"""With a local master nobody needs to reach the driver from elsewhere."""

_TABLES_AT_ONCE = 4  # so that the last tasks of one leave no core idle

_SECONDS = 1.0
"""How often it is looked how far the tasks are."""


def is_installed() -> bool:
    """Whether PySpark can be used."""
    return "pyspark" in sys.modules or find_spec("pyspark") is not None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Spark at work for one batch."""

    session: SparkSession
    master: str
    log: Path

    @property
    def _context(self) -> SparkContext:
        return self.session.sparkContext

    def require_alike(self, seen: Sequence[Path]) -> None:
        """Check that executors run the same code as the driver, and see the same files.

        Raises:
            StoreError: naming an executor's machine that does not.
        """
        check = partial(_require_alike, _software(), seen)
        list(self._results(check, range(self._context.defaultParallelism)))

    def split(self, facts: FactsFolder, shards: int, place: Path, progress: Progress) -> None:
        """Split facts by a hash of the customer; `shards.of_shard` reads what is written.

        Raises:
            StoreError: if Spark cannot read them.
        """

        def split(name: str) -> None:
            owner = reading.owner(TABLES[name])
            if owner is None:
                return
            for group, (columns, paths) in enumerate(alike(name, facts.files[name])):
                rows = self._rows(columns, paths).withColumn(SHARD, _shard(owner.name, shards))
                parts = rows.repartition(shards, SHARD).write.partitionBy(SHARD)
                parts.parquet(_address(place / name / str(group)))

        with self._failures_explained(), ThreadPoolExecutor(_TABLES_AT_ONCE) as threads:
            for number, _ in enumerate(threads.map(split, facts.files)):
                progress("splitting", number + 1, len(facts.files))

    def _rows(self, columns: dict[str, str], paths: Sequence[Path]) -> DataFrame:
        """Return these columns of some files; what Spark has no type for in a type that it has."""
        from pyspark.sql import functions as sql

        def column(name: str, kind: str) -> Column:
            if kind == "null":
                return sql.lit(None).cast("string").alias(name)
            if kind.startswith("timestamp[ns"):  # read as a number
                return sql.timestamp_micros((sql.floor(sql.col(name) / 1000)).cast("bigint")).alias(name)
            return sql.col(name)

        read = self.session.read.option("globPaths", "false").parquet(*map(_address, paths))
        return read.select([column(*each) for each in columns.items()])

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
        done, told = self._context.accumulator(0), 0
        with ThreadPoolExecutor(1) as thread:
            job = thread.submit(self._results, partial(_counted, work, done), parts)
            try:
                while not wait([job], _SECONDS).done:
                    if done.value > told:
                        yield done.value - told
                        told = done.value
                job.result()
            finally:
                if not job.done():
                    self._context.cancelAllJobs()
        yield sum(part.customers for part in parts) - told

    def _results(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """Return what work returns for each item, each in a task of its own."""
        if not items:
            return []
        with self._failures_explained():
            answers = self._context.parallelize(items, len(items)).map(partial(_answer, work)).collect()
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
            hint = f"{self.log} tells more. Run the batch again: parts that are finished are kept."
            raise StoreError(f"Spark on {self.master} gave up", _said(error), hint) from None


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
    from pyspark import SparkConf
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        with _errors_go_to(log):
            conf = SparkConf()  # starts Java
            conf.setMaster(spark.master or conf.get("spark.master", "local[*]") or "local[*]")
            local = str(conf.get("spark.master")).startswith("local")
            settings = _SETTINGS | (_ON_THIS_MACHINE if local else {})
            for name, value in settings.items():
                conf.setIfMissing(name, value)
            session = SparkSession.builder.appName("valuelift batch").config(conf=conf).getOrCreate()
    except (Py4JError, PySparkException) as error:
        hint = f"{log} tells more. Spark needs Java 17 or newer, and a master that can be reached."
        raise StoreError(f"Spark did not start on {spark.master or 'its default master'}", _said(error), hint) from None
    try:
        yield Cluster(session, str(conf.get("spark.master")), log)
    finally:
        session.stop()


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


def _said(error: Exception) -> str:
    """Return the line of an error of Spark's that says what happened: of Python's if a task failed there."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    of_task = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b.*:", line) and "py4j" not in line]
    java = getattr(error, "java_exception", None)
    return (of_task or [str(java.getMessage()).partition("\n")[0]] if java is not None else lines or [repr(error)])[-1]


def _shard(owner: str, shards: int) -> Column:
    from pyspark.sql import functions as sql

    column = sql.col(owner)
    return sql.when(column.isNull(), NOBODY).otherwise(sql.pmod(sql.hash(column), sql.lit(shards)))


def _address(path: Path) -> str:
    return f"file://{path}"


# --- in a task ---


def _answer(work: Callable[[Any], Any], item: Any) -> tuple[Any, Exception | None]:
    """Return a result, or what is wrong with the input: to try that again would change nothing."""
    try:
        return work(item), None
    except (StoreError, ProblemsError, LoweringError) as error:
        return None, error


def _counted(work: Callable[[Part], None], done: Accumulator[int], part: Part) -> None:
    work(part)
    done.add(part.customers)


def _customers(job: Job, shard: int) -> int:
    """Return how many customers of a shard are visible."""
    facts = of_shard(job.folder, job.shards or Path(), shard)
    return len(facts.keys(job.as_of, job.known_at)) if "customers" in facts.files else 0


def _require_alike(software: dict[str, str], seen: Sequence[Path], _: int) -> None:
    here, host = _software(), socket.gethostname()
    other = [f"{name} {here[name]}, not {software[name]}" for name in software if here[name] != software[name]]
    if other:
        hint = "Install the driver's versions on all machines."
        raise StoreError(f"The Spark executor on {host} cannot take part", f"it has {', '.join(other)}", hint)
    hidden = [str(path) for path in seen if not path.exists()]
    if hidden:
        hint = "Facts and runs lie in folders that all machines see in the same place."
        raise StoreError(f"The Spark executor on {host} cannot take part", f"it does not see {hidden[0]}", hint)


def _software() -> dict[str, str]:
    """Return what decisions depend on: the sources of Valuelift (the digest), and the libraries that compute."""
    root, whole = Path(__file__).parents[2], hashlib.sha256()
    for room in ("engine", "facts"):
        for path in sorted((root / room).rglob("*")):
            if path.suffix in (".py", ".sql", ".yaml"):
                whole.update(path.read_bytes())
    libraries = {name: version(name) for name in ("duckdb", "numpy", "pyarrow")}
    return {"Valuelift": whole.hexdigest()[:12], **libraries}
