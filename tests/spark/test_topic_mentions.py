"""Which families a topic names: where, how often, by which words, and what does not count."""

from typing import Any

import pytest
from forum_months import AS_OF, post, rows_by_key, topic

from ptm_spark.silver.topic_mentions import build_topic_mentions
from ptm_spark.store import Store
from ptm_spark.tables.families import TOPIC_MENTIONS
from ptm_spark.tables.forum import FORUM_POSTS, FORUM_TOPICS

pytestmark = pytest.mark.spark
Row = dict[str, Any]
GONE = {"removal": "vanished", "removed_at": AS_OF, "is_in_stream": False}


def found_in(store: Store, topics: list[Row], posts: list[Row]) -> dict[Any, Row]:
    """Rows of silver/topic_mentions by topic and family."""
    frames = store.rows_of(topics, FORUM_TOPICS), store.rows_of(posts, FORUM_POSTS)
    found = rows_by_key(build_topic_mentions(*frames, stage=store.stage), "topic_id", "family")
    assert all([*row] == list(TOPIC_MENTIONS.names) for row in found.values())
    return found


def told(rows: dict[Any, Row], *names: str) -> dict[Any, Any]:
    return {key: tuple(row[name] for name in names) for key, row in rows.items()}


def test_title_prose_code_and_quotes_are_counted_apart(store: Store) -> None:
    """Titles and prose are mentions; the first post and the number of posts are those whose prose names it."""
    topics = [topic(1, title="BERT or bert-base: which?"), topic(2, title="Hello")]
    posts = [
        post(1, 1, prose="Hello", code_text="load('bert')\nload('bert')", quote_text="bert"),
        post(1, 2, prose="BERT is large. bert, bert!"),
        post(1, 4, prose="My bert", code_text="gpt2"),
        post(2, 3, quote_text="bert and t5"),
    ]
    rows = found_in(store, topics, posts)
    assert rows[1, "bert"] == {
        "topic_id": 1, "family": "bert", "mention_count": 6, "code_mention_count": 2, "quote_mention_count": 1,
        "post_count": 2, "first_post_number": 2, "is_in_title": True, "aliases": ["bert"], "is_ambiguous": False,
    }  # fmt: skip
    counts = ("mention_count", "code_mention_count", "quote_mention_count", "post_count", "first_post_number")
    assert told(rows, *counts, "is_in_title") == {
        (1, "bert"): (6, 2, 1, 2, 2, True),
        (1, "gpt2"): (0, 1, 0, 0, None, False),
        (2, "bert"): (0, 0, 1, 0, None, False),
        (2, "t5"): (0, 0, 1, 0, None, False),
    }


def test_names_are_whole_words_and_wordings_one_family(store: Store) -> None:
    """Several wordings are listed, each once, sorted: those of title and prose, or of the others where they have none.
    What holds another name is not that other one."""
    topics = [topic(1, title="xlsr, wav2vec2 and XLSR"), topic(2, title="Albertina roberta clipboard")]
    posts = [
        post(1, 1, prose="wav2vec2", code_text="xls-r-300m"),
        post(2, 1, code_text="xlsr"),
        post(2, 2, prose="T55"),
    ]
    rows = told(found_in(store, topics, posts), "mention_count", "code_mention_count", "aliases")
    assert rows == {
        (1, "wav2vec2"): (4, 1, ["wav2vec2", "xls-r"]),
        (2, "roberta"): (1, 0, ["roberta"]),
        (2, "wav2vec2"): (0, 1, ["xls-r"]),
    }


def test_everyday_words_count_beside_their_context_and_are_flagged(store: Store) -> None:
    """The context must stand in the same text. A topic is flagged where nothing else names the family."""
    topics = [
        topic(1, title="Fuyu is a winter"),
        topic(2, title="The fuyu model"),
        topic(3, title="Fuyu"),
        topic(4, title="The fuyu model and bert"),
        topic(5, title="A llama"),
        topic(6, title="The whisper model"),
    ]
    posts = [
        post(3, 1, prose="Which model?", code_text="fuyu"),
        post(5, 1, prose="The llama model", code_text="load('llama')  # weights"),
    ]
    rows = told(found_in(store, topics, posts), "mention_count", "code_mention_count", "is_ambiguous")
    assert rows == {
        (2, "fuyu"): (1, 0, True),
        (4, "bert"): (1, 0, False),
        (4, "fuyu"): (1, 0, True),
        (5, "llama"): (1, 1, True),
        (6, "whisper"): (1, 0, True),
    }


def test_a_clear_word_clears_the_everyday_one(store: Store) -> None:
    """Clear words of code clear a mention in code only: what is said counts first."""
    topics = [topic(number, title="Hello") for number in (1, 2, 3)]
    posts = [
        post(1, 1, prose="The gemma model"),
        post(1, 2, prose="gemma-2b"),
        post(2, 1, prose="The gemma model", code_text="gemma-2b"),
        post(3, 1, code_text="gemma-2b; model of gemma"),
    ]
    rows = told(found_in(store, topics, posts), "mention_count", "is_ambiguous", "aliases")
    assert rows == {
        (1, "gemma"): (2, False, ["gemma", "gemma-2b"]),
        (2, "gemma"): (1, True, ["gemma"]),
        (3, "gemma"): (0, False, ["gemma", "gemma-2b"]),
    }


def test_posts_that_are_gone_and_texts_that_are_not_there_name_nothing(store: Store) -> None:
    """A topic that is gone keeps its mentions: gold leaves it out, by its own as_of."""
    topics = [topic(1, title=None), topic(2, title="bert", removal="deleted", removed_at=AS_OF), topic(3, title="")]
    posts = [
        post(1, 1, prose=None, code_text=None, quote_text=None),
        post(1, 2, prose="bert", **GONE),
        post(1, 3, prose="", code_text="", quote_text=""),
        post(2, 1, prose="t5"),
        post(3, 1, prose="t5", removal="by_author", removed_at=AS_OF),
    ]
    rows = told(found_in(store, topics, posts), "mention_count", "is_in_title", "post_count")
    assert rows == {(2, "bert"): (1, True, 0), (2, "t5"): (1, False, 1)}


def test_no_topics_name_nothing(store: Store) -> None:
    assert found_in(store, [], []) == {}
