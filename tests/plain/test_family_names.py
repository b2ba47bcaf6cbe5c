"""Names, types, classes and texts speak of the families that they mean, and of none where they may mean two."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.silver import family_names
from ptm_spark.silver.family_names import (
    Mention,
    aliases_of,
    family_of_architecture,
    family_of_name,
    family_of_type,
    mentions_in,
    read_aliases,
)

STUDY = Path(__file__).resolve().parents[1] / "data/study"
FAMILIES = {alias.family for alias in read_aliases()} - {""}


def family_of(name: str) -> str | None:
    found = family_of_name(name)
    return found.family if found else None


def names_of_study(table: str) -> set[str]:
    with (STUDY / table).open(encoding="utf-8") as rows:
        return {row[0] for row in csv.reader(rows)} - {"", "SUM"}


def test_the_table_holds_only_what_it_may() -> None:
    for alias in read_aliases():
        assert re.fullmatch(r"[a-z]+(?:-?[a-z]+|-?[0-9]+(?:\.[0-9]+)?)*|[0-9]+[a-z]+(?:[0-9]+[a-z]+)?", alias.alias), (
            alias
        )
        assert alias.inside in ("no", "start", "end", "yes"), alias
        assert alias.kind in ("architecture", "descendant", "none"), alias
        assert alias.used_in in ("both", "names", "texts", "types"), alias
        assert alias.source in ("type", "class", "spelling", "published", "tutorial", "development"), alias
        assert alias.is_ambiguous == bool(alias.context), alias
        assert all(re.fullmatch("[a-z]+", word) for word in alias.context), alias
        assert (alias.kind == "none") == (alias.family == ""), alias


@pytest.mark.parametrize("use", ["names", "texts", "types"])
def test_no_alias_of_a_use_stands_for_two_families(use: family_names.Use) -> None:
    rows = [alias for alias in read_aliases() if alias.used_in in (use, "" if use == "types" else "both")]
    twice = {key: count for key, count in Counter(family_names.key_of(row.alias) for row in rows).items() if count > 1}
    assert (twice, len(aliases_of(use))) == ({}, len(rows))


def test_every_type_of_the_study_is_a_family_and_so_is_every_name_of_its_forum() -> None:
    types = names_of_study("Hub_Model_Types_Over_Time_Created.csv")
    mentioned = names_of_study("Forums_Model_Mentions_Over_Time.csv")
    assert (len(types), len(mentioned)) == (171, 147)
    assert {name for name in types | mentioned if family_of_type(name) != name} == set()
    assert mentioned - {alias.family for alias in aliases_of("texts").values()} == set()


def test_a_name_that_is_an_alias_is_of_its_family() -> None:
    told = {key: family_of(f"someone/{alias.alias}") for key, alias in aliases_of("names").items()}
    wanted = {key: alias.family or None for key, alias in aliases_of("names").items()}
    assert {key: family for key, family in told.items() if family != wanted[key]} == {}


def test_a_text_that_is_an_alias_mentions_its_family() -> None:
    for alias in aliases_of("texts").values():
        text = f"{alias.alias} and {' '.join(alias.context[:1])}"
        assert mentions_in(text)[0] == Mention(alias.family, alias.alias, 1, alias.is_ambiguous), text


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("google-bert/bert-base-uncased", "bert"),
        ("gpt2", "gpt2"),
        ("someone/gpt2xl-poems", "gpt2"),
        ("someone/GPT-2_small", "gpt2"),
        ("meta-llama/Llama-2-7b-chat-hf", "llama"),
        ("someone/llama2-7b", "llama"),
        ("someone/t5small", "t5"),
        ("someone/opt125m_alpaca", "opt"),
        ("someone/BERTbase", "bert"),
        ("someone/DistilBERT_ner", "distilbert"),
        ("someone/my_distil-bert", "distilbert"),
        ("facebook/wav2vec2-xls-r-300m", "wav2vec2"),
        ("someone/xlsr-53-german", "wav2vec2"),
        ("facebook/mms-tts-eng", "vits"),
        ("facebook/mms-lid-126", "wav2vec2"),
        ("FacebookAI/xlm-roberta-base", "xlm-roberta"),
        ("someone/XLM-R-ner", "xlm-roberta"),
        ("facebook/xlm-roberta-xl", "xlm-roberta-xl"),
        ("intfloat/multilingual-e5-large", "xlm-roberta"),
        ("intfloat/multilingual-e5-small", "bert"),
        ("Helsinki-NLP/opus-mt-en-de", "marian"),
        ("microsoft/deberta-base", "deberta"),
        ("microsoft/deberta-v3-base", "deberta-v2"),
        ("microsoft/mdeberta-v3-base", "deberta-v2"),
        ("vinai/bertweet-base", "roberta"),
        ("almanach/camembert-base", "camembert"),
        ("monologg/koelectra-base-v3-discriminator", "electra"),
        ("ProsusAI/finbert", "bert"),
        ("hfl/chinese-roberta-wwm-ext", "bert"),
        ("csebuetnlp/banglabert", "electra"),
        ("albert/albert-base-v2", "albert"),
        ("someone/ClinicalBERT-tiny", "bert"),
        ("gogamza/kobart-base-v2", "bart"),
        ("facebook/mbart-large-50", "mbart"),
        ("google/long-t5-tglobal-base", "longt5"),
        ("google/byt5-small", "t5"),
        ("bigscience/mt0-base", "mt5"),
        ("VietAI/vit5-base", "t5"),
        ("google/vit-base-patch16-224", "vit"),
        ("facebook/vit-mae-base", "vit_mae"),
        ("facebook/deit-base-patch16-224", "vit"),
        ("facebook/deit-base-distilled-patch16-224", "deit"),
        ("openai/clip-vit-base-patch32", "clip"),
        ("facebook/mask2former-swin-base-coco-panoptic", "mask2former"),
        ("nvidia/mit-b0", "segformer"),
        ("nvidia/segformer-b0-finetuned-ade-512-512", "segformer"),
        ("microsoft/trocr-base-printed", "vision-encoder-decoder"),
        ("nlpconnect/vit-gpt2-image-captioning", "vision-encoder-decoder"),
        ("someone/bert2bert-shared", "encoder-decoder"),
        ("facebook/rag-token-nq", "rag"),
        ("facebook/wav2vec2-xls-r-1b-21-to-en", "speech-encoder-decoder"),
        ("EleutherAI/pythia-70m", "gpt_neox"),
        ("EleutherAI/gpt-neo-125m", "gpt_neo"),
        ("EleutherAI/gpt-j-6b", "gptj"),
        ("someone/gpt-jokes", None),
        ("nomic-ai/gpt4all-falcon", "falcon"),
        ("databricks/dolly-v2-3b", "gpt_neox"),
        ("databricks/dolly-v1-6b", "gptj"),
        ("bigcode/starcoder2-3b", "starcoder2"),
        ("bigcode/starcoderbase", "gpt_bigcode"),
        ("mistralai/Mistral-7B-v0.1", "mistral"),
        ("mistralai/Mixtral-8x7B-v0.1", "mixtral"),
        ("Qwen/Qwen1.5-7B", "qwen2"),
        ("Qwen/Qwen-7B", "qwen"),
        ("google/gemma-2b", "gemma"),
        ("google/gemma-2-9b", "gemma2"),
        ("microsoft/phi-2", "phi"),
        ("microsoft/Phi-3-mini-4k-instruct", "phi3"),
        ("stabilityai/stablelm-tuned-alpha-7b", "gpt_neox"),
        ("stabilityai/stablelm-2-1_6b", "stablelm"),
        ("state-spaces/mamba-130m", "mamba"),
        ("runwayml/stable-diffusion-v1-5", "stable-diffusion"),
        ("someone/gpt2-stable-diffusion-prompts", "gpt2"),
        ("openlm-research/open_llama_7b", "llama"),
        ("hf-internal-testing/tiny-random-LEDForConditionalGeneration", "led"),
        ("hf-internal-testing/tiny-random-OPTModel", "opt"),
        ("hf-internal-testing/tiny-random-BartForCausalLM", "bart"),
        ("someone/albert-vitaminc", "albert"),
        ("someone/vitaminc", None),
        ("someone/liberty-bell", None),
        ("someone/bertopic-news", None),
        ("someone/4bit-test", None),
        ("someone/my-model", None),
        ("llama/my-model", None),
        ("bert/bart-bert", None),
        ("", None),
    ],
)
def test_names_speak_of_families(name: str, family: str | None) -> None:
    assert family_of(name) == family


def test_what_a_model_was_built_upon_counts_before_whom_it_descends_from() -> None:
    found = [family_of_name(name) for name in ("Vicuna-Falcon-7B", "vicuna-7b", "falcon-7b")]
    assert [(one.family, one.kind) for one in found if one] == [
        ("falcon", "architecture"),
        ("llama", "descendant"),
        ("falcon", "architecture"),
    ]


@given(
    st.sampled_from(sorted(aliases_of("names").values(), key=lambda alias: alias.alias)),
    st.sampled_from(["-", "_", ".", " "]),
    st.booleans(),
)
def test_case_and_separators_do_not_matter(alias: family_names.Alias, separator: str, is_upper: bool) -> None:
    written = alias.alias.replace("-", separator)
    if separator == "." and re.search(r"[0-9]-[0-9]", alias.alias):
        return  # between numbers the dot is a decimal point
    assert family_of(f"x/{written.upper() if is_upper else written}") == (alias.family or None)


@given(st.text("ab1- ", max_size=8), st.text("ab1-/ ", max_size=8))
def test_only_the_part_behind_the_owner_matters(owner: str, name: str) -> None:
    assert family_of(f"{owner}bert/{name}") == family_of(name)


@given(st.lists(st.text("ab ", min_size=1, max_size=5), min_size=1, max_size=6), st.text("ab ", max_size=12))
def test_the_tree_finds_what_the_longest_of_its_literals_would(literals: list[str], text: str) -> None:
    plain = "|".join(map(re.escape, sorted(set(literals), key=lambda literal: (-len(literal), literal))))
    assert re.findall(family_names._tree(literals), text) == re.findall(plain, text)


@pytest.mark.parametrize(
    ("model_type", "family"),
    [
        ("bert", "bert"),
        ("gpt_neox", "gpt_neox"),
        ("RefinedWebModel", "falcon"),
        ("speech-encoder-decoder", "speech-encoder-decoder"),
        ("mixformer-sequential", "phi"),
        ("open-llama", "open-llama"),
        ("my_own_type", None),
        ("", None),
    ],
)
def test_types_are_families(model_type: str, family: str | None) -> None:
    assert family_of_type(model_type) == family


@pytest.mark.parametrize(
    ("class_name", "family"),
    [
        ("XLMRobertaForSequenceClassification", "xlm-roberta"),
        ("XLMRobertaXLForMaskedLM", "xlm-roberta-xl"),
        ("XLMWithLMHeadModel", "xlm"),
        ("BertLMHeadModel", "bert"),
        ("TFBertModel", "bert"),
        ("FlaxT5ForConditionalGeneration", "t5"),
        ("T5EncoderModel", "t5"),
        ("MT5EncoderModel", "mt5"),
        ("GPT2LMHeadModel", "gpt2"),
        ("GPT2DoubleHeadsModel", "gpt2"),
        ("TransfoXLLMHeadModel", "transfo-xl"),
        ("CTRLLMHeadModel", "ctrl"),
        ("MarianMTModel", "marian"),
        ("M2M100ForConditionalGeneration", "m2m_100"),
        ("EncoderDecoderModel", "encoder-decoder"),
        ("VisionEncoderDecoderModel", "vision-encoder-decoder"),
        ("SpeechEncoderDecoderModel", "speech-encoder-decoder"),
        ("RagTokenForGeneration", "rag"),
        ("DPRQuestionEncoder", "dpr"),
        ("DPRReader", "dpr"),
        ("CLIPTextModelWithProjection", "clip"),
        ("CLIPVisionModel", "clip"),
        ("ViTMAEForPreTraining", "vit_mae"),
        ("ASTForAudioClassification", "audio-spectrogram-transformer"),
        ("Speech2TextForConditionalGeneration", "speech_to_text"),
        ("SEWDForCTC", "sew-d"),
        ("Wav2Vec2ConformerForCTC", "wav2vec2-conformer"),
        ("RWForCausalLM", "falcon"),
        ("GPTBigCodeForCausalLM", "gpt_bigcode"),
        ("DebertaV2ForMaskedLM", "deberta-v2"),
        ("LlamaForCausalLM", "llama"),
        ("Qwen2MoeForCausalLM", "qwen2_moe"),
        ("Phi3ForCausalLM", "phi3"),
        ("SomeOwnModel", None),
        ("", None),
    ],
)
def test_classes_are_of_families(class_name: str, family: str | None) -> None:
    assert family_of_architecture(class_name) == family


def said(text: str) -> list[tuple[str, int]]:
    return [(mention.family, mention.count) for mention in mentions_in(text)]


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("How to fine-tune BERT? I tried bert-base-uncased; bert's vocabulary is small.", [("bert", 3)]),
        ("GPT-2, GPT2 and gpt 2 are the same", [("gpt2", 3)]),
        ("Is this GPT? 2 of my runs failed", []),
        ("BertForSequenceClassification, T5Tokenizer and TFBertModel", [("bert", 1), ("t5", 1)]),
        ("xlm-roberta-base is no roberta", [("xlm-roberta", 1), ("roberta", 1)]),
        ("opus-mt models are from MarianMT", [("marian", 1), ("marian", 1)]),
        ("my unbertlike, kobertish words and albertville", []),
        ("I opt for clear names; please clip it and git push", []),
        ("OPT is an LLM by Facebook", [("opt", 1)]),
        ("opt-350m on my machine", [("opt", 1)]),
        ("", []),
    ],
)
def test_texts_mention_families(text: str, mentions: list[tuple[str, int]]) -> None:
    assert said(text) == mentions


def test_an_everyday_word_counts_only_in_context_and_is_flagged() -> None:
    assert mentions_in("whisper it to me") == []
    assert mentions_in("Whisper, the speech model: whisper-small") == [Mention("whisper", "whisper", 2, True)]
    assert mentions_in("wav2vec2 was before") == [Mention("wav2vec2", "wav2vec2", 1, False)]
