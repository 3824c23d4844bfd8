"""The texts that customers and agents get: shipped in ten languages, and the desk's own in their place."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from config.expressions import expression
from desk import settings
from desk.errors import NotFound, WrongUse
from desk.templates.language import LANGUAGES, known
from mail.inert import clean, one_line
from models import templates as rows
from models.templates import SCOPES, Scope, StoredTemplate

if TYPE_CHECKING:
    from collections.abc import Iterable

SHIPPED: Final = Path(__file__).with_name("shipped")

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
    "asked": ("of a ticket that a filter wants them to see", ("ticket", "requester")),
    "digest": ("what agents read first of many notices in one mail", ()),
    "answers_are_notes": ("what an answer to such a mail does: it is a note", ("ticket", "requester")),
    "answers_to_customer": ("what it does: it goes to the customer", ("ticket", "requester")),
    "answers_to_agents": ("what it does: it is a note unless it begins with #reply", ("ticket", "requester")),
}
"""Each text: what it is, and which groups of facts it may name."""

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


def desk_language() -> str:
    """Return the language of the desk."""
    return str(settings.get("texts.language"))


def text(name: str, language: str, places: Places, facts: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a text with the facts in it, in that language as far as there is one.

    The narrowest text of the desk's own wins: mailbox, topic, department, desk. What the desk wrote in its
    own language stands before what is shipped in another one. One that cannot be rendered is replaced by the
    shipped one.
    """
    source, stored = _chosen(name, known(language) or desk_language(), places)
    try:
        return _rendered(source, facts, name)
    except Exception:
        if not stored:
            raise
        return _rendered(shipped(name, known(language) or desk_language()), facts, name)


def source(name: str, language: str, places: Places) -> str:
    """Return a text as it is written, the one that `text` would render there."""
    return _chosen(name, known(language) or desk_language(), places)[0]


def _chosen(name: str, language: str, places: Places) -> tuple[str, bool]:
    return chosen_of(rows.named(name), name, language, desk_language(), places)


def chosen_of(
    own: Iterable[StoredTemplate], name: str, language: str, usual: str, places: Places
) -> tuple[str, bool]:
    """Return which of a desk's texts of a name holds there, and whether it is the desk's own.

    ``usual``: the language of the desk.
    """
    for wanted in (language, usual):
        for scope in SCOPES:
            for each in own:
                if (each.language, each.scope, each.scope_id) == (wanted, scope, places.of(scope)):
                    return each.body, True
    return shipped(name, language), False


@functools.cache
def shipped(name: str, language: str) -> str:
    """Return a text as it comes with the program; raises NotFound for another name or language."""
    if name not in TEXTS or language not in LANGUAGES:
        raise NotFound(f"there is no text '{one_line(name, 60)}' in '{one_line(language, 20)}'", _hint())
    return (SHIPPED / language / f"{name}.md").read_text("utf-8")


def _rendered(source: str, facts: Mapping[str, Mapping[str, Any]], name: str) -> str:
    safe = {
        group: {key: without_links(value) for key, value in values.items()} for group, values in facts.items()
    }
    if "{%" not in source and "{#" not in source and source.count("{{") == len(_PLAIN.findall(source)):
        # Facts alone need no Jinja2: what is sent for each mail takes none of its 40 ms.
        return _PLAIN.sub(lambda found: str(safe[found[1]][found[2]]), source)
    from desk.templates.rendering import render  # 40 ms, for texts that say more than facts

    return render(source, safe, f"the text '{name}'").text


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
