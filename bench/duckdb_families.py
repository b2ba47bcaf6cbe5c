"""silver/model_families by DuckDB alone: the part of ``duckdb_gold.py`` that reads names.

The same answers as ptm_spark.silver.model_families: the metadata of a model, then its bases followed through up to six
steps, then the names of those, then its own name, by the pattern that ptm_spark uses.
"""

from collections.abc import Callable
from typing import Any

import duckdb

Write = Callable[[str, str], None]
MOST_STEPS = 6

ALIASES = """
CREATE TABLE aliases AS
SELECT family, alias, translate(alias, ' -_', '') AS key, used_in,
    CASE kind WHEN 'architecture' THEN 200 WHEN 'descendant' THEN 100 ELSE 0 END + len(key) AS strength
FROM read_csv($aliases, header = true, all_varchar = true, nullstr = '\\N');
CREATE TABLE types AS
SELECT translate(family, ' -_', '') AS key, any_value(family) AS family FROM aliases WHERE family <> '' GROUP BY ALL;
INSERT INTO types SELECT key, family FROM aliases WHERE used_in = 'types' AND key NOT IN (SELECT key FROM types);
CREATE TABLE name_aliases AS SELECT key, family, strength FROM aliases WHERE used_in IN ('names', 'both');
"""

#: what a model's metadata say; of several families in its tags the longest, where it holds the others
OWN = r"""
CREATE TABLE own AS
WITH tagged AS (
    SELECT DISTINCT repo_oid, tag FROM (SELECT repo_oid, unnest(tags) AS tag FROM models)
    WHERE tag IN (SELECT family FROM aliases WHERE family <> '')
),
by_tag AS (
    SELECT repo_oid, max({length: len(tag), tag: tag}).tag AS longest, list(tag) AS tags FROM tagged GROUP BY ALL
),
by_tags AS (
    SELECT repo_oid, longest AS tag_family FROM by_tag
    WHERE len(list_filter(tags, lambda tag: NOT contains(longest, tag))) = 0
),
judged AS (
    SELECT models.repo_oid, model_id, base_models, removal IS NULL AS is_there,
        coalesce(of_type.family,
            CASE WHEN regexp_full_match(lower(model_type), '[a-z0-9][a-z0-9_.-]{1,49}') THEN lower(model_type) END
        ) AS config_family,
        of_class.family AS class_family, tag_family
    FROM models
    LEFT JOIN types of_type ON of_type.key = translate(lower(model_type), ' -_', '')
    LEFT JOIN types of_class ON of_class.key = translate(lower(regexp_replace(architecture,
        '^(?:TF|Flax)?([A-Z][A-Za-z0-9_]*?)(?:For[A-Z][A-Za-z0-9_]*|(?:With)?LMHead(?:Model)?'
        || '|DoubleHeads(?:Model)?|(?:Text|Vision)?Model(?:With[A-Za-z]*)?|EncoderModel'
        || '|(?:Question|Context)Encoder|Reader|PreTrainedModel)?$', '\1')), ' -_', '')
    LEFT JOIN by_tags ON models.repo_oid = by_tags.repo_oid
)
SELECT repo_oid, model_id, base_models, is_there, coalesce(config_family, class_family, tag_family) AS family,
    CASE WHEN config_family IS NOT NULL THEN 'config' WHEN class_family IS NOT NULL THEN 'architecture'
        WHEN tag_family IS NOT NULL THEN 'tag' END AS method
FROM judged
"""

EDGES = """
CREATE TABLE edges AS
SELECT repo_oid, model_id, is_there, unnest(base_models) AS base_id FROM own
WHERE family IS NULL AND len(base_models) > 0;
CREATE TABLE known AS SELECT model_id AS base_id, family AS base_family FROM own WHERE family IS NOT NULL AND is_there;
CREATE TABLE found (repo_oid VARCHAR, family VARCHAR, steps INTEGER);
"""

#: bases of one family pass it on; the next step's parents are what the last one has found
STEP = """
INSERT INTO found
SELECT repo_oid, min(base_family), $steps FROM edges JOIN known USING (base_id)
WHERE repo_oid NOT IN (SELECT repo_oid FROM found)
GROUP BY repo_oid HAVING min(base_family) = max(base_family)
"""
PARENTS = """
CREATE OR REPLACE TABLE known AS
SELECT DISTINCT model_id AS base_id, family AS base_family FROM edges JOIN found USING (repo_oid) WHERE is_there
"""

#: the clear answer of each text's name: the strongest alias, if no other is as strong
NAMED = """
CREATE OR REPLACE TEMP MACRO named(texts) AS TABLE
WITH prepared AS (
    SELECT DISTINCT text, replace(replace(replace('  ' || regexp_replace(lower(
        replace(replace(replace(replace(split_part(text, '/', -1), 'For', ' For'), ' Former', 'former'),
            'Model', ' Model'), 'Tokenizer', ' Tokenizer')),
        '([0-9]+(?:[.][0-9]+)*)|[^a-z0-9|]', '  \\1  ', 'g') || '  ', '    ', '  '), '    ', '  '), '    ', '  ')
        AS name
    FROM query_table(texts)
),
found AS (
    SELECT DISTINCT text, translate(unnest(regexp_extract_all(name, '{pattern}')), ' -_', '') AS key FROM prepared
),
valued AS (SELECT DISTINCT text, family, strength FROM found JOIN name_aliases USING (key)),
strongest AS (
    SELECT text, arg_max(family, strength) AS family, max(strength, 2) AS strengths FROM valued GROUP BY ALL
)
SELECT text, family FROM strongest
WHERE strengths[1] >= 100 AND strengths[1] IS DISTINCT FROM strengths[2]
"""

BY_BASE_NAME = """
CREATE TABLE base_texts AS
SELECT repo_oid, base_id AS text FROM edges WHERE repo_oid NOT IN (SELECT repo_oid FROM found);
CREATE TABLE by_base_name AS
SELECT repo_oid, min(family) AS family FROM base_texts JOIN named('base_texts') USING (text)
GROUP BY repo_oid HAVING min(family) = max(family);
CREATE TABLE name_texts AS
SELECT repo_oid, model_id AS text FROM own WHERE family IS NULL
    AND repo_oid NOT IN (SELECT repo_oid FROM found UNION ALL SELECT repo_oid FROM by_base_name);
CREATE TABLE by_name AS SELECT repo_oid, family FROM name_texts JOIN named('name_texts') USING (text);
"""

FAMILIES = """
WITH told AS (
    SELECT repo_oid, steps, coalesce(own.family, found.family, by_base_name.family, by_name.family) AS family,
        CASE WHEN method IS NOT NULL THEN method WHEN found.family IS NOT NULL THEN 'base_model'
            WHEN by_base_name.family IS NOT NULL THEN 'base_name' WHEN by_name.family IS NOT NULL THEN 'name'
        END AS method
    FROM own
    LEFT JOIN found USING (repo_oid) LEFT JOIN by_base_name USING (repo_oid) LEFT JOIN by_name USING (repo_oid)
)
SELECT repo_oid, family, method, CASE method {confidence} END AS confidence,
    CASE method WHEN 'base_model' THEN steps WHEN 'base_name' THEN 1 ELSE 0 END AS base_steps
FROM told
"""


def write_families(db: duckdb.DuckDBPyConnection, given: dict[str, Any], write: Write) -> None:
    """Tell the family of every row of ``models``, and write ``model_families``."""
    db.execute(ALIASES.replace("$aliases", f"'{given['aliases']}'"))
    for statement in (OWN, EDGES):
        db.execute(statement)
    known = -1
    for steps in range(1, MOST_STEPS + 1):
        db.execute(STEP, {"steps": steps})
        row = db.execute("SELECT count(*) FROM found").fetchone()
        if row is None or row[0] == known:
            break
        known = row[0]
        db.execute(PARENTS)
    db.execute(NAMED.replace("{pattern}", given["pattern"].replace("'", "''")))
    db.execute(BY_BASE_NAME)
    cases = " ".join(f"WHEN '{method}' THEN {share}::DOUBLE" for method, share in given["confidence"].items())
    write("model_families", FAMILIES.format(confidence=cases))
