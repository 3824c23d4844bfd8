"""The texts that customers and agents get: shipped in ten languages, and the desk's own in their place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from config.expressions import expression
from desk import settings
from desk.errors import NotFound, WrongUse
from desk.templates.language import LANGUAGES, known, language_of
from mail.inert import clean, one_line
from models import departments, topics
from models import templates as rows
from models.templates import SCOPES, Scope, StoredTemplate

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

SHIPPED: Final = Path(__file__).with_name("shipped")

SUBJECT: Final = "Subject:"
"""What the first line of a whole mail begins with that names its subject."""

TEXTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "acknowledgement": (
        "what a customer gets for a new ticket",
        ("ticket", "requester", "message"),
    ),
    "closing": (
        "what a customer gets before their ticket is closed by itself",
        ("ticket", "requester", "message"),
    ),
    "new_ticket": ("what agents read first of a new ticket", ("ticket", "requester")),
    "customer_wrote": ("of a customer's answer", ("ticket", "requester")),
    "answered": ("of an agent's answer", ("ticket", "requester")),
    "assigned": ("of a ticket that became theirs", ("ticket", "requester")),
    "transferred": ("of a ticket that came to their department", ("ticket", "requester")),
    "noted": ("of a colleague's note", ("ticket", "requester")),
    "outsider_wrote": ("of an answer to what was forwarded", ("ticket", "requester")),
    "due_soon": ("of an answer that is due soon", ("ticket", "requester")),
    "overdue": ("of an overdue ticket", ("ticket", "requester")),
    "undelivered": ("of an answer that did not arrive", ("ticket", "requester")),
    "woken": ("of a ticket that slept until now", ("ticket", "requester")),
    "asked": ("of a ticket that a filter wants them to see", ("ticket", "requester")),
    "about_ticket": ("which ticket it is, below that", ("ticket", "requester", "owner")),
    "wrote": ("above what somebody wrote in it", ("message",)),
    "stand_in": ("why somebody is told who stands in for another", ("ticket", "requester", "away")),
    "commands_refused": (
        "what an agent reads whose mail asked for what was not done",
        ("ticket", "requester", "commands"),
    ),
    "quoting": ("above what an answer quotes", ("message",)),
    "forwarding": ("above what is forwarded", ("message",)),
    "digest": ("what agents read first of many notices in one mail", ()),
    "answers_are_notes": ("what an answer to such a mail does: it is a note", ("ticket", "requester")),
    "answers_to_customer": ("what it does: it goes to the customer", ("ticket", "requester")),
    "answers_to_agents": ("what it does: it is a note unless it begins with #reply", ("ticket", "requester")),
    "mailbox_failing": ("what admins get of a mailbox that is not fetched", ("mailbox",)),
    "mailbox_works": ("that it is fetched again", ("mailbox",)),
    "mailbox_stuck": ("what admins get of a mailbox that sends nothing", ("mailbox",)),
    "mailbox_sends": ("that it sends again", ("mailbox",)),
    "login_trouble": ("what admins get of a login that dies", ("login",)),
    "login_works": ("that it works again", ("login",)),
    "replica_failing": ("what admins get when the desk's replica gets nothing new", ("replica",)),
    "replica_works": ("that it is kept again", ("replica",)),
    "listener_off": ("of a webhook or push address that was switched off", ("listener",)),
    "test_mail": ("the mail that tests a way out", ("mailbox",)),
    "reports": ("what stands above the reports that are mailed", ("report",)),
    "report_table": ("a report's heading; its heads; what it calls nobody, and all of them", ("report",)),
}
"""Each text: what it is, and which groups of facts it may name."""

WITH_SUBJECT: Final = (
    *("mailbox_failing", "mailbox_works", "mailbox_stuck", "mailbox_sends", "login_trouble", "login_works"),
    *("replica_failing", "replica_works", "listener_off", "test_mail", "reports"),
)
"""Texts that have to name the subject of their mail, as it is about no ticket."""

MAY_NAME_SUBJECT: Final = (*WITH_SUBJECT, "acknowledgement", "closing", "commands_refused")
"""Texts that are whole mails; where one names no subject, the mail has the ticket's."""

_PLAIN: Final = expression(r"\{\{ ?(\w+)\.(\w+) ?\}\}")
_LINK: Final = expression(r"\]([(:\[])")


@dataclass(frozen=True, slots=True)
class Places:
    """For which mailbox, topic and department a text is looked for; 0: none."""

    mailbox: int = 0
    topic: int = 0
    department: int = 0

    def of(self, scope: Scope) -> int:
        """Return the id that counts in a scope; -1 where there is none."""
        return {
            "mailbox": self.mailbox or -1,
            "topic": self.topic or -1,
            "department": self.department or -1,
        }.get(scope, 0)


def customers_language(written: str, kept: str, header: str = "") -> str:
    """Return the language of a customer who wrote a text; '', the desk's, where all are written to in that.

    ``kept``: what is kept of the contact; ``header``: what their mail says of itself.
    """
    return language_of(written, header, kept) if settings.get("texts.by_customer") else ""


def desk_language() -> str:
    """Return the language of the desk."""
    return str(settings.get("texts.language"))


def text(
    name: str,
    language: str,
    places: Places,
    facts: Mapping[str, Mapping[str, Any]],
    *,
    block: bool = False,
    texts: OwnTexts | None = None,
) -> str:
    """Return a text with the facts in it, in that language as far as there is one.

    ``block``: it will stand where Markdown makes no links, so facts are as they are. ``texts``: of another
    desk.

    The narrowest text of the desk's own wins: mailbox, topic, department, desk; that of a topic or department
    holds for its parts too. What the desk wrote in its
    own language stands before what is shipped in another one. One that cannot be rendered is replaced by the
    shipped one.
    """
    known_texts = texts or own_texts(name)
    wanted = known(language) or known_texts.language
    source, stored = known_texts.chosen(name, wanted, places)
    try:
        return _rendered(source, facts, name, block=block)
    except Exception:
        if not stored:
            raise
        return _rendered(shipped(name, wanted), facts, name, block=block)


class MailText(NamedTuple):
    """A whole mail; ``subject`` is empty where the text names none."""

    subject: str
    text: str


def mail_text(
    name: str,
    language: str,
    places: Places,
    facts: Mapping[str, Mapping[str, Any]],
    texts: OwnTexts | None = None,
) -> MailText:
    """Return a whole mail with the facts in it, chosen as `text` chooses; ``texts``: of another desk."""
    known_texts = texts or own_texts(name)
    wanted = known(language) or known_texts.language
    source, stored = known_texts.chosen(name, wanted, places)
    try:
        return _mail_text(source, facts, name)
    except Exception:
        if not stored:
            raise
        return _mail_text(shipped(name, wanted), facts, name)


def parts_of(source: str) -> tuple[str, str]:
    """Return the subject's source, '' where there is none, and that of the text below it."""
    if not source.startswith(SUBJECT):
        return "", source
    first, _, rest = source.partition("\n")
    return first.removeprefix(SUBJECT).strip(), rest.lstrip("\n")


def _mail_text(source: str, facts: Mapping[str, Mapping[str, Any]], name: str) -> MailText:
    subject, body = parts_of(source)
    said = one_line(_rendered(subject, facts, name, block=True), 500) if subject else ""
    return MailText(said, _rendered(body, facts, name))


def source(name: str, language: str, places: Places) -> str:
    """Return a text as it is written, the one that `text` would render there."""
    return _chosen(name, known(language) or desk_language(), places)[0]


def _chosen(name: str, language: str, places: Places) -> tuple[str, bool]:
    return own_texts(name).chosen(name, language, places)


class OwnTexts(NamedTuple):
    """What a desk wrote itself, its language, and what its topics and departments are parts of."""

    stored: Sequence[StoredTemplate]
    language: str
    above: Callable[[Scope, int], Sequence[int]]
    """A mailbox, topic or department and those that it is a part of, the nearest first."""

    def chosen(self, name: str, language: str, places: Places) -> tuple[str, bool]:
        """Return which text of a name holds there, and whether it is the desk's own."""
        own = [each for each in self.stored if each.name == name]
        if own:
            line = {scope: self.above(scope, places.of(scope)) for scope in SCOPES}
            for wanted in (language, self.language):
                there = {(each.scope, each.scope_id): each.body for each in own if each.language == wanted}
                for scope in SCOPES:
                    for place in line[scope]:
                        if (scope, place) in there:
                            return there[scope, place], True
        return shipped(name, language), False


def own_texts(name: str | None = None) -> OwnTexts:
    """Return the texts of this desk, as they are now: those of a name, or all."""
    return OwnTexts(rows.every() if name is None else rows.named(name), desk_language(), _above)


def _above(scope: Scope, place: int) -> Sequence[int]:
    if place > 0 and scope == "department":
        return departments.above(place, departments.every())
    if place > 0 and scope == "topic":
        return [each.id for each in topics.above(place, topics.every())]
    return (place,)


@functools.cache
def shipped(name: str, language: str) -> str:
    """Return a text as it comes with the program; raises NotFound for another name or language."""
    if name not in TEXTS or language not in LANGUAGES:
        raise NotFound(f"there is no text '{one_line(name, 60)}' in '{one_line(language, 20)}'", _hint())
    return (SHIPPED / language / f"{name}.md").read_text("utf-8")


def _rendered(source: str, facts: Mapping[str, Mapping[str, Any]], name: str, *, block: bool = False) -> str:
    if _has_facts_alone(source):
        # Facts alone need no Jinja2: what is sent for each mail takes none of its 40 ms.
        def said(found: re.Match[str]) -> str:
            fact = facts[found[1]][found[2]]
            return str(fact if block else without_links(fact))

        return clean(_PLAIN.sub(said, source))
    from desk.templates.rendering import render  # 40 ms, for texts that say more than facts

    safe = (
        facts
        if block
        else {
            group: {key: without_links(value) for key, value in values.items()}
            for group, values in facts.items()
        }
    )
    return render(source, safe, f"the text '{name}'").text


@functools.lru_cache(maxsize=128)
def _has_facts_alone(source: str) -> bool:
    return "{%" not in source and "{#" not in source and source.count("{{") == len(_PLAIN.findall(source))


def without_links(value: Any) -> Any:
    """Return a fact in which a stranger's Markdown makes no link."""
    if isinstance(value, str):
        return _LINK.sub(r"]\\\1", clean(value))
    return [without_links(each) for each in value] if isinstance(value, list | tuple) else value


def own(name: str | None = None) -> Iterable[StoredTemplate]:
    """Return what the desk wrote itself, for one text or all."""
    return rows.every() if name is None else rows.named(checked_name(name))


def checked_name(name: str) -> str:
    """Return the name of a text; raises NotFound."""
    if name not in TEXTS:
        raise NotFound(f"there is no text '{one_line(name, 60)}'", _hint())
    return name


def checked_language(language: str | None) -> str:
    """Return a language that there are texts in, None being the desk's; raises WrongUse."""
    if language is None:
        return desk_language()
    found = known(language)
    if not found:
        raise WrongUse(
            f"there are no texts in '{one_line(language, 20)}'", f"languages: {', '.join(LANGUAGES)}"
        )
    return found


def _hint() -> str:
    return f"texts: {', '.join(TEXTS)}"
