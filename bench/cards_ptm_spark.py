"""This project's way from landed READMEs to silver/model_cards and silver/card_sections.

Usage: python bench/cards_ptm_spark.py LAKE [embedded|spark]

LAKE holds nothing but landing. The last line of output is JSON: the seconds from landed lines to both tables (the start
of the engine, with a first query, apart), and totals of what was written.
"""

import json
import sys
import time

from pyspark.sql import functions as F

from ptm_spark.config import load
from ptm_spark.folder import Folder
from ptm_spark.intake import FamilyPlan
from ptm_spark.landing import Landing
from ptm_spark.session import open_session
from ptm_spark.silver.cards import take_in_cards
from ptm_spark.store import Store
from ptm_spark.tables.cards import MODEL_CARDS

TOTALS = (
    *("word_count", "heading_count", "section_count", "fenced_code_block_count", "indented_code_block_count"),
    *("inline_code_count", "table_count", "image_count", "link_count"),
)


def main(lake: str, engine: str = "embedded") -> None:
    settings = load(assignments=[f"engine.name={engine}"]).engine
    session = open_session(settings)
    session.range(1).collect()
    folder = Folder(lake)
    store = Store(session, settings.name, folder, "bench")
    crawls = Landing(folder).crawls("hub", "cards")[0]
    plan, marks = FamilyPlan("cards", tuple(crawls), ()), {crawl.path: "" for crawl in crawls}
    begun = time.perf_counter()
    take_in_cards(store, plan, marks, reject_text_chars=4_000)
    seconds = time.perf_counter() - begun
    present = store.read(MODEL_CARDS).where("status = 'present'")
    (row,) = present.agg(
        F.count(F.lit(1)).alias("card_count"),
        F.count(F.when(F.col("front_matter_status") == "ok", 1)).alias("front_matter_count"),
        *(F.sum(name).alias(name) for name in TOTALS),
    ).collect()
    print(json.dumps({"seconds": round(seconds, 3), "totals": row.asDict()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
