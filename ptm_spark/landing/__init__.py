"""The landing zone, the bronze of the lake: raw records as received, nothing that knows Spark."""

from ptm_spark.landing.checkpoint import Checkpoint
from ptm_spark.landing.manifest import Coverage, LandedFile, Manifest, first_flaw, parse_moment, utc_text
from ptm_spark.landing.strict import InvalidRecordError, parse_strict
from ptm_spark.landing.writer import CrawlWriter, Settling
from ptm_spark.landing.zone import Landing

__all__ = [
    "Checkpoint",
    "Coverage",
    "CrawlWriter",
    "InvalidRecordError",
    "LandedFile",
    "Landing",
    "Manifest",
    "Settling",
    "first_flaw",
    "parse_moment",
    "parse_strict",
    "utc_text",
]
