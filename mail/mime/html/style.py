"""What the styles of a mail say about how it reads: what is hidden, where lines end, what is aligned.

Only that is read of CSS which changes the text that a reader sees; media queries are for other screens.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal

from config.expressions import expression

MAX_STYLESHEET_CHARS: Final = 256 * 1024
UNKNOWN: Final = "?"


@dataclass(frozen=True, slots=True)
class Style:
    """What one style says; None where it says nothing.

    `shown`: False for display:none. `sunk`: seen by nobody for another reason (no height, off the screen).
    `tiny`: a font of at most 1 pixel. `color`, `background`: "#rrggbb", or `UNKNOWN`. `preserved`: blanks and
    line ends count. `tight`: no space above and below. `mark`: what a word processor makes of it.
    """

    shown: bool | None = None
    sunk: bool | None = None
    tiny: bool | None = None
    color: str | None = None
    background: str | None = None
    preserved: bool | None = None
    tight: bool | None = None
    right: bool | None = None
    block: bool | None = None
    mark: Literal["list label", "indent", "struck"] | None = None

    def over(self, below: Style) -> Style:
        """Return this style where it says something, `below` where it does not."""
        if below is PLAIN:
            return self
        if self is PLAIN:
            return below
        values = {name: getattr(self, name) for name in _NAMES}
        return Style(**{name: getattr(below, name) if v is None else v for name, v in values.items()})


_NAMES: Final = tuple(field.name for field in fields(Style))
PLAIN: Final = Style()

_COLORS: Final = {
    "white": "#ffffff",
    "black": "#000000",
    "transparent": "transparent",
    "red": "#ff0000",
    "blue": "#0000ff",
    "yellow": "#ffff00",
    "gray": "#808080",
    "grey": "#808080",
    "silver": "#c0c0c0",
    "whitesmoke": "#f5f5f5",
}
_HEX: Final = expression(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b")
_RGB: Final = expression(
    r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*(?:[,/]\s*([\d.]{1,8}%?)\s*)?\)"
)
_LENGTH: Final = expression(r"(-?\d{0,6}\.?\d{1,6})\s{0,4}([a-z%]{0,4})")
_BLOCKS: Final = frozenset({"block", "flex", "grid", "table", "list-item", "flow-root", "table-row"})


def color_of(value: str) -> str | None:
    """Return a colour as "#rrggbb" or "transparent", another as `UNKNOWN`; None if `value` names none."""
    value = value.strip().lower()
    if not value or value in ("inherit", "initial", "unset", "currentcolor", "none", "auto", "windowtext"):
        return None
    if value in _COLORS:
        return _COLORS[value]
    found = _HEX.match(value if value.startswith("#") else f"#{value}")
    if found is not None:
        digits = found[0][1:]
        if len(digits) < 6:
            digits = "".join(digit * 2 for digit in digits)
        return "transparent" if digits[6:] == "00" else f"#{digits[:6]}"
    found = _RGB.match(value)
    if found is not None:
        if found[4] is not None and float(found[4].rstrip("%").strip(".") or 0) == 0:
            return "transparent"
        return "#" + "".join(f"{min(255, int(found[n])):02x}" for n in (1, 2, 3))
    return UNKNOWN


@functools.lru_cache(maxsize=2048)
def parse_style(text: str) -> Style:
    """Return the declarations of a ``style`` attribute or of a rule."""
    said: dict[str, str] = {}
    for declaration in text[:4000].lower().split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            name, value = name.strip(), value.replace("!important", "").strip()
            if value:
                said[name] = value
    if not said:
        return PLAIN
    display = said.get("display", "")
    font = said.get("font-size") or _font_size(said.get("font", ""))
    style = Style(
        shown=None if not display else display != "none",
        sunk=_sunk(said),
        tiny=_tiny(font),
        color=color_of(said["color"]) if "color" in said else None,
        background=_background(said),
        preserved=said["white-space"].startswith("pre") if "white-space" in said else None,
        tight=_tight(said),
        right=said["text-align"] == "right" if "text-align" in said else None,
        block=None if not display else display in _BLOCKS,
        mark=_mark(said),
    )
    return PLAIN if style == PLAIN else style


def _font_size(font: str) -> str:
    return next((word for word in font.split() if word[:1].isdigit()), "").partition("/")[0]


def _tiny(size: str) -> bool | None:
    if not size or size in ("inherit", "smaller", "larger"):
        return None
    found = _LENGTH.fullmatch(size)
    if found is None:
        return False
    number, unit = float(found[1]), found[2]
    if unit in ("px", "pt", ""):
        return number <= 1
    # A share of the font around it: nothing of something is nothing.
    return True if number <= 0.05 else None


def _is_nothing(value: str | None) -> bool:
    found = _LENGTH.fullmatch(value or "")
    return found is not None and float(found[1]) == 0


def _sunk(said: Mapping[str, str]) -> bool | None:
    if said.get("visibility") in ("hidden", "collapse") or _is_nothing(said.get("opacity")):
        return True
    clipped = said.get("overflow", said.get("overflow-y", "")) == "hidden"
    if clipped and (_is_nothing(said.get("max-height")) or _is_nothing(said.get("height"))):
        return True
    if clipped and (_is_nothing(said.get("max-width")) or _is_nothing(said.get("width"))):
        return True
    for name in ("text-indent", "left", "top", "margin-left"):
        value = said.get(name, "")
        if value.startswith("-"):
            found = _LENGTH.fullmatch(value)
            if found is not None and found[2] in ("px", "pt", "em") and float(found[1]) <= -900:
                return True
    return None


def _background(said: Mapping[str, str]) -> str | None:
    if "background-image" in said and said["background-image"] != "none":
        return UNKNOWN
    if "background" in said:
        value = said["background"]
        if "url(" in value or "gradient" in value:
            return UNKNOWN
        return color_of(value if value.startswith("rgb") else value.split()[0])
    return color_of(said["background-color"]) if "background-color" in said else None


def _tight(said: Mapping[str, str]) -> bool | None:
    edges = [said.get("margin-top"), said.get("margin-bottom")]
    if "margin" in said:
        sides = said["margin"].split()
        edges = [edges[0] or sides[0], edges[1] or (sides[2] if len(sides) > 2 else sides[0])]
    if edges == [None, None]:
        return None
    return (all(_is_nothing(edge) for edge in edges if edge is not None) and edges[1] is not None) or None


def _mark(said: Mapping[str, str]) -> Literal["list label", "indent", "struck"] | None:
    if "mso-list" in said and said["mso-list"] == "ignore":
        return "list label"
    if said.get("border", "").startswith(("none", "0")) and any(name.startswith("margin") for name in said):
        return "indent"
    if "line-through" in said.get("text-decoration", said.get("text-decoration-line", "")):
        return "struck"
    return None


class StyleSheet:
    """The rules of a mail's ``<style>`` elements that apply to whole tags, classes and ids."""

    def __init__(self, text: str = "") -> None:
        self.rules: dict[str, Style] = {}
        for selector, body in _rules(_without_comments(text[:MAX_STYLESHEET_CHARS])):
            style = parse_style(body)
            if style is PLAIN:
                continue
            for one in selector.lower().split(","):
                self._add(one.strip(), style)

    def _add(self, selector: str, style: Style) -> None:
        *ancestors, last = selector.replace(">", " ").split() or [""]
        names = _SELECTOR.fullmatch(last)
        if names is None:
            return
        tag, name = names[1], names[2]
        if ancestors or (tag and name):
            # Where it holds is not known: only that colours cannot be judged there.
            if style.background is None and style.color is None:
                if not ancestors and style.shown is not None:
                    self._put(f"{tag}{name}", style)
                return
            style = Style(
                background=UNKNOWN if style.background else None, color=UNKNOWN if style.color else None
            )
        self._put(name or tag, style)

    def _put(self, key: str, style: Style) -> None:
        below = self.rules.get(key)
        self.rules[key] = style if below is None else style.over(below)

    def style_of(self, tag: str, classes: str, element_id: str) -> Style:
        """Return what the rules say about an element; the more exact ones win."""
        rules = self.rules
        style = rules.get(tag, PLAIN)
        for name in classes.lower().split()[:20]:
            for key in (f".{name}", f"{tag}.{name}"):
                found = rules.get(key)
                if found is not None:
                    style = found.over(style)
        if element_id:
            found = rules.get(f"#{element_id.lower()}")
            if found is not None:
                style = found.over(style)
        return style


_SELECTOR: Final = expression(r"([a-z][a-z0-9]{0,15})?([.#][a-z0-9_-]{1,80})?")


def _without_comments(text: str) -> str:
    kept: list[str] = []
    position = 0
    while (begin := text.find("/*", position)) >= 0:
        kept.append(text[position:begin])
        end = text.find("*/", begin + 2)
        if end < 0:
            return "".join(kept)
        position = end + 2
    return "".join([*kept, text[position:]]).replace("<!--", "").replace("-->", "")


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """Yield selector and declarations of each rule outside of at-rules."""
    position, length = 0, len(text)
    while position < length:
        brace = text.find("{", position)
        if brace < 0:
            return
        selector = text[position:brace].rpartition(";")[2].strip()
        if selector.startswith("@"):
            position = _end_of_block(text, brace)
            continue
        end = text.find("}", brace)
        if end < 0:
            return
        yield selector[:2000], text[brace + 1 : end]
        position = end + 1


_BRACE: Final = expression(r"[{}]")


def _end_of_block(text: str, brace: int) -> int:
    depth = 0
    for found in _BRACE.finditer(text, brace):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.end()
    return len(text)
