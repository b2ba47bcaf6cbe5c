"""Of which moments gold speaks, from the manifests of the crawls that it comes from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ptm_spark.gold.moments import MOST_CARD_MOMENTS, Moments, moments_of
from ptm_spark.landing import Manifest

MODELS_AS_OF = "2024-05-01T00:00:00Z"
MAY = datetime(2024, 5, 1, tzinfo=UTC)


def at(day: int) -> datetime:
    return MAY + timedelta(days=day - 1)


def crawl(place: str, day: int, **changes: Any) -> Manifest:
    """The manifest of a crawl of such a day, nothing failed."""
    source, entity = place.split("/")
    text = f"{at(day):%Y-%m-%dT%H:%M:%SZ}"
    manifest = Manifest(
        source=source, entity=entity, crawl_id=f"{entity}-{day}", format="hub-api", scope="hub", coverage="incremental",
        observed_at=text, cutoff=text, keys=(), records=1, invalid=0, failed=(), files=(), started_at=text,
        finished_at=text,
    )  # fmt: skip
    return replace(manifest, **changes)


def told(*crawls: Manifest) -> Moments:
    return moments_of(crawls, models_as_of=MODELS_AS_OF)


def test_without_crawls_of_cards_and_forum_there_are_no_moments_of_theirs() -> None:
    expected = Moments(
        models=MAY, forum=None, cards=(), whole_cards=frozenset(), card_scopes=frozenset(), card_histories=frozenset()
    )
    assert told() == told(crawl("hub/models", 9, coverage="census"), crawl("hub/commits", 8)) == expected


def test_the_forum_speaks_of_its_newest_crawl_of_any_kind() -> None:
    crawls = [crawl("forum/topics", 3), crawl("forum/topic_posts", 5), crawl("forum/site", 4), crawl("hub/cards", 9)]
    assert told(*crawls).forum == told(*reversed(crawls)).forum == at(5)


def test_cards_speak_of_each_moment_once_in_order() -> None:
    found = told(crawl("hub/cards", 7), crawl("hub/cards", 2), crawl("hub/cards", 7, crawl_id="other"))
    assert found.cards == (at(2), at(7))


def test_a_moment_is_whole_if_one_of_its_crawls_asked_for_every_card() -> None:
    found = told(
        crawl("hub/cards", 1, coverage="census"),
        crawl("hub/cards", 2, coverage="incremental"),
        crawl("hub/cards", 3, coverage="partial"),
        crawl("hub/cards", 4, failed=("someone/model/README.md",)),
        crawl("hub/cards", 5),
        crawl("hub/cards", 5, coverage="partial"),
        crawl("hub/cards", 6, coverage="partial"),
        crawl("hub/cards", 6, coverage="census"),
    )
    assert found.cards == tuple(map(at, range(1, 7)))
    assert found.whole_cards == {at(1), at(2), at(5), at(6)}


def test_git_histories_are_told_apart_by_their_format() -> None:
    found = told(crawl("hub/cards", 1, format="git-history", coverage="partial"), crawl("hub/cards", 2))
    assert (found.card_histories, found.whole_cards) == ({"cards-1"}, {at(2)})


def test_only_the_newest_moments_of_cards_are_shown() -> None:
    found = told(*(crawl("hub/cards", day) for day in range(1, MOST_CARD_MOMENTS + 4)))
    assert found.cards == tuple(map(at, range(4, MOST_CARD_MOMENTS + 4)))
    # older whole ones still tell since when a model was known to have no card
    assert found.whole_cards == set(map(at, range(1, MOST_CARD_MOMENTS + 4)))


def test_moments_of_a_kind_change_with_what_their_tables_take_only() -> None:
    found = told(crawl("forum/topics", 1), crawl("hub/cards", 2), crawl("hub/cards", 3, format="git-history"))
    assert found.of("models") == (MAY,)
    assert found.of("forum") == (at(1),)
    assert found.of("cards") == ((at(2), at(3)), {at(2), at(3)}, {"hub"}, {"cards-3"})
    later = told(crawl("forum/topics", 9), crawl("hub/cards", 2), crawl("hub/cards", 3, format="git-history"))
    assert [kind for kind in ("models", "forum", "cards") if later.of(kind) != found.of(kind)] == ["forum"]
