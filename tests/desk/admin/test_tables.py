"""The tables of what admins edit say the same as the command line and its JSON."""

from __future__ import annotations

import importlib

import click
import pytest

from desk.admin import table
from desk.admin.nouns import NOUNS
from desk.admin.table import Noun, WrongField
from desk.errors import DeskError, NotAllowed
from desk.home import Desk
from desk.permissions import Actor
from mail.errors import MailError
from models.notices import KINDS
from models.transactions import ValueRefused, transaction
from nightdesk.verbs import VERBS
from tests.support.workbench import ADMIN

NEW: dict[str, table.Values] = {
    "department": {"name": "IT", "reopen_days": "30", "signature": "Your\nIT"},
    "topic": {"name": "VPN", "department": "Support", "priority": "high", "status": "waiting"},
    "field": {"name": "serial_number", "label": "Serial number", "kind": "choice", "choices": "A, B"},
    "status": {"name": "With vendor", "state": "waiting"},
    "sla": {"name": "Gold", "hours": "2.5"},
    "agent": {"login": "bo", "name": "Bo", "email": "bo@desk.example"},
    "team": {"name": "Network", "notes": "Cables and what hangs on them"},
    "group": {"name": "netadmin", "role": "Admin"},
    "role": {"name": "Worker", "may": "ticket.reply, ticket.note"},
    "organization": {"name": "Corp Ltd", "domains": "corp.example, corp.test", "note": "Call first"},
    "filter": {"name": "Offers", "condition": "subject:offer", "then": "tag:ad\nclose"},
    "recurring": {
        "name": "Patch day",
        "schedule": "0 9 * * mon#1",
        "subject": "Patches of {{ date.month_name }}",
        "body": "All of rack 4.\n\nNot the mail server.",
        "requester": '"Prado, Ana" <ana@corp.example>',
        "department": "Support",
        "priority": "high",
        "tags": "patches, monthly",
        "checklist": "Freeze\nPatch",
        "due_after": "8h",
        "acknowledge": True,
    },
    "ban": {"pattern": "@spam.example", "note": "casino"},
    "queue": {"name": "Mine too", "query": "state:open", "shared": True},
    "canned": {"name": "Greeting", "folder": "Usual", "body": "Dear {{ requester.name }},\n"},
    "notification": {"name": "noted department Support", "whom": "assignee, admins"},
    "webhook": {"name": "Chat bridge", "url": "https://hooks.example.org/desk", "events": "created, closed"},
    "push": {"name": "On call", "url": "ntfys://...", "condition": "p:urgent"},
    "text": {"name": "acknowledgement", "language": "fr", "body": "Bonjour, {{ ticket.number }}\n"},
    "key": {"name": "monitor", "scopes": "read", "addresses": "192.0.2.7/32"},
}
"""Values of a new one; what is not said is as it begins."""
CANNOT_BE = ("", "no such !! thing", "-1", "{{ broken", "\ud800", "nan", "9" * 25)
"""What most fields cannot be: empty, words, numbers, half of a fact or of a sign."""
OF_TWO = {"topic": {"number_sequence"}, "field": {"choices"}, "filter": {"schedule"}}
"""Fields whose errors are about another one too."""
SPELLED = {
    **{f"mailed_{kind}": "notify" for kind in KINDS},
    "places": "in",
    "condition": "if",
    "signature": "signature_file",
    "scopes": "scope",
    "addresses": "address",
    "body": "body_file",
    "whom": "to",
    "business_hours": "hours",
    "events": "event",
    "choices": "choice",
    "topics": "topic",
    "checklist": "task",
    "domains": "domain",
}
"""The flags that are called otherwise than their fields."""
VERB = {"text": "template"}
"""The verbs that are called otherwise than their nouns."""


class Undone(Exception):
    """Ends a transaction, of which nothing stays."""


def values_of(noun: Noun) -> table.Values:
    """What the form of a new one would hand on."""
    return {each.name: each.start for each in noun.asked(new=True)} | dict(NEW[noun.name])


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_what_is_made_is_listed_as_it_was_said_and_removed(desk: Desk, noun: Noun) -> None:
    table.add(noun, desk, ADMIN, values_of(noun))
    [made] = [
        each
        for each in table.listed(noun, desk, ADMIN)
        if {name: each.values[name] for name in NEW[noun.name]} == NEW[noun.name]
    ]
    assert set(made.values) == {each.name for each in noun.fields}
    if noun.acts.edit is not None:
        assert table.edit(noun, desk, ADMIN, made, made.values) == ()
    if noun.acts.remove is not None:
        table.remove(noun, desk, ADMIN, made)
        left = [each for each in table.listed(noun, desk, ADMIN) if each.key == made.key]
        assert not left or left[0].values.get("active") is False or left[0].values.get("own") == "shipped"


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_what_cannot_be_is_refused_in_a_sentence_about_its_field(desk: Desk, noun: Noun) -> None:
    usual, fields = values_of(noun), noun.asked(new=True)
    blamed = dict[tuple[str, str], tuple[str, str]]()
    for field in fields:
        for value in () if field.kind in ("switch", "choice") else CANNOT_BE:
            values = {**usual, field.name: value}
            try:
                with transaction():
                    table.add(noun, desk, ADMIN, values)
                    raise Undone
            except Undone:
                continue
            except ValueRefused:
                continue
            except (DeskError, MailError) as error:
                blamed[field.name, value] = (table.blamed(fields, values, error), str(error))
    wrong = {which: said for which, said in blamed.items() if which[0] != said[0]}
    assert {name for name, _ in wrong} <= OF_TWO.get(noun.name, set()), wrong


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_what_is_kept_may_be_kept(desk: Desk, noun: Noun) -> None:
    table.add(noun, desk, ADMIN, values_of(noun))
    for record in table.listed(noun, desk, ADMIN):
        for field in noun.asked(new=False):
            assert table.problem(field, record.values[field.name]) == "", f"{record.key}: {field.name}"


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_nobody_else_sees_or_changes_it(desk: Desk, noun: Noun) -> None:
    nobody = Actor(7, "bo", "Bo", "", None, frozenset(["ticket.note"]))
    with pytest.raises(NotAllowed):
        table.listed(noun, desk, nobody)
    with pytest.raises(NotAllowed):
        table.add(noun, desk, nobody, values_of(noun))


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_the_list_fits_beside_the_cursor_of_the_smallest_screen(noun: Noun) -> None:
    assert sum(each.width + 1 for each in noun.fields if each.width) <= 79


def test_a_wrong_value_names_its_field(desk: Desk) -> None:
    roles = next(each for each in NOUNS if each.name == "role")
    with pytest.raises(WrongField, match=r"no action 'ticket\.sing'") as caught:
        table.add(roles, desk, ADMIN, {"name": "Odd", "may": "ticket.sing"})
    assert caught.value.field == "may"


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_every_field_has_its_flag(noun: Noun) -> None:
    module, _, name = VERBS[VERB.get(noun.name, noun.name)].target.partition(":")
    group = getattr(importlib.import_module(module), name)
    assert isinstance(group, click.Group)
    flags: set[str] = set()
    for verb in ("add", "create", "edit", "set"):
        command = group.commands.get(verb)
        for parameter in command.params if command is not None else ():
            flags |= {
                option.lstrip("-").replace("-", "_")
                for option in (*parameter.opts, *parameter.secondary_opts)
            }
    told = {SPELLED.get(each.name, each.name) for each in noun.fields if not each.made}
    if noun.name == "agent":
        told = {each.removesuffix("_file") for each in told}
    if noun.name == "filter":
        told = {"disabled" if name == "active" else name for name in told}
    if noun.name == "push":
        told = {"url_file" if name == "url" else name for name in told}
    if noun.name == "webhook":
        told -= {"url"} - flags
    assert told - {noun.fields[0].name} <= flags


def test_what_the_form_says_of_a_field_is_read_whole_at_80_columns() -> None:
    cut = {(noun.name, each.name) for noun in NOUNS for each in noun.fields if len(each.help) > 78}
    assert cut <= {("role", "may"), ("field", "kind")}, "lists of all there is are as long as they are"
