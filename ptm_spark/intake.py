"""Which landed crawls a run takes in, and whether it may build on what is there or must begin anew."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ptm_spark.landing import LandedFile, Landing, Manifest, utc_text
from ptm_spark.publishing import Decision, State

#: raised whenever builders change what they make of the same landing; a lake built by another one is rebuilt
NORMALISER = 4


#: Tables that are built together from some entities, in one order of observation. A crawl that comes in late makes its
#: family be built anew from landing, and no other.
FAMILIES: dict[str, tuple[str, ...]] = {
    "models": ("hub/models", "hub/model_info"),
    "cards": ("hub/cards",),
    "commits": ("hub/commits",),
    "discussions": ("hub/discussions",),
    "forum": ("forum/site", "forum/topics", "forum/topic_posts"),
}


@dataclass(frozen=True)
class FamilyPlan:
    """What one family takes in.

    ``crawls`` are to be taken in, in order of observation; ``earlier`` stay as they are in the tables, all of them
    older; ``rebuild`` says why the family's tables begin anew ('' where they do not). ``goes_on``: the tables also hold
    rows of crawls that are no longer in landing.
    """

    name: str
    crawls: tuple[Manifest, ...]
    earlier: tuple[Manifest, ...]
    rebuild: str = ""
    goes_on: bool = False

    @property
    def begins_anew(self) -> bool:
        """Whether nothing of what the tables may hold counts."""
        return bool(self.crawls) and not self.earlier and not self.goes_on

    def census_before(self, crawl: Manifest) -> Manifest | None:
        """The census before this one of the same entity and scope, among all that count."""
        same = [
            other
            for other in (*self.earlier, *self.crawls)
            if other.coverage == "census"
            and (other.scope, other.entity) == (crawl.scope, crawl.entity)
            and other.order < crawl.order
        ]
        return max(same, key=lambda other: other.order, default=None)


@dataclass(frozen=True)
class Intake:
    """The plan of a run: what each family takes in, and which crawls readers do not see yet (``new``)."""

    families: dict[str, FamilyPlan]
    new: frozenset[str]
    rebuild: str
    held: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def crawls(self) -> tuple[Manifest, ...]:
        """All that are taken in."""
        return tuple(crawl for plan in self.families.values() for crawl in plan.crawls)

    @property
    def earlier(self) -> tuple[Manifest, ...]:
        """All that stay as they are in the tables."""
        return tuple(crawl for plan in self.families.values() for crawl in plan.earlier)

    def begins_anew(self, path: str) -> bool:
        """Whether the tables that a crawl went into are built from landing again."""
        entity = path.rpartition("/")[0]
        return any(bool(plan.rebuild) for name, plan in self.families.items() if entity in FAMILIES[name])


def plan_intake(
    landing: Landing,
    *,
    published: State | None,
    decisions: dict[str, Decision],
    rebuild: bool = False,
    only: frozenset[str] | None = None,
) -> Intake:
    """Decide what to take in: only what is new, or everything from landing.

    Everything is taken in again when somebody asks for it or when the builders have changed. A family is taken in
    again when a new crawl of it is older than one already in (a store of changes cannot insert into its past), or when
    a crawl already in has changed or is no longer wanted. Crawls that are held or rejected are left out. ``only``
    restricts the new ones, to find which of them breaks a gate.
    """
    known = dict(published.crawls) if published else {}
    why = ""
    if rebuild:
        why = "asked for"
    elif known and published is not None and published.normaliser != NORMALISER:
        why = f"the tables were built by normaliser {published.normaliser}, this is {NORMALISER}"
    families: dict[str, FamilyPlan] = {}
    new: set[str] = set()
    unreadable: list[str] = []
    notes: list[str] = []
    for name, entities in FAMILIES.items():
        found: list[Manifest] = []
        for entity in entities:
            crawls, broken = landing.crawls(*entity.split("/"))
            found += crawls
            unreadable += broken
            notes += [
                f"{path}: unfinished, left out; the command that began it goes on"
                for path in landing.unfinished(*entity.split("/"))
            ]
        of_family = {path for path in known if path.rpartition("/")[0] in entities}
        usable = [crawl for crawl in found if _is_wanted(decisions.get(crawl.path))]
        fresh = [crawl for crawl in usable if crawl.path not in known and (only is None or crawl.path in only)]
        inside = [crawl for crawl in usable if crawl.path in known]
        if lost := sorted(of_family - {crawl.path for crawl in found}):
            notes.append(f"{lost[0]}: taken in earlier, no longer in landing; its rows stay until the next rebuild")
        because = why or _why_anew(landing, fresh, inside, lost, known)
        taken, earlier = (inside + fresh, []) if because else (fresh, inside)
        new |= {crawl.path for crawl in fresh}
        in_order = tuple(sorted(taken, key=lambda crawl: crawl.order))
        families[name] = FamilyPlan(name, in_order, tuple(earlier), because, goes_on=bool(lost) and not because)
    held = tuple(path for path, decision in decisions.items() if decision.state == "held")
    return Intake(families, frozenset(new), why, held, tuple(unreadable), tuple(notes))


def _is_wanted(decision: Decision | None) -> bool:
    return decision is None or decision.state == "accepted"


def _why_anew(
    landing: Landing, fresh: list[Manifest], inside: list[Manifest], lost: list[str], known: dict[str, str]
) -> str:
    newest = max((*(crawl.order for crawl in inside), *map(_order_of, lost)), default=("", ""))
    if late := [crawl.path for crawl in fresh if crawl.order < newest]:
        return f"{late[0]} is older than crawls already in"
    for crawl in inside:
        if fingerprint(landing, crawl, known[crawl.path]) != known[crawl.path]:
            return f"{crawl.path} is no longer as it was taken in"
    return ""


def _order_of(path: str) -> tuple[str, str]:
    """By what is left of a crawl, its id, which begins with its moment."""
    crawl_id = path.rpartition("/")[2]
    moment = datetime.strptime(crawl_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return utc_text(moment), crawl_id


def fingerprint(landing: Landing, crawl: Manifest, known: str = "") -> str:
    """What a crawl's content is known by: its manifest's hash, and the names of damaged files if there are any.

    Files are read in full where ``known`` says nothing or names damage; else the manifest speaks for them.
    """
    name = hashlib.sha256(crawl.to_json()).hexdigest()[:16]
    if known.startswith(name) and "!" not in known:
        return name
    wrong = landing.damage(crawl)
    return f"{name}!{','.join(sorted(wrong))}" if wrong else name


def sound_files(files: Iterable[LandedFile], mark: str) -> list[LandedFile]:
    """The files that a fingerprint does not name as damaged."""
    damaged = set(mark.partition("!")[2].split(","))
    return [file for file in files if file.name not in damaged]
