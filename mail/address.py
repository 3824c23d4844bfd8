"""Addresses in headers: what is there is kept, `root@host` and worse included. Never raises."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from mail.headers import decode_words
from mail.inert import one_line

MAX_ADDRESSES: Final = 2000


class Address(NamedTuple):
    """A display name (may be empty) and an address (may be empty), both inert."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name and self.email else self.email or self.name


_PLAIN: Final = re.compile(r'[^"(<,;:]+')
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ANGLE: Final = re.compile(r"<([^<>]*)>")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_COMMENT_PART: Final = re.compile(r"[()]|\\.", re.DOTALL)
_ATOM_END: Final = re.compile(r"[\s<>()\[\]:;,\"'@]")
_LOCAL_USER: Final = re.compile(
    r"(?!undisclosed|unlisted)[A-Za-z0-9._+-]{1,64}"
)  # `From: root`, as cron writes it
_ANGLE_COMMENT: Final = re.compile(r"\([^()]*\)")
_COMMAS_IN_NAME: Final = 6


def parse_addresses(values: Iterable[str]) -> list[Address]:
    """The addresses of header values (8-bit text, encoded words not yet decoded), in order."""
    found: list[Address] = []
    for value in values:
        found.extend(_Scan(MAX_ADDRESSES - len(found)).run(value))
        if len(found) >= MAX_ADDRESSES:
            break
    return found


class _Scan:
    """One header value read from left to right; looks at every character a bounded number of times."""

    def __init__(self, limit: int) -> None:
        self.found: list[Address] = []
        self.limit = limit
        self.words: list[str] = []
        self.comments: list[str] = []
        self.angle: str | None = None
        self.has_at = False
        self.commas = 0

    def word(self, text: str) -> None:
        self.words.append(text)
        self.has_at = self.has_at or "@" in text

    def comma(self) -> None:
        if self.angle is None and not self.has_at and self.words and self.commas < _COMMAS_IN_NAME:
            self.commas += 1  # an unquoted comma inside a display name
            self.words.append(",")
        else:
            self.finish()

    def colon(self) -> None:
        if self.words and self.words[-1].endswith("mailto"):
            self.words[-1] = self.words[-1].removesuffix("mailto")
        elif self.angle is None and not self.has_at:
            self.words.clear()  # what stood before was the name of a group
        else:
            self.words.append(":")

    def finish(self) -> None:
        name = "".join(self.words).strip(" \t,")[:4000]
        if self.angle is not None and (self.angle.strip() or name):
            self.found.append(_made(name, self.angle, self.comments))
        elif self.has_at:
            self.found.append(_bare(name, self.comments))
        elif "=?" in name and _loose(decode_words(name)):
            self.found.append(_bare(decode_words(name), self.comments))
        elif _LOCAL_USER.fullmatch(name):
            self.found.append(_made("", name, self.comments))
        elif name:
            self.found.append(_made(name, "", self.comments))
        self.words.clear()
        self.comments.clear()
        self.angle = None
        self.has_at = False
        self.commas = 0

    def run(self, value: str) -> list[Address]:
        position, closed_quotes = 0, True
        while position < len(value) and len(self.found) < self.limit:
            char = value[position]
            if char == '"' and closed_quotes:
                quoted = _QUOTED.match(value, position)
                closed_quotes = quoted is not None
                if quoted is not None:
                    self.word(_ESCAPED.sub(r"\1", quoted[1]))
                    position = quoted.end()
                    continue
            elif char == "(":
                comment, position = _comment(value, position + 1)
                self.comments.append(comment)
                continue
            elif char == "<":
                angle = _ANGLE.match(value, position)
                if angle is not None:
                    self.set_angle(angle[1])
                    position = angle.end()
                    continue
            elif char == ",":
                self.comma()
            elif char == ";":
                self.finish()
            elif char == ":":
                self.colon()
            else:
                plain = _PLAIN.match(value, position)
                if plain is not None:
                    self.word(plain[0])
                    position = plain.end()
                    continue
            position += 1
        self.finish()
        return self.found

    def set_angle(self, text: str) -> None:
        if self.angle is None:
            self.angle = text
        elif "@" in self.angle:
            self.words.append(f" <{text}>")
        else:
            self.words.append(f" <{self.angle}>")
            self.angle = text


def _comment(value: str, position: int) -> tuple[str, int]:
    depth, begin = 1, position
    for part in _COMMENT_PART.finditer(value, position):
        if part[0] == "(":
            depth += 1
        elif part[0] == ")":
            depth -= 1
            if depth == 0:
                return _ESCAPED.sub(r"\1", value[begin : part.start()]), part.end()
    return value[begin:], len(value)


def _loose(text: str) -> tuple[int, int] | None:
    """Where in `text` something like ``user@host`` stands."""
    at = text.find("@")
    for _ in range(5):
        if at < 0:
            return None
        begin = len(_ATOM_END.split(text[:at])[-1])
        end = len(_ATOM_END.split(text[at + 1 :], maxsplit=1)[0])
        if begin and end:
            return at - begin, at + 1 + end
        at = text.find("@", at + 1)
    return None


def _bare(text: str, comments: list[str]) -> Address:
    """`user@host`, perhaps with words around it or the name in a comment."""
    place = _loose(text)
    if place is None or place == (0, len(text)):
        return _made("", text, comments)
    name = (text[: place[0]] + " " + text[place[1] :]).strip(" '<>[]:\"").removeprefix("mailto")
    return _made(name.strip(" '<>[]:\""), text[place[0] : place[1]], comments)


def _made(name: str, email: str, comments: list[str]) -> Address:
    email = re.sub(r"\s+", "", _ANGLE_COMMENT.sub("", email)).removeprefix("mailto:")
    if email.startswith("@") and ":" in email:  # an RFC 822 source route
        email = email.partition(":")[2]
    if not name and comments:
        name = " ".join(comments)
    name = one_line(decode_words(name), 320)
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return Address("" if name == email else name, one_line(decode_words(email), 320))
