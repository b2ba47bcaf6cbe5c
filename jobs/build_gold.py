"""Build gold from checked silver, judge it, and publish both."""

from ptm_spark.command import command, run
from ptm_spark.errors import GateError
from ptm_spark.gold.building import Before, Bulk, GoldRun
from ptm_spark.gold.moments import moments_of
from ptm_spark.job import Job
from ptm_spark.quality import checks, gate


@command(writes=True)
def main(job: Job) -> None:
    """Build the gold tables, judge them, and publish silver and gold together."""
    try:
        build(job)
    except GateError as error:
        raise job.hold(error) from None


def build(job: Job) -> None:
    state, store = job.staged("checked"), job.store
    with job.step("build-gold"):
        bulk = Bulk(**job.settings.gold.model_dump())
        moments, before = moments_of(job.crawls_of(state), models_as_of=state.as_of), None
        if (public := job.publishing.published()) is not None and public.as_of:
            told = moments_of(job.crawls_of(public), models_as_of=public.as_of)
            before = Before(public.tables, told, Bulk(**job.published_gold_settings()))
        frames = (gold := GoldRun(store, moments, bulk, before)).build()
        for table in (outdated := gold.outdated()):
            job.warn(f"{table}: as other settings of gold made it, for its crawls are in landing no more")
        measures = checks.gold_measures(frames, state.measures)
        verdicts = gate.judge(measures, checks.gold_rules(frames), job.accepted_rules(state))
        job.judge(state, measures, verdicts)
        store.overwrite_all(frames)  # its public place sees a table only after the gate
        settings = job.published_gold_settings() if outdated else vars(bulk)
        job.publish(state, state.measures | measures, settings)


if __name__ == "__main__":
    run(main)
