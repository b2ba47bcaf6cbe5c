"""The stand-in forum over saved dumps."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from forums import ids, served

from ptm_spark.errors import UsageError
from ptm_spark.standin.forum_dump import ForumDump


def _topic(number: int, posts: list[dict[str, Any]], **values: Any) -> dict[str, Any]:
    body = {
        "id": number, "title": f"Topic {number}", "fancy_title": f"Topic {number}", "slug": f"topic-{number}",
        "posts_count": len(posts), "created_at": f"2020-01-0{number}T00:00:00.000Z", "views": number, "reply_count": 0,
        "like_count": 0, "last_posted_at": f"2020-02-0{9 - number}T00:00:00.000Z", "visible": True, "category_id": 3,
        "highest_post_number": len(posts), "chunk_size": 20, "tags": ["one"],
        "details": {"created_by": {"id": 5, "username": "ann"}, "last_poster": {"id": 6, "username": "bob"},
                    "participants": [{"id": 7, "username": "cy"}]},
    }  # fmt: skip
    return body | values | {"post_stream": {"posts": posts, "stream": [post["id"] for post in posts]}}


def _post(number: int, **values: Any) -> dict[str, Any]:
    return {"id": number, "post_number": 1, "post_type": 1, "cooked": f"<p>{number}</p>", "hidden": False} | values


def test_dump_is_served_as_saved_without_raw(tmp_path: Path) -> None:
    long = [_post(100 + number, post_number=number + 1) for number in range(47)]
    bodies = [
        _topic(1, long),
        _topic(2, [_post(7, actions_summary=[{"id": 2, "count": 3}]), _post(8, post_type=3), _post(9, hidden=True)]),
        _topic(3, [_post(10)], visible=False),
        _topic(4, [_post(11)], title="About the Old Things category", slug="about-the-old-things-category"),
    ]
    path = tmp_path / "topics.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(body) for body in bodies))
    with served(ForumDump.read(path)) as site:
        rows = [row for page in site.walk("/latest.json?order=created&ascending=true&per_page=2") for row in page]
        assert ids(rows) == [1, 2, 4]
        assert rows[1]["op_like_count"] == 3 and rows[0]["last_poster_username"] == "bob"
        assert [poster["user_id"] for poster in rows[0]["posters"]] == [5, 7, 6]
        topic = site.json("/t/1.json?include_raw=1")
        assert topic["post_stream"] == {"posts": long[:20], "stream": [post["id"] for post in long]}
        assert site.json("/t/1.json?page=3")["post_stream"]["posts"] == long[40:]
        more = site.json("/t/1/posts.json?post_ids[]=146&post_ids[]=120")["post_stream"]["posts"]
        assert more == [long[20], long[46]]
        assert site.json("/t/3.json")["visible"] is False
        latest = site.json("/posts.json")["latest_posts"]
        assert ids(latest) == [*range(146, 99, -1), 11, 7]
        assert ids(site.json("/posts.json?before=101")["latest_posts"]) == [100, 11, 7]
        assert site.json("/posts/7.json") == bodies[1]["post_stream"]["posts"][0]
        assert site.ask("/raw/1").status == 404
        (category,) = site.json("/site.json")["categories"]
        assert {"id": 3, "name": "Old Things", "slug": "old-things", "topic_count": 2}.items() <= category.items()
        listed = site.json("/c/old-things/3.json?no_definitions=true")["topic_list"]["topics"]
        assert ids(listed) == [1, 2]
        (tag,) = site.json("/tags.json")["tags"]
        assert (tag["name"], tag["count"]) == ("one", 3)


def test_second_copy_of_a_topic_replaces_the_first() -> None:
    dump = ForumDump([_topic(1, [_post(1), _post(2)]), _topic(1, [_post(2), _post(3)], views=9)])
    assert dump.stream(1) == [2, 3] and dump.topic_of(1) is None
    assert [row["views"] for row in dump.rows()] == [9]
    assert ids(dump.latest_posts(None)) == [3, 2]


@pytest.mark.parametrize("line", [b"{}", b"[1]", b"<html>", b'{"id": 1, "post_stream": {"posts": 5}}'])
def test_what_is_no_dump_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "topics.jsonl"
    path.write_bytes(orjson.dumps(_topic(1, [_post(1)])) + b"\n" + line + b"\n")
    with pytest.raises(UsageError, match=r"topics\.jsonl, line 2: no topic"):
        ForumDump.read(path)
    with pytest.raises(UsageError, match="give a file of JSON Lines"):
        ForumDump.read(tmp_path / "missing.jsonl")


def test_real_dump_is_walked_in_full(real_data: Path) -> None:
    dump = ForumDump.read(real_data / "forum" / "urho3d_topics_2014-2022.jsonl.gz")
    rows = dump.rows()
    assert len(rows) == 5046
    posts = 0
    with served(dump) as site:
        pages = site.walk("/latest.json?order=created&ascending=true&per_page=100")
        assert sorted(row["id"] for page in pages for row in page) == sorted(row["id"] for row in rows)
        before = 0
        for _ in range(5):
            page = site.json(f"/posts.json?before={before}")["latest_posts"]
            assert len(page) == 50
            posts, before = posts + 50, page[-1]["id"]
        longest = max(rows, key=lambda row: row["posts_count"])
        body = site.json(f"/t/{longest['id']}.json")
        assert len(body["post_stream"]["stream"]) == longest["posts_count"] == 437
