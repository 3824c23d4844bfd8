"""`nightdesk ticket`: assign, transfer, close, tag, approve, merge, split, link, requester and their like."""

from __future__ import annotations

import click

from nightdesk import output
from nightdesk.arguments import Chosen, bare_number, json_flag, numbers_argument
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError
from nightdesk.exit import Exit


def _changed(numbers: list[str], done: str, remarks: tuple[str, ...] = ()) -> Result:
    """Say which of the tickets were changed; a change is made to all that were named, or to none."""

    def words() -> None:
        if numbers:
            output.line(f"{', '.join('#' + number for number in numbers)}: {done}")
        else:
            output.say("nothing to change: it is so already")

    return Result(lambda: {"changed": numbers}, words, remarks)


@click.command()
@numbers_argument
@click.argument("login", metavar="LOGIN|TEAM|me|none")
@desk_verb
def assign(context: VerbContext, numbers: Chosen[str], login: str) -> Result:
    """Give tickets to an agent or a team, or to nobody. team:NAME is a team, whatever agents are called."""
    from desk.staff import agents
    from desk.tickets import changes

    if login == "none":
        return _changed(changes.assign(context.actor, numbers, None), "nobody's")
    changed = changes.assign(context.actor, numbers, login)
    away = [each for each in agents.agents() if each.away and each.login == login]
    remarks = tuple(f"{each.login} is {each.away_words(context.zone)}" for each in away)
    return _changed(changed, f"given to {login}", remarks)


@click.command()
@numbers_argument
@click.argument("department")
@desk_verb
def transfer(context: VerbContext, numbers: Chosen[str], department: str) -> Result:
    """Move tickets to another department."""
    from desk.tickets import changes

    return _changed(changes.transfer(context.actor, numbers, department), f"moved to {department}")


@click.command()
@numbers_argument
@click.option("--leave-tasks", is_flag=True, help="Also those with tasks that nobody did.")
@desk_verb
def close(context: VerbContext, numbers: Chosen[str], leave_tasks: bool) -> Result:
    """Close tickets."""
    from desk.tickets import changes

    return _changed(changes.close(context.actor, numbers, leave_tasks=leave_tasks), "closed")


@click.command()
@numbers_argument
@desk_verb
def reopen(context: VerbContext, numbers: Chosen[str]) -> Result:
    """Open closed tickets again."""
    from desk.tickets import changes

    return _changed(changes.reopen(context.actor, numbers), "open again")


@click.command()
@numbers_argument
@click.argument("priority", metavar="low|normal|high|urgent")
@desk_verb
def priority(context: VerbContext, numbers: Chosen[str], priority: str) -> Result:
    """Set the priority of tickets."""
    from desk.tickets import changes

    return _changed(changes.set_priority(context.actor, numbers, priority), f"priority {priority}")


@click.command()
@numbers_argument
@click.argument("status", metavar="STATUS")
@desk_verb
def status(context: VerbContext, numbers: Chosen[str], status: str) -> Result:
    """Put tickets into a state (new, open, waiting, closed), or into a status of your own."""
    from desk.tickets import changes

    return _changed(changes.set_status(context.actor, numbers, status), status)


@click.command()
@click.argument("number", metavar="NUMBER|-")
@click.argument("tags", nargs=-1, metavar="[TAG]...")
@click.option("--remove", "removed", multiple=True, metavar="TAG", help="Take this tag off.")
@json_flag
def tag(number: str, tags: tuple[str, ...], removed: tuple[str, ...], as_json: bool) -> Exit:
    """Put tags on a ticket (with - on all whose numbers standard input gives), or take them off."""
    if not tags and not removed:
        raise UsageError("no tag was given", "nightdesk ticket tag NUMBER TAG..., or --remove TAG")
    return _tag(as_json, output.ids_from_stdin([number]), tags, removed)


@desk_verb
def _tag(context: VerbContext, numbers: list[str], tags: tuple[str, ...], removed: tuple[str, ...]) -> Result:
    from desk.tickets import changes

    return _changed(changes.set_tags(context.actor, numbers, tags, removed), "tags changed")


@click.command()
@click.argument("number", metavar="NUMBER")
@click.option(
    "--message", "messages", type=int, multiple=True, metavar="ID", help="Only this one; may be repeated."
)
@desk_verb
def approve(context: VerbContext, number: str, messages: tuple[int, ...]) -> Result:
    """Take a ticket's unverified mail as its sender's.

    Such mail answers one of ours, but its sender takes no part in the ticket. Approved, the sender does,
    and the ticket opens again. Mail of several senders is approved by naming its messages.
    """
    from desk.tickets import approval

    bare = bare_number(number)
    approved = approval.approve(context.desk, context.actor, number, messages)
    document = {"number": bare, "approved": approved}
    if approved:
        return told(document, f"#{bare}: approved {', '.join(map(str, approved))}")
    return Result(lambda: document, lambda: output.say("nothing to approve: no mail there is unverified"))


@click.command()
@click.argument("number", metavar="NUMBER")
@click.option(
    "--message", "messages", type=int, multiple=True, metavar="ID", help="Only this one; may be repeated."
)
@desk_verb
def deny(context: VerbContext, number: str, messages: tuple[int, ...]) -> Result:
    """Leave a ticket's unverified mail as it is, and be asked about it no more.

    It stays in the ticket and does nothing; whom it names is pending no more and gets no mail. Undo asks
    again; `ticket approve` with its id still takes it as its sender's. Mail of several senders is denied by
    naming its messages.
    """
    from desk.tickets import approval

    bare = bare_number(number)
    denied = approval.deny(context.actor, number, messages)
    document = {"number": bare, "denied": denied}
    if denied:
        return told(document, f"#{bare}: denied {', '.join(map(str, denied))}")
    return Result(lambda: document, lambda: output.say("nothing to deny: no mail there waits for an answer"))


@click.command()
@numbers_argument
@click.argument("into", metavar="INTO")
@desk_verb
def merge(context: VerbContext, numbers: Chosen[str], into: str) -> Result:
    """Merge tickets into the ticket INTO; mail to either number goes there."""
    from desk.tickets import merging

    return _changed(merging.merge(context.actor, numbers, into), f"merged into #{bare_number(into)}")


@click.command()
@numbers_argument
@desk_verb
def unmerge(context: VerbContext, numbers: Chosen[str]) -> Result:
    """Take merged tickets out again, with their mail and what answered it since."""
    from desk.tickets import merging

    return _changed(merging.unmerge_all(context.actor, numbers), "a ticket of its own again")


def _message_ids(_context: click.Context, _option: click.Parameter, value: str) -> list[int]:
    words = value.replace(",", " ").split()
    if not words or not all(word.isdecimal() for word in words):
        raise click.BadParameter("give the ids of messages, as in 17,18")
    return [int(word) for word in words]


@click.command()
@click.argument("number", metavar="NUMBER")
@click.option(
    "--messages",
    required=True,
    metavar="ID,ID",
    callback=_message_ids,
    help="The messages that go; `ticket show` prints their ids.",
)
@click.option("--subject", default="", metavar="TEXT", help="Its subject, instead of the first message's.")
@desk_verb
def split(context: VerbContext, number: str, messages: list[int], subject: str) -> Result:
    """Make a new ticket of some messages of a ticket; answers to these go there."""
    from desk.tickets import splitting

    made = splitting.split(context.actor, number, messages, subject)
    bare = bare_number(number)
    return told({"number": made, "from": bare}, f"#{made} split off #{bare}")


@click.command()
@click.argument("number", metavar="NUMBER")
@click.argument("kind", metavar="blocks|duplicates|relates")
@click.argument("other", metavar="OTHER")
@desk_verb
def link(context: VerbContext, number: str, kind: str, other: str) -> Result:
    """Link a ticket to another one; that what it waits for is closed is told in it."""
    from desk.tickets import links

    done = links.link(context.actor, number, kind, other)
    return _changed([bare_number(number)] if done else [], f"{kind} #{bare_number(other)}")


@click.command()
@click.argument("number", metavar="NUMBER")
@click.argument("other", metavar="OTHER")
@desk_verb
def unlink(context: VerbContext, number: str, other: str) -> Result:
    """Take all links between two tickets away."""
    from desk.tickets import links

    done = links.unlink(context.actor, number, other)
    return _changed([bare_number(number)] if done else [], f"no link with #{bare_number(other)}")


@click.command()
@numbers_argument
@click.argument("person", metavar="ADDRESS")
@desk_verb
def requester(context: VerbContext, numbers: Chosen[str], person: str) -> Result:
    """Make another person the requester, whom answers go to: 'Name <name@example.org>', or the address."""
    from desk.tickets import people

    return _changed(people.set_requester(context.actor, numbers, person), f"requester {person}")


@click.command()
@numbers_argument
@click.option("--add", "added", multiple=True, metavar="ADDRESS", help="Put this person into Cc.")
@click.option("--remove", "removed", multiple=True, metavar="ADDRESS", help="Take this person out of Cc.")
@desk_verb
def cc(
    context: VerbContext, numbers: Chosen[str], added: tuple[str, ...], removed: tuple[str, ...]
) -> Result:
    """Put people into Cc of tickets, or take them out."""
    from desk.tickets import people

    if not added and not removed:
        raise UsageError("nobody was named", "nightdesk ticket cc NUMBER --add ADDRESS, or --remove ADDRESS")
    return _changed(people.set_collaborators(context.actor, numbers, added, removed), "Cc changed")


@click.command()
@numbers_argument
@click.argument("until", metavar="UNTIL")
@click.option("--through-answers", is_flag=True, help="Let it sleep on when the customer writes.")
@desk_verb
def snooze(context: VerbContext, numbers: Chosen[str], until: str, through_answers: bool) -> Result:
    """Put tickets out of the way until 3h, 2d, tomorrow, monday, 2026-12-24, answer or event.

    The customer's mail wakes them before that; `event`: whatever happens to them does.
    """
    from desk.tickets import snoozing

    changed = snoozing.snooze(context.actor, numbers, until, context.zone, through_answers=through_answers)
    return _changed(changed, f"snoozed until {until}")


@click.command()
@numbers_argument
@desk_verb
def wake(context: VerbContext, numbers: Chosen[str]) -> Result:
    """Wake tickets that are snoozed."""
    from desk.tickets import snoozing

    return _changed(snoozing.wake(context.actor, numbers), "awake")


@click.command()
@numbers_argument
@click.argument("when", metavar="WHEN|none")
@desk_verb
def due(context: VerbContext, numbers: Chosen[str], when: str) -> Result:
    """Say when tickets are due: 3h, 2d, today, monday, 2026-12-24, 2026-12-24T14:00.

    It stands before what their SLA promises, until they are closed; a day ends at midnight.
    """
    from desk.tickets import due_dates

    changed = due_dates.set_due(context.actor, numbers, when, context.zone)
    return _changed(changed, "due by their SLA" if when == "none" else f"due {when}")


@click.command()
@numbers_argument
@desk_verb
def pin(context: VerbContext, numbers: Chosen[str]) -> Result:
    """Let tickets stand before the others in every list, until they are closed."""
    from desk.tickets import pinning

    return _changed(pinning.pin(context.actor, numbers), "pinned")


@click.command()
@numbers_argument
@desk_verb
def unpin(context: VerbContext, numbers: Chosen[str]) -> Result:
    """Let tickets stand among the others."""
    from desk.tickets import pinning

    return _changed(pinning.unpin(context.actor, numbers), "not pinned any more")


@click.command()
@numbers_argument
@click.option("--not", "not_spam", is_flag=True, help="It is none after all: open it again.")
@desk_verb
def spam(context: VerbContext, numbers: Chosen[str], not_spam: bool) -> Result:
    """Call tickets spam: they are closed, and deleted after the days of tickets.spam_days."""
    from desk.tickets import spam as verdict

    if not_spam:
        return _changed(verdict.unmark(context.actor, numbers), "no spam")
    return _changed(verdict.mark(context.actor, numbers), "spam")


@click.command()
@numbers_argument
@click.option("--restore", is_flag=True, help="Take them out of the trash, as they were.")
@desk_verb
def delete(context: VerbContext, numbers: Chosen[str], restore: bool) -> Result:
    """Put tickets into the trash: they are in no list, and purged after the days of tickets.trash_days."""
    from desk.tickets import trash

    if restore:
        return _changed(trash.restore(context.actor, numbers), "out of the trash")
    changed = trash.delete(context.actor, numbers)
    asked = dict.fromkeys(bare_number(each) for each in numbers)
    there = tuple(f"#{each} was in the trash already" for each in asked if each not in changed)
    return _changed(changed, "in the trash", there)


@click.command()
@numbers_argument
@desk_verb
def ban(context: VerbContext, numbers: Chosen[str]) -> Result:
    """Ban who asked for these tickets, and close all that is open of theirs."""
    from desk.filters import senders

    banned = senders.ban_senders(context.actor, numbers)
    document = {"banned": banned}
    if banned:
        return told(document, f"Banned {', '.join(banned)} and closed what is open of theirs")
    return Result(lambda: document, lambda: output.say("banned already; what was open of theirs is closed"))


@click.command()
@numbers_argument
@click.option("--not", "not_any_more", is_flag=True, help="Not any more.")
@desk_verb
def watch(context: VerbContext, numbers: Chosen[str], not_any_more: bool) -> Result:
    """Be told of all that happens to tickets, whoever they belong to."""
    from desk.tickets import watching

    if not_any_more:
        return _changed(watching.unwatch(context.actor, numbers), "not watched any more")
    return _changed(watching.watch(context.actor, numbers), "watched")


@click.command("set")
@numbers_argument
@click.option(
    "--field", "fields", multiple=True, metavar="NAME=VALUE", help="A field of your own; NAME= empties it."
)
@click.option("--topic", metavar="T", help="The help topic.")
@click.option("--sla", metavar="NAME", help="The SLA; a clock that runs begins anew.")
@click.option("--department", metavar="D", help="The department, as `ticket transfer` does.")
@click.option("--priority", metavar="P", help="low, normal, high or urgent, as `ticket priority` does.")
@click.option("--status", metavar="S", help="The status, as `ticket status` does.")
@desk_verb
def set_facts(
    context: VerbContext,
    numbers: Chosen[str],
    fields: tuple[str, ...],
    topic: str | None,
    sla: str | None,
    department: str | None,
    priority: str | None,
    status: str | None,
) -> Result:
    """Write into fields of tickets; all that is given, or nothing where something is wrong."""
    from desk.tickets import fields as facts

    if not fields and all(each is None for each in (topic, sla, department, priority, status)):
        raise UsageError("nothing to write was given", "nightdesk ticket set NUMBER --field NAME=VALUE")
    changed = facts.set_facts(
        context.actor,
        numbers,
        fields=dict(map(facts.read_assignment, fields)),
        topic=topic,
        sla=sla,
        priority=priority,
        status=status,
        department=department,
    )
    return _changed(changed, "written")


VERBS: tuple[click.Command, ...] = (
    *(assign, transfer, close, reopen, priority, status, tag, approve, deny),
    *(merge, unmerge, split, link, unlink, requester, cc),
    *(snooze, wake, due, pin, unpin, spam, ban, delete, watch, set_facts),
)
