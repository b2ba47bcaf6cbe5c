"""How often a name alone tells the right family, on labelled names that no alias was chosen by (bench/naming.py)."""

import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real_data


@pytest.fixture
def naming(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[2] / "bench")
    import naming

    yield naming
    sys.modules.pop("naming", None)


def test_no_owner_has_names_in_both_parts(naming: Any, real_data: Path) -> None:
    development, set_aside = naming.parts_of(real_data / naming.LABELS)
    owners = [{repo.rpartition("/")[0] for repo in part} for part in (development, set_aside)]
    assert (len(development), len(set_aside), owners[0] & owners[1]) == (2727, 1169, set())
    assert len({*development.values(), *set_aside.values()}) == 42


def test_names_set_aside_are_answered_as_often_and_as_rightly_as_promised(naming: Any, real_data: Path) -> None:
    _, set_aside = naming.parts_of(real_data / naming.LABELS)
    found = naming.score(set_aside, naming.answer)
    assert found.right / found.answered >= 0.91
    assert found.right / found.asked >= 0.74
    assert (found.asked, found.answered, found.right) == (1169, 939, 899)


def test_the_studys_way_gives_what_it_gave(naming: Any, real_data: Path) -> None:
    _, set_aside = naming.parts_of(real_data / naming.LABELS)
    found = naming.score(set_aside, naming.longest_type_name(real_data / naming.TYPES))
    assert (found.asked, found.answered, found.right) == (1169, 799, 667)
