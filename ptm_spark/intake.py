"""Which landed crawls a run takes in, and whether it may build on what is there or must begin anew."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from ptm_spark.landing import LandedFile, Landing, Manifest
from ptm_spark.publishing import Decision, State

#: raised whenever builders change what they make of the same landing; a lake built by another one is rebuilt
NORMALISER = 1


@dataclass(frozen=True)
class Intake:
    """The plan of a run.

    ``crawls`` are to be taken in, in order of observation; ``new`` names those of them that readers do not see yet;
    ``earlier`` stay as they are in the tables; ``rebuild`` says why all begins anew ('' where it does not).
    """

    crawls: tuple[Manifest, ...]
    earlier: tuple[Manifest, ...]
    new: frozenset[str]
    rebuild: str
    held: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def census_before(self, crawl: Manifest) -> Manifest | None:
        """The census before this one in the same scope, among all that count."""
        same = [
            other
            for other in (*self.earlier, *self.crawls)
            if other.coverage == "census" and other.scope == crawl.scope and other.observed_at < crawl.observed_at
        ]
        return max(same, key=lambda other: other.order, default=None)


def plan_intake(
    landing: Landing,
    source: str,
    entity: str,
    *,
    published: State | None,
    decisions: dict[str, Decision],
    rebuild: bool = False,
    only: frozenset[str] | None = None,
) -> Intake:
    """Decide what to take in: only what is new, or everything from landing.

    Everything is taken in again when somebody asks for it, when the builders have changed, when a new crawl is older
    than one already in (a store of changes cannot insert into its past), or when a crawl already in has changed.
    Crawls that are held or rejected are left out. ``only`` restricts the new ones, to find which of them breaks a gate.
    """
    found, unreadable = landing.crawls(source, entity)
    notes = []
    known = dict(published.crawls) if published else {}
    usable = [
        crawl for crawl in found if (decision := decisions.get(crawl.path)) is None or decision.state == "accepted"
    ]
    held = tuple(path for path, decision in decisions.items() if decision.state == "held")
    new = [crawl for crawl in usable if crawl.path not in known and (only is None or crawl.path in only)]
    inside = [crawl for crawl in usable if crawl.path in known]
    why = ""
    newest = max((crawl.order for crawl in inside), default=("", ""))
    if rebuild:
        why = "asked for"
    elif known and published is not None and published.normaliser != NORMALISER:
        why = f"the tables were built by normaliser {published.normaliser}, this is {NORMALISER}"
    elif late := [crawl.path for crawl in new if crawl.order < newest]:
        why = f"{late[0]} is older than crawls already in"
    elif changed := [
        crawl.path for crawl in inside if fingerprint(landing, crawl, known[crawl.path]) != known[crawl.path]
    ]:
        why = f"{changed[0]} is no longer as it was taken in"
    crawls, earlier = (inside + new, []) if why else (new, inside)
    order = sorted(crawls, key=lambda crawl: crawl.order)
    notes += [
        f"{path}: unfinished, left out; the command that began it goes on"
        for path in landing.unfinished(source, entity)
    ]
    if lost := sorted(known.keys() - {crawl.path for crawl in found}):
        notes.append(f"{lost[0]}: taken in earlier, no longer in landing; its rows stay until the next rebuild")
    names = frozenset(crawl.path for crawl in new)
    return Intake(tuple(order), tuple(earlier), names, why, held, tuple(unreadable), tuple(notes))


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
