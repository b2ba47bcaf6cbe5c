"""Commits: from landed lines to rows, over several crawls. Both engines agree."""

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


@pytest.mark.one_engine
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


@pytest.mark.one_engine
def test_the_hub_knows_better_than_a_csv_which_adds_the_files(store: Store) -> None:
    lines = [
        csv_commit(1, "someone/m\\b\\x.onnx", message="Add\n\nit"),
        csv_commit(1, "a.onnx"),
        csv_commit(1, "a.onnx"),
    ]
    csv = land(store, "hub/commits", 2, *lines, csv_commit(3, "c"), format="csv", options={"zone": "America/New_York"})
    plain = land(store, "hub/commits", 3, csv_commit(2, "c.onnx"), format="csv")
    both, second, third = commits_of(store, [commit(1)], csv, plain)
    assert (both["author_basis"], both["title"], both["repo_oid"]) == ("hub_user", "Commit 1", OID)
    assert (both["file_paths"], both["serialization_formats"]) == (["a.onnx", "b/x.onnx"], ["ONNX"])
    assert (both["first_observed_at"], both["observed_at"]) == ("2024-07-01 12:00:00", "2024-07-02 12:00:00")
    assert (second["committed_at"], second["committed_at_basis"]) == ("2023-05-04 06:46:32", "assumed_utc")
    assert (third["committed_at"], third["committed_at_basis"]) == ("2023-05-04 10:46:32", "zone_of_source")
    assert (third["author_basis"], third["is_history_whole"], third["is_in_history"]) == ("git_name", True, True)


def test_what_a_later_whole_history_lacks_has_left_it(store: Store) -> None:
    """An empty history is one. A refusal is none, nor is one with a line that broke a rule, or one that may have."""
    models = [f"{name}/m" for name in ("a", "empty", "refused", "broken", "invalid", "z")]
    first = [commit(number, model=model) for model in models for number in (1, 2)]
    second: list[Line] = [
        *(commit(1, model="a/m"), commit(3, model="a/m")),
        *(("empty/m", 204, {}), ("refused/m", 404, {})),
        *(commit(1, model="broken/m"), commit(2, model="broken/m", id="no sha")),
        *(commit(1, model="invalid/m"), ("", b"{", {})),
        *(commit(1, model="z/m"), commit(4, model="z/m")),
    ]
    third = [commit(1, model="z/m"), commit(1, model="a/m")]
    fourth = [commit(1, model="a/m"), commit(3, model="a/m")]
    found = commits_of(store, first, second, third, fourth)
    gone = {(row["model_id"], row["commit_sha"]): row["left_history_at"] for row in found if not row["is_in_history"]}
    assert gone == {
        ("a/m", sha(2)): "2024-07-02 12:00:00",
        ("empty/m", sha(1)): "2024-07-02 12:00:00",
        ("empty/m", sha(2)): "2024-07-02 12:00:00",
        ("z/m", sha(2)): "2024-07-03 12:00:00",
        ("z/m", sha(4)): "2024-07-03 12:00:00",
    }


@pytest.mark.one_engine
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


@pytest.mark.one_engine
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
