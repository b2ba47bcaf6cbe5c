"""How much of the talk and of the uploads a name had in the first six months, and in the last."""

from ptm_spark.replication.claim import Correction, Figure, Figures
from ptm_spark.replication.pairs import topic_shares, upload_shares
from ptm_spark.replication.tables import StudyTables, Vector

_NAMES = ("bart", "pegasus", "bert", "roberta", "distilbert", "t5", "gpt2")
_FALLING = ("xlnet", "longformer", "albert", "electra")
_RISING = ("vit", "whisper", "llama")
_MONTHS = 6
#: a share that rises by less than a tenth of a point is flat
_FLAT = 0.001
_OF_TYPED = Correction(
    "needs types of the untyped",
    "a share of typed uploads, which shrink from 93 to 34 % of all new models",
)


def share_figures(tables: StudyTables) -> Figures:
    """Mean shares at either end of the 34 months, in percent, and the directions of seven more names."""
    names = (*_NAMES, *_FALLING, *_RISING)
    uploads = {name: _ends(upload_shares(tables, name)) for name in names}
    topics = {name: _ends(found) for name in names if (found := topic_shares(tables, name)) is not None}
    figures: Figures = {}
    for side, ends, correction in (("hub", uploads, _OF_TYPED), ("forum", topics, None)):
        for name in _NAMES:
            for at, end in enumerate(("first", "last")):
                if name in ends:
                    percent = 100.0 * ends[name][at]
                    figures[f"agreement.share.{side}.{name}.{end}"] = Figure(percent, _MONTHS, None, correction)
    flat = sum(_rise(uploads[name]) < _FLAT for name in _FALLING)
    figures["agreement.share.not_rising.hub"] = Figure(flat, len(_FALLING))
    if topics:
        falling = sum(_rise(topics[name]) < 0 for name in _FALLING)
        rising = sum(_rise(topics[name]) > 0 and _rise(uploads[name]) > 0 for name in _RISING)
        figures["agreement.share.falling.forum"] = Figure(falling, len(_FALLING))
        figures["agreement.share.rising.both"] = Figure(rising, len(_RISING))
    return figures


def _ends(shares: Vector) -> tuple[float, float]:
    """Means of the monthly ratios of the first and of the last six months."""
    return float(shares[:_MONTHS].mean()), float(shares[-_MONTHS:].mean())


def _rise(ends: tuple[float, float]) -> float:
    return ends[1] - ends[0]
