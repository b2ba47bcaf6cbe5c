"""Gold tables of uploads: the answers, each row with the moment it speaks of (``as_of``)."""

from ptm_spark.tables.contract import Table


def _uploads_monthly(subject: str, dimension: str, meaning: str) -> Table:
    """Contract of one upload trend; all of them share their measures, so that pages and tests can read any."""
    return Table(
        name=f"uploads_per_{subject}_monthly",
        layer="gold",
        grain=f"one row per {dimension} and month of creation, months without a gap; the row of unknown months has month null",
        key=("month", dimension),
        history="rewrite",
        required=("as_of", dimension, "upload_count", "ever_count", "owner_count", "is_partial"),
        columns=f"""
            as_of                 TIMESTAMP  COMMENT 'UTC moment the row speaks of: models alive then, numbers as last seen before it',
            month                 DATE       COMMENT 'first day of the month of creation; null where the creation month is unknown (floor models)',
            {dimension}           STRING     COMMENT '{meaning}',
            upload_count          BIGINT     COMMENT 'models created in the month and alive at as_of',
            upload_share          DOUBLE     COMMENT 'upload_count over all models of the month alive at as_of (0-1); null for a month without models',
            ever_count            BIGINT     COMMENT 'models created in the month that were ever seen, removed ones included',
            owner_count           BIGINT     COMMENT 'distinct owners of the models in upload_count',
            owner_weighted_share  DOUBLE     COMMENT 'share when each owner has one vote a month, split evenly over the models of that month (0-1)',
            without_bulk_count    BIGINT     COMMENT 'upload_count without bulk uploads: owner-months with many uploads, or whose owner had very many in total by the end of the month',
            without_bulk_share    DOUBLE     COMMENT 'without_bulk_count over that of the whole month (0-1)',
            without_bulk_20_share  DOUBLE    COMMENT 'the same with uploads as bulk from 20 a month on: how much hangs on the rule (0-1)',
            without_bulk_100_share DOUBLE    COMMENT 'the same with uploads as bulk from 100 a month on; with a total of 100, the default, that is the rule of the total alone (0-1)',
            downloaded_count      BIGINT     COMMENT 'models in upload_count with any download of the 30 days before they were last seen',
            popular_count         BIGINT     COMMENT 'models in upload_count with at least 1,000 of them',
            download_total        BIGINT     COMMENT '30-day downloads of the models in upload_count, as last seen before as_of: a total as of now, never a flow of the month',
            download_share        DOUBLE     COMMENT 'download_total over that of the whole month (0-1)',
            log_download_share    DOUBLE     COMMENT 'share when each model counts log(1 + downloads), so that no single one outweighs all (0-1)',
            coverage              DOUBLE     COMMENT 'share of the models of the month whose {dimension} is known (0-1)',
            is_partial            BOOLEAN    COMMENT 'true for a month not wholly observed: the month of as_of, and 2022-03, whose first days lie under the floor of creation times',
        """,
    )


UPLOADS_PER_PIPELINE_TAG_MONTHLY = _uploads_monthly(
    "pipeline_tag", "pipeline_tag", "task the Hub names for the model; none where it names none"
)
UPLOADS_PER_LIBRARY_MONTHLY = _uploads_monthly(
    "library", "library_name", "library the Hub names for the model; none where it names none"
)
UPLOADS_PER_LICENCE_MONTHLY = _uploads_monthly(
    "licence", "licence", "the one licence of the tags; multiple where there are several; none where there is none"
)

UPLOADS_PER_FAMILY_MONTHLY = _uploads_monthly(
    "family", "family", "model family, as silver/model_families has it; none where nothing tells it"
)

TABLES = (
    UPLOADS_PER_PIPELINE_TAG_MONTHLY,
    UPLOADS_PER_LIBRARY_MONTHLY,
    UPLOADS_PER_LICENCE_MONTHLY,
    UPLOADS_PER_FAMILY_MONTHLY,
)
