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

    ``models``: the newest observation of models. ``cards``: those of the card crawls, in order; ``whole_cards`` are
    those of them by which a crawl had asked for every card; ``card_histories`` names crawls that are git histories.
    """

    models: datetime
    forum: datetime | None
    cards: tuple[datetime, ...]
    whole_cards: frozenset[datetime]
    card_histories: frozenset[str]

    def of(self, kind: str) -> tuple[object, ...]:
        """All that the tables about ``models``, ``cards`` or ``forum`` take from here."""
        return (self.cards, self.whole_cards, self.card_histories) if kind == "cards" else (getattr(self, kind),)


def moments_of(crawls: Iterable[Manifest], *, models_as_of: str) -> Moments:
    """The moments of some crawls of all kinds; of models the one that is given, in ISO 8601."""
    forum: list[datetime] = []
    cards: dict[datetime, bool] = {}
    histories = set()
    for crawl in crawls:
        at = datetime.fromisoformat(crawl.observed_at)
        if crawl.source == "forum":
            forum.append(at)
        elif crawl.entity == "cards":
            # crawls of cards are incremental and ask for every README that the listing shows and they have not seen
            is_whole = crawl.coverage in ("census", "incremental") and not crawl.failed
            cards[at] = cards.get(at, False) or is_whole
            if crawl.format in _HISTORIES:
                histories.add(crawl.crawl_id)
    newest = sorted(cards)[-MOST_CARD_MOMENTS:]
    return Moments(
        models=datetime.fromisoformat(models_as_of),
        forum=max(forum, default=None),
        cards=tuple(newest),
        whole_cards=frozenset(at for at in newest if cards[at]),
        card_histories=frozenset(histories),
    )
