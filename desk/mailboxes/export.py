"""Mailboxes as a TOML file, without their secrets: for version control, and for a fleet of desks."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from desk.errors import DeskError, WrongUse
from desk.mailboxes import restricted_mode
from desk.mailboxes.fields import BY_NAME, SECRET, SECRETS, MailboxForm, of_part, values
from desk.mailboxes.form import check, merged, values_of
from desk.mailboxes.named_servers import new_servers
from desk.mailboxes.registry import add, edit, find, get
from desk.mailboxes.secrets import MailboxSecrets, SecretInput, source_of, wanted
from desk.mailboxes.stored import form_of
from desk.permissions import Actor, require
from mail.inert import one_line
from models import mailboxes
from models.transactions import transaction, undone

if TYPE_CHECKING:
    from config.secrets import SecretSource
    from desk.home import Desk
    from models.mailboxes import Mailbox

HEAD = """\
# Mailboxes of a Nightdesk. No password is in here: what says "sealed" has to be given once on each desk
# (nightdesk mailbox edit ADDRESS --password-stdin), OAuth2 logins too (nightdesk mailbox login ADDRESS).
# Read it in with: nightdesk mailbox import FILE

"""
_ALWAYS = ("address", "protocol", "schedule", "after_fetch")
_SOURCES = ("sealed", "pass_cmd", "env", "credential")

Outcome = Literal["added", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did to a mailbox; `missing`: secrets that the file cannot hold and the desk lacks."""

    address: str
    outcome: Outcome
    missing: tuple[str, ...]


def documents(addresses: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the mailboxes (default: all) as the file has them. Raises NotFound for an unknown address."""
    if addresses:
        rows = [get(address) for address in addresses]
    else:
        rows = mailboxes.in_use()
    return [_document(row) for row in rows]


def written(addresses: Sequence[str] = ()) -> str:
    """Return the file's text."""
    import tomlkit  # 5 ms, for a file that is written

    found = documents(addresses)
    return HEAD + (tomlkit.dumps({"mailbox": found}) if found else "")


def read(text: str) -> list[dict[str, Any]]:
    """Return the mailboxes in a file's text. Raises WrongUse with the line that is wrong."""
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise WrongUse(f"the file is no TOML: {one_line(str(error), 200)}", "correct that line") from None
    tables = told.pop("mailbox", [])
    if told or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        other = ", ".join(one_line(name, 40) for name in told) or "mailbox"
        raise WrongUse(f"'{other}' is not expected there", "the file has tables [[mailbox]] and nothing else")
    return tables


def take_in(
    desk: Desk, actor: Actor, tables: Sequence[Mapping[str, Any]], *, rehearse: bool = False
) -> list[Imported]:
    """Make the desk's mailboxes what the tables say: all of them or, when one is wrong, none.

    Mailboxes that are not in the file stay as they are. A mailbox whose password is missing is kept switched
    off until it is there. With `rehearse` nothing is kept. Raises WrongUse and Refused, with the mailbox.
    """
    require(actor, "mailbox.edit")
    with transaction(), undone() if rehearse else nullcontext():
        done = [_take_one(desk, actor, table) for table in tables]
        twice = {each.address.lower() for each in done}
        if len(twice) != len(done):
            raise WrongUse("a mailbox is in the file twice", "leave one of them")
    return done


def _document(row: Mailbox) -> dict[str, Any]:
    form = form_of(row)
    document = {
        name: value
        for name, value in values(form).items()
        if value is not None and (name in _ALWAYS or value != BY_NAME[name].default)
    }
    for secret in SECRETS:
        document.update(_secret(secret.name, source_of(secret.name, row)))
    if not form.outgoing.sends:
        for each in of_part("outgoing"):
            if each.name != "sent_folder":
                document.pop(each.name, None)
        document.pop("smtp_password", None)
    return document


def _secret(name: str, source: SecretSource) -> dict[str, Any]:
    if source.kind == "none":
        return {}
    return {name: {source.kind: True if source.kind == "sealed" else source.ref}}


def _take_one(desk: Desk, actor: Actor, table: Mapping[str, Any]) -> Imported:
    address = str(table.get("address", "?"))
    try:
        said = {name: value for name, value in table.items() if name not in SECRET}
        there = find(address)
        restricted_mode.refuse_files(desk, said, there)
        form = check(said, None if there is None else values_of(there))
        stored = find(form.address)
        secrets, missing = _secrets(table, form, stored)
        if "password" in missing:
            form.incoming.enabled = False
        if "smtp_password" in missing:
            form.outgoing.enabled = False
        if stored is None:
            add(desk, actor, form, secrets)
            return Imported(form.address, "added", missing)
        before = _document(stored)
        if form == merged(stored, {}) and before == _normal(table, before):
            return Imported(form.address, "unchanged", missing)
        edit(desk, actor, stored.address, form, secrets)
        return Imported(form.address, "changed", missing)
    except DeskError as error:
        error.args = (f"{one_line(address, 80)}: {error}",)
        raise


def _normal(table: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored document with the secrets of the table: equal to the stored one if those are."""
    return {name: value for name, value in before.items() if name not in SECRET} | {
        name: dict(value) for name, value in table.items() if name in SECRET
    }


def _secrets(
    table: Mapping[str, Any], form: MailboxForm, stored: Mailbox | None
) -> tuple[MailboxSecrets, tuple[str, ...]]:
    """Return the secrets as the file says them, and the names of those that are neither there nor here."""
    given: dict[str, SecretInput | None] = {}
    missing = []
    for secret in SECRETS:
        source, ref = _source(secret.name, table.get(secret.name))
        if source == "sealed":
            there = (
                stored is not None
                and source_of(secret.name, stored).kind == "sealed"
                and not new_servers(secret.name, form, stored)
            )
            given[secret.given] = None if there else SecretInput("none")
            if not there:
                missing.append(secret.name)
        else:
            given[secret.given] = SecretInput(cast("Any", source), ref)
            if source == "none" and wanted(secret.name, form):
                missing.append(secret.name)
    return MailboxSecrets(**given), tuple(missing)


def _source(name: str, told: Any) -> tuple[str, str]:
    if told is None:
        return "none", ""
    if isinstance(told, Mapping) and len(told) == 1:
        ((source, ref),) = told.items()
        if source == "sealed" and ref is True:
            return source, ""
        if source in _SOURCES[1:] and isinstance(ref, str) and ref:
            return source, ref
    raise WrongUse(
        f"{name} is not understood",
        f'write {name} = {{ env = "VAR" }}, {{ pass_cmd = "CMD" }}, {{ credential = "NAME" }} or '
        "{ sealed = true }; never the secret itself",
    )
