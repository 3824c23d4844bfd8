"""The texts that customers and agents get, and canned answers' previews, as a table of fields."""

from __future__ import annotations

from desk import canned_answers, customizing
from desk.admin.table import Acts, Field, Noun, Record, Values
from desk.custom_fields import definitions
from desk.customizing import TemplateLine, Where
from desk.errors import NotFound
from desk.home import Desk
from desk.mailboxes import registry
from desk.permissions import Actor
from desk.staff import departments, topics
from desk.templates import texts
from desk.templates.language import LANGUAGES
from desk.templates.rendering import ALL_FACTS, OWN_FIELDS, check, render
from desk.tickets import detail, lists
from desk.tickets.lists import ListQuery


def _key(line: TemplateLine) -> str:
    return f"{line.name} in {line.language}" + ("" if line.scope == "desk" else f" for {line.scope}")


def _read(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            _key(line),
            {
                "name": line.name,
                "language": line.language,
                **_where_of(line),
                "own": "yours" if line.own else "shipped",
                "help": line.help,
                "body": line.body,
            },
        )
        for line in customizing.templates()
    ]


def _where_of(line: TemplateLine) -> dict[str, str]:
    scope, _, name = line.scope.partition(" ")
    return {each: name if each == scope else "" for each in ("department", "topic", "mailbox")}


def _where(values: Values) -> Where:
    return Where(
        department=str(values["department"]) or None,
        topic=str(values["topic"]) or None,
        mailbox=str(values["mailbox"]) or None,
    )


def _add(_desk: Desk, actor: Actor, values: Values) -> str:
    customizing.set_text(
        actor, str(values["name"]), str(values["body"]), str(values["language"]), _where(values)
    )
    return ""


def _stored(desk: Desk, actor: Actor, key: str) -> Values:
    for record in _read(desk, actor):
        if record.key == key:
            return record.values
    raise NotFound(f"there is no text {key}", "nightdesk template list")


def _edit(desk: Desk, actor: Actor, key: str, values: Values) -> None:
    _add(desk, actor, {**_stored(desk, actor, key), **values})


def _remove(desk: Desk, actor: Actor, key: str) -> None:
    known = _stored(desk, actor, key)
    customizing.reset(actor, str(known["name"]), str(known["language"]), _where(known))


def _check(text: str) -> None:
    check(text, "the text", {**ALL_FACTS, OWN_FIELDS: definitions.facts()}, places=False)


def _preview(_desk: Desk, actor: Actor, values: Values) -> str:
    number = _newest(actor) if customizing.is_of_ticket(str(values["name"])) else None
    return customizing.preview(
        actor, str(values["name"]), number, str(values["language"]), str(values["body"])
    )


def preview_of_canned(_desk: Desk, actor: Actor, values: Values) -> str:
    """Return a canned answer as it would be in the ticket that was touched last."""
    ticket = detail.show(_newest(actor), actor)
    return render(str(values["body"]), canned_answers.facts(actor, ticket), "the canned answer").text


def _newest(actor: Actor) -> str:
    page = lists.page(ListQuery("all", None, "updated", actor), limit=1)
    if not page:
        raise NotFound("there is no ticket yet to try it with", "nightdesk demo has some")
    return page[0].number


TEXTS = Noun(
    "text",
    "Texts",
    "settings.edit",
    "What customers and agents are written, in your words where you have some.",
    (
        Field(
            *("name", "Text", "Which one it is.", "choice", 18),
            choices=lambda: list(texts.TEXTS),
            start="acknowledgement",
            fixed=True,
        ),
        Field(
            *("language", "Language", "Of whom it is for.", "choice", 8),
            choices=lambda: list(LANGUAGES),
            start="en",
            fixed=True,
        ),
        Field("own", "Whose", "Yours, or as it came with the program.", width=8, made=True),
        Field("help", "What it is", "When it is sent.", width=24, made=True),
        Field(
            *("department", "Department", "For its tickets only.", "choice", 12),
            choices=lambda: [each.name for each in departments.departments() if each.active],
            none="all",
            fixed=True,
        ),
        Field(
            *("topic", "Help topic", "For its tickets only.", "choice", 0),
            choices=lambda: [each.name for each in topics.topics() if each.active],
            none="all",
            fixed=True,
        ),
        Field(
            *("mailbox", "Mailbox", "For its tickets only; one of the three at most.", "choice", 0),
            choices=lambda: [each.address for each in registry.entries()],
            none="all",
            fixed=True,
        ),
        Field(
            "body",
            "Text",
            "In Markdown, with facts as {{ ticket.number }}; F4 shows it.",
            "lines",
            check=_check,
            needed="write it first",
        ),
    ),
    Acts(_read, _add, _edit, _remove),
    removal="The text that came with the program holds again.",
    preview=_preview,
    tried=True,
)
