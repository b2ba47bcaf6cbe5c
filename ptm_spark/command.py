"""One command line for all jobs: ``ptm-spark <command>`` and ``spark-submit jobs/<job>.py`` take the same options."""

import inspect
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from ptm_spark.errors import PtmError, UsageError

Main = TypeVar("Main", bound=Callable[..., Any])
_INTERRUPTED = "interrupted; run the same command again to go on"
_WRITES = "__ptm_writes__"
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Build all tables anew from landing.")]


def command(*, writes: bool) -> Callable[[Main], Main]:
    """Mark a function ``main(job, …)`` as a command; one that ``writes`` has the lake for itself while it runs."""

    def mark(main: Main) -> Main:
        setattr(main, _WRITES, writes)
        return main

    return mark


def run(main: Callable[..., Any]) -> NoReturn:
    """Run one command from ``sys.argv`` and end the process: what ``python jobs/<job>.py`` and spark-submit do."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(as_callback(main))
    app()
    sys.exit(0)


def _common(
    lake: Annotated[str, typer.Option(help="Folder or fsspec URL of the lake.")] = "./lake",
    engine: Annotated[str, typer.Option(help="embedded or spark; under spark-submit always spark.")] = "",
    conf: Annotated[Path | None, typer.Option(help="TOML file of settings over conf/base.toml.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="One setting: section.key=value. May be repeated.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Warnings and errors only.")] = False,
    json_: Annotated[
        bool, typer.Option("--json", help="Print a summary of the run as JSON on standard output.")
    ] = False,
) -> None: ...


def as_callback(main: Callable[..., Any]) -> Callable[..., None]:
    """``main(job, its own options)`` as a function of its own and the common options, for typer."""
    own = list(inspect.signature(main).parameters.values())[1:]
    shared = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(_common).parameters.values()
    ]
    own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    names = {parameter.name for parameter in own}

    def callback(**values: Any) -> None:
        mine = {name: value for name, value in values.items() if name in names}
        _leave(_execute(main, mine, {name: value for name, value in values.items() if name not in names}))

    callback.__doc__ = main.__doc__
    callback.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    callback.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *shared)}
    return callback


def _execute(main: Callable[..., Any], own: dict[str, Any], common: dict[str, Any]) -> int:
    from ptm_spark import logs
    from ptm_spark.config import load
    from ptm_spark.folder import Folder
    from ptm_spark.job import Job

    logs.configure(quiet=common["quiet"])
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    begun = time.perf_counter()
    job = None
    try:
        assignments = list(common["set_"] or [])
        if common["engine"]:
            assignments.append(f"engine.name={common['engine']}")
        job = Job(load(common["conf"], assignments), Folder(common["lake"]))
        if getattr(main, _WRITES, False) and not job.landing.folder.exists():
            raise UsageError(f"no lake at {job.lake.url}: nothing has landed there; crawl-hub or import-dump makes one")
        claim = job.lake.claim(".run.lock", f"lake {job.lake.url}") if getattr(main, _WRITES, False) else nullcontext()
        with claim:
            try:
                main(job, **own)
            except Exception:
                job.flush_ops()
                raise
            job.flush_ops()
        code = 1 if job.warnings else 0
    except PtmError as error:
        _say(str(error))
        code = error.exit_code
    except KeyboardInterrupt:
        _say(_INTERRUPTED)
        code = 130
    except BrokenPipeError:  # whoever read our output, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except OSError as error:
        _say(
            f"{error.filename or 'disk'}: {error.strerror or error}; "
            "check the place, its rights and free space, then run again"
        )
        code = 1
    except Exception as error:  # a mistake of ours, or of an engine: keep what a report needs
        traceback.print_exc()
        _say(
            f"unexpected {type(error).__name__}: {_first_line(error)}; the tables that readers follow are as they were"
        )
        code = 1
    if common["json_"] and job is not None:
        facts = job.summary | {
            "exit_code": code,
            "warnings": job.warnings,
            "total_seconds": time.perf_counter() - begun,
        }
        sys.stdout.write(json.dumps(facts, default=str) + "\n")
        sys.stdout.flush()
    return code


def _leave(code: int) -> NoReturn:
    """End the process. With the embedded engine at once: to unwind its threads takes longer than most commands do."""
    session = sys.modules.get("ptm_spark.session")
    if session is None or not session.is_embedded_running():
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Ctrl-C: the embedded engine takes it as its own end, and who waits for its answer would wait on for minutes."""
    session = sys.modules.get("ptm_spark.session")
    if session is not None and session.is_embedded_running():
        _say(_INTERRUPTED)
        os._exit(130)
    signal.default_int_handler(number, frame)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM: leave at once; an exception here could be swallowed by an import, and its lock stay held."""
    os.write(2, b"ptm-spark: terminated; run the same command again to go on\n")
    os._exit(143)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]


def _say(text: str) -> None:
    sys.stderr.write(f"ptm-spark: {text}\n")
    sys.stderr.flush()
