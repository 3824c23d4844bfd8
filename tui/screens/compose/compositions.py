"""What an agent is writing: loaded from the desk before the editor opens, handed back when it is sent.

Every function here asks the desk and blocks; screens run them in threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from config.clock import now
from config.expressions import expression
from config.wording import host_and_port
from desk.errors import DeskError, Refused
from mail.inert import one_line
from mail.mime.address import one_address, parse_addresses, typed
from tui.files import FileTrouble, LocalFile, look_at

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.permissions import Actor
    from desk.replies.drafts import DraftView
    from desk.tickets.detail import TicketDetail
    from desk.tickets.since import News, SeenUpTo
    from models.drafts import DraftKind

_MENTION_BEGUN = expression(r"(?<![\w.@+-])@([A-Za-z0-9_.-]{0,64})$")
"""What `desk.alerts.mentions` takes for a mention, as far as it is typed."""

NOTHING = "nothing"
"""How the way of mail that does not leave begins."""

Other = tuple[str, datetime]
"""Somebody else who writes on the same ticket, and when they last did."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A mailbox that a mail can leave from."""

    address: str
    sender: str
    way: str


@dataclass(frozen=True, slots=True)
class Composition:
    """What an agent writes; `to`, `cc` and `bcc` are as typed, `way` says how the mail leaves."""

    kind: DraftKind
    number: str | None
    ticket_subject: str
    status: str
    sender: str
    to: str
    cc: str
    subject: str
    body: str
    status_after: str
    mailbox: str | None = None
    way: str = ""
    mailboxes: tuple[Origin, ...] = ()
    attachments: tuple[LocalFile, ...] = ()
    kept_files: tuple[str, ...] = ()
    """The paths of the files that the draft had when it was loaded or kept last."""
    draft_id: int | None = None
    resumed: datetime | None = None
    others: tuple[Other, ...] = ()
    detail: TicketDetail | None = None
    untouched: str = ""
    """The body as it was before anything was typed."""
    began: tuple[str, ...] | None = None
    """What else can be chosen, as it was before (`choices`); None: as it is now."""
    came_with: tuple[str, ...] = ()
    """The paths of the files of what is forwarded."""
    seen: SeenUpTo | None = None
    """How far the author knows the ticket: what came to it since is told before anything leaves."""
    answers: int | None = None
    """The message that is answered; None: the customer's newest."""
    bcc: str = ""
    gone: tuple[News, ...] = ()
    """What is told of its draft that is gone elsewhere; nothing leaves before its author agrees."""


def addresses(text: str) -> list[str]:
    """Return the bare addresses in a line of addresses."""
    return [address for _, address in pairs(text)]


def pairs(text: str) -> list[tuple[str, str]]:
    """Return (name, address) of each address in a line as typed."""
    people = parse_addresses([one_line(text, len(text))])
    return [(person.name, person.email or person.name) for person in people]


def goes_to_requester(composition: Composition) -> bool:
    """Whether the ticket's requester gets this."""
    lines = (composition.to, composition.cc, composition.bcc)
    written_to = {one_address(each).lower() for line in lines for each in addresses(line)}
    return composition.detail is not None and composition.detail.requester_email.lower() in written_to


def problem(composition: Composition) -> str:
    """Return why this cannot be sent, in one sentence, or nothing."""
    to = addresses(composition.to)
    if not to:
        return "There is nobody in To"
    for address in (*to, *addresses(composition.cc), *addresses(composition.bcc)):
        if not one_address(address):
            return f"'{address}' is no mail address"
    if not composition.body.strip():
        return "There is no text yet"
    if composition.kind == "new" and not composition.subject.strip():
        return "A new ticket needs a subject"
    return ""


def choices(composition: Composition) -> tuple[str, ...]:
    """Return what an author sets besides the text: recipients, subject, From, the state after."""
    return (
        composition.to,
        composition.cc,
        composition.bcc,
        composition.subject,
        composition.mailbox or "",
        composition.status_after,
    )


def subject_words(composition: Composition) -> str:
    """Return the subject as the customer sees it."""
    if composition.number is None or composition.kind == "forward":
        return composition.subject
    from desk.outbox.render import numbered_subject  # 19 ms

    return numbered_subject(composition.subject, composition.number, reply=True)


def others(actor: Actor, number: str | None) -> list[Other]:
    """Return who else has a draft on the ticket."""
    from desk.replies import drafts  # 24 ms

    return [] if number is None else drafts.others_writing(actor, number)


def others_words(people: Sequence[Other], zone: ZoneInfo) -> str:
    """Say in one sentence who else is writing."""
    names = ", ".join(f"{name} ({when.astimezone(zone):%H:%M})" for name, when in people)
    return f"{names} also {'has a draft' if len(people) == 1 else 'have drafts'} on this ticket."


def undo_seconds() -> int:
    """Return how long a sent answer can be taken back."""
    from desk import settings  # 4 ms

    return int(settings.get("mail.undo_seconds"))


# -- before the editor opens


def for_reply(desk: Desk, actor: Actor, number: str, to_all: bool, answers: int | None = None) -> Composition:
    """Return the composition of an answer, with the draft of it if there is one.

    `answers`: the message that is answered; None: the customer's newest.
    """
    from desk.replies import drafts, reply  # 30 ms
    from desk.tickets import detail as ticket_detail  # 30 ms
    from desk.tickets import since  # 16 ms

    seen = since.seen_up_to()
    form = reply.reply_form(actor, number, to_all, desk.zone, answers)
    detail = ticket_detail.show(number, actor)
    quoted = f"\n\n{form.quoted}\n" if form.quoted.strip() else ""
    body = f"\n{quoted}" if quoted else ""
    composition = Composition(
        kind="reply",
        number=number,
        ticket_subject=detail.subject,
        status=detail.status,
        sender=one_line(form.sender),
        to=typed(form.to if answers is not None else _with_writer(form.to, form.cc, detail)),
        cc=typed(form.cc),
        subject=form.subject,
        body=body,
        status_after=_state(form.status_after),
        mailbox=form.mailbox_address,
        way=way_of(desk, form.mailbox_address),
        mailboxes=_origins(desk, actor, form.mailbox_address, form.sender),
        others=tuple(drafts.others_writing(actor, number)),
        detail=detail,
        untouched=body,
        seen=seen,
        answers=answers,
    )
    return resume(composition, drafts.load(actor, number, "reply"))


def _origins(desk: Desk, actor: Actor, address: str | None, sender: str) -> tuple[Origin, ...]:
    """From which mailboxes an answer can leave: the usual one, and all that send."""
    from desk.replies import reply  # 28 ms

    usual = [] if address is None else [(address, sender)]
    found = dict([*usual, *reply.senders(actor)])
    return tuple(Origin(each, one_line(shown_as), way_of(desk, each)) for each, shown_as in found.items())


def _first_origins(desk: Desk, actor: Actor) -> tuple[Origin, ...]:
    """From which mailboxes the first mail of a ticket can leave."""
    from desk.mailboxes import registry  # 23 ms
    from desk.replies import new_ticket  # 30 ms

    return tuple(
        Origin(
            line.address,
            one_line(new_ticket.first_mail_from(actor, line.address)),
            way_of(desk, line.address),
        )
        for line in registry.entries(desk)
    )


def _with_writer(
    to: Sequence[tuple[str, str]], cc: Sequence[tuple[str, str]], detail: TicketDetail
) -> list[tuple[str, str]]:
    """To whom an answer goes: also to the person whose mail it quotes, in front."""
    asked = [item for item in detail.messages if item.kind == "customer" and not item.unverified]
    if not asked or asked[-1].machine:
        return list(to)
    known = {address.lower() for _, address in (*to, *cc)} | {detail.requester_email.lower()}
    writer = asked[-1]
    if writer.sender_email.lower() in known:
        return list(to)
    people = writer.reply_to or ((writer.sender_name, writer.sender_email),)
    return [*((name, address) for name, address in people if address.lower() not in known), *to]


def for_forward(desk: Desk, actor: Actor, number: str, message_id: int | None = None) -> Composition:
    """Return the composition of a mail to somebody who takes no part, or go on with the draft of one.

    `message_id`: what is forwarded; None: the customer's newest. Its files are kept with the draft.
    """
    from desk.replies import drafts, forward  # 30 ms
    from desk.tickets import detail as ticket_detail  # 30 ms
    from desk.tickets import since  # 16 ms

    seen = since.seen_up_to()
    form = forward.forward_form(actor, number, message_id, desk.zone)
    detail = ticket_detail.show(number, actor)
    draft = drafts.load(actor, number, "forward")
    came_with: tuple[str, ...] = ()
    if draft is None:
        came_with = tuple(forward.begin_draft(actor, form))
        draft = drafts.load(actor, number, "forward")
    body = f"\n\n{form.quoted}\n"
    composition = Composition(
        kind="forward",
        number=number,
        ticket_subject=detail.subject,
        status=detail.status,
        sender=one_line(form.sender),
        to="",
        cc="",
        subject=form.subject,
        body=body,
        status_after="",
        mailbox=form.mailbox_address,
        way=way_of(desk, form.mailbox_address),
        mailboxes=_origins(desk, actor, form.mailbox_address, form.sender),
        detail=detail,
        untouched=body,
        came_with=came_with,
        seen=seen,
    )
    resumed = resume(composition, draft)
    return replace(resumed, resumed=None) if came_with else resumed


def for_note(actor: Actor, number: str) -> Composition:
    """Return the composition of a note, with the draft of it if there is one."""
    from desk.replies import drafts  # 24 ms
    from desk.tickets import detail as ticket_detail  # 30 ms
    from desk.tickets import since  # 16 ms

    seen = since.seen_up_to()
    detail = ticket_detail.show(number, actor)
    composition = Composition(
        "note", number, detail.subject, detail.status, "", "", "", "", "", "", detail=detail, seen=seen
    )
    return resume(composition, drafts.load(actor, number, "note"))


def for_new_ticket(desk: Desk, actor: Actor, draft: DraftView | None = None, to: str = "") -> Composition:
    """Return the composition of a first mail, ``to`` somebody as it is typed.

    Raises Refused when there is no mailbox it could leave from.
    """
    origins = _first_origins(desk, actor)
    if not origins:
        raise Refused("there is no mailbox to write from", "set one up first, in Mailboxes")
    first = next((item for item in origins if draft and item.address == draft.mailbox), origins[0])
    composition = Composition(
        "new", None, "", "new", first.sender, to, "", "", "", "", first.address, first.way, mailboxes=origins
    )
    return resume(composition, draft)


def for_draft(desk: Desk, actor: Actor, draft: DraftView) -> Composition:
    """Return the composition of a draft that was kept. Raises NotFound when it was sent or thrown away."""
    from desk.replies import drafts  # 24 ms

    draft = drafts.get(actor, draft.id)
    if draft.kind == "new" or draft.number is None:
        return for_new_ticket(desk, actor, draft)
    if draft.kind == "note":
        return for_note(actor, draft.number)
    if draft.kind == "forward":
        return for_forward(desk, actor, draft.number)
    return for_reply(desk, actor, draft.number, False)


def resume(composition: Composition, draft: DraftView | None) -> Composition:
    """Return the composition with what the draft holds."""
    composition = replace(composition, began=choices(composition))
    if draft is None:
        return composition
    kept = replace(
        composition,
        body=draft.body or composition.body,
        draft_id=draft.id,
        resumed=draft.updated,
        seen=draft.seen or composition.seen,
    )
    if composition.kind == "note":
        return kept
    chosen = next((item for item in composition.mailboxes if item.address == draft.mailbox), None)
    if chosen is not None:
        kept = replace(kept, mailbox=chosen.address, sender=chosen.sender, way=chosen.way)
    return replace(
        kept,
        to=_typed(draft, "to") or composition.to,
        cc=_typed(draft, "cc") if draft.recipients else composition.cc,
        bcc=_typed(draft, "bcc") if draft.recipients else composition.bcc,
        subject=draft.subject or composition.subject,
        status_after=_state(draft.status_after or composition.status_after),
        answers=draft.recipients.get("answers", composition.answers),
        attachments=tuple(_files(draft.attachments)),
        kept_files=draft.attachments,
    )


def _typed(draft: DraftView, field: str) -> str:
    """Return a line of addresses as it was typed, or made from those of a mail that was taken back."""
    text = draft.recipients.get(f"{field}_line")
    if text is not None:
        return str(text)
    people = draft.recipients.get(field, ())
    return typed([("", item) if isinstance(item, str) else (item[0], item[1]) for item in people])


def _files(paths: Sequence[str]) -> list[LocalFile]:
    found = []
    for path in paths:
        try:
            found.append(look_at(path, None))
        except FileTrouble:
            continue
    return found


def _state(text: str | None) -> str:
    return "" if text in (None, "keep") else str(text)


def way_of(desk: Desk, address: str | None) -> str:
    """Return how mail of this address leaves: ``mail.corp.ex:587 STARTTLS``, or that it does not."""
    from desk.mailboxes import registry, routes  # 24 ms

    row = registry.find(address) if address else None
    try:
        route = routes.find_sending_route(row.id if row else None)
    except Refused as refused:
        return f"{NOTHING}: {refused}"
    way = route.sender
    if not route.open:
        return f"{NOTHING} yet: no outgoing account, the mail stays queued"
    security = {"tls": "TLS", "starttls": "STARTTLS", "none": "in clear text"}[way.smtp_security]
    return f"{host_and_port(way.smtp_host, way.smtp_port)} {security}"


# -- while it is open, and at the end


def keep(actor: Actor, composition: Composition) -> int | None:
    """Write the draft down and return its id; a composition that is as it began leaves none."""
    from desk.replies import drafts  # 24 ms

    untouched = not composition.body.strip() or composition.body == composition.untouched
    paths = {str(item.path) for item in composition.attachments}
    as_before = composition.began in (None, choices(composition))
    if untouched and as_before and paths <= set(composition.came_with):
        if composition.draft_id is not None:
            drafts.discard(composition.draft_id)
        return None
    recipients: dict[str, Any] = {}
    if composition.kind != "note":
        recipients = {
            "to": addresses(composition.to),
            "cc": addresses(composition.cc),
            "to_line": composition.to,
            "cc_line": composition.cc,
        }
        if composition.answers is not None:
            recipients["answers"] = composition.answers
        if composition.bcc.strip():
            recipients |= {"bcc": addresses(composition.bcc), "bcc_line": composition.bcc}
    return drafts.save(
        actor,
        draft_id=composition.draft_id,
        number=composition.number,
        kind=composition.kind,
        body=composition.body,
        subject=composition.subject,
        recipients=recipients,
        attachments=[str(item.path) for item in composition.attachments],
        attached_before=composition.kept_files,
        status_after=composition.status_after,
        mailbox=composition.mailbox,
        seen=composition.seen,
    )


def put_since(actor: Actor, composition: Composition) -> DraftView | None:
    """Return the draft if files were put into it since it was loaded or kept, else None."""
    from desk.replies import drafts  # 24 ms

    if composition.kind != "reply" or composition.number is None:
        return None
    draft = drafts.load(actor, composition.number, "reply")
    known = {*composition.kept_files, *(str(item.path) for item in composition.attachments)}
    return draft if draft is not None and set(draft.attachments) - known else None


def with_files_of(composition: Composition, draft: DraftView) -> Composition:
    """Return the composition with the files that were put into its draft."""
    known = {*composition.kept_files, *(str(item.path) for item in composition.attachments)}
    put = _files([path for path in draft.attachments if path not in known])
    kept = (*composition.kept_files, *draft.attachments)
    files = (*composition.attachments, *put)
    return replace(composition, draft_id=draft.id, attachments=files, kept_files=kept)


def came_since(actor: Actor, composition: Composition) -> tuple[tuple[News, ...], TicketDetail | None]:
    """Return what others did to the ticket since its author looked, with the ticket as it is if they did."""
    from desk.tickets import detail, since  # 30 ms

    if composition.number is None or composition.seen is None:
        return (), None
    news = since.news(actor, composition.number, composition.seen)
    return tuple(news), detail.show(composition.number, actor) if news else None


def draft_gone(actor: Actor, composition: Composition) -> tuple[News, ...]:
    """Return what is told of a draft that was sent or thrown away elsewhere; nothing while it is there."""
    from desk.replies import drafts  # 24 ms

    return composition.gone or drafts.gone(actor, composition.draft_id, composition.number, composition.seen)


def as_it_leaves(desk: Desk, actor: Actor, composition: Composition) -> Composition:
    """Return the composition with what it would be sent from, and how, as the desk's mailboxes are now.

    The mailbox that its author chose stands as long as it sends; the usual one takes its place.
    """
    from desk.replies import reply  # 28 ms
    from desk.tickets.changes import find_whole  # 16 ms

    if composition.kind == "note":
        return composition
    usual: tuple[str | None, str] = (None, "")
    if composition.number is None:
        origins = _first_origins(desk, actor)
        chosen = composition.mailbox
    else:
        try:
            usual = reply.usual_sender(actor, find_whole(composition.number, actor))
        except DeskError:
            return composition  # it says so when it is sent
        origins = _origins(desk, actor, *usual)
        chosen = _chosen_mailbox(composition)
    origin = next((each for each in origins if each.address == chosen), None)
    if origin is None and composition.number is None and origins:
        origin = origins[0]
    if origin is None:
        origin = Origin("", usual[1], way_of(desk, usual[0]))
    return replace(
        composition,
        mailbox=origin.address or usual[0],
        sender=origin.sender,
        way=origin.way,
        mailboxes=origins,
    )


def leaving_words(composition: Composition, before: Composition) -> str:
    """Say what a mail is sent from now, where that is not what its author was shown; else nothing."""
    if (composition.sender, composition.way) == (before.sender, before.way):
        return ""
    if composition.way.startswith(NOTHING):
        return f"nothing sends this mail now, {composition.way.removeprefix(NOTHING).lstrip(' :')}"
    if composition.sender != before.sender:
        return f"this mail is from {composition.sender} now"
    return f"this mail leaves by {composition.way} now"


def follow(desk: Desk, actor: Actor, composition: Composition, seen: SeenUpTo) -> Composition:
    """Return the composition as of an author who has seen all news; a merged ticket is followed.

    A draft that was sent or thrown away elsewhere is left behind; it is sent from what sends now.
    """
    from desk.replies import drafts  # 24 ms
    from desk.tickets import since  # 16 ms

    number = None if composition.number is None else since.goes_on_as(composition.number, actor)
    lost = drafts.gone(actor, composition.draft_id, None, None)
    draft_id = None if lost else composition.draft_id
    followed = replace(composition, number=number, seen=seen, draft_id=draft_id, gone=())
    return as_it_leaves(desk, actor, followed)


def discard(composition: Composition) -> None:
    """Throw the draft away."""
    from desk.replies import drafts  # 24 ms

    if composition.draft_id is not None:
        drafts.discard(composition.draft_id)


def mention_before(text: str) -> str | None:
    """Return the unfinished login that follows an @ at the end of a text; None: there is no mention."""
    found = _MENTION_BEGUN.search(text)
    return None if found is None else found[1]


def colleagues(begun: str) -> list[str]:
    """Return the logins with this beginning, of agents who can be mentioned."""
    from desk.staff import agents  # 20 ms

    return sorted(
        each.login for each in agents.agents() if each.active and each.login.lower().startswith(begun.lower())
    )


def add_note(actor: Actor, composition: Composition) -> tuple[str, list[str]]:
    """Put the note on the ticket, or the one that it was merged into.

    Returns that one's number, and the mentioned logins that nobody has. Raises
    `desk.replies.drafts.DraftGone`.
    """
    from desk.alerts.mentions import mentioned  # 1 ms
    from desk.replies import reply  # 28 ms
    from desk.tickets import since  # 16 ms

    if composition.number is None:
        raise ValueError("a note belongs to a ticket")
    _require_draft(actor, composition)
    number = since.goes_on_as(composition.number, actor)
    reply.add_note(actor, number, composition.body.strip("\n"), composition.draft_id)
    discard(composition)
    named = mentioned(composition.body)
    return number, sorted(named - {login.lower() for login in colleagues("")}) if named else []


def send(desk: Desk, actor: Actor, composition: Composition) -> Any:
    """Put the mail into the outbox, to leave after the undo time; returns `desk.replies.reply.SentReply`.

    Raises `desk.tickets.since.Overtaken` when something came to the ticket that its author was not told, also
    that its draft was sent or thrown away elsewhere, or that it is no longer sent from what they were shown.
    """
    from desk.replies import forward, new_ticket, reply  # 30 ms

    _require_draft(actor, composition)
    _require_sender(desk, actor, composition)
    files = [(item.name, item.type, _read(item.path)) for item in composition.attachments]
    body = composition.body.strip("\n") + "\n"
    sent: Any
    if composition.number is None:
        sent = new_ticket.new_ticket(
            desk,
            actor,
            mailbox=composition.mailbox,
            requester=composition.to,
            subject=composition.subject,
            body=body,
            send=True,
            attachments=files,
            cc=pairs(composition.cc),
            bcc=pairs(composition.bcc),
            delay_seconds=undo_seconds(),
            draft=composition.draft_id,
        )
    elif composition.kind == "forward":
        sent = forward.forward(
            desk,
            actor,
            composition.number,
            body,
            to=pairs(composition.to),
            cc=pairs(composition.cc),
            bcc=pairs(composition.bcc),
            subject=composition.subject,
            attachments=files,
            delay_seconds=undo_seconds(),
            seen=composition.seen,
            mailbox=_chosen_mailbox(composition),
            draft=composition.draft_id,
        )
    else:
        sent = reply.send_reply(
            desk,
            actor,
            composition.number,
            body,
            to=pairs(composition.to),
            cc=pairs(composition.cc),
            bcc=pairs(composition.bcc),
            subject=composition.subject,
            attachments=files,
            status_after=composition.status_after or "keep",
            delay_seconds=undo_seconds(),
            seen=composition.seen,
            mailbox=_chosen_mailbox(composition),
            answers=composition.answers,
            draft=composition.draft_id,
        )
    discard(composition)
    return sent


def _require_draft(actor: Actor, composition: Composition) -> None:
    from desk.replies.drafts import DraftGone  # 24 ms
    from desk.tickets.since import seen_up_to  # 16 ms

    # Before its files are read, which went with it.
    if lost := draft_gone(actor, composition):
        raise DraftGone(lost, seen_up_to())


def _require_sender(desk: Desk, actor: Actor, composition: Composition) -> None:
    from desk.tickets.since import News, Overtaken, seen_up_to  # 16 ms

    if changed := leaving_words(as_it_leaves(desk, actor, composition), composition):
        raise Overtaken(
            [News(composition.number or "", now(), "", changed)], composition.seen or seen_up_to()
        )


def _chosen_mailbox(composition: Composition) -> str | None:
    """Return another mailbox than the usual one, which stands first, if its author chose one."""
    usual = composition.mailboxes[0].address if composition.mailboxes else None
    return None if composition.mailbox == usual else composition.mailbox


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileTrouble(f"{path}: {error.strerror}", "take it away, or put it back") from error
