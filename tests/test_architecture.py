"""The shape of the house: who imports whom, how long things are, and what never stands in a file."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from jobs.cli import COMMANDS
from ptm_spark import __version__

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    file for folder in ("ptm_spark", "jobs", "tests", "bench", "scripts") for file in (ROOT / folder).rglob("*.py")
)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
#: registries, and places of one machine; written apart, so that this file does not find itself
FORBIDDEN = ["/" + "work/", ".." + "/shared/", "pypi" + ".org", "files.python" + "hosted", "index" + "-url"]


def test_imports_point_downward() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_module_is_too_long(file: Path) -> None:
    most = 40 if file.parent.name == "jobs" and file.name != "cli.py" else 300
    assert len(file.read_text(encoding="utf-8").splitlines()) <= most


def test_every_job_is_a_command_and_the_other_way_round() -> None:
    jobs = {file.stem for file in (ROOT / "jobs").glob("*.py")} - {"__init__", "cli"}
    assert {module for module, _ in COMMANDS.values()} == jobs


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_name_only_targets_commands_and_options_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    assert set(re.findall(r"(?:`|^)ptm-spark ([a-z-]+)", text, re.MULTILINE)) <= COMMANDS.keys()
    jobs = {module for module, _ in COMMANDS.values()}
    assert set(re.findall(r"submit\.sh .*?([a-z]+_[a-z]+) --lake", text)) <= jobs


def test_the_data_model_is_what_the_contracts_say(tmp_path: Path) -> None:
    written = tmp_path / "data-model.md"
    subprocess.run([sys.executable, ROOT / "scripts/write_data_model.py", written], cwd=ROOT, check=True)
    assert written.read_text(encoding="utf-8") == (ROOT / "docs/data-model.md").read_text(encoding="utf-8"), "make docs"


def test_the_version_is_one_and_has_an_entry() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    assert f"[{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    reasons = (ROOT / "docs/decisions/0005-dependencies.md").read_text(encoding="utf-8")
    extras = project["optional-dependencies"]
    names = [re.split(r"[\[<>=~]", line)[0] for line in (*project["dependencies"], *extras["dev"], *extras["s3"])]
    assert [name for name in names if name not in reasons] == []


def test_no_file_names_a_registry_or_a_place_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    files = [ROOT / name for name in listed.split("\0") if name] or [*SOURCES, *PAGES]
    texts = {file: file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()}
    allowed = ROOT / ".ci/run"  # finds real data beside the checkout, where there is any
    found = [
        (file.name, word) for file, text in texts.items() for word in FORBIDDEN if word in text and file != allowed
    ]
    assert found == []


def test_tables_that_the_engine_counts_load_no_statistics_library() -> None:
    """To load it takes longer than to count a table, and most commands need none of it."""
    code = "import sys, ptm_spark.gold.building, ptm_spark.silver.families; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"
