"""The table of verbs: a file or a package a noun, imported only when called.

A verb imports what it works with inside its function: 70 ms for tickets and 110 for mailboxes, for which
neither `--help` nor a shell that completes a word should wait.
"""

from __future__ import annotations

from config.records import Record


class Verb(Record):
    """Where a verb's click command is ("module:attribute"), and its line in `nightdesk --help`.

    ``over_ssh``: what a role has to grant to who calls it behind a forced command
    (`nightdesk.remote_command`); empty: any agent may, and its own calls of the desk decide; None: nobody.
    """

    target: str
    help: str
    over_ssh: str | None = None


VERBS: dict[str, Verb] = {
    "init": Verb("nightdesk.verbs.init:init", "Create the desk; may be run twice."),
    "demo": Verb("nightdesk.verbs.demo:demo", "Open the app on a living example."),
    "mailbox": Verb("nightdesk.verbs.mailbox:mailbox", "Addresses of the desk: add, test, fetch, ...", ""),
    "ticket": Verb("nightdesk.verbs.ticket:ticket", "List, show, answer and change tickets.", ""),
    "attachment": Verb(
        "nightdesk.verbs.attachment:attachment", "Files of tickets: list, get, put into a draft.", ""
    ),
    "receipt": Verb("nightdesk.verbs.receipt:receipt", "What became of each inbound mail, and why.", ""),
    "outbox": Verb("nightdesk.verbs.outbox:outbox", "Mail that is to leave: list, retry, cancel.", ""),
    "search": Verb("nightdesk.verbs.search:search", "Full-text search over all tickets.", ""),
    "log": Verb("nightdesk.verbs.log:log", "The desk's log; --follow waits for more.", ""),
    "worker": Verb("nightdesk.verbs.worker:worker", "Fetch by schedule, send, sweep, until told to stop."),
    "pipe": Verb("nightdesk.verbs.pipe:pipe", "Take one mail from standard input, for MTAs."),
    "import": Verb("nightdesk.verbs.import_:import_", "Take in old mail, or a whole osTicket."),
    "export": Verb("nightdesk.verbs.export:export", "Tickets with their mails, as JSON lines or mbox.", ""),
    "doctor": Verb(
        "nightdesk.verbs.doctor:doctor",
        "Check everything; exits 1 when something is broken.",
        "settings.edit",
    ),
    "backup": Verb("nightdesk.verbs.backup:backup", "Write the desk into one file."),
    "restore": Verb("nightdesk.verbs.restore:restore", "Bring a desk back from such a file."),
    "move": Verb("nightdesk.verbs.move:move", "The desk into another database: PostgreSQL, or a file."),
    "host": Verb("nightdesk.verbs.host:host", "The machines that work for the desk.", "settings.edit"),
    "purge": Verb(
        "nightdesk.verbs.purge:purge", "Delete for good what is long enough in the trash.", "settings.edit"
    ),
    "blobs": Verb("nightdesk.verbs.blobs:blobs", "Stored bytes: into an object store, or out of it."),
    "settings": Verb("nightdesk.verbs.settings:settings", "The desk's own settings: list, get, set.", ""),
    "agent": Verb("nightdesk.verbs.agent:agent", "Who works the tickets.", ""),
    "me": Verb("nightdesk.verbs.me:me", "What you say of yourself: being away, times.", ""),
    "team": Verb("nightdesk.verbs.team:team", "Agents whom a ticket is given to together.", ""),
    "department": Verb("nightdesk.verbs.department:department", "Groups of agents that tickets go to.", ""),
    "notification": Verb(
        "nightdesk.verbs.notification:notification", "Who is told of what, and what became of it.", ""
    ),
    "webhook": Verb("nightdesk.verbs.listeners:webhook", "Signed JSON to a URL when something happens.", ""),
    "push": Verb("nightdesk.verbs.listeners:push", "Chat and telephones, by apprise.", ""),
    "role": Verb("nightdesk.verbs.role:role", "What agents may do.", ""),
    "group": Verb("nightdesk.verbs.group:group", "What members of the system's groups may do here.", ""),
    "contact": Verb("nightdesk.verbs.contact:contact", "Who writes to the desk.", ""),
    "organization": Verb(
        "nightdesk.verbs.organization:organization", "Whose people write to the desk, by their domains.", ""
    ),
    "queue": Verb("nightdesk.verbs.queue:queue", "Saved queries.", ""),
    "report": Verb("nightdesk.verbs.report:report", "What was opened, answered, closed, and how fast.", ""),
    "sla": Verb("nightdesk.verbs.sla:sla", "Promises of an answer within so many hours.", ""),
    "filter": Verb(
        "nightdesk.verbs.filter:filter_", "What is done with mail by itself, and trying that.", ""
    ),
    "recurring": Verb(
        "nightdesk.verbs.recurring:recurring", "Tickets that open themselves by a schedule.", ""
    ),
    "rules": Verb("nightdesk.verbs.rules:rules", "The desk's rules as a file, and recipes.", ""),
    "canned": Verb("nightdesk.verbs.canned:canned", "Texts kept for what is written often.", ""),
    "template": Verb(
        "nightdesk.verbs.template:template", "Texts that customers and agents get, by language.", ""
    ),
    "ban": Verb("nightdesk.verbs.ban:ban", "Senders whose mail is rejected.", ""),
    "serve": Verb("nightdesk.verbs.serve:serve", "The HTTP API: mail, tickets, cron calls, health."),
    "key": Verb("nightdesk.verbs.key:key", "Keys for the HTTP API.", ""),
    "topic": Verb("nightdesk.verbs.topic:topic", "What tickets are about, and what that means for them.", ""),
    "status": Verb("nightdesk.verbs.status:status", "Statuses of your own, within the four states.", ""),
    "field": Verb("nightdesk.verbs.field:field", "Fields of your own, for tickets and contacts.", ""),
    "completion": Verb("nightdesk.verbs.completion:completion", "Script that completes verbs with Tab."),
}
