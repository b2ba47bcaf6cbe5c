"""Silver tables of model families: what a model belongs to, and which families a topic of the forum speaks of."""

from ptm_spark.tables.contract import Table

MODEL_FAMILIES = Table(
    name="model_families",
    layer="silver",
    grain="one row per row of silver/models",
    key=("repo_oid",),
    history="rewrite",
    required=("repo_oid",),
    columns="""
        repo_oid        STRING  COMMENT 'model, as in silver/models',
        family          STRING  COMMENT 'family, named as the model_type of its configs, such as bert or xlm-roberta; null = unknown, rather than guessed',
        method          STRING  COMMENT 'what told the family, the first of: config = model_type of its config; architecture = class in its config; tag = tag that names a model_type; base_model = family of the models it was made from, through their own bases where needed; base_name = an alias in the names of its bases; name = an alias in its own; null where none did',
        confidence      DOUBLE  COMMENT 'share of right answers of the method, as measured (0-1); docs/method.md says on what',
        base_steps      INT     COMMENT 'how many bases were followed until one was known; 0 where none needed to be',
    """,
)

TOPIC_MENTIONS = Table(
    name="topic_mentions",
    layer="silver",
    grain="one row per topic of the forum and family that its texts name",
    key=("topic_id", "family"),
    history="rewrite",
    required=("topic_id", "family", "mention_count", "is_ambiguous"),
    columns="""
        topic_id            BIGINT         COMMENT 'topic, as in silver/forum_topics',
        family              STRING         COMMENT 'family that is named, as in silver/model_families',
        mention_count       BIGINT         COMMENT 'times that its title and the prose of its posts name the family',
        code_mention_count  BIGINT         COMMENT 'times that blocks of code in its posts do',
        quote_mention_count BIGINT         COMMENT 'times that quotes in its posts do, which repeat what others wrote',
        post_count          BIGINT         COMMENT 'posts whose prose does',
        first_post_number   BIGINT         COMMENT 'number of the first such post; null where only title, code or quotes do',
        is_in_title         BOOLEAN        COMMENT 'whether its title does',
        aliases             ARRAY<STRING>  COMMENT 'wordings found in title and prose, sorted, each once; of code where they have none',
        is_ambiguous        BOOLEAN        COMMENT 'true where all wordings found are everyday words too; such a one counts only beside a word of its context, by conf/model_families.csv',
    """,
)

TABLES = (MODEL_FAMILIES, TOPIC_MENTIONS)
