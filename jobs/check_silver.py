"""Judge the silver tables that wait; hold the crawls that break them."""

from dataclasses import replace

from ptm_spark.command import command, run
from ptm_spark.errors import GateError
from ptm_spark.job import Job
from ptm_spark.publishing import State
from ptm_spark.quality import checks, gate


@command(writes=True)
def main(job: Job) -> None:
    """Judge the silver tables that wait for publication; exit 3 and hold their new crawls where a rule fails."""
    try:
        check(job)
    except GateError as error:
        raise job.hold(error) from None


def check(job: Job) -> None:
    state = job.staged("built")
    published = job.publishing.published()
    new = {crawl: values for crawl, values in state.measures.items() if crawl in state.new_crawls}
    for crawl, values in new.items():
        if drift := sorted(metric.removeprefix("drift:") for metric in values if metric.startswith("drift:")):
            job.log.warning("its source has changed", crawl=crawl, drift=drift)
    with job.step("check-silver"):
        before = published or State(run_id="")
        unchanged = before.unchanged_in(state)
        of_tables = checks.silver_measures(job.store, before.measures, unchanged)
        rules = checks.silver_rules(job.settings.gate, new, of_tables)
        verdicts = gate.judge(of_tables | new, rules, job.accepted_rules(state))
        job.judge(state, state.measures | of_tables, verdicts)
        known = {path: before.measures[path] for path in unchanged}
        job.publishing.stage(replace(state, status="checked", measures=known | state.measures | of_tables))


if __name__ == "__main__":
    run(main)
