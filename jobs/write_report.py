"""Write the page, its charts and their CSV."""

from pyspark.sql import functions as F

from ptm_spark.command import command, run
from ptm_spark.job import Job
from ptm_spark.publishing import facts_of_run
from ptm_spark.report.facts import ReportFacts
from ptm_spark.report.page import write_report
from ptm_spark.tables.gold import TABLES as UPLOADS
from ptm_spark.tables.run import DQ_METRICS, DQ_RESULTS, REJECTS


@command(writes=True)
def main(job: Job) -> None:
    """Write report/index.html and the CSV of every chart from the published tables."""
    write(job)


def write(job: Job) -> None:
    job.flush_ops()  # the page shows the verdicts of this very run
    store, state = job.published_store(), job.publishing.published()
    facts = facts_of_run(state, job.crawls_of(state), job.publishing.decisions())
    with job.step("write-report"):
        of_run = F.col("run_id") == facts["run_id"]
        rejects = store.read(REJECTS).where(F.col("crawl_id").isin([crawl["crawl_id"] for crawl in facts["crawls"]]))
        report = ReportFacts(
            uploads={table.name: store.read(table).toPandas() for table in UPLOADS},
            verdicts=store.read(DQ_RESULTS).where(of_run).toPandas(),
            metrics=store.read(DQ_METRICS).where(of_run).toPandas(),
            run=facts | {"rejects": rejects.count()},
        )
        place = job.lake / "report"
        for name, content in write_report(report).items():
            place.write(name, content)
    job.log.info("page", place=f"{place.url}/index.html")


if __name__ == "__main__":
    run(main)
