"""Silver tables of the Hub."""

from ptm_spark.tables.contract import Table

MODELS = Table(
    name="models",
    layer="silver",
    grain="one row per Hub model, newest observation",
    key=("repo_oid",),
    history="rewrite",
    required=("repo_oid", "model_id", "created_at_basis", "first_observed_at", "observed_at", "crawl_id"),
    columns="""
        repo_oid           STRING         COMMENT 'Hub ObjectId (24 hex); survives renames; its first 4 bytes are the creation time in seconds',
        model_id           STRING         COMMENT 'namespace/name at the newest observation',
        owner              STRING         COMMENT 'namespace of model_id; null for legacy ids without one',
        created_at         TIMESTAMP      COMMENT 'UTC creation time; null when nothing better is known than "on or before 2022-03-02"',
        created_at_basis   STRING         COMMENT 'hub = as the Hub says; floor = one of the two floor seconds of 2022-03-02, true time unknown and earlier; unknown = absent or unusable',
        last_modified_at   TIMESTAMP      COMMENT 'UTC time of the head commit, where the source carries it',
        head_sha           STRING         COMMENT 'head commit of main, where the source carries it',
        library_name       STRING         COMMENT 'library the Hub names for the model',
        pipeline_tag       STRING         COMMENT 'task the Hub names for the model',
        licence            STRING         COMMENT 'the one licence of the tags; multiple where there are several; null where there is none',
        licences           ARRAY<STRING>  COMMENT 'all licences of the tags, sorted',
        tags               ARRAY<STRING>  COMMENT 'all tags as the Hub lists them',
        gated              STRING         COMMENT 'no, auto or manual, where the source carries it',
        is_private         BOOLEAN        COMMENT 'as the Hub says; private models are never listed to anonymous readers',
        is_disabled        BOOLEAN        COMMENT 'as the Hub says, where the source carries it',
        downloads          BIGINT         COMMENT 'downloads of the 30 days before observed_at',
        likes              BIGINT         COMMENT 'likes at observed_at',
        flaws              ARRAY<STRING>  COMMENT 'rules that cost this row a value at its newest observation, such as likes:type',
        removal            STRING         COMMENT 'null while the model is there; gone_or_private when a census of a population it was seen in no longer lists it',
        removed_at         TIMESTAMP      COMMENT 'observation time of the census that missed it first',
        seen_in            ARRAY<STRING>  COMMENT 'scopes (populations) whose crawls have listed the model, sorted',
        first_observed_at  TIMESTAMP      COMMENT 'UTC time of the first crawl that saw the model',
        observed_at        TIMESTAMP      COMMENT 'UTC time of the newest fetch of the model',
        crawl_id           STRING         COMMENT 'crawl of the newest observation',
    """,
)

MODEL_TAGS = Table(
    name="model_tags",
    layer="silver",
    grain="one row per model and tag as the Hub lists it, newest observation",
    key=("repo_oid", "position"),
    history="rewrite",
    required=("repo_oid", "position", "tag", "kind", "value"),
    columns="""
        repo_oid  STRING  COMMENT 'model, as in silver/models',
        position  INT     COMMENT 'place in the list of tags of the model, from 0; some models list a tag twice',
        tag       STRING  COMMENT 'the tag as the Hub writes it, such as license:mit',
        kind      STRING  COMMENT 'part before the colon (license, dataset, arxiv, base_model:finetune, …); plain where there is none',
        value     STRING  COMMENT 'part after the kind, or the whole tag',
    """,
)

MODEL_SNAPSHOTS = Table(
    name="model_snapshots",
    layer="silver",
    grain="one row per model and crawl in which its downloads or likes changed",
    key=("repo_oid", "crawl_id"),
    history="append",
    required=("repo_oid", "crawl_id", "observed_at"),
    partition_by=("crawl_id",),
    columns="""
        repo_oid     STRING     COMMENT 'model, as in silver/models',
        crawl_id     STRING     COMMENT 'crawl that saw the change',
        observed_at  TIMESTAMP  COMMENT 'UTC time of the fetch',
        downloads    BIGINT     COMMENT 'downloads of the 30 days before observed_at; null where the source had none',
        likes        BIGINT     COMMENT 'likes at observed_at; null where the source had none',
    """,
)

TABLES = (MODELS, MODEL_TAGS, MODEL_SNAPSHOTS)
