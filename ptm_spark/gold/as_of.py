"""The gold tables as of an earlier moment: counted anew from silver as it was known then."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from pyspark.sql import DataFrame

from ptm_spark.gold.building import Bulk, GoldRun
from ptm_spark.gold.moments import moments_of
from ptm_spark.landing import Manifest, utc_text
from ptm_spark.store import Store
from ptm_spark.tables import Table


def gold_as_of(
    store: Store,
    silver: Mapping[Table, DataFrame],
    crawls: Iterable[Manifest],
    at: datetime,
    *,
    settings: Mapping[str, int],
    wanted: Collection[Table],
) -> Mapping[Table, DataFrame]:
    """The ``wanted`` gold tables as a run would have built them at ``at`` (UTC), or more of them; nothing is written.

    ``silver`` are the tables as of that moment, ``crawls`` all that readers see: each kind of table speaks of the
    newest of its crawls by then. What has no history counts as it is known now: families of models, contents of topics.
    """
    by_then = [crawl for crawl in crawls if datetime.fromisoformat(crawl.observed_at) <= at]
    of_models = [crawl.observed_at for crawl in by_then if crawl.entity in ("models", "model_info")]
    moments = moments_of(by_then, models_as_of=max(of_models, default=utc_text(at)))
    return GoldRun(store.standing_for(silver), moments, Bulk(**settings), None, wanted).build()
