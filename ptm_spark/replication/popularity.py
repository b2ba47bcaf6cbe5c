"""Which types of models are uploaded and talked about most, and how concentrated that is."""

import numpy as np

from ptm_spark.replication.claim import Correction, Figure, Figures
from ptm_spark.replication.months import CARDS, of_year
from ptm_spark.replication.tables import Monthly, StudyTables, Vector
from ptm_spark.statistics.concentration import hhi, top_share

#: those whose totals were published
_LARGEST = {
    "hub": (
        *("bert", "gpt2", "distilbert", "roberta", "t5", "wav2vec2", "xlm-roberta", "bart", "whisper", "marian"),
        *("mt5", "llama", "vit", "electra", "albert", "mpnet", "gpt_neox", "mbart", "deberta-v2", "camembert"),
    ),
    "forum": (
        *("bert", "t5", "roberta", "gpt2", "bart", "distilbert", "wav2vec2", "vit", "pegasus", "xlm", "longformer"),
        *("whisper", "mbart", "clip", "mt5", "albert", "xlnet", "electra", "deberta", "llama", "bloom"),
    ),
}
_TEN = 10
_TOP_SHARES = {"hub": (1, 5, 10, 20), "forum": (5,)}
_PEAKS = {"hub": ("bert",), "forum": ("bert", "gpt2", "roberta")}
_SPIKES = (("forum", "bert", "2021-06"), ("hub", "gpt2", "2020-09"), ("hub", "gpt2", "2021-03"))
_YEARS = ("2020", "2021", "2022", "2023")
_ONE_ACCOUNT = Correction(
    "needs the owners",
    "175 and 547 of all models of those two months are of one account (huggingtweets): its uploads, no trend",
)


def popularity_figures(tables: StudyTables) -> Figures:
    """Totals, the ten largest, their shares, peaks and concentration."""
    figures: Figures = {}
    for side, table in (("hub", tables.hub), ("forum", tables.forum)):
        totals = table.totals()
        largest = sorted(totals, key=lambda name: -totals[name])
        for name in _LARGEST[side]:
            total = int(table.series(name, table.months).sum())
            figures[f"popularity.total.{side}.{name}"] = Figure(total, len(table.months))
        figures[f"popularity.top.{side}"] = Figure(_TEN, len(totals), " ".join(largest[:_TEN]))
        for k in _TOP_SHARES[side]:
            share = top_share(list(totals.values()), k).value
            correction = _of_all_models(tables, largest[:k]) if side == "hub" else None
            percent = None if share is None else 100.0 * share
            figures[f"popularity.top_share.{side}.{k}"] = Figure(percent, sum(totals.values()), None, correction)
        for name in _PEAKS[side]:
            series = table.series(name, table.months)
            month = table.months[int(series.argmax())]
            figures[f"popularity.peak.{side}.{name}"] = Figure(float(series.max()), len(series), month)
        for year in _YEARS:
            counts = _of_year(table, year)
            figures[f"popularity.hhi.{side}.{year}"] = Figure(hhi(counts).value, int(counts.sum()))
    for year in _YEARS:
        counts = _of_year(tables.hub, year)
        figures[f"popularity.active.hub.{year}"] = Figure(int(np.count_nonzero(counts)), int(counts.sum()))
    figures["popularity.month.hub.llama"] = Figure(float(tables.hub.series("llama", ["2023-05"])[0]), 1)
    return figures | _spikes({"hub": tables.hub, "forum": tables.forum})


def _of_all_models(tables: StudyTables, names: list[str]) -> Correction:
    """What the same types are of all new models, while cards were counted."""
    uploads = tables.hub.totals(CARDS)
    return Correction(
        "share of all new models, typed or not, 2019-12 to 2023-05",
        "typed models shrink from 93 to 34 % of all new ones; the others may be of any type, so this is the least",
        100.0 * sum(uploads[name] for name in names) / tables.cards.pooled(CARDS)[1],
    )


def _spikes(sides: dict[str, Monthly]) -> Figures:
    return {
        f"popularity.spike.{side}.{name}.{month}": Figure(
            float(sides[side].series(name, [month])[0]), 1, None, _ONE_ACCOUNT if side == "hub" else None
        )
        for side, name, month in _SPIKES
    }


def _of_year(table: Monthly, year: str) -> Vector:
    """Counts of all names in a year, sorted, so that sums of them do not depend on the order of a file."""
    return np.sort(np.array(list(table.totals(of_year(table.months, year)).values()), dtype=np.float64))
