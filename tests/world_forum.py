"""What gold must say of the invented forum, told by plain loops over its life that know no engine."""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from statistics import median
from typing import Any

from world_cards import share

from ptm_spark.config import conf_file
from ptm_spark.standin.families import FAMILIES
from ptm_spark.standin.forum_life import REGULAR, ForumPost, ForumTopic
from ptm_spark.standin.forum_world import InventedForum

DAY, WEEK = 86_400, 7 * 86_400
#: what the forum may name: the table of families has no ppo
NAMES = [family.name for family in FAMILIES if family.name and family.name != "ppo"]
_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_QUOTE = re.compile(r"^\[quote=[^\n]*\]\n(.*?)\n\[/quote\]$", re.MULTILINE | re.DOTALL)
_UNSAID = re.compile(r"\[poll\].*?\[/poll\]|https?://[^\s)]+", re.DOTALL)


def month_of(moment: datetime) -> date:
    return date(moment.year, moment.month, 1)


@dataclass
class TopicSeen:
    """A topic that a list ever showed, as last seen: ``look`` is when its page was, ``posts`` those that say anything
    there, ``answers`` those among them by others. Only those that are ``counted`` are listed at the end.
    """

    topic: ForumTopic
    counted: bool
    look: datetime
    title: str
    category_id: int
    size: int
    is_accepted: bool
    posts: list[ForumPost]
    answers: list[ForumPost]
    said: dict[str, "Said"] = field(default_factory=dict)

    @property
    def month(self) -> date:
        return month_of(self.topic.created_at)


@dataclass
class Said:
    """How often a topic names a family in title and prose, in code and in quotes; whether by a clear word."""

    counts: Counter[str] = field(default_factory=Counter)
    clear: dict[str, bool] = field(default_factory=lambda: {"said": False, "code": False, "quote": False})


def topics_seen(forum: InventedForum, dates: Sequence[datetime], looks: Mapping[int, datetime]) -> list[TopicSeen]:
    """Every topic that a list showed at one of the dates. ``looks``: when the crawls fetched each one's page last."""
    listed = {at: set(forum.listed_topics(at)) for at in dates}
    seen = []
    for number in sorted(set().union(*listed.values())):
        topic, look = forum.get(number), looks[number]
        there = max(at for at in dates if forum.status(number, at) == 200)
        posts = [
            one for one in topic.visible_posts(look) if not (one.is_hidden(look) or one.is_withdrawn(look))
        ]  # fmt: skip
        author = topic.posts[0].author
        answers = [
            one
            for one in posts
            if one.number > 1
            and one.post_type == REGULAR
            and (one.author.user_id != author.user_id or not one.author.is_known(look))
            and (one.author.is_known(look) or author.is_known(look))
        ]
        found = TopicSeen(
            topic, number in listed[dates[-1]], look, topic.title_at(there), topic.category_at(there),
            len(topic.visible_posts(there)), topic.accepted(there) is not None, posts, answers,
        )  # fmt: skip
        _listen(found)
        seen.append(found)
    return seen


def _listen(seen: TopicSeen) -> None:
    texts = [("said", seen.title)]
    for post in seen.posts:
        raw = post.raw_at(seen.look)
        texts.append(("code", "\n\n".join(_FENCE.findall(raw))))
        texts.append(("quote", _UNSAID.sub(" ", "\n\n".join(_QUOTE.findall(_FENCE.sub("", raw))))))
        texts.append(("said", _UNSAID.sub(" ", _QUOTE.sub("\n\n", _FENCE.sub("\n\n", raw)))))
    for kind, text in texts:
        for family, (count, is_clear) in families_in(text).items():
            said = seen.said.setdefault(family, Said())
            said.counts[kind] += count
            said.clear[kind] |= is_clear


def families_in(text: str) -> dict[str, tuple[int, bool]]:
    """Families that a text names, one name after the other: how often, and whether by a word that is no everyday one.

    Everyday words need a word of their context, by the table of families, in the same text. ``xlsr`` is a wav2vec2,
    ``gemma-2b`` nothing but a gemma.
    """
    context = _contexts()
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)}
    found = {}
    for family in NAMES:
        pattern = "wav2vec2|xlsr" if family == "wav2vec2" else family
        count = len(re.findall(rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9])", text.lower()))
        clear = count if family not in context else len(re.findall(r"gemma-2b", text)) if family == "gemma" else 0
        if family in context and not words & context[family]:
            count = clear
        if count:
            found[family] = (count, clear > 0)
    return found


@cache
def _contexts() -> dict[str, set[str]]:
    with conf_file("model_families.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["alias"] == row["family"] and row["is_ambiguous"] == "true"]
    return {row["family"]: set(row["context"].split(";")) for row in rows if row["family"] in NAMES}


def health_of(topics: Sequence[TopicSeen], month: date) -> dict[str, Any]:
    """forum_health_monthly of a month."""
    begun = [one for one in topics if one.month == month and one.counted]
    written = [
        post for one in topics if one.counted for post in counted_posts(one) if month_of(post.created_at) == month
    ]
    authors = {(post.author.user_id) for one in topics if one.counted for post in counted_posts(one)
               if month_of(post.created_at) == month and post.author.is_known(one.look)}  # fmt: skip
    answered = [one for one in begun if one.answers]
    seconds = [_seconds(one) for one in answered]
    row: dict[str, Any] = {
        "topic_count": len(begun),
        "ever_count": sum(one.month == month for one in topics),
        "post_count": len(written),
        "author_count": len(authors),
        "fetched_count": len(begun),
        "coverage": share(len(begun), len(begun)),
        "answered_count": len(answered),
        "unanswered_count": len(begun) - len(answered),
        "unanswered_share": share(len(begun) - len(answered), len(begun)),
        "self_accepted_count": sum(one.is_accepted and not one.answers for one in begun),
        "accepted_count": sum(one.is_accepted for one in begun),
        "accepted_share": share(sum(one.is_accepted for one in begun), len(begun)),
        "single_post_count": sum(one.size == 1 for one in begun),
        "single_post_share": share(sum(one.size == 1 for one in begun), len(begun)),
        "median_posts_per_topic": median(one.size for one in begun) if begun else None,
        "mean_posts_per_topic": share(sum(one.size for one in begun), len(begun)),
        "median_seconds_to_first_answer": median(seconds) if seconds else None,
        "staff_answered_count": sum(any(_is_by_staff(post, one.look) for post in one.answers) for one in begun),
    }
    for name, window in (("day", DAY), ("week", WEEK)):
        watched = [one for one in begun if (one.look - one.topic.created_at).total_seconds() >= window]
        quick = sum(bool(one.answers) and _seconds(one) <= window for one in watched)
        row |= {f"{name}_watched_count": len(watched), f"answered_in_{name}_count": quick}
        row[f"answered_in_{name}_share"] = share(quick, len(watched))
    return row


def counted_posts(seen: TopicSeen) -> list[ForumPost]:
    return [post for post in seen.posts if post.post_type == REGULAR and post.author.user_id > 0]


def _is_by_staff(post: ForumPost, at: datetime) -> bool:
    return post.author.role != "member" and post.author.is_known(at)


def _seconds(seen: TopicSeen) -> int:
    first = min(post.created_at for post in seen.answers)
    return int(first.timestamp()) - int(seen.topic.created_at.timestamp())


def mentions_of(topics: Sequence[TopicSeen], month: date, family: str) -> dict[str, Any]:
    """mentions_per_family_monthly of a month and family."""
    begun = [one for one in topics if one.month == month]
    counted = [one for one in begun if one.counted]
    naming = [one for one in counted if _is_said(one, family)]
    telling = [one for one in counted if any(_is_said(one, name) for name in one.said)]
    pairs = sum(_is_said(one, name) for one in counted for name in one.said)
    unanswered = sum(not one.answers for one in naming)
    return {
        "topic_count": len(naming),
        "topic_share": share(len(naming), len(counted)),
        "mention_share": share(len(naming), pairs),
        "ever_count": sum(_is_said(one, family) for one in begun),
        "ambiguous_count": sum(not one.said[family].clear["said"] for one in naming),
        "code_only_count": sum(
            one.said[family].counts["code"] > 0 and not _is_said(one, family) for one in counted if family in one.said
        ),
        "fetched_count": len(naming),
        "unanswered_count": unanswered,
        "unanswered_share": share(unanswered, len(naming)),
        "accepted_count": sum(one.is_accepted for one in naming),
        "accepted_share": share(sum(one.is_accepted for one in naming), len(naming)),
        "coverage": share(len(telling), len(counted)),
        "fetched_share": share(len(counted), len(counted)),
    }


def _is_said(seen: TopicSeen, family: str) -> bool:
    return family in seen.said and seen.said[family].counts["said"] > 0
