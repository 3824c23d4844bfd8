"""The desk's own settings: what each is, its bounds, and its value in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from config.records import Record
from desk.errors import WrongUse
from desk.given import given_line
from mail.inert import one_line
from models import settings as rows
from models import slas, topics
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.permissions import Actor

Kind = Literal[
    "switch",
    "number",
    "text",
    "choice",
    "schedule",
    "mailbox",
    "sla",
    "topic",
    "addresses",
    "servers",
    "file",
    "people",
    "reports",
    "days",
]


_LONGEST_KEPT = 36_500


class Setting(Record):
    """One setting. `low` and `high` bound a number, which counts `unit`; `choices` are those of a choice."""

    key: str
    kind: Kind
    default: Any
    help: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    title: str = ""
    unit: str = ""

    @property
    def words(self) -> str:
        """What people read in place of the key."""
        return self.title or self.key.partition(".")[2].replace("_", " ").capitalize()

    @property
    def section(self) -> str:
        """The part of the key before the dot: "tickets", "mail", ..."""
        return self.key.partition(".")[0]


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "tickets.number_format",
        "text",
        "#",
        "How a ticket's number looks: # is replaced by it, several # pad it with zeros (IT-#####).",
        title="Ticket numbers",
    ),
    Setting(
        "tickets.number_kind",
        "choice",
        "sequence",
        "sequence: 1, 2, 3, ...; random: numbers that tell nobody how many tickets there are.",
        choices=("sequence", "random"),
        title="How numbers are given",
    ),
    Setting(
        "tickets.default_sla",
        "sla",
        "Standard",
        "The SLA of tickets whose department has none; empty: none.",
        title="Usual SLA",
    ),
    Setting(
        "tickets.default_topic",
        "topic",
        "",
        "The help topic of tickets whose mailbox has none; empty: none.",
        title="Usual help topic",
    ),
    Setting(
        "tickets.topic_to_close",
        "switch",
        False,
        "Whether agents close a ticket only once it has a help topic.",
        title="Closing needs a help topic",
    ),
    Setting(
        "tickets.status_after_reply",
        "choice",
        "waiting",
        "The state of a ticket after an answer, unless the agent picks another.",
        choices=("keep", "open", "waiting", "closed"),
        title="State after an answer",
    ),
    Setting(
        "tickets.confirm_bulk_over",
        "number",
        5,
        "Changes of more tickets than this ask first.",
        1,
        10_000,
        title="Ask before changing over",
        unit="tickets",
    ),
    Setting(
        "mail.undo_seconds",
        "number",
        10,
        "Seconds between sending an answer and its leaving, to take it back.",
        0,
        3600,
        title="Time to take an answer back",
        unit="seconds",
    ),
    Setting(
        "mail.from_name",
        "choice",
        "mailbox",
        "Who From of agents' mail names: mailbox, agent, both (Ana at Support), or as each has chosen.",
        choices=("mailbox", "agent", "both", "chosen"),
        title="Whose name is in From",
    ),
    Setting("mail.fetching", "switch", True, "Whether mail is fetched at all.", title="Mail is fetched"),
    Setting(
        "mail.acknowledge",
        "switch",
        True,
        "Whether a new ticket is acknowledged to its sender.",
        title="New tickets acknowledged",
    ),
    Setting(
        "mail.ack_limit_hour",
        "number",
        5,
        "At most so many acknowledgements to one sender within an hour; 0: none.",
        0,
        1000,
        title="Acknowledged to one sender",
        unit="an hour",
    ),
    Setting(
        "mail.ack_limit_domain_hour",
        "number",
        100,
        "At most so many acknowledgements to one domain within an hour; 0: none.",
        0,
        100_000,
        title="Acknowledged to one domain",
        unit="an hour",
    ),
    Setting(
        "mail.ack_limit_desk_hour",
        "number",
        1000,
        "At most so many acknowledgements to everybody within an hour; 0: none.",
        0,
        4000,
        title="Acknowledged in all",
        unit="an hour",
    ),
    Setting(
        "mail.default_outgoing",
        "mailbox",
        "",
        "The mailbox that sends for mailboxes without an outgoing account; empty: their mail stays queued.",
        title="Mailbox that sends for all",
    ),
    Setting(
        "mail.form_senders",
        "addresses",
        "",
        "Web forms and shops, several addresses with commas: whom their Reply-To names is the requester.",
        title="Web forms and shops",
    ),
    Setting(
        "mail.authserv_ids",
        "servers",
        "",
        "Your mail servers' names, as Authentication-Results headers begin: with them agents answer by mail; "
        "servers must remove such headers from mail that comes from outside. Empty: none is believed.",
        title="Your mail servers' names",
    ),
    Setting(
        "mail.check_dkim",
        "switch",
        False,
        "Whether DKIM signatures prove agents where no server of yours does; needs the extra dkim and DNS.",
        title="DKIM proves agents",
    ),
    Setting(
        "mail.believe_spam_headers",
        "switch",
        False,
        "Whether filters believe X-Spam-Flag, X-Spam-Status, X-Spam-Score, X-Spam and X-Spamd-Result; "
        "your mail server must remove them from mail that comes from outside.",
        title="Spam headers are believed",
    ),
    Setting(
        "mail.signed_addresses",
        "switch",
        False,
        "Whether answers go to support+TAG@..., whose tag names the ticket and proves agents; "
        "your mail server must deliver plus-addresses.",
        title="Addresses are signed",
    ),
    Setting(
        "groups.new_agents",
        "switch",
        False,
        "Whether an unknown login in a group of the system that gives something becomes an agent by itself.",
        title="Groups make agents",
    ),
    Setting(
        "tickets.spam_days",
        "number",
        30,
        "Days after which what was marked as spam is deleted; 0: never.",
        0,
        3650,
        title="Spam is deleted after",
        unit="days",
    ),
    Setting(
        "tickets.trash_days",
        "number",
        30,
        "Days after which what was put into the trash is purged; 0: never.",
        0,
        3650,
        title="The trash is purged after",
        unit="days",
    ),
    Setting(
        "tickets.keep_days",
        "number",
        0,
        "Days after which the texts of a closed ticket are erased, with its mails and files; its numbers,"
        " times and events stay. 0: never.",
        0,
        36500,
        title="Closed tickets keep texts",
        unit="days",
    ),
    Setting(
        "tickets.keep_days_in",
        "days",
        "",
        "The same for single departments, which goes before: `Support=365, Sales=3650`; 0: never.",
        title="Texts kept by department",
    ),
    Setting(
        "rules.file",
        "file",
        "",
        "The file of `nightdesk rules export` that the desk is to be like: doctor tells where it is not.",
        title="File of rules to be like",
    ),
    Setting(
        "backups.schedule",
        "schedule",
        "every 10 minutes",
        "How often the replica gets a moment, where config.toml names one (replica).",
        title="Moments of the replica",
    ),
    Setting(
        "backups.keep_days",
        "number",
        30,
        "Days that the replica keeps a moment; 0: for good. The newest always stays.",
        0,
        _LONGEST_KEPT,
        title="Moments kept",
        unit="days",
    ),
    Setting(
        "worker.sweep_schedule",
        "schedule",
        "every 5 minutes",
        "When overdue tickets are looked for.",
        title="Overdue tickets looked for",
    ),
    Setting(
        "alerts.after_failures",
        "number",
        6,
        "Failed fetches in a row, or tries to keep the replica, after which the admin is alerted; 0: however "
        "many.",
        0,
        1000,
        title="Alert after failed fetches",
        unit="in a row",
    ),
    Setting(
        "alerts.after_hours",
        "number",
        24,
        "Hours without a successful fetch, or with a replica that cannot be kept, after which the admin is "
        "alerted; 0: never.",
        0,
        720,
        title="Alert after no fetch for",
        unit="hours",
    ),
    Setting(
        "alerts.to",
        "addresses",
        "",
        "Where alerts go, several addresses with commas; empty: to every agent with the role Admin.",
        title="Alerts go to",
    ),
    Setting(
        "notify.new_ticket",
        "people",
        "department, account_owner",
        "Who is mailed of a new ticket: assignee, team, team_lead, last_respondent, department, admins, "
        "everybody, account_owner (of the requester's organization), manager (of the department), "
        "agent:LOGIN or team:NAME, several with commas; empty: nobody.",
    ),
    Setting(
        "notify.customer_wrote",
        "people",
        "assignee, last_respondent",
        "Who is mailed when a customer writes again; the assignee of a ticket without one is its department.",
    ),
    Setting("notify.answered", "people", "", "Who is mailed when an agent answers the customer."),
    Setting("notify.assigned", "people", "assignee", "Who is mailed when a ticket is given to an agent."),
    Setting("notify.transferred", "people", "department", "Who is mailed when a ticket changes department."),
    Setting("notify.noted", "people", "", "Who is mailed of an internal note."),
    Setting("notify.woken", "people", "assignee", "Who is mailed when a ticket is awake that was snoozed."),
    Setting("notify.due_soon", "people", "assignee", "Who is mailed when an answer is due soon."),
    Setting("notify.overdue", "people", "assignee, manager", "Who is mailed when a ticket is overdue."),
    Setting(
        "notify.undelivered",
        "people",
        "assignee, last_respondent",
        "Who is mailed when an answer did not reach somebody.",
    ),
    Setting(
        "notify.limit_hour",
        "number",
        60,
        "At most so many such mails to one agent within an hour; 0: none.",
        0,
        1000,
        title="Mails to one agent",
        unit="an hour",
    ),
    Setting(
        "reports.schedule",
        "schedule",
        "",
        "When reports are mailed: 'every 7 days', or a cron line (0 8 * * mon); empty: never.",
        title="Reports are mailed",
    ),
    Setting(
        "reports.to",
        "addresses",
        "",
        "Who gets them, several addresses with commas; empty: where alerts go.",
        title="Reports go to",
    ),
    Setting(
        "reports.names",
        "reports",
        "departments, agents",
        "Which reports: departments, topics, agents, teams, tags, mailboxes, days; several with commas.",
        title="Which reports",
    ),
    Setting(
        "reports.days",
        "number",
        7,
        "Days that a mailed report looks back.",
        1,
        366,
        title="Reports look back",
        unit="days",
    ),
    Setting(
        "webhooks.private",
        "switch",
        False,
        "Whether webhooks may reach this machine and private networks; admins alone set where they go.",
        title="Webhooks inside networks",
    ),
    Setting(
        "webhooks.off_after_days",
        "number",
        5,
        "Days of failing after which a webhook or a push address is switched off; 0: never.",
        0,
        365,
        title="Failing webhook off after",
        unit="days",
    ),
    Setting(
        "webhooks.ca_file",
        "file",
        "",
        "Certificates of an authority of your own, by which webhooks' servers are verified.",
        title="Webhooks' own authority",
    ),
    Setting(
        "logs.keep_days",
        "number",
        90,
        "Days that log lines are kept.",
        1,
        3650,
        title="Log lines are kept",
        unit="days",
    ),
    Setting(
        "texts.language",
        "choice",
        "en",
        "The language of the texts that agents get, and customers whose own language is not known.",
        choices=("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "zh"),
        title="Language of the desk",
    ),
    Setting(
        "texts.by_customer",
        "switch",
        True,
        "Whether customers are written to in their own language, as known.",
        title="In the customer's language",
    ),
)
"""Every setting of a desk, in the order of the Settings screen."""

REPORTS = ("departments", "topics", "agents", "teams", "tags", "mailboxes", "days")
"""What a ``reports`` setting may name."""

PEOPLE = (
    "assignee",
    "team",
    "team_lead",
    "last_respondent",
    "department",
    "admins",
    "everybody",
    "account_owner",
    "manager",
)
"""Whom a ``notify`` setting may name, beside single agents and teams (``agent:bo``, ``team:Night``)."""

_BY_KEY = {setting.key: setting for setting in SETTINGS}
_ON = ("on", "yes", "true", "1")
_OFF = ("off", "no", "false", "0")


class SettingLine(Record):
    """A setting with its value; `shown` is the value as a person types it."""

    setting: Setting
    value: Any
    shown: str
    is_default: bool


def get(key: str) -> Any:
    """Return a setting's value: bool, int or str. Raises WrongUse for an unknown key."""
    setting = lookup(key)
    value = rows.stored(key)
    return setting.default if value is None else value


def set(actor: Actor, key: str, text: str) -> Any:  # noqa: A001
    """Check what was typed and keep it; returns the value. Raises WrongUse with what would be right."""
    from desk.permissions import require  # 2 ms, for a change

    require(actor, "settings.edit")
    setting = lookup(key)
    value = _value(setting, text.strip())
    with transaction():
        if value == setting.default:
            rows.forget(key)
        else:
            rows.store(key, value)
    return value


def checked(key: str, text: str) -> Any:
    """Return what was typed for a setting as it would be kept, which it is not. Raises WrongUse."""
    return _value(lookup(key), text.strip())


def reset(actor: Actor, key: str) -> Any:
    """Put a setting back to its default and return that."""
    from desk.permissions import require  # 2 ms, for a change

    require(actor, "settings.edit")
    setting = lookup(key)
    with transaction():
        rows.forget(key)
    return setting.default


def entries() -> list[SettingLine]:
    """Return every setting with its value."""
    lines = []
    for setting in SETTINGS:
        value = get(setting.key)
        lines.append(SettingLine(setting, value, shown(setting, value), value == setting.default))
    return lines


def shown(setting: Setting, value: Any) -> str:
    """Return a value as a person types it."""
    if setting.kind == "switch":
        return "on" if value else "off"
    return str(value)


def lookup(key: str) -> Setting:
    """Return the setting of that key; raises WrongUse with the nearest keys."""
    if key in _BY_KEY:
        return _BY_KEY[key]
    import difflib  # 0.5 ms, for a name that is wrong

    close = difflib.get_close_matches(key, _BY_KEY, 2, 0.5)
    raise WrongUse(
        f"there is no setting '{one_line(key, 60)}'",
        f"did you mean {' or '.join(close)}?" if close else "nightdesk settings list",
    )


def _value(setting: Setting, text: str) -> Any:
    match setting.kind:
        case "switch":
            return _switch(setting, text)
        case "number":
            return _number(setting, text)
        case "choice":
            if text not in setting.choices:
                raise _wrong(setting, text, f"use {', '.join(setting.choices)}")
            return text
        case "schedule":
            from desk.schedules import parse  # 1.3 ms, for schedules

            return parse(text).text if text or setting.default else ""
        case "mailbox":
            return _mailbox(setting, text)
        case "sla":
            return _sla(setting, text)
        case "topic":
            return _topic(text)
        case "addresses":
            return ", ".join(address_list(text))
        case "people":
            return _people(setting, text)
        case "reports":
            return _listed(setting, text, REPORTS)
        case "days":
            return ", ".join(f"{name}={days}" for name, days in days_by_department(setting, text).items())
        case "servers":
            return " ".join(_server(name) for name in text.replace(",", " ").split())
        case "file":
            return given_line(setting.key, text, 1000)
        case "text":
            return number_format(text, setting.key)


def days_by_department(setting: Setting, text: str) -> dict[str, int]:
    """Return the days that are said of departments; raises WrongUse."""
    from models import departments  # 2 ms, for departments

    found: dict[str, int] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        name, _, days = part.rpartition("=")
        department = departments.named(name.strip())
        if not days.strip().isdecimal() or int(days) > _LONGEST_KEPT or not name.strip():
            raise _wrong(setting, part.strip(), "write department=days, several with commas")
        if department is None:
            known = ", ".join(each.name for each in departments.every())
            raise _wrong(setting, part.strip(), f"the departments are {known}")
        found[department.name] = int(days)
    return found


def _listed(setting: Setting, text: str, known: Sequence[str]) -> str:
    words = list(dict.fromkeys(text.lower().replace(",", " ").split()))
    if any(word not in known for word in words):
        raise _wrong(setting, text, f"use {', '.join(known)}, several with commas, or nothing")
    return ", ".join(words)


def _in_words(text: str) -> Sequence[str]:
    """Return words between commas; without a comma or a name those between blanks."""
    by_commas = "," in text or ":" in text
    return [word.strip() for word in (text.split(",") if by_commas else text.split()) if word.strip()]


def _people(setting: Setting, text: str) -> str:
    from models import agents, teams  # 2 ms, for people

    words = list(dict.fromkeys(_in_words(text)))
    logins = {each.login.lower(): each.login for each in agents.every()} if ":" in text else {}
    named = {each.name.lower(): each.name for each in teams.every()} if ":" in text else {}
    found = []
    for word in words:
        kind, _, login = word.partition(":")
        if kind.lower() == "agent" and login.lower() in logins:
            found.append(f"agent:{logins[login.lower()]}")
        elif kind.lower() == "team" and login.lower() in named:
            found.append(f"team:{named[login.lower()]}")
        elif word.lower() in PEOPLE:
            found.append(word.lower())
        else:
            hint = f"use {', '.join(PEOPLE)}, agent:LOGIN or team:NAME, several with commas"
            raise _wrong(setting, text, hint)
    return ", ".join(found)


def _server(name: str) -> str:
    if not all(letter.isalnum() or letter in ".-_:" for letter in name):
        raise WrongUse(f"'{one_line(name, 80)}' is no server's name", "write mx.example.org")
    return name.lower()


def _topic(text: str) -> str:
    if not text:
        return ""
    known, found = [topic.name for topic in topics.rules()], topics.named(text)
    if found is None or found.name not in known:
        hint = f"use {', '.join(known)}" if known else "nightdesk topic add NAME"
        raise WrongUse(f"there is no help topic '{one_line(text, 60)}'", hint)
    return found.name


def address_list(text: str) -> Sequence[str]:
    """Return the addresses in what was typed; raises WrongUse for one that is none."""
    from mail.mime.address import parse_addresses  # 3 ms, and most that ask for a setting set none

    found = parse_addresses([text])
    for person in found:
        if person.name or "@" not in person.email:
            raise WrongUse(f"'{one_line(str(person), 80)}' is no mail address", "write name@example.org")
    return [person.email for person in found]


def _switch(setting: Setting, text: str) -> bool:
    if text.lower() in _ON:
        return True
    if text.lower() in _OFF:
        return False
    raise _wrong(setting, text, "use on or off")


def _number(setting: Setting, text: str) -> int:
    if text.isascii() and text.isdecimal() and setting.low <= int(text) <= setting.high:
        return int(text)
    raise _wrong(setting, text, f"use a number from {setting.low} to {setting.high}")


def _mailbox(setting: Setting, text: str) -> str:
    from models import mailboxes  # 1.6 ms, for a mailbox

    if not text:
        return ""
    row = mailboxes.in_use_with_address(text)
    if row is None:
        raise _wrong(setting, text, "use the address of a mailbox: nightdesk mailbox list")
    if not row.can_send:
        raise _wrong(
            setting, text, f"{row.address} has no outgoing account: nightdesk mailbox edit {row.address}"
        )
    return str(row.address)


def _sla(setting: Setting, text: str) -> str:
    if not text:
        return ""
    row = slas.named(text)
    if row is None or not row.active:
        names = [sla.name for sla in slas.every() if sla.active]
        raise _wrong(setting, text, f"use one of {', '.join(names)}; nightdesk sla add")
    return row.name


def number_format(text: str, what: str = "the number format") -> str:
    """Return how numbers look as it was typed; raises WrongUse."""
    if "#" not in text or len(text) > 30 or any(letter.isspace() or letter in "[]" for letter in text):
        raise WrongUse(
            f"{what} cannot be '{one_line(text, 60)}'",
            "use up to 30 characters with a #, without blanks and brackets: IT-####",
        )
    return text


def _wrong(setting: Setting, text: str, hint: str) -> WrongUse:
    return WrongUse(f"{setting.key} cannot be '{one_line(text, 60)}'", hint)


def page_table() -> str:
    """Return the settings as a table in Markdown."""
    lines = ["| setting | key | default | what it does |", "|---|---|---|---|"]
    for each in SETTINGS:
        default = " ".join(part for part in (shown(each, each.default) or "empty", each.unit) if part)
        lines.append(f"| {each.words} | `{each.key}` | {default} | {each.help} |")
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(page_table() + "\n")
