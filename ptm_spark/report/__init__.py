"""From gold tables to one page and its CSV files; knows neither engine nor disk."""

from ptm_spark.report.facts import ReportFacts
from ptm_spark.report.page import write_report

__all__ = ["ReportFacts", "write_report"]
