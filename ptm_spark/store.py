"""The only place where Spark touches disk: landed dumps are read, Delta tables read and written, by contract."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from ptm_spark.answers import explain, plain
from ptm_spark.errors import ContractError, UsageError
from ptm_spark.folder import Folder
from ptm_spark.landing import LandedFile, Manifest
from ptm_spark.lanes import side_by_side
from ptm_spark.session import EngineName
from ptm_spark.tables import Table

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql.readwriter import DataFrameWriter

_STAGING = "_staging"
#: no checkpoints while tables are written: the embedded engine cannot read a version older than the newest one, and
#: the published version may be such. maintain-tables makes them where nobody follows an older version.
_PROPERTIES = {"delta.checkpointInterval": "1000000"}


@dataclass(frozen=True)
class Written:
    """A table after a write: its Delta version, the rows that the write put in, seconds taken."""

    table: str
    version: int
    rows: int
    seconds: float


class Store:
    """A lake's tables as one run sees them.

    ``versions`` maps tables to the Delta versions to read; every write moves its entry, so that a run reads what it
    wrote and nothing that others write meanwhile. ``fingerprint`` goes into each commit's userMetadata.
    """

    def __init__(self, spark: SparkSession, engine: EngineName, lake: Folder, run_id: str) -> None:
        self._spark, self._engine, self._lake, self._run_id = spark, engine, lake, run_id
        self.versions: dict[str, int] = {}
        self.fingerprint = ""
        #: readers see nothing of tables that were never published
        self.is_strict = False
        #: frames that stand for tables, such as these were at an earlier moment; with them nothing is kept aside
        self._given: Mapping[Table, DataFrame] = {}
        self.written: list[Written] = []

    @property
    def engine(self) -> EngineName:
        """Which engine does the work."""
        return self._engine

    def of_lake(self, lake: Folder) -> "Store":
        """The same engine over another lake."""
        return Store(self._spark, self._engine, lake, self._run_id)

    def standing_for(self, frames: Mapping[Table, DataFrame]) -> "Store":
        """A store to read from alone, in which these frames stand for tables and others are not there."""
        past = self.of_lake(self._lake)
        past._given, past.is_strict = frames, True
        return past

    # ---- landed dumps

    def read_lines(self, crawl: Manifest, files: Sequence[LandedFile]) -> DataFrame:
        """Landed lines of some files of a crawl, one column ``value``."""
        if not files:
            return self._spark.createDataFrame([], "value STRING")
        paths = [f"{self._lake.url}/landing/{crawl.path}/{file.name}" for file in files]
        reader = self._spark.read.format("text").option("lineSep", "\n")
        if self._engine == "embedded":  # Spark tells zstd by the name, and knows no such options
            reader = reader.option("compression", "zstd").option("extension", ".zst")
        return reader.load(paths)

    # ---- frames between jobs

    def stage(self, name: str, frame: DataFrame) -> DataFrame:
        """Keep an intermediate frame on disk, so that what follows does not compute it again.

        On the embedded engine a Delta table, for its log tells the planner how many rows there are: from plain Parquet
        it builds its hash tables of the wrong side of a join, and needs half as much memory again. Apache Spark tells
        that from Parquet, and a commit to a log costs it a second.
        """
        if self._given:
            return frame
        path = f"{self._lake.url}/{_STAGING}/{self._run_id}/{name}"
        if self._engine == "spark":
            schema = frame.schema
            frame.write.format("parquet").mode("overwrite").save(path)
            return self._spark.read.schema(schema).parquet(path)
        frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(path)
        return self._spark.read.format("delta").load(path)

    def clear_staging(self) -> None:
        """Delete what this run, or one that was killed, has staged."""
        (self._lake / _STAGING).remove()

    # ---- tables

    def exists(self, table: Table) -> bool:
        if self._given:
            return table in self._given
        return self._lake.exists(f"{table.path}/_delta_log")

    def empty(self, table: Table) -> DataFrame:
        """A frame of the contract's columns without rows."""
        return self._spark.createDataFrame([], ", ".join(f"`{field.name}` {field.type}" for field in table.fields))

    def read(self, table: Table) -> DataFrame:
        """The table at this run's version, or its newest; an empty frame where there is none yet."""
        if table in self._given:
            return self._given[table]
        is_hidden = self.is_strict and table.layer != "ops" and table.path not in self.versions
        if is_hidden or not self.exists(table):
            return self.empty(table)
        reader = self._spark.read.format("delta")
        if table.path in self.versions:
            reader = reader.option("versionAsOf", str(self.versions[table.path]))
        return reader.load(self._path(table))

    def overwrite(self, table: Table, frame: DataFrame, *, reshape: bool = False) -> Written:
        """Give the table a whole new content, as its next version.

        ``reshape``: where the table on disk has the columns of another contract, they give way, too.
        """
        writer = self._conform(table, frame).write.format("delta").mode("overwrite")
        if not reshape or not self.exists(table):
            return self._write(table, writer)
        if _difference(table, self._stored_schema(table)):
            writer = writer.option("overwriteSchema", "true")
        return self._save(table, writer)

    def overwrite_all(self, frames: Mapping[Table, DataFrame]) -> list[Written]:
        """Give several tables whole new contents, two at a time; each may give its columns of another contract up."""
        begun = len(self.written)
        written = side_by_side(
            *(partial(self.overwrite, table, frame, reshape=True) for table, frame in frames.items())
        )
        self.written[begun:] = written  # in the order of the frames
        return written

    def append(self, table: Table, frame: DataFrame) -> Written:
        """Add rows. Safe to repeat, for a run begins by taking back what an unpublished one has written."""
        return self._write(table, self._conform(table, frame).write.format("delta").mode("append"))

    def replace_crawl(self, table: Table, frame: DataFrame, crawl_id: str) -> Written:
        """Put a crawl's rows in place of those it may have there already: run twice, the same rows.

        ContractError where a row belongs to another crawl: the embedded engine does not check that itself.
        """
        staged = self.stage(f"replace_{table.name}", self._conform(table, frame))
        if strangers := staged.where(F.col("crawl_id").isNull() | (F.col("crawl_id") != crawl_id)).limit(1).count():
            raise ContractError(
                f"{table.path}: {strangers} or more rows are not of crawl {crawl_id}; build them by crawl"
            )
        writer = staged.write.format("delta").mode("overwrite").option("replaceWhere", f"crawl_id = '{crawl_id}'")
        return self._write(table, writer)

    def rows_of(self, records: Sequence[dict[str, Any]], table: Table) -> DataFrame:
        """Plain records as a frame of the contract."""
        names = [field.name for field in table.fields]
        types = ", ".join(f"`{field.name}` {field.type}" for field in table.fields)
        return self._spark.createDataFrame([tuple(record.get(name) for name in names) for record in records], types)

    def version(self, table: Table) -> int:
        """Newest Delta version on disk."""
        log = self._lake / table.path / "_delta_log"
        commits = [name for name in log.names() if name.endswith(".json") and name.removesuffix(".json").isdigit()]
        return int(commits[-1].removesuffix(".json"))

    def restore(self, table: Table, version: int) -> bool:
        """Make an older version the newest again (a new commit, no data moved); whether that was needed."""
        if self.version(table) == version:
            return False
        if self._same_content(table, version):
            return False
        if self._engine == "spark":
            self._spark.sql(f"RESTORE TABLE delta.`{self._path(table)}` TO VERSION AS OF {version}")
        else:
            from deltalake import DeltaTable

            DeltaTable(self._path(table)).restore(version)
        return True

    def query(self, sql: str, tables: Mapping[Table, DataFrame], limit: int) -> "pd.DataFrame":
        """The answer to a SELECT in which every table goes by its plain name; UsageError where it is no such SELECT."""
        from pyspark.errors import PySparkException

        for table, frame in tables.items():
            frame.createOrReplaceTempView(table.name)
        asked = sql.strip().rstrip(";")
        try:
            # nothing but a query can stand in brackets; what writes would be done as soon as it is said
            self._spark.sql(f"SELECT * FROM ({asked}\n)").schema  # noqa: B018
            return plain(self._spark.sql(asked).limit(limit).toArrow())
        except PySparkException as error:
            raise UsageError(f"query: {explain(str(error), sql, tables)}") from None

    # ---- inside

    def _path(self, table: Table) -> str:
        return f"{self._lake.url}/{table.path}"

    def _commit(self, table: Table, version: int) -> dict[str, Any]:
        content = self._lake.read(f"{table.path}/_delta_log/{version:020d}.json")
        for line in content.splitlines():
            if (action := json.loads(line)).get("commitInfo"):
                return dict(action["commitInfo"])
        return {}

    def _same_content(self, table: Table, version: int) -> bool:
        """Whether the newest commit is itself the restoration of that version."""
        commit = self._commit(table, self.version(table))
        restored = commit.get("operationParameters", {}).get("version")
        return commit.get("operation") == "RESTORE" and str(restored) == str(version)

    def _write(self, table: Table, writer: "DataFrameWriter") -> Written:
        if not self.exists(table):
            self._create(table)
        elif difference := _difference(table, self._stored_schema(table)):
            mend = "move it away" if table.layer == "ops" else "build it anew from landing with ptm-spark run --rebuild"
            raise ContractError(f"{table.path} on disk is not what this version writes: {difference}; {mend}")
        return self._save(table, writer)

    def _save(self, table: Table, writer: "DataFrameWriter") -> Written:
        begun = time.perf_counter()
        writer.option("userMetadata", self.fingerprint).save(self._path(table))
        version = self.version(table)
        rows = int(self._commit(table, version).get("operationMetrics", {}).get("numOutputRows", 0))
        self.versions[table.path] = version
        written = Written(table.path, version, rows, time.perf_counter() - begun)
        self.written.append(written)
        facts = {"rows": rows, "version": version, "seconds": round(written.seconds, 2)}
        structlog.get_logger().info("wrote", table=table.path, **facts)
        return written

    def _create(self, table: Table) -> None:
        """Version 0: the contract itself, every column nullable (the gate minds nulls), comments included."""
        schema = self.empty(table).schema
        comments = {field.name: field.comment for field in table.fields}
        for field in schema.fields:
            field.metadata = {"comment": comments[field.name]}
        if self._engine == "spark":
            writer = self._spark.createDataFrame([], schema).write.format("delta").options(**_PROPERTIES)
            writer.partitionBy(*table.partition_by).save(self._path(table))
            return
        from deltalake import DeltaTable, Schema

        DeltaTable.create(
            self._path(table),
            schema=Schema.from_json(schema.json()),
            partition_by=list(table.partition_by) or None,
            description=table.grain,
            configuration=_PROPERTIES,
        )

    def _stored_schema(self, table: Table) -> T.StructType:
        return self._spark.read.format("delta").load(self._path(table)).schema

    def _conform(self, table: Table, frame: DataFrame) -> DataFrame:
        """The frame in the contract's order; ContractError for a missing, further or otherwise typed column."""
        if difference := _difference(table, frame.schema):
            raise ContractError(f"{table.path}: the frame to write is not what the contract says: {difference}")
        return frame.select(*table.names)


def _difference(table: Table, schema: T.StructType) -> str:
    """What differs between a contract and a schema, names first, then types; nullability is the gate's business."""
    found = {field.name: field.dataType.simpleString().upper() for field in schema.fields}
    wanted = {field.name: field.type.upper() for field in table.fields}
    if missing := [name for name in wanted if name not in found]:
        return f"without {', '.join(missing)}"
    if further := [name for name in found if name not in wanted]:
        return f"also has {', '.join(further)}"
    other = [f"{name} is {found[name]}, expected {kind}" for name, kind in wanted.items() if found[name] != kind]
    return "; ".join(other)
