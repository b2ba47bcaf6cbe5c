"""The YAML block of a README: where it stands, what is in it, and what nobody should be able to do with it."""

import pytest
from dumps import quick
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.silver.card_front_matter import MOST_CHARS, find_front_matter, read_front_matter
from ptm_spark.silver.card_metadata import FIELDS, read_metadata


@pytest.mark.parametrize(
    ("text", "block", "body", "flaws"),
    [
        ("---\na: b\n---\nText", "a: b", "Text", ()),
        ("---\r\na: b\r\n---\r\nText", "a: b", "Text", ()),
        ("---\na: b\n---", "a: b", "", ()),
        ("---\na: b\n--- \t\nText", "a: b", "Text", ()),
        ("---\n\n---\nText", "", "Text", ()),
        ("\n \n---\na: b\n---\nText", "a: b", "Text", ("front_matter:after_blank",)),
        ("\ufeff---\na: b\n---\nText", "a: b", "Text", ("front_matter:after_blank",)),
        ("---\na: b\n----\nc: d\n---\nText", "a: b\n----\nc: d", "Text", ()),
        ("---\na: b\nText", None, "---\na: b\nText", ("front_matter:unclosed",)),
        ("----\na: b\n---\nText", None, "----\na: b\n---\nText", ()),
        ("--- \na: b\n---\nText", None, "--- \na: b\n---\nText", ()),
        ("Text\n---\na: b\n---\n", None, "Text\n---\na: b\n---\n", ()),
        ("", None, "", ()),
    ],
)
def test_a_block_stands_where_the_hub_sees_one(text: str, block: str | None, body: str, flaws: tuple[str, ...]) -> None:
    found, body_at, found_flaws = find_front_matter(text)
    assert (found, text[body_at:], found_flaws) == (block, body, flaws)


@pytest.mark.parametrize(
    ("block", "status"),
    [
        ("a: b", "ok"),
        ("{}", "ok"),
        ("", "empty"),
        ("# nothing", "empty"),
        ("~", "empty"),
        ("- a", "not_a_mapping"),
        ("text", "not_a_mapping"),
        ("a: b: c", "invalid"),
        ("\ta: b", "invalid"),
        ("a: [b", "invalid"),
        ("a: b\n---\nc: d", "invalid"),
        ("a: *nobody", "invalid"),
        ("a: !!python/object/apply:os.system [true]", "invalid"),
        ("a: !mine b", "invalid"),
        ("? [a]\n: b", "invalid"),
        ("a: \x07", "invalid"),
        ("a: &x [*x]", "bomb"),
        ("a: " + "[" * 100 + "]" * 100, "bomb"),
        ("[" * 200_000, "bomb"),
        ("{" * 200_000, "bomb"),
        ("a: " + "x" * MOST_CHARS, "too_large"),
    ],
)
def test_a_block_has_a_status(block: str, status: str) -> None:
    found = read_front_matter(block)
    assert found.status == status
    assert status == "ok" or not found.values


def test_aliases_count_as_if_they_were_written_out() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 4)]
    assert read_front_matter("\n".join(lines)).status == "ok"  # 11,000 values
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(4, 30)]
    assert read_front_matter("\n".join(lines)).status == "bomb"
    chain = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 400))]
    assert read_front_matter("\n".join(chain)).status == "ok"  # deep, but nobody goes down there


def test_only_what_yaml_1_2_calls_so_is_no_text() -> None:
    block = (
        "language: no\na: off\nb: yes\nc: 'true'\nd: true\ne: ~\nf:\ng: 12:30:00\nh: 1.10\ni: 2020-01-01\n"
        "j: 007\nk: !!str true\nl: !!bool true\nm: null\ntrue: n\n<<: {o: p}"
    )
    assert read_front_matter(block).values == {
        "language": "no",
        "a": "off",
        "b": "yes",
        "c": "true",
        "d": True,
        "e": None,
        "f": None,
        "g": "12:30:00",
        "h": "1.10",
        "i": "2020-01-01",
        "j": "007",
        "k": "true",
        "l": True,
        "m": None,
        "true": "n",
        "<<": {"o": "p"},
    }


def test_what_is_odd_but_readable_is_a_flaw() -> None:
    assert read_front_matter("a: b\na: c") == ("ok", {"a": "c"}, ("front_matter:duplicate_key",))
    assert read_front_matter("license: \tmit") == ("ok", {"license": "mit"}, ("front_matter:tab",))
    assert read_front_matter("x: &x [1]\ny: *x").values == {"x": ["1"], "y": ["1"]}


def test_values_are_typed() -> None:
    block = (
        "language: [EN, no, Klingon!, de]\nlicense: MIT\ndatasets: squad\nbase_model: [b/a, a/b, b/a]\n"
        "library_name: transformers\npipeline_tag: ' fill-mask '\ntags: [x, y, x]\nmetrics: []\n"
        "model-index:\n- name: m\n  results:\n  - metrics: [{type: f1}, {type: wer}]\n  - metrics: [{type: cer}]\n"
    )
    found = read_metadata(read_front_matter(block).values)
    assert (found.languages, found.flaws) == (["de", "en", "no"], ["language:format"])
    assert (found.licence, found.datasets, found.base_models) == ("mit", ["squad"], ["a/b", "b/a"])
    assert (found.library, found.pipeline_tag, found.tags) == ("transformers", "fill-mask", ["x", "y"])
    assert (found.has_model_index, found.eval_result_count) == (True, 3)
    assert found.completeness == 8 / len(FIELDS)  # no metrics, no emissions
    assert found.keys[0] == "base_model"


def test_two_licences_are_several() -> None:
    assert read_metadata({"license": ["mit", "apache-2.0"]}).licence == "multiple"
    assert read_metadata({"license": ["MIT", None]}).licence == "mit"


def test_the_other_spelling_of_the_model_index_counts() -> None:
    found = read_metadata({"model_index": [{"results": [{"metrics": ["x"]}]}]})
    assert (found.has_model_index, found.eval_result_count, found.completeness) == (True, 1, 0.1)


@pytest.mark.parametrize("name", ["license", "language", "datasets", "base_model", "tags", "library_name"])
def test_a_value_of_another_type_is_null_and_a_flaw(name: str) -> None:
    for value in (True, {"a": "b"}, [["x"]], [{"a": "b"}]):
        found = read_metadata({name: value})
        assert f"{name}:type" in found.flaws
        empty = read_metadata({})
        assert found._replace(flaws=[], keys=[], completeness=0.0) == empty


YAML_VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=600),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "model_index", "widget"]), YAML_VALUES))
@quick
def test_no_value_ends_the_reading(values: dict[str, object]) -> None:
    found = read_metadata(values)
    assert 0 <= found.completeness <= 1 and found.eval_result_count >= 0
    assert all(isinstance(text, str) for text in (*found.languages, *found.datasets, *found.tags, *found.flaws))


@given(st.text(alphabet=st.sampled_from(list("-:#&*[]{}!|>'\"\n\t ab1~?%@`,\\")), max_size=60))
@quick
def test_no_block_ends_the_reading(block: str) -> None:
    found = read_front_matter(block)
    assert found.status in ("ok", "empty", "invalid", "not_a_mapping", "bomb")
    read_metadata(found.values)
