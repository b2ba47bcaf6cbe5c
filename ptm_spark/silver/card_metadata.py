"""What a card's front matter says of its model, typed: a value of another type is null and named as a flaw."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

#: the fields of the Hub's metadata specification for model cards (hub-docs, modelcard.md), and the two that its pages
#: on model cards and on carbon emissions add: pipeline_tag, co2_eq_emissions. license_name and license_link only go
#: with a licence, buckets are too young to be asked for, so they do not count
FIELDS = (
    "language", "license", "library_name", "pipeline_tag", "tags", "datasets", "metrics", "base_model", "model-index",
    "co2_eq_emissions",
)  # fmt: skip
_LANGUAGE = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*\Z")
_MOST_TEXT = 500
_MOST_ITEMS = 1000
_MOST_KEYS = 200


class Metadata(NamedTuple):
    """Values of one card; lists are sorted, each item once."""

    keys: list[str]
    completeness: float
    licence: str | None
    languages: list[str]
    datasets: list[str]
    base_models: list[str]
    library: str | None
    pipeline_tag: str | None
    tags: list[str]
    has_model_index: bool
    eval_result_count: int
    flaws: list[str]


def read_metadata(values: Mapping[str, Any]) -> Metadata:
    """The typed values of a front matter's mapping; an empty one gives empty values."""
    flaws: list[str] = []
    index = values.get("model-index", values.get("model_index"))
    filled = sum(_is_filled(values.get(name)) for name in FIELDS if name != "model-index") + _is_filled(index)
    licences = _texts(values, "license", flaws)
    return Metadata(
        keys=sorted(key[:_MOST_TEXT] for key in list(values)[:_MOST_KEYS]),
        completeness=filled / len(FIELDS),
        licence=("multiple" if len(licences) > 1 else licences[0].lower()) if licences else None,
        languages=_languages(values, flaws),
        datasets=_texts(values, "datasets", flaws),
        base_models=_texts(values, "base_model", flaws),
        library=_text(values, "library_name", flaws),
        pipeline_tag=_text(values, "pipeline_tag", flaws),
        tags=_texts(values, "tags", flaws),
        has_model_index=_is_filled(index),
        eval_result_count=_eval_results(index, flaws),
        flaws=flaws,
    )


def _is_filled(value: Any) -> bool:
    """Whether something stands there; in a list, whether in any member. Values may share parts: none is descended."""
    if isinstance(value, list):
        return any(item not in (None, "") for item in value)
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != {}


def _text(values: Mapping[str, Any], name: str, flaws: list[str]) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        flaws.append(f"{name}:type")
        return None
    return _cut(value, name, flaws) if value else None


def _cut(value: str, name: str, flaws: list[str]) -> str | None:
    text = value.strip()
    if len(text) > _MOST_TEXT:
        flaws.append(f"{name}:too_long")
        return None
    return text or None


def _texts(values: Mapping[str, Any], name: str, flaws: list[str]) -> list[str]:
    """The texts of a field that may be a text or a list of texts; other members are left out and are a flaw."""
    value = values.get(name)
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    if len(items) > _MOST_ITEMS:
        flaws.append(f"{name}:too_long")
    found: set[str] = set()
    for item in items[:_MOST_ITEMS]:
        if isinstance(item, str):
            if text := _cut(item, name, flaws):
                found.add(text)
        elif item is not None:
            flaws.append(f"{name}:type")
    return sorted(found)


def _languages(values: Mapping[str, Any], flaws: list[str]) -> list[str]:
    codes = {text.lower() for text in _texts(values, "language", flaws)}
    good = sorted(code for code in codes if _LANGUAGE.match(code))
    if len(good) < len(codes):
        flaws.append("language:format")
    return good


def _eval_results(index: Any, flaws: list[str]) -> int:
    """Metrics that a model index reports: model-index[].results[].metrics[]."""
    count, is_odd = 0, not isinstance(index, list | None)
    for model in index if isinstance(index, list) else ():
        results = model.get("results") if isinstance(model, dict) else None
        is_odd = is_odd or not isinstance(model, dict) or not isinstance(results, list | None)
        for result in results if isinstance(results, list) else ():
            metrics = result.get("metrics") if isinstance(result, dict) else None
            is_odd = is_odd or not isinstance(result, dict) or not isinstance(metrics, list | None)
            count += len(metrics) if isinstance(metrics, list) else 0
    if is_odd:
        flaws.append("model-index:type")
    return count
