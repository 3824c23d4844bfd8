"""Where mail programs put what they quote in HTML, by the document's structure alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from config.expressions import expression
from mail.mime.quotes.words import LABELS

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_MARKS: Final = 200
MAX_BORDERS: Final = 20
MAX_DEPTH: Final = 400

# Thunderbird, Apple Mail, Roundcube, Fastmail; Yahoo; Outlook for Mac and for telephones; Zimbra; GMX,
# WEB.DE; Spark, Tutanota, Front, NetEase, Freshdesk, Missive, Newton.
_WHOLE: Final = (
    "blockquote[type=cite], blockquote#qt, .moz-cite-prefix, #reply-intro, .yahoo_quoted, "
    "#OLK_SRC_BODY_SECTION, #mail-editor-reference-message-container, .ms-outlook-mobile-reference-message, "
    "[data-marker=__HEADERS__], [data-marker=__QUOTED_TEXT__], div[name=quote], "
    "div[name=messageReplySection], .tutanota_quote, .front-blockquote, #isReplyContent, "
    ".freshdesk_quote, .missive_quote, .cm_quote"
)
# Gmail, Proton, Zoho: a box that begins with the attribution; answers may stand between the quotes in it.
_BOXES: Final = "div.gmail_quote, div.gmail_quote_container, div.protonmail_quote, div.zmail_extra"
# Outlook on the web, Zimbra, Hotmail: a border line; all below it is the mail that is answered.
_REST: Final = "#appendonsend, #divRplyFwdMsg, hr#zwchr, hr#stopSpelling"
# Gmail, Thunderbird, Outlook, Samsung, Roundcube, Proton, Spark, Airmail, Apple, Zimbra.
_SIGNATURES: Final = (
    ".gmail_signature, .gmail_signature_prefix, .moz-signature, #Signature, #x_Signature, #signature, "
    "#ms-outlook-mobile-signature, #composer_signature, #_rc_sig, .protonmail_signature_block-user, "
    "div[name=messageSignatureSection], [id^=bloop_sign], #psignature, .front-signature, "
    "#AppleMailSignature, [data-marker=__SIG_PRE__]"
)
_SIGNATURE_HINTS: Final = (b"signature", b"_rc_sig", b"bloop_sign", b"__sig_pre__")
_BORDERED: Final = "div[style*=border]"
_HINTS: Final = (
    *(
        b"cite",
        b"quote",
        b"reply-intro",
        b"olk_src_body",
        b"reference-message",
        b"__headers__",
        b"isreplycontent",
    ),
    *(b"messagereplysection", b"zmail_extra", b"appendonsend", b"divrplyfwdmsg", b"zwchr", b"stopspelling"),
    *(b"id=qt", b'id="qt', b"id='qt", b"border-top", b"border-style", b"border-width"),
)
"""A document that has none of them, in small letters, is not asked for the marks, which takes longer."""
_TOP_BORDER: Final = expression(
    r"border-top(?:-style|-width)?:(?!none|0|medium)|border-style:solid(?:none){2}|"
    r"border-width:[\d.]+(?:pt|px)(?:medium|0)"
)
_OTHER_BORDER: Final = expression(r"border(?:-bottom|-left|-right)?:(?!none|0|medium)")
_HEADER_LINES: Final = expression(r"\s*([^\s:：][^:：\n]{0,30})[:：].{1,300}?[:：]", re.DOTALL)


@dataclass(slots=True)
class QuoteMarks:
    """Nodes, by `mem_id`, with which something quoted `begins` and with which it `ends`.

    What begins and has no end goes on to the end of the document. `signatures`: nodes that are one.
    """

    begins: set[int] = field(default_factory=set)
    ends: set[int] = field(default_factory=set)
    signatures: set[int] = field(default_factory=set)


def quote_marks(small: bytes, body: LexborNode) -> QuoteMarks:
    """Find what is quoted in a document; at most `MAX_MARKS` quotes, the first ones.

    ``small`` is its source in UTF-8, its ASCII letters small.
    """
    marks = QuoteMarks()
    if any(map(small.__contains__, _SIGNATURE_HINTS)):
        marks.signatures = {node.mem_id for node in body.css(_SIGNATURES)[:MAX_MARKS]}
    if not any(map(small.__contains__, _HINTS)):
        return marks
    for node in body.css(_BOXES)[:MAX_MARKS]:
        if not _is_inside(node, marks.begins):
            _mark_box(node, marks)
    for node in body.css(_WHOLE)[:MAX_MARKS]:
        if not _is_inside(node, marks.begins):
            _mark_whole(node, marks)
    rest = _first_of_rest(body, marks)
    if rest is not None:
        marks.begins.add(rest.mem_id)
    return marks


def _mark_whole(node: LexborNode, marks: QuoteMarks) -> None:
    marks.begins.add(node.mem_id)
    marks.ends.add(node.mem_id)


def _mark_box(box: LexborNode, marks: QuoteMarks) -> None:
    """Take all above the first quote in the box for its announcement, and what stands below as new."""
    quotes = [node for node in box.css("blockquote")[:MAX_MARKS] if not _is_in_blockquote(node, box.mem_id)]
    if not quotes:
        _mark_whole(box, marks)
        return
    marks.begins.add(box.mem_id)
    marks.ends.add(quotes[0].mem_id)
    for node in quotes[1:]:
        _mark_whole(node, marks)


def _first_of_rest(body: LexborNode, marks: QuoteMarks) -> LexborNode | None:
    """Return the border below which all is quoted, unless it stands in a quote or the quote is marked."""
    told = body.css_first("[data-marker=__QUOTED_TEXT__]") is not None
    for node in body.css(_REST)[:MAX_MARKS]:
        if not (told and node.id == "zwchr") and not _is_inside(node, marks.begins):
            return node
    bordered = (node for node in body.css(_BORDERED)[:MAX_MARKS] if _has_top_border(node))
    for node in islice(bordered, MAX_BORDERS):
        if _is_inside(node, marks.begins):
            continue
        said = node.text(deep=True, separator=" ")[:1000]
        label = _HEADER_LINES.match(said)
        if label is not None and (" ".join(label[1].casefold().split()) in LABELS or "@" in said):
            return node
    return None


def _has_top_border(node: LexborNode) -> bool:
    style = "".join((node.attributes.get("style") or "")[:1000].lower().split())
    return bool(_TOP_BORDER.search(style)) and not _OTHER_BORDER.search(style)


def _is_inside(node: LexborNode, begun: set[int]) -> bool:
    return any(parent.mem_id in begun for parent in _parents(node))


def _is_in_blockquote(node: LexborNode, box: int) -> bool:
    for parent in _parents(node):
        if parent.mem_id == box:
            return False
        if parent.tag == "blockquote":
            return True
    return False


def _parents(node: LexborNode) -> Iterator[LexborNode]:
    parent = node.parent
    for _ in range(MAX_DEPTH):
        if parent is None:
            return
        yield parent
        parent = parent.parent
