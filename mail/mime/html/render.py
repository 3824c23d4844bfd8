"""The text of an HTML document, laid out line by line: one walk over its tree, no second look at a node.

What stands in the text is never escaped or changed: blanks that HTML ignores are the only thing that goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from config.expressions import expression
from mail.mime.html.links import Links
from mail.mime.html.style import PLAIN, UNKNOWN, Style, StyleSheet, color_of, parse_style
from mail.mime.html.tables import MAX_SPAN, Cell, Table, lay_out
from mail.mime.quotes.markup import QuoteMarks

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

# Noncharacters, which no text may hold, mark in the lines where a quoted mail or a signature begins and ends.
QUOTE_BEGINS: Final = "\ufdd0"
QUOTE_ENDS: Final = "\ufdd1"
SIGNATURE_BEGINS: Final = "\ufdd2"
SIGNATURE_ENDS: Final = "\ufdd3"

_MAX_CONTAINERS: Final = 60
_MAX_QUOTE_DEPTH: Final = 20
_MAX_LIST_DEPTH: Final = 10
_LINK_COLOR: Final = "#0000ee"
_ROMAN: Final = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_MAX_LABEL: Final = 400
_RULE: Final = "-" * 40
_BLANKS: Final = expression(r"[ \t\n\r\f]+")
_WORD: Final = expression(r"[^\s\u034f\u200b-\u200f\u2007\u2060-\u2064\ufeff\u00ad\u00a0]{1,200}")
_FILLER: Final = expression(r"[\s\u034f\u200b-\u200f\u2007\u2060-\u2064\ufeff\u00ad\u00a0]*")
_FILE_NAME: Final = expression(r"(?i)[^\n]{1,80}\.(?:png|jpe?g|gif|bmp|tiff?|svg|webp|heic)")
_ORDINAL: Final = expression(r"(?i)st|nd|rd|th|er|re|e|ème|o|a|[^\w]{1,3}")
_BRACKETED: Final = expression(r"\[[^\[\]]*\]|\([^()]*\)")
_LIST_LABEL: Final = expression(r"\(?[\w]{1,5}[.)]")

_LEFT_OUT: Final = frozenset(
    [
        "script",
        "style",
        "head",
        "title",
        "template",
        "meta",
        "link",
        "base",
        "object",
        "embed",
        "applet",
        "iframe",
        "audio",
        "video",
        "canvas",
        "svg",
        "map",
        "datalist",
        "rp",
        "colgroup",
        "col",
        "noframes",
        "param",
        "source",
        "track",
        "area",
    ]
)
_RAISED: Final = {"sup": "^", "sub": "_"}
_STRUCK: Final = frozenset({"s", "strike", "del"})
_FIELDS: Final = frozenset({"input", "select", "textarea"})
_NOTHING_WRITTEN: Final = frozenset({"hidden", "password", "submit", "button", "reset", "image", "file"})
_BLOCKS: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "body",
        "center",
        "details",
        "dialog",
        "div",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "html",
        "legend",
        "main",
        "nav",
        "noscript",
        "section",
        "summary",
        "dir",
        "menu",
        "caption",
        "dt",
        "optgroup",
        "option",
    ]
)
# No lines of their own and no blanks around them.
_PLAIN_TAGS: Final = frozenset(
    [
        "span",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "font",
        "small",
        "big",
        "code",
        "tt",
        "kbd",
        "samp",
        "var",
        "tbody",
        "thead",
        "tfoot",
        "abbr",
        "cite",
        "label",
        "o:p",
        "ins",
        "mark",
    ]
)
_STYLED_TAGS: Final = frozenset({"a", "pre", "listing", "xmp", "plaintext"})
_SPACED: Final = frozenset(
    [
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "dl",
        "ul",
        "ol",
        "pre",
        "blockquote",
        "fieldset",
        "listing",
        "xmp",
        "plaintext",
    ]
)


@dataclass(slots=True)
class _Block:
    """Lines being written: of the document, of a cell, of a list item or of a quote."""

    lines: list[str]
    words: list[str]
    blank_due: bool = False
    space_due: bool = False
    whole: bool = False
    mark_due: str = ""
    ended: int = 0
    """How often its words became a line, or nothing."""

    def put(self, line: str) -> None:
        if self.blank_due:
            self.blank_due = False
            if line and self.lines and self.lines[-1]:
                self.lines.append("")
        if self.mark_due and line:
            line = self.mark_due + line
            self.mark_due = ""
        self.lines.append(line)


@dataclass(slots=True)
class _List:
    ordered: bool
    number: int
    kind: str = "1"
    step: int = 1

    def label(self, number: int) -> str:
        if self.kind in ("i", "I") and 0 < number < 50:
            roman = _roman(number)
            return roman if self.kind == "i" else roman.upper()
        if self.kind in ("a", "A") and 0 < number <= 26:
            return chr(ord(self.kind) + number - 1)
        return str(number)


@dataclass(slots=True)
class _Open:
    """An element whose end is still to come, and what has to be put back then."""

    node_id: int
    tag: str
    then: str
    style: tuple[bool, str | None, str | None, bool]
    label: list[str] | None = None
    href: str = ""
    prefix: str = ""
    place: tuple[_Block, int, int] | None = None
    cell: Cell | None = None


class Renderer:
    """Renders one document; `links` are numbered across several, `quotes` is what in it is quoted."""

    def __init__(
        self, sheet: StyleSheet, links: Links, quotes: QuoteMarks, show_hidden: bool = False
    ) -> None:
        self._sheet = sheet
        self._links = links
        self._quotes = quotes
        self._has_marks = bool(quotes.begins or quotes.ends or quotes.signatures)
        self._show_hidden = show_hidden
        self._blocks = [_Block([], [])]
        self._block = self._blocks[0]
        self._tables: list[Table] = []
        self._lists: list[_List] = []
        self._labels: list[list[str]] = []
        self._above: list[tuple[LexborNode, _Open | None]] = []
        """The elements around, with what is to be done at their ends."""
        self._quote_depth = 0
        # Of the text around: tiny, color, background, blanks count.
        self._style: tuple[bool, str | None, str | None, bool] = (False, None, "#ffffff", False)
        self.hidden_words = 0

    def render(self, body: LexborNode) -> list[str]:
        """Return the lines of the document, `QUOTE_BEGINS` and `QUOTE_ENDS` in them."""
        enter, above = self._enter, self._above
        node = enter(body)
        while above:
            while node is not None:
                inner = enter(node)
                node = node.next if inner is None else inner
            done, opened = above.pop()
            if opened is not None:
                self._leave(opened)
            node = done.next if above else None
        self._end_line()
        return self._blocks[0].lines

    # -- words

    def _text(self, text: str, as_written: bool = False) -> None:
        if not text:
            return
        tiny, color, background, preserved = self._style
        unseen = tiny or color == "transparent" or (color is not None and color == background)
        if unseen and not self._show_hidden:
            self._hide(text)
            return
        if preserved or as_written:
            self._preserved(text)
            return
        text = _as_one_blank(text)
        block = self._block
        if text == " ":
            block.space_due = bool(block.words)
            return
        if text[0] == " ":
            text = text[1:]
            block.space_due = bool(block.words)
        after = text[-1] == " "
        if after:
            text = text[:-1]
        self._say(text)
        block.space_due = after

    def _say(self, text: str) -> None:
        block = self._block
        if block.space_due:
            block.space_due = False
            if block.words:
                block.words.append(" ")
                for label in self._labels:
                    label.append(" ")
        block.words.append(text)
        for label in self._labels:
            if len(label) < _MAX_LABEL:
                label.append(text[:_MAX_LABEL])

    def _preserved(self, text: str) -> None:
        first, *others = text.replace("\r\n", "\n").split("\n")
        if first:
            self._say(first)
        for line in others:
            self._break(keep=True)
            if line:
                self._say(line)

    def _hide(self, text: str) -> None:
        self.hidden_words += sum(1 for _ in _WORD.finditer(text[:100_000]))

    # -- lines

    def _end_line(self) -> None:
        block = self._block
        if block.words:
            line = "".join(block.words).replace("\xa0", " ").rstrip(" \t")
            block.words.clear()
            block.ended += 1
            if line and (line[0].isalnum() or not _FILLER.fullmatch(line)):
                block.put(line)
            elif block.lines and block.lines[-1]:
                block.put("")
        block.space_due = False

    def _break(self, keep: bool = False) -> None:
        block = self._block
        if block.words:
            self._end_line()
        elif keep or (block.lines and block.lines[-1]):
            block.put("")

    def _paragraph(self) -> None:
        self._end_line()
        self._block.blank_due = True

    def _push(self) -> None:
        self._end_line()
        self._block = _Block([], [])
        self._blocks.append(self._block)

    def _pop(self) -> _Block:
        self._end_line()
        done = self._blocks.pop()
        while done.lines and not done.lines[-1]:
            done.lines.pop()
        self._block = self._blocks[-1]
        self._block.mark_due = self._block.mark_due or done.mark_due
        return done

    # -- elements

    def _enter(self, node: LexborNode) -> LexborNode | None:
        """Begin a node; return the first of its children, if they are to be read."""
        tag = node.tag
        if tag == "-text":
            self._text(node.text_content or "")
            return None
        if tag == "br":
            self._break(keep=self._style[3])
            return None
        if tag in _LEFT_OUT or not tag or tag[0] in "-!":
            return None
        attributes = node.attributes
        style = self._styled(tag, attributes) if attributes or self._sheet.rules else PLAIN
        if ((style.shown is False or style.sunk) and not self._show_hidden) or "hidden" in attributes:
            self._hide(node.text(deep=True, separator=" "))
            return None
        if tag in _FIELDS:
            self._field(_written(node, tag, attributes))
            return None
        if not attributes and style is PLAIN and tag in _PLAIN_TAGS:
            inner = node.child  # quotes and signatures are marked by attributes: nothing ends with this one
            if inner is not None:
                self._above.append((node, None))
            return inner
        opened = _Open(node.mem_id if self._has_marks else 0, tag, "", self._style)
        if attributes or style is not PLAIN or tag in _STYLED_TAGS:
            self._restyle(tag, style, attributes)
        if self._has_marks:
            if opened.node_id in self._quotes.begins:
                self._begin_marked(QUOTE_BEGINS)
            if opened.node_id in self._quotes.signatures:
                self._begin_marked(SIGNATURE_BEGINS)
        if "reversed" in attributes and "start" not in attributes:
            items = sum(child.tag == "li" for child in node.iter())
            attributes = {**attributes, "start": str(items)}
        if tag not in _PLAIN_TAGS or style.mark or style.block:
            self._begin(tag, attributes, style, opened)
        inner = node.child
        if inner is not None:
            self._above.append((node, opened))
        else:
            self._leave(opened)
        return inner

    def _styled(self, tag: str, attributes: dict[str, str | None]) -> Style:
        style = PLAIN
        if self._sheet.rules:
            style = self._sheet.style_of(tag, attributes.get("class") or "", attributes.get("id") or "")
        inline = attributes.get("style")
        return parse_style(inline).over(style) if inline else style

    def _restyle(self, tag: str, style: Style, attributes: dict[str, str | None]) -> None:
        tiny, color, background, preserved = self._style
        if style is not PLAIN:
            tiny = tiny if style.tiny is None else style.tiny
            color = style.color or color
            background = style.background if style.background not in (None, "transparent") else background
            preserved = preserved if style.preserved is None else style.preserved
        if "bgcolor" in attributes:
            background = color_of(attributes["bgcolor"] or "") or background
        if "background" in attributes:
            background = UNKNOWN
        if tag == "font" and "color" in attributes:
            color = color_of(attributes["color"] or "") or color
        elif tag in _STYLED_TAGS:
            if tag != "a":
                preserved = True
            elif style.color is None:
                color = _LINK_COLOR
        self._style = (tiny, None if color == UNKNOWN else color, background, preserved)

    def _field(self, written: str) -> None:
        several = "\n" in written
        if several:
            self._end_line()
        self._text(written.strip() if several else written, as_written=several)
        if several:
            self._end_line()

    def _begin(self, tag: str, attributes: dict[str, str | None], style: Style, opened: _Open) -> None:
        if style.mark == "list label":
            self._list_label(opened)
        elif tag == "a":
            href = attributes.get("href")
            if href:
                opened.then, opened.href, opened.label = "link", href, []
                self._labels.append(opened.label)
        elif tag == "img":
            self._image(attributes)
        elif tag in _RAISED or tag in _STRUCK or (style.mark == "struck" and tag in _PLAIN_TAGS):
            self._begin_span(tag, opened)
        elif tag == "table":
            self._begin_table(attributes, opened)
        elif tag == "tr":
            self._begin_row()
        elif tag in ("td", "th"):
            self._begin_cell(tag, attributes, style, opened)
        elif tag in ("ul", "ol"):
            start = _whole(attributes.get("start"), 1)
            step = -1 if "reversed" in attributes else 1
            self._lists.append(_List(tag == "ol", start, attributes.get("type") or "1", step))
            nested = len(self._lists) > 1
            self._end_line() if nested else self._paragraph()
            opened.then = "list" if nested else "spaced list"
        elif tag == "li":
            self._begin_item(attributes, opened)
        elif tag == "dd":
            self._indented(opened, "    ")
        elif tag == "blockquote":
            self._begin_blockquote(attributes, style, opened)
        elif tag == "hr":
            self._end_line()
            self._block.put(_RULE)
        elif tag in _SPACED:
            tight = style.tight or (attributes.get("class") or "").startswith("Mso")
            self._end_line() if tight else self._paragraph()
            opened.then = "block" if tight else "spaced"
        elif (tag in _BLOCKS and style.block is not False) or style.block:
            self._end_line()
            opened.then = "block"
        elif tag == "q":
            self._say("\u201c")
            opened.then = "q"
        elif tag == "rt":
            self._say("(")
            opened.then = "rt"

    def _leave(self, opened: _Open) -> None:
        then = opened.then
        if not then:
            pass
        elif then == "block":
            self._end_line()
        elif then == "spaced":
            self._paragraph()
        elif then == "link":
            self._end_link(opened)
        elif then == "cell":
            self._end_cell(opened)
        elif then == "table":
            self._end_table()
        elif then == "item":
            self._end_item(opened)
        elif then == "prefixed":
            self._end_prefixed(opened)
        elif then in ("list", "spaced list"):
            self._lists.pop()
            self._end_line() if then == "list" else self._paragraph()
        elif then == "span":
            self._end_span(opened)
        elif then == "list label":
            self._end_list_label()
        elif then == "q":
            self._say("\u201d")
        elif then == "rt":
            self._say(")")
        self._style = opened.style
        if self._has_marks:
            if opened.node_id in self._quotes.signatures:
                self._end_marked(SIGNATURE_BEGINS, SIGNATURE_ENDS)
            if opened.node_id in self._quotes.ends:
                self._end_marked(QUOTE_BEGINS, QUOTE_ENDS)

    # -- links, images, raised and struck text

    def _end_link(self, opened: _Open) -> None:
        pieces = self._labels.pop()
        label = "".join(pieces).strip()
        if not label:
            return
        number = self._links.number(opened.href, label)
        if number is None:
            return
        block = self._block
        if block.words or not block.lines:
            space_after, block.space_due = block.space_due, False
            block.words.append(f" [{number}]")
            block.space_due = space_after
        else:
            block.lines[-1] += f" [{number}]"

    def _image(self, attributes: dict[str, str | None]) -> None:
        alt = attributes.get("alt") or ""
        alt = _as_one_blank(alt).strip()
        if not alt or _is_nothing(attributes.get("width")) or _is_nothing(attributes.get("height")):
            return
        self._text(f"[image: {alt}]" if "." in alt and _FILE_NAME.fullmatch(alt) else alt)

    def _begin_span(self, tag: str, opened: _Open) -> None:
        prefix = _RAISED.get(tag, "~~")
        if prefix == "~~" and any(outer.prefix == prefix for _, outer in self._above if outer):
            return
        block = self._block
        if block.space_due and block.words:
            self._say("")
        block.words.append("")
        opened.then, opened.label, opened.prefix = "span", [], prefix
        opened.place = (block, block.ended, len(block.words) - 1)
        self._labels.append(opened.label)

    def _end_span(self, opened: _Open) -> None:
        said = "".join(self._labels.pop()).strip()
        if opened.place is None or not said:
            return
        block, ended, index = opened.place
        if block is not self._block or block.ended != ended:
            return  # it did not stay on its line
        if opened.prefix == "~~":
            block.words[index] = "~~"
            block.words.append("~~")
        elif index and "".join(block.words[:index]).strip() and not _ORDINAL.fullmatch(said):
            several = not (said.isalnum() or _BRACKETED.fullmatch(said))
            block.words[index] = f"{opened.prefix}(" if several else opened.prefix
            if several:
                block.words.append(")")

    # -- lists and quotes

    def _list_label(self, opened: _Open) -> None:
        """Lay out a word processor's bullet: a letter of a symbol font and blanks to fill the indentation."""
        opened.then, opened.label, opened.prefix = "list label", [], ""
        self._push()

    def _end_list_label(self) -> None:
        label = " ".join(self._pop().lines).strip()
        self._say(f"{label if _LIST_LABEL.fullmatch(label) else '-'} ")

    def _begin_item(self, attributes: dict[str, str | None], opened: _Open) -> None:
        current = self._lists[-1] if self._lists else _List(ordered=False, number=1)
        if current.ordered:
            number = _whole(attributes.get("value"), current.number)
            current.number = number + current.step
            opened.prefix = f"{current.label(number)}. "
        else:
            opened.prefix = "- "
        if len(self._lists) <= _MAX_LIST_DEPTH:
            self._contain(opened, "item")
        else:
            self._end_line()
            opened.then = "block"

    def _indented(self, opened: _Open, prefix: str) -> None:
        opened.prefix = prefix
        self._contain(opened, "prefixed")

    def _begin_blockquote(self, attributes: dict[str, str | None], style: Style, opened: _Open) -> None:
        self._paragraph()
        opened.then = "spaced"
        cited = attributes.get("type") == "cite" or "gmail_quote" in (attributes.get("class") or "")
        if style.mark == "indent" and not cited:
            self._indented(opened, "    ")
        elif self._quote_depth < _MAX_QUOTE_DEPTH:
            self._quote_depth += 1
            self._indented(opened, "> ")

    def _contain(self, opened: _Open, then: str) -> None:
        self._end_line()
        if len(self._blocks) < _MAX_CONTAINERS:
            self._push()
            opened.then = then
        else:
            opened.then = "block"

    def _end_item(self, opened: _Open) -> None:
        lines = self._pop().lines
        indent = " " * len(opened.prefix)
        self._put_all(
            [f"{indent if n else opened.prefix}{line}" if line else line for n, line in enumerate(lines)]
        )
        self._block.whole = True
        self._block.blank_due = "" in lines

    def _end_prefixed(self, opened: _Open) -> None:
        lines = self._pop().lines
        prefix = opened.prefix
        quoted = prefix == "> "
        if quoted:
            self._quote_depth -= 1
            # Nested quotes are written ">> " as mail programs write them in plain text.
            lines = [f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines]
        else:
            lines = [f"{prefix}{line}" if line else line for line in lines]
        self._put_all(lines)
        if opened.tag == "blockquote":
            self._paragraph()

    def _put_all(self, lines: list[str]) -> None:
        block = self._block
        for line in lines[:1]:
            block.put(line)
        block.lines += lines[1:]

    # -- tables

    def _begin_table(self, attributes: dict[str, str | None], opened: _Open) -> None:
        self._end_line()
        border = attributes.get("border")
        self._tables.append(Table(border=border is not None and border.strip() not in ("0", "", "none")))
        opened.then = "table"

    def _begin_row(self) -> None:
        self._end_line()
        if self._tables:
            self._tables[-1].rows.append([])

    def _begin_cell(self, tag: str, attributes: dict[str, str | None], style: Style, opened: _Open) -> None:
        if not self._tables or len(self._blocks) >= _MAX_CONTAINERS:
            self._end_line()
            opened.then = "block"
            return
        cell = Cell([], header=tag == "th", right=bool(style.right) or attributes.get("align") == "right")
        cell.columns = _whole(attributes.get("colspan"), 1, MAX_SPAN)
        cell.rows = _whole(attributes.get("rowspan"), 1, 1000)
        rows = self._tables[-1].rows
        if not rows:
            rows.append([])
        rows[-1].append(cell)
        opened.then, opened.cell = "cell", cell
        self._push()

    def _end_cell(self, opened: _Open) -> None:
        block = self._pop()
        if opened.cell is not None:
            opened.cell.lines = block.lines
            opened.cell.whole = block.whole

    def _end_table(self) -> None:
        self._end_line()
        lines = lay_out(self._tables.pop())
        if not lines:
            return
        block = self._block
        apart = len(lines) > 1
        if apart and block.lines:
            block.blank_due = True
        self._put_all(lines)
        if apart:
            block.blank_due = block.whole = True

    # -- what is quoted or a signature

    def _begin_marked(self, begins: str) -> None:
        self._end_line()
        if begins not in self._block.mark_due:
            self._block.mark_due += begins
        self._block.whole = True

    def _end_marked(self, begins: str, ends: str) -> None:
        self._end_line()
        block = self._block
        if begins in block.mark_due:
            block.mark_due = block.mark_due.replace(begins, "")  # nothing was in it
        elif block.lines:
            block.lines[-1] += ends


def _as_one_blank(text: str) -> str:
    """Return a text with runs of blanks and line ends as one blank; few texts have any."""
    if "\n" in text:
        text = text.replace("\n", " ")
    return text if text.isprintable() and "  " not in text else _BLANKS.sub(" ", text)


def _written(node: LexborNode, tag: str, attributes: dict[str, str | None]) -> str:
    """Return what was entered in a field of a form, in brackets: forms are sent by mail."""
    if tag == "select":
        options = node.css("option")
        chosen = [each for each in options if "selected" in each.attributes] or options[:1]
        value = ", ".join(each.text().strip() for each in chosen)
    elif tag == "textarea":
        value = node.text().strip()
    else:
        kind = (attributes.get("type") or "text").lower()
        if kind in ("checkbox", "radio"):
            return " [x] " if "checked" in attributes else " [ ] "
        value = "" if kind in _NOTHING_WRITTEN else (attributes.get("value") or "").strip()
    return f" [{value}] " if value else ""


def _roman(number: int) -> str:
    tens, ones = divmod(number, 10)
    return "x" * min(tens, 3) * (tens < 4) + "xl" * (tens == 4) + _ROMAN[ones]


def _whole(value: str | None, otherwise: int, most: int = 10_000) -> int:
    text = (value or "").strip()
    return min(int(text), most) if text.isdecimal() and len(text) < 6 else otherwise


def _is_nothing(value: str | None) -> bool:
    return (value or "").strip().removesuffix("px") in ("0", "1")
