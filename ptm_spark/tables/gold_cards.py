"""Gold tables of documentation: who has a card, what stands in it, when it came and when it changed."""

from ptm_spark.tables.contract import Table

_AS_OF = "as_of TIMESTAMP COMMENT 'UTC moment the row speaks of: models alive then, cards as last seen by then',"
_COHORT = "month DATE COMMENT 'first day of the month in which the models were created; null where that is unknown (floor models, sources without creation times) or where the card belongs to no known model',"
_COVERAGE = "coverage DOUBLE COMMENT 'share of the models of the month, alive at as_of, of which it is known whether they have a card (0-1); null where there are no models',"
_PARTIAL = "is_partial BOOLEAN COMMENT 'true for a month not wholly observed: the month of as_of, and 2022-03, whose first days lie under the floor of creation times',"

CARDS_PER_COHORT_MONTHLY = Table(
    name="cards_per_cohort_monthly",
    layer="gold",
    grain="one row per moment of observation and month of creation, months without a gap: the same months seen at several moments show how the past is restated; models of unknown month have month null",
    key=("as_of", "month"),
    history="rewrite",
    required=("as_of", "model_count", "known_count", "card_count", "front_matter_count", "split_status", "is_partial"),
    columns=f"""
        {_AS_OF}
        month                      DATE       COMMENT 'first day of the month of creation; null where the creation month is unknown',
        model_count                BIGINT     COMMENT 'models created in the month and alive at as_of',
        known_count                BIGINT     COMMENT 'of them, models of which it was known at as_of whether they have a card: a README with text, one without, none, or never asked for though it was there when a crawl asked for all there are in its population',
        coverage                   DOUBLE     COMMENT 'known_count over model_count (0-1); null for a month without models',
        card_count                 BIGINT     COMMENT 'known models with a README that has text',
        card_ratio                 DOUBLE     COMMENT 'card_count over known_count (0-1); null where nothing is known',
        least_ratio                DOUBLE     COMMENT 'card_count over model_count (0-1): the ratio if no unknown model had a card',
        most_ratio                 DOUBLE     COMMENT 'card_count and unknown models over model_count (0-1): the ratio if all unknown models had one',
        front_matter_count         BIGINT     COMMENT 'known models whose README has front matter that is a YAML mapping with keys: the measure of the study (card data exist)',
        front_matter_ratio         DOUBLE     COMMENT 'front_matter_count over known_count (0-1)',
        owner_count                BIGINT     COMMENT 'distinct owners of the known models; legacy models without an owner have none',
        owner_weighted_ratio       DOUBLE     COMMENT 'mean over these owners of the share of their known models of the month that have a card (0-1): each owner has one vote',
        without_bulk_count         BIGINT     COMMENT 'known_count without bulk uploads, as in the upload tables; the label is that of the newest as_of for all of them',
        without_bulk_card_count    BIGINT     COMMENT 'card_count without bulk uploads',
        without_bulk_ratio         DOUBLE     COMMENT 'without_bulk_card_count over without_bulk_count (0-1)',
        without_bulk_20_ratio      DOUBLE     COMMENT 'the same with uploads as bulk from 20 a month on: how much hangs on the rule (0-1)',
        without_bulk_100_ratio     DOUBLE     COMMENT 'the same with uploads as bulk from 100 a month on; with a total of 100, the default, that is the rule of the total alone (0-1)',
        before_as_of               TIMESTAMP  COMMENT 'the moment that the columns from here on compare with: the as_of before; null for the first',
        split_status               STRING     COMMENT 'first = nothing to compare with; separated = the change is split; not_separable = of the models alive at both moments more than 5 % have no known status at one of them, so that the counts that follow are those of the others only; or the crawl of one of them asked for some cards only, so that the others are as they were seen before',
        both_known_count           BIGINT     COMMENT 'models alive at both moments whose status is known at both; null for the first as_of, as all counts that follow',
        unmatched_count            BIGINT     COMMENT 'models alive at both moments whose status is not known at one of them',
        backfilled_count           BIGINT     COMMENT 'of both_known_count: without a card then, with one now',
        lost_count                 BIGINT     COMMENT 'of both_known_count: with a card then, without one now',
        deleted_count              BIGINT     COMMENT 'models alive then and gone now',
        deleted_card_count         BIGINT     COMMENT 'of deleted_count: with a card then',
        new_count                  BIGINT     COMMENT 'models alive now and not then: first seen since, or back',
        new_card_count             BIGINT     COMMENT 'of new_count: with a card now',
        newly_known_card_count     BIGINT     COMMENT 'of unmatched_count: with a card now, unknown then',
        no_longer_known_card_count BIGINT     COMMENT 'of unmatched_count: with a card then, unknown now; card_count is that of before_as_of + backfilled - lost + new_card + newly_known_card - deleted_card - no_longer_known_card',
        {_PARTIAL}
    """,
)

CARD_CONTENT_MONTHLY = Table(
    name="card_content_monthly",
    layer="gold",
    grain="one row per month of creation and stratum, months without a gap: what stands in the cards of the models alive at as_of; cards of unknown month have month null",
    key=("month", "stratum"),
    history="rewrite",
    required=("as_of", "stratum", "card_count", "templated_count", "generated_count", "language_count", "is_partial"),
    columns=f"""
        {_AS_OF}
        {_COHORT}
        stratum              STRING   COMMENT 'all; generated = a tool is known to have written the card; hand_written = the others',
        card_count           BIGINT   COMMENT 'READMEs with text at as_of, one a model, equal ones counted each time',
        card_share           DOUBLE   COMMENT 'card_count over that of the whole month (0-1)',
        median_word_count    DOUBLE   COMMENT 'median words of prose and headings',
        mean_word_count      DOUBLE   COMMENT 'mean words of prose and headings',
        median_section_count DOUBLE   COMMENT 'median number of sections',
        code_share           DOUBLE   COMMENT 'share of the cards with a code block (0-1)',
        table_share          DOUBLE   COMMENT 'share with a table (0-1)',
        image_share          DOUBLE   COMMENT 'share with a picture or badge (0-1)',
        bibtex_share         DOUBLE   COMMENT 'share with a BibTeX entry (0-1)',
        arxiv_share          DOUBLE   COMMENT 'share that links or cites a paper on arXiv (0-1)',
        model_index_share    DOUBLE   COMMENT 'share whose front matter has a model-index that is not empty (0-1)',
        eval_result_share    DOUBLE   COMMENT 'share whose model-index reports at least one metric (0-1)',
        mean_completeness    DOUBLE   COMMENT 'mean share of ten metadata fields that are filled (0-1)',
        templated_count      BIGINT   COMMENT 'cards made from the template of the Hub or of the Trainer',
        mean_unfilled_share  DOUBLE   COMMENT 'mean over templated_count of the share of the headings of the template under which nothing was filled in (0-1); null without such cards',
        generated_count      BIGINT   COMMENT 'cards that a tool is known to have written',
        generated_share      DOUBLE   COMMENT 'generated_count over card_count (0-1)',
        language_count       BIGINT   COMMENT 'cards whose language could be told: 20 words of prose or more',
        foreign_share        DOUBLE   COMMENT 'share of language_count that is not in English (0-1)',
        {_COVERAGE}
        {_PARTIAL}
    """,
)

CARD_CONTENT_BY_STRATUM = Table(
    name="card_content_by_stratum",
    layer="gold",
    grain="one row per kind of stratum and value: which models alive at as_of have cards, and how full these are",
    key=("kind", "value"),
    history="rewrite",
    required=("as_of", "kind", "value", "model_count", "known_count", "card_count", "front_matter_count"),
    columns=f"""
        {_AS_OF}
        kind                STRING  COMMENT 'popularity_band = by downloads of 30 days as last seen; library = by library_name; owner_size = by how many models alive at as_of the owner has',
        value               STRING  COMMENT 'popularity_band: 0, 1-9, 10-99, 100-999, 1000-9999, 10000+ or unknown; library: its name or none; owner_size: 1, 2-9, 10-99, 100+ or none (legacy models without an owner)',
        model_count         BIGINT  COMMENT 'models alive at as_of; the values of a kind add up to all of them',
        known_count         BIGINT  COMMENT 'of them, models of which it is known whether they have a card',
        coverage            DOUBLE  COMMENT 'known_count over model_count (0-1)',
        card_count          BIGINT  COMMENT 'known models with a README that has text',
        card_ratio          DOUBLE  COMMENT 'card_count over known_count (0-1); null where nothing is known',
        front_matter_count  BIGINT  COMMENT 'known models whose README has front matter that is a YAML mapping with keys',
        front_matter_ratio  DOUBLE  COMMENT 'front_matter_count over known_count (0-1)',
        median_word_count   DOUBLE  COMMENT 'median words of these cards; null without cards',
        mean_completeness   DOUBLE  COMMENT 'mean over these cards of the share of ten metadata fields that are filled (0-1)',
    """,
)

CARD_SECTIONS_MONTHLY = Table(
    name="card_sections_monthly",
    layer="gold",
    grain="one row per month of creation and canonical section, months without a gap; cards of unknown month have month null",
    key=("month", "canonical_section"),
    history="rewrite",
    required=("as_of", "canonical_section", "month_card_count", "card_count", "filled_count", "is_partial"),
    columns=f"""
        {_AS_OF}
        {_COHORT}
        canonical_section  STRING   COMMENT 'section that a heading names, by the wordings of conf/card_sections.csv; every one that any card has',
        month_card_count   BIGINT   COMMENT 'cards of the month: card_count of card_content_monthly, stratum all',
        card_count         BIGINT   COMMENT 'of them, cards with a heading of the section',
        section_share      DOUBLE   COMMENT 'card_count over month_card_count (0-1); null for a month without cards',
        filled_count       BIGINT   COMMENT 'of card_count: words that are no placeholder of a template stand directly under a heading of the section; what stands under headings below it counts for those',
        filled_share       DOUBLE   COMMENT 'filled_count over card_count (0-1)',
        median_word_count  DOUBLE   COMMENT 'median over filled_count of the words directly under headings of the section',
        {_COVERAGE}
        {_PARTIAL}
    """,
)

CARD_REVISIONS_MONTHLY = Table(
    name="card_revisions_monthly",
    layer="gold",
    grain="one row per basis and month of the cohort, months without a gap: when the cards came that a model has or had by as_of, and how they changed; moments are those of the observation",
    key=("cohort_basis", "month"),
    history="rewrite",
    required=("as_of", "cohort_basis", "card_count", "known_count", "revision_count", "is_partial"),
    columns="""
        as_of                        TIMESTAMP  COMMENT 'UTC moment the row speaks of: what was observed by then',
        cohort_basis                 STRING     COMMENT 'created = by the month in which the model was created; first_card = by the month of the first version of the card, where creation is unknown',
        month                        DATE       COMMENT 'first day of the month of the cohort; null for cards that were there when first looked for, of models of unknown creation',
        card_count                   BIGINT     COMMENT 'cards that a model has or had by as_of, removed models included',
        known_count                  BIGINT     COMMENT 'of them, cards whose history is known from its beginning: it was read from a git history; or, where creation is known, it was known within 30 days of it whether there is a card; or, where it is not, there was none when first looked for. All measures that follow speak of these',
        coverage                     DOUBLE     COMMENT 'known_count over card_count (0-1)',
        day_1_count                  BIGINT     COMMENT 'known cards looked for within 1 day of creation, or of a git history, of models at least 1 day old at as_of',
        median_days_to_first_card    DOUBLE     COMMENT 'median over day_1_count of the days from creation to the first observation of a README with text; those of others could be no shorter than the time until the first look',
        within_1_day_share           DOUBLE     COMMENT 'share of day_1_count that was seen within 1 day of creation (0-1)',
        day_7_count                  BIGINT     COMMENT 'the same for 7 days',
        within_7_days_share          DOUBLE     COMMENT 'share of day_7_count that was seen within 7 days of creation (0-1)',
        day_30_count                 BIGINT     COMMENT 'the same for 30 days',
        within_30_days_share         DOUBLE     COMMENT 'share of day_30_count that was seen within 30 days of creation (0-1)',
        revision_count               BIGINT     COMMENT 'distinct READMEs with text that the known cards have been, less their first ones',
        mean_revision_count          DOUBLE     COMMENT 'revision_count over known_count',
        median_revision_count        DOUBLE     COMMENT 'median revisions of a known card',
        revised_count                BIGINT     COMMENT 'known cards with at least one revision',
        followed_count               BIGINT     COMMENT 'known cards whose first version is at least 30 days older than as_of',
        revised_within_30_days_share DOUBLE     COMMENT 'share of followed_count that was another README within 30 days of its first version (0-1)',
        is_partial                   BOOLEAN    COMMENT 'true for the month of as_of, and for 2022-03 of cohorts by creation, whose first days lie under the floor of creation times',
    """,
)

CARD_SURVIVAL_MONTHLY = Table(
    name="card_survival_monthly",
    layer="gold",
    grain="one row per month of creation, months without a gap: how likely a model has had a card by an age, when its removal prevents that (Aalen-Johansen)",
    key=("month",),
    history="rewrite",
    required=("as_of", "model_count", "followed_count", "first_card_count", "removed_count", "is_partial"),
    columns="""
        as_of                 TIMESTAMP  COMMENT 'UTC moment at which all models are censored that have neither a card nor were removed',
        month                 DATE       COMMENT 'first day of the month of creation; null where that is unknown, and with it the age of the models',
        model_count           BIGINT     COMMENT 'models created in the month and ever seen by as_of',
        followed_count        BIGINT     COMMENT 'of them, models of which it was known within 30 days of creation whether they have a card, or would have been had they not been removed before; the incidences speak of these',
        coverage              DOUBLE     COMMENT 'followed_count over model_count (0-1); where it is low, followed models may have been chosen because they have a card',
        first_card_count      BIGINT     COMMENT 'of followed_count: a README with text was seen by as_of, before any removal',
        removed_count         BIGINT     COMMENT 'of followed_count: removed before a card was seen',
        incidence_30          DOUBLE     COMMENT 'cumulative incidence of the first card at an age of 30 days (0-1); null where no model was followed so long',
        incidence_30_low      DOUBLE     COMMENT 'lower end of its 95 % interval (Wilson, of as many models as the variance of Aalen is of), of models as if drawn one by one',
        incidence_30_high     DOUBLE     COMMENT 'upper end of it',
        incidence_90          DOUBLE     COMMENT 'the same at 90 days',
        incidence_90_low      DOUBLE     COMMENT 'lower end of its 95 % interval',
        incidence_90_high     DOUBLE     COMMENT 'upper end of it',
        incidence_365         DOUBLE     COMMENT 'the same at 365 days',
        incidence_365_low     DOUBLE     COMMENT 'lower end of its 95 % interval',
        incidence_365_high    DOUBLE     COMMENT 'upper end of it',
        removal_incidence_30  DOUBLE     COMMENT 'cumulative incidence of removal before a card at an age of 30 days (0-1)',
        removal_incidence_90  DOUBLE     COMMENT 'the same at 90 days',
        removal_incidence_365 DOUBLE     COMMENT 'the same at 365 days',
        is_partial            BOOLEAN    COMMENT 'true for a month not wholly observed: the month of as_of, and 2022-03, whose first days lie under the floor of creation times',
    """,
)

TABLES = (
    CARDS_PER_COHORT_MONTHLY,
    CARD_CONTENT_MONTHLY,
    CARD_CONTENT_BY_STRATUM,
    CARD_SECTIONS_MONTHLY,
    CARD_REVISIONS_MONTHLY,
    CARD_SURVIVAL_MONTHLY,
)
