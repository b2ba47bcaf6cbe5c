"""What a forum post says: prose, code and quotes apart, names of users left out, links and the like counted."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from ptm_spark.silver.card_words import LEAST_WORDS, count_words, language_of
from ptm_spark.silver.forum_names import USER, Names, mask_users

_TOKEN = re.compile(r"\bhf_[A-Za-z0-9]{20,}")
_URL = re.compile(r"\bhttps?://[^\s<>\"'`\]]+")
_NO_WORD = re.compile(r":[a-z0-9_+-]+:|@user\b")
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_EDGES = re.compile(r" ?\n ?")
_LINES = re.compile(r"\n{3,}")
#: quotes of imported posts that the forum has not turned into its own
_OLD_QUOTE = re.compile(r"\[quote(?:=[^\]]*)?\](.*?)\[/quote\]", re.DOTALL | re.IGNORECASE)
_OLD_MARK = re.compile(
    r"\[/?quote(?:=[^\]]*)?\]|\[/?(?:b|i|u|s|size|color|url|img|spoiler|details|video)(?:=[^\]]*)?\]", re.IGNORECASE
)
_HOST = re.compile(r"https?://(?:[^/?#@\s]*@)?([\w.-]+)", re.IGNORECASE)
_REPO = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([\w.-]+)/([\w.-]*\w)(?:[/?#]|$)", re.ASCII | re.IGNORECASE
)
#: first parts of the Hub's addresses under which no models stand
_NO_OWNERS = frozenset(
    (
        *("api", "blog", "chat", "collections", "course", "datasets", "docs", "front", "join", "learn", "login"),
        *("models", "new", "organizations", "papers", "posts", "pricing", "search", "settings", "spaces", "support"),
        *("tasks", "transformers", "tokenizers", "users", "landing", "terms-of-service", "subscribe", "enterprise"),
        *("inference-api", "inference-endpoints", "hub", "languages", "metrics", "autonlp", "autotrain"),
    )
)


class PostText(NamedTuple):
    """Texts and counts of a post, named and counted as in silver/forum_posts; arrays sorted, each member once."""

    prose: str
    code_text: str
    quote_text: str
    word_count: int
    code_block_count: int
    quote_count: int
    link_count: int
    image_count: int
    mention_count: int
    link_hosts: list[str]
    linked_model_ids: list[str]
    language: str | None


@dataclass
class Parts:
    """What a reader of Markdown or HTML has found so far, in the order of the post; ``names`` are to be left out."""

    names: Names = field(default_factory=Names)
    prose: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    quote_count: int = 0
    image_count: int = 0
    mention_count: int = 0

    def say(self, text: str, *, is_quoted: bool, has_links: bool = True) -> None:
        """Add words of the author, or of those quoted: names and addresses are left out.

        Links are counted unless ``has_links`` is False: the text of a link whose address is counted already.
        """
        if "://" in text:
            if has_links and not is_quoted:
                self.links += [url.rstrip(".,;:!?)*_") for url in _URL.findall(text)]
            text = _URL.sub(" ", text)
        if "@" in text:
            text, count = mask_users(text)
            self.mention_count += 0 if is_quoted else count
        (self.quotes if is_quoted else self.prose).append(text)

    def mention(self, *, is_quoted: bool) -> None:
        """Add a user who is named."""
        (self.quotes if is_quoted else self.prose).append(USER)
        self.mention_count += not is_quoted

    def finish(self) -> PostText:
        """The post's text once all of it is read."""
        prose = "".join(self.prose)
        if "[" in prose:
            prose = self._take_old_quotes(prose)
        prose = self.names.leave_out(tidy(prose))
        words = _NO_WORD.sub(" ", prose) if ":" in prose or "@" in prose else prose
        word_count = sum(count_words(words))
        quotes = "".join(self.quotes)
        return PostText(
            prose=prose,
            code_text=_without_tokens("\n\n".join(block.strip("\n") for block in self.code)),
            quote_text=self.names.leave_out(tidy(_OLD_MARK.sub("", quotes) if "[" in quotes else quotes)),
            word_count=word_count,
            code_block_count=len(self.code),
            quote_count=self.quote_count,
            link_count=len(self.links),
            image_count=self.image_count,
            mention_count=self.mention_count,
            link_hosts=sorted({host[1].lower() for url in self.links if (host := _HOST.match(url))}),
            linked_model_ids=sorted(set(filter(None, map(model_of, self.links)))),
            language=language_of(words) if word_count >= LEAST_WORDS else None,
        )

    def _take_old_quotes(self, prose: str) -> str:
        """The prose without quotes that still stand in it as BBCode, whose headers name users."""
        for quote in _OLD_QUOTE.findall(prose):
            self.quotes += ["\n\n", quote, "\n\n"]
            self.quote_count += 1
        return _OLD_MARK.sub("", _OLD_QUOTE.sub("\n\n", prose))


def model_of(url: str) -> str | None:
    """The model that an address of the Hub names, as owner/name; None for any other address.

    Legacy models without an owner look like users there, and are left out.
    """
    match = _REPO.match(unquote(url))
    return f"{match[1]}/{match[2]}" if match and match[1].lower() not in _NO_OWNERS else None


def tidy(text: str) -> str:
    """Runs of blanks made one, paragraphs a blank line apart."""
    if not text:
        return text
    return _without_tokens(_LINES.sub("\n\n", _EDGES.sub("\n", _SPACES.sub(" ", text))).strip())


def _without_tokens(text: str) -> str:
    """People paste their access tokens; these must not be published once more."""
    return _TOKEN.sub("hf_…", text) if "hf_" in text else text
