"""A seeded, invented forum about the families of the invented Hub: served at any moment, with its own truth.

The same seed and size give the same forum; what it answers is a function of these and the moment.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from ptm_spark.standin.forum_bodies import latest_body, member_body, post_body, row_body, topic_body
from ptm_spark.standin.forum_categories import PLANS, full_slug, plan_of
from ptm_spark.standin.forum_invent import invent_forum
from ptm_spark.standin.forum_life import REGULAR, ForumPost, ForumTopic, Member
from ptm_spark.standin.forum_source import LATEST_SIZE, Category, Json, RawPost, Status, tag_row

_RAW_TIME = "%Y-%m-%d %H:%M:%S UTC"


class InventedForum:
    """The invented forum as a source of the stand-in forum, at moment ``at``.

    With ``advance``, each list request after the first finds the forum that much later. ``at`` may be set at any time.
    With ``detailed_404``, deleted topics answer 410 instead of 404. Methods that take ``at`` tell the truth about that
    moment; left out, it is the present one.
    """

    title = "Invented forum"

    def __init__(
        self,
        seed: int = 7,
        topics: int = 600,
        at: datetime = datetime(2024, 11, 30, 12, tzinfo=UTC),
        advance: timedelta = timedelta(0),
        *,
        detailed_404: bool = False,
    ) -> None:
        self.topics: tuple[ForumTopic, ...] = invent_forum(seed, topics)
        self.at, self.advance, self.detailed_404 = at, advance, detailed_404
        self._has_ticked = False
        self._by_id = {topic.topic_id: topic for topic in self.topics}
        posts = [(post, topic) for topic in self.topics for post in topic.posts]
        self._posts: dict[int, tuple[ForumPost, ForumTopic]] = {post.post_id: (post, topic) for post, topic in posts}
        self._in_time = sorted((post.created_at, post.post_id) for post, _ in posts)
        members: dict[int, Member] = {post.author.user_id: post.author for post, _ in posts}
        self._members = members
        names = sorted({tag for topic in self.topics for tag in topic.tags})
        self._tag_ids = {name: number for number, name in enumerate(names, 1)}
        self._kept_rows: tuple[datetime, list[Json]] | None = None

    # -- truth

    def get(self, topic_id: int) -> ForumTopic:
        """Life of a topic; KeyError if there never is one."""
        return self._by_id[topic_id]

    def get_post(self, post_id: int) -> ForumPost:
        """Life of a post; KeyError if there never is one."""
        return self._posts[post_id][0]

    def listed_topics(self, at: datetime | None = None) -> list[int]:
        """Ids that lists hold at that moment, ascending, which is in order of creation."""
        at = at or self.at
        return [topic.topic_id for topic in self.topics if topic.is_listed(at) and self._is_open(topic, at)]

    def readable_topics(self, at: datetime | None = None) -> list[int]:
        """Ids that answer 200 at that moment: the listed ones and the unlisted."""
        return [topic.topic_id for topic in self.topics if self.status(topic.topic_id, at) == 200]

    def deleted_topics(self, at: datetime | None = None) -> list[int]:
        """Ids of topics that were there and are deleted by that moment."""
        at = at or self.at
        return [topic.topic_id for topic in self.topics if topic.deleted_at is not None and topic.deleted_at <= at]

    def visible_posts(self, topic_id: int, at: datetime | None = None) -> list[ForumPost]:
        """Posts of a topic that a reader gets at that moment, in order of number, whatever the topic's status."""
        return self._by_id[topic_id].visible_posts(at or self.at)

    def row(self, topic_id: int, at: datetime | None = None) -> Json:
        """List row of a topic at that moment, also of one that no list holds."""
        return row_body(self._by_id[topic_id], at or self.at, self._tag_ids)

    # -- source

    def tick(self) -> None:
        """Move the clock by ``advance``, but not at the first call."""
        if self._has_ticked:
            self.at += self.advance
        self._has_ticked = True

    def categories(self, at: datetime | None = None) -> list[Category]:
        """Categories that have begun, with the numbers of their listed topics (definitions left out) and posts."""
        at = at or self.at
        topics: Counter[int] = Counter()
        posts: Counter[int] = Counter()
        definitions = {}
        for topic in self.topics:
            if topic.is_definition:
                definitions[topic.category_id] = topic.topic_id
            elif topic.is_listed(at):
                topics[topic.category_at(at)] += 1
                posts[topic.category_at(at)] += len(topic.visible_posts(at))
        return [
            Category(
                category_id=plan.category_id,
                name=plan.name,
                full_slug=full_slug(plan),
                description=f"What belongs here: {plan.name}.",
                parent_id=plan.parent_id,
                read_restricted=plan.read_restricted,
                definition_id=definitions.get(plan.category_id),
                topic_count=topics[plan.category_id],
                post_count=posts[plan.category_id],
            )
            for plan in PLANS
            if plan.began_at <= at
        ]

    def rows(self, at: datetime | None = None) -> list[Json]:
        """Rows of ``listed_topics``."""
        at = at or self.at
        if self._kept_rows is None or self._kept_rows[0] != at:
            self._kept_rows = (at, [self.row(topic_id, at) for topic_id in self.listed_topics(at)])
        return self._kept_rows[1]

    def users(self, user_ids: Iterable[int]) -> list[Json]:
        """Members whose account exists now."""
        found = (self._members[user_id] for user_id in user_ids if user_id in self._members)
        return [member_body(member) for member in found if member.is_known(self.at)]

    def tags(self) -> list[Json]:
        """Tags of the listed topics, in order of name."""
        counts = Counter(tag for topic_id in self.listed_topics() for tag in self._by_id[topic_id].tags)
        return [tag_row(name, counts[name]) for name in sorted(counts)]

    def status(self, topic_id: int, at: datetime | None = None) -> Status:
        """404 before the topic and where there is none; 404 or 410 after it; 403 in a category for members."""
        at = at or self.at
        topic = self._by_id.get(topic_id)
        if topic is None or at < topic.created_at:
            return 404
        if not topic.is_there(at):
            return 410 if self.detailed_404 else 404
        return 200 if self._is_open(topic, at) else 403

    def topic(self, topic_id: int, at: datetime | None = None) -> Json:
        """Body of a topic without ``post_stream``, with five rows of the next topics of its category."""
        at = at or self.at
        topic = self._by_id[topic_id]
        place = bisect_right(self.topics, topic_id, key=lambda other: other.topic_id)
        near = (
            other
            for other in (*self.topics[place:], *self.topics[: place - 1])
            if other.is_listed(at) and other.category_at(at) == topic.category_at(at)
        )
        suggested = [_with_users(row_body(other, at, self._tag_ids), self._members) for other in islice(near, 5)]
        return topic_body(topic, at, self._tag_ids, suggested)

    def stream(self, topic_id: int, at: datetime | None = None) -> list[int]:
        """Ids of ``visible_posts``."""
        return [post.post_id for post in self.visible_posts(topic_id, at)]

    def posts(self, post_ids: Sequence[int], *, with_raw: bool, at: datetime | None = None) -> list[Any]:
        """Bodies of those of these posts that are visible."""
        at = at or self.at
        found = (self._posts[post_id] for post_id in post_ids if post_id in self._posts)
        return [post_body(post, topic, at, with_raw=with_raw) for post, topic in found if post.is_visible(at)]

    def topic_of(self, post_id: int) -> int | None:
        """Topic of a visible post."""
        found = self._posts.get(post_id)
        return found[1].topic_id if found is not None and found[0].is_visible(self.at) else None

    def latest_posts(self, before: int | None, at: datetime | None = None) -> list[Json]:
        """The last 50 regular, not hidden posts of listed topics, less those that members only may read."""
        at = at or self.at
        written = bisect_right(self._in_time, (at, 1 << 60))
        newest = (self._posts[post_id] for _, post_id in reversed(self._in_time[:written]))
        window = (
            (post, topic)
            for post, topic in newest
            if (before is None or post.post_id < before)
            and post.post_type == REGULAR
            and post.is_visible(at)
            and not post.is_hidden(at)
            and topic.is_listed(at)
        )
        return [latest_body(post, topic, at) for post, topic in islice(window, LATEST_SIZE) if self._is_open(topic, at)]

    def raw_posts(self, topic_id: int) -> list[RawPost]:
        """Visible posts but for hidden ones, as plain text."""
        return [
            RawPost(
                number=post.number,
                username=post.author.username if post.author.is_known(self.at) else "",
                updated_at=post.updated_at(self.at).strftime(_RAW_TIME),
                raw=post.raw_at(self.at),
            )
            for post in self.visible_posts(topic_id)
            if not post.is_hidden(self.at)
        ]

    def _is_open(self, topic: ForumTopic, at: datetime) -> bool:
        return not plan_of(topic.category_at(at)).read_restricted


def _with_users(row: Json, members: dict[int, Member]) -> Json:
    posters = [
        {"extras": one["extras"], "description": one["description"], "user": member_body(members[one["user_id"]])}
        for one in row["posters"]
    ]
    return row | {"posters": posters}
