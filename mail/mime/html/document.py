"""An HTML document, read: bounded in time and memory; never raises.

Words are never escaped or changed. Layout tables are read in their order, data tables are aligned, links are
numbered and listed below the text, hidden text is left out and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from config.expressions import expression
from mail.inert import clean, without_direction_marks
from mail.mime.html.appendix import appendix
from mail.mime.html.links import Link, Links
from mail.mime.html.render import (
    QUOTE_BEGINS,
    QUOTE_ENDS,
    SIGNATURE_BEGINS,
    SIGNATURE_ENDS,
    Renderer,
)
from mail.mime.html.style import StyleSheet
from mail.mime.html.words import words_only
from mail.mime.quotes.markup import quote_marks

MAX_HTML_CHARS: Final = 2 * 1024 * 1024
MAX_TAG_DEPTH: Final = 300
CUT_NOTICE: Final = "[The rest of this HTML is left out: it is over 2 MB. The mail as received has it all.]"
NOT_LAID_OUT: Final = "[This HTML could not be laid out: these are its words alone.]"
SHOWN_AFTER_ALL: Final = "[All of this text is hidden by its HTML.]"


@dataclass(frozen=True, slots=True)
class HtmlText:
    """`quotes` and `signatures`: begin and end, in `text`, of what the sender's mail program marked as such.

    `links` are named in the text by their numbers; `hidden_words` counts what its reader does not see.
    """

    text: str
    quotes: tuple[tuple[int, int], ...] = ()
    links: tuple[Link, ...] = ()
    hidden_words: int = 0
    signatures: tuple[tuple[int, int], ...] = ()


def html_to_text(html: str) -> str:
    """Return the readable text of an HTML mail; where its links lead and what was hidden stands below it."""
    read = read_html(html)
    below = appendix(read.links, read.hidden_words)
    return f"{read.text}\n\n{below}" if below else read.text


def read_html(html: str, first_link: int = 1) -> HtmlText:
    """Read an HTML document. `first_link`: the number of its first link."""
    html, cut = _bounded(html)
    # To look for what is ASCII costs a fifth in bytes, and to make their letters small a twentieth.
    small = html.encode().lower()
    if _too_complex(small):
        read = HtmlText(clean(words_only(html)).strip("\n"))
    else:
        read = _rendered(html, small, first_link)
    if cut:
        read = replace(read, text=f"{read.text}\n\n{CUT_NOTICE}")
    return read


_DATA_URL: Final = expression(r"data:[a-zA-Z0-9/+.;=-]{0,200},[A-Za-z0-9+/=%_-]{64,}")
_MARKS: Final = QUOTE_BEGINS + QUOTE_ENDS + SIGNATURE_BEGINS + SIGNATURE_ENDS
_NONCHARACTERS: Final = expression("[\x00\ufdd0-\ufdef]")
_BEGIN_OF_NONCHARACTERS: Final = "\ufdd0".encode()[:2]
"""To look for it in the bytes costs a hundredth of looking at each character."""


def _bounded(html: str) -> tuple[str, bool]:
    if len(html) > 4096 and "data:" in html:
        html = _DATA_URL.sub("data:,", html)
    cut = len(html) > MAX_HTML_CHARS
    html = html[:MAX_HTML_CHARS]
    if html.isascii() and "\x00" not in html:
        return html, cut
    coded = html.encode("utf-8", "replace")
    if b"\x00" in coded or _BEGIN_OF_NONCHARACTERS in coded:
        return _NONCHARACTERS.sub("", coded.decode("utf-8")), cut
    return coded.decode("utf-8"), cut


_TAG: Final = expression(rb"<(/?[a-z][a-z0-9]{0,15})")
_BEGINS, _ENDS, _FORMATS, _FORMATS_NO_MORE = range(4)
_WITHOUT_DEPTH: Final = (
    b"area base br col embed hr img input link meta param source track wbr p li dd dt option tr td th thead "
    b"tbody tfoot colgroup".split()
)
_FORMATTING: Final = b"a b big code em font i nobr s small strike strong tt u".split()
_KINDS: Final = {
    **dict.fromkeys(_WITHOUT_DEPTH, _BEGINS),
    **dict.fromkeys((b"/" + name for name in _WITHOUT_DEPTH), _ENDS),
    **dict.fromkeys(_FORMATTING, _FORMATS),
    **dict.fromkeys((b"/" + name for name in _FORMATTING), _FORMATS_NO_MORE),
}
"""Of tags that are nothing but one more level of depth there is none."""
_MAX_REOPENED: Final = 200_000


def _too_complex(small: bytes) -> bool:
    """Return whether a parser would need much time or memory.

    Deep nesting, or open tags that it has to repeat.
    """
    if small.count(b"<") <= MAX_TAG_DEPTH:
        return False
    depth = formatting = reopened = 0
    kind_of = _KINDS.get
    for tag in _TAG.findall(small):
        kind = kind_of(tag)
        if kind == _ENDS:
            continue
        if kind == _FORMATS:
            formatting += 1
        elif kind == _FORMATS_NO_MORE or (kind is None and tag.startswith(b"/")):
            depth -= depth > 0
            formatting -= kind is not None and formatting > 0
            continue
        elif formatting:
            # Formatting that is not closed is opened again in every element that follows.
            reopened += formatting
            if reopened > _MAX_REOPENED:
                return True
        if kind != _BEGINS:
            depth += 1
            if depth > MAX_TAG_DEPTH:
                return True
    return False


def _rendered(html: str, small: bytes, first_link: int) -> HtmlText:
    from selectolax.lexbor import LexborHTMLParser  # 5 ms, for HTML mail

    try:
        tree = LexborHTMLParser(html)
        body = tree.body
        if body is None:
            return HtmlText("")
        # A selector would do as well, but the first one of a document costs as much as parsing a short one.
        styles = [node.text(deep=True) for node in tree.tags("style")] if b"<style" in small else []
        sheet = StyleSheet("\n".join(styles))
        links = Links(first_link)
        quotes = quote_marks(small, body)
        renderer = Renderer(sheet, links, quotes)
        lines = renderer.render(body)
        if renderer.hidden_words and not any(line.strip(_MARKS) for line in lines):
            links = Links(first_link)
            lines = [SHOWN_AFTER_ALL, "", *Renderer(sheet, links, quotes, show_hidden=True).render(body)]
            return _assembled(lines, links, 0)
        return _assembled(lines, links, renderer.hidden_words)
    except Exception:  # whatever a stranger's HTML can bring about, its mail is read
        words = clean(words_only(html)).strip("\n")
        return HtmlText("\n\n".join(filter(None, (NOT_LAID_OUT, words))))


def _assembled(lines: list[str], links: Links, hidden_words: int) -> HtmlText:
    """Make one text of the lines, the marks in them taken out and their places kept."""
    text = clean(without_direction_marks("\n".join(lines)))
    if not any(mark in text for mark in _MARKS):
        return HtmlText(text.strip("\n"), (), tuple(links.found), hidden_words)
    text = text.strip("\n")
    plain = text
    for mark in _MARKS:
        plain = plain.replace(mark, "")
    marked = list(zip(text.split("\n"), map(len, plain.split("\n")), strict=True))
    quotes = _spans(marked, QUOTE_BEGINS, QUOTE_ENDS)
    signatures = _spans(marked, SIGNATURE_BEGINS, SIGNATURE_ENDS)
    found = tuple(links.found)
    return HtmlText(plain, _merged(quotes, plain), found, hidden_words, _merged(signatures, plain))


def _spans(marked: list[tuple[str, int]], begins: str, ends: str) -> list[tuple[int, int]]:
    """Return where in the text without marks a kind of them begins and ends.

    ``marked``: its lines with marks, and how long each is without them.
    """
    spans: list[tuple[int, int]] = []
    size = depth = begin = 0
    for line, length in marked:
        begun, ended = line.count(begins), line.count(ends)
        if begun and not depth:
            begin = size
        depth += begun
        size += length + 1
        if ended and depth:
            depth = max(0, depth - ended)
            if not depth:
                spans.append((begin, size - 1))
    if depth and begins == QUOTE_BEGINS:
        spans.append((begin, size - 1))
    return spans


def _merged(quotes: list[tuple[int, int]], text: str) -> tuple[tuple[int, int], ...]:
    """Make one of quotes with nothing but blanks between them."""
    merged: list[tuple[int, int]] = []
    for begin, end in quotes:
        if merged and not text[merged[-1][1] : begin].strip():
            merged[-1] = (merged[-1][0], end)
        elif end > begin:
            merged.append((begin, end))
    return tuple(merged)
