"""Write the data dictionary from the contracts."""

import sys
from pathlib import Path

from ptm_spark.tables import APART, GOLD, OPS, SILVER, Table

LAYERS = {
    "Silver: what was seen, normalised": SILVER,
    "Gold: answers, each row with its `as_of`": GOLD,
    "Gold apart: written and published by a command of its own": APART,
    "Ops: what the runs did": OPS,
}
HISTORY = {
    "rewrite": "written whole by each run that changes it",
    "append": "only ever added to",
    "by_crawl": "one replaceable batch a crawl",
    "log": "added to by each run, whatever its fate",
}


def describe(table: Table) -> str:
    """A table's section: grain, key, history, columns."""
    rows = "\n".join(f"| `{field.name}` | {field.type} | {field.comment} |" for field in table.fields)
    return (
        f"### `{table.path}`\n\n{table.grain[0].upper() + table.grain[1:]}. "
        f"Key: {', '.join(f'`{name}`' for name in table.key)}; "
        f"{HISTORY[table.history]}.\n\n| column | type | meaning |\n|---|---|---|\n{rows}\n"
    )


def main(target: Path) -> None:
    parts = ["# The data model\n\nWritten by `make docs` from `ptm_spark/tables`; change it there.\n"]
    for title, tables in LAYERS.items():
        parts.append(f"## {title}\n")
        parts += [describe(table) for table in tables]
    target.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
