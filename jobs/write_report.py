"""Write the page."""
from ptm_spark.command import command, run
from ptm_spark.job import Job

@command(writes=True)
def main(job: Job) -> None:
    """x"""
    write(job)

def write(job: Job) -> None:
    pass
