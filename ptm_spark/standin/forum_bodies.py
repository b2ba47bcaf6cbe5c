"""JSON bodies of the invented forum's topics and posts at a moment, key by key as the forum's own."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ptm_spark.standin.forum_life import SMALL_ACTION, ForumPost, ForumTopic, Member, as_text, reached
from ptm_spark.standin.forum_markdown import cook, links, plain
from ptm_spark.standin.forum_source import CHUNK_SIZE, Json, fancy, list_row, posters, slug_of

_HIDDEN = "<p>This post is hidden, since the community flagged it.</p>"
_LIKE = 2
_FLAIR: Json = {"primary_group_name": None, "flair_name": None, "flair_url": None, "flair_color": None}


def member_body(member: Member) -> Json:
    """A member as lists and details name one."""
    return {
        "id": member.user_id,
        "username": member.username,
        "name": member.name,
        "avatar_template": member.avatar_template,
    }


def post_body(post: ForumPost, topic: ForumTopic, at: datetime, *, with_raw: bool) -> Json:
    """A visible post. The raw text of a hidden one is not given; posts of deleted accounts have no user."""
    member = post.author if post.author.is_known(at) else None
    raw, is_hidden = post.raw_at(at), post.is_hidden(at)
    small = post.post_type == SMALL_ACTION
    accepted = topic.accepted(at)
    later = [other for other in topic.posts[post.number :] if other.is_visible(at)]
    quoting = f"post:{post.number}, topic:{topic.topic_id}"
    age = (at - post.created_at).days
    likes = post.likes_at(at)
    reads = min(1 + age, 1 + topic.views_at(at) // 3)
    body: Json = {
        "id": post.post_id,
        "name": member.name if member else None,
        "username": member.username if member else None,
        "avatar_template": member.avatar_template if member else None,
        "created_at": as_text(post.created_at),
        "cooked": _HIDDEN if is_hidden else "" if small else cook(raw),
        "post_number": post.number,
        "post_type": post.post_type,
        "posts_count": len(topic.visible_posts(at)),
        "updated_at": as_text(post.updated_at(at)),
        "reply_count": sum(other.reply_to == post.number for other in later),
        "reply_to_post_number": post.reply_to,
        "quote_count": sum(quoting in other.raw_at(at) for other in later),
        "incoming_link_count": age // 90,
        "reads": reads,
        "readers_count": reads - 1,
        "score": round(0.2 * reads + 15 * likes, 1),
        "yours": False,
        "topic_id": topic.topic_id,
        "topic_slug": slug_of(topic.title_at(at)),
        "display_username": member.name if member else None,
        **_FLAIR,
        "flair_bg_color": None,
        "flair_group_id": None,
        "badges_granted": [],
        "version": post.version_at(at),
        "can_edit": False,
        "can_delete": False,
        "can_recover": False,
        "can_see_hidden_post": False,
        "can_wiki": False,
        "read": True,
        "user_title": None,
        "bookmarked": False,
        "actions_summary": [{"id": _LIKE, "count": likes}] if likes else [],
        "moderator": bool(member and member.role == "moderator"),
        "admin": bool(member and member.role == "admin"),
        "staff": bool(member and member.role != "member"),
        "user_id": member.user_id if member else None,
        "hidden": is_hidden,
        "trust_level": member.trust_level if member else None,
        "deleted_at": None,
        "user_deleted": post.is_withdrawn(at),
        "edit_reason": None,
        "can_view_edit_history": True,
        "wiki": False,
        "post_url": f"/t/{slug_of(topic.title_at(at))}/{topic.topic_id}/{post.number}",
        "can_accept_answer": False,
        "can_unaccept_answer": False,
        "accepted_answer": accepted is not None and accepted.number == post.number,
        "topic_accepted_answer": accepted is not None,
    }
    if is_hidden:
        body |= {"cooked_hidden": True, "hidden_reason_id": 3}
    elif with_raw:
        body["raw"] = raw
    if small:
        body["action_code"] = post.action_code
    replied = next((other for other in topic.posts if other.number == post.reply_to), None)
    if replied is not None and replied.author.is_known(at):
        body["reply_to_user"] = {key: value for key, value in member_body(replied.author).items() if key != "id"}
    if links(raw) and not is_hidden:
        body["link_counts"] = [
            {"url": url, "internal": False, "reflection": False, "clicks": age // 30} for url in links(raw)
        ]
    if post.poll:
        body["polls"] = [_poll(post, age)]
    return body


def _poll(post: ForumPost, age: int) -> Json:
    votes = [age * (len(choice) % 5 + 1) // 60 for choice in post.poll]
    options = [
        {"id": hashlib.md5(choice.encode(), usedforsecurity=False).hexdigest(), "html": choice, "votes": count}
        for choice, count in zip(post.poll, votes, strict=True)
    ]
    kind = {
        "name": "poll",
        "type": "regular",
        "status": "open",
        "results": "always",
        "chart_type": "bar",
        "title": None,
    }
    return kind | {"options": options, "voters": sum(votes)}


def latest_body(post: ForumPost, topic: ForumTopic, at: datetime) -> Json:
    """A post as in the list of latest posts: with Markdown and with what it needs of its topic."""
    raw = post.raw_at(at)
    return post_body(post, topic, at, with_raw=True) | {
        "topic_title": topic.title_at(at),
        "topic_html_title": fancy(topic.title_at(at)),
        "category_id": topic.category_at(at),
        "excerpt": plain(raw, 300),
        "truncated": len(plain(raw, 10**6)) > 300,
    }


def tag_bodies(topic: ForumTopic, tag_ids: dict[str, int]) -> list[Any]:
    """Tags as texts or as objects, whichever the topic has."""
    if not topic.has_tag_objects:
        return list(topic.tags)
    return [{"id": tag_ids[tag], "name": tag, "slug": slug_of(tag)} for tag in topic.tags]


def head_body(topic: ForumTopic, at: datetime, tag_ids: dict[str, int]) -> Json:
    """What both the body of a topic and its list row say."""
    posts, title = topic.visible_posts(at), topic.title_at(at)
    last = topic.last_posted_at(at)
    body: Json = {
        "id": topic.topic_id,
        "title": title,
        "fancy_title": fancy(title),
        "slug": slug_of(title),
        "posts_count": len(posts),
        "created_at": as_text(topic.created_at),
        "views": topic.views_at(at),
        "reply_count": sum(post.reply_to is not None for post in posts),
        "like_count": sum(post.likes_at(at) for post in posts),
        "last_posted_at": None if last is None else as_text(last),
        "visible": not reached(topic.unlisted_at, at),
        "closed": reached(topic.closed_at, at),
        "archived": reached(topic.archived_at, at),
        "has_summary": len(posts) >= 50,
        "archetype": "regular",
        "category_id": topic.category_at(at),
        "featured_link": None,
        "pinned": topic.is_pinned(at),
        "pinned_globally": topic.is_pinned(at) and topic.is_pinned_globally,
        "unpinned": None,
        "image_url": None,
        "highest_post_number": max((post.number for post in posts), default=0),
        "tags": tag_bodies(topic, tag_ids),
        "tags_descriptions": {},
    }
    if ":hugs:" in title:
        body["unicode_title"] = title.replace(":hugs:", "🤗")
    if topic.is_solved(at):
        body["accepted_answer"] = _accepted(topic, at)
    return body


def _accepted(topic: ForumTopic, at: datetime) -> Json | None:
    post = topic.accepted(at)
    if post is None:
        return None
    member = post.author if post.author.is_known(at) else None
    return {
        "post_number": post.number,
        "username": member.username if member else None,
        "name": member.name if member else None,
        "excerpt": None if post.is_hidden(at) else plain(post.raw_at(at), 200),
    }


def row_body(topic: ForumTopic, at: datetime, tag_ids: dict[str, int]) -> Json:
    """List row of a topic."""
    posts = topic.visible_posts(at)
    known = [post.author.user_id if post.author.is_known(at) else None for post in posts]
    often = [user for user, _ in Counter(user for user in known if user is not None).most_common()]
    last = posts[-1].author if posts and posts[-1].author.is_known(at) else None
    row = list_row(
        head_body(topic, at, tag_ids),
        bumped_at=as_text(topic.bumped_at(at)),
        op_like_count=posts[0].likes_at(at) if posts else 0,
        posters=posters(known[0], known[-1], often) if known else [],
        last_poster=last.username if last else None,
    )
    return row | ({"excerpt": plain(topic.posts[0].raw_at(at), 200)} if row["pinned"] else {})


def topic_body(topic: ForumTopic, at: datetime, tag_ids: dict[str, int], suggested: Sequence[Json]) -> Json:
    """Body of a topic but for ``post_stream``; ``suggested`` are list rows of others."""
    posts = topic.visible_posts(at)
    counts = Counter(post.author for post in posts if post.author.is_known(at))
    first, last = topic.posts[0].author, (posts or topic.posts)[-1].author
    days = [(at - post.created_at).days for post in posts]
    details: Json = {
        "can_edit": False,
        "notification_level": 1,
        "participants": [
            member_body(member) | {"post_count": count} | _FLAIR
            | {"flair_bg_color": None, "flair_group_id": None, "trust_level": member.trust_level}
            for member, count in counts.most_common(24)
        ],
        "created_by": member_body(first) if first.is_known(at) else None,
        "last_poster": member_body(last) if last.is_known(at) else None,
    }  # fmt: skip
    urls = [(url, post) for post in posts if not post.is_hidden(at) for url in links(post.raw_at(at))]
    if urls:
        details["links"] = [_link(url, post, at) for url, post in urls]
    return head_body(topic, at, tag_ids) | {
        "timeline_lookup": [[place + 1, day] for place, day in enumerate(days) if not place or day != days[place - 1]],
        "suggested_topics": list(suggested),
        "word_count": sum(len(post.raw_at(at).split()) for post in posts),
        "deleted_at": None,
        "user_id": first.user_id if first.is_known(at) else None,
        "pinned_at": as_text(topic.pinned_at) if topic.pinned_at is not None and topic.is_pinned(at) else None,
        "pinned_until": as_text(topic.pinned_until) if topic.pinned_until is not None and topic.is_pinned(at) else None,
        "slow_mode_seconds": 0,
        "slow_mode_enabled_until": None,
        "draft": None,
        "draft_key": f"topic_{topic.topic_id}",
        "draft_sequence": None,
        "current_post_number": 1,
        "deleted_by": None,
        "actions_summary": [{"id": number, "count": 0, "hidden": False, "can_act": False} for number in (4, 8, 7)],
        "chunk_size": CHUNK_SIZE,
        "bookmarked": False,
        "bookmarks": [],
        "topic_timer": None,
        "message_bus_last_id": 0,
        "participant_count": len(counts),
        "show_read_indicator": False,
        "thumbnails": None,
        "tags_disable_ads": False,
        "details": details,
    }


def _link(url: str, post: ForumPost, at: datetime) -> Json:
    return {
        "url": url, "title": None, "internal": False, "attachment": False, "reflection": False,
        "clicks": (at - post.created_at).days // 30, "user_id": post.author.user_id, "domain": url.split("/")[2],
        "root_domain": url.split("/")[2],
    }  # fmt: skip
