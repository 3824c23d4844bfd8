"""Markdown as the customer's mail program shows it: what is bold is bold, lists and quotes are indented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mail.compose.outgoing import markdown_tokens
from tui.text.safe import line, width_of
from tui.widgets.text_pane import Line

if TYPE_CHECKING:
    from markdown_it.token import Token

_STYLES = {"strong": "bold", "em": "italic", "link": "accent"}


def markdown_lines(text: str, width: int) -> list[Line]:
    """Lay a text as an agent types it out in lines of at most `width` cells."""
    lines: list[Line] = []
    margins: list[str] = []
    lists: list[int | None] = []
    begin, heading = "", ""
    for token in markdown_tokens(text):
        match token.type:
            case "blockquote_open":
                margins.append("> ")
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrs.get("start", 1)))
            case "list_item_open":
                number = lists[-1]
                begin = "- " if number is None else f"{number}. "
                lists[-1] = None if number is None else number + 1
                margins.append(" " * len(begin))
            case "blockquote_close" | "list_item_close":
                margins.pop()
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
                if lines and lines[-1] and not lists:
                    lines.append([])
            case "heading_open":
                heading = "bold"
            case "paragraph_close" | "heading_close":
                heading = ""
                if not token.hidden:
                    lines.append([])
            case "hr":
                lines += [[("─" * max(1, width), "dim")], []]
            case "fence" | "code_block":
                margin = "".join(margins)
                lines += [[(margin, "dim"), (line(row), "accent")] for row in token.content.split("\n")[:-1]]
                lines.append([])
            case "inline":
                margin = "".join(margins)
                room = max(8, width - len(margin))
                for row in _wrapped(_pieces(token, heading), room):
                    first = margin[: len(margin) - len(begin)] + begin
                    lines.append([(first, "dim" if margins and margins[-1] == "> " else ""), *row])
                    begin = ""
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _pieces(token: Token, base: str) -> Iterator[tuple[str, str]]:
    """Return the words of a paragraph with their styles; a line break is a newline."""
    styles = [base]
    targets: list[str] = []
    for child in token.children or ():
        name = child.type.removesuffix("_open").removesuffix("_close")
        if child.type.endswith("_open"):
            styles.append(_STYLES.get(name, styles[-1]))
            targets.append(str(child.attrs.get("href", "")))
        elif child.type.endswith("_close"):
            styles.pop()
            target = targets.pop()
            if name == "link" and target:
                yield f" <{target}>", "dim"
        elif child.type in ("softbreak", "hardbreak"):
            yield "\n", ""
        else:
            yield child.content, "accent" if child.type == "code_inline" else styles[-1]


def _wrapped(pieces: Iterator[tuple[str, str]], width: int) -> Iterator[Line]:
    row: Line = []
    used = 0
    for text, style in pieces:
        if text == "\n":
            yield row
            row, used = [], 0
            continue
        for number, word in enumerate(line(text).split(" ")):
            blank = 1 if number else 0
            size = width_of(word)
            if used and used + blank + size > width:
                yield row
                row, used, blank = [], 0, 0
            row.append((" " * blank + word, style))
            used += blank + size
    yield row
