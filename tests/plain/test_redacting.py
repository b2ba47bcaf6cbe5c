"""What goes with a user who is forgotten, and what stays."""

import json
from typing import Any

from dumps import JSON_VALUES, landed_lines, quick
from forgotten import forget, left, post, topic, user
from hypothesis import given
from hypothesis import strategies as st
from landed import day, land_lines

from ptm_spark.config import load
from ptm_spark.landing import Landing
from ptm_spark.landing.redacting import Redaction
from ptm_spark.landing.redacting_forum import ForumTraces


def test_models_of_a_user_leave_every_entity_of_the_hub(landing: Landing) -> None:
    about = {"moved_to": "https://hub.example/api/models/ann/new"}
    crawls = {
        "models": [("ANN/x", {"id": "ANN/x", "_id": "1"}, {}), ("b/annex", {"id": "b/annex", "tags": ["ann"]}, {})],
        "model_info": [("b/y", {"id": "b/y", "author": "ann"}, {}), ("c/y", {"id": "c/y", "author": "c"}, {})],
        "cards": [("ann/x", "# A card", {}), ("ann/x", 404, {}), ("b/y", "by @ann", {}), ("old/x", 200, about)],
        "commits": [("ann/x", 204, {})],
    }
    landed = {
        name: land_lines(landing, f"hub/{name}", day(1), each, failed=("ann/z: status 500", "annex/z: status 500"))
        for name, each in crawls.items()
    }
    found = forget(landing)
    assert {path.split("/")[1]: counts["removed"] for path, counts in found.items()} == {
        "models": 1, "model_info": 1, "cards": 3, "commits": 1,
    }  # fmt: skip
    assert [line["key"] for name in crawls for line in left(landing, landed[name])] == ["b/annex", "c/y", "b/y"]
    after = landing.find(landed["cards"].path)
    assert after is not None
    assert (after.records, after.failed, after.options["forgotten"]) == (
        1, ("annex/z: status 500",), {"failed": 1, "removed": 3},
    )  # fmt: skip


def test_commits_of_theirs_go_and_those_with_others_lose_their_names(landing: Landing) -> None:
    message = "\n\nCo-authored-by: Ann Example <ann@users.x.org>\nCo-authored-by: Bo <bo@x.org>\nthanks @ann!\n"
    both = {"id": "1", "title": "t", "message": message, "authors": [{"user": "bo"}, {"user": "aNN", "avatar": "u"}]}
    records = [both, both | {"authors": [{"user": "ann"}]}, {"id": "3", "authors": [{"user": "joann"}]}]
    crawl = land_lines(landing, "hub/commits", day(1), [("b/y", record, {}) for record in records])
    row = {"repo_url": "b/y", "commit_hash": "2", "author": "Ann", "message": "m"}
    csv = land_lines(landing, "hub/commits", day(2), [("b/y", row, {}), ("b/y", row | {"author": "Ann Lee"}, {})])
    assert list(forget(landing).values()) == [{"removed": 1, "redacted": 1}, {"removed": 1}]
    first, second = left(landing, crawl)
    assert first["raw"]["authors"] == [{"user": "bo"}]
    assert first["raw"]["message"] == "\n\nCo-authored-by: Bo <bo@x.org>\nthanks @…!\n"
    assert second["raw"]["id"] == "3"
    assert [line["raw"]["author"] for line in left(landing, csv)] == ["Ann Lee"]


def test_a_discussion_becomes_one_of_a_deleted_account(landing: Landing) -> None:
    ann, bo = {"_id": "5", "name": "Ann", "fullname": "Ann E."}, {"name": "bo"}
    answer = {"raw": "as @ann says", "author": bo}
    reactions = [{"reaction": "+", "users": ["ann", "bo"], "count": 2}]
    events = [
        {"type": "comment", "author": ann, "data": {"latest": {"raw": "mine"}}},
        {"type": "comment", "author": bo, "data": {"latest": answer, "editors": ["ann"], "reactions": reactions}},
        {"type": "title-change", "author": bo, "data": {"from": "a", "to": "b"}},
    ]
    detail = {"num": 1, "author": ann, "title": "My words", "status": "open", "events": events, "repo": {"name": "b/y"}}
    other = {"num": 2, "author": bo, "title": "ann", "status": "open", "repo": {"name": "b/y", "type": "model"}}
    crawl = land_lines(landing, "hub/discussions", day(1), [("b/y", detail, {}), ("b/y", other, {})])
    assert list(forget(landing).values()) == [{"redacted": 1}]
    first, second = (line["raw"] for line in left(landing, crawl))
    assert "author" not in first and first["title"] == "" and first["num"] == 1
    assert first["events"] == [
        {"type": "comment", "author": bo, "data": {
            "latest": {"raw": "as @… says", "author": bo}, "editors": [],
            "reactions": [{"reaction": "+", "users": ["bo"], "count": 2}]}},
        {"type": "title-change", "author": bo, "data": {}},
    ]  # fmt: skip
    assert second == other


def test_posts_of_a_user_go_and_their_topic_stays_for_the_others(landing: Landing) -> None:
    quote = '<aside class="quote" data-username="Ann"><blockquote>mine <aside>x</aside></blockquote></aside>'
    texts = f'{quote}<p><a class="mention" href="/u/ann">@Ann</a> joann /t/my-gpu/7/2</p>'
    posts = [
        post("Ann", 1, "hello"),
        post("bo", 2, texts, user_id=2, reply_to_user={"username": "Ann"}, raw='[quote="Ann, post:1"]mine[/quote]ok'),
        post("former-name", 3, "me again", user_id=1),
    ]
    details = {
        "participants": [user("Ann", 1), user("bo", 2)],
        "created_by": user("Ann", 1),
        "last_poster": user("bo", 2),
        "links": [{"url": "https://x.org", "user_id": 1}],
    }
    answer = {"post_number": 3, "username": "Ann", "name": "Ann E.", "excerpt": "me"}
    whole = topic(posts, details=details, accepted_answer=answer, suggested_topics=[{"id": 9, "title": "Other"}])
    elsewhere = topic([post("bo", 1, "x", user_id=2, at=9)], 9, suggested_topics=[{"id": 7, "title": "My GPU"}])
    crawl = land_lines(landing, "forum/topic_posts", day(1), [whole, elsewhere])
    row = {"id": 7, "title": "My GPU", "last_poster_username": "bo", "posters": [{"extras": None, "user_id": 1}]}
    listed = land_lines(landing, "forum/topics", day(1), [("7", row, {}), ("8", {"id": 8, "title": "My GPU"}, {})])
    assert list(forget(landing).values()) == [{"redacted": 2}, {"redacted": 1}]

    first, second = left(landing, crawl)
    body = first["raw"]
    (kept,) = body["post_stream"]["posts"]
    assert kept["cooked"] == '<p><a class="mention" href="/u/…">@…</a> joann /t/-/7/2</p>'
    assert (kept["raw"], kept["reply_to_user"], kept["topic_slug"], kept["username"]) == ("ok", None, "", "bo")
    assert body["post_stream"]["stream"] == [102]
    assert (body["title"], body["slug"], body["user_id"], body["accepted_answer"]) == ("", "", None, {"post_number": 3})
    assert body["details"]["participants"] == [user("bo", 2)] and body["details"]["created_by"] is None
    assert body["details"]["links"] == [{"url": "https://x.org", "user_id": None}]
    assert body["suggested_topics"] == [{"id": 9, "title": "Other"}]
    assert first["about"] == {"asked": "1|2|3|4|5|6|7|8|9|"} and second["about"] == elsewhere[2]
    assert second["raw"]["suggested_topics"] == [{"id": 7, "title": ""}] and second["raw"]["title"] == "My GPU"
    assert [line["raw"]["title"] for line in left(landing, listed)] == ["", "My GPU"]
    assert left(landing, listed)[0]["raw"]["posters"] == []
    assert b"Ann" not in b"".join(landed_lines(landing, landing.find(crawl.path) or crawl))


def test_a_line_that_is_not_about_them_keeps_its_bytes(landing: Landing) -> None:
    raw = b'{ "num" :1.50, "title":"\\u0061nnex" }'
    with landing.writer("hub/discussions/c1", load().landing) as writer:
        for author in (b'{"name":"bo"}', b'{"name":"Ann"}'):
            text = raw[:-1] + b', "author":' + author + b"}"
            writer.add_parsed(text, json.loads(text), name="b/y", fetched_at="2024-07-01T12:00:00Z")
        crawl = writer.finish(
            source="hub", entity="discussions", crawl_id="c1", format="api", coverage="partial", failed=(), scope="hub",
            observed_at="2024-07-01T12:00:00Z", cutoff="",
        )  # fmt: skip
    forget(landing)
    first, second = landed_lines(landing, landing.find(crawl.path) or crawl)
    assert raw[:-1] in first and raw[:-1] not in second


def test_refused_records_and_requests_that_name_them_go(landing: Landing) -> None:
    crawl = land_lines(landing, "hub/commits", day(1), [("", b'{"by": "ann"', {}), ("", b'{"by": "joanna"', {})])
    assert forget(landing) == {crawl.path: {"invalid": 1}}
    assert [line["seq"] for line in left(landing, crawl, "invalid")] == [1]
    redaction = Redaction("ann")
    for source, url, stays in (
        ("hub", "https://hub.example/api/models/Ann/x?blobs=true", False),
        ("hub", "https://hub.example/ann/x/resolve/main/README.md", False),
        ("hub", "https://hub.example/api/models?author=ann&limit=5", False),
        ("hub", "https://hub.example/api/models/annex/ann", True),
        ("forum", "https://forum.example/u/ann.json", True),
        ("forum", "https://forum.example/u/ann", False),
    ):
        line = json.dumps({"url": url, "status": 200}).encode() + b"\n"
        assert (redaction.redact(source, "models", "requests", line) == line) is stays, url


@quick
@given(raw=JSON_VALUES, entity=st.sampled_from(["hub/commits", "hub/discussions", "hub/models", "forum/topic_posts"]))
def test_any_record_can_be_looked_through(raw: Any, entity: str) -> None:
    redaction = Redaction("ann")
    source, name = entity.split("/")
    body = {
        "title": raw,
        "author": raw,
        "authors": [raw],
        "events": [raw],
        "posters": [raw],
        "username": "ann",
        "x": raw,
    }
    redaction.forum.learn_ids({"post_stream": raw} | body)
    redaction.forum.learn_posts(
        {"post_stream": {"posts": [raw, {"post_number": 1, "username": "ann", "id": raw}]}} | body
    )
    redaction.forum.settle()
    for record in (raw, body, body | {"username": "bo"}, {"num": raw, "author": {"name": "ann"}, "events": [raw]}):
        line = json.dumps({"key": raw, "about": raw, "raw": record}).encode() + b"\n"
        found = redaction.redact(source, name, "part", line)
        assert found is None or json.loads(found)["key"] == raw


def test_blocks_that_nest_or_are_never_closed() -> None:
    traces = ForumTraces("ann")
    assert traces.clean_text('a[quote="bo"]b[quote="ann, post:1"]c[/quote]d[/quote]e') == 'a[quote="bo"]bd[/quote]e'
    assert traces.clean_text('[quote="ann"]c[quote="bo"]d[/quote][/quote]e') == "e"
    assert traces.clean_text('[/quote]x[quote="ann"]never closed') == '[/quote]x[quote=""]never closed'
    old = '<aside class="quote"><div class="title"><img alt> Ann:</div><blockquote>{}</blockquote></aside>'
    assert traces.clean_text(f"a{old.format('mine')}b") == "ab"
    assert traces.clean_text(old.format("Ann:").replace("Ann:</div>", "bo:</div>")).count("Ann:") == 1
    assert traces.clean_text("mail@ann.org @ann-lee @ann.") == "mail@ann.org @ann-lee @…."
