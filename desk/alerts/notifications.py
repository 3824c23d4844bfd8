"""Mail to agents: a new ticket, a customer's answer, an assignment, what is overdue or did not arrive.

The life of a ticket leaves a notice of each; here it is decided whom it is told, and what became of that is
kept with it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from desk import logs, organizations, settings
from desk.acknowledged import acknowledged_lately
from desk.alerts import held, recipients
from desk.alerts.letter import letter, what_answers_do
from desk.alerts.mentions import mentioned
from desk.alerts.recipients import Meant
from desk.errors import DeskError, NotFound
from desk.mailboxes.routes import SendingRoute, find_sending_route
from desk.outbox.render import MailToSend, no_route_out, numbered_subject, queue_mail
from desk.permissions import EVERYTHING, FILTER, THE_DESK, Actor, actor_of
from desk.rules import read_rules
from desk.staff import vacation
from desk.staff.preferences import mail_language
from desk.tickets import closing, fields, lifecycle
from desk.tickets.reading import departments_of, may_read
from mail.compose.signed_tag import SignedTag
from mail.inert import one_line
from mail.mime.quotes.pieces import without
from models import (
    agents,
    contacts,
    deliveries,
    departments,
    listeners,
    messages,
    notices,
    teams,
    tickets,
    watches,
)
from models.blobs import BlobDamaged
from models.errors import DatabaseUnusable, StoreAway
from models.fields import as_json, utc_text, utc_time
from models.leases import LeaseLost
from models.notices import KINDS, HeldLine, NoticeKind, StoredNotice, WaitingNotice
from models.tickets import PRIORITIES
from models.transactions import DatabaseFailed, remembering, transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.rules import DeskRules
    from models.agents import StoredAgent
    from models.listeners import StoredListener
    from models.messages import WrittenText
    from models.tickets import TicketState

_AT_ONCE: Final = 500
"""Notices that are looked at in one transaction: a commit waits for the disk."""
_MAILS_AT_ONCE: Final = 20
"""Mails of one transaction: whoever writes waits for the commit."""
_SOON: Final = timedelta(hours=1)
"""Who is told so long after it was said was told at once."""
_TOO_OLD: Final = timedelta(days=1)
"""What happened earlier is no news: imported mail, a restored desk, a worker that was off."""
_MOST_IN_DIGEST: Final = 500

_OF_ONE: Final = ("assignee", "last respondent", "mentioned", "watching")
"""As whom somebody is told who is meant themselves: while they are away their stand-in is told too."""
_DEPARTMENT: Final = "department"
_STAND_IN: Final = "stand-in of "
_LOOKED_AT: Final = 20
"""Notices of a ticket among which that it is new is looked for."""
_FROM_CUSTOMERS: Final = ("new_ticket", "customer_wrote")


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice with whom it was told, or why nobody was."""

    id: int
    ticket: str | None
    kind: NoticeKind
    at: datetime
    told: datetime | None
    trace: Sequence[str]


def newest(limit: int, ticket_id: int | None = None, reader: Actor = THE_DESK) -> list[NoticeLine]:
    """Return what agents were told lately, newest first; of one ticket or of all."""
    return [_line(each) for each in notices.newest(limit, ticket_id, reader.reach)]


def notify(desk: Desk, moment: datetime) -> int:
    """Mail the agents what they are still to be told; returns how many mails there are.

    What lies too long ago is told to nobody, nor what agents did themselves. What cannot be told stops only
    itself: its trace and the log say why.
    """
    mails = 0
    mailer: _Mailer | None = None
    while notices.any_waiting():
        mailer = mailer or _Mailer(desk, read_rules(desk), moment)
        mailer.people = [each for each in agents.every() if each.active]
        waiting: Sequence[WaitingNotice] = ()
        try:
            with transaction(), remembering((), 1):
                waiting = notices.waiting(_AT_ONCE)
                of_tickets = {each.ticket_id for each in waiting if each.ticket_id is not None}
                tickets.know(of_tickets)
                watches.know(of_tickets)
                mails += _notify_some(mailer, waiting)
        except (DatabaseFailed, DatabaseUnusable, LeaseLost):
            raise
        except Exception:  # whichever it is, the others are told
            for notice in waiting:
                mails += _notify_apart(mailer, notice)
    return mails


def _notify_some(mailer: _Mailer, waiting: Sequence[WaitingNotice]) -> int:
    """Tell them until so many mails are written that the others are better left to the next transaction."""
    mails = 0
    for notice in waiting:
        mails += _notify_one(mailer, notice)
        if mails >= _MAILS_AT_ONCE:
            break
    return mails


@dataclass(slots=True)
class _Mailer:
    """What many notices are told with: read once for all of them."""

    desk: Desk
    rules: DeskRules
    moment: datetime
    people: Sequence[StoredAgent] = ()
    routes: dict[int | None, SendingRoute] = field(default_factory=dict)
    limit: int = field(default_factory=lambda: int(settings.get("notify.limit_hour")))
    enough: dict[str, str] = field(default_factory=dict)
    """Addresses that got as many mails within the hour as may be, and the words for it."""

    pushes: Sequence[StoredListener] = field(
        default_factory=lambda: [each for each in listeners.every("push") if each.agent_id is not None]
    )

    def push(self, listener: StoredListener, notice: WaitingNotice, ticket: TicketState, words: str) -> None:
        """Write the call that pushes a notice, in the caller's transaction."""
        delivery, who = os.urandom(16).hex(), tickets.names(ticket.id)
        told = {
            "delivery": delivery,
            "event": notice.kind,
            "detail": {"text": words},
            "ticket": {
                "number": ticket.number,
                "subject": ticket.subject,
                "department": self.rules.departments[ticket.department_id].name,
                "status": ticket.status,
                "requester": {"name": who.requester or "", "email": who.requester_email},
            },
        }
        moment = utc_text(self.moment)
        listeners.write_call(
            *(listener.id, delivery, notice.kind, as_json(told)),
            created=moment,
            not_before=moment,
            ticket_id=ticket.id,
        )

    def route_of(self, sender: int | None) -> SendingRoute:
        """Return the way out for a mailbox's mail; raises as `find_sending_route` does."""
        found = self.routes.get(sender)
        if found is None:
            found = self.routes[sender] = find_sending_route(sender)
        return found

    def enough_for(self, address: str) -> str:
        """Say why no more mail goes to an address within this hour; '' when it may."""
        if address not in self.enough:
            sent = deliveries.alerts_since(address, utc_text(self.moment - timedelta(hours=1)))
            if sent < self.limit:
                return ""
            self.enough[address] = f"got {sent} mails within an hour (notify.limit_hour)"
        return self.enough[address]


def _notify_one(mailer: _Mailer, notice: WaitingNotice) -> int:
    notification = _Notification(mailer, notice)
    if why := notification.no_news():
        notices.deal_with(notice.id, utc_text(mailer.moment), [f"nobody: {why}"])
        return 0
    mails = notification.mail_them()
    notices.deal_with(notice.id, utc_text(mailer.moment), notification.trace)
    return mails


def _notify_apart(mailer: _Mailer, notice: WaitingNotice) -> int:
    """Tell one notice by itself; a fault of it is written down, and it waits no more."""
    try:
        with transaction():
            # Another process may have told it since it was read.
            return _notify_one(mailer, notice) if notices.is_waiting(notice.id) else 0
    except (DatabaseFailed, DatabaseUnusable, LeaseLost):
        raise
    except Exception as error:
        why = one_line(f"{type(error).__name__}: {error}", 200)
    with transaction():
        if notices.is_waiting(notice.id):
            trace = [f"nobody: it could not be told, {why}"]
            notices.deal_with(notice.id, utc_text(mailer.moment), trace)
            words = f"notice {notice.id} could not be told: {why}"
            logs.write("error", "alert", words, ticket_id=notice.ticket_id)
    return 0


def notify_held(desk: Desk, moment: datetime) -> int:
    """Mail agents what was kept for them until now, each in one mail; returns how many mails there are.

    A single notice is told as if it came just now, so that it can be answered. What cannot be told stops only
    itself: its trace and the log say why.
    """
    mails = 0
    for agent_id in notices.held_for(utc_text(moment)):
        mailer = _Mailer(desk, read_rules(desk), moment)
        mailer.people = [each for each in agents.every() if each.active]
        agent = next((each for each in agents.every() if each.id == agent_id), None)
        lines = notices.held(agent_id, utc_text(moment), _MOST_IN_DIGEST)
        try:
            mails += _notify_together(mailer, agent, lines)
        except (DatabaseFailed, DatabaseUnusable, LeaseLost):
            raise
        except Exception:
            mails += sum(_notify_held_apart(mailer, agent, line) for line in lines)
    return mails


def _notify_together(mailer: _Mailer, agent: StoredAgent | None, lines: Sequence[HeldLine]) -> int:
    with transaction():
        mine = [each for each in lines if notices.let_go(each.id)]
        notifications = [(each, _held(mailer, each.notice_id)) for each in mine]
        kept = [(line, notification) for line, notification in notifications if notification is not None]
        if agent is None:
            return 0
        theirs = [(line, notification) for line, notification in kept if not notification.left(agent)]
        mails = _notify_kept(mailer, agent, theirs)
        others: dict[int, tuple[StoredAgent, list[tuple[HeldLine, _Notification]]]] = {}
        for line, notification in kept:
            if why := notification.left(agent):
                other, said = notification.in_their_place(agent, line)
                notices.add_to_trace(line.notice_id, f"{agent.login}: not told, {why}{said}")
                if other is not None:
                    line = line._replace(word=f"{_STAND_IN}{agent.login}")
                    others.setdefault(other.id, (other, []))[1].append((line, notification))
        return mails + sum(_notify_kept(mailer, other, lines) for other, lines in others.values())


def _notify_held_apart(mailer: _Mailer, agent: StoredAgent | None, line: HeldLine) -> int:
    """Tell one that was kept by itself; a fault of it is written down, and it is kept no more."""
    try:
        return _notify_together(mailer, agent, [line])
    except (DatabaseFailed, DatabaseUnusable, LeaseLost):
        raise
    except Exception as error:
        why = one_line(f"{type(error).__name__}: {error}", 200)
    with transaction():
        if notices.let_go(line.id):
            who = "an agent" if agent is None else agent.login
            notices.add_to_trace(line.notice_id, f"{who}: it could not be told, {why}")
            logs.write("error", "alert", f"notice {line.notice_id} could not be told to {who}: {why}")
    return 0


def _held(mailer: _Mailer, notice_id: int) -> _Notification | None:
    notice = notices.by_id(notice_id)
    return None if notice is None else _Notification(mailer, notice)


def _notify_kept(mailer: _Mailer, agent: StoredAgent, kept: Sequence[tuple[HeldLine, _Notification]]) -> int:
    wanted: list[tuple[HeldLine, _Notification]] = []
    for line, notification in kept:
        refused = notification.refused(agent)
        if refused:
            notices.add_to_trace(line.notice_id, f"{agent.login}: not told, {refused}")
        elif (later := notification.kept_again(agent, line)) is not None:
            notices.add_to_trace(line.notice_id, later)
        else:
            wanted.append((line, notification))
    if not wanted:
        return 0
    try:
        if len(wanted) == 1:
            line, notification = wanted[0]
            route = mailer.route_of(notification.sender)
            mail, said = notification.mail(agent, line.word), f"mailed as {line.word}"
        else:
            route = mailer.route_of(None)
            mail, said = _digest(agent, [notification for _, notification in wanted]), "mailed in a digest"
    except DeskError as error:
        for line, _ in wanted:
            notices.add_to_trace(line.notice_id, f"{agent.login}: not told, {error}")
        return 0
    delivery = queue_mail(mailer.desk, mail, route).delivery_id
    for line, _ in wanted:
        notices.add_to_trace(line.notice_id, f"{agent.login}: {said} (delivery {delivery})")
    return 1


def _was_told(agent: StoredAgent, trace: Sequence[str]) -> bool:
    """Whether a trace says that an agent was mailed, or that it is kept for them."""
    return any(line.startswith((f"{agent.login}: mailed", f"{agent.login}: as ")) for line in trace)


def _digest(agent: StoredAgent, notifications: Sequence[_Notification]) -> MailToSend:
    """Return one mail of many notices: for each kind its text, and below it the tickets."""
    from desk.templates.texts import Places, text  # 3 ms, for mail that leaves

    language = mail_language(agent.preferences)
    first = text("digest", language, Places(), {}).strip()
    parts = [first]
    for what in dict.fromkeys(each.what for each in notifications):
        of_it = [each for each in notifications if each.what == what]
        parts += ["", of_it[0].first_words(language), "", *(each.line for each in of_it)]
    return MailToSend(
        kind="alert",
        mailbox_id=None,
        to=[(agent.name, agent.email)],
        subject=f"{one_line(first.partition(chr(10))[0], 150).rstrip('.。')} ({len(notifications)})",
        text="\n".join(parts),
        automatic="auto-generated",
        null_sender=True,
    )


def forget_old(moment: datetime) -> None:
    """Delete what was told as long ago as log lines are kept, in small transactions."""
    before = utc_text(moment - timedelta(days=int(settings.get("logs.keep_days"))))
    deleted = _AT_ONCE
    while deleted:
        with transaction():
            deleted = notices.purge(before, 1_000)


def wants(preferences: Mapping[str, Any], kind: NoticeKind) -> bool:
    """Whether an agent wants mail of such a thing: everything, unless they chose."""
    chosen = preferences.get("notify")
    return chosen is None or kind in chosen or kind not in KINDS


class _Notification:
    """One notice while it is told, and the trace of that. Raises LookupError when its ticket is gone."""

    def __init__(self, mailer: _Mailer, notice: WaitingNotice) -> None:
        ticket = tickets.read(notice.ticket_id)
        if ticket is None:
            raise LookupError(f"notice {notice.id} is of no ticket")
        self._mailer, self._desk, self._rules = mailer, mailer.desk, mailer.rules
        self._people, self._moment = mailer.people, mailer.moment
        self._notice, self._ticket = notice, ticket
        self._mentioned = self._named_in_note()
        self.trace: list[str] = []

    def _named_in_note(self) -> list[StoredAgent]:
        """Return the agents whom an agent's note names."""
        notice = self._notice
        if notice.kind != "noted" or notice.message_id is None or not self._is_of_people:
            return []
        written = messages.text_of(notice.message_id)
        logins = mentioned(without(written.text, written.folds)) if written is not None else frozenset()
        return [each for each in self._people if each.login.lower() in logins]

    @property
    def _is_of_people(self) -> bool:
        """Whether somebody of the desk did it, who may be no agent; a filter writes what strangers wrote."""
        by = self._notice.detail.get("by")
        return self._notice.agent_id is not None or (bool(by) and by != FILTER.login)

    @property
    def what(self) -> str:
        """The text that tells it."""
        if self._is_of_waking:
            return "woken"
        return "outsider_wrote" if self._from_outside else self._notice.kind

    @property
    def _is_of_waking(self) -> bool:
        """Whether a ticket is awake again: nobody asked for that to be told but the setting."""
        return self._notice.kind == "asked" and bool(self._notice.detail.get("woken"))

    @property
    def sender(self) -> int | None:
        """The mailbox that mail of it is from."""
        return self._rules.sender_of(self._ticket.department_id, self._ticket.mailbox_id)

    @property
    def line(self) -> str:
        """The notice in a line of a digest, which Markdown leaves alone."""
        at = utc_time(self._notice.at).astimezone(self._desk.zone)
        subject = one_line(self._ticket.subject, 150)
        return f"    {at:%Y-%m-%d %H:%M}  #{self._ticket.number} {subject}".rstrip()

    def mail_them(self) -> int:
        """Put the mails into the outbox, in the caller's transaction; returns how many."""
        if self._notice.kind == "asked" and self._notice.whom == closing.TELL_REQUESTER:
            return self._mail_closing()
        if self._notice.kind == "asked" and self._notice.whom.startswith("mail:"):
            return self._mail_canned(*self._notice.whom.removeprefix("mail:").split("=", 1))
        outside = self._notice.whom.partition(":")[0]
        if self._notice.kind == "asked" and outside in ("webhook", "push"):
            self.trace.append(f"{self._notice.whom}: called (nightdesk {outside} log)")
            return 0
        meant = self._meant_words()
        chosen = self._chosen(meant)
        if not chosen:
            empty = not any(each.words for each in meant)
            said_by = meant[0].said_by
            why = f"{said_by} is empty" if empty else f"{said_by} names nobody who is there"
            self.trace.append(f"nobody: {why}")
            return 0
        route = self._route()
        if route is None:
            self.trace.append("nobody: no mailbox can send it")
            return 0
        mails = 0
        for agent, word in chosen:
            refused = self.refused(agent)
            if refused:
                self.trace.append(f"{agent.login}: not told, {refused}")
                continue
            if self._told_as_new(agent):
                self.trace.append(f"{agent.login}: not told, was told of the new ticket")
                continue
            later = self._later(agent)
            if later is not None:
                notices.hold(self._notice.id, agent.id, word, utc_text(later.due))
                self.trace.append(self._kept_words(agent, word, later))
                continue
            delivery = queue_mail(self._desk, self.mail(agent, word), route).delivery_id
            self.trace.append(f"{agent.login}: mailed as {word} (delivery {delivery})")
            self._push(agent)
            mails += 1
        return mails

    def left(self, agent: StoredAgent) -> str:
        """Say why an agent for whom it was kept is not there to be told; '' when they are."""
        if not agent.active:
            return "is switched off"
        return "is away" if self._is_away(agent) else ""

    def in_their_place(self, agent: StoredAgent, line: HeldLine) -> tuple[StoredAgent | None, str]:
        """Return who is told in the place of an agent who left since it was kept, and what is said of that.

        As what somebody is told themselves their stand-in is, unless they were told of it anyway.
        """
        if line.word.partition(" (")[0] not in _OF_ONE:
            return None, ""
        other = vacation.in_place_of(agent, self._people, self._moment)
        if other is None:
            return None, ", nobody stands in"
        if _was_told(other, notices.trace_of(line.notice_id)):
            return None, f", {other.login} was told"
        return other, f", {other.login} stands in"

    def kept_again(self, agent: StoredAgent, line: HeldLine) -> str | None:
        """Keep it for a stand-in who is told nothing now, either; says so, None when it is not kept."""
        if not line.word.startswith(_STAND_IN):
            return None
        later = self._later(agent)
        if later is None:
            return None
        notices.hold(line.notice_id, agent.id, line.word, utc_text(later.due))
        return self._kept_words(agent, line.word, later)

    def _kept_words(self, agent: StoredAgent, word: str, later: held.Until) -> str:
        zone = held.zone_of(agent.preferences, self._desk.zone)
        return f"{agent.login}: as {word}, kept until {held.shown(later.due, zone)}: {later.why}"

    def _told_as_new(self, agent: StoredAgent) -> bool:
        """Whether an agent who is given a new ticket by the desk was told of that as of a new one."""
        if self._notice.kind != "assigned" or self._is_of_people:
            return False
        for each in notices.newest(_LOOKED_AT, self._ticket.id):
            # Told before, it did not say whose the ticket is.
            if each.kind == "new_ticket" and each.told is not None and each.told >= self._notice.at:
                return _was_told(agent, each.trace)
        return False

    def _mail_canned(self, who: str, answer: str) -> int:
        """Mail a canned answer because a filter says so, as far as that is no flood; returns how many."""
        to = self._person(who)
        refused = self._no_canned(who, to)
        route = None if refused else self._route()
        if refused or route is None:
            self.trace.append(f"{who}: not mailed, {refused or 'no mailbox can send it'}")
            return 0
        from desk import canned_answers  # 3 ms, for filters that mail
        from desk.tickets import detail  # 5 ms, for filters that mail

        try:
            filled = canned_answers.fill_unread(answer, detail.show(self._ticket.number))
        except DeskError as error:
            self.trace.append(f"{who}: not mailed, {error}")
            return 0
        to_customer = who == "requester"
        mail = MailToSend(
            kind="acknowledgement" if to_customer else "alert",
            mailbox_id=self.sender,
            answers_to=self._ticket.mailbox_id,
            to=[to],
            subject=numbered_subject(self._ticket.subject, self._ticket.number, reply=to_customer),
            text=filled.text,
            ticket_id=self._ticket.id,
            automatic="auto-replied" if to_customer else "auto-generated",
            null_sender=True,
        )
        delivery = queue_mail(self._desk, mail, route).delivery_id
        self.trace.append(f"{who}: mailed '{answer}' (delivery {delivery})")
        return 1

    def _mail_closing(self) -> int:
        """Tell the requester that their ticket is closed unless they write; returns how many mails."""
        if self._ticket.closing is None:
            self.trace.append("requester: not mailed, it is not to be closed any more")
            return 0
        noted = utc_time(self._notice.at)
        if self._moment - noted > _SOON:
            put_off = self._moment + (utc_time(self._ticket.closing) - noted)
            lifecycle.closing_put_off(self._ticket.id, put_off)
        to = self._person("requester")
        # Whether it would be too many was asked before the closing was decided on.
        refused = self._no_answer(to[1]) or self._machine()
        route = None if refused else self._route()
        if refused or route is None:
            self.trace.append(f"requester: not mailed, {refused or 'no mailbox can send it'}")
            if not refused:
                lifecycle.closing_ended(self._ticket.id)
            return 0
        from desk import canned_answers  # 3 ms, for tickets that are closed by themselves
        from desk.templates import texts
        from desk.tickets import detail  # 5 ms, for tickets that are closed by themselves

        known = canned_answers.facts(THE_DESK, detail.show(self._ticket.number))
        kept = contacts.read(self._ticket.contact_id).language
        chosen = texts.customers_language(str(known["message"]["text"]), kept)
        department = self._ticket.department_id
        places = texts.Places(self._ticket.mailbox_id or 0, self._ticket.topic_id or 0, department)
        said = texts.mail_text("closing", chosen, places, known)
        mail = MailToSend(
            kind="acknowledgement",
            mailbox_id=self.sender,
            answers_to=self._ticket.mailbox_id,
            to=[to],
            subject=numbered_subject(
                said.subject or self._ticket.subject, self._ticket.number, reply=not said.subject
            ),
            text=said.text,
            ticket_id=self._ticket.id,
            automatic="auto-generated",
            null_sender=True,
        )
        delivery = queue_mail(self._desk, mail, route).delivery_id
        self.trace.append(f"requester: told that it is to be closed (delivery {delivery})")
        return 1

    def _person(self, who: str) -> tuple[str, str]:
        if who == "requester":
            names = tickets.names(self._ticket.id)
            return names.requester or "", names.requester_email
        login = who.removeprefix("agent:")
        agent = next(
            (each for each in self._people if who.startswith("agent:") and each.login == login), None
        )
        if agent is not None:
            return agent.name, agent.email
        return "", "" if who.startswith("agent:") else who

    def _no_canned(self, who: str, to: tuple[str, str]) -> str:
        """Why a filter's mail does not go to somebody; '' when it does. A machine is never written to."""
        address = to[1]
        nowhere = self._no_answer(address)
        if nowhere:
            return nowhere
        if who != "requester":
            return self._mailer.enough_for(address)
        machine = self._machine()
        if machine:
            return machine
        if not self._rules.acknowledge:
            return "switched off in the settings (mail.acknowledge)"
        since = utc_text(self._moment - timedelta(hours=1))
        if deliveries.automatic_since(self._ticket.id, since):
            return "this ticket was answered by itself within the hour"
        return acknowledged_lately(self._moment).too_many(address, self._rules)

    def _no_answer(self, address: str) -> str:
        """Why there is nobody to write to at an address; '' where there may be."""
        if "@" not in address:
            return "has no mail address"
        return f"{address} is an address of this desk" if self._rules.own.is_own(address) else ""

    def _machine(self) -> str:
        """Why the newest mail from outside is not answered by a machine; '' where it may be, or is none."""
        from desk.tickets import detail  # 5 ms, for filters that mail
        from mail.mime import automated, message  # 12 ms, for mail that is read

        newest = messages.newest_from_outside(self._ticket.id)
        try:
            raw = None if newest is None else detail.raw_message(newest)
        except NotFound:
            raw = None  # it came by no mail
        except (BlobDamaged, StoreAway) as error:
            return f"the last mail cannot be read ({error})"
        judged = None if raw is None else automated.classify(message.parse(raw))
        if judged is None or judged.acknowledge:
            return ""
        return f"the last mail is not to be answered ({judged.reason})"

    def _push(self, agent: StoredAgent) -> None:
        """Have it pushed to the agent's own addresses too."""
        for listener in self._mailer.pushes:
            if listener.agent_id == agent.id and listener.active:
                words = self.first_words(mail_language(agent.preferences))
                self._mailer.push(listener, self._notice, self._ticket, words)
                self.trace.append(f"{agent.login}: pushed by {listener.name}")

    def _later(self, agent: StoredAgent) -> held.Until | None:
        """Return until when an agent is not told; of an answer nobody is while it can be taken back."""
        found = held.until(agent.preferences, self._moment, self._desk.zone)
        message_row = self._notice.message_id
        if self._notice.kind != "answered" or message_row is None:
            return found
        leaves = deliveries.leaves(message_row)
        if leaves is None or utc_time(leaves) <= self._moment or leaves == deliveries.HELD_UNTIL:
            return found
        if found is not None and found.due >= utc_time(leaves):
            return found
        return held.Until(utc_time(leaves), "the answer can be taken back until then")

    @property
    def _event(self) -> NoticeKind:
        # What comes back from somebody it was forwarded to is awaited as a customer's mail is.
        return "customer_wrote" if self._from_outside else self._notice.kind

    @property
    def _from_outside(self) -> bool:
        by = self._notice.detail.get("by")
        return self._notice.kind == "noted" and self._notice.agent_id is None and not by

    def no_news(self) -> str:
        """Say why nobody is told of it any more; '' when somebody may be."""
        age = self._moment - utc_time(self._notice.at)
        if self._notice.kind == "new_ticket":
            age = self._moment - utc_time(self._ticket.created)
        if age > _TOO_OLD and self._notice.whom != closing.TELL_REQUESTER:
            return "it happened more than a day before"
        if self._notice.kind in ("new_ticket", "due_soon", "overdue") and self._ticket.status == "closed":
            return "the ticket is closed already"
        return ""

    def _meant_words(self) -> list[Meant]:
        if self._is_of_waking:
            return recipients.meant("woken", self._ticket, self._moment, self._desk.zone)
        if self._notice.kind == "asked":
            said_by = f"the filter '{one_line(str(self._notice.detail.get('filter', '')), 60)}'"
            return [Meant([self._notice.whom], said_by)]
        return recipients.meant(self._event, self._ticket, self._moment, self._desk.zone)

    def _chosen(self, meant: Sequence[Meant]) -> list[tuple[StoredAgent, str]]:
        """Whom the settings, rows and watches mean, each once, with the word that means them."""
        found = {agent.id: (agent, "mentioned") for agent in self._mentioned}
        for each in meant:
            said_by = "" if each.said_by.startswith("notify.") else f" ({each.said_by})"
            for word in each.words:
                for agent in self._meant(word):
                    found.setdefault(agent.id, (agent, f"{word.replace('_', ' ')}{said_by}"))
        watching = watches.of(self._ticket.id)
        for agent in self._people:
            if agent.id in watching:
                found.setdefault(agent.id, (agent, "watching"))
        nobodys = self._owner is None and self._ticket.team_id is None
        department = (_DEPARTMENT, "assignee") if nobodys else (_DEPARTMENT,)
        of_it = [agent for agent, word in found.values() if word.partition(" (")[0] in department]
        left = bool(of_it) and all(map(self._is_away, of_it))
        stands_for = (*_OF_ONE, _DEPARTMENT) if left else _OF_ONE
        for agent, word in list(found.values()):
            if word.partition(" (")[0] in stands_for and (other := self._stand_in(agent)) is not None:
                found.setdefault(other.id, (other, f"{_STAND_IN}{agent.login}"))
        if left and all(self._is_away(agent) for agent, _ in found.values()):
            for agent in self._people:
                if agent.department_id is None:
                    found.setdefault(agent.id, (agent, f"{_DEPARTMENT}, whose agents are all away"))
        return list(found.values())

    @property
    def _owner(self) -> StoredAgent | None:
        """Whose the ticket is; who was switched off owns nothing any more."""
        return next((each for each in self._people if each.id == self._ticket.assignee_id), None)

    def _is_away(self, agent: StoredAgent) -> bool:
        return vacation.is_away(agent.preferences, self._moment)

    def _stand_in(self, agent: StoredAgent) -> StoredAgent | None:
        return vacation.stand_in(agent, self._people, self._moment)

    def _meant(self, word: str) -> list[StoredAgent]:
        ticket = self._ticket
        kind, _, name = word.partition(":")
        if kind == "agent":
            return [each for each in self._people if each.login == name]
        if kind == "team" and (name or ticket.team_id is not None):
            team = teams.named(name) if name else None
            within = teams.members_of(team.id if team is not None else ticket.team_id or 0)
            return [each for each in self._people if each.id in {one.agent_id for one in within}]
        if word == "team_lead" and ticket.team_id is not None:
            lead = teams.by_id(ticket.team_id).lead_id
            return [each for each in self._people if each.id == lead]
        if word == "account_owner":
            owner = organizations.account_owner(ticket.contact_id)
            return [each for each in self._people if each.id == owner]
        if word == "manager":
            manager = departments.manager_of(ticket.department_id)
            return [each for each in self._people if each.id == manager]
        if word == "everybody":
            return list(self._people)
        if word == "admins":
            return [each for each in self._people if EVERYTHING in each.actions]
        if word == "last_respondent":
            answered = messages.last_answered_by(ticket.id)
            return [each for each in self._people if each.id == answered]
        if word == "assignee" and self._owner is not None:
            return [self._owner]
        if word == "assignee" and ticket.team_id is not None:
            return self._meant("team")
        if word not in ("assignee", "department"):
            return []
        wanted = departments_of(ticket)
        bound = [each for each in self._people if each.department_id is not None]
        of_it = [each for each in bound if any(map(actor_of(each).works_in, wanted))]
        return of_it or [each for each in self._people if each.department_id is None]

    def refused(self, agent: StoredAgent) -> str:
        """Say why this agent gets no mail of it; '' when they get one."""
        if agent.id == self._notice.agent_id:
            return "did it"
        if not may_read(actor_of(agent), self._ticket):
            return "may not read it"
        if not agent.email:
            return "has no mail address"
        if self._rules.own.is_own(agent.email):
            return f"{agent.email} is an address of this desk"
        if self._is_away(agent):
            return "is away"
        if not wants(agent.preferences, self._notice.kind):
            return "does not want it"
        return self._mailer.enough_for(agent.email)

    def _route(self) -> SendingRoute | None:
        try:
            route = self._mailer.route_of(self.sender)
        except DeskError as error:
            self.trace.append(str(error))
            return None
        if not route.open:
            self.trace.append(no_route_out(route.sender.address))
            return None
        return route

    def mail(self, agent: StoredAgent, word: str) -> MailToSend:
        """Return the mail that tells an agent of it, as whom the word says."""
        ticket, notice = self._ticket, self._notice
        by_customer = notice.kind in _FROM_CUSTOMERS
        return MailToSend(
            kind="alert",
            mailbox_id=self.sender,
            answers_to=ticket.mailbox_id,
            to=[(agent.name, agent.email)],
            subject=numbered_subject(ticket.subject, ticket.number, reply=False),
            text=self._text(by_customer, agent, word),
            ticket_id=ticket.id,
            automatic="auto-generated",
            null_sender=True,
            tag=SignedTag("reply" if by_customer else "note", ticket.id, agent.id),
        )

    def _text(self, by_customer: bool, agent: StoredAgent, word: str) -> str:
        """Return the mail's Markdown; what strangers wrote stands in a block that it leaves alone."""
        ticket = self._ticket
        message_row = self._notice.message_id
        if message_row is None and self._notice.kind == "new_ticket":
            message_row = messages.first_of(ticket.id)
        written = None if message_row is None else messages.text_of(message_row)
        language = mail_language(agent.preferences)

        def words(name: str, *, block: bool = False) -> str:
            return self._words(name, language, block=block, **_said_by(written))

        return letter(
            words,
            self.what,
            what_answers_do(signed=bool(settings.get("mail.signed_addresses")), to_customer=by_customer),
            None if written is None else without(written.text, written.folds),
            self._stands_in(language, word),
        )

    def _stands_in(self, language: str, word: str) -> list[str]:
        """Say that an agent is told because they stand in for another, in a paragraph of its own."""
        login = word.removeprefix(_STAND_IN)
        away = next((each for each in self._people if each.login == login), None)
        if away is None or login == word:
            return []
        return ["", self._words("stand_in", language, away={"name": away.name, "login": away.login})]

    def first_words(self, language: str) -> str:
        """Return what it is, in the desk's words."""
        return self._words(self.what, language)

    def _words(self, name: str, language: str, *, block: bool = False, **more: Mapping[str, Any]) -> str:
        from desk.templates.texts import Places, text  # 3 ms, for mail that leaves

        ticket = self._ticket
        owner = next((each for each in self._people if each.id == ticket.assignee_id), None)
        topic, who = self._rules.topics.get(ticket.topic_id or 0), tickets.names(ticket.id)
        facts: dict[str, Mapping[str, Any]] = {
            "ticket": {
                "number": ticket.number,
                "subject": one_line(ticket.subject),
                "status": ticket.status,
                "priority": PRIORITIES[ticket.priority],
                "department": self._rules.departments[ticket.department_id].name,
                "topic": "" if topic is None else topic.name,
                "tags": list(tickets.tags(ticket.id)),
                "created": ticket.created[:10],
            },
            "requester": {"name": who.requester or who.requester_email, "email": who.requester_email},
            "owner": {
                "name": "" if owner is None else owner.name,
                "login": "" if owner is None else owner.login,
            },
            "fields": fields.facts(ticket.id, ticket.contact_id),
            **more,
        }
        places = Places(ticket.mailbox_id or 0, ticket.topic_id or 0, ticket.department_id)
        return text(name, language, places, facts, block=block).rstrip("\n")


def _said_by(written: WrittenText | None) -> dict[str, Mapping[str, str]]:
    """Return what the text may name that says who wrote; empty where nobody did."""
    if written is None:
        return {}
    return {
        "message": {
            "sender": written.sender_name or written.sender_email,
            "email": written.sender_email,
            "subject": "",
            "text": "",
            "at": "",
        }
    }


def _line(stored: StoredNotice) -> NoticeLine:
    told = None if stored.told is None else utc_time(stored.told)
    return NoticeLine(stored.id, stored.number, stored.kind, utc_time(stored.at), told, stored.trace)
