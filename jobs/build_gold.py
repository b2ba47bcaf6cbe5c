"""Build gold from checked silver, judge it, and publish both."""

from datetime import datetime

from ptm_spark.command import command, run
from ptm_spark.errors import GateError
from ptm_spark.gold.uploads import build_uploads_monthly, count_uploads, weigh_uploads
from ptm_spark.job import Job
from ptm_spark.quality import checks, gate
from ptm_spark.tables import GOLD
from ptm_spark.tables.hub import MODELS


@command(writes=True)
def main(job: Job) -> None:
    """Build the gold tables, judge them, and publish silver and gold together."""
    try:
        build(job)
    except GateError as error:
        raise job.hold(error) from None


def build(job: Job) -> None:
    state, store = job.staged("checked"), job.store
    as_of, bulk = datetime.fromisoformat(state.as_of), job.settings.gold.model_dump()
    with job.step("build-gold"):
        counted = store.stage("counted", count_uploads(store.read(MODELS), as_of=as_of))
        uploads = store.stage("uploads", weigh_uploads(counted, **bulk))
        built = {table: build_uploads_monthly(uploads, table, as_of=as_of) for table in GOLD}
        frames = {table.path: store.stage(table.name, frame) for table, frame in built.items()}
        measures = checks.gold_measures(frames, state.measures.get(MODELS.path, {}))
        verdicts = gate.judge(measures, checks.gold_rules(), job.accepted_rules(state))
        job.judge(state, measures, verdicts)
        for table in GOLD:  # its public place sees a table only after the gate
            store.overwrite(table, frames[table.path], reshape=True)
        job.publish(state, state.measures | measures)


if __name__ == "__main__":
    run(main)
