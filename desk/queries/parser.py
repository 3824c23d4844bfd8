"""Reading a query, and writing it down again.

    query     = part+ ("OR" part+)*
    part      = ("-" | "!")* ( "(" query ")" | condition | word )
    condition = field ":" value ("," value)*  |  "#" number
    word      = one that begins so  |  "words that stand together"

Words and parts side by side must all hold; OR is weaker than that. A colon behind something that is no field
belongs to the text when a blank or // follows it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from config.expressions import expression
from desk.queries import fields as table
from desk.queries import times
from desk.queries.errors import BadValue, NotClosed, QueryError, TooMuch, UnknownField
from desk.queries.fields import Field
from mail.inert import clean, one_line
from models.queries.tree import (
    NOTHING,
    All,
    Condition,
    Either,
    Node,
    Not,
    Word,
    all_of,
    either_of,
    not_of,
)
from models.statuses import STATUSES

MOST_PARTS = 100
DEEPEST = 20
_MOST_WORDS = 32

_QUOTES = str.maketrans("“”„", '"""')
_KEY = expression(r"([A-Za-z]+):")
_STATES = ("any", *STATUSES)
_COMPARED_WITH = ("=", "<", ">", "~")
_NUMBER = expression(r"#\d+(?=[\s)]|$)")


def parse(text: str, fields: tuple[Field, ...] = table.TICKET_FIELDS) -> Node:
    """Read a query. Raises QueryError with the place and a hint."""
    return _Reading(clean(text).translate(_QUOTES), fields).whole()


def parse_condition(text: str, fields: tuple[Field, ...] = table.TICKET_FIELDS) -> Node:
    """Read the condition of what acts by itself: it asks something, and nothing in it is passed over.

    A word that begins with ~ is a pattern, whatever signs it is made of. Raises as `parse` does.
    """
    found = _ConditionReading(clean(text).translate(_QUOTES), fields).whole()
    if found == NOTHING:
        raise BadValue("the condition asks nothing: it would hold for everything", "say what is looked for")
    return found


def as_words(text: str) -> Node:
    """Return a query for the words of a text that is none: no sign in it has a meaning."""
    found = re.findall(r"\S+", clean(text).translate(_QUOTES).replace('"', " "))
    return all_of(Word(word) for word in found[:_MOST_WORDS] if _has_letters(word))


def printed(node: Node) -> str:
    """Return the query as one would type it: reading that gives the same tree."""
    match node:
        case Word(text, whole):
            # The star keeps a word from being taken for a sign of the language.
            star = "*" if text == "OR" or _NUMBER.fullmatch(text) else ""
            # So do two minus signs, where a bracket follows.
            signs = "--" if text.startswith("OR(") else ""
            return f'"{text}"' if whole else signs + text + star
        case Condition(name, values, comparison):
            written = [_quoted(str(value)) for value in values]
            if comparison == "..":
                return f"{name}:{'..'.join(written)}"
            return f"{name}:{'' if comparison == 'is' else comparison}{','.join(written)}"
        case Not(part):
            return "-" + (_bracketed(part) if isinstance(part, All | Either) else printed(part))
        case All(parts):
            return " ".join(_bracketed(part) if isinstance(part, Either) else printed(part) for part in parts)
        case Either(parts):
            return " OR ".join(printed(part) for part in parts)


def _bracketed(node: Node) -> str:
    inner = printed(node)
    # A word that ends with an open bracket would take the closing one for its own.
    return f"({inner} )" if inner.count("(") != inner.count(")") else f"({inner})"


def _quoted(value: str) -> str:
    return value if re.fullmatch(r'[^\s",()]+', value) else f'"{value}"'


def meant(word: str, known: Iterable[str], suffix: str = "") -> str:
    """Return the question whether one of the known words was meant; '' when none is near."""
    close = difflib.get_close_matches(word, list(known), 2, 0.6)
    return f"did you mean {' or '.join(name + suffix for name in close)}?" if close else ""


def choice(name: str, value: str, choices: Iterable[str], position: int = 0) -> str:
    """Return the choice that a value is or begins. Raises BadValue when it is none or several."""
    known = list(choices)
    lowered = value.lower()
    if lowered in known:
        return lowered
    begun = [each for each in known if lowered and each.startswith(lowered)]
    if len(begun) == 1:
        return begun[0]
    raise BadValue(
        f"{name}: there is no '{one_line(value, 40)}'",
        meant(lowered, known) or f"{name}: takes {', '.join(known)}",
        position,
    )


def _has_letters(text: str) -> bool:
    return any(letter.isalnum() for letter in text)


class _Reading:
    """One pass over a text, from left to right."""

    def __init__(self, text: str, fields: tuple[Field, ...]) -> None:
        self.text = text
        self.fields = fields
        self.at = 0
        self.parts = 0

    def whole(self) -> Node:
        return self._query(0)

    def _query(self, depth: int) -> Node:
        sides: list[Node] = []
        side: list[Node] = []
        gap: int | None = None
        while True:
            self._skip_blanks()
            if self.at >= len(self.text) or (depth and self.text[self.at] == ")"):
                break
            begun = self.at
            if self._is_or():
                if not side:
                    raise self._lonely(begun)
                sides.append(all_of(side))
                side, gap, self.at = [], begun, begun + 2
                continue
            part = self._part(depth)
            if part is not None:
                side.append(part)
                self.parts += 1
            if self.parts > MOST_PARTS:
                raise TooMuch(
                    "the query is too long", f"ask for at most {MOST_PARTS} words and conditions", begun
                )
        if gap is not None and not side:
            raise self._lonely(gap)
        return either_of([*sides, all_of(side)]) if sides else all_of(side)

    def _lonely(self, position: int) -> QueryError:
        return NotClosed(
            "OR needs something on both sides", 'write a OR b; put the word itself in quotes: "OR"', position
        )

    def _skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _is_or(self) -> bool:
        behind = self.text[self.at + 2 : self.at + 3]
        return self.text.startswith("OR", self.at) and (not behind or behind.isspace() or behind in "()")

    def _part(self, depth: int) -> Node | None:
        """Return the next part, or None for one that asks nothing."""
        negated = False
        while self.at < len(self.text) and self.text[self.at] in "-!":
            negated = not negated
            self.at += 1
        part = self._unnegated(depth)
        if part is None or part == NOTHING:
            return None
        return not_of(part) if negated else part

    def _unnegated(self, depth: int) -> Node | None:
        if self.at >= len(self.text) or self.text[self.at].isspace():
            return None
        begun = self.at
        if depth and self.text[begun] == ")":
            return None
        if self.text[begun] == "(":
            return self._group(depth)
        if self.text[begun] == '"':
            words = self._phrase()
            return self._word(words, True, begun)
        if found := _NUMBER.match(self.text, begun):
            self.at = found.end()
            return Condition("number", (found[0][1:],), "is", begun)
        if found := _KEY.match(self.text, begun):
            field = table.named(found[1], self.fields)
            behind = self.text[found.end() : found.end() + 2]
            if field is not None:
                self.at = found.end()
                return self._condition(field, depth, begun)
            if behind and not behind[0].isspace() and behind[0] not in '")' and behind != "//":
                raise UnknownField(
                    f"there is no filter word '{one_line(found[1], 40)}:'",
                    meant(found[1].lower(), table.names(self.fields), ":")
                    or f"use {', '.join(each.name + ':' for each in self.fields)};"
                    " put text with a colon in quotes",
                    begun,
                )
        return self._word(self._run(depth, '"'), False, begun)

    def _word(self, text: str, whole: bool, begun: int) -> Node | None:
        """Return a word; None for one without letters, which asks nothing."""
        word = text if whole else text.rstrip("*")
        return Word(word, whole, begun) if _has_letters(word) else None

    def _says(self, value: str) -> bool:
        """Whether a value has something to look for."""
        return _has_letters(value)

    def _group(self, depth: int) -> Node:
        begun = self.at
        if depth >= DEEPEST:
            raise TooMuch("too many brackets in each other", f"at most {DEEPEST} of them", begun)
        self.at += 1
        inner = self._query(depth + 1)
        if self.at >= len(self.text):
            raise NotClosed("a bracket is not closed", "write ) behind it, or put the text in quotes", begun)
        self.at += 1
        return inner

    def _phrase(self) -> str:
        """Return what stands in quotes; the last ones may be missing."""
        end = self.text.find('"', self.at + 1)
        end = len(self.text) if end < 0 else end
        inner = self.text[self.at + 1 : end]
        self.at = min(end + 1, len(self.text))
        return " ".join(inner.split())

    def _run(self, depth: int, stops: str) -> str:
        """Return the letters up to a blank, a stop, or the bracket that closes a group."""
        begun, inner = self.at, 0
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter.isspace() or letter in stops:
                break
            if letter == "(":
                inner += 1
            elif letter == ")":
                if depth and not inner:
                    break
                inner -= 1
            self.at += 1
        return self.text[begun : self.at]

    def _condition(self, field: Field, depth: int, begun: int) -> Node:
        values = [value for value in self._values(depth) if value]
        if field.name == "number":
            values = [value.lstrip("#") for value in values if value.strip("#")]
        if field.name in ("subject", "to"):
            plain = (value if value.startswith("~") else value.rstrip("*") for value in values)
            values = [value for value in plain if self._says(value)]
        if not values:
            raise BadValue(f"{field.name}: needs a value", f"{field.name}: takes {field.takes}", begun)
        self.parts += len(values)
        if field.name == "status" and all(value.lower() in _STATES for value in values):
            # A status that is a state by its name: any reader of conditions knows states.
            return Condition("state", tuple(dict.fromkeys(value.lower() for value in values)), "is", begun)
        if field.kind == "time":
            if len(values) > 1:
                raise BadValue(f"{field.name}: takes one time", f"{field.name}: takes {field.takes}", begun)
            return times.written(field, values[0], begun)
        if field.kind == "choice":
            values = [self._choice(field, value, begun) for value in values]
        return Condition(field.name, tuple(dict.fromkeys(values)), "is", begun)

    def _values(self, depth: int) -> Iterable[str]:
        while True:
            if self.text[self.at : self.at + 1] == '"':
                yield self._phrase()
            else:
                begun = self._run(depth, '",')
                # What a name is compared with may stand in quotes alone: field:room="B 12".
                quoted = begun[-1:] in _COMPARED_WITH and self.text[self.at : self.at + 1] == '"'
                yield begun + self._phrase() if quoted else begun
            if self.text[self.at : self.at + 1] != ",":
                return
            self.at += 1

    def _choice(self, field: Field, value: str, begun: int) -> str:
        if field.name == "p" and value.isascii() and value.isdigit() and 1 <= int(value[:3]) <= 4:
            return field.choices[int(value) - 1]
        return choice(field.name, value, field.choices, begun)


class _ConditionReading(_Reading):
    """The same for a condition, of which nothing is passed over."""

    def _part(self, depth: int) -> Node | None:
        begun = self.at
        found = super()._part(depth)
        if found is None:
            shown = one_line(self.text[begun : self.at] or self.text[begun:], 40)
            raise BadValue(f"'{shown}' asks nothing", "leave it out, or put it in quotes behind ~", begun)
        return found

    def _says(self, value: str) -> bool:
        return super()._says(value) or (value.startswith("~") and len(value) > 1)

    def _word(self, text: str, whole: bool, begun: int) -> Node | None:
        if text.startswith("~") and len(text) > 1:
            return Word(text, whole, begun)
        found = super()._word(text, whole, begun)
        if found is None:
            shown = one_line(text, 40)
            raise BadValue(
                f"'{shown}' has no letters to look for", "a pattern finds signs: ~ before it", begun
            )
        return found
