"""Silver tables of the Hub."""

from ptm_spark.tables.contract import Table

_IDENTITY = """
        repo_oid             STRING         COMMENT 'Hub ObjectId (24 hex), survives renames, its first 4 bytes are the creation time in seconds; or n and 23 hex, a surrogate from name and creation time, where no source has said the ObjectId',
"""
#: what is kept as versions: all that a source says of a model but the numbers that move daily
_METADATA = """
        model_id             STRING         COMMENT 'namespace/name at that time',
        owner                STRING         COMMENT 'namespace of model_id; null for legacy ids without one',
        created_at           TIMESTAMP      COMMENT 'UTC creation time; null when nothing better is known than "on or before 2022-03-02"',
        created_at_basis     STRING         COMMENT '{basis}',
        last_modified_at     TIMESTAMP      COMMENT 'UTC time of the head commit, where the source carries it',
        head_sha             STRING         COMMENT 'head commit of main, where the source carries it',
        library_name         STRING         COMMENT 'library the Hub names for the model',
        pipeline_tag         STRING         COMMENT 'task the Hub names for the model',
        model_type           STRING         COMMENT 'model_type of its config, such as bert, where the source carries it',
        architecture         STRING         COMMENT 'first of the architectures of its config, a class such as BertForMaskedLM, where the source carries it',
        licence              STRING         COMMENT 'the one licence of the tags; multiple where there are several; null where there is none',
        licences             ARRAY<STRING>  COMMENT 'all licences of the tags, sorted',
        languages            ARRAY<STRING>  COMMENT 'languages of the card data, sorted, where the source carries them; the Hub reads the Norwegian no as false, here it is no',
        base_models          ARRAY<STRING>  COMMENT 'models that the tags name as bases, sorted',
        base_model_relation  STRING         COMMENT 'adapter, finetune, merge or quantized, as the tags say; multiple where they name several; null where none',
        tags                 ARRAY<STRING>  COMMENT '{tags}',
        gated                STRING         COMMENT 'no, auto or manual; yes where a source says only that it is; where the source carries it',
        is_private           BOOLEAN        COMMENT 'as the Hub says; private models are never listed to anonymous readers',
        is_disabled          BOOLEAN        COMMENT 'as the Hub says, where the source carries it',
        removal              STRING         COMMENT 'null while the model is there; flagged = its source marks it as removed; gone_or_private = a census of a population it was seen in no longer lists it, or its address says so; disabled = by the Hub; recreated = another model has its name now',
"""
_BASES = "hub = as the Hub says; floor = one of the two floor seconds of 2022-03-02, true time unknown and earlier; unknown = absent or unusable"

MODELS = Table(
    name="models",
    layer="silver",
    grain="one row per Hub model, newest observation",
    key=("repo_oid",),
    history="rewrite",
    required=("repo_oid", "model_id", "created_at_basis", "first_observed_at", "observed_at", "crawl_id"),
    columns=_IDENTITY
    + _METADATA.format(
        basis=f"{_BASES}; first_commit = floor, and the time is that of the first commit",
        tags="all tags as the Hub lists them",
    )
    + """
        removed_at           TIMESTAMP      COMMENT 'observation time from which it was known as removed',
        downloads            BIGINT         COMMENT 'downloads of 30 days as in the newest observation by a source that carries them, be it one that changed the row or a later one that found the same',
        likes                BIGINT         COMMENT 'likes as in the newest observation by a source that carries them, be it one that changed the row or a later one that found the same',
        flaws                ARRAY<STRING>  COMMENT 'rules that cost the newest observation of the model a value, such as likes:type, be it one that changed the row or a later one that found the same',
        seen_in              ARRAY<STRING>  COMMENT 'scopes (populations) whose crawls have listed the model, sorted',
        first_observed_at    TIMESTAMP      COMMENT 'UTC time of the first crawl that saw the model',
        observed_at          TIMESTAMP      COMMENT 'UTC time of the observation that last changed the row (metadata, downloads, likes, flaws or seen_in); later ones that found the same do not move it. Mostly a fetch of the model; of a model that a census missed the end of that census; of a recreated one the fetch of the model that has its name; of one that a crawl saw while a census missed it the end of that crawl',
        crawl_id             STRING         COMMENT 'crawl of that observation',
    """,
)

#: the columns whose change makes a version
METADATA = tuple(name for name in MODELS.names[1 : MODELS.names.index("removed_at")])

MODEL_VERSIONS = Table(
    name="model_versions",
    layer="silver",
    grain="one row per model and period in which its metadata stayed the same, periods of removal included",
    key=("repo_oid", "valid_from"),
    history="rewrite",
    required=("repo_oid", "valid_from", "is_current", "model_id", "created_at_basis", "crawl_id"),
    columns=_IDENTITY
    + """
        valid_from           TIMESTAMP      COMMENT 'UTC observation time from which the version holds',
        valid_to             TIMESTAMP      COMMENT 'UTC observation time from which the next one holds; null for the current one',
        is_current           BOOLEAN        COMMENT 'whether it is the newest version of its model',
"""
    + _METADATA.format(basis=_BASES, tags="all tags, sorted, each once")
    + """
        crawl_id             STRING         COMMENT 'crawl that opened the version',
    """,
)

MODEL_IDS = Table(
    name="model_ids",
    layer="silver",
    grain="one row per model as seen by a source without ObjectIds",
    key=("surrogate",),
    history="rewrite",
    required=("surrogate", "model_id", "repo_oid", "first_observed_at"),
    columns="""
        surrogate          STRING     COMMENT 'n and 23 hex: from model_id and created_at',
        model_id           STRING     COMMENT 'name in that source',
        created_at         TIMESTAMP  COMMENT 'UTC creation time in that source; null where it has none',
        repo_oid           STRING     COMMENT 'what the tables have the model under: its ObjectId where one is known to be the same, else the surrogate',
        basis              STRING     COMMENT 'same_creation = name and creation time agree; existed_before = same name, and created no later than this source saw it; renamed = found to be the same when the tables had its ObjectId already, as a rule under another name: the rows of the surrogate are not given to it but stay as a model of their own, which ends as recreated; null = not linked. A name without a creation time keeps its first link here; once the name is with another model, later records of it count as that model',
        first_observed_at  TIMESTAMP  COMMENT 'UTC time of the first crawl that saw it without an ObjectId',
        crawl_id           STRING     COMMENT 'that crawl',
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
        observed_at  TIMESTAMP  COMMENT 'UTC time of the fetch; of a model that a crawl saw while a census missed it the end of that crawl',
        downloads    BIGINT     COMMENT 'downloads of the 30 days before observed_at; null where the source had none',
        likes        BIGINT     COMMENT 'likes at observed_at; null where the source had none',
    """,
)

TABLES = (MODELS, MODEL_VERSIONS, MODEL_TAGS, MODEL_SNAPSHOTS, MODEL_IDS)
