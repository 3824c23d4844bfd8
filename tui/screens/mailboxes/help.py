"""One sentence for each field of the mailbox form, shown while the cursor is in it."""

from __future__ import annotations

from desk.mailboxes.fields import FIELDS

FIELD_HELP = {field.name: field.about.help for field in FIELDS} | {
    "provider": "Who has the mail: found by the address; left and right choose another one.",
    "protocol": "How mail is fetched; left and right change it. POP3 has one folder, no IDLE.",
    "idle": "Stay connected (IMAP IDLE): new mail is a ticket within seconds. Space: on.",
    "smtp_port": "587 is STARTTLS, 465 TLS, 25 between servers; the security follows the port.",
    "secret_source": "Typed passwords are kept encrypted; the others are asked for each time.",
    "secret": "The password, or where it comes from.",
    "move_folder": "The folder that fetched mail is moved to; made when missing.",
    "outgoing": "Where this mailbox's answers leave. No: through the desk's default mailbox.",
    "smtp_secret_source": "Typed passwords are kept encrypted; the others are asked for each time.",
    "smtp_secret": "The password, or where it comes from.",
    "client_secret_source": "Some providers give the application a secret; desktop applications have none.",
    "client_secret": "The client secret, or where it comes from.",
}
"""The fields of a mailbox, and what the form asks besides."""
