"""A mailbox in words: its line in the list, its health, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from textual.content import Content

from config.wording import counted, host_and_port
from desk.errors import DeskError
from desk.fetching import withheld
from desk.fetching.runs import FetchView
from desk.fetching.verdicts import PLURALS, noun
from desk.mailboxes import wording
from desk.mailboxes.lists import MailboxLine, coming_runs
from desk.mailboxes.token_health import TokenLine
from desk.mailboxes.wording import state_words
from desk.schedules import parse
from models.receipts import Verdict
from tui.key_names import USUAL, Keys
from tui.text.safe import cell, fitted, parts
from tui.text.ways import in_the_app

WITHHELD_SHOWN = 3

SECURITY_WORDS = {"tls": "TLS", "starttls": "STARTTLS", "none": "no TLS!"}
SECRET_WORDS = {
    "sealed": "kept encrypted",
    "pass_cmd": "command",
    "env": "variable",
    "credential": "systemd credential",
    "none": "none",
}
BACKLOG_WORDS = {"all": "taken", "new": "left alone", "archive": "filed without acknowledgement"}


def clock_or_day(moment: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """``10:42`` of today, ``19 Nov`` of another day, ``-`` for never."""
    if moment is None:
        return "-"
    local, today = moment.astimezone(zone), now.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%d %b}"


def error_word(line: MailboxLine) -> str:
    """Return what is wrong in one word: AUTH, TLS, DNS, ..."""
    return wording.error_word(line.error_kind) or "ERROR"


def column_heads(width: int) -> str:
    """Return the heads over the list."""
    name, address, server = _widths(width)
    return (
        f"   {cell('Mailbox', name)} {cell('Address', address)} {cell('Server', server)} "
        f"{cell('SMTP', 5)} {cell('Last fetch', 14)} {cell('New', 4, right=True)}"
    )


def row_pieces(
    line: MailboxLine, fetch: FetchView | None, width: int, now: datetime, zone: ZoneInfo, key: Keys
) -> list[tuple[str, str]]:
    """Return the line of one mailbox, behind the cursor's mark."""
    name, address, server = _widths(width)
    off = line.state in ("disabled", "none")
    wrong = line.state == "failing" or line.sending.error_count or needs_login(line)
    flag = "!" if wrong else "-" if off else " "
    there = host_and_port(line.incoming.host, line.incoming.port)
    place = {"none": "none", "disabled": "off"}.get(line.state, there)
    last, style = _last(line, fetch, now, zone, key)
    fetched = "-" if line.last_success is None or line.state == "failing" else str(line.fetched)
    columns = ((line.name or line.address, name), (line.address, address), (place, server))
    left = f"{flag} {' '.join(fitted(text, cells) for text, cells in columns)} "
    plain_style = "dim" if off else ""
    return [
        (left, "error" if flag == "!" else plain_style),
        (f"{cell(_sending(line), 5)} ", "error" if line.sending.error_count else plain_style),
        (f"{cell(last, 14)} {cell(fetched, 4, right=True)}", style or plain_style),
    ]


def _widths(width: int) -> tuple[int, int, int]:
    """Cells of name, address and server."""
    rest = max(30, width - 3 - 5 - 14 - 4 - 5)
    name = rest * 22 // 100
    address = rest * 39 // 100
    return name, address, rest - name - address


def needs_login(line: MailboxLine) -> bool:
    """Whether a person has to log in before mail flows, or goes on flowing."""
    return line.token is not None and line.token.state in ("none", "refused", "ending")


def _sending(line: MailboxLine) -> str:
    out = line.outgoing
    if not out.host:
        return "-"
    if not out.enabled:
        return "off"
    return "FAIL" if line.sending.error_count else "OK"


def _last(
    line: MailboxLine, fetch: FetchView | None, now: datetime, zone: ZoneInfo, key: Keys
) -> tuple[str, str]:
    if fetch is not None and fetch.running:
        return (f"{fetch.done}/{fetch.found}" if fetch.phase == "fetching" else fetch.phase), "accent"
    if needs_login(line) and line.state != "disabled":
        return f"LOG IN: {key('mailbox.login', 'i')}", "error"
    match line.state:
        case "failing":
            return f"{clock_or_day(line.last_attempt, now, zone)} {error_word(line)}", "error"
        case "ok":
            return f"{clock_or_day(line.last_success, now, zone)} OK", ""
        case "never":
            return "not yet", ""
        case _:
            return "-", "dim"


def headline(line: MailboxLine, now: datetime, zone: ZoneInfo) -> str:
    """Return the right end of the rule over the detail."""
    match line.state:
        case "failing":
            tries = "1 try" if line.error_count == 1 else f"{line.error_count} tries"
            since = clock_or_day(line.failing_since, now, zone)
            return f"error since {since}, {tries}, next try {clock_or_day(line.not_before, now, zone)}"
        case "disabled":
            return "fetching is off" if line.outgoing_enabled else "switched off"
        case "none":
            return "fetches nothing"
        case _:
            return (
                f"next fetch {clock_or_day(line.next_run, now, zone)}" if line.next_run else "fetching is off"
            )


def detail(
    line: MailboxLine, fetch: FetchView | None, now: datetime, zone: ZoneInfo, key: Keys = USUAL
) -> Content:
    """Return the mailbox in words: what is wrong, the server's words, the cure, and how it is set up."""
    pieces: list[str | tuple[str, str]] = []
    if line.state == "failing":
        message, _, words = line.last_error.partition(": ")
        pieces += [(f"{message}\n", "bold")]
        pieces += [f"  server said: {words}\n"] if words else []
        pieces += [f"{in_the_app(line.last_error_hint, key)}\n"] if line.last_error_hint else []
        edit, test, log = key("mailbox.edit", "e"), key("mailbox.test", "t"), key("mailbox.log", "L")
        pieces += [f"Press {edit} to edit, {test} to test, {log} for this mailbox's log.\n\n"]
    if line.outgoing.enabled and line.sending.last_error:
        pieces += [("Sending fails: ", "bold"), f"{line.sending.last_error}\n\n"]
    if line.token is not None:
        words = f"OAuth2    {line.token.provider}: {login_words(line.token, now, zone)}\n"
        pieces += [(words, "bold") if needs_login(line) or line.token.error else words]
        if needs_login(line):
            login = key("mailbox.login", "i")
            pieces += [f"          Press {login} to log in; address and code can be copied over SSH.\n\n"]
        elif line.token.error_hint:
            pieces += [f"          {in_the_app(line.token.error_hint, key)}\n"]
    # A fetch that failed said above what is wrong.
    if fetch is not None and not fetch.running and fetch.outcome and line.state != "failing":
        pieces += [f"{fetch_outcome(line, fetch)}\n"]
    if line.incoming.protocol != "none":
        pieces += _incoming(line, now, zone)
    pieces += _outgoing(line)
    pieces += [f"Tickets   {_tickets(line)}\n"]
    pieces += [f"Aliases   {', '.join(line.aliases)}\n"] if line.aliases else []
    pieces += [f"Notes     {line.form.notes}\n"] if line.form.notes else []
    return parts(*pieces)


def _tickets(line: MailboxLine) -> str:
    about = f", about {line.form.topic}" if line.form.topic else ""
    priority = f", priority {line.form.priority}" if line.form.priority else ""
    acknowledged = "acknowledged" if line.form.autoresponse else "not acknowledged"
    return f"go to {line.form.department or 'the default department'}{about}{priority}, {acknowledged}"


def _at_once(line: MailboxLine, now: datetime, zone: ZoneInfo) -> str:
    if not line.incoming.idle:
        return ""
    if line.idle_since is not None:
        return f", and at once (IDLE since {clock_or_day(line.idle_since, now, zone)})"
    return f", IDLE not now: {line.idle_error}" if line.idle_error else ", IDLE when a worker runs"


def _incoming(line: MailboxLine, now: datetime, zone: ZoneInfo) -> list[str | tuple[str, str]]:
    try:
        schedule = parse(line.incoming.schedule)
        runs = ", ".join(f"{run:%H:%M}" for run in coming_runs(line, zone, now))
        when = f"{schedule.words()} (next {runs})" if line.enabled and runs else schedule.words()
    except DeskError as error:
        when = str(error)
    source = SECRET_WORDS.get(line.secret_source, line.secret_source)
    secret = f"{source} `{line.secret_ref}`" if line.secret_ref else source
    secret = "none: OAuth2" if line.incoming.auth == "oauth2" else secret
    account = line.incoming
    cap = f", at most {account.max_per_fetch} a run" if account.max_per_fetch else ""
    after = account.after_fetch.replace("move:", "move to ", 1)
    server = f"{host_and_port(account.host, account.port)} {SECURITY_WORDS[account.security]}"
    return [
        f"Fetch     {account.protocol.upper()} {account.user} at {server}\n",
        f"Folder    {account.folder}   Processed -> {after}   Old mail is {BACKLOG_WORDS[account.backlog]}\n",
        f"Schedule  {when}{_at_once(line, now, zone)}\n",
        f"Password  {secret}   {counted(account.batch, 'mail')} a batch{cap}\n",
        *(
            [f"Waiting   {counted(line.waiting, 'mail is', 'mails are')} left at the server for later runs\n"]
            if line.waiting
            else []
        ),
        *[(f"Withheld  {withheld.words(each)}\n", "bold") for each in line.withheld[:WITHHELD_SHOWN]],
    ]


def _outgoing(line: MailboxLine) -> list[str | tuple[str, str]]:
    out = line.outgoing
    if not out.host:
        if line.sending.default_sends:
            return ["Send      through the desk's default mailbox\n"]
        return [("Send      not at all: no mailbox sends for it, its answers stay queued\n", "bold")]
    user = line.form.sending_user
    login = "no login" if out.auth == "none" else f"as {user}" if user else "without a user"
    state = "" if out.enabled else "   switched off"
    default = "   for mailboxes without SMTP too" if line.sending.default else ""
    server = f"{host_and_port(out.host, out.port)} {SECURITY_WORDS[out.security]}"
    more = [f"greets as {line.outgoing.helo}"] if line.outgoing.helo else []
    more += ["may send as the desk's other addresses"] if line.outgoing.spoof else []
    more += [f"copies to {line.outgoing.sent_folder}"] if line.outgoing.sent_folder else []
    said: list[str | tuple[str, str]] = [f"Send      {server} {login}{state}{default}\n"]
    return [*said, f"          {', '.join(more)}\n"] if more else said


def login_words(token: TokenLine, now: datetime, zone: ZoneInfo) -> str:
    """Return how an OAuth2 login stands, in one sentence without a full stop."""
    who = f" as {token.owner}" if token.owner else " as the application itself" if token.as_itself else ""
    words = state_words(token.state, token, lambda moment: clock_or_day(moment, now, zone))
    match token.state:
        case "none":
            return words
        case "refused":
            return f"{words.replace('refused', 'REFUSED', 1)}: {token.error or 'log in again'}"
        case "ending":
            return f"logged in{who}, {words.replace('ends', 'ENDS', 1)}: log in again"
        case "failing":
            return f"logged in{who}, {words}: {token.error}"
        case _:
            return f"{words}{who}, token until {clock_or_day(token.expires, now, zone)}, renewed by itself"


def fetch_progress(line: MailboxLine, fetch: FetchView) -> str:
    """Return a running fetch in words: ``Fetching it-support 120/512``."""
    name = line.name or line.address
    match fetch.phase:
        case "waiting":
            return f"{name}: waiting for the worker"
        case "connecting":
            return f"{name}: connecting"
        case _:
            return f"Fetching {name} {fetch.done}/{fetch.found}"


_SAID: tuple[Verdict, ...] = ("ticket", "reply", "note", "bounce", "duplicate", "quarantined")


def fetch_outcome(line: MailboxLine, fetch: FetchView) -> str:
    """Return what the latest fetch brought, or why it failed."""
    name = line.name or line.address
    errors = fetch.outcome.get("errors") or []
    if fetch.phase == "failed":
        return f"{name}: {errors[0] if errors else line.last_error or 'the fetch failed'}"
    counts = {verdict: fetch.outcome.get(PLURALS[verdict], 0) for verdict in _SAID}
    said = [
        f"{count} {'new ' if verdict == 'ticket' else ''}{noun(verdict, count)}"
        for verdict, count in counts.items()
        if count
    ]
    text = ", ".join(said) or "nothing new"
    return f"{name}: {text}" + ("; there is more" if fetch.outcome.get("more") else "")


def summary(
    lines: Sequence[MailboxLine], now: datetime, zone: ZoneInfo, key: Keys, *, fetching: bool = True
) -> str:
    """Return the status line: how many, how many are well, when the next fetch is."""
    if lines and not fetching:
        return f"ALL FETCHING IS OFF: {key('mailbox.all', 'F')} switches it on"
    if not lines:
        return f"no mailbox yet: {key('mailbox.new', 'n')} makes one"
    counted = {
        state: sum(line.state == state for line in lines) for state in ("ok", "failing", "never", "disabled")
    }
    words = {"ok": "OK", "failing": "failing", "never": "not fetched yet", "disabled": "disabled"}
    named = ", ".join(f"{count} {words[state]}" for state, count in counted.items() if count)
    runs = [line.next_run for line in lines if line.next_run is not None]
    following = f"; next {clock_or_day(min(runs), now, zone)}" if runs else ""
    total = "1 mailbox" if len(lines) == 1 else f"{len(lines)} mailboxes"
    return f"{total}: {named or 'none fetches'}{following}"
