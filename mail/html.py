"""HTML of a stranger as readable plain text. Bounded; never raises."""

from __future__ import annotations

import re
import secrets
from typing import Final, NamedTuple

from mail.inert import clean

MAX_HTML_CHARS: Final = 2 * 1024 * 1024
MAX_TAG_DEPTH: Final = 300
CUT_NOTICE: Final = "[The rest of this HTML is left out: it is over 2 MB. The mail as received has it all.]"


class HtmlText(NamedTuple):
    """`quote_at`: where the quoted mail begins, as the sender's mail program marked it, or None."""

    text: str
    quote_at: int | None


# Where mail programs put what they quote; in document order the first one wins.
_QUOTES: Final = (
    "div.gmail_quote, div.gmail_quote_container, div.gmail_extra, blockquote[type=cite], .moz-cite-prefix, "
    ".yahoo_quoted, .protonmail_quote, [data-marker=__QUOTED_TEXT__], blockquote#qt, .zmail_extra, "
    "div[name=quote], #appendonsend, #divRplyFwdMsg, #mail-editor-reference-message-container, "
    "#OLK_SRC_BODY_SECTION, hr#zwchr, div[style*='border-top:solid #E1E1E1'], "
    "div[style*='border-top:solid #B5C4DF']"
)
_MAY_QUOTE: Final = re.compile(
    r"gmail_(?:quote|extra)|type=[\"']?cite|moz-cite-prefix|yahoo_quoted|protonmail_quote|__QUOTED_TEXT__|"
    r"id=[\"']?qt\b|zmail_extra|name=[\"']?quote|appendonsend|divRplyFwdMsg|mail-editor-reference|"
    r"OLK_SRC_BODY|zwchr|border-top:\s*solid #(?:E1E1E1|B5C4DF)",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_NO_DEPTH_TAGS: Final = (
    "area base br col embed hr img input link meta param source track wbr p li dd dt option tr td th "
    "thead tbody tfoot colgroup"
)
_NO_DEPTH: Final = frozenset(_NO_DEPTH_TAGS.split())
_DATA_URL: Final = re.compile(r"data:[a-zA-Z0-9/+.;=-]{0,200},[A-Za-z0-9+/=%_-]{64,}")
_INVISIBLE_BEGIN: Final = re.compile(r"(?i)<(?:(script|style|head|title)\b|!--)")
_ANY_TAG: Final = re.compile(r"<[^<>]*>")
_BREAK: Final = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]*>")
_IMAGE: Final = re.compile(r"!\[([^\]\n]{0,300})\]\((?:<[^<>\n]*>|[^()\s]*)(?:\s+\"[^\"\n]*\")?\)")
_BLANK_RUN: Final = re.compile(r"\n{3,}")
_SENTINEL: Final = "nd" + secrets.token_hex(8)


def html_to_text(html: str) -> str:
    """Readable text of an HTML mail: Markdown-like, link targets shown, hidden text and images dropped."""
    return html_to_quoted_text(html).text


def html_to_quoted_text(html: str) -> HtmlText:
    """The same, with the place where the quoted mail begins."""
    html = html.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if "data:" in html and len(html) > 4096:
        html = _DATA_URL.sub("data:,", html)
    cut = len(html) > MAX_HTML_CHARS
    html = html[:MAX_HTML_CHARS]
    if _too_deep(html):
        text = _words_only(html)
    else:
        text = _converted(_marked(html)) or _selected(html)
    text = clean(text)
    before, mark, after = text.partition(_SENTINEL)
    before, after = _tidy(before), _tidy(after.replace(_SENTINEL, ""))
    if not mark:
        text, quote_at = before.strip("\n"), None
    else:
        before = _without_lead(before)
        text = f"{before}\n\n{after.strip(chr(10))}".strip("\n") if before else after.strip("\n")
        quote_at = len(before) if before and after.strip() else None
    return HtmlText(f"{text}\n\n{CUT_NOTICE}" if cut else text, quote_at)


def _too_deep(html: str) -> bool:
    if html.count("<") <= MAX_TAG_DEPTH:
        return False
    depth = 0
    for closing, name in _TAG.findall(html):
        if name.lower() in _NO_DEPTH:
            continue
        if not closing:
            depth += 1
            if depth > MAX_TAG_DEPTH:
                return True
        elif depth:
            depth -= 1
    return False


def _marked(html: str) -> str:
    """The document with a mark before the first quoted block, if a mail program left one."""
    if not _MAY_QUOTE.search(html):
        return html
    try:
        from selectolax.lexbor import LexborHTMLParser

        tree = LexborHTMLParser(html)
        quote = tree.css_first(_QUOTES)
        if quote is None:
            return html
        quote.insert_before(f" {_SENTINEL} ")
        return tree.html or html
    except Exception:  # a parser of strangers' HTML may fail in any way; the text must still come
        return html


def _converted(html: str) -> str:
    try:
        from html_to_markdown import ConversionOptions, convert

        result = convert(html, ConversionOptions(extract_metadata=False, hidden_content="drop"))
        if result.warnings or result.content is None:
            return ""
        return _IMAGE.sub(r"\1", result.content)
    except BaseException as error:  # a Rust panic is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
            raise
        return ""


def _selected(html: str) -> str:
    try:
        from selectolax.lexbor import LexborHTMLParser

        body = LexborHTMLParser(html).body
        return body.text(separator="\n", strip=True) if body is not None else ""
    except Exception:  # see _marked
        return _words_only(html)


def _words_only(html: str) -> str:
    from html import unescape

    return unescape(_ANY_TAG.sub(" ", _BREAK.sub("\n", _without_invisible(html))))


def _without_invisible(html: str) -> str:
    lower = html.lower() if len(html.lower()) == len(html) else html
    kept: list[str] = []
    position = 0
    while (begin := _INVISIBLE_BEGIN.search(html, position)) is not None:
        kept.append(html[position : begin.start()])
        ending = f"</{begin[1].lower()}" if begin[1] else "-->"
        end = lower.find(ending, begin.end())
        if end < 0:
            return "".join(kept)
        position = end + len(ending)
    return "".join([*kept, html[position:]])


def _without_lead(text: str) -> str:
    """Without the quote marks or bullets that stand before the mark on its own line."""
    head, _, last = text.rpartition("\n")
    while last.strip(" \t>|*-") == "" and head:
        head, _, last = head.rpartition("\n")
    return f"{head}\n{last}".strip("\n").rstrip() if last.strip(" \t>|*-") else ""


def _tidy(text: str) -> str:
    return _BLANK_RUN.sub("\n\n", "\n".join(line.rstrip(" \t") for line in text.split("\n")))
