"""Silver tables of model cards."""

from ptm_spark.tables.contract import Table

_VERSION = """
        model_id                  STRING         COMMENT 'namespace/name, as the card was asked for',
        repo_oid                  STRING         COMMENT 'Hub ObjectId of the repo as the first crawl to know it has it; null where none does',
        valid_from                TIMESTAMP      COMMENT 'UTC time of the observation that first saw this state; of a git history, of the commit that made it',
        valid_to                  TIMESTAMP      COMMENT 'UTC time from which the next version holds; null for the current one',
        is_current                BOOLEAN        COMMENT 'whether it is the newest version of its model',
        status                    STRING         COMMENT 'present = a README with text; empty = one without any; none = a repo without README; refused = gated or forbidden; disabled = by the Hub; gone_or_private = no such repo for those who ask without rights',
        crawl_id                  STRING         COMMENT 'crawl that opened the version',
        commit_sha                STRING         COMMENT 'commit whose README it is, where the source carries it',
        is_truncated              BOOLEAN        COMMENT 'whether the README was longer than what was fetched of it',
        card_sha256               STRING         COMMENT 'SHA-256 of the README as UTF-8, hex; null without text',
"""
#: what a README's text alone decides: equal for equal card_sha256, null without text
_CONTENT = """
        byte_count                BIGINT         COMMENT 'bytes of the README as UTF-8',
        front_matter_status       STRING         COMMENT 'ok; none = no YAML block at the head; empty; invalid = no YAML; not_a_mapping; bomb = aliases or depth beyond any use; too_large',
        front_matter_keys         ARRAY<STRING>  COMMENT 'top-level keys, sorted, 200 at most',
        metadata_completeness     DOUBLE         COMMENT 'share of ten metadata fields that are filled (0-1): language, license, library_name, pipeline_tag, tags, datasets, metrics, base_model, model-index, co2_eq_emissions',
        card_licence              STRING         COMMENT 'licence in lower case; multiple where there are several; null where there is none',
        card_languages            ARRAY<STRING>  COMMENT 'language codes in lower case, sorted, each once',
        card_datasets             ARRAY<STRING>  COMMENT 'datasets, sorted, each once',
        card_base_models          ARRAY<STRING>  COMMENT 'base models, sorted, each once',
        card_library              STRING         COMMENT 'library_name of the front matter',
        card_pipeline_tag         STRING         COMMENT 'pipeline_tag of the front matter',
        card_tag_count            BIGINT         COMMENT 'distinct tags of the front matter',
        has_model_index           BOOLEAN        COMMENT 'whether the front matter has a model-index that is not empty',
        eval_result_count         BIGINT         COMMENT 'metrics reported in the model-index',
        word_count                BIGINT         COMMENT 'words of prose and headings: runs of letters, digits and marks, without front matter, code, HTML tags, comments, picture captions; scripts without spaces count low',
        heading_count             BIGINT         COMMENT 'headings, of Markdown or HTML',
        section_count             BIGINT         COMMENT 'rows of the card in silver/card_sections',
        fenced_code_block_count   BIGINT         COMMENT 'code blocks between fences',
        indented_code_block_count BIGINT         COMMENT 'code blocks by indentation',
        inline_code_count         BIGINT         COMMENT 'pieces of code within a line',
        table_count               BIGINT         COMMENT 'tables, of Markdown or HTML',
        image_count               BIGINT         COMMENT 'pictures and badges, of Markdown or HTML',
        link_count                BIGINT         COMMENT 'links of all kinds, bare addresses included; the counts by kind add up to it',
        hub_model_link_count      BIGINT         COMMENT 'links to models (pages and files) on huggingface.co',
        hub_dataset_link_count    BIGINT         COMMENT 'links to datasets on huggingface.co',
        hub_space_link_count      BIGINT         COMMENT 'links to Spaces on huggingface.co',
        arxiv_link_count          BIGINT         COMMENT 'links to arxiv.org',
        doi_link_count            BIGINT         COMMENT 'links to doi.org',
        github_link_count         BIGINT         COMMENT 'links to github.com and its pages and files',
        other_link_count          BIGINT         COMMENT 'links to anywhere else, the rest of huggingface.co included',
        relative_link_count       BIGINT         COMMENT 'links to files of the own repo',
        anchor_link_count         BIGINT         COMMENT 'links within the card',
        bibtex_count              BIGINT         COMMENT 'BibTeX entries',
        arxiv_ids                 ARRAY<STRING>  COMMENT 'numbers of arXiv papers linked or cited, without version, sorted, each once, 200 at most',
        canonical_sections        ARRAY<STRING>  COMMENT 'canonical sections whose heading the card has, sorted, each once; names in conf/card_sections.csv',
        template_placeholder_count BIGINT        COMMENT 'places that a template left to be filled in and nobody filled, such as [More Information Needed]',
        template_unfilled_share   DOUBLE         COMMENT 'share of the headings worded by its template under which nothing was filled in (0-1); null for cards not made from the template of the Hub or of the Trainer',
        generated_by              STRING         COMMENT 'tool that wrote the card: trainer, keras, autotrain, sentence_transformers, hub_template, ...; all names in conf/card_origins.csv; null where none is known to have',
        text_language             STRING         COMMENT 'ISO 639-1 code of the language that the prose most likely is in; null below 20 words',
        flaws                     ARRAY<STRING>  COMMENT 'rules that cost the card a value, such as license:type, sorted, each once; empty without text',
"""

MODEL_CARDS = Table(
    name="model_cards",
    layer="silver",
    grain="one row per model and period in which its README stayed the same, periods without one included",
    key=("model_id", "valid_from"),
    history="rewrite",
    required=("model_id", "valid_from", "is_current", "status", "crawl_id", "flaws"),
    columns=_VERSION + _CONTENT,
)
#: the columns that follow from a README's text
CONTENT = MODEL_CARDS.names[MODEL_CARDS.names.index("card_sha256") + 1 :]

CARD_SECTIONS = Table(
    name="card_sections",
    layer="silver",
    grain="one row per distinct README and heading, 2,000 at most, and one for the text before the first heading",
    key=("card_sha256", "position"),
    history="append",
    required=("card_sha256", "position", "level", "word_count", "is_placeholder"),
    columns="""
        card_sha256        STRING   COMMENT 'README, as in silver/model_cards',
        position           INT      COMMENT 'place of the heading in the card from 1; 0 is what stands before the first one, where that is anything',
        level              INT      COMMENT 'level of the heading, 1-6; 0 at position 0',
        heading            STRING   COMMENT 'its text, 200 characters at most; null at position 0',
        canonical_section  STRING   COMMENT 'section that the heading names, by the wordings of conf/card_sections.csv; null for headings that name none',
        word_count         BIGINT   COMMENT 'words of prose up to the next heading of any level',
        is_placeholder     BOOLEAN  COMMENT 'whether nothing but placeholders of a template stands there',
    """,
)

TABLES = (MODEL_CARDS, CARD_SECTIONS)
