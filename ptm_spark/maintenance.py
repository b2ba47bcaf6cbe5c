"""Compacting tables and deleting what no reader needs, without touching what the pointer names."""

from dataclasses import dataclass

from ptm_spark.catalogue import delta_tables
from ptm_spark.errors import UsageError
from ptm_spark.folder import Folder
from ptm_spark.publishing import State

#: Delta's own safety: readers and writers of a week ago are surely gone
SAFE_HOURS = 168


@dataclass(frozen=True)
class Maintained:
    """What was, or would be, done to a table; ``skipped`` says why nothing was."""

    path: str
    deleted_files: int
    compacted_files: int
    skipped: str = ""


def maintain(
    lake: Folder, published: State | None, *, retention_hours: int, short_is_meant: bool, apply: bool
) -> list[Maintained]:
    """Vacuum every table, and compact the ops tables; a dry run unless ``apply``.

    Silver and gold are rewritten whole by each run, so only ops tables gather small files. Nothing is vacuumed where
    the pointer names a version whose files a newer one has dropped: readers may be on it. Where readers follow the
    newest version, a checkpoint shortens the log that they read. UsageError for a retention below Delta's week that is
    not said to be meant.
    """
    if retention_hours < SAFE_HOURS and not short_is_meant:
        raise UsageError(
            f"--retention-hours {retention_hours}: below {SAFE_HOURS} h a reader may lose the files it reads; "
            "add --dangerously-short if no other process uses the lake"
        )
    versions = published.tables if published else {}
    done = []
    for path, table in delta_tables(lake):
        if path in versions and _files(table.table_uri, versions[path]) - set(table.file_uris()):
            done.append(Maintained(path, 0, 0, "readers follow an older version; run ptm-spark run first"))
            continue
        compacted = table.optimize.compact()["numFilesRemoved"] if apply and path.startswith("ops/") else 0
        deleted = table.vacuum(
            retention_hours=retention_hours, enforce_retention_duration=not short_is_meant, dry_run=not apply
        )
        if apply and versions.get(path, table.version()) == table.version():
            table.create_checkpoint()
        done.append(Maintained(path, len(deleted), compacted))
    return done


def _files(url: str, version: int) -> set[str]:
    from deltalake import DeltaTable

    return set(DeltaTable(url, version=version).file_uris())
