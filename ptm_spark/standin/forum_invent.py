"""Invention of the forum: topics in order of birth, their posts and what befalls them, from one seeded generator."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from ptm_spark.standin.families import FAMILIES, Family, month_at, owner_name
from ptm_spark.standin.forum_categories import PLANS, CategoryPlan
from ptm_spark.standin.forum_life import MODERATOR_ACTION, SMALL_ACTION, WHISPER, ForumPost, ForumTopic, Member
from ptm_spark.standin.forum_words import POLL, Writer
from ptm_spark.standin.invent import MONTHLY_GROWTH, MONTHS

ENDS_AT = datetime(2025, 1, 1, tzinfo=UTC)
"""Nothing is written from here on."""

SYSTEM = Member(-1, "system", "system", 4, "admin")

_NO_FAMILY = len(FAMILIES) - 1


@dataclass(frozen=True, slots=True)
class _Birth:
    at: datetime
    plan: CategoryPlan
    family: Family
    number: int  # of topics other than definitions, from 0; -1 for a definition


def invent_forum(seed: int, topics: int) -> tuple[ForumTopic, ...]:
    """Invent ``topics`` topics from 2021-01 to 2024-12 and one more for each category, in order of their ids.

    Three of four ids of topics belong to nothing; ids of posts rise with the moment of writing, over all topics.
    """
    rng = random.Random(f"ptm_spark forum {seed} {topics}")
    inventor = _Inventor(rng, member_count=max(30, topics // 2))
    topic_id = 36
    drafts = []
    for birth in sorted(_births(topics, rng), key=lambda birth: (birth.at, birth.number)):
        topic_id += min(40, 1 + int(rng.expovariate(1 / 3.5)))
        drafts.append(inventor.invent(birth, topic_id))
    written = sorted((post.created_at, draft.topic_id, post.number) for draft in drafts for post in draft.posts)
    steps = accumulate(1 + int(rng.expovariate(1 / 1.5)) for _ in written)
    ids: dict[int, dict[int, int]] = {draft.topic_id: {} for draft in drafts}
    for (_, topic, number), post_id in zip(written, steps, strict=True):
        ids[topic][number] = 60 + post_id
    return tuple(draft.numbered(ids[draft.topic_id]) for draft in drafts)


def _births(topics: int, rng: random.Random) -> Iterator[_Birth]:
    for plan in PLANS:
        if plan.category_id != 1:
            yield _Birth(plan.began_at, plan, FAMILIES[_NO_FAMILY], -1)
    months = range(MONTHS)
    weights = [MONTHLY_GROWTH**month for month in months]
    moments = sorted(_moment(month, rng) for month in rng.choices(months, weights, k=topics))
    for number, (month, at) in enumerate(moments):
        family = rng.choices(FAMILIES, [family.weight(month) for family in FAMILIES])[0]
        plans = [plan for plan in PLANS if plan.began_at < at and (plan.weight or family.name in plan.families)]
        shares = [30.0 if family.name in plan.families else plan.weight for plan in plans]
        yield _Birth(at, rng.choices(plans, shares)[0], family, number)


def _moment(month: int, rng: random.Random) -> tuple[int, datetime]:
    first, last = month_at(month), month_at(month + 1)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    seconds = (last - first).days * 86_400
    return month, start + timedelta(milliseconds=rng.randrange(seconds * 1000))


class _Inventor:
    """Gives topics their posts and their fate."""

    def __init__(self, rng: random.Random, member_count: int) -> None:
        self._rng = rng
        self._members = [self._member(number) for number in range(member_count)]
        self._staff = [member for member in self._members if member.role != "member"]

    def _member(self, number: int) -> Member:
        rng = self._rng
        deleted_at = None
        if number % 23 == 11:
            deleted_at = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=rng.randrange(700))
        return Member(
            user_id=2 + number * 3,
            username=owner_name(number),
            name=rng.choice((None, "", owner_name(number).title(), f"{owner_name(number)} 🤗")),
            trust_level=rng.choices((0, 1, 2, 3, 4), (3, 8, 4, 2, 1))[0],
            role="admin" if number == 0 else "moderator" if number in (3, 7) else "member",
            deleted_at=deleted_at,
        )

    def _anybody(self) -> Member:
        return self._members[int(len(self._members) * self._rng.random() ** 2.5)]

    def invent(self, birth: _Birth, topic_id: int) -> ForumTopic:
        if birth.number < 0:
            return self._definition(birth, topic_id)
        rng, number = self._rng, birth.number
        writer = Writer(rng, birth.family)
        has_poll = number % 67 == 5
        first = ForumPost(
            0, 1, self._anybody(), birth.at, writer.question(poll=has_poll), poll=POLL if has_poll else (),
            likes_limit=int(0.4 / (1 - rng.random())),
        )  # fmt: skip
        posts = [first]
        gap = rng.choice((1.0, 6.0, 40.0))
        for _ in range(self._length(number) - 1):
            at = posts[-1].created_at + timedelta(hours=max(0.01, rng.expovariate(1 / gap)))
            if at >= ENDS_AT:
                break
            posts.append(self._reply(posts, at.replace(microsecond=at.microsecond // 1000 * 1000), writer, topic_id))
        tags = [*birth.family.pipeline_tags, "how-to", "bug", "training"]
        topic = ForumTopic(
            topic_id=topic_id,
            title=writer.title(odd=number % 41 == 3),
            category_id=birth.plan.category_id,
            created_at=birth.at,
            family=birth.family.name or None,
            posts=tuple(posts),
            tags=tuple(rng.sample(tags, rng.choice((0, 0, 1, 1, 2)))),
            has_tag_objects=number % 3 == 0,
            views_limit=int(60 / (1 - rng.random()) ** 0.7),
        )
        return replace(topic, **self._fate(topic, number, writer))

    def _definition(self, birth: _Birth, topic_id: int) -> ForumTopic:
        plan = birth.plan
        text = f"What belongs here: {plan.name}.\n\nBegin a topic for each question."
        return ForumTopic(
            topic_id=topic_id,
            title=f"About the {plan.name} category",
            category_id=plan.category_id,
            created_at=birth.at,
            family=None,
            posts=(ForumPost(0, 1, SYSTEM, birth.at, text),),
            is_definition=True,
            never_dates_last_post=plan.category_id in (2, 6),
            pinned_at=birth.at,
            views_limit=300,
        )

    def _length(self, number: int) -> int:
        rng = self._rng
        if number % 151 == 13:
            return rng.randrange(62, 130)
        if number % 53 == 7:
            return rng.randrange(21, 60)
        return 1 if rng.random() < 0.28 else min(20, 2 + int(rng.expovariate(1 / 2.5)))

    def _reply(self, posts: list[ForumPost], at: datetime, writer: Writer, topic_id: int) -> ForumPost:
        rng = self._rng
        draw = rng.random()
        author = posts[0].author if draw < 0.3 else rng.choice(self._staff) if draw < 0.45 else self._anybody()
        target = rng.choice(posts[-4:])
        draw = rng.random()
        quote = mention = ""
        if draw < 0.2:
            text = target.raw.splitlines()[-1].strip("`")[:80] or "…"
            quote = f'[quote="{target.author.username}, post:{target.number}, topic:{topic_id}"]\n{text}\n[/quote]'
        elif draw < 0.35:
            mention = f"@{target.author.username}"
        raw = writer.answer(quote, mention)
        post = ForumPost(
            post_id=0,
            number=len(posts) + 1,
            author=author,
            created_at=at,
            raw=raw,
            reply_to=target.number if draw < 0.4 else None,
            likes_limit=int(0.35 / (1 - rng.random())),
        )
        draw = rng.random()
        if draw < 0.08:
            edited_at = at + timedelta(hours=rng.expovariate(1 / 30) + 0.2)
            return replace(post, edits=((edited_at, f"{raw}\n\n**Edit:** solved in the meantime."),))
        if draw < 0.09:
            return replace(post, hidden_at=at + timedelta(hours=rng.randrange(1, 90)))
        if draw < 0.10:
            return replace(post, withdrawn_at=at + timedelta(hours=rng.randrange(1, 400)))
        if draw < 0.117:
            return replace(post, deleted_at=at + timedelta(days=rng.randrange(1, 300)))
        if draw < 0.121:
            return replace(post, post_type=WHISPER, author=self._staff[0])
        if draw < 0.124:
            return replace(post, post_type=MODERATOR_ACTION, author=self._staff[0])
        return post

    def _fate(self, topic: ForumTopic, number: int, writer: Writer) -> dict[str, Any]:
        """Changed fields of a topic: at most one of deletion, unlisting, closing …, and perhaps an answer or a pin."""
        rng = self._rng
        changes: dict[str, Any] = {}
        later = topic.posts[-1].created_at + timedelta(days=rng.randrange(1, 400), hours=5)
        draw = rng.random()
        if draw < 0.03:
            changes["deleted_at"] = later
        elif draw < 0.045:
            changes |= self._closing(topic, later, "unlisted_at", "visible.disabled")
        elif draw < 0.075:
            changes |= self._closing(topic, later, "closed_at", "closed.enabled")
        elif draw < 0.08:
            changes |= self._closing(topic, later, "archived_at", "archived.enabled")
        elif draw < 0.105:
            homes = [plan for plan in PLANS if plan.weight >= 1 and not plan.read_restricted and plan.began_at < later]
            others = [plan.category_id for plan in homes if plan.category_id != topic.category_id]
            changes |= {"moved_at": later, "moved_to": rng.choice(others)}
        elif draw < 0.13:
            changes |= {"retitled_at": later, "new_title": f"{writer.title(odd=False)} [solved]"}
        answers = [post.number for post in topic.posts[1:] if post.post_type == 1]
        if answers and rng.random() < 0.28:
            accepted = topic.posts[rng.choice(answers) - 1]
            solved_at = accepted.created_at + timedelta(hours=rng.randrange(1, 200))
            changes |= {"accepted_number": accepted.number, "solved_at": solved_at}
            if rng.random() < 0.05:
                changes["unsolved_at"] = solved_at + timedelta(days=rng.randrange(1, 50))
        if number % 120 == 3:
            until = topic.created_at + timedelta(days=rng.randrange(60, 400))
            is_global = number % 240 == 3
            changes |= {"pinned_at": topic.created_at, "pinned_until": until, "is_pinned_globally": is_global}
        return changes

    def _closing(self, topic: ForumTopic, at: datetime, field: str, action: str) -> dict[str, Any]:
        """The change and the small action that tells of it; nothing where it would come after the end."""
        if at >= ENDS_AT:
            return {}
        staff = self._rng.choice(self._staff)
        post = ForumPost(0, len(topic.posts) + 1, staff, at, "", post_type=SMALL_ACTION, action_code=action)
        return {field: at, "posts": (*topic.posts, post)}
