"""What the pages say is so: command lines parse, and the settings, tests, functions, messages and files are there."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from jobs.cli import COMMANDS, app
from ptm_spark.config import load
from ptm_spark.tables import BY_PATH

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
OPERATIONS, METHOD = TEXTS[ROOT / "docs/operations.md"], TEXTS[ROOT / "docs/method.md"]
SOURCES = "\n".join(
    file.read_text(encoding="utf-8") for folder in ("ptm_spark", "jobs") for file in (ROOT / folder).rglob("*.py")
)


def shell_lines() -> list[str]:
    """Lines of the fenced blocks that name no language, continued ones joined, without pipes and comments."""
    blocks = [
        block
        for text in TEXTS.values()
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        if not language
    ]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [re.sub(r"\s+(?:>>|[|>#]).*", "", line) for line in lines]


def calls_of(program: str) -> list[list[str]]:
    """Words behind the name of a program in every line that calls it."""
    places = [(line, re.search(rf"(?:^|/bin/){re.escape(program)} (.+)$", line)) for line in shell_lines()]
    return [shlex.split(match[1]) for _, match in places if match and "[" not in match[1]]


def test_pages_show_whole_calls() -> None:
    assert {words[0] for words in calls_of("ptm-spark")} >= {"run", "import-dump", "query", "accept", "reject"}
    assert calls_of("scripts/submit.sh")


@pytest.mark.parametrize("words", calls_of("ptm-spark"), ids=" ".join)
def test_a_call_on_a_page_is_understood(words: list[str]) -> None:
    group = typer.main.get_command(app)
    command = group.get_command(None, words[0])  # type: ignore[attr-defined]
    assert command is not None
    context = command.make_context(words[0], words[1:])
    assert not context.args


@pytest.mark.parametrize("words", calls_of("scripts/submit.sh"), ids=" ".join)
def test_a_job_submitted_on_a_page_is_one(words: list[str]) -> None:
    jobs = {module: name for name, (module, _) in COMMANDS.items()}
    at = next(number for number, word in enumerate(words) if word in jobs)
    group = typer.main.get_command(app)
    command = group.get_command(None, jobs[words[at]])  # type: ignore[attr-defined]
    assert not command.make_context(words[at], words[at + 1 :]).args


def test_every_option_named_belongs_to_a_command() -> None:
    group = typer.main.get_command(app)
    known = {"--help", "--version"}
    for name in COMMANDS:
        command = group.get_command(None, name)  # type: ignore[attr-defined]
        known |= {option for parameter in command.params for option in parameter.opts}
    scripts = (ROOT / "scripts/submit.sh").read_text(encoding="utf-8")
    known |= set(re.findall(r"--[a-z-]+", scripts))
    named = {option for text in TEXTS.values() for option in re.findall(r"(?:`|\s)(--[a-z][a-z-]+)", text)}
    assert named - known - {"--py-files"} == set()


def test_every_setting_named_is_one() -> None:
    settings = load().model_dump()
    named = {name for text in TEXTS.values() for name in re.findall(r"`((?:engine|landing|gate|gold)\.[a-z_]+)`", text)}
    assert named
    assert [name for name in named if name.split(".")[1] not in settings[name.split(".")[0]]] == []


def test_every_command_stands_in_readme() -> None:
    readme = TEXTS[ROOT / "README.md"]
    assert [name for name in COMMANDS if not re.search(rf"`{name}[` ]", readme)] == []


def test_every_table_stands_in_readme() -> None:
    readme = TEXTS[ROOT / "README.md"].replace("`…_", "`gold/uploads_per_")
    assert [path for path in BY_PATH if f"`{path}`" not in readme] == []


def test_every_message_of_the_troubleshooting_table_is_one_of_ours() -> None:
    table = OPERATIONS.partition("| message |")[2]
    messages = [
        text for row in re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE) for text in re.findall("`(.+?)`", row)
    ]
    # a message's own words, between what is filled in; one is another library's
    pieces = {piece.strip(" ;:,?") for text in messages for piece in text.split("…")} - {""}
    joined = re.sub(r'"\s*\n\s*f?"', "", SOURCES)
    unknown = {
        piece
        for piece in pieces
        if not re.search(re.sub(r"(?:\\ )?(?:hub/models|gzip|_manifest\\.json|spark)", ".*", re.escape(piece)), joined)
    }
    assert unknown == {"Install s3fs to access S3"}


def test_every_function_and_test_that_the_method_names_is_there() -> None:
    tests = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    table = METHOD.partition("| question |")[2].partition("\n\n")[0]
    named = (
        set(re.findall(r"`(test_[a-z_]+)`", table)),
        set(re.findall(r"`((?:build|read|merge|count|weigh)_\w+)`", table)),
    )
    assert all(named)
    assert [name for name in named[0] if f"def {name}(" not in tests] == []
    assert [name for name in named[1] if f"def {name}(" not in SOURCES] == []


def test_files_of_the_project_named_on_a_page_are_there() -> None:
    places = r"`((?:jobs|ptm_spark|conf|scripts|docs|tests|bench|quality|silver|gold|standin)/[\w/.-]*\.\w+)`"
    named = {name for text in TEXTS.values() for name in re.findall(places, text)}
    assert named
    roots = (ROOT, ROOT / "ptm_spark")
    assert [name for name in named if not any((root / name).exists() for root in roots)] == []


def test_readme_and_decisions_stay_short() -> None:
    assert len(TEXTS[ROOT / "README.md"].splitlines()) <= 150
    long = [page.name for page in (ROOT / "docs/decisions").glob("*.md") if len(TEXTS[page].splitlines()) > 60]
    assert long == []
