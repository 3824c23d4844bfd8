"""Mailboxes with their accounts, logins and health; never a password or a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.mailboxes.fields import json_of

if TYPE_CHECKING:
    from desk.mailboxes.export import Imported
    from desk.mailboxes.lists import MailboxLine
    from desk.mailboxes.login import LoggedIn, LoggedOut
    from desk.mailboxes.token_health import TokenLine
    from desk.outbox.probe_mail import ProbeMail
    from mail.probe import Step
    from models.withheld import Withheld


def mailbox(line: MailboxLine) -> dict[str, Any]:
    """Return a mailbox: the fields that JSON shows, and its health."""
    lag = line.lag
    return {
        **json_of(line.form, "address"),
        "aliases": list(line.aliases),
        **json_of(line.form, "incoming"),
        "enabled": line.enabled,
        "token": None if line.token is None else _token(line.token),
        "idle_since": line.idle_since,
        "idle_error": line.idle_error or None,
        "state": line.state,
        "next_run": line.next_run,
        "last_attempt": line.last_attempt,
        "last_success": line.last_success,
        "lag": None if lag is None else max(int(lag.total_seconds()), 0),
        "waiting": line.waiting,
        "withheld": [_withheld(each) for each in line.withheld],
        "last_error": line.last_error or None,
        "error_count": line.error_count,
        "failing_since": line.failing_since,
        "not_before": line.not_before,
        "alerted": line.alerted,
        "outgoing": {
            **json_of(line.form, "outgoing"),
            "enabled": line.outgoing_enabled,
            "user": line.form.sending_user,
            "default": line.sending.default,
            "last_sent": line.sending.last_sent,
            "last_error": line.sending.last_error or None,
            "error_count": line.sending.error_count,
        },
    }


def logged_in(login: LoggedIn) -> dict[str, Any]:
    """Return a login that was kept."""
    return {
        "address": login.address,
        "owner": login.owner,
        "expires": login.expires,
        "refresh_expires": login.refresh_expires,
        "scopes": list(login.scopes),
        "warnings": list(login.warnings),
    }


def logged_out(login: LoggedOut) -> dict[str, Any]:
    """Return a login that was forgotten."""
    return {
        "address": login.address,
        "owner": login.owner,
        "revoked": login.revoked,
        "trouble": login.trouble or None,
    }


def imported(done: Imported) -> dict[str, Any]:
    """Return what reading a file did to a mailbox."""
    return {"address": done.address, "outcome": done.outcome, "missing": list(done.missing)}


def step(tried: Step) -> dict[str, Any]:
    """Return a step of a test of the accounts; `ok` is None for one that was left out."""
    return {
        "step": tried.name,
        "ok": tried.ok,
        "detail": tried.detail,
        "words": tried.words,
        "cure": tried.cure,
        "seconds": round(tried.seconds, 3),
        "pin": tried.pin or None,
        "certificate": tried.certificate or None,
    }


def test_mail(mail: ProbeMail) -> dict[str, Any]:
    """Return what became of a test mail."""
    return {
        "to": mail.to,
        "through": mail.through,
        "delivery": mail.delivery_id,
        "message_id": mail.message_id,
        "state": mail.state,
        "words": mail.words,
        "cure": mail.cure or None,
        "dialogue": list(mail.dialogue),
    }


def _token(line: TokenLine) -> dict[str, Any]:
    return {
        "provider": line.provider,
        "client_id": line.client_id,
        "state": line.state,
        "owner": line.owner or None,
        "as_itself": line.as_itself,
        "logged_in": line.logged_in,
        "renewed": line.renewed,
        "expires": line.expires,
        "refresh_expires": line.refresh_expires,
        "refused": line.refused,
        "failing_since": line.failing_since,
        "error": line.error or None,
        "hint": line.error_hint or None,
    }


def _withheld(mail: Withheld) -> dict[str, Any]:
    return {
        "folder": mail.folder or None,
        "number": mail.number,
        "error": mail.why,
        "tries": mail.tries,
        "since": mail.since,
        "next_try": mail.not_before,
    }
