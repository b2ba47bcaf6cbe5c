"""List the tables of a lake."""

import sys

from ptm_spark.catalogue import list_tables
from ptm_spark.command import command, run
from ptm_spark.errors import UsageError
from ptm_spark.job import Job


@command(writes=False)
def main(job: Job) -> None:
    """List the tables: rows, size, the version that readers follow and the newest. Starts no engine."""
    if not job.lake.exists():
        raise UsageError(f"no lake at {job.lake.url}; crawl-hub or import-dump makes one")
    published = job.publishing.published()
    found = list_tables(job.lake, published)
    job.summary |= {"tables": [vars(table) for table in found], "as_of": published.as_of if published else None}
    lines = [f"{'table':<44}{'rows':>12}{'MB':>10}{'version':>9}{'newest':>8}"]
    for table in found:
        mark = "" if table.is_published or table.path.startswith("ops/") else "  not published"
        size = f"{table.bytes / 1e6:,.1f}"
        lines.append(f"{table.path:<44}{table.rows:>12,}{size:>10}{table.version:>9}{table.newest:>8}{mark}")
    if published:
        lines.append(f"published {published.published_at}, as of {published.as_of}, {len(published.crawls)} crawls")
    else:
        lines.append(f"nothing published in {job.lake.url} yet; ptm-spark run does it")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    run(main)
