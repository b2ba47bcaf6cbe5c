"""The entities that can be landed, and how a record of each is told from records of another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ptm_spark.errors import LandingError, UsageError


@dataclass(frozen=True)
class Entity:
    """A kind of record: ``key`` names its identifying field ('' where a record does not say it itself), ``needs`` the
    fields one of which every source carries beside it, ``alien`` fields that only other kinds have."""

    source: str
    name: str
    key: str = ""
    needs: frozenset[str] = frozenset()
    alien: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        return f"{self.source}/{self.name}"

    def refuse_others(self, sample: Iterable[Mapping[str, Any]]) -> None:
        """LandingError where most records of a sample do not look like this entity."""
        records = list(sample)
        fitting = sum(
            (not self.key or self.key in record) and bool(self.needs & record.keys()) and not self.alien & record.keys()
            for record in records
        )
        if 2 * fitting < len(records):
            found = sorted(set().union(*records))
            keyed = f"{self.key} and " if self.key else ""
            raise LandingError(
                f"this is no dump of {self.path}: its records should carry {keyed}one of "
                f"{', '.join(sorted(self.needs))}, but have {', '.join(found[:10])}; "
                "name the entity that it is, or its --format"
            )


#: fields of data sets, spaces, forum topics and discussions
_NO_MODEL = frozenset({"key", "description", "citation", "paperswithcode_id", "sdk", "subdomain", "post_stream", "num"})
_NAMES = frozenset({"_id", "modelId"})

#: What tells a model from a data set, a space or a forum record: fields of the Hub's and Discourse's own bodies.
ENTITIES = {
    entity.path: entity
    for entity in (
        Entity("hub", "models", key="id", needs=_NAMES, alien=_NO_MODEL),
        Entity("hub", "model_info", key="id", needs=_NAMES, alien=_NO_MODEL),
        Entity("hub", "cards"),
        Entity("hub", "commits"),
        Entity("hub", "discussions"),
        Entity("forum", "site", needs=frozenset({"category_list", "default_archetype"})),
        Entity(
            "forum",
            "topics",
            key="id",
            needs=frozenset({"posts_count", "bumped_at"}),
            alien=frozenset({"post_stream", "modelId"}),
        ),
        Entity("forum", "topic_posts", key="id", needs=frozenset({"post_stream"})),
    )
}


def entity_named(path: str) -> Entity:
    """The entity at ``<source>/<name>``; UsageError naming those there are."""
    if path not in ENTITIES:
        raise UsageError(f"entity {path}: unknown; expected one of {', '.join(sorted(ENTITIES))}")
    return ENTITIES[path]
