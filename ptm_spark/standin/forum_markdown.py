"""Markdown of the invented forum's posts into HTML: just what those posts use, in the forum's own markup."""

import html
import re

_BLOCK = re.compile(
    r"^```(?P<lang>\w*)\n(?P<code>.*?)\n```$"
    r'|^\[quote="(?P<who>[^",]+), post:(?P<post>\d+), topic:(?P<topic>\d+)"\]\n(?P<quoted>.*?)\n\[/quote\]$'
    r"|^\[poll\]\n(?P<poll>.*?)\n\[/poll\]$",
    re.DOTALL | re.MULTILINE,
)
_INLINE = (
    (re.compile(r"`([^`\n]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*\n]+)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\[([^\]\n]+)\]\((https?://[^)\s]+)\)"), r'<a href="\2" rel="noopener nofollow ugc">\1</a>'),
    (
        re.compile(r'(?<!["=>])\b(https?://[^\s<]+)'),
        r'<a href="\1" class="inline-onebox" rel="noopener nofollow ugc">\1</a>',
    ),
    (re.compile(r"(?<![\w/.])@([\w.-]*\w)"), r'<a class="mention" href="/u/\1">@\1</a>'),
    (
        re.compile(r":(hugs|rocket):"),
        r'<img src="/images/emoji/twitter/\1.png?v=12" title=":\1:" class="emoji" alt=":\1:" loading="lazy">',
    ),
)
_LINK = re.compile(r"https?://[^\s)\]<]+")


def cook(raw: str) -> str:
    """HTML of a post: paragraphs, lists, code, quotes of other posts, polls, links, mentions, emoji."""
    parts, end = [], 0
    for block in _BLOCK.finditer(raw):
        parts += [_text(raw[end : block.start()]), _block(block)]
        end = block.end()
    parts.append(_text(raw[end:]))
    return "\n".join(part for part in parts if part)


def links(raw: str) -> list[str]:
    """Addresses that a post names, each once, in order, code left out."""
    return list(dict.fromkeys(_LINK.findall(_BLOCK.sub("", raw))))


def plain(raw: str, length: int) -> str:
    """Beginning of a post as one line of text without blocks."""
    text = " ".join(_BLOCK.sub(" ", raw).replace("**", "").replace("`", "").split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _block(block: re.Match[str]) -> str:
    if block["code"] is not None:
        return f'<pre><code class="lang-{block["lang"] or "auto"}">{html.escape(block["code"])}\n</code></pre>'
    if block["who"] is not None:
        attributes = f'data-username="{block["who"]}" data-post="{block["post"]}" data-topic="{block["topic"]}"'
        return (
            f'<aside class="quote no-group" {attributes}>\n<div class="title">\n<div class="quote-controls"></div>\n'
            f" {block['who']}:</div>\n<blockquote>\n{_text(block['quoted'])}\n</blockquote>\n</aside>"
        )
    choices = "".join(f"<li>{html.escape(line.removeprefix('* '))}</li>\n" for line in block["poll"].splitlines())
    return (
        f'<div class="poll" data-poll-name="poll" data-poll-status="open">\n'
        f'<div class="poll-container">\n<ul>\n{choices}</ul>\n</div>\n</div>'
    )


def _text(raw: str) -> str:
    paragraphs = []
    for part in re.split(r"\n{2,}", raw.strip()):
        if not part:
            continue
        text = html.escape(part, quote=False)
        lines = [_inline(line) for line in text.split("\n")]
        if part.startswith("- "):
            items = "\n".join(f"<li>{line.removeprefix('- ')}</li>" for line in lines)
            paragraphs.append(f"<ul>\n{items}\n</ul>")
        else:
            paragraphs.append("<p>" + "<br>\n".join(lines) + "</p>")
    return "\n".join(paragraphs)


def _inline(text: str) -> str:
    # Code spans and links first, and never again inside: each is set aside under a private mark.
    kept: list[str] = []

    def keep(found: re.Match[str], pattern: str) -> str:
        kept.append(found.expand(pattern))
        return f"\ue000{len(kept) - 1}\ue001"

    for shape, pattern in _INLINE:
        text = shape.sub(lambda found, pattern=pattern: keep(found, pattern), text)  # type: ignore[misc]
    while "\ue000" in text:
        text = re.sub("\ue000(\\d+)\ue001", lambda found: kept[int(found[1])], text)
    return text
