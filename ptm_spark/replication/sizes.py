"""How much was looked at: rows, names, months, totals."""

from ptm_spark.replication.claim import Correction, Figure, Figures
from ptm_spark.replication.months import FORUM, HUB, months
from ptm_spark.replication.tables import StudyTables

_CORRECTIONS = {
    "card_with_card": Correction(
        "needs a second reading", "a card counts for the month of its model, not for its own month"
    ),
    "types_without_name": Correction(
        "needs the texts", "they have no mentions by definition, blip-2 and gpt_bigcode among them"
    ),
}
_ALIASES = ("xlm-roberta", "marian", "xlm")
_NO_ALIAS = Correction("needs the texts", "people write XLM-R or opus-mt, and xlm where they mean xlm-roberta")


def size_figures(tables: StudyTables) -> Figures:
    """Counts of the tables themselves."""
    hub, forum, cards = tables.hub, tables.forum, tables.cards
    types, names = set(hub.names), set(forum.names)
    with_card, models = cards.pooled(cards.months)
    counts = {
        "hub_types": len(types),
        "forum_names": len(names),
        "common_names": len(types & names),
        "all_names": len(types | names),
        "types_without_name": len(types - names),
        "names_without_type": len(names - types),
        "hub_months": len(hub.months),
        "hub_months_absent": len(set(months(HUB[0], "2019-04")) - set(hub.months)),
        "forum_months": len(forum.months),
        "card_months": len(cards.months),
        "typed_uploads": sum(hub.totals().values()),
        "mentions": sum(forum.totals().values()),
        "mentions_without_partial": sum(forum.totals(FORUM[:-1]).values()),
        "card_models": models,
        "card_with_card": with_card,
        "typed_uploads.2020-07": int(hub.by_month(["2020-07"])[0]),
        "typed_uploads.2023-05": int(hub.by_month(["2023-05"])[0]),
    }
    whole = Correction("without 2023-06", "that month was not over", counts["mentions_without_partial"])
    corrections = _CORRECTIONS | {"mentions": whole}
    figures = {f"tables.{key}": Figure(count, count, None, corrections.get(key)) for key, count in counts.items()}
    for name in _ALIASES:
        for side, table in (("forum", forum), ("hub", hub)):
            total = table.totals().get(name, 0)
            figures[f"tables.alias.{name}.{side}"] = Figure(total, total, None, _NO_ALIAS)
    return figures
