"""Tables about the runs themselves: what went in, what was turned away, what the gate said."""

from ptm_spark.tables.contract import Table

REJECTS = Table(
    name="rejects",
    layer="ops",
    grain="one row per landed record that became no row, with every reason",
    key=("crawl_id", "seq"),
    history="by_crawl",
    required=("crawl_id", "entity", "seq", "stage", "reasons", "sha256"),
    partition_by=("crawl_id",),
    columns="""
        crawl_id  STRING         COMMENT 'crawl the record came with',
        entity    STRING         COMMENT 'landed entity, such as hub/models',
        seq       BIGINT         COMMENT 'position of the record in its crawl',
        stage     STRING         COMMENT 'landing = no strict JSON record; normalising = broke a hard rule',
        reasons   ARRAY<STRING>  COMMENT 'names of the rules it broke, such as id:missing',
        sha256    STRING         COMMENT 'SHA-256 of the record as received, hex',
        raw       STRING         COMMENT 'the record as text, cut at a bound; bytes that are no text are escaped',
    """,
)

DQ_METRICS = Table(
    name="dq_metrics",
    layer="ops",
    grain="one row per run, table (or crawl) and measure",
    key=("run_id", "subject", "metric"),
    history="log",
    required=("run_id", "measured_at", "subject", "metric"),
    columns="""
        run_id       STRING     COMMENT 'run that measured',
        measured_at  TIMESTAMP  COMMENT 'UTC time of the measurement',
        subject      STRING     COMMENT 'table such as silver/models, or crawl such as hub/models/<crawl_id>',
        metric       STRING     COMMENT 'name of the measure, such as null_share:owner',
        value        DOUBLE     COMMENT 'the measure; null where undefined',
    """,
)

DQ_RESULTS = Table(
    name="dq_results",
    layer="ops",
    grain="one row per run, table (or crawl) and rule judged",
    key=("run_id", "subject", "rule"),
    history="log",
    required=("run_id", "judged_at", "subject", "rule", "severity", "verdict"),
    columns="""
        run_id     STRING     COMMENT 'run that judged',
        judged_at  TIMESTAMP  COMMENT 'UTC time of the verdict',
        subject    STRING     COMMENT 'table or crawl judged',
        rule       STRING     COMMENT 'name of the rule, such as key_unique',
        severity   STRING     COMMENT 'error stops publishing; warn is reported',
        verdict    STRING     COMMENT 'passed, failed, or accepted (failed, but a person accepted the crawl)',
        metric     STRING     COMMENT 'measure the rule looks at',
        observed   DOUBLE     COMMENT 'value found',
        expected   STRING     COMMENT 'what was expected, in words',
    """,
)

RUNS = Table(
    name="runs",
    layer="ops",
    grain="one row per run and job",
    key=("run_id", "job"),
    history="log",
    required=("run_id", "job", "status", "started_at", "finished_at", "seconds", "engine", "tool_version"),
    columns="""
        run_id        STRING                                                    COMMENT 'run the job belonged to',
        job           STRING                                                    COMMENT 'build-silver, check-silver, build-gold, …',
        status        STRING                                                    COMMENT 'done, held (a gate failed) or failed',
        started_at    TIMESTAMP                                                 COMMENT 'UTC start',
        finished_at   TIMESTAMP                                                 COMMENT 'UTC end',
        seconds       DOUBLE                                                    COMMENT 'wall clock time',
        engine        STRING                                                    COMMENT 'embedded or spark',
        tool_version  STRING                                                    COMMENT 'version of ptm_spark',
        inputs        ARRAY<STRING>                                             COMMENT 'crawls taken in by this job',
        held          ARRAY<STRING>                                             COMMENT 'crawls held by this job',
        outputs       ARRAY<STRUCT<name: STRING, version: BIGINT, rows: BIGINT>>  COMMENT 'tables written, with Delta version and row count',
        detail        STRING                                                    COMMENT 'what a reader should know, such as the reason of a hold',
    """,
)

TABLES = (REJECTS, DQ_METRICS, DQ_RESULTS, RUNS)
