"""Commits: from landed lines to rows, over several crawls. Both engines agree."""

from typing import Any

import pytest
from activity import KEY, OID, commit, commits_of, csv_commit, land, sha, take_in
from landed import Line

from ptm_spark.columns import keyed_hash_of
from ptm_spark.silver.commits import build_first_commits
from ptm_spark.silver.model_commits import HARD_RULES
from ptm_spark.store import Store
from ptm_spark.tables.activity import MODEL_COMMITS
from ptm_spark.tables.run import REJECTS

pytestmark = pytest.mark.spark


def test_a_commit_of_the_hub(store: Store) -> None:
    authors = [{"user": "Ann"}, {"user": "SFconvertbot"}, {"user": None}]
    message = "\n\n\n- It (abc)\n\nCo-authored-by: Bob <bob@example.org>\n"
    (row,) = commits_of(store, [commit(4, title="Merge of ann@example.org (#80)", message=message, authors=authors)])
    assert row == {
        "model_id": "someone/m",
        "repo_oid": OID,
        "commit_sha": sha(4),
        "committed_at": "2023-05-04 10:00:00",
        "committed_at_basis": "hub",
        "title": "Merge of …@… (#80)",
        "message_char_count": 49,
        "pull_request_num": 80,
        "author_hashes": [keyed_hash_of("ann", KEY), keyed_hash_of("SFconvertbot", KEY)],
        "author_count": 3,
        "author_basis": "hub_user",
        "is_bot": True,
        "file_paths": None,
        "serialization_formats": None,
        "is_in_history": True,
        "left_history_at": None,
        "is_history_whole": True,
        "flaws": [],
        "first_observed_at": "2024-07-01 12:00:00",
        "observed_at": "2024-07-01 12:00:00",
        "crawl_id": "20240701T120000Z-0000abcd",
    }


def test_rows_of_a_csv_are_one_commit_and_its_zone_counts_where_it_is_known(store: Store) -> None:
    lines = [
        csv_commit(1, r"someone/m\b\x.onnx", message="Add\n\nit all"),
        csv_commit(1, "a.onnx"),
        csv_commit(1, "a.onnx"),
    ]
    csv = land(store, "hub/commits", 1, *lines, format="csv", options={"zone": "America/New_York"})
    plain = land(store, "hub/commits", 2, csv_commit(2, "c.onnx"), format="csv")
    first, second = commits_of(store, csv, plain)
    assert (first["file_paths"], first["serialization_formats"]) == (["a.onnx", "b/x.onnx"], ["ONNX"])
    assert (first["committed_at"], first["committed_at_basis"]) == ("2023-05-04 10:46:32", "zone_of_source")
    assert (second["committed_at"], second["committed_at_basis"]) == ("2023-05-04 06:46:32", "assumed_utc")
    assert (first["author_basis"], first["is_history_whole"], first["is_in_history"]) == ("git_name", False, True)


def test_the_hub_knows_better_than_a_csv_which_adds_the_files(store: Store) -> None:
    csv = land(store, "hub/commits", 2, csv_commit(1, "a.onnx"), format="csv")
    (row,) = commits_of(store, [commit(1)], csv)
    assert (row["author_basis"], row["title"], row["file_paths"]) == ("hub_user", "Commit 1", ["a.onnx"])
    assert (row["repo_oid"], row["observed_at"]) == (OID, "2024-07-02 12:00:00")


def test_what_a_later_whole_history_lacks_has_left_it(store: Store) -> None:
    found = commits_of(store, [commit(1), commit(2)], [commit(1), commit(3)], [commit(1)], [commit(1), commit(3)])
    assert [(row["is_in_history"], row["left_history_at"]) for row in found] == [
        (True, None),
        (False, "2024-07-02 12:00:00"),
        (True, None),
    ]


def test_an_empty_history_is_one_and_a_refusal_is_none(store: Store) -> None:
    gone: list[Line] = [("someone/m", 404, {})]
    empty: list[Line] = [("someone/m", 204, {})]
    assert commits_of(store, [commit(1)], gone)[0]["is_in_history"] is True
    assert commits_of(store, [commit(1)], empty)[0]["left_history_at"] == "2024-07-02 12:00:00"


def test_a_history_with_a_line_that_cannot_be_read_proves_nothing(store: Store) -> None:
    broken = [commit(1), commit(2, id="no sha"), commit(7, model="other/m")]
    invalid = [commit(1), ("", b"{", {}), commit(7, model="other/m"), commit(8, model="third/m")]
    found = commits_of(store, [commit(1), commit(2), commit(9, model="third/m")], broken, invalid)
    by_key = {(row["model_id"], row["commit_sha"]): row for row in found}
    assert by_key["someone/m", sha(2)]["is_in_history"] is True
    assert by_key["third/m", sha(9)]["is_in_history"] is False
    assert by_key["other/m", sha(7)]["is_history_whole"] is True


def test_first_commits_need_a_whole_history_and_dates(store: Store) -> None:
    csv = land(store, "hub/commits", 2, csv_commit(1, "a", repo_url="c/c"), format="csv")
    first = [
        *(commit(5, model="a/a"), commit(3, model="a/a"), commit(1, model="a/a")),
        *(commit(2, model="b/b", date="no date"), commit(3, model="b/b")),
    ]
    third = land(store, "hub/commits", 3, commit(5, model="a/a"), commit(3, model="a/a"))
    commits_of(store, first, csv, third)
    assert [tuple(map(str, row)) for row in build_first_commits(store.read(MODEL_COMMITS)).collect()] == [
        ("a/a", OID, "2023-05-03 10:00:00")
    ]


def test_each_hard_rule_of_commits_turns_a_record_away(store: Store) -> None:
    lines = [commit(model=""), commit(id=...), commit(id=None), commit(id=7), commit(id="A" * 40), commit(2)]
    crawl = land(store, "hub/commits", 1, *lines)
    found = take_in(store, "hub/commits", [crawl])[crawl.path]
    assert (found["reject_count"], found["kept_count"], found["unaccounted_count"]) == (5, 1, 0)
    rejects = sorted(store.read(REJECTS).collect(), key=lambda row: row["seq"])
    reasons = [row["reasons"] for row in rejects]
    assert reasons == [["model_id:missing"], ["id:missing"], ["id:missing"], ["id:type"], ["id:format"]]
    assert {rule for row in reasons for rule in row} == set(HARD_RULES)
    assert {row["raw"] for row in rejects} == {None} and {len(row["sha256"]) for row in rejects} == {64}


SOFT: list[tuple[dict[str, Any], list[str], dict[str, Any]]] = [
    ({"date": "2023-05-04T10:00:00"}, ["date:format"], {"committed_at": None, "committed_at_basis": None}),
    ({"date": "2023-02-30T10:00:00Z"}, ["date:format"], {"committed_at": None}),
    ({"date": "2099-05-04T10:00:00Z"}, ["date:range"], {"committed_at": None}),
    ({"date": "1960-05-04T10:00:00Z"}, ["date:range"], {"committed_at": None}),
    ({"date": 5}, ["date:type"], {"committed_at": None}),
    ({"date": "2023-05-04T01:30:00.5+02:00"}, [], {"committed_at": "2023-05-03 23:30:00.500000"}),
    ({"title": ["x"]}, ["title:type"], {"title": None}),
    ({"title": ...}, [], {"title": None}),
    ({"message": {}}, ["message:type"], {"message_char_count": None}),
    ({"authors": "Ann"}, ["authors:type"], {"author_hashes": None, "author_count": None, "is_bot": None}),
    ({"authors": [5, {"user": 7}]}, ["authors:type"], {"author_hashes": [], "author_count": 2, "is_bot": False}),
    ({"authors": []}, [], {"author_hashes": [], "author_count": 0, "is_bot": False}),
]


def test_other_rules_of_commits_cost_one_value_and_name_it(store: Store) -> None:
    found = commits_of(store, [commit(number, **changes) for number, (changes, *_) in enumerate(SOFT)])
    for row, (changes, flaws, values) in zip(found, SOFT, strict=True):
        assert (row["flaws"], {name: row[name] for name in values}) == (flaws, values), changes
