"""A desk of its own, worked through the command line against the test servers."""

from __future__ import annotations

from typing import Any

from tests.support.program import Program, Ran
from tests.support.servers.dovecot import MailUser
from tests.support.servers.postfix import Postfix

NOWHERE = (
    *("--smtp-host", "localhost", "--smtp-port", "1"),
    *("--smtp-security", "none", "--smtp-auth", "none"),
)
"""An outgoing account at a server that does not exist: what is to leave stays."""


class Desk:
    """Calls ``nightdesk`` for one desk; ``home`` is its NIGHTDESK_HOME."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.home = program.home

    def __call__(self, *arguments: str, stdin: str | bytes = b"") -> Ran:
        """One call that may fail."""
        return self.program(*arguments, stdin=stdin)

    def ok(self, *arguments: str, stdin: str | bytes = b"") -> Ran:
        """One call that must not fail."""
        ran = self(*arguments, stdin=stdin)
        assert ran.status == 0, f"nightdesk {' '.join(arguments)}: {ran.status}\n{ran.err}\n{ran.out}"
        return ran

    def json(self, *arguments: str, stdin: str | bytes = b"") -> Any:
        """The JSON document that a call prints."""
        return self.ok(*arguments, "--json", stdin=stdin).document

    def add_mailbox(self, user: MailUser, postfix: Postfix | None = None, *options: str) -> None:
        """Add the account: IMAPS with the tests' CA, and Postfix' submission port with the same login.

        ``options`` come last on the command line.
        """
        dovecot = user.dovecot
        incoming = (
            *("--protocol", "imap", "--host", "localhost", "--port", str(dovecot.imaps_port)),
            *("--security", "tls", "--ca-file", str(dovecot.pki.ca_file), "--user", user.address),
            "--password-stdin",
        )
        outgoing: tuple[str, ...] = ()
        if postfix:
            outgoing = (
                *("--smtp-host", "localhost", "--smtp-port", str(postfix.submission_port)),
                *("--smtp-security", "starttls", "--smtp-auth", "same"),
                *("--smtp-ca-file", str(postfix.pki.ca_file)),
            )
        self.ok("mailbox", "add", user.address, *incoming, *outgoing, *options, stdin=f"{user.password}\n")

    def fetch_once(self, *options: str) -> Any:
        """Fetch and send once; the summary."""
        return self.json("--fetch-once", *options)
