"""The formats of dumps: what each lands of which entity. One without a format of its own holds bodies of the API."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ptm_spark.crawl import census_2022, csv_rows, dated_export, git_history
from ptm_spark.crawl.dump_file import Split, split_json
from ptm_spark.crawl.dump_lines import refuse_other_lines
from ptm_spark.crawl.entities import ENTITIES, Entity
from ptm_spark.errors import UsageError
from ptm_spark.landing import CrawlWriter, InvalidRecordError

#: (writer, raw records of a file, moment of observation)
Land = Callable[[CrawlWriter, Iterator[bytes], str], None]
Check = Callable[[Iterable[Mapping[str, Any]]], None]


@dataclass(frozen=True)
class Adapter:
    """How files land as a crawl of ``entity``; ``format`` is what its manifest says of the records.

    ``land`` lands one file; None where the files are changes in a series, of which the state behind them lands.
    ``check`` raises LandingError where a sample of records is of something else; None where ``land`` tells by itself.
    """

    entity: Entity
    format: str
    land: Land | None
    check: Check | None = None
    split: Split = split_json


def adapters_for(entity: Entity, format: str) -> tuple[Adapter, ...]:
    """What a dump of a format lands, a crawl each; UsageError naming the entity's formats where it is none of them."""
    if (entity.path, format) not in _ADAPTERS:
        formats = sorted(name for path, name in _ADAPTERS if path == entity.path)
        raise UsageError(f"--format {format}: none of {entity.path}; expected one of {', '.join(formats)}")
    return _ADAPTERS[entity.path, format]


def _land_records(writer: CrawlWriter, raws: Iterator[bytes], fetched_at: str, *, key: str) -> None:
    for raw in raws:
        writer.add(raw, key=key, fetched_at=fetched_at)


def _parsed(writer: CrawlWriter, raws: Iterator[bytes], fetched_at: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Those records that may land, each with its bytes; the others are set aside."""
    for raw in raws:
        try:
            record = writer.parse(raw)
        except InvalidRecordError as error:
            writer.refuse(raw, str(error), fetched_at)
        else:
            yield raw, record


def _land_details(writer: CrawlWriter, raws: Iterator[bytes], fetched_at: str) -> None:
    """Detail bodies; like crawled ones they land with the model's ``_id`` beside them."""
    for raw, record in _parsed(writer, raws, fetched_at):
        oid = record.get("_id")
        about = {"repo_oid": oid} if isinstance(oid, str) else None
        writer.add_parsed(raw, record, name=record.get("id"), fetched_at=fetched_at, about=about)


def _land_site(writer: CrawlWriter, raws: Iterator[bytes], fetched_at: str) -> None:
    """Bodies of ``/site.json`` and ``/categories.json``, under the names that a crawl gives them."""
    for raw, record in _parsed(writer, raws, fetched_at):
        name = "categories" if "category_list" in record else "site"
        writer.add_parsed(raw, record, name=name, fetched_at=fetched_at)


def _land_topics(writer: CrawlWriter, raws: Iterator[bytes], fetched_at: str) -> None:
    """Whole topics under their number; what no crawl would take for a topic with posts is set aside."""
    for raw in raws:
        try:
            record = writer.parse(raw)
            if type(record.get("id")) is not int:
                raise InvalidRecordError("id:type" if "id" in record else "id:missing")
            stream = record.get("post_stream")
            if not (isinstance(stream, dict) and isinstance(stream.get("posts"), list)):
                raise InvalidRecordError("post_stream:type")
        except InvalidRecordError as error:
            writer.refuse(raw, str(error), fetched_at)
            continue
        writer.add_parsed(raw, record, name=record["id"], fetched_at=fetched_at)
        writer.count("posts", len(stream["posts"]))


def _of_api(path: str, land: Land | None = None) -> tuple[Adapter, ...]:
    """Bodies of the service's own API, under the format that its crawls have."""
    entity = ENTITIES[path]
    format = "discourse" if entity.source == "forum" else "api"
    return (Adapter(entity, format, land or partial(_land_records, key=entity.key), entity.refuse_others),)


def _of_lines(format: str, needs: frozenset[str], lands: Mapping[str, Land | None]) -> tuple[Adapter, ...]:
    check = partial(refuse_other_lines, needs=needs, format=format)
    return tuple(Adapter(ENTITIES[path], format, land, check) for path, land in lands.items())


def _of_csv(path: str, columns: tuple[str, ...]) -> tuple[Adapter, ...]:
    land = partial(csv_rows.land_rows, columns=columns, key=columns[0])
    return (Adapter(ENTITIES[path], "csv", land, split=csv_rows.split_rows),)


_CENSUS: dict[str, Land | None] = {"hub/models": census_2022.land_models, "hub/cards": census_2022.land_cards}
_TOPICS = _of_api("forum/topic_posts", _land_topics)
_ADAPTERS: dict[tuple[str, str], tuple[Adapter, ...]] = {
    ("hub/models", "api"): _of_api("hub/models"),
    ("hub/models", "census-2022"): _of_lines("census-2022", census_2022.FIELDS, _CENSUS),
    ("hub/models", "dated-export"): _of_lines("dated-export", dated_export.FIELDS, {"hub/models": None}),
    ("hub/model_info", "api"): _of_api("hub/model_info", _land_details),
    ("hub/cards", "git-history"): _of_lines("git-history", git_history.FIELDS, {"hub/cards": git_history.land_events}),
    ("hub/commits", "csv"): _of_csv("hub/commits", csv_rows.COMMITS),
    ("hub/discussions", "csv"): _of_csv("hub/discussions", csv_rows.PULL_REQUESTS),
    ("forum/site", "api"): _of_api("forum/site", _land_site),
    ("forum/topics", "api"): _of_api("forum/topics"),
    ("forum/topics", "discourse"): _TOPICS,
    ("forum/topic_posts", "api"): _TOPICS,
    ("forum/topic_posts", "discourse"): _TOPICS,
}
