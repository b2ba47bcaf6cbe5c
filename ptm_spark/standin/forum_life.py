"""Life histories of the invented forum: members, posts and topics, and what of them can be seen at a moment."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

REGULAR, MODERATOR_ACTION, SMALL_ACTION, WHISPER = 1, 2, 3, 4

#: a post that its author took back says so for a day; then it is gone
WITHDRAWN_FOR = timedelta(days=1)
WITHDRAWN_TEXT = "(post deleted by author)"


def as_text(moment: datetime) -> str:
    """The moment as the forum writes it: UTC with milliseconds."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@dataclass(frozen=True, slots=True)
class Member:
    """A member. From ``deleted_at`` on, posts of the account have no author any more."""

    user_id: int
    username: str
    name: str | None
    trust_level: int
    role: Literal["member", "moderator", "admin"] = "member"
    deleted_at: datetime | None = None

    @property
    def avatar_template(self) -> str:
        """Address of the avatar, relative, with the size left open."""
        return f"/letter_avatar_proxy/v4/letter/{self.username[0].lower()}/8491ac/{{size}}.png"

    def is_known(self, at: datetime) -> bool:
        """True while the account exists."""
        return self.deleted_at is None or at < self.deleted_at


@dataclass(frozen=True, slots=True)
class ForumPost:
    """A post from its writing on. ``number`` is its place in the topic, never given twice.

    ``edits`` are (moment, new Markdown) in order of time. A hidden post stays with another text; a withdrawn one says
    for a day that it was; a deleted one is gone. Whispers are never seen. ``poll`` are the choices of a poll.
    """

    post_id: int
    number: int
    author: Member
    created_at: datetime
    raw: str
    post_type: int = REGULAR
    reply_to: int | None = None
    action_code: str | None = None
    edits: tuple[tuple[datetime, str], ...] = ()
    hidden_at: datetime | None = None
    withdrawn_at: datetime | None = None
    deleted_at: datetime | None = None
    likes_limit: int = 0
    poll: tuple[str, ...] = ()

    def is_visible(self, at: datetime) -> bool:
        """True if an anonymous reader of the topic gets the post, hidden or withdrawn ones included."""
        if at < self.created_at or self.post_type == WHISPER:
            return False
        if self.deleted_at is not None and self.deleted_at <= at:
            return False
        return self.withdrawn_at is None or at < self.withdrawn_at + WITHDRAWN_FOR

    def is_hidden(self, at: datetime) -> bool:
        """True once the post is hidden."""
        return self.hidden_at is not None and self.hidden_at <= at

    def is_withdrawn(self, at: datetime) -> bool:
        """True once the author took the post back."""
        return self.withdrawn_at is not None and self.withdrawn_at <= at

    def raw_at(self, at: datetime) -> str:
        """Markdown at that moment, also of a hidden post."""
        if self.is_withdrawn(at):
            return WITHDRAWN_TEXT
        return next((raw for edited_at, raw in reversed(self.edits) if edited_at <= at), self.raw)

    def _changes(self, at: datetime) -> Iterator[datetime]:
        yield from (edited_at for edited_at, _ in self.edits if edited_at <= at)
        yield from (moment for moment in (self.withdrawn_at,) if moment is not None and moment <= at)

    def version_at(self, at: datetime) -> int:
        """1 and one for each change of the text."""
        return 1 + sum(1 for _ in self._changes(at))

    def updated_at(self, at: datetime) -> datetime:
        """Moment of the last change of the text or of being hidden; of writing, if there was none."""
        hidden = [self.hidden_at] if self.hidden_at is not None and self.hidden_at <= at else []
        return max([self.created_at, *self._changes(at), *hidden])

    def likes_at(self, at: datetime) -> int:
        """Likes; they only grow, towards ``likes_limit``."""
        days = (at - self.created_at).days
        return self.likes_limit * days // (days + 20)


@dataclass(frozen=True, slots=True)
class ForumTopic:
    """A topic from its first post on. Each ``…_at`` that is None never comes.

    ``moved_to`` is the category from ``moved_at`` on, ``new_title`` the title from ``retitled_at`` on.
    ``accepted_number`` is the answer from ``solved_at`` on, until ``unsolved_at``. ``family`` is the model family that
    it is about, None for none. ``posts`` are all that are ever written, in order of number.
    """

    topic_id: int
    title: str
    category_id: int
    created_at: datetime
    family: str | None
    posts: tuple[ForumPost, ...]
    tags: tuple[str, ...] = ()
    has_tag_objects: bool = False
    views_limit: int = 0
    is_definition: bool = False
    never_dates_last_post: bool = False
    accepted_number: int | None = None
    solved_at: datetime | None = None
    unsolved_at: datetime | None = None
    moved_at: datetime | None = None
    moved_to: int | None = None
    retitled_at: datetime | None = None
    new_title: str = ""
    closed_at: datetime | None = None
    archived_at: datetime | None = None
    unlisted_at: datetime | None = None
    deleted_at: datetime | None = None
    pinned_at: datetime | None = None
    pinned_until: datetime | None = None
    is_pinned_globally: bool = False

    def category_at(self, at: datetime) -> int:
        """Id of the category at that moment."""
        return self.moved_to if self.moved_to is not None and reached(self.moved_at, at) else self.category_id

    def title_at(self, at: datetime) -> str:
        """Title at that moment."""
        return self.new_title if reached(self.retitled_at, at) else self.title

    def is_there(self, at: datetime) -> bool:
        """True from the first post until the deletion."""
        return self.created_at <= at and not reached(self.deleted_at, at)

    def is_listed(self, at: datetime) -> bool:
        """True where lists would name it, were its category open to all."""
        return self.is_there(at) and not reached(self.unlisted_at, at)

    def is_pinned(self, at: datetime) -> bool:
        """True while the topic is pinned."""
        return reached(self.pinned_at, at) and not reached(self.pinned_until, at)

    def visible_posts(self, at: datetime) -> list[ForumPost]:
        """Posts that an anonymous reader gets, in order of number."""
        return [post for post in self.posts if post.is_visible(at)]

    def is_solved(self, at: datetime) -> bool:
        """True while some post is marked as the answer, even if that post itself is gone."""
        return reached(self.solved_at, at) and not reached(self.unsolved_at, at)

    def accepted(self, at: datetime) -> ForumPost | None:
        """The post that is the answer at that moment; None if there is none or it is gone."""
        if not self.is_solved(at):
            return None
        return next((post for post in self.posts if post.number == self.accepted_number and post.is_visible(at)), None)

    def bumped_at(self, at: datetime) -> datetime:
        """What lists order by: the last regular post, or an edit of it. Nothing else bumps a topic."""
        regular = [post for post in self.visible_posts(at) if post.post_type == REGULAR]
        if not regular:
            return self.created_at
        return max([regular[-1].created_at, *(moment for moment, _ in regular[-1].edits if moment <= at)])

    def last_posted_at(self, at: datetime) -> datetime | None:
        """Moment of the last visible post; None for the few topics that never say."""
        if self.never_dates_last_post:
            return None
        return max((post.created_at for post in self.visible_posts(at)), default=self.created_at)

    def views_at(self, at: datetime) -> int:
        """Views; they only grow, towards ``views_limit``."""
        days = (at - self.created_at).days
        return 1 + self.views_limit * days // (days + 60)

    def numbered(self, post_ids: dict[int, int]) -> "ForumTopic":
        """The topic with these ids of posts, by number."""
        return replace(self, posts=tuple(replace(post, post_id=post_ids[post.number]) for post in self.posts))


def reached(moment: datetime | None, at: datetime) -> bool:
    """True if the moment comes at all and is past at ``at``."""
    return moment is not None and moment <= at
