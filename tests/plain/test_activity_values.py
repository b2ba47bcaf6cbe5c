"""Reading a landed commit or discussion, whatever stands in it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from activity import commit, csv_commit, discussion, pull_request
from dumps import JSON_VALUES, quick
from hypothesis import given

from ptm_spark.silver.activity_values import is_bot, local_moment, moment_of, title_of
from ptm_spark.silver.model_commits import COLUMNS as COMMIT_COLUMNS
from ptm_spark.silver.model_commits import _read_line as read_commit_line
from ptm_spark.silver.model_discussions import COLUMNS as DISCUSSION_COLUMNS
from ptm_spark.silver.model_discussions import HARD_RULES
from ptm_spark.silver.model_discussions import _read_line as read_discussion_line

LINE = {"seq": 0, "fetched_at": "2024-07-11T12:00:00Z", "status": 200, "key": "someone/m"}


@quick
@given(raw=JSON_VALUES, other=JSON_VALUES)
def test_no_json_value_in_any_field_stops_the_reading(raw: Any, other: Any) -> None:
    line = {"seq": 0, "fetched_at": "2024-07-11T12:00:00Z", "status": 200, "key": other}
    known: dict[str, str] = {}
    for name in ("id", "title", "message", "authors", "date"):
        record = commit()[1] | {name: raw}
        text = '{"raw":{}}'
        assert read_commit_line(text, line | {"raw": record}, is_csv=False, user_key="", zone=None, known=known)
    for name in ("commit_hash", "model_file_path", "message", "author", "date"):
        record = csv_commit(1, "x")[1] | {name: raw}
        assert read_commit_line(text, line | {"raw": record}, is_csv=True, user_key="", zone=None, known=known)
    for name in ("num", "author", "title", "status", "createdAt", "isPullRequest", "pinned", "numComments", "events"):
        record = discussion()[1] | {
            name: raw,
            "author": {"name": other},
            "events": [{"type": "status-change", name: raw}],
        }
        assert read_discussion_line(text, line | {"raw": record}, is_csv=False, user_key="", known=known)
    for name in ("pr_url", "time", "merged"):
        record = pull_request("merged")[1] | {name: raw}
        assert read_discussion_line(text, line | {"raw": record}, is_csv=True, user_key="", known=known)


def test_moments_are_read_strictly() -> None:
    assert str(moment_of("2023-05-04T01:30:00.5+02:00")) == "2023-05-03 23:30:00.500000+00:00"
    for text in ("2023-05-04", "2023-05-04T10:00:00", "2023-02-30T10:00:00Z", "12:30:00", "now", "2023-05-04T24:00:00Z",
                 "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "٢٠٢٣-05-04T10:00:00Z"):  # fmt: skip
        assert moment_of(text) is None
        assert local_moment(text, None) is None


def test_automatic_accounts_are_told_by_their_names() -> None:
    assert all(map(is_bot, ("SFconvertbot", "system", "librarian-bot", "librarian-bots", "DumBot", "some bot")))
    assert not any(map(is_bot, ("Talbot", "bottle", "robotics-lab", "")))


def test_titles_lose_addresses_and_are_cut() -> None:
    assert title_of("by ann.b@example.org, and more") == "by …@…, and more"
    assert len(title_of("é" * 1000) or "") == 300


def commit_of(record: dict[str, Any]) -> dict[str, Any]:
    line = LINE | {"raw": record}
    values = read_commit_line('{"raw":{}}', line, is_csv=False, user_key="", zone=None, known={})
    return dict(zip(COMMIT_COLUMNS, values, strict=True))


def discussion_of(record: dict[str, Any], *, is_csv: bool = False) -> dict[str, Any]:
    values = read_discussion_line('{"raw":{}}', LINE | {"raw": record}, is_csv=is_csv, user_key="", known={})
    return dict(zip(DISCUSSION_COLUMNS, values, strict=True))


SOFT: list[tuple[dict[str, Any], list[str], dict[str, Any]]] = [
    ({"date": "2023-05-04T10:00:00"}, ["date:format"], {"committed_at": None, "committed_at_basis": None}),
    ({"date": "2023-02-30T10:00:00Z"}, ["date:format"], {"committed_at": None}),
    ({"date": "2099-05-04T10:00:00Z"}, ["date:range"], {"committed_at": None}),
    ({"date": "1960-05-04T10:00:00Z"}, ["date:range"], {"committed_at": None}),
    ({"date": 5}, ["date:type"], {"committed_at": None}),
    ({"date": "2023-05-04T01:30:00.5+02:00"}, [], {"committed_at": datetime(2023, 5, 3, 23, 30, 0, 500000, UTC)}),
    ({"title": ["x"]}, ["title:type"], {"title": None}),
    ({"title": ...}, [], {"title": None}),
    ({"message": {}}, ["message:type"], {"message_char_count": None}),
    ({"authors": "Ann"}, ["authors:type"], {"author_hashes": None, "author_count": None, "is_bot": None}),
    ({"authors": [5, {"user": 7}]}, ["authors:type"], {"author_hashes": [], "author_count": 2, "is_bot": False}),
    ({"authors": []}, [], {"author_hashes": [], "author_count": 0, "is_bot": False}),
]


@pytest.mark.parametrize(("changes", "flaws", "values"), SOFT)
def test_soft_rules_of_commits_cost_one_value_and_name_it(
    changes: dict[str, Any], flaws: list[str], values: dict[str, Any]
) -> None:
    row = commit_of(commit(**changes)[1])
    assert (row["flaws"], {name: row[name] for name in values}) == (flaws, values)


@pytest.mark.parametrize(
    ("changes", "flaws", "values"),
    [
        ({"title": 5}, ["title:type"], {"title": None}),
        ({"status": "odd"}, ["status:range"], {"status": None}),
        ({"status": "draft"}, [], {"status": "draft"}),
        ({"createdAt": "2023-05-04"}, ["createdAt:format"], {"created_at": None, "created_at_basis": None}),
        ({"createdAt": "2055-05-04T10:00:00Z"}, ["createdAt:range"], {"created_at": None}),
        ({"author": "Ann"}, ["author:type"], {"author_hash": None, "is_author_deleted": False, "has_author": False}),
        ({"author": {"name": 5}}, ["author.name:type"], {"author_hash": None, "has_author": False}),
        ({"author": {}}, ["author.name:missing"], {"author_hash": None, "has_author": False}),
        ({"author": None}, [], {"author_hash": None, "is_author_deleted": True, "has_author": True}),
        ({"author": {"name": "SFconvertbot"}}, [], {"is_bot": True}),
        ({"numComments": -1}, ["numComments:range"], {"comment_count": None}),
        ({"numReactionUsers": True}, ["numReactionUsers:type"], {"reaction_user_count": None}),
        ({"events": {}}, ["events:type"], {"has_events": False, "event_count": None}),
        ({"events": [5, {"type": "comment"}]}, ["events:type"], {"event_count": 2, "comment_count": 1}),
        (
            {"events": [{"type": "status-change", "createdAt": 5, "data": {"status": "closed"}}]},
            ["events:type"],
            {"closed_at": None},
        ),
    ],
)
def test_soft_rules_of_discussions_cost_one_value_and_name_it(
    changes: dict[str, Any], flaws: list[str], values: dict[str, Any]
) -> None:
    row = discussion_of(discussion(**changes)[1])
    assert (row["flaws"], {name: row[name] for name in values}) == (flaws, values)


@pytest.mark.parametrize(
    ("state", "status", "is_mergeable", "flaws"),
    [
        ("merged", "merged", None, []),
        ("closed", "closed", None, []),
        ("Ready to Merge", "open", True, []),
        ("Cannot merge", "open", False, []),
        ("", None, None, []),
        ("HTTP Error (status code = 401)", None, None, ["merged:range"]),
    ],
)
def test_states_of_pull_requests_in_a_csv(
    state: str, status: str | None, is_mergeable: bool | None, flaws: list[str]
) -> None:
    row = discussion_of(pull_request(state)[1], is_csv=True)
    assert (row["status"], row["is_mergeable"], row["flaws"]) == (status, is_mergeable, flaws)
    assert row["created_at"] == datetime(2022, 11, 7, 14, 0, 58, 522127, UTC)


def test_each_hard_rule_of_discussions_turns_a_record_away() -> None:
    records = [{}, {"num": "5"}, {"num": True}, {"num": 0}]
    found = [discussion_of(record) for record in records]
    found += [discussion_of({"pr_url": "https://example.org/7"}, is_csv=True)]
    values = read_discussion_line(
        '{"raw":{}}', LINE | {"key": "", "raw": {"num": 1}}, is_csv=False, user_key="", known={}
    )
    found += [dict(zip(DISCUSSION_COLUMNS, values, strict=True))]
    assert [row["reasons"] for row in found] == [
        ["num:missing"],
        ["num:type"],
        ["num:type"],
        ["num:range"],
        ["pr_url:format"],
        ["model_id:missing"],
    ]
    assert {row["kind"] for row in found} == {"broken"} and {len(row["sha256"]) for row in found} == {64}
    assert {rule for row in found for rule in row["reasons"]} == set(HARD_RULES)
