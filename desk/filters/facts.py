"""What a filter's condition may ask of a mail, and whether the mail fulfils it.

A condition is read once and becomes a function of the mail's facts, because every filter asks every mail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from itertools import filterfalse
from typing import TYPE_CHECKING, Any, Final

from config.expressions import expression
from desk.errors import WrongUse
from desk.filters.actions import WITH_VARIABLES, Action
from desk.filters.spam_headers import relay_of, spam_verdict
from desk.filters.variables import filled
from desk.queries import parser
from desk.queries.errors import QueryError
from desk.queries.fields import Field
from desk.tickets.changes import MAX_TAG
from mail.inert import one_line
from mail.mime.head import head_end
from mail.mime.headers import Headers, headers_begin, parse_headers
from models.custom_fields import FieldValue
from models.queries.tree import All, Condition, Either, Node, Not, Word, leaves

if TYPE_CHECKING:
    from mail.mime.automated import Kind as MailKind

MAIL_FIELDS: Final[tuple[Field, ...]] = (
    Field(
        "from",
        "text",
        "an address, @domain, a part of a name, or ~regex",
        "mail of that sender",
        "from:@news.example",
    ),
    Field(
        "to",
        "text",
        "an address, @domain, a part of a name, or ~regex",
        "mail to or in copy to that address",
        "to:sales@corp.example",
        ("cc",),
    ),
    Field(
        "subject",
        "text",
        "the beginning of a word, words in quotes, or ~regex",
        "mail with that in its subject",
        'subject:"out of office"',
    ),
    Field(
        "header",
        "text",
        "NAME for a header that is there, NAME=TEXT for one that contains a text, NAME=~REGEX",
        "mail with that header",
        "header:List-Id=announce",
    ),
    Field(
        "mailbox", "text", "an address of the desk, or none", "mail that came by that mailbox", "mailbox:it"
    ),
    Field(
        "topic",
        "text",
        "a help topic, also by its path, or none; Network/*: with its parts",
        "mail whose ticket has that topic, or would have it without filters",
        "topic:VPN",
    ),
    Field(
        "door",
        "choice",
        "imap, pop3, pipe, lmtp, http or import",
        "mail that came that way",
        "door:http",
        choices=("imap", "pop3", "pipe", "lmtp", "http", "import"),
    ),
    Field("has", "choice", "attachment", "mail with a file", "has:attachment", choices=("attachment",)),
    Field(
        "is",
        "choice",
        "person, list, machine, spam or known",
        "mail that a person wrote, a list brought or a machine wrote, that your mail server calls spam, "
        "or of a contact or an organization's domain",
        "is:list",
        choices=("person", "list", "machine", "spam", "known"),
    ),
    Field(
        "open",
        "text",
        ">N or <N",
        "mail of somebody who has so many tickets that are not closed",
        "open:>20",
    ),
    Field(
        "score",
        "text",
        ">N or <N",
        "mail that your mail server gave such a spam score",
        "score:>8",
    ),
    Field(
        "field",
        "text",
        "NAME of a field of your own, NAME=TEXT, NAME=TEXT*, NAME>5, NAME=yes",
        "mail whose sender, or whose ticket if it is an answer, has that in a field",
        "field:contract=gold",
    ),
    Field(
        "relay",
        "text",
        "a network or an address",
        "mail that such a host handed to your mail server",
        "relay:192.0.2.0/24",
    ),
)

LOOKED_THROUGH: Final = 100_000
"""Characters of a text that patterns look through: RE2 takes no longer than so many by a pattern's size."""
_ASKED: Final = {"is": "kind", "has": "files", "topic": "topic"}
_VALUES: Final = 50
_VALUE: Final = 10_000
"""So many values of a header, and characters of each, are looked through."""
_LARGEST: Final = 2_500
"""Steps of a pattern's program."""
_LARGEST_OF_ALL: Final = 10_000
_MEMORY: Final = 1 << 22
_WORDS: Final = expression(r"\w+")
_MARKS: Final = expression(
    r"(?:[\[({*]*(?:EXT(?:ERN(?:AL|E|O)?)?|(?:SUSPECTED |POSSIBLE |PROBABLE |LIKELY )?SPAM)"
    r"(?: (?:E-?)?MAIL| SENDER)?[?!]?[\])}*:]+ *)+",
    re.IGNORECASE,
)
"""What gateways put before a subject: [EXT], EXTERNAL:, ***SPAM***."""
_LONGEST_MARKS: Final = 200
_MARKS_TAKEN_OUT: Final = 20
"""So many accents are looked for in a text one by one, which takes less time: all of a language."""


@dataclass(frozen=True)
class MailFacts:
    """A mail as conditions see it. Addresses are in lower case."""

    sender: str
    sender_name: str
    recipients: Sequence[tuple[str, str]]
    """(name, address) of everybody in To and Cc, and of whom servers on the way named."""
    subject: str
    text: str
    mailbox: str
    door: str
    attachments: int
    kind: MailKind
    """human, list, or what kind of machine wrote it."""
    raw: bytes
    believes_spam_headers: bool = False
    """Whether the mail server's verdict in the headers is its own."""
    stored_fields: Callable[[], Mapping[int, FieldValue]] = dict
    """What stands in the desk's own fields of its sender, and of the ticket that it answers."""
    topic_of: Callable[[], str] = str
    """The path of the help topic of the ticket that it answers, or would begin; '' for none."""
    standing_of: Callable[[], tuple[bool, int]] = lambda: (False, 0)
    """Whether the desk knows its sender, and how many tickets of theirs are not closed."""
    captured: dict[str, str] = field(default_factory=dict)
    """What the patterns of the filter that is asked have caught."""

    @cached_property
    def headers(self) -> Headers:
        """The headers, found when a condition asks for one."""
        return parse_headers(self.top, headers_begin(self.top), len(self.top), [])[0]

    @cached_property
    def top(self) -> bytes:
        """As much of it as its headers take."""
        return self.raw[: head_end(self.raw)]

    @cached_property
    def _header_values(self) -> dict[str, list[str]]:
        return {name.lower(): [] for name in self.headers.names()}

    def header(self, name: str) -> Sequence[str]:
        """Return the values of a header, decoded once however many filters ask for it."""
        known = self._header_values.get(name)
        if known is None:
            return ()
        if not known:
            known += self.headers.decoded(name)
        return known

    @cached_property
    def sender_folded(self) -> str:
        """The author's name, folded."""
        return _folded(self.sender_name)

    @cached_property
    def recipients_folded(self) -> Sequence[tuple[str, str]]:
        """The recipients, their names folded."""
        return [(_folded(name), address) for name, address in self.recipients]

    @cached_property
    def subject_words(self) -> str:
        """The subject's words."""
        return _words(self.subject)

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The subject, before it without what a gateway put before it, if one did."""
        marks = _MARKS.match(self.subject, 0, _LONGEST_MARKS)
        return (self.subject,) if marks is None else (self.subject[marks.end() :], self.subject)

    @cached_property
    def fields(self) -> Mapping[int, FieldValue]:
        """What stands in the desk's own fields, read when a condition asks for one."""
        return self.stored_fields()

    @cached_property
    def topic(self) -> str:
        """The help topic's path in lower case, found when a condition asks for it."""
        return self.topic_of().lower()

    @cached_property
    def standing(self) -> tuple[bool, int]:
        """Whether the desk knows its sender, and how many tickets are open, found when a condition asks."""
        return self.standing_of()

    @cached_property
    def _all_folded(self) -> str:
        return _folded(f"{self.subject}\n{self.text}\n{self.sender_name}\n{self.sender}")

    @cached_property
    def _head_lowered(self) -> bytes:
        """What holds the names of all headers: to find the headers in it takes ten times as long."""
        return self.top.lower()

    @cached_property
    def all_words(self) -> str:
        """The words of subject, text and sender."""
        parts = (self.subject, self.text, self.sender_name, self.sender)
        return "".join(map(_words, parts))

    @cached_property
    def relay(self) -> IPv4Address | IPv6Address | None:
        """The host that handed it to the mail server, as that server wrote it down; None if nobody knows."""
        return relay_of(self.headers)

    @cached_property
    def spam(self) -> tuple[bool, float | None]:
        """Whether the mail server calls it spam, and its score; False and None if it is not believed."""
        return spam_verdict(self.headers) if self.believes_spam_headers else (False, None)

    def traits(self, kinds: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
        """Yield what filters may need of the mail (see `needs`); ``kinds``: what is needed, by its kind."""
        if "from" in kinds:
            yield f"from {self.sender}"
        if "from@" in kinds:
            yield from (f"from@ {domain}" for domain in _domains(self.sender))
        if "to" in kinds:
            yield from (f"to {address}" for _, address in self.recipients)
        if "to@" in kinds:
            yield from (f"to@ {domain}" for _, address in self.recipients for domain in _domains(address))
        if "mailbox" in kinds:
            yield f"mailbox {self.mailbox}"
            yield f"mailbox {self.mailbox.partition('@')[0]}"
            yield f"mailbox {self.mailbox.rpartition('@')[0]}"
        if "header" in kinds and any(map(self._head_lowered.__contains__, _encoded(kinds["header"]))):
            for name in self._header_values:
                yield f"header {name}"
        if "subject" in kinds:
            for each in filter(self.subject_words.__contains__, kinds["subject"]):
                yield f"subject {each}"
        if "word" in kinds:
            for each in filter(self._all_folded.__contains__, kinds["word"]):
                yield f"word {each}"
        if "subject~" in kinds and any(_may_match(kinds["subject~"], each) for each in self.subjects):
            yield from (f"subject~ {each}" for each in kinds["subject~"])
        if "text~" in kinds and _may_match(kinds["text~"], self.whole_text):
            yield from (f"text~ {each}" for each in kinds["text~"])

    def meant(self, action: Action) -> Action:
        """Return an action with its variables filled in."""
        if "{" not in action.value or action.name not in WITH_VARIABLES:
            return action
        own = {
            "from": self.sender,
            "domain": self.sender.rpartition("@")[2],
            "name": self.sender_name,
            "subject": self.subject,
            "mailbox": self.mailbox,
        }
        value = filled(action.value, {**own, **self.captured})
        if action.name == "tag":
            value = "-".join(value.replace(",", " ").split())[:MAX_TAG]
        return replace(action, value=value)

    @cached_property
    def whole_text(self) -> str:
        """Subject and text, for patterns: as much of it as patterns look through."""
        return f"{self.subject}\n{self.text[:LOOKED_THROUGH]}"


Test = Callable[[MailFacts], bool]


def asked_of(text: str) -> frozenset[str]:
    """Return what of a mail is not simply there and is asked by a condition: text, kind, files, topic."""
    found = set()
    for leaf in leaves(parser.parse_condition(text, MAIL_FIELDS)):
        if isinstance(leaf, Word):
            found.add("text")
        elif leaf.field in _ASKED:
            found.add(_ASKED[leaf.field])
    return frozenset(found)


def _domains(address: str) -> Iterator[str]:
    """Yield the domain of an address and those above it."""
    domain = address.rpartition("@")[2]
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def needs(text: str) -> frozenset[str] | None:
    """Return what a mail has to have one of where a condition holds; None: that is not told so simply."""
    return _needs(parser.parse_condition(text, MAIL_FIELDS))


def _needs(node: Node) -> frozenset[str] | None:
    if isinstance(node, All):
        found = [each for part in node.parts if (each := _needs(part)) is not None]
        return min(found, key=_looks_at_the_text, default=None)
    if isinstance(node, Either):
        every = [_needs(part) for part in node.parts]
    elif isinstance(node, Word):
        every = [_needs_pattern("text~", node.text) or _needs_word(node.text, whole=node.whole)]
    elif isinstance(node, Condition):
        every = [_needs_value(node.field, str(value)) for value in node.values]
    else:
        return None
    kept = [each for each in every if each is not None]
    return frozenset().union(*kept) if kept and len(kept) == len(every) else None


def _needs_value(field_name: str, value: str) -> frozenset[str] | None:
    lowered = value.lower()
    match field_name:
        case "from" | "to" if lowered[:1] == "@" and lowered.count("@") == 1 and len(lowered) > 1:
            return frozenset([f"{field_name}@ {lowered[1:]}"])
        case "from" | "to" if "@" in lowered and lowered[:1] not in ("~", "@"):
            return frozenset([f"{field_name} {lowered}"])
        case "mailbox":
            return frozenset([f"mailbox {'' if lowered == 'none' else lowered}"])
        case "header":
            return frozenset([f"header {lowered.partition('=')[0]}"])
        case "subject":
            return _needs_pattern("subject~", value) or _needs_subject(value)
    return None


def _looks_at_the_text(needed: frozenset[str]) -> bool:
    """Whether a need is told by nothing shorter than the whole text."""
    return any(each.startswith(("text~ ", "word ")) for each in needed)


def _needs_subject(text: str) -> frozenset[str] | None:
    """Return the need of words that a subject has to have."""
    wanted = "" if text.startswith("~") else _phrase(text, whole=False)
    return frozenset([f"subject {wanted}"]) if wanted else None


def _needs_word(text: str, *, whole: bool) -> frozenset[str] | None:
    """Return the need of words in a text: the first one, folded, anywhere in it."""
    words = [] if text.startswith("~") else _phrase(text, whole=whole).split()
    return frozenset([f"word {words[0]}"]) if words else None


def _needs_pattern(kind: str, text: str) -> frozenset[str] | None:
    """Return the need of a pattern; one that may quote to its end stands in no row with others."""
    return frozenset([f"{kind} {text[1:]}"]) if text.startswith("~") and r"\Q" not in text else None


def _may_match(patterns: tuple[str, ...], text: str) -> bool:
    """Whether one of the patterns may be found in a text; they are many, and few are."""
    one = _any_of(patterns)
    return one is None or one.search(text) is not None


@lru_cache(maxsize=64)
def _encoded(names: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(name.encode() for name in names)


@lru_cache(maxsize=64)
def _any_of(patterns: tuple[str, ...]) -> Any:
    """Compile patterns into one that is found where one of them is; None where they are too much for that."""
    try:
        return _compiled("|".join(f"(?:{each})" for each in patterns), captures=False, size=_LARGEST_OF_ALL)
    except WrongUse:
        return None


@lru_cache(maxsize=1024)
def condition(text: str) -> Test:
    """Read a condition. Raises QueryError, or WrongUse for a pattern that is refused."""
    return _test(parser.parse_condition(text, MAIL_FIELDS))


def _test(node: Node) -> Test:
    if isinstance(node, Not):
        inner = _test(node.part)

        def fails(facts: MailFacts) -> bool:
            caught = dict(facts.captured)
            held = inner(facts)
            facts.captured.clear()
            facts.captured.update(caught)
            return not held

        return fails
    if isinstance(node, All):
        every = [_test(part) for part in node.parts]
        if len(every) == 2:  # 0.3 us instead of 0.9: two hundred filters ask every mail
            first, second = every
            return lambda facts: first(facts) and second(facts)
        return lambda facts: all(test(facts) for test in every)
    if isinstance(node, Either):
        some = [_test(part) for part in node.parts]
        return lambda facts: any(test(facts) for test in some)
    if isinstance(node, Word):
        if node.text.startswith("~"):
            found = _pattern(node.text[1:])
            return lambda facts: found(facts.whole_text, facts)
        wanted = _phrase(node.text, whole=node.whole)
        return lambda facts: wanted in facts.all_words
    if node.field == "field":
        return _in_field(tuple(map(str, node.values)))
    tests = [_compared(node, str(value)) for value in node.values]
    return tests[0] if len(tests) == 1 else lambda facts: any(test(facts) for test in tests)


def _compared(node: Condition, value: str) -> Test:
    match node.field:
        case "from":
            matches = _person(value)
            return lambda facts: matches(facts.sender_folded, facts.sender, facts)
        case "to":
            matches = _person(value)
            return lambda facts: any(
                matches(name, address, facts) for name, address in facts.recipients_folded
            )
        case "subject":
            if value.startswith("~"):
                found = _pattern(value[1:])
                return lambda facts: any(found(each, facts) for each in facts.subjects)
            wanted = _phrase(value, whole=False)
            return lambda facts: wanted in facts.subject_words
        case "header":
            return _header(value)
        case "mailbox":
            lowered = "" if value.lower() == "none" else value.lower()
            named = f"{lowered}@" if lowered else "@"
            return lambda facts: lowered == facts.mailbox or facts.mailbox.startswith(named)
        case "topic":
            return _of_topic(value.lower())
        case "door":
            return lambda facts: facts.door == value
        case "has":
            return lambda facts: facts.attachments > 0
        case "relay":
            network = _network(value)
            return lambda facts: facts.relay is not None and facts.relay in network
        case "score":
            return _scored(value)
        case "open":
            return _with_open(value)
        case "is":
            if value == "known":
                return lambda facts: facts.standing[0]
            if value == "spam":
                return lambda facts: facts.spam[0]
            kinds = {"person": ("human",), "list": ("list",)}.get(value)
            if kinds is not None:
                return lambda facts: facts.kind in kinds
            return lambda facts: facts.kind not in ("human", "list")
        case "number":
            raise WrongUse("a new mail has no number", 'ask for its subject: subject:"#440"')
    raise AssertionError(node.field)


def _person(value: str) -> Callable[[str, str, MailFacts], bool]:
    """Return what compares a folded name and an address of a mail."""
    if value.startswith("~"):
        found = _pattern(value[1:])
        return lambda name, address, facts: found(f"{name} <{address}>", facts)
    lowered = value.lower()
    if lowered.startswith("@"):
        below = f".{lowered[1:]}"
        return lambda _name, address, _facts: address.endswith((lowered, below)) and "@" in address
    if "@" in lowered:
        return lambda _name, address, _facts: address == lowered
    folded = _folded(value)
    return lambda name, address, _facts: folded in name or lowered in address


def _of_topic(value: str) -> Test:
    """Return whether mail is of a topic: by name or path, with /* behind it its parts too."""
    if value == "none":
        return lambda facts: not facts.topic
    whole = value.endswith("/*") or (value.endswith("/") and len(value) > 1)
    bare = "/" + (value.removesuffix("*").removesuffix("/") if whole else value)
    if whole:
        return lambda facts: f"{bare}/" in f"/{facts.topic}/"
    return lambda facts: f"/{facts.topic}".endswith(bare)


def _header(value: str) -> Test:
    name, equals, wanted = value.partition("=")
    name = name.lower()
    if not equals:
        return lambda facts: bool(facts.header(name))
    if wanted.startswith("~"):
        found = _pattern(wanted[1:])
        return lambda facts: any(found(each[:_VALUE], facts) for each in facts.header(name)[:_VALUES])
    folded = _folded(wanted)
    return lambda facts: any(folded in _folded(each[:_VALUE]) for each in facts.header(name)[:_VALUES])


def _pattern(text: str) -> Callable[[str, MailFacts], bool]:
    """Compile a pattern that no text can make slow (RE2); its named groups become variables.

    Raises WrongUse for one that RE2 refuses.
    """
    compiled = _compiled(text, captures=True, size=_LARGEST)
    if not compiled.groupindex:
        return lambda given, _facts: compiled.search(given) is not None

    def catches(given: str, facts: MailFacts) -> bool:
        found = compiled.search(given)
        if found is None:
            return False
        facts.captured.update({name: text for name, text in found.groupdict().items() if text is not None})
        return True

    return catches


def _compiled(text: str, *, captures: bool, size: int) -> Any:
    import re2  # 12 ms, for filters with patterns alone

    options: Any = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    options.never_capture = not captures
    try:
        compiled: Any = re2.compile(text, options)
    except re2.error as error:
        why = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise WrongUse(
            f"the pattern '{one_line(text, 60)}' is refused: {one_line(why, 80)}",
            "patterns are RE2's: no backreferences, no lookaround; quote blanks and brackets",
        ) from None
    if compiled.programsize > size:
        raise WrongUse(
            f"the pattern '{one_line(text, 60)}' is refused: it is too large",
            "repeat less in it: {1,30} instead of {1,1000}",
        )
    return compiled


def _in_field(values: tuple[str, ...]) -> Test:
    """Return the test of a field, looked up when a mail is asked: fields come, go and are renamed."""
    from desk.custom_fields import questions  # 6 ms, for filters on fields of the desk's own

    def test(facts: MailFacts) -> bool:
        try:
            asked = questions.all_asked(values)
        except QueryError:
            return False
        return any(questions.holds(each, facts.fields.get(each.field_id)) for each in asked)

    return test


def _network(value: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(value, strict=False)
    except ValueError:
        raise WrongUse(
            f"'{one_line(value, 60)}' is no network", "write 192.0.2.0/24, 2001:db8::/32 or an address"
        ) from None


def _scored(value: str) -> Test:
    comparison = value[:1] if value[:1] in ("<", ">") else ""
    try:
        bound = float(value.removeprefix(comparison).removeprefix("="))
    except ValueError:
        raise WrongUse(f"'{one_line(value, 40)}' is no score", "write score:>8") from None

    def test(facts: MailFacts) -> bool:
        score = facts.spam[1]
        if score is None:
            return False
        return score < bound if comparison == "<" else score >= bound

    return test


def _with_open(value: str) -> Test:
    sign, bound = value[:1], value[1:].strip()
    if sign not in ("<", ">") or not bound.isdecimal() or len(bound) > 6:
        raise WrongUse(f"'{one_line(value, 40)}' is no number of tickets", "write open:>20")
    most = int(bound)
    if sign == "<":
        return lambda facts: facts.standing[1] < most
    return lambda facts: facts.standing[1] > most


def _phrase(text: str, *, whole: bool) -> str:
    return _words(text) if whole else _words(text).rstrip()


def _words(text: str) -> str:
    """Return the words, folded, with a blank before each and one behind the last."""
    found = _WORDS.findall(_folded(text))
    return f" {' '.join(found)} " if found else ""


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text.casefold())
    marks = list(filter(unicodedata.combining, set(text)))
    if len(marks) > _MARKS_TAKEN_OUT:
        return "".join(filterfalse(unicodedata.combining, text))
    for mark in marks:
        text = text.replace(mark, "")
    return text
