"""What a table promises: its grain, key and columns. Contracts hold no logic and know no engine."""

import re
from dataclasses import dataclass
from functools import cached_property

_COLUMN_LINE = re.compile(
    r"^(?P<name>[a-z_][a-z0-9_]*)\s+(?P<type>[A-Z][A-Z0-9_<>,: a-z]*?)\s+COMMENT\s+'(?P<comment>[^']+)',?$"
)


@dataclass(frozen=True)
class Column:
    """One column of a contract; ``type`` is Spark SQL text in upper case, such as ``ARRAY<STRING>``."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Table:
    """A Delta table's contract.

    ``columns`` is DDL, one column a line, each with a COMMENT. ``key`` names the columns that identify a row; a null
    may be part of a key where the comment says what null means. ``required`` names the columns that the gate wants
    without nulls. ``history`` tells how the store keeps it: ``rewrite`` (a whole new content each time), ``append``
    (only what changed, in batches), ``by_crawl`` (one replaceable batch a crawl) or ``log`` (kept whatever a run's
    fate).
    """

    name: str
    layer: str
    grain: str
    key: tuple[str, ...]
    history: str
    columns: str
    required: tuple[str, ...] = ()
    partition_by: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Place of the table below the lake, such as ``silver/models``."""
        return f"{self.layer}/{self.name}"

    @cached_property
    def fields(self) -> tuple[Column, ...]:
        """The columns in order; raises ValueError for a line that is no ``name TYPE COMMENT '…'``."""
        found = []
        for line in filter(None, map(str.strip, self.columns.splitlines())):
            match = _COLUMN_LINE.match(line)
            if match is None:
                raise ValueError(f"contract of {self.path}: not a column line: {line}")
            found.append(Column(match["name"], match["type"].replace(" ", ""), match["comment"]))
        return tuple(found)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(field.name for field in self.fields)
