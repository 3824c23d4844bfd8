"""What can be done to a ticket, and how: by filter, key, verb, call and mail, or the reason why not."""

from __future__ import annotations

import pytest

from api.v1.operations import OPERATIONS
from desk.filters.actions import ACTIONS
from desk.intake.mail_commands import COMMANDS
from nightdesk.verbs.ticket import ticket
from tui.commands import declared_commands
from tui.ticket_actions import TicketActions

WAYS = ("filter", "key", "command line", "call", "mail")
NOT_YET = "nobody asked the API for it yet"
OF_MAIL = "it decides about a mail that is coming in"
BY_FIELD = "its own key of a form: `:` and the command line have it"
TABLE: dict[str, tuple[str, str, str, str, str]] = {
    # what: (action of filters, command's name, verb, operation, command by mail); "-reason" for a hole
    "close": ("close", "close", "close", "close", "close"),
    "reopen": ("-a filter sets status:open", "reopen", "reopen", "reopen", "reopen"),
    "state": ("status", "state", "status", "setStatus", "status"),
    "assign": ("agent", "assign", "assign", "assign", "assign"),
    "take": ("-a filter is nobody", "take", "-assign N me", "-assign me", "take"),
    "give to a team": ("team", "assign", "assign", "assign", "assign"),
    "unassign": ("-nobody asked for it", "-assign, 0", "-assign N none", "-assign none", "unassign"),
    "priority": ("priority", "priority", "priority", f"-{NOT_YET}", "priority"),
    "tag": ("tag", "tags", "tag", f"-{NOT_YET}", "tag"),
    "untag": ("-nobody asked for it", "-tags, with - in front", "-tag --remove", f"-{NOT_YET}", "untag"),
    "transfer": ("department", f"-{BY_FIELD}", "transfer", f"-{NOT_YET}", "transfer"),
    "note": ("note", "note", "note", "addNote", "note"),
    "reply": ("canned", "reply", "reply", "reply", "reply"),
    "merge": ("merge", "merge", "merge", f"-{NOT_YET}", "merge"),
    "unmerge": (
        "-what a filter gathers has one ticket",
        "-merge, with -",
        "unmerge",
        f"-{NOT_YET}",
        "-by its number",
    ),
    "snooze": ("snooze", "snooze", "snooze", f"-{NOT_YET}", "snooze"),
    "wake": ("-time and mail wake it", "-snooze, with -", "wake", f"-{NOT_YET}", "wake"),
    "close later": ("close-after", "-snooze and close", "-snooze and close", "-a rule does", "-a rule does"),
    "due date": ("-an SLA promises what rules promise", "due", "due", "setDue", "due"),
    "pin": ("-a person finds it worth it", "pin", "pin", "pin", "pin"),
    "unpin": ("-closing it does", "-pin, once more", "unpin", "unpin", "unpin"),
    "edit a note": (
        "-it writes its own",
        "-c in the thread",
        "-note --edit",
        "editNote",
        "-a mail is a message",
    ),
    "approve": ("-an agent vouches", "-Y in the thread", "approve", "approve", "-a mail is no proof"),
    "tick a task": ("-nobody works there", "-tasks, space", "-task tick", "setTaskDone", "-by its place"),
    "remove a task": ("-nobody works there", "-tasks, x", "-task remove", "removeTask", "-by its place"),
    "start a clock": ("-nobody works there", "-time, start", "-time start", "startTime", "-nobody asked"),
    "stop a clock": ("-nobody works there", "-time, stop", "-time stop", "stopTime", "-nobody asked"),
    "watch": ("-a filter is nobody: notify", "watch", "watch", f"-{NOT_YET}", "watch"),
    "spam": ("spam", "spam", "spam", f"-{NOT_YET}", "spam"),
    "delete": (
        "-what a filter does not want is spam",
        "delete",
        "delete",
        "delete",
        "-a mail must not do away with one",
    ),
    "restore": (
        "-the customer's mail restores it",
        "-reopen, in the trash",
        "-delete --restore",
        "restore",
        "-by its mail",
    ),
    "tasks": (
        "-a topic begins its tickets' tasks",
        "tasks",
        "task",
        "addTask",
        "-a place is counted in a list",
    ),
    "time spent": ("-nobody works there", "time", "time", "addTime", "-nobody asked for it"),
    "ban": ("ban", "ban", "ban", f"-{NOT_YET}", "ban"),
    "people in Cc": (
        "collaborator",
        "-the editor's F3 and the command line",
        "cc",
        f"-{NOT_YET}",
        "-the mail's own Cc",
    ),
    "requester": ("reply-to", "-the command line", "requester", f"-{NOT_YET}", "-a forwarded mail's author"),
    "help topic": (
        "topic",
        f"-{BY_FIELD}",
        "-topics are given to mail as it comes",
        f"-{NOT_YET}",
        "-not an agent's",
    ),
    "SLA": ("sla", f"-{BY_FIELD}", "-SLAs hang on departments and topics", f"-{NOT_YET}", "-not an agent's"),
    "field of the desk's own": ("field", "edit", "set", "setFields", "field"),
    "mail a canned answer": ("mail", "-reply, F4", "-ticket reply", "-reply does", "-#reply does"),
    "have somebody told": (
        "notify",
        "-a note with @login",
        "-ticket note",
        "-addNote",
        "-a note with @login",
    ),
    "reject": ("reject", "-the mail is there already: spam", "-ticket spam", f"-{OF_MAIL}", f"-{OF_MAIL}"),
    "no acknowledgement": ("no-autoresponse", f"-{OF_MAIL}", f"-{OF_MAIL}", f"-{OF_MAIL}", f"-{OF_MAIL}"),
    "open what was gathered": ("reopen", f"-{OF_MAIL}", f"-{OF_MAIL}", f"-{OF_MAIL}", f"-{OF_MAIL}"),
}
OTHER_KEYS = {"similar", "reply_all", "copy", "undo", "forward", "own", "unwatch"}
"""Keys that are another way into one of the table, or do nothing to the ticket."""
OTHER_VERBS = {"similar", "list", "show", "new", "export", "split", "link", "unlink", "forward"}
"""Verbs that look, or that need the person who does it."""


def _known() -> tuple[set[str], ...]:
    names = {each.id.partition(".")[2] for each in declared_commands(TicketActions)}
    return set(ACTIONS), names, set(ticket.commands), {each.name for each in OPERATIONS}, set(COMMANDS)


@pytest.mark.parametrize("what", TABLE)
def test_every_way_is_there_or_says_why_not(what: str) -> None:
    for way, known, name in zip(WAYS, _known(), TABLE[what], strict=True):
        assert name in known or (name.startswith("-") and len(name) > 6), f"{what} by {way}: {name}"


@pytest.mark.parametrize(("place", "way"), [(0, "filter"), (3, "call"), (4, "mail")])
def test_the_table_has_all_that_can_be_done(place: int, way: str) -> None:
    named = {row[place] for row in TABLE.values()}
    looks = {"listTickets", "showTicket", "search"}
    assert _known()[place] - named - looks == set(), way


def test_every_key_and_verb_of_a_ticket_is_in_the_table_or_told_apart() -> None:
    _, keys, verbs, *_ = _known()
    assert keys - {row[1] for row in TABLE.values()} == OTHER_KEYS
    assert verbs - {row[2] for row in TABLE.values()} == OTHER_VERBS
