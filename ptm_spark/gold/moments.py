"""Of which moments the gold tables speak: those of the crawls that they come from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ptm_spark.landing import Manifest

#: moments of card crawls that restatement is shown for, the newest
MOST_CARD_MOMENTS = 12
#: dumps that tell of times long before they were made
_HISTORIES = ("git-history",)


@dataclass(frozen=True)
class Moments:
    """UTC moments; ``forum`` None and no ``cards`` where nothing of them has landed.

    ``models``: the newest observation of models. ``cards``: the newest of those of the card crawls, in order;
    ``whole_cards`` are all by which a crawl had asked for every card, ``card_scopes`` those crawls' populations;
    ``card_histories`` names crawls that are git histories.
    """

    models: datetime
    forum: datetime | None
    cards: tuple[datetime, ...]
    whole_cards: frozenset[datetime]
    card_scopes: frozenset[str]
    card_histories: frozenset[str]

    def of(self, kind: str) -> tuple[object, ...]:
        """All that the tables about ``models``, ``cards`` or ``forum`` take from here."""
        return (
            (self.cards, self.whole_cards, self.card_scopes, self.card_histories)
            if kind == "cards"
            else (getattr(self, kind),)
        )


def moments_of(crawls: Iterable[Manifest], *, models_as_of: str) -> Moments:
    """The moments of some crawls of all kinds; of models the one that is given, in ISO 8601."""
    forum: list[datetime] = []
    cards, whole, scopes, histories = set(), set(), set(), set()
    for crawl in crawls:
        at = datetime.fromisoformat(crawl.observed_at)
        if crawl.source == "forum":
            forum.append(at)
        elif crawl.entity == "cards":
            # crawls of cards are incremental and ask for every README that the listing shows and they have not seen
            cards.add(at)
            if crawl.coverage in ("census", "incremental") and not crawl.failed:
                whole.add(at)
                scopes.add(crawl.scope)
            if crawl.format in _HISTORIES:
                histories.add(crawl.crawl_id)
    return Moments(
        models=datetime.fromisoformat(models_as_of),
        forum=max(forum, default=None),
        cards=tuple(sorted(cards)[-MOST_CARD_MOMENTS:]),
        whole_cards=frozenset(whole),
        card_scopes=frozenset(scopes),
        card_histories=frozenset(histories),
    )
