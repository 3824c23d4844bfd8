"""A status, a kind, a verdict or a state is one of a few words, and its type says which."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "models")
WORDS = ("status", "state", "kind", "verdict")
LOOSE = {
    "str",
    "str | None",
    "list[str]",
    "Sequence[str]",
    "Collection[str]",
    "Iterable[str]",
    "tuple[str, ...]",
}
_OSTICKET = "desk/doors/imports/osticket/"
_OF_BROUGHT = ("known", "new_id", "note", "add", "is_made")
ANY_TEXT: dict[str, tuple[str, ...]] = {
    "a status of the desk's own has any name": (
        *("desk/documents/tickets.py:_Ticket.status", "desk/filters/decision.py:Decision.__init__.status"),
        *("desk/replies/drafts.py:DraftView.status_after", "desk/replies/drafts.py:save.status_after"),
        *("desk/replies/reply.py:ReplyForm.status_after", "desk/replies/reply.py:send_reply.status_after"),
        *("models/drafts.py:Written.status_after", "models/drafts.py:StoredDraft.status_after"),
        *("models/ticket_lists.py:TicketRow.named_status", "models/tickets.py:TicketNames.named_status"),
        *(
            "desk/tickets/lists.py:TicketLine.named_status",
            "desk/tickets/detail.py:TicketDetail.named_status",
        ),
        *("models/topics.py:StoredTopic.named_status", "desk/staff/topics.py:TopicLine.status"),
        "tui/screens/compose/compositions.py:Composition.status",
        "tui/screens/compose/compositions.py:Composition.status_after",
    ),
    "a person's word, which the function reads or refuses": (
        *("nightdesk/verbs/receipt.py:list_receipts.verdict", "nightdesk/verbs/ticket/write.py:reply.status"),
        *("nightdesk/verbs/ticket/change.py:status.status", "nightdesk/verbs/ticket/change.py:link.kind"),
        *("nightdesk/verbs/ticket/change.py:set_facts.status", "desk/tickets/changes.py:set_status.status"),
        *(
            "desk/custom_fields/definitions.py:add_field.kind",
            "desk/intake/receipts.py:ReceiptFilter.verdict",
        ),
        *("desk/statuses.py:add_status.state", "desk/tickets/links.py:link.kind"),
        *("desk/tickets/links.py:link_all.kind", "desk/tickets/fields.py:set_facts.status"),
        *("desk/staff/topics.py:add_topic.status", "desk/staff/topics.py:edit_topic.status"),
        "tui/screens/compose/screen.py:ComposeScreen.action_state_after.picked.state",
        "tui/screens/outbox.py:OutboxScreen._take_state.state",
        "tui/screens/quarantine.py:QuarantineScreen._take_verdict.verdict",
        "tui/ticket_actions.py:TicketActions._set_state.state",
    ),
    "osTicket's own words": (
        *(f"{_OSTICKET}brought.py:Brought.{each}.kind" for each in _OF_BROUGHT),
        *(f"{_OSTICKET}rebuilt_mail.py:OldEntry.kind", f"{_OSTICKET}matters.py:_tag.status"),
        *(f"{_OSTICKET}reading.py:OldTicket.{each}" for each in ("state", "status")),
        *(f"{_OSTICKET}reading.py:Reading._values.kind", "models/old_desks.py:note.kind"),
        *("models/old_desks.py:brought.kind", "models/old_desks.py:brought_by.kind"),
    ),
    "a table of an export": (
        *(f"desk/doors/imports/exported.py:_Import.{each}.kind" for each in ("_brought", "_name_one")),
        *(f"models/carried.py:{each}.kind" for each in ("_called", "here", "make", "named")),
    ),
    "a kind of a field as an export has it": ("desk/tickets/carrying.py:_field.kind",),
    "a MIME type": (
        "api/osticket/fields.py:_file.kind",
        "tui/screens/thread/file.py:FileScreen.__init__.kind",
    ),
    "what stands before a dot in a kind of error is looked for": (
        *("desk/mailboxes/lists.py:MailboxLine.error_kind", "desk/mailboxes/wording.py:error_word.kind"),
        "tui/health.py:word_for.error_kind",
    ),
    "a noun of the file of rules": (
        *("nightdesk/verbs/rules.py:exporter.kind", "nightdesk/verbs/rules.py:importer.kind"),
        "desk/operations/rule_file.py:Step.kind",
    ),
    "other words": (
        *(
            "desk/filters/facts.py:_needs_pattern.kind",
            "tui/screens/mailboxes/form.py:MailboxFormScreen._title.state",
        ),
    ),
}
"""Fields and parameters that any text fits, by the reason."""


def loose(tree: ast.AST, inside: str = "") -> Iterator[str]:
    """Yield the fields and parameters for such a word that any text fits, with what they are of."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.ClassDef(name=name):
                yield from loose(node, f"{inside}{name}.")
                continue
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                arguments = node.args
                for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                    if each.annotation is not None and _is_loose(each.arg, each.annotation):
                        yield f"{inside}{name}.{each.arg}"
                yield from loose(node, f"{inside}{name}.")
                continue
            case ast.AnnAssign(target=ast.Name(name) | ast.Attribute(attr=name), annotation=annotation):
                if _is_loose(name, annotation):
                    yield f"{inside}{name}"
        yield from loose(node, inside)


def _is_loose(name: str, annotation: ast.expr) -> bool:
    said = name.strip("_").split("_")
    return (said[0] in WORDS or said[-1] in WORDS) and ast.unparse(annotation).strip("'\"") in LOOSE


@pytest.mark.parametrize("floor", FLOORS)
def test_its_type_says_which_words_there_are(floor: str) -> None:
    allowed = {each for some in ANY_TEXT.values() for each in some}
    found = {
        f"{path.relative_to(ROOT)}:{each}"
        for path in sorted((ROOT / floor).rglob("*.py"))
        if "migrations" not in path.parts
        for each in loose(ast.parse(path.read_text("utf-8")))
    }
    assert sorted(found - allowed) == []
    assert sorted(each for each in allowed - found if each.startswith(f"{floor}/")) == []
