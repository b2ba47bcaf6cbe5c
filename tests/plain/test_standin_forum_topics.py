"""The stand-in forum's topics and posts: do they answer as a Discourse forum's do, item by item?"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from forums import AT, Served, ids, served

from ptm_spark.standin.forum_life import REGULAR, SMALL_ACTION, WHISPER, reached
from ptm_spark.standin.forum_markdown import cook
from ptm_spark.standin.forum_source import slug_of
from ptm_spark.standin.forum_world import InventedForum


@pytest.fixture(scope="module")
def forum() -> InventedForum:
    return InventedForum(seed=7, topics=600, at=AT)


@pytest.fixture(scope="module")
def site(forum: InventedForum) -> Iterator[Served]:
    with served(forum) as site:
        yield site


def _fate(forum: InventedForum, field: str) -> int:
    """A topic of open categories that has met with this by now."""
    return next(
        topic.topic_id
        for topic in forum.topics
        if reached(getattr(topic, field), AT) and forum.status(topic.topic_id, topic.created_at) == 200
    )


def test_topic_gives_its_first_posts_and_allids(forum: InventedForum, site: Served) -> None:
    topic_id = max(forum.readable_topics(), key=lambda topic: len(forum.visible_posts(topic)))
    life = forum.visible_posts(topic_id)
    body = site.json(f"/t/{topic_id}.json")
    stream = body["post_stream"]["stream"]
    assert stream == [post.post_id for post in life] and len(stream) > 60
    assert body["chunk_size"] == 20 and ids(body["post_stream"]["posts"]) == stream[:20]
    assert body["posts_count"] == len(stream) and body["highest_post_number"] == life[-1].number
    assert all("raw" not in post for post in body["post_stream"]["posts"])
    raw = site.json(f"/t/{topic_id}.json?include_raw=1")["post_stream"]["posts"]
    assert [post.get("raw") for post in raw] == [None if post.is_hidden(AT) else post.raw_at(AT) for post in life[:20]]
    found = []
    for page in range(1, (len(stream) - 1) // 20 + 2):
        found += ids(site.json(f"/t/{topic_id}.json?page={page}")["post_stream"]["posts"])
    assert found == stream
    assert (
        site.ask(f"/t/{topic_id}.json?page={page + 1}").status == site.ask(f"/t/{topic_id}.json?page=0").status == 404
    )
    assert site.ask(f"/t/{topic_id}.json?page=x").status == 400

    # in the topic's order; nothing for ids of other topics
    query = "&".join(f"post_ids[]={post_id}" for post_id in [*reversed(stream[20:45]), stream[0] - 1, 10**12])
    more = site.json(f"/t/{topic_id}/posts.json?{query}&include_raw=1")
    assert more["id"] == topic_id and ids(more["post_stream"]["posts"]) == stream[20:45]
    assert any("raw" in post for post in more["post_stream"]["posts"])
    for post_id in stream[40:44]:
        assert site.json(f"/posts/{post_id}.json")["topic_id"] == topic_id


def test_topic_and_row_say_the_same(forum: InventedForum, site: Served) -> None:
    for topic_id in forum.listed_topics()[::25]:
        body, row = site.json(f"/t/{topic_id}.json"), forum.row(topic_id)
        same = (body.keys() & row.keys()) - {"bookmarked"}
        assert {key: body[key] for key in same} == {key: row[key] for key in same} and len(same) > 20
        assert row["has_accepted_answer"] == bool(body.get("accepted_answer"))


def test_wrong_slug_of_a_topic_is_301_and_none_is_fine(forum: InventedForum, site: Served) -> None:
    topic = forum.get(_fate(forum, "retitled_at"))
    old, new = slug_of(topic.title), slug_of(topic.new_title)
    answer = site.ask(f"/t/{old}/{topic.topic_id}.json?include_raw=1")
    assert answer.status == 301
    assert answer.headers["Location"] == f"{site.url}/t/{new}/{topic.topic_id}.json?include_raw=1"
    assert site.json(f"/t/{new}/{topic.topic_id}.json")["title"] == topic.new_title


def test_deleted_topic_is_404_or_410(forum: InventedForum, site: Served) -> None:
    topic_id = _fate(forum, "deleted_at")
    answer = site.ask(f"/t/{topic_id}.json")
    assert answer.status == 404 and answer.json["error_type"] == "not_found"
    assert answer.json["extras"].keys() == {"title", "html", "group"}
    for path in (
        f"/t/{topic_id}/posts.json",
        f"/posts/{forum.get(topic_id).posts[0].post_id}.json",
        f"/raw/{topic_id}",
    ):
        assert site.ask(path).status == 404
    assert topic_id in forum.deleted_topics() and topic_id not in forum.listed_topics()
    with served(InventedForum(seed=7, topics=600, at=AT, detailed_404=True)) as detailed:
        assert detailed.ask(f"/t/{topic_id}.json").status == 410
    for path in ("/t/1.json", f"/t/{10**15}.json", "/t/99999999999999999999999999.json", "/posts/1.json", "/nowhere"):
        answer = site.ask(path)
        assert answer.status == 404 and answer.json["errors"]


def test_unlisted_topic_answers_but_no_list_has_it(forum: InventedForum, site: Served) -> None:
    topic_id = _fate(forum, "unlisted_at")
    body = site.json(f"/t/{topic_id}.json")
    assert body["visible"] is False and topic_id not in forum.listed_topics() and topic_id in forum.readable_topics()


def test_closed_moved_and_hidden_show(forum: InventedForum, site: Served) -> None:
    closed = forum.get(_fate(forum, "closed_at"))
    body = site.json(f"/t/{closed.topic_id}.json?page={(len(forum.visible_posts(closed.topic_id)) - 1) // 20 + 1}")
    last = body["post_stream"]["posts"][-1]
    assert body["closed"] and last["post_type"] == SMALL_ACTION and last["action_code"] == "closed.enabled"
    assert last["cooked"] == ""

    moved = forum.get(_fate(forum, "moved_at"))
    assert site.json(f"/t/{moved.topic_id}.json")["category_id"] == moved.moved_to
    assert forum.row(moved.topic_id, moved.created_at)["category_id"] == moved.category_id != moved.moved_to

    readable = [forum.get(topic) for topic in forum.readable_topics()]
    visible = [post for topic in readable for post in topic.visible_posts(AT)]
    hidden = next(post for post in visible if post.is_hidden(AT))
    body = site.json(f"/posts/{hidden.post_id}.json")
    assert body["hidden"] and body["cooked_hidden"] and "raw" not in body and cook(hidden.raw) != body["cooked"]
    gone = next(post for topic in readable for post in topic.posts if reached(post.deleted_at, AT))
    assert site.ask(f"/posts/{gone.post_id}.json").status == 404
    orphan = next(post for post in visible if not post.author.is_known(AT))
    body = site.json(f"/posts/{orphan.post_id}.json")
    assert body["username"] is body["user_id"] is body["name"] is None


def test_withdrawn_post_says_so_for_a_day_and_leaves_a_gap(forum: InventedForum) -> None:
    topic = next(topic for topic in forum.topics for post in topic.posts if post.withdrawn_at)
    post = next(post for post in topic.posts if post.withdrawn_at)
    assert post.withdrawn_at is not None
    soon, later = post.withdrawn_at + timedelta(hours=2), post.withdrawn_at + timedelta(hours=25)
    (body,) = forum.posts([post.post_id], with_raw=True, at=soon)
    assert body["user_deleted"] and body["raw"] == "(post deleted by author)" and body["version"] == 2
    assert post.number not in [one.number for one in forum.visible_posts(topic.topic_id, later)]
    whisper = next(post for topic in forum.topics for post in topic.posts if post.post_type == WHISPER)
    assert forum.posts([whisper.post_id], with_raw=True) == []


def test_accepted_answer_is_absent_an_object_or_null(forum: InventedForum, site: Served) -> None:
    kinds = Counter[str]()
    for topic_id in forum.readable_topics():
        body = forum.topic(topic_id)
        kinds[type(body["accepted_answer"]).__name__ if "accepted_answer" in body else "absent"] += 1
        if body.get("accepted_answer"):
            marked = [post for post in forum.posts(forum.stream(topic_id), with_raw=False) if post["accepted_answer"]]
            assert [post["post_number"] for post in marked] == [body["accepted_answer"]["post_number"]]
    assert kinds.keys() == {"absent", "dict", "NoneType"} and kinds["dict"] > 30


def test_tags_are_texts_or_objects(forum: InventedForum, site: Served) -> None:
    rows = [row for page in site.walk("/latest.json?per_page=100") for row in page]
    kinds = {type(tag) for row in rows for tag in row["tags"]}
    assert kinds == {str, dict}
    tag = next(tag for row in rows for tag in row["tags"] if isinstance(tag, dict))
    assert tag.keys() == {"id", "name", "slug"}
    counts = Counter(tag["name"] if isinstance(tag, dict) else tag for row in rows for tag in row["tags"])
    assert {tag["name"]: tag["count"] for tag in site.json("/tags.json")["tags"]} == counts


def test_walk_over_latest_posts_finds_each_listed_regular_post_once(forum: InventedForum, site: Served) -> None:
    found: list[dict[str, Any]] = []
    sizes, path = [], "/posts.json"
    while page := site.json(path)["latest_posts"]:
        sizes.append(len(page))
        found += page
        path = f"/posts.json?before={page[-1]['id']}"
    expected = {
        post.post_id: post.raw_at(AT)
        for topic in forum.listed_topics()
        for post in forum.visible_posts(topic)
        if post.post_type == REGULAR and not post.is_hidden(AT)
    }
    assert {post["id"]: post["raw"] for post in found} == expected
    assert ids(found) == sorted(expected, reverse=True)
    assert max(sizes) == 50 and min(sizes[:-1]) < 50  # what members only may read is missing from its page


def test_raw_pages_hold_a_hundred_posts(forum: InventedForum, site: Served) -> None:
    topic_id = max(forum.readable_topics(), key=lambda topic: len(forum.visible_posts(topic)))
    posts = [post for post in forum.visible_posts(topic_id) if not post.is_hidden(AT)]
    pages = [site.ask(f"/raw/{topic_id}?page={page}").body.decode() for page in (1, 2, 3)]
    heads = [re.findall(r"^.* \| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \| #(\d+)$", page, re.MULTILINE) for page in pages]
    assert [int(number) for page in heads for number in page] == [post.number for post in posts]
    assert [len(page) for page in heads] == [min(100, len(posts)), max(0, len(posts) - 100), 0]
    second = site.ask(f"/raw/{topic_id}/{posts[1].number}")
    assert second.body.decode() == posts[1].raw_at(AT) and second.headers["Content-Type"].startswith("text/plain")


def test_cooked_html_has_the_forums_markup() -> None:
    raw = (
        'Hi @ann,\n\n[quote="ann, post:2, topic:5"]\n<b> & so\n[/quote]\n\n```python\na < b\n```\n\n'
        "see `x < y` and [this](https://a.example/b) **now** :hugs:\n\n- one\n- two"
    )
    html = cook(raw)
    assert '<a class="mention" href="/u/ann">@ann</a>' in html
    assert '<aside class="quote no-group" data-username="ann" data-post="2" data-topic="5">' in html
    assert "<p>&lt;b&gt; &amp; so</p>" in html
    assert '<pre><code class="lang-python">a &lt; b\n</code></pre>' in html
    assert '<code>x &lt; y</code> and <a href="https://a.example/b" rel="noopener nofollow ugc">this</a>' in html
    assert "<strong>now</strong>" in html and "<ul>\n<li>one</li>\n<li>two</li>\n</ul>" in html


def test_print_is_refused(forum: InventedForum, site: Served) -> None:
    answer = site.ask(f"/t/{forum.listed_topics()[5]}.json?print=true")
    assert answer.status == 422 and answer.json.keys() == {"errors"}
