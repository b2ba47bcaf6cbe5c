"""How well a model's name alone tells its family, on 3,896 repositories whose class is known; and names with metadata.

Usage: python bench/naming.py [--development] [--lake LAKE]

PTM_REAL_DATA names the folder that has naming/arch_to_repo_name.json (68 classes, at most 100 repositories each; about
3 in 1,000 of its labels are wrong) and paper/Hub_Model_Types_Over_Time_Created.csv. The repositories are parted once:
30 % are set aside, no owner has repositories in both parts, and owners of the first two repositories of each class,
which were looked at before, are in the part for development. Aliases were chosen by that part and by what is known of
models; the set-aside part was scored, its names never read. Printed are, for each part, the longest match of the
study's 171 type names (separators removed), ``family_of_name``, and its answers by kind of alias, with Wilson's 95 %
intervals, in per cent. LAKE holds the Hub's listing of July 2024 and has been through build-silver: then those that
the listing knows are told by silver/model_families as well, with and without what their config says.
"""

import argparse
import csv
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ptm_spark.silver.family_names import family_of_architecture, family_of_name
from ptm_spark.statistics.proportions import wilson

SEED = 20240711
SET_ASIDE = 0.3
#: what is hidden from all models → columns of silver/models
HIDDEN = {
    "config, tags": ("model_type", "architecture", "tags", "base_models"),
    "config": ("model_type", "architecture"),
    "nothing": (),
}
LABELS, TYPES = "naming/arch_to_repo_name.json", "paper/Hub_Model_Types_Over_Time_Created.csv"


@dataclass(frozen=True)
class Score:
    """Of ``asked`` names ``answered`` got a family, ``right`` of them the one of their label."""

    asked: int
    answered: int
    right: int
    macro_f1: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--development", action="store_true", help="leave the set-aside part alone")
    parser.add_argument("--lake", type=Path, help="one that has been through build-silver, for answers with metadata")
    options = parser.parse_args()
    data = Path(os.environ.get("PTM_REAL_DATA", ""))
    if not (data / LABELS).is_file():
        parser.error(f"PTM_REAL_DATA names no folder that has {LABELS}")
    development, set_aside = parts_of(data / LABELS)
    methods = {"longest type name": longest_type_name(data / TYPES), "aliases": answer}
    parts = {"development": development} | ({} if options.development else {"set aside": set_aside})
    heads = ("answered", "right of these", "overall")
    print(f"{'part':12} {'method':18} {'names':>5} {' '.join(f'{head:>21}' for head in heads)} {'macro-F1':>8}")
    for part, labels in parts.items():
        for method, ask in methods.items():
            print(f"{part:12} {method:18} {_row(score(labels, ask))}")
        for kind in ("architecture", "descendant"):
            print(f"{part:12} {'by ' + kind:18} {_row(score(labels, _only(kind)))}")
    if options.lake:
        told = {hidden: told_by_metadata(options.lake, labelled(data / LABELS), hidden) for hidden in HIDDEN}
        for part, labels in parts.items():
            listed = {repo: family for repo, family in labels.items() if repo in told["nothing"]}
            print(f"{part:12} {'alone, listed ones':18} {_row(score(listed, answer))}")
            for hidden, families in told.items():
                print(f"{part:12} {hidden + ' hidden':18} {_row(score(listed, families.get))}")
    print("\ndevelopment by family: names, answered so, right")
    given = Counter(map(answer, development))
    right = Counter(family for name, family in development.items() if answer(name) == family)
    for family, count in Counter(development.values()).most_common():
        print(f"{family:24} {count:5} {given[family]:5} {right[family]:5}")


def labelled(file: Path) -> dict[str, str]:
    """The labelled repositories as family by id."""
    classes: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
    return {repo: family_of_architecture(name) or name for name, repos in classes.items() for repo in repos}


def told_by_metadata(lake: Path, labels: Collection[str], hidden: str) -> dict[str, str | None]:
    """The family of each of these repositories that silver/models has, as told by all but the ``hidden`` metadata."""
    from pyspark.sql import functions as F

    from ptm_spark.config import load
    from ptm_spark.folder import Folder
    from ptm_spark.job import Job
    from ptm_spark.silver.model_families import build_model_families
    from ptm_spark.tables.hub import MODELS

    store = Job(load(None, []), Folder(str(lake))).store
    models = store.read(MODELS)
    for column in HIDDEN[hidden]:
        models = models.withColumn(column, F.lit(None).cast(models.schema[column].dataType))
    names = models.where(F.col("removal").isNull() & F.col("model_id").isin(*labels)).select("repo_oid", "model_id")
    told = build_model_families(models, stage=lambda name, frame: store.stage(f"{name}_{len(HIDDEN[hidden])}", frame))
    rows = names.join(told.select("repo_oid", "family"), on="repo_oid").collect()
    store.clear_staging()
    return {row["model_id"]: row["family"] for row in rows}


def parts_of(file: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The labelled repositories as family by id, for development and set aside."""
    labels = labelled(file)
    classes: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
    looked_at = {_owner(repo) for repos in classes.values() for repo in repos[:2]}
    repos_of: dict[str, list[str]] = {}
    for repo in labels:
        repos_of.setdefault(_owner(repo), []).append(repo)
    owners = sorted(repos_of.keys() - looked_at - {""})
    random.Random(SEED).shuffle(owners)
    set_aside: list[str] = []
    for owner in owners:
        if len(set_aside) >= SET_ASIDE * len(labels):
            break
        set_aside += repos_of[owner]
    rest = labels.keys() - set(set_aside)
    return {repo: labels[repo] for repo in labels if repo in rest}, {repo: labels[repo] for repo in set_aside}


def longest_type_name(file: Path) -> Callable[[str], str | None]:
    """The study's way: the longest of its type names that the name holds, all without separators."""
    with file.open(encoding="utf-8") as rows:
        names = [row[0] for row in csv.reader(rows)][1:]
    keys = {_letters(name): name for name in names if name not in ("", "SUM")}
    by_length = sorted(keys, key=lambda key: (-len(key), key))

    def ask(repo: str) -> str | None:
        name = _letters(repo.rpartition("/")[2])
        return next((keys[key] for key in by_length if key in name), None)

    return ask


def answer(repo: str) -> str | None:
    """The family that this project reads in a name."""
    found = family_of_name(repo)
    return found.family if found else None


def score(labels: Mapping[str, str], ask: Callable[[str], str | None]) -> Score:
    """Answers to all names held to their labels. Macro-F1 is the mean over the families of the labels."""
    answers = [(ask(repo), family) for repo, family in labels.items()]
    right = Counter(family for given, family in answers if given == family)
    given, wanted = Counter(given for given, _ in answers), Counter(labels.values())
    f1 = [2 * right[family] / (given[family] + wanted[family]) for family in wanted]
    return Score(len(answers), len(answers) - given[None], right.total(), sum(f1) / len(f1))


def _only(kind: str) -> Callable[[str], str | None]:
    def ask(repo: str) -> str | None:
        found = family_of_name(repo)
        return found.family if found and found.kind == kind else None

    return ask


def _row(result: Score) -> str:
    shares = ((result.answered, result.asked), (result.right, result.answered), (result.right, result.asked))
    return f"{result.asked:5} {' '.join(_share(part, whole) for part, whole in shares)} {result.macro_f1:8.3f}"


def _share(part: int, whole: int) -> str:
    found = wilson(part, whole)
    shares = [100 * (share or 0.0) for share in (found.ratio, found.low, found.high)]
    return "{:6.2f} ({:5.2f}-{:5.2f})".format(*shares)


def _owner(repo: str) -> str:
    return repo.rpartition("/")[0]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


if __name__ == "__main__":
    main()
