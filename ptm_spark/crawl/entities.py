"""The entities that can be landed, and how a record of each is told from records of another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ptm_spark.errors import LandingError, UsageError


@dataclass(frozen=True)
class Entity:
    """A kind of record: ``key`` names its identifying field, ``needs`` the fields one of which every source carries
    beside it, ``alien`` fields that only other kinds have."""

    source: str
    name: str
    key: str
    needs: frozenset[str]
    alien: frozenset[str]

    @property
    def path(self) -> str:
        return f"{self.source}/{self.name}"

    def refuse_others(self, sample: Iterable[Mapping[str, Any]]) -> None:
        """LandingError where most records of a sample do not look like this entity."""
        records = list(sample)
        fitting = sum(
            self.key in record and bool(self.needs & record.keys()) and not self.alien & record.keys()
            for record in records
        )
        if 2 * fitting < len(records):
            found = sorted(set().union(*records))
            raise LandingError(
                f"this is no dump of {self.path}: its records should carry {self.key} and one of "
                f"{', '.join(sorted(self.needs))}, but have {', '.join(found[:10])}; name the entity that it is"
            )


#: What tells a model from a data set, a space or a forum record: fields of the Hub's and Discourse's own bodies.
ENTITIES = {
    entity.path: entity
    for entity in (
        Entity(
            source="hub",
            name="models",
            key="id",
            needs=frozenset({"_id", "modelId"}),
            alien=frozenset(
                {"key", "description", "citation", "paperswithcode_id", "sdk", "subdomain", "post_stream", "num"}
            ),
        ),
    )
}


def entity_named(path: str) -> Entity:
    """The entity at ``<source>/<name>``; UsageError naming those there are."""
    if path not in ENTITIES:
        raise UsageError(f"entity {path}: unknown; expected one of {', '.join(sorted(ENTITIES))}")
    return ENTITIES[path]
