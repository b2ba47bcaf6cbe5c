"""Gold table of the replication: what was published about the study's data, and what its tables give.

A command of its own writes and publishes it, apart from runs, which leave it as it is.
"""

from ptm_spark.tables.contract import Table

REPLICATION = Table(
    name="replication",
    layer="gold",
    grain="one row per claim: a figure that was published about the study's data of July 2020 to June 2023",
    key=("claim",),
    history="rewrite",
    required=("claim", "subject", "question", "statement", "unit", "published", "status", "source"),
    columns="""
        claim           STRING  COMMENT 'name of the claim, such as agreement.monthly.bert.counts; its first word is the subject',
        subject         STRING  COMMENT 'tables, popularity, coverage, agreement, documentation, restatement, listing, sample, forum or liang',
        question        STRING  COMMENT 'research question of the study that it belongs to, or method',
        statement       STRING  COMMENT 'what the figure is of, in words of our own',
        unit            STRING  COMMENT 'of published, ours, tolerance and corrected: count, % (0-100), points (of %), points a month, ratio, rho, r, tau, p or HHI',
        published       DOUBLE  COMMENT 'the figure as published',
        published_text  STRING  COMMENT 'what was published beside it, such as the month of a peak; null where nothing was',
        ours            DOUBLE  COMMENT 'the same figure computed from the tables; null where it could not be',
        ours_text       STRING  COMMENT 'ours for published_text',
        tolerance       DOUBLE  COMMENT 'how far ours may be from published: 0 for counts, half of the last published digit, more where read off a chart or resampled; null for constants',
        status          STRING  COMMENT 'reproduced; constant = what it was counted from is not there, so that it stays as published and is never counted as reproduced; or disagrees',
        corrected       DOUBLE  COMMENT 'what is left of the figure after corrected_by; null where nothing of its kind is',
        corrected_by    STRING  COMMENT 'what was corrected, or would have to be',
        why             STRING  COMMENT 'why the correction matters, and what tests say; for a constant, what it lacks',
        recipe          STRING  COMMENT 'window and rule by which ours is computed; null for constants',
        n               BIGINT  COMMENT 'of how many names, months, models or topics it is computed',
        source          STRING  COMMENT 'who published the figure',
    """,
)

TABLES = (REPLICATION,)
