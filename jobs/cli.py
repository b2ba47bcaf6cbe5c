"""``ptm-spark``: the catalogue of commands. A command's module is imported when it is called, so that help is quick."""

import importlib
from typing import Any

import typer
from typer.core import TyperGroup

from ptm_spark import __version__
from ptm_spark.command import as_callback

COMMANDS = {
    "run": ("run_all", "All stages, only what is new: silver, gate, gold, report."),
    "crawl-hub": ("crawl_hub", "Crawl the Hub into the landing zone."),
    "crawl-forum": ("crawl_forum", "Crawl the forum into the landing zone."),
    "import-dump": ("import_dump", "Land a saved dump like a crawl."),
    "build-silver": ("build_silver", "Take new crawls into the silver tables."),
    "check-silver": ("check_silver", "Judge the silver tables that wait."),
    "build-gold": ("build_gold", "Build gold, judge it, publish everything."),
    "write-report": ("write_report", "Write the page, its charts and their CSV."),
    "maintain-tables": ("maintain_tables", "Compact the tables and delete old versions."),
    "tables": ("tables", "List the tables: rows, size, version."),
    "query": ("query", "Ask the published tables in SQL."),
    "accept": ("accept", "Let a held crawl in."),
    "reject": ("reject", "Keep a held crawl out for good."),
    "forget": ("forget", "Remove a user from what has landed."),
    "compare": ("compare", "Compare two lakes row by row."),
    "replicate": ("replicate", "Compute the study's figures again from its tables."),
    "doctor": ("doctor", "Check the environment, one line a finding."),
    "standin": ("standin", "Serve the stand-in Hub and forum, or write dumps of the invented Hub."),
}


class Catalogue(TyperGroup):
    """Commands by name, each loaded when it is called; their one-line helps stand here."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        main = importlib.import_module(f"jobs.{COMMANDS[cmd_name][0]}").main
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name=cmd_name)(as_callback(main))
        return typer.main.get_command(app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


app = typer.Typer(cls=Catalogue, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def catalogue(ctx: typer.Context, version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    """Trends and documentation of pre-trained models on the Hugging Face Hub and forum, as checked Delta tables."""
    if version:
        typer.echo(f"ptm-spark {__version__}")
    elif ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def main() -> Any:
    """Entry point of the console script."""
    return app()


if __name__ == "__main__":
    main()
