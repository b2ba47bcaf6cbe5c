"""Words of a text, and the language they are written in.

A word is a run of Unicode letters, digits and combining marks. In scripts without spaces a whole run of
characters is one word, so that such texts count low.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

#: fewer words do not tell a language
LEAST_WORDS = 20
#: characters that the language is told from
SAMPLE_CHARS = 150
MOST_SAMPLE_WORDS = 30
MOST_SAMPLE_BYTES = 240
#: how far into a text they are looked for
MOST_PROSE_CHARS = 800
#: hardly any of them is a word of another language; "a", "in" and the like are
_ENGLISH = frozenset(
    (
        *("the", "The", "of", "and", "is", "this", "This", "that", "with", "for", "from", "by", "are", "was", "it"),
        *("which", "can", "you", "be", "on", "has", "have", "been", "trained", "model", "using", "used", "use"),
    )
)
#: codes of the model that say so
_NO_LANGUAGE = frozenset(("zxx", "und"))

#: parts of a text that are counted apart stand between such marks
PART = "\x02"
#: every byte of a word becomes an a, every other one but the mark a space; bytes from 128 on are of letters by then
_TABLE = bytes(
    ord("a") if byte > 127 or chr(byte).isalnum() else byte if byte == ord(PART) else ord(" ") for byte in range(256)
)


def _marks() -> str:
    """Unicode's combining marks as ranges of a character class."""
    codes = [code for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] == "M"]
    runs = [[code for _, code in run] for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0])]
    return "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs)


_NO_LETTERS = re.compile(rf"[^\w\x00-\x7f{_marks()}]+")


def count_words(text: str) -> list[int]:
    """How many words each part of a text has, the parts between ``PART``."""
    if not text.isascii():
        text = _NO_LETTERS.sub(" ", text)
    runs = text.encode().translate(_TABLE).split(PART.encode())
    return [run.count(b" a") + run.startswith(b"a") for run in runs]


def language_of(prose: str) -> str | None:
    """Most likely language of a text, by its beginning, as an ISO 639 code; None where it is in none.

    Told by plain words, for names, numbers and addresses tell nothing; texts whose words do not stand between spaces
    are taken as they are. Where every fourth word is one of English's commonest, the model is not asked.
    """
    tokens = prose[:MOST_PROSE_CHARS].split()
    plain = [token for token in tokens if token.isalpha()][:MOST_SAMPLE_WORDS]
    if len(plain) >= LEAST_WORDS // 2 and 4 * sum(token in _ENGLISH for token in plain) >= len(plain):
        return "en"
    sample = " ".join(plain)[:SAMPLE_CHARS]
    return _language_of(sample if len(sample) >= SAMPLE_CHARS // 3 else " ".join(tokens)[:SAMPLE_CHARS])


@lru_cache(maxsize=4096)  # cards that a tool has written begin alike
def _language_of(sample: str) -> str | None:
    code = str(_identifier().classify(sample.encode()[:MOST_SAMPLE_BYTES])[0])
    return None if code in _NO_LANGUAGE else code


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    import numpy as np
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    # half precision is widened at every call: done once, a text takes half the time
    identifier.nb_ptc = identifier.nb_ptc.astype(np.float32)
    return identifier


def load_languages() -> None:
    """Read the model of languages ahead of need; it takes most of a second."""
    _identifier()
