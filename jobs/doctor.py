"""Check the environment."""

import sys

from ptm_spark.command import command, run
from ptm_spark.doctor import examine
from ptm_spark.errors import EnvironmentUnfitError
from ptm_spark.job import Job


@command(writes=False)
def main(job: Job) -> None:
    """Check the environment, one line a finding; exit 2 where something stops every command. Starts no engine."""
    findings = list(examine(job.lake))
    sys.stdout.write("\n".join(map(str, findings)) + "\n")
    job.summary |= {"findings": [vars(finding) for finding in findings]}
    lacking = [finding.subject for finding in findings if finding.state == "lack"]
    if bad := [finding.subject for finding in findings if finding.state == "bad"]:
        raise EnvironmentUnfitError(f"not fit: {', '.join(bad)}; see the lines above")
    sys.stdout.write(f"embedded: ready; spark: {'lacks ' + ', '.join(lacking) if lacking else 'ready'}\n")


if __name__ == "__main__":
    run(main)
