"""Addresses: one reading of headers and of what people type (RFC 5322 3.4 and 4.4, RFC 6532).

What is not surely an address is shown as words and has no address, neither a shorter one nor a guess: whoever
is read here is answered, and takes part in tickets. Beyond the grammar stand forms that only one reading
fits: ``root`` as cron writes it, ``mailto:``, dots anywhere in a local part, any words before ``<``. Never
raises; looks at every character a bounded number of times.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from config.expressions import expression
from config.records import Record
from mail.inert import clean, one_line, without_direction_marks
from mail.mime.domain import ascii_domain, unicode_domain
from mail.mime.headers import decode_words

MAX_ADDRESSES: Final = 2000
MAX_OCTETS: Final = 320
"""Of an address: 64 before the @ and 255 behind it (RFC 5321 4.5.3.1), however the two share them."""

_COMMAS_IN_NAME: Final = 6
_OFTEN: Final = 160
_LONGEST: Final = 1000
_TOKEN: Final = expression(
    r"""(?P<blank>[ \t\r\n]++)
    |(?P<atom>=\?[^?\s<>()"\\@]++\?[bBqQ]\?[^?\s<>()"\\@]*+\?=|[^\x00-\x20\x7f()<>\[\]:;@\\,."]++)
    |"(?P<quoted>(?:[^"\\]|\\.)*+)"
    |(?P<literal>\[[^\[\]\\\x00-\x1f\x7f]*+\])
    |(?P<sign>.)""",
    re.DOTALL | re.VERBOSE,
)
_PLAIN_ATOM: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-"
_PLAIN_ADDRESS: Final = _PLAIN_ATOM + b".@"
_PLAIN_NAME: Final = _PLAIN_ATOM + b". "
_COMMENT_PART: Final = expression(r"[()]|\\.", re.DOTALL)
_ESCAPED: Final = expression(r"\\(.)", re.DOTALL)
_DOT_ATOM: Final = expression(r'[^\x00-\x20\x7f()<>\[\]:;@\\,."]+(?:\.[^\x00-\x20\x7f()<>\[\]:;@\\,."]+)*')
_LOCAL_USER: Final = expression(r"(?!undisclosed|unlisted)[A-Za-z0-9._+-]{1,64}")
_NEVER_LOCAL: Final = expression(r"[\x00-\x1f\x7f\ufffd]|=\?[^?]*\?[bBqQ]\?")
_SPECIALS: Final = frozenset(' ()<>[]:;@\\,."')


class Address(Record):
    """A display name and an address, both inert; either may be empty.

    The domain is in lower case and in its own script; the local part is in quotes only where it has to be.
    """

    name: str
    email: str

    @property
    def is_doubtful(self) -> bool:
        """Whether the name stands for an address that could not surely be read."""
        return not self.email and "@" in unicodedata.normalize("NFKC", self.name)

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name and self.email else self.email or self.name


def parse_addresses(values: Iterable[str]) -> list[Address]:
    """Return the addresses of header values (8-bit text, encoded words not yet decoded), in order.

    What is no address is there as a name. At most `MAX_ADDRESSES`.
    """
    return list(islice((person for value in values for person in _read(value)), MAX_ADDRESSES))


def one_address(text: str) -> str:
    """Return the address that `text` is, in the form in which `Address` has it, or '' for anything else.

    Blanks and comments around it or in it are something else.
    """
    return _one_address(text) if len(text) <= _LONGEST else ""


@functools.lru_cache(maxsize=4096)
def _one_address(text: str) -> str:
    plain = _plain_address(text)
    if plain:
        return plain
    tokens = list(_tokens(text))
    return _addr_spec(tokens) if len(_without_space(tokens)) == len(tokens) else ""


def as_compared(address: str) -> str:
    """Return the form in which two spellings of one address are equal; what is none only in lower case."""
    return (one_address(address) or address).lower()


def envelope_form(address: str) -> str:
    """Return an address or a local user as servers and headers take it: the domain in ASCII; '' for none."""
    local, at, domain = one_address(address).rpartition("@")
    if not at:
        return address if _LOCAL_USER.fullmatch(address) else ""
    return f"{local}@{ascii_domain(domain)}"


class _Token(Record):
    """`kind` is blank, atom, quoted, literal, comment, angle (``<`` to ``>``) or the sign itself.

    ``torn`` is all from a quote, a comment or a ``<`` that nothing closes to the end of the value.
    """

    kind: str
    text: str
    begin: int
    end: int
    inner: tuple[_Token, ...] = ()


class _Piece(Record):
    """What stands before a comma, a semicolon or the end."""

    tokens: Sequence[_Token]
    separator: str

    def has(self, *kinds: str) -> bool:
        return any(token.kind in kinds for token in self.tokens)


def _read(value: str) -> Sequence[Address]:
    return _read_often(value) if len(value) <= _OFTEN else list(_people(value))


@functools.lru_cache(maxsize=2048)
def _read_often(value: str) -> Sequence[Address]:
    """Read a field once: the desk stands in To, and the same people write again and again."""
    return tuple(_people(value))


def _people(value: str) -> Iterator[Address]:
    plain = _plain_person(value)
    if plain is not None:
        yield plain
        return
    for chain in _chains(_with_whole_names(_pieces(value))):
        people = [_person(value, piece.tokens) for piece in chain]
        if len(people) > 1 and not all("@" in person.email for person in people):
            people = [_words(value, chain[0].tokens[0].begin, chain[-1].tokens[-1].end)]
        yield from filter(any, people)


# What most fields hold: to take it apart by the grammar costs ten times as much.


def _plain_person(value: str) -> Address | None:
    """Read an address of plain letters, alone or in brackets behind plain words; None for anything else."""
    name, bracket, rest = value.strip(" ").partition("<")
    if not bracket:
        name, rest = "", f"{name}>"
    name = name.rstrip(" ")
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    if not rest.endswith(">") or len(value) > _OFTEN or not _consists_of(name, _PLAIN_NAME):
        return None
    email = _plain_address(rest[:-1])
    return Address(one_line(name), email) if email else None


def _plain_address(text: str) -> str:
    """Return an address of plain letters as `_addr_spec` returns it; '' for anything else."""
    local, at, domain = text.partition("@")
    plain = at and len(text) <= _OFTEN and all(local.split(".")) and _consists_of(text, _PLAIN_ADDRESS)
    known = unicode_domain(domain) if plain else ""
    return f"{local}@{known}" if known else ""


def _consists_of(text: str, signs: bytes) -> bool:
    return text.isascii() and not text.encode().translate(None, signs)


# From characters to pieces.


def _tokens(value: str) -> Iterator[_Token]:
    inside: list[_Token] = []
    for token in _plain_tokens(value):
        if not inside and token.kind != "<":
            yield token
        elif inside and token.kind == ">":
            text = value[inside[0].end : token.begin]
            yield _Token("angle", text, inside[0].begin, token.end, tuple(inside[1:]))
            inside = []
        elif inside and token.kind == "<":
            break
        else:
            inside.append(token)
    if inside:
        yield _Token("torn", "", inside[0].begin, len(value))


def _plain_tokens(value: str) -> Iterator[_Token]:
    begin = 0
    while found := _TOKEN.match(value, begin):
        kind = found.lastgroup or ""
        text, end = found[kind], found.end()
        if kind == "quoted":
            text = _ESCAPED.sub(r"\1", text)
        elif kind == "sign":
            kind = text
        if kind == "(":
            kind, text, end = _comment(value, end)
        elif kind == '"':
            kind, end = "torn", len(value)
        yield _Token(kind, text, begin, end)
        begin = end


def _comment(value: str, begin: int) -> tuple[str, str, int]:
    depth = 1
    for part in _COMMENT_PART.finditer(value, begin):
        if part[0] in "()":
            depth += 1 if part[0] == "(" else -1
        if depth == 0:
            return "comment", _ESCAPED.sub(r"\1", value[begin : part.start()]), part.end()
    return "torn", "", len(value)


def _pieces(value: str) -> list[_Piece]:
    """Cut a value at its commas and semicolons, leaving out the names of groups (RFC 5322 3.4)."""
    pieces: list[_Piece] = []
    current: list[_Token] = []
    group: list[_Token] = []
    first_of_group = -1
    is_phrase = True
    for token in _tokens(value):
        if token.kind in (",", ";"):
            pieces.append(_Piece(_trimmed(current), token.kind))
            current, is_phrase = [], True
            first_of_group = -1 if token.kind == ";" else first_of_group
        elif token.kind == ":" and _is_mailto(current):
            current = []
        elif token.kind == ":" and is_phrase and current and first_of_group < 0:
            group, current, first_of_group = [*current, token], [], len(pieces)
        else:
            current.append(token)
            is_phrase = is_phrase and token.kind not in ("@", "angle")
    pieces.append(_Piece(_trimmed(current), ""))
    if first_of_group >= 0 and any(piece.tokens for piece in pieces[first_of_group:]):
        member = pieces[first_of_group]  # a group that nothing closes is none
        blank = _Token("blank", " ", group[-1].end, group[-1].end)
        pieces[first_of_group] = member._replace(tokens=[*_trimmed(group), blank, *member.tokens])
    return pieces


def _is_mailto(tokens: Sequence[_Token]) -> bool:
    words = [token.text.lower() for token in tokens[:3] if token.kind != "blank"]
    return words == ["mailto"] and len(tokens) <= 3


def _trimmed(tokens: Sequence[_Token]) -> Sequence[_Token]:
    begin, end = 0, len(tokens)
    while begin < end and tokens[begin].kind == "blank":
        begin += 1
    while end > begin and tokens[end - 1].kind == "blank":
        end -= 1
    return tokens[begin:end]


def _with_whole_names(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    """Join what a comma inside an unquoted name cut: ``Meier, Ann <ann@client.example>``."""
    waiting: list[_Piece] = []
    for piece in pieces:
        is_words = bool(piece.tokens) and not piece.has("@", "angle", "torn")
        if piece.has("angle") and waiting:
            waiting.append(piece)
            piece, waiting = _joined(waiting), []
        if is_words and piece.separator == "," and len(waiting) < _COMMAS_IN_NAME:
            waiting.append(piece)
            continue
        if waiting:
            yield _joined([*waiting, piece] if is_words else waiting)
            waiting = []
            if is_words:
                continue
        yield piece
    if waiting:
        yield _joined(waiting)


def _joined(pieces: Sequence[_Piece]) -> _Piece:
    tokens = list(pieces[0].tokens)
    for piece in pieces[1:]:
        begin, end = tokens[-1].end, piece.tokens[0].begin
        tokens += [_Token(",", ", ", begin, end), *piece.tokens]
    return _Piece(tokens, pieces[-1].separator)


def _chains(pieces: Iterable[_Piece]) -> Iterator[list[_Piece]]:
    """Yield pieces with semicolons between them, which only mail clients know as a list.

    So they are addresses only together: ``ann@client.example ORCPT=rfc822;ann@client.example`` is none.
    """
    chain: list[_Piece] = []
    for piece in pieces:
        says_something = bool(_without_space(piece.tokens))
        if chain and not says_something:
            yield chain
            chain = []
        if piece.tokens:
            chain.append(piece)
        if chain and (piece.separator != ";" or not says_something):
            yield chain
            chain = []
    if chain:
        yield chain


# From a piece to an address.


def _person(value: str, tokens: Sequence[_Token]) -> Address:
    comment = _shown(" ".join(token.text for token in tokens if token.kind == "comment"))
    places = [place for place, token in enumerate(tokens) if token.kind in ("angle", ">", "torn")]
    if not places:
        email = _addr_spec(tokens) or _local_user(tokens)
        if email or not any(token.kind == "@" for token in tokens):
            return Address(comment, email) if email else Address(_name(tokens), "")
    elif len(places) == 1 and tokens[places[0]].kind == "angle":
        before, angle, after = tokens[: places[0]], tokens[places[0]].inner, tokens[places[0] + 1 :]
        email = _addr_spec(_without_route(angle)) or _local_user(_trimmed(angle))
        name = _name(before) or comment
        if not _without_space(after) and (email or not _without_space(angle)):
            return Address("" if name == email else name, email)
    return _words(value, tokens[0].begin, tokens[-1].end)


def _words(value: str, begin: int, end: int) -> Address:
    return Address(_shown(value[begin:end]), "")


def _name(tokens: Sequence[_Token]) -> str:
    return _shown("".join(token.text for token in tokens if token.kind != "comment"))


def _shown(text: str) -> str:
    text = one_line(without_direction_marks(decode_words(text[: MAX_OCTETS * 16])), MAX_OCTETS)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    return text


def _local_user(tokens: Sequence[_Token]) -> str:
    """Return the name of a user without host, as cron writes its sender."""
    if any(token.kind not in ("atom", ".", "blank", "comment") for token in tokens):
        return ""
    text = "".join(token.text for token in tokens if token.kind != "comment").strip()
    return text if _LOCAL_USER.fullmatch(text) else ""


def _without_space(tokens: Sequence[_Token]) -> list[_Token]:
    """Leave out blanks and comments (CFWS)."""
    return [token for token in tokens if token.kind not in ("blank", "comment")]


def _without_route(tokens: Sequence[_Token]) -> Sequence[_Token]:
    """Leave out ``@relay,@other:`` (RFC 5322 4.4) and ``mailto:``; any other colon stays, and spoils all."""
    place = next((place for place, token in enumerate(tokens) if token.kind == ":"), -1)
    before = _without_space(tokens[: max(place, 0)])
    if place < 0 or _is_mailto(before):
        return tokens[place + 1 :]
    stops: list[list[_Token]] = [[]]
    for token in before:
        if token.kind == ",":
            stops.append([])
        else:
            stops[-1].append(token)
    if not all(not stop or (stop[0].kind == "@" and _domain(stop[1:])) for stop in stops) or not any(stops):
        return tokens
    return tokens[place + 1 :]


def _addr_spec(tokens: Sequence[_Token]) -> str:
    """Return ``local@domain``, or '' for anything else and where a comment could be taken for a domain."""
    places = [place for place, token in enumerate(tokens) if token.kind == "@"]
    if len(places) != 1 or any(token.kind == "comment" and "@" in token.text for token in tokens):
        return ""
    local, domain = _local_part(tokens[: places[0]]), _domain(tokens[places[0] + 1 :])
    email = f"{local}@{domain}"
    return email if local and domain and len(email.encode("utf-8", "replace")) <= MAX_OCTETS else ""


def _local_part(tokens: Sequence[_Token]) -> str:
    words = _dotted(tokens, "atom", "quoted")
    text = ".".join(words) if words else _loosely_dotted(tokens)
    if not words and not text:
        return ""
    plain = text.isascii() and text.isprintable() and "=?" not in text
    if not plain and (_NEVER_LOCAL.search(text) or clean(text) != text):
        return ""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        if any(_SPECIALS.intersection(unicodedata.normalize("NFKC", sign)) for sign in text if sign > "\x7f"):
            return ""  # looks like an @ or a blank, and is none
    if not words or _DOT_ATOM.fullmatch(text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _loosely_dotted(tokens: Sequence[_Token]) -> str:
    """Return ``ann..b`` and ``ann.``, which providers once gave out, as it stands."""
    atoms = _without_space(tokens)
    text = "".join(token.text for token in atoms)
    whole = bool(atoms) and atoms[-1].end - atoms[0].begin == len(text)
    return text if whole and all(token.kind in ("atom", ".") for token in atoms) and text.strip(".") else ""


def _domain(tokens: Sequence[_Token]) -> str:
    literal = _without_space(tokens)
    if len(literal) == 1 and literal[0].kind == "literal":
        return _literal(literal[0].text)
    return unicode_domain(".".join(_dotted(tokens, "atom")))


def _dotted(tokens: Sequence[_Token], *kinds: str) -> list[str]:
    """Return words of these kinds that have one dot between each two; [] if it is anything else."""
    parts = _without_space(tokens)
    words, dots = parts[::2], parts[1::2]
    if len(words) != len(dots) + 1 or any(token.kind not in kinds for token in words):
        return []
    return [token.text for token in words] if all(token.kind == "." for token in dots) else []


def _literal(text: str) -> str:
    """Return ``[192.0.2.1]`` or ``[IPv6:2001:db8::1]`` (RFC 5321 4.1.3)."""
    import ipaddress  # 0.9 ms, for addresses of hosts

    version, colon, rest = text[1:-1].strip().partition(":")
    try:
        if not colon:
            return f"[{ipaddress.IPv4Address(version)}]"
        if version.lower() == "ipv6" and "%" not in rest:
            return f"[IPv6:{ipaddress.IPv6Address(rest)}]"
    except ValueError:
        pass
    return ""


def typed(people: Sequence[tuple[str, str]]) -> str:
    """Return (name, address) of people as one line, as a person types and edits it."""
    words = []
    for name, address in people:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        quoted = f'"{escaped}"' if any(sign in name for sign in ',;:<>@"()[]\\') else name
        words.append(f"{quoted} <{address}>" if name and name != address else address)
    return ", ".join(words)
