"""Gold tables that hold statistics of the monthly ones: agreement, trends, effects of events, concentration, use."""

from ptm_spark.tables.contract import Table

_AS_OF = "as_of TIMESTAMP COMMENT 'UTC moment that the monthly tables speak of from which this was computed',"
_WINDOW = """
        first_month  DATE  COMMENT 'first month that was used: whole, and known on both sides; null where there is none',
        last_month   DATE  COMMENT 'last such month; months between the two that are partial on one side are left out',
"""
_COVERAGES = """
        mention_coverage  DOUBLE  COMMENT 'mean over these months of the share of the topics that mention any family (0-1)',
        upload_coverage   DOUBLE  COMMENT 'mean over these months of the share of the models whose family is known (0-1)',
"""
_STATUSES = "constant = the series, or one of the two, does not change; variance_undefined = a variance came out as zero; near_unit_root = computed, but too persistent to be told from a random walk, so that p may be too small"

FORUM_HUB_AGREEMENT = Table(
    name="forum_hub_agreement",
    layer="gold",
    grain="one row per family, basis and lag: whether mentions in the forum and uploads to the Hub move together in the whole months that both know; and one over all families for each way to total them",
    key=("family", "basis", "lag"),
    history="rewrite",
    required=("as_of", "family", "basis", "lag", "n", "mention_total", "upload_total", "round_count", "status"),
    columns=f"""
        {_AS_OF}
        family                   STRING  COMMENT 'family that is in either table; all = over families, a pair of totals each',
        basis                    STRING  COMMENT 'totals_common = totals of the families that have both mentions and uploads; totals_union = of all that have either, 0 for the other; counts = topics and uploads a month (both grow, so that it says little); shares = topic_share of mentions and share of the uploads of known family (descriptive); differences = changes of these shares from month to month: the basis to cite',
        lag                      INT     COMMENT 'months from mention to upload: 1 pairs mentions with uploads of the month after, -1 with those of the month before; others than 0 only on differences, with 30 months and 100 mentions',
        {_WINDOW}
        {_COVERAGES}
        n                        BIGINT  COMMENT 'pairs: months, or changes between months that follow each other; families in the rows of all',
        mention_total            BIGINT  COMMENT 'topics that mention the family in these months, each once a family',
        upload_total             BIGINT  COMMENT 'uploads of the family in these months',
        rho                      DOUBLE  COMMENT 'rank correlation of Spearman (-1 to 1)',
        p_naive                  DOUBLE  COMMENT 'two-sided p of rho by Student t, as if months were independent: what the study has; too small where series are persistent',
        p_surrogate              DOUBLE  COMMENT 'p of so large a rho between independent AR(1) series as persistent as these; of differences only: trends make shares agree, and no surrogate has a trend',
        round_count              BIGINT  COMMENT 'surrogates behind p_surrogate: 99, 999 where these left it at 0.1 or below, 4,999 where those left it at 0.002 or below; at other lags 199, and 4,999 where one of them was at 0.02 or below; 0 without one. p is never below 1 / (1 + round_count)',
        q_value                  DOUBLE  COMMENT 'p_surrogate after Benjamini-Hochberg over all families; at lags other than 0 over families and such lags together',
        interval_low_3           DOUBLE  COMMENT 'APPROXIMATE 95 % interval of rho by stationary bootstrap, blocks of 3 months on average: to show, not to test. Null of counts, which grow (the bootstrap is for stationary series), and at lags other than 0',
        interval_high_3          DOUBLE  COMMENT 'its upper end',
        interval_low_6           DOUBLE  COMMENT 'the same with blocks of 6 months',
        interval_high_6          DOUBLE  COMMENT 'its upper end',
        interval_low_9           DOUBLE  COMMENT 'the same with blocks of 9 months',
        interval_high_9          DOUBLE  COMMENT 'its upper end',
        smallest_detectable_rho  DOUBLE  COMMENT 'correlation that is found in 8 of 10 cases with so many independent months, at 5 % after Bonferroni over all tests that q_value is of (Benjamini-Hochberg finds smaller ones only beside others); larger for persistent series; null where nothing is tested',
        status                   STRING  COMMENT 'ok; too_few = fewer than 20 mentions or uploads, nothing computed; too_short = fewer months than the figures need, those that could be are given; {_STATUSES}',
    """,
)

PAIN_PER_FAMILY = Table(
    name="pain_per_family",
    layer="gold",
    grain="one row per family: its part of the questions against its part of the uploads, over the whole months that forum and Hub both know",
    key=("family",),
    history="rewrite",
    required=("as_of", "family", "topic_count", "upload_count", "fetched_count", "unanswered_count", "status"),
    columns=f"""
        {_AS_OF}
        family             STRING  COMMENT 'family that is in either table',
        {_WINDOW}
        {_COVERAGES}
        topic_count        BIGINT  COMMENT 'topics begun in these months that mention the family',
        topic_share        DOUBLE  COMMENT 'topic_count over all topics of these months, whatever they mention (0-1)',
        mention_share      DOUBLE  COMMENT 'topic_count over the sum of that of all families (0-1); these add up to 1',
        upload_count       BIGINT  COMMENT 'models of the family created in these months and alive at as_of',
        upload_share       DOUBLE  COMMENT 'upload_count over the models of these months whose family is known (0-1); these add up to 1',
        pain_index         DOUBLE  COMMENT 'mention_share over upload_share: 1 = as many questions as uploads would have it, 2 = twice as many; null without uploads. Use is not in it: a family that is used much and uploaded seldom has a high one',
        pain_low           DOUBLE  COMMENT 'lower end of an APPROXIMATE 95 % interval of pain_index: percentiles over 999 resamples of whole months, in stretches of six on average',
        pain_high          DOUBLE  COMMENT 'upper end of it',
        fetched_count      BIGINT  COMMENT 'of topic_count: topics whose page was fetched, so that their answers are known',
        unanswered_count   BIGINT  COMMENT 'of fetched_count: topics without an answer by another user',
        unanswered_share   DOUBLE  COMMENT 'unanswered_count over fetched_count (0-1)',
        unanswered_low     DOUBLE  COMMENT 'lower end of the 95 % interval of Wilson for unanswered_share, of topics as if drawn one by one: too narrow where months differ',
        unanswered_high    DOUBLE  COMMENT 'upper end of it',
        status             STRING  COMMENT 'ok; too_few = fewer than 20 topics or uploads: not to be ranked; empty = no month is whole on both sides',
    """,
)

TREND_TESTS = Table(
    name="trend_tests",
    layer="gold",
    grain="one row per monthly series: whether it rises or falls, how fast, and where its level changes; whole months only",
    key=("source", "value", "measure"),
    history="rewrite",
    required=("as_of", "source", "value", "label", "measure", "n", "round_count", "status"),
    columns=f"""
        {_AS_OF}
        source            STRING         COMMENT 'gold table that the series stands in',
        value             STRING         COMMENT 'family, category_id or subject; all where the table has one series',
        label             STRING         COMMENT 'name of the category where it is known; else the value',
        measure           STRING         COMMENT 'column of that table; upload_share and without_bulk_share here are over models of known family, so that they do not fall with coverage',
        n                 BIGINT         COMMENT 'months with a value; months before the first upload or mention of a family are zeros',
        first_month       DATE           COMMENT 'first of them; null where there is none',
        last_month        DATE           COMMENT 'last of them',
        coverage          DOUBLE         COMMENT 'mean over these months of coverage in the source (0-1)',
        tau               DOUBLE         COMMENT 'Kendall tau-a with time (-1 to 1)',
        p_plain           DOUBLE         COMMENT 'two-sided p of Mann-Kendall, as if months were independent: too small where series are persistent',
        p_hamed_rao       DOUBLE         COMMENT 'the same with the variance of Hamed and Rao; that of p_plain where it is undefined',
        hamed_rao_status  STRING         COMMENT 'ok; variance_undefined = p_plain was kept; otherwise as status; null where nothing was computed',
        p_ar1             DOUBLE         COMMENT 'p of so clear a trend in an AR(1) series as persistent and without trend: the one to cite',
        round_count       BIGINT         COMMENT 'surrogates behind p_ar1: 999; of families and categories 99, 999 where these left it at 0.1 or below, 4,999 where those left it at 0.002 or below; 0 without a p',
        q_value           DOUBLE         COMMENT 'p_ar1 after Benjamini-Hochberg over all series of the source',
        lag1              DOUBLE         COMMENT 'lag-1 autocorrelation of the surrogates (-1 to 1)',
        sen_slope         DOUBLE         COMMENT 'change a month: median of the slopes between all pairs of months, in the units of the measure (0.01 = one point of a share)',
        sen_low           DOUBLE         COMMENT 'lower end of its 95 % interval (Sen), as if months were independent: too narrow where series are persistent',
        sen_high          DOUBLE         COMMENT 'upper end of it',
        change_months     ARRAY<DATE>    COMMENT 'first months of new levels; empty where there is no change clearer than persistence makes; null where nothing was computed',
        levels            ARRAY<DOUBLE>  COMMENT 'mean of the measure before the first change, between changes and after the last: one more than change_months',
        status            STRING         COMMENT 'ok; too_few = fewer than 100 uploads, mentions or topics in all, nothing computed; too_short = fewer than 24 months of a family or category, nothing computed, or fewer than a figure needs; {_STATUSES}',
    """,
)

EVENTS_EFFECT = Table(
    name="events_effect",
    layer="gold",
    grain="one row per series of documentation and event, events nearer than six months being one: one break each, beside breaks at all other months",
    key=("measure", "first_date"),
    history="rewrite",
    required=(
        *("as_of", "measure", "event", "first_date", "last_date", "break_month", "n_before", "n_after"),
        *("transition_count", "placebo_count", "round_count", "status"),
    ),
    columns=f"""
        {_AS_OF}
        measure                     STRING  COMMENT 'column of gold/cards_per_cohort_monthly, at its newest as_of: status of today by month of creation, not status at creation',
        event                       STRING  COMMENT 'what happened, dates first; several where they are merged',
        first_date                  DATE    COMMENT 'day of the first of the merged events',
        last_date                   DATE    COMMENT 'day of the last of them',
        break_month                 DATE    COMMENT 'month of the last of them, in which the new level begins',
        transition_count            BIGINT  COMMENT 'observed months from that of the first event to the one before break_month: left out, for they belong to neither side',
        first_month                 DATE    COMMENT 'first month of the series; null where there is none',
        last_month                  DATE    COMMENT 'last month of the series',
        coverage                    DOUBLE  COMMENT 'mean of the share of models whose status is known, over these months (0-1)',
        n_before                    BIGINT  COMMENT 'observed months before the first event',
        n_after                     BIGINT  COMMENT 'observed months from break_month on',
        step                        DOUBLE  COMMENT 'jump in break_month against the line of the months before, least squares (0.01 = one point)',
        step_low                    DOUBLE  COMMENT 'lower end of an APPROXIMATE 95 % interval by the surrogates of p_ar1; null without these',
        step_high                   DOUBLE  COMMENT 'upper end of it',
        slope_before                DOUBLE  COMMENT 'change a month before',
        slope_after                 DOUBLE  COMMENT 'change a month after',
        slope_change                DOUBLE  COMMENT 'slope_after less slope_before',
        p_naive                     DOUBLE  COMMENT 'p of the step by least squares with errors of Newey and West of one lag, the usual choice: too small where series are persistent',
        p_ar1                       DOUBLE  COMMENT 'p of so clear a step in an AR(1) series without any break',
        round_count                 BIGINT  COMMENT 'surrogates behind p_ar1; 0 without one',
        placebo_count               BIGINT  COMMENT 'other months at which a step was tried, with at least five observed months on either side',
        placebo_rank                BIGINT  COMMENT 'rank of the step among these and itself by how clear it is (absolute t): 1 = the clearest of placebo_count + 1; null where no placebo was possible',
        naive_significant_placebos  BIGINT  COMMENT 'of placebo_count: months at which nothing is known to have happened and whose p_naive is below 0.05',
        dispersion                  DOUBLE  COMMENT 'how many times the binomial variance the monthly ratios spread around the pooled one: far above 1 no binomial interval holds; null for ratios that are none of counts',
        status                      STRING  COMMENT 'ok; underpowered = fewer than 12 observed months on a side: the values support no claim; too_short = fewer than 3; constant; variance_undefined = the line leaves nothing',
    """,
)

CONCENTRATION_MONTHLY = Table(
    name="concentration_monthly",
    layer="gold",
    grain="one row per subject and month, months without a gap: how unevenly uploads and mentions are spread; of unknown months nothing is said",
    key=("month", "subject"),
    history="rewrite",
    required=("as_of", "month", "subject", "total_count", "value_count", "active_count", "is_partial"),
    columns=f"""
        {_AS_OF}
        month         DATE     COMMENT 'first day of the month of creation of the models or topics',
        subject       STRING   COMMENT 'hub_families = uploads by family; hub_owners = uploads by owner; forum_families = mentions by family (a topic counts once for each that it mentions)',
        total_count   BIGINT   COMMENT 'uploads alive at as_of, or mentions, of known families (of owners: of models that have one)',
        value_count   BIGINT   COMMENT 'families or owners that had any in this month or an earlier one',
        active_count  BIGINT   COMMENT 'families or owners that have any in this month; the measures that follow are over these',
        hhi           DOUBLE   COMMENT 'sum of squared shares (Herfindahl-Hirschman): 1 / active_count if all have as many, 1 if one has all; null for a month without any',
        gini          DOUBLE   COMMENT 'Gini coefficient over active_count: 0 if all have as many, near 1 if one has nearly all',
        top_1_share   DOUBLE   COMMENT 'share of the one with most (0-1)',
        top_5_share   DOUBLE   COMMENT 'share of the five with most together (0-1)',
        top_10_share  DOUBLE   COMMENT 'share of the ten with most together (0-1)',
        coverage      DOUBLE   COMMENT 'of the month: share of the models whose family is known, or that have an owner; share of the topics that mention any family (0-1)',
        is_partial    BOOLEAN  COMMENT 'true for a month not wholly observed: the month of as_of, and of models 2022-03, whose first days lie under the floor of creation times',
    """,
)

DOWNLOADS_PER_FAMILY_DAILY = Table(
    name="downloads_per_family_daily",
    layer="gold",
    grain="one row per family and day on which the Hub was observed: downloads as last seen by then",
    key=("day", "family"),
    history="rewrite",
    required=(
        *("as_of", "day", "family", "seen_count", "model_count", "download_total", "new_download_total"),
        *("removed_download_total", "is_first"),
    ),
    columns="""
        as_of                   TIMESTAMP  COMMENT 'UTC moment the row speaks of: what was observed by then',
        day                     DATE       COMMENT 'UTC day on which a crawl that saw a change of downloads or likes, or a removal, ended; crawls of one day are one',
        family                  STRING     COMMENT 'family of the models; none where it is unknown',
        seen_count              BIGINT     COMMENT 'models seen by that day and not removed by then',
        model_count             BIGINT     COMMENT 'of seen_count: models whose downloads were known',
        coverage                DOUBLE     COMMENT 'model_count over seen_count (0-1)',
        download_total          BIGINT     COMMENT 'sum over model_count of the downloads last seen by that day: each is a sum of the 30 days before it was seen, so totals of days overlap and must not be added up',
        download_share          DOUBLE     COMMENT 'download_total over that of all families of the day (0-1)',
        download_change         BIGINT     COMMENT 'download_total less that of the observation before; null on the first day',
        new_download_total      BIGINT     COMMENT 'part of download_change that comes from models whose downloads were not known before: mostly new models',
        removed_download_total  BIGINT     COMMENT 'part of download_change, as a positive number, that went with models removed since',
        kept_download_change    BIGINT     COMMENT 'change of the 30-day downloads of the models known at both observations: download_change - new_download_total + removed_download_total, the nearest to a flow that can be had; null on the first day',
        is_first                BOOLEAN    COMMENT 'true on the first day of all: nothing to compare with',
    """,
)

TABLES = (
    FORUM_HUB_AGREEMENT,
    PAIN_PER_FAMILY,
    TREND_TESTS,
    EVENTS_EFFECT,
    CONCENTRATION_MONTHLY,
    DOWNLOADS_PER_FAMILY_DAILY,
)
