"""What can be done to a ticket, and how: by filter, key, verb, call and mail, or the reason why not."""

from __future__ import annotations

import re
from pathlib import Path

from api.v1.operations import OPERATIONS
from desk.filters.actions import ACTIONS
from desk.intake.mail_commands import COMMANDS
from nightdesk.verbs.contact import contact
from nightdesk.verbs.organization import organization
from nightdesk.verbs.queue import queue
from nightdesk.verbs.ticket import ticket
from tests.support.rows import every_row
from tui.commands import declared_commands
from tui.screens.contact import ContactScreen
from tui.ticket_actions import TicketActions

WAYS = ("filter", "key", "command line", "call", "mail")
OF_MAIL = "it decides about a mail that is coming in"
TABLE: dict[str, tuple[str, str, str, str, str]] = {
    # what: (action of filters, command's name, verb, operation, command by mail); "-reason" for a hole
    "close": ("close", "close", "close", "close", "close"),
    "reopen": ("-a filter sets status:open", "reopen", "reopen", "reopen", "reopen"),
    "state": ("status", "state", "status", "setStatus", "status"),
    "assign": ("agent", "assign", "assign", "assign", "assign"),
    "take": ("-a filter is nobody", "take", "-assign N me", "-assign me", "take"),
    "give to a team": ("team", "assign", "assign", "assign", "assign"),
    "unassign": ("-nobody asked for it", "-assign, 0", "-assign N none", "-assign none", "unassign"),
    "priority": ("priority", "priority", "priority", "setPriority", "priority"),
    "tag": ("tag", "tags", "tag", "setTags", "tag"),
    "untag": ("-nobody asked for it", "-tags, with - in front", "-tag --remove", "-setTags, remove", "untag"),
    "transfer": ("department", "edit", "transfer", "transfer", "transfer"),
    "note": ("note", "note", "note", "addNote", "note"),
    "reply": ("canned", "reply", "reply", "reply", "reply"),
    "forward": ("-it takes a person to choose", "forward", "forward", "forward", "-the agent's own program"),
    "merge": ("merge", "merge", "merge", "merge", "merge"),
    "unmerge": (
        "-what a filter gathers has one ticket",
        "-merge, with -",
        "unmerge",
        "unmerge",
        "-by its number",
    ),
    "split": ("-it takes a person to choose", "-m in the thread, s", "split", "split", "-by its messages"),
    "link": ("-it takes a person to see", "-merge, l", "link", "link", "-a mail is of one ticket"),
    "unlink": ("-it takes a person to see", "-merge, l", "unlink", "unlink", "-a mail is of one ticket"),
    "unwatch": ("-a filter is nobody", "unwatch", "-watch --not", "unwatch", "-watching ends in the desk"),
    "snooze": ("snooze", "snooze", "snooze", "snooze", "snooze"),
    "wake": ("-time and mail wake it", "-snooze, with -", "wake", "wake", "wake"),
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
    "deny": ("-an agent decides", "-U in the thread", "deny", "deny", "-by the message's id"),
    "tick a task": ("-nobody works there", "-tasks, space", "-task tick", "setTaskDone", "-by its place"),
    "change or move a task": (
        "-nobody works there",
        "-tasks, e d J K",
        "-task edit, task move",
        "editTask",
        "-by its place",
    ),
    "remove a task": ("-nobody works there", "-tasks, x", "-task remove", "removeTask", "-by its place"),
    "start a clock": ("-nobody works there", "-time, start", "-time start", "startTime", "-nobody asked"),
    "stop a clock": ("-nobody works there", "-time, stop", "-time stop", "stopTime", "-nobody asked"),
    "watch": ("-a filter is nobody: notify", "watch", "watch", "watch", "watch"),
    "spam": ("spam", "spam", "spam", "setSpam", "spam"),
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
    "ban": ("ban", "ban", "ban", "-it is the desk's own, not a ticket's", "ban"),
    "people in Cc": (
        "collaborator",
        "-the editor's F3 and the command line",
        "cc",
        "setCc",
        "-the mail's own Cc",
    ),
    "requester": ("reply-to", "-the command line", "requester", "setRequester", "-a forwarded mail's author"),
    "help topic": (
        "topic",
        "edit",
        "set",
        "setTopic",
        "-not an agent's",
    ),
    "SLA": ("sla", "edit", "set", "setSla", "-not an agent's"),
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
OTHER_KEYS = {"similar", "reply_all", "copy", "undo", "own"}
"""Keys that are another way into one of the table, or do nothing to the ticket."""
OTHER_VERBS = {"similar", "list", "show", "new", "export"}
"""Verbs that look, or that need the person who does it."""


OF_CONTACTS: dict[str, tuple[str, str, str]] = {
    # what: (key of the contact's screen, verb of contact, operation); "-reason" for a hole
    "list": ("-their tickets lead to them, g finds those", "list", "listContacts"),
    "show": ("-it is the screen itself", "show", "showContact"),
    "change": ("edit", "edit", "editContact"),
    "addresses": ("addresses", "-edit --add-address, --remove-address", "-editContact, add and remove"),
    "merge": ("merge", "merge", "mergeContact"),
    "write to them": ("write", "-ticket new", "-tickets.json"),
    "read a ticket": ("open", "-ticket show", "-showTicket"),
    "hand out": ("-it is files, beside the terminal", "export", "-it is files in a directory of the host"),
    "erase": (
        "-nothing brings it back: whoever types the address once more has seen what would go",
        "erase",
        "-nothing brings it back, and a script sees nothing before",
    ),
    "leave": ("back", "-a verb ends", "-a call ends"),
    "read further": ("words_down", "-a terminal scrolls", "-nothing scrolls"),
    "read back": ("words_up", "-a terminal scrolls", "-nothing scrolls"),
}
_AS_FILE = "-a file of rules belongs to the host"
CALLS_OF: dict[str, dict[str, str]] = {
    # verb: operation; "-reason" for a hole
    "queue": {
        "list": "listQueues",
        "show": "showQueue",
        "add": "addQueue",
        "edit": "editQueue",
        "remove": "removeQueue",
        "export": _AS_FILE,
        "import": _AS_FILE,
    },
    "organization": {
        "list": "listOrganizations",
        "show": "showOrganization",
        "add": "addOrganization",
        "edit": "editOrganization",
        "remove": "removeOrganization",
        "export": _AS_FILE,
        "import": _AS_FILE,
    },
    "ticket": {
        "similar": "similarTickets",
        "list": "listTickets",
        "show": "showTicket",
        "new": "-tickets.json, which is a mail's way in",
        "export": "-it is files in a directory of the host",
    },
    "report": {"report": "report", "report time": "reportTime"},
    "search": {"search": "search"},
}
"""Calls about what is no ticket, and those that look."""


def _known() -> tuple[set[str], ...]:
    names = {each.id.partition(".")[2] for each in declared_commands(TicketActions)}
    return set(ACTIONS), names, set(ticket.commands), {each.name for each in OPERATIONS}, set(COMMANDS)


@every_row("what", TABLE)
def test_every_way_is_there_or_says_why_not(what: str) -> None:
    for way, known, name in zip(WAYS, _known(), TABLE[what], strict=True):
        assert name in known or (name.startswith("-") and len(name) > 6), f"{what} by {way}: {name}"


@every_row(("place", "way"), [(0, "filter"), (3, "call"), (4, "mail")])
def test_the_table_has_all_that_can_be_done(place: int, way: str) -> None:
    named = {row[place] for row in TABLE.values()}
    others = {name for calls in CALLS_OF.values() for name in calls.values()}
    others |= {row[2] for row in OF_CONTACTS.values()}
    assert _known()[place] - named - others == set(), way


def test_every_call_that_writes_is_held_against_its_verb_in_this_folder() -> None:
    others = [each for each in Path(__file__).parent.glob("test_*.py") if each.name != "test_actions.py"]
    text = "".join(each.read_text("utf-8") for each in others)
    handlers = {each.handler.__name__ for each in OPERATIONS if each.writes}
    assert {name for name in handlers if not re.search(rf"\.{name}\b", text)} == set()


def test_every_verb_of_a_queue_and_an_organization_is_a_call_or_says_why_not() -> None:
    verbs = {"queue": set(queue.commands), "organization": set(organization.commands), "ticket": OTHER_VERBS}
    for noun, calls in CALLS_OF.items():
        assert verbs.get(noun, set(calls)) == set(calls), noun
        for name in calls.values():
            assert name in _known()[3] or (name.startswith("-") and len(name) > 6), (noun, name)


def test_every_key_and_verb_of_a_ticket_is_in_the_table_or_told_apart() -> None:
    _, keys, verbs, *_ = _known()
    assert keys - {row[1] for row in TABLE.values()} == OTHER_KEYS
    assert verbs - {row[2] for row in TABLE.values()} == OTHER_VERBS


def test_every_key_and_verb_of_a_contact_is_there_or_says_why_not() -> None:
    known = (
        {each.id.partition(".")[2] for each in declared_commands(ContactScreen)},
        set(contact.commands),
        {each.name for each in OPERATIONS if "ontact" in each.name},
    )
    for way, names in enumerate(known):
        told = {row[way] for row in OF_CONTACTS.values()}
        assert names == {each for each in told if not each.startswith("-")}
        assert all(len(each) > 6 for each in told - names)
