"""What the invented world is made of: real family names with rising and falling curves, invented owners and words."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Family:
    """A model family. ``curve`` gives (months since 2021-01, weight) knots; weights between them are linear."""

    name: str
    pipeline_tags: tuple[str, ...]
    library_name: str
    sizes: tuple[str, ...]
    licence: str
    arxiv: str
    curve: tuple[tuple[int, float], ...]

    def weight(self, month_number: int) -> float:
        """Relative share of this family among the uploads of a month (months since 2021-01); level past both ends."""
        left, right = self.curve[0], self.curve[-1]
        if month_number <= left[0]:
            return left[1]
        for knot in self.curve:
            if knot[0] >= month_number:
                right = knot
                break
            left = knot
        if right[0] <= month_number:
            return right[1]
        return left[1] + (right[1] - left[1]) * (month_number - left[0]) / (right[0] - left[0])


_TEXT = ("small", "base", "large")
_BILLIONS = ("1b", "7b", "8b", "13b", "70b")
_HF = "transformers"
_ASR, _GEN = "automatic-speech-recognition", "text-generation"

# Months since 2021-01: 19 = 2022-08, 20 = 2022-09, 26 = 2023-03, 33 = 2023-10, 47 = 2024-12.
FAMILIES = (
    Family("bert", ("fill-mask", "text-classification", "token-classification"), _HF, _TEXT, "apache-2.0", "1810.04805",
           ((0, 30), (20, 14), (47, 4))),
    Family("roberta", ("fill-mask", "text-classification"), _HF, _TEXT, "mit", "1907.11692",
           ((0, 9), (18, 8), (47, 2))),
    Family("distilbert", ("text-classification", "question-answering"), _HF, ("base",), "apache-2.0", "1910.01108",
           ((0, 5), (20, 9), (47, 2))),
    Family("gpt2", (_GEN,), _HF, ("small", "medium", "xl"), "mit", "",
           ((0, 12), (24, 6), (47, 2))),
    Family("t5", ("text2text-generation", "summarization", "translation"), _HF, _TEXT, "apache-2.0", "1910.10683",
           ((0, 6), (20, 8), (47, 3))),
    Family("marian", ("translation",), _HF, ("en-fi", "en-fr", "de-en"), "cc-by-4.0", "1804.00344",
           ((0, 12), (12, 4), (47, 1))),
    Family("wav2vec2", (_ASR,), _HF, ("base", "large-xlsr"), "apache-2.0", "2006.11477",
           ((0, 1), (13, 10), (30, 3), (47, 1))),
    Family("whisper", (_ASR,), _HF, ("tiny", "small", "large-v2"), "apache-2.0", "2212.04356",
           ((20, 0), (24, 5), (47, 3))),
    Family("vit", ("image-classification",), _HF, ("base-patch16", "large-patch32"), "apache-2.0", "2010.11929",
           ((0, 1), (20, 4), (47, 2))),
    Family("ppo", ("reinforcement-learning",), "stable-baselines3", ("CartPole", "LunarLander"), "mit", "1707.06347",
           ((15, 0), (23, 10), (34, 2), (47, 0.5))),
    Family("stable-diffusion", ("text-to-image",), "diffusers", ("v1-4", "v1-5", "xl"), "creativeml-openrail-m",
           "2112.10752", ((18, 0), (25, 16), (47, 6))),
    Family("llama", (_GEN,), _HF, _BILLIONS, "llama2", "2302.13971",
           ((25, 0), (31, 12), (47, 26))),
    Family("mistral", (_GEN,), _HF, ("7b", "8x7b"), "apache-2.0", "2310.06825",
           ((32, 0), (37, 12), (47, 8))),
    Family("gemma", (_GEN,), "gguf", ("2b", "9b"), "gemma", "2403.08295",
           ((37, 0), (41, 6), (47, 5))),
    Family("qwen2", (_GEN,), _HF, ("0.5b", "7b", "72b"), "apache-2.0", "2407.10671",
           ((36, 0), (47, 12))),
    # Uploads that no name gives away: every family resolver must be able to answer "unknown".
    Family("", ("text-classification", "feature-extraction", "tabular-regression"), "keras", ("run", "test"), "other",
           "", ((0, 14), (47, 22))),
)  # fmt: skip

LICENCES = ("mit", "apache-2.0", "cc-by-4.0", "cc-by-nc-4.0", "openrail", "bsd-3-clause", "gpl-3.0", "other", "unknown")
LANGUAGES = ("en", "fr", "de", "es", "zh", "ja", "pt", "ar", "hi", "no", "sr-Latn")

# Copper holds "ppo": a family is a word of the name, not any run of letters in it.
WORDS = (
    "acorn", "basalt", "cinder", "dapple", "ember", "fathom", "gully", "harrow", "indigo", "juniper", "kestrel",
    "lantern", "marrow", "nettle", "orchard", "pebble", "quarry", "russet", "saffron", "thistle", "umber", "velvet",
    "willow", "yarrow", "zenith", "anvil", "bramble", "copper", "drizzle", "estuary",
)  # fmt: skip
_OWNER_ENDS = (
    "fox", "forge", "loft", "lab", "mill", "nest", "works", "yard", "crew", "kite", "field", "bay", "ai", "ml",
    "data", "research",
)  # fmt: skip

# Hub names are ASCII today; readers must survive more: right-to-left marks, emoji, and U+2028, which splits lines
# for str.splitlines() but not for JSON Lines.
ODD_NAME_ENDS = ("-مدل\u200f", "-🦙", "-naïve", "-a\u2028b", "-模型")
ODD_TAGS = ("ب\u200fپ", "🤖 tag", "two\u2028lines", "Größe", 'quote"and\\slash', "a: b: c")


def owner_name(number: int) -> str:
    """Invented namespace of the owner with this number; different numbers give different names."""
    turn, place = divmod(number, len(WORDS) * len(_OWNER_ENDS))
    end, word = divmod(place, len(WORDS))
    joint = "-" if place % 3 == 0 else ""
    return f"{WORDS[word]}{joint}{_OWNER_ENDS[end]}{turn or ''}"


def month_at(month_number: int) -> date:
    """First day of the month that lies ``month_number`` months after 2021-01."""
    return date(2021 + month_number // 12, 1 + month_number % 12, 1)
