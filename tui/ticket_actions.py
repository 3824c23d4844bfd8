"""What can be done to tickets, the same from the list and from the thread."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, TypeVar

from config.records import Record
from desk.errors import Refused
from tui.commands import Command, CommandNode, command
from tui.desk_calls import desk_app
from tui.text.safe import cell, line
from tui.user_commands import Place, begin, offer
from tui.widgets.came_since import CameSince, news_lines, writer_lines
from tui.widgets.line_input import LineInput
from tui.widgets.menu import Menu, MenuItem, lettered

if TYPE_CHECKING:
    from desk.permissions import Actor
    from desk.replies.suggestions import Suggestions
    from desk.statuses import StatusLine
    from desk.tickets.since import SeenUpTo
    from models.drafts import DraftKind

P = ParamSpec("P")
T = TypeVar("T")

STATES = (
    MenuItem("n", "new", "new"),
    MenuItem("o", "open", "open"),
    MenuItem("w", "waiting for the customer", "waiting"),
    MenuItem("c", "closed", "closed"),
)
PRIORITIES = (
    MenuItem("u", "urgent  !!", "urgent"),
    MenuItem("h", "high    !", "high"),
    MenuItem("n", "normal", "normal"),
    MenuItem("l", "low     -", "low"),
)
PRIORITY_NAMES = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
NOBODY = ""
MATTERS = (
    MenuItem("m", "merge into another ticket", "merge"),
    MenuItem("t", "take a merged one out again", "unmerge"),
    MenuItem("l", "link to another ticket", "link"),
    MenuItem("r", "another requester", "requester"),
    MenuItem("c", "people in Cc", "cc"),
    MenuItem("o", "the requester: tickets, addresses, answers", "person"),
    MenuItem("k", "what is kept of the requester", "contact"),
)
MATTER_PROMPTS = {
    "merge": ("Merge into number:", "another ticket's number"),
    "link": ("Link (blocks, duplicates or relates, and a number):", "duplicates 1042"),
    "requester": ("Requester:", "ana@corp.example"),
    "cc": ("Cc (address adds, -address removes):", "tom@corp.example -eve@corp.example"),
}


def _needs_ticket(screen: TicketActions) -> str | None:
    return None if screen.chosen_numbers() else "there is no ticket here"


def _needs_closed(screen: TicketActions) -> str | None:
    if "closed" in screen.chosen_states():
        return None
    count = len(screen.chosen_numbers())
    return (
        "none of them is closed" if count > 1 else "it is not closed" if count else "there is no ticket here"
    )


def _needs_user_command(screen: TicketActions) -> str | None:
    if not desk_app(screen).user_commands.of(screen.PLACE_OF_COMMANDS):
        return "there are none: docs/user-commands.md says how to make one"
    return _needs_ticket(screen)


def _which(numbers: Sequence[str]) -> str:
    return f"#{numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} tickets"


def _naming(words: str, numbers: Sequence[str]) -> str:
    """Put the tickets where the words have ``{}``; what a person typed stands behind it, braces and all."""
    return words.replace("{}", _which(numbers), 1)


class Meant(Record):
    """The tickets that a key was pressed for, the one under the cursor, and how far the agent knows them."""

    numbers: list[str]
    current: str | None
    known: Mapping[str, SeenUpTo]


class TicketActions(CommandNode):
    """Mixed into a screen that can say which tickets are meant."""

    ID_PREFIX = "ticket"
    GROUP = "Tickets"
    _changed_last = ""
    _meant: Meant | None = None
    """Those of what is being done now, where it was asked about before; None: those that are chosen now."""
    _prompted: Callable[[LineInput.Answered], bool] | None = None
    _question = ""
    _answered: LineInput.Answered | None = None
    """What is being done was typed at this prompt."""

    def chosen_numbers(self) -> list[str]:
        """Return the tickets the next change is for."""
        return []

    def current_number(self) -> str | None:
        """Return the one ticket that is read, answered or copied."""
        return None

    def current_tags(self) -> Sequence[str]:
        """Return tags of the one ticket, when a change is for one ticket only."""
        return ()

    def chosen_states(self) -> set[str]:
        """Return the states of the tickets the next change is for."""
        return set()

    def current_state(self) -> str | None:
        """Return the state that all chosen tickets have, by the desk's own name of it where it has one."""
        return None

    def current_priority(self) -> str | None:
        """Return the priority of the one ticket, when a change is for one ticket only."""
        return None

    def chosen_pinned(self) -> bool:
        """Whether all tickets that the next change is for are pinned."""
        return False

    def known(self) -> Mapping[str, SeenUpTo]:
        """Return how far the desk had come when the agent looked at each of these tickets."""
        return {}

    def was_told(self, seen_up_to: SeenUpTo, numbers: Sequence[str]) -> None:
        """Record that the agent has been shown what came to these tickets until then."""

    @property
    def meant(self) -> Meant:
        """The tickets that what is done now is for."""
        return self._meant or Meant(self.chosen_numbers(), self.current_number(), self.known())

    def _to_these(self, act: Callable[P, T]) -> Callable[P, T]:
        """Return what does something later to the tickets that are meant now.

        While a menu, a line or a question is open, or the desk is asked, another ticket may get under the
        cursor: a colleague closed this one, and it left the list.
        """
        meant = self.meant

        def do(*args: P.args, **kwargs: P.kwargs) -> T:
            before, self._meant = self._meant, meant
            try:
                return act(*args, **kwargs)
            finally:
                self._meant = before

        return do

    def will_change(self) -> None:
        """Prepare for the agent's own change: the list keeps its order under the cursor."""

    def ticket_changed(self) -> None:
        """Show a change that was made."""

    @command("reply", "r", "Reply", footer="reply", may="ticket.reply", enabled=_needs_ticket)
    def action_reply(self) -> None:
        """Answer the requester."""
        self._write_on("reply", False)

    @command(
        "reply_all",
        "R",
        "Reply all",
        footer="reply-all",
        wide=True,
        may="ticket.reply",
        enabled=_needs_ticket,
    )
    def action_reply_all(self) -> None:
        """Answer everybody in To and Cc."""
        self._write_on("reply", True)

    @command(
        "forward", "f", "Forward", footer="forward", wide=True, may="ticket.reply", enabled=_needs_ticket
    )
    def action_forward(self) -> None:
        """Forward the message to a third party; the answer comes back as an internal note."""
        self._write_on("forward", False)

    @command("note", "i", "Note", footer="note", may="ticket.note", enabled=_needs_ticket)
    def action_note(self) -> None:
        """Write an internal note; no mail goes out."""
        self._write_on("note", False)

    def _write_on(self, kind: DraftKind, to_all: bool) -> None:
        number = self.current_number()
        if number is not None:
            self.will_change()
            whose = {"reply": self.answered_message, "forward": self.forwarded_message}
            answers = whose[kind]() if kind in whose else None
            desk_app(self).navigation.compose_answer(number, kind, to_all=to_all, answers=answers)

    def forwarded_message(self) -> int | None:
        """Return the message that is being forwarded; None: the customer's newest."""
        return None

    def answered_message(self) -> int | None:
        """Return the message that is being answered; None: the customer's newest."""
        return None

    def copy_choices(self) -> list[tuple[str, str, str]]:
        """Return (letter, what, text) of what can be copied here."""
        return []

    @command("assign", "a", "Assign", footer="assign", may="ticket.assign", enabled=_needs_ticket)
    def action_assign(self) -> None:
        """Give the ticket to an agent or a team, or to nobody."""
        from desk.staff import agents, teams  # 31 ms

        self.in_thread(lambda: (agents.agents(), teams.teams())).before_next_key(
            self._to_these(self._offer_owners), group="agents"
        )

    def _offer_owners(self, found: tuple[Sequence[Any], Sequence[Any]]) -> None:
        agents, teams = found
        zone = desk_app(self).desk.zone
        away = {agent.login: agent.away_words(zone) for agent in agents if agent.active}
        people = [
            (agent.login, f"{agent.login}  {agent.name}" + f"  {away[agent.login]}" * bool(away[agent.login]))
            for agent in agents
            if agent.active
        ]
        people += [(f"team:{team.name}", f"{team.name}  team") for team in teams if team.active]
        items = [*lettered(people, taken="0"), MenuItem("0", "nobody", NOBODY)]
        self._menu("Assign to", items, lambda login: self._assign(login, away.get(login, "")))

    def _assign(self, login: str, away: str = "") -> None:
        from desk.tickets import changes  # 30 ms

        words = f"to {login.replace('team:', 'the team ')}" if login else "to nobody"
        words += f", who is {away}" if away else ""
        self._decide(f"Assign {{}} {words}", f"Assigned {{}} {words}", changes.assign, login or None)

    @command("take", "A", "Assign to me", may="ticket.assign", enabled=_needs_ticket)
    def action_take(self) -> None:
        """Take the ticket."""
        self._assign(desk_app(self).actor.login)

    @command("state", "s", "State", footer="state", may="ticket.edit", enabled=_needs_ticket)
    def action_state(self) -> None:
        """Change the state: new, open, waiting, closed."""
        app = desk_app(self)
        if app.seen_up_to is not None:
            self._offer_states(app.statuses)
            return
        # The app has not looked at the desk yet, which may have names of its own.
        from desk import statuses  # 5 ms

        self.in_thread(statuses.statuses).before_next_key(self._to_these(self._offer_states), group="states")

    def _offer_states(self, known: Sequence[StatusLine]) -> None:
        own = (each for each in known if each.active)
        named = [(each.name, f"{each.name} ({each.state})") for each in own]
        taken = "".join(each.key for each in STATES)
        self._menu("State", [*STATES, *lettered(named, taken=taken)], self._set_state, self.current_state())

    def _set_state(self, state: str) -> None:
        from desk.tickets import changes  # 30 ms

        self._close_or(
            f"Set {{}} to {state}",
            f"{{}}: {state}",
            lambda actor, numbers, leave: changes.set_status(actor, numbers, state, leave_tasks=leave),
        )

    @command("priority", "p", "Priority", footer="prio", wide=True, may="ticket.edit", enabled=_needs_ticket)
    def action_priority(self) -> None:
        """Change the priority."""
        self._menu("Priority", PRIORITIES, self._set_priority, self.current_priority() or "normal")

    def _set_priority(self, priority: str) -> None:
        from desk.tickets import changes  # 30 ms

        self._change(
            f"Set the priority of {{}} to {priority}",
            f"{{}}: priority {priority}",
            changes.set_priority,
            priority,
        )

    @command("edit", "e", "Fields", may="ticket.edit", enabled=_needs_ticket)
    def action_edit(self) -> None:
        """Change state, department, help topic, SLA and custom fields."""
        number = self.current_number()
        if number is not None:
            self._open_form("ticket", number)

    def _open_form(self, what: str, number: str, why: Exception | None = None) -> None:
        """Show the form of a ticket or its requester, and below it why it came up by itself."""
        from desk.admin import custom_fields, table  # 60 ms
        from desk.tickets import detail  # 30 ms
        from tui.screens.admin.form import AdminFormScreen  # 10 ms

        app = desk_app(self)

        def read() -> tuple[Any, Any, Any]:
            if what == "contact":
                asked = detail.show(number, app.actor).requester_email
                noun, record = custom_fields.contact_form(asked, app.actor)
            else:
                noun, record = custom_fields.ticket_form(number, app.actor)
            return noun, record, table.choices(noun)

        def said(words: str | None) -> None:
            if words is not None:
                self._changed(words)

        def show(found: tuple[Any, Any, Any]) -> None:
            self.will_change()
            form = AdminFormScreen(*found)
            self.app.push_screen(form, said)
            if why is not None:
                form.call_after_refresh(desk_app(self).flash_error, why)

        self.in_thread(read).before_next_key(show, group="form")

    @command("tags", "t", "Tags", footer="tags", wide=True, may="ticket.edit", enabled=_needs_ticket)
    def action_tags(self) -> None:
        """Add tags, or take one away with - in front."""
        tags = " ".join(self.current_tags())
        place = f"has: {tags}" if tags else "vpn printer -old"
        self._ask("Tags (word adds, -word removes):", purpose="tags", placeholder=place)

    def _ask(self, question: str, *, purpose: str, placeholder: str) -> None:
        """Ask for a line about the tickets that are meant, and say which these are."""
        self._prompted, self._question = self._to_these(self._answer), question
        asked = f"{_which(self.meant.numbers)}  {question}"
        self.query_one(LineInput).ask(asked, purpose=purpose, placeholder=placeholder)

    def answer(self, event: LineInput.Answered) -> bool:
        """Do what was typed at a prompt about tickets; False when it was another prompt."""
        return self._prompted is not None and self._prompted(event)

    def _answer(self, event: LineInput.Answered) -> bool:
        acts = {
            "tags": self._set_tags,
            "snooze": self._snooze_until,
            "time": self._spend_time,
            "due": self._set_due,
        }
        self._answered = event
        try:
            if event.purpose not in acts:
                return self._answer_matter(event.purpose, event.text)
            acts[event.purpose](event.text)
            return True
        finally:
            self._answered = None

    @property
    def _refused(self) -> Callable[[Exception], object] | None:
        """What is done when the desk refuses: a prompt is asked again."""
        return self._answered.again if self._answered is not None else None

    def _set_tags(self, text: str) -> None:
        from desk.tickets import changes  # 30 ms

        words = text.replace(",", " ").split()
        add = [word.lstrip("+") for word in words if not word.startswith("-") and word.lstrip("+")]
        remove = [word[1:] for word in words if word.startswith("-") and word[1:]]
        if add or remove:
            self._change("Change the tags of {}", "Tags of {} changed", changes.set_tags, add, remove)

    @command("merge", "m", "Merge, split, link", may="ticket.edit", enabled=_needs_ticket)
    def action_merge(self) -> None:
        """Merge, unmerge, split or link the ticket, change its people, or see its contact."""
        self._menu("This ticket", [*MATTERS, *self.parts_to_split()], self._about_matter)

    def parts_to_split(self) -> Sequence[MenuItem]:
        """Return which messages can become a ticket of their own from here; values ``split:ID,ID``."""
        return ()

    def _about_matter(self, what: str) -> None:
        from desk.tickets import merging, splitting  # 36 ms

        if what.startswith("split:"):
            ids = [int(each) for each in what.removeprefix("split:").split(",")]

            def split(actor: Any, numbers: Sequence[str]) -> str:
                return splitting.split(actor, numbers[0], ids)

            self.will_change()
            self.in_thread(split, desk_app(self).actor, self.meant.numbers).then(
                lambda made: self._changed(f"#{made} is a ticket of its own"), group="change"
            )
        elif what == "person":
            self._open_contact()
        elif what == "contact":
            number = self.meant.current
            if number is not None:
                self._open_form("contact", number)
        elif what == "unmerge":
            numbers = self.meant.numbers
            if len(numbers) == 1:
                self.in_thread(merging.taken_in, desk_app(self).actor, numbers[0]).before_next_key(
                    lambda inside: self._take_out(inside or numbers), group="merged"
                )
            else:
                self._take_out_all(numbers)
        else:
            question, place = MATTER_PROMPTS[what]
            self._ask(question, purpose=what, placeholder=place)

    def _take_out(self, inside: list[str]) -> None:
        """Take the ticket out again that was merged; of several into this one, ask which."""

        def picked(number: str | None) -> None:
            if number is not None:
                self._take_out_all([number])

        if len(inside) == 1:
            picked(inside[0])
        else:
            items = lettered([(number, f"#{number}") for number in inside])
            self.app.push_screen(Menu("Take out again", items), picked)

    def _take_out_all(self, numbers: list[str]) -> None:
        from desk.tickets import merging  # 36 ms

        take_out = functools.partial(merging.unmerge_all, desk_app(self).actor, numbers)
        done = f"{{}} is a ticket of its own again   {self._undoing}"
        self._ask_if_many("Take {} out again", numbers, lambda: self._run(done, numbers, take_out))

    def _open_contact(self) -> None:
        from desk.tickets import detail  # 30 ms

        number, app = self.meant.current, desk_app(self)
        if number is not None:

            def read() -> str:
                return detail.show(number, app.actor).requester_email

            self.in_thread(read).before_next_key(app.navigation.open_contact, group="contact")

    def _answer_matter(self, purpose: str, text: str) -> bool:
        typed = text.strip()
        if purpose not in MATTER_PROMPTS or not typed:
            return purpose in MATTER_PROMPTS
        from desk.tickets import links, merging, people  # 38 ms

        if purpose == "merge":
            into = typed.removeprefix("#")
            done = f"Merged {{}} into #{into}   {self._undoing}"
            self._change(f"Merge {{}} into #{into}", done, merging.merge, into)
        elif purpose == "link":
            how, _, other = typed.rpartition(" ")
            kind = how or "relates"
            self._change(f"Link {{}}: {typed}", f"{{}}: {kind} {other}", links.link_all, kind, other)
        elif purpose == "requester":
            self._change(
                f"Give {{}} the requester {typed}",
                f"{{}}: requester {typed}",
                people.set_requester,
                typed,
            )
        else:
            words = typed.replace(",", " ").split()
            add = [word.removeprefix("+") for word in words if not word.startswith("-")]
            remove = [word[1:] for word in words if word.startswith("-")]
            self._change("Change the Cc of {}", "Cc of {} changed", people.set_collaborators, add, remove)
        return True

    PLACE_OF_COMMANDS: ClassVar[Place] = "list"
    """Where user commands have to be for, to be run here."""

    def commands(self) -> tuple[Command, ...]:
        """Return the screen's commands, and the user commands behind them."""
        return (*super().commands(), *desk_app(self).user_commands.of(self.PLACE_OF_COMMANDS))

    def message_for_command(self) -> int | None:
        """Return the message that a user command is about; None: the newest."""
        return None

    @command("own", "ampersand", "User commands", enabled=_needs_user_command)
    def action_own(self) -> None:
        """Run one of your own commands on the ticket."""
        number = self.current_number()
        if number is not None:
            offer(self, number, self.PLACE_OF_COMMANDS, self.message_for_command())

    def action_user_command(self, index: str) -> None:
        """Run one user command on the ticket."""
        number = self.current_number()
        if number is None:
            desk_app(self).flash("There is no ticket here", "warning")
        else:
            begin(self, int(index), number, self.message_for_command())

    @command("close", "x", "Close", footer="close", may="ticket.close", enabled=_needs_ticket)
    def action_close_ticket(self) -> None:
        """Close the ticket: the SLA clock stops, the requester gets no mail. It can be undone."""
        from desk.tickets import changes  # 30 ms

        self._close_or(
            "Close {}",
            f"Closed {{}}   {self._undoing}",
            lambda actor, numbers, leave: changes.close(actor, numbers, leave_tasks=leave),
        )

    def _close_or(self, question: str, done: str, close: Callable[[Actor, list[str], bool], object]) -> None:
        """Decide, and ask once more where tasks are left that nobody did; ``close`` is told to leave them."""
        from desk.tickets.changes import NotKnown, OpenTasks  # 30 ms

        def failed(error: Exception) -> None:
            if not isinstance(error, OpenTasks):
                if isinstance(error, NotKnown):
                    self._open_form("ticket", error.number, error)
                else:
                    desk_app(self).flash_error(error)
                return
            from tui.widgets.confirm import Confirm  # 2 ms

            decide = self._to_these(self._decide)
            self.app.push_screen(
                Confirm(f"{error}. Close it all the same?"),
                lambda yes: decide(question, done, close, True) if yes else None,
            )

        ask_more = self._to_these(failed)
        self._tell_and_run(question, done, lambda actor, numbers: close(actor, numbers, False), ask_more)

    @command("tasks", "T", "Tasks", enabled=_needs_ticket)
    def action_tasks(self) -> None:
        """Show the ticket's checklist: tick, add, change, move and remove tasks."""
        number = self.current_number()
        if number is not None:
            desk_app(self).navigation.open_tasks(number)

    @command("similar", "L", "Similar tickets", enabled=_needs_ticket)
    def action_similar(self) -> None:
        """List similar solved tickets and fitting canned answers, with the words in common."""
        number = self.current_number()
        if number is not None:
            from desk.replies import suggestions  # 20 ms

            self.in_thread(suggestions.suggestions, number, desk_app(self).actor).before_next_key(
                self._offer_similar, group="similar"
            )

    def _offer_similar(self, found: Suggestions) -> None:
        like = [
            (each.number, f"#{each.number}  {line(each.subject)}  ({', '.join(map(line, each.words[:4]))})")
            for each in found.tickets
        ]
        key = desk_app(self).key
        canned = key("compose.canned", "^T")
        fits = [
            ("", f"{canned}  {line(each.name)}  ({', '.join(map(line, each.words[:4]))})")
            for each in found.answers
        ]
        if not like and not fits:
            desk_app(self).flash("Nothing that was solved is like it")
            return

        def picked(number: str | None) -> None:
            if number:
                desk_app(self).navigation.open_thread(number)
            elif number is not None:
                reply = key("ticket.reply", "r")
                desk_app(self).flash(f"Canned answers are picked in the editor: {reply}, then {canned}")

        texts = [(value, cell(text, 70).rstrip()) for value, text in (*like, *fits)]
        self.app.push_screen(Menu("Like this one", lettered(texts)), picked)

    @command("time", "M", "Time spent", may="ticket.note", enabled=_needs_ticket)
    def action_time(self) -> None:
        """Record time spent on the ticket, or start and stop your clock."""
        self._ask(
            "Time spent, and on what; start, stop:", purpose="time", placeholder="1h30 looked at the tunnel"
        )

    def _spend_time(self, text: str) -> None:
        from desk.tickets import time_spent  # 30 ms

        number, actor = self.meant.current, desk_app(self).actor
        spent, _, note = text.strip().partition(" ")
        if not spent or number is None:
            return

        def spend() -> str:
            if spent == "start":
                return f"Your clock runs on #{time_spent.start(actor, number).number}"
            if spent == "stop":
                on, seconds = time_spent.stop(actor, note)
                return f"#{on}: {time_spent.words(seconds)} spent"
            time_spent.add(actor, number, spent, note)
            return f"#{number}: {time_spent.words(time_spent.seconds_of(spent))} spent   {self._undoing}"

        self.in_thread(spend).then(self._changed, failed=self._refused, group="change")

    @command("reopen", "X", "Reopen", may="ticket.close", enabled=_needs_closed)
    def action_reopen(self) -> None:
        """Open a closed ticket again, or take one out of the trash."""
        from desk.tickets import trash  # 30 ms

        self._decide("Reopen {}", "Reopened {}", trash.reopen)

    @command("snooze", "Z", "Snooze", may="ticket.edit", enabled=_needs_ticket)
    def action_snooze(self) -> None:
        """Snooze the ticket until a time, an answer or an event; or wake it."""
        self._ask(
            "Snooze until (- wakes it):",
            purpose="snooze",
            placeholder="3h 2d tomorrow monday 2026-12-24 answer event",
        )

    def _snooze_until(self, text: str) -> None:
        from desk.tickets import snoozing  # 30 ms

        wanted = text.strip()
        if wanted == "-":
            self._change("Wake {}", "{} is awake", snoozing.wake)
        elif wanted:
            zone = desk_app(self).desk.zone
            self._decide(
                f"Snooze {{}} until {wanted}",
                f"Snoozed {{}} until {wanted}   {self._undoing}",
                snoozing.snooze,
                wanted,
                zone,
            )

    @command("due", "d", "Due date", may="ticket.edit", enabled=_needs_ticket)
    def action_due(self) -> None:
        """Set when the ticket is due, whatever its SLA says; - leaves it to the SLA."""
        self._ask(
            "Due (- as its SLA promises):",
            purpose="due",
            placeholder="3h 2d tomorrow monday 2026-12-24T14:00",
        )

    def _set_due(self, text: str) -> None:
        from desk.tickets import due_dates  # 30 ms

        wanted = text.strip()
        if wanted:
            words = "as its SLA promises" if wanted == "-" else wanted
            zone = desk_app(self).desk.zone
            self._change(
                f"Make {{}} due {words}",
                f"{{}}: due {words}   {self._undoing}",
                due_dates.set_due,
                wanted,
                zone,
            )

    @command("pin", "P", "Pin", may="ticket.edit", enabled=_needs_ticket)
    def action_pin(self) -> None:
        """Pin the ticket to the top of every list until it is closed, or unpin it."""
        from desk.tickets import pinning  # 30 ms

        if self.chosen_pinned():
            self._change("Pin {} no more", f"{{}} is not pinned any more   {self._undoing}", pinning.unpin)
        else:
            self._change("Pin {}", f"Pinned {{}}   {self._undoing}", pinning.pin)

    @command("watch", "w", "Watch", footer="watch", wide=True, enabled=_needs_ticket)
    def action_watch(self) -> None:
        """Watch the ticket: be notified of all that happens to it; again: stop."""
        from desk.tickets import watching  # 30 ms

        actor, numbers = desk_app(self).actor, self.chosen_numbers()
        which, key = _which(numbers), desk_app(self).key("ticket.watch", "w")

        def turned(watched: bool) -> None:
            self._changed(
                f"You watch {which}   {key} ends it" if watched else f"You do not watch {which} any more"
            )

        self._ask_if_many(
            "Watch {}, or no more where you watch them all",
            numbers,
            lambda: self.in_thread(watching.toggle, actor, numbers).then(turned, group="change"),
        )

    @command("unwatch", "", "Watch no more", enabled=_needs_ticket)
    def action_unwatch(self) -> None:
        """Stop watching the ticket."""
        from desk.tickets import watching  # 30 ms

        self._change("Watch {} no more", "You do not watch {} any more", watching.unwatch)

    @command("spam", "exclamation_mark", "Spam", may="ticket.close", enabled=_needs_ticket)
    def action_spam(self) -> None:
        """Mark the ticket as spam: it is closed, and deleted after some days. It can be undone."""
        from desk.tickets import spam  # 30 ms

        self._decide("Call {} spam", f"{{}}: spam   {self._undoing}", spam.mark)

    @command("delete", "delete", "Delete", may="ticket.delete", enabled=_needs_ticket)
    def action_delete(self) -> None:
        """Move the ticket to the trash (a view among the queues); it is purged after some days."""
        from desk.tickets import trash  # 30 ms

        self._decide("Put {} into the trash", f"{{}}: in the trash   {self._undoing}", trash.delete)

    @command("ban", "B", "Ban sender", may="ban.edit", enabled=_needs_ticket)
    def action_ban(self) -> None:
        """Ban the requester, and close all their open tickets. It can be undone."""
        from desk.filters import senders  # 30 ms

        self._decide(
            "Ban who asked for {} and close all of theirs",
            f"Banned who asked for {{}}   {self._undoing}",
            senders.ban_senders,
        )

    @command("copy", "y", "Copy", footer="copy", wide=True, enabled=_needs_ticket)
    def action_copy(self) -> None:
        """Copy number, address, subject, Message-ID or text."""
        choices = [choice for choice in self.copy_choices() if choice[2]]
        items = [MenuItem(letter, what, str(index)) for index, (letter, what, _) in enumerate(choices)]

        def picked(value: str | None) -> None:
            if value is not None:
                _, what, text = choices[int(value)]
                desk_app(self).copy_text(text, f"the {what}")

        self.app.push_screen(Menu("Copy", items), picked)

    @command("undo", "u", "Undo", footer="undo", wide=True)
    def action_undo(self) -> None:
        """Stop a mail that has not left yet, or undo your last change: what you did last comes first."""
        from desk.tickets import undo  # 33 ms

        app = desk_app(self)
        since = app.navigation.undone_first()

        def undone(what: str | None) -> None:
            if what is None and since:
                app.navigation.undo_send()
            else:
                self._undone(what)

        self.in_thread(undo.undo_last, app.actor, since).then(undone, group="change")

    @property
    def _undoing(self) -> str:
        return f"{desk_app(self).key('ticket.undo', 'u')} undoes it"

    def _undone(self, what: str | None) -> None:
        desk_app(self).flash(what if what else "There is nothing to undo")
        self.ticket_changed()
        if what:
            desk_app(self).navigation.count_changes(-1)
        if what and self._changed_last:
            self.go_to_ticket(self._changed_last)

    def go_to_ticket(self, number: str) -> None:
        """Put the cursor back on a ticket whose change was undone."""

    def _change(
        self,
        question: str,
        done: str,
        function: Callable[Concatenate[Actor, list[str], P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Change the chosen tickets; many are asked about first."""
        numbers, failed = self.meant.numbers, self._refused
        change = functools.partial(function, desk_app(self).actor, numbers, *args, **kwargs)
        self._ask_if_many(question, numbers, lambda: self._run(done, numbers, change, failed))

    def _decide(
        self,
        question: str,
        done: str,
        function: Callable[Concatenate[Actor, list[str], P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Decide what becomes of the chosen tickets: what the agent has not seen of them is told first."""
        self._tell_and_run(
            question, done, lambda actor, numbers: function(actor, numbers, *args, **kwargs), self._refused
        )

    def _tell_and_run(
        self,
        question: str,
        done: str,
        decide: Callable[[Actor, list[str]], object],
        failed: Callable[[Exception], object] | None,
    ) -> None:
        """Decide; ``failed`` is given any error but that of news, without it the error is flashed."""
        app, meant = desk_app(self), self.meant
        numbers, seen = meant.numbers, meant.known
        change = functools.partial(decide, app.actor, numbers)
        asked = f"{_naming(question, numbers)} all the same?"

        def ask(title: str, told: list[str], then: Callable[[], None]) -> None:
            self.app.push_screen(CameSince(title, told, asked), lambda yes: then() if yes else None)

        def run(known: Mapping[str, SeenUpTo]) -> None:
            from desk.tickets import since  # 27 ms

            checked = functools.partial(since.unless_overtaken, app.actor, known, change)
            self._run(done, numbers, checked, failed=overtaken)

        def overtaken(error: Exception) -> None:
            from desk.tickets.since import Overtaken  # 29 ms

            if not isinstance(error, Overtaken):
                (failed or app.flash_error)(error)
                return
            told_at = error.seen_up_to
            self.was_told(told_at, numbers)
            lines = news_lines(error.news, app.now(), app.desk.zone)
            ask("Since you looked", lines, lambda: run(dict.fromkeys(numbers, told_at)))

        def begin() -> None:
            writers = [each for each in app.company.writing(numbers) if not each.elsewhere]
            if writers:
                ask("Somebody writes", writer_lines(writers, app.now(), app.desk.zone), lambda: run(seen))
            else:
                run(seen)

        self._ask_if_many(question, numbers, begin)

    def _ask_if_many(self, question: str, numbers: Sequence[str], go: Callable[[], None]) -> None:
        if len(numbers) > desk_app(self).health.ask_above:
            from tui.widgets.confirm import Confirm  # 2 ms

            asked = _naming(question, numbers) + "?"
            self.app.push_screen(Confirm(asked), lambda yes: go() if yes else None)
        elif numbers:
            go()

    def _run(
        self,
        done: str,
        numbers: list[str],
        change: Callable[[], object],
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        here = self.current_number()
        self._changed_last = here if here is not None and here in numbers else numbers[0]
        self.will_change()
        words = _naming(done, numbers)

        def refused(error: Exception) -> None:
            told = self._without_gone(error, numbers)
            (failed or desk_app(self).flash_error)(told)
            if told is not error and (line_input := self.query_one(LineInput)).asking:
                line_input.call_it(f"{_which(numbers)}  {self._question}")

        self.in_thread(change).then(lambda _result: self._changed(words), failed=refused, group="change")

    def _without_gone(self, error: Exception, numbers: list[str]) -> Exception:
        """Take the mark off the one of many that is gone, which may be in no list; return what to say."""
        from desk.tickets.changes import Elsewhere, NoTicket  # 30 ms

        if not isinstance(error, NoTicket | Elsewhere) or error.number not in numbers or len(numbers) == 1:
            return error
        numbers.remove(error.number)
        self.unmark(error.number)
        return Refused(f"{error}, and is unmarked", f"do it again for {_which(numbers)}")

    def unmark(self, number: str) -> None:
        """Take the mark off a ticket."""

    def _changed(self, words: str) -> None:
        app = desk_app(self)
        app.flash(words)
        app.navigation.count_changes(1)
        self.ticket_changed()

    def _menu(
        self, title: str, items: Sequence[MenuItem], then: Callable[[str], None], current: str | None = None
    ) -> None:
        act = self._to_these(then)

        def picked(value: str | None) -> None:
            if value is not None:
                act(value)

        self.app.push_screen(Menu(f"{title} ({_which(self.meant.numbers)})", items, current), picked)
