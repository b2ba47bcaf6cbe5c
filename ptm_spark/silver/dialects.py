"""How each source of models writes them: which of its keys hold what the Hub's listing calls by its own names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

#: the fields of a listing row or a detail body that the tables need, with the JSON type of the Hub's contract
LEAVES = {
    "_id": "STRING",
    "id": "STRING",
    "createdAt": "STRING",
    "lastModified": "STRING",
    "sha": "STRING",
    "library_name": "STRING",
    "pipeline_tag": "STRING",
    "gated": "ANY",  # false, "auto" or "manual"; a curated export may say only true
    "private": "BOOLEAN",
    "disabled": "BOOLEAN",
    "downloads": "BIGINT",
    "likes": "BIGINT",
    "tags": "ARRAY<STRING>",
    "cardData": "STRUCT<language: STRING>",
    "config": "STRUCT<model_type: STRING, architectures: ARRAY<STRING>>",
}
#: fields that only curated exports have
_OF_EXPORTS = {"languages": "ARRAY<STRING>", "removed": "BOOLEAN"}
TYPES = LEAVES | _OF_EXPORTS

#: what the Hub documents or was seen to send beside these; anything else is drift
_HUB_FIELDS = frozenset(LEAVES) | {
    *("modelId", "author", "downloadsAllTime", "trendingScore", "mask_token", "siblings"),
    *("transformersInfo", "safetensors", "gguf", "model-index", "model_index", "evalResults", "widgetData", "spaces"),
    *("baseModels", "childrenModelCount", "usedStorage", "inference", "inferenceProviderMapping", "inferenceStatus"),
    *("resourceGroup", "securityRepoStatus", "xetEnabled"),
}
_EXPORT_FIELDS = frozenset(
    (
        *("schema", "id", "slug", "author", "url", "created_at", "updated_at", "license", "license_family"),
        *("pipeline_tag", "library", "languages", "tags", "likes", "downloads_30d", "trending_score", "parameters"),
        *("parameters_human", "base_model", "storage_bytes", "storage_human", "formats", "is_conversational"),
        *("gated", "removed", "removed_at", "benchmarks"),
    )
)


@dataclass(frozen=True)
class Dialect:
    """One way to write a model: ``names`` maps the Hub's name of a field to the source's own where they differ.

    ``has_oid``: every record carries the Hub's ObjectId; else models are told by name and creation time. ``known`` are
    the keys that the source is known to have.
    """

    known: frozenset[str]
    has_oid: bool = True
    names: Mapping[str, str] = field(default_factory=dict)

    def source_name(self, name: str) -> str:
        """What the source calls a field."""
        return self.names.get(name, name)

    def carried(self, keys: Collection[str]) -> frozenset[str]:
        """Those of our fields, by the Hub's names, which a crawl with such record keys can carry."""
        return frozenset(name for name in TYPES if self.source_name(name) in keys)


DIALECTS = {
    "api": Dialect(known=_HUB_FIELDS),
    "census-2022": Dialect(known=_HUB_FIELDS, has_oid=False, names={"id": "modelId"}),
    "dated-export": Dialect(
        known=_EXPORT_FIELDS,
        has_oid=False,
        names={
            "createdAt": "created_at",
            "lastModified": "updated_at",
            "library_name": "library",
            "downloads": "downloads_30d",
        },
    ),
}
