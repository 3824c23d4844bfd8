"""Changing the key that seals passwords and tokens, and sealing all of them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from config.errors import SealBroken
from config.wording import counted
from desk import logs
from desk.errors import Refused
from desk.mailboxes import secrets, tokens
from desk.permissions import Actor, require
from models import listeners, mailboxes
from models.listeners import SealedListener
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.mailboxes import Mailbox, MailboxOAuth2


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """How many secrets are sealed with the new key; `lost`: those that no key opened, by what they are of."""

    sealed: int
    lost: tuple[str, ...]
    kept_old: bool


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A column that holds something sealed."""

    row: Mailbox | MailboxOAuth2 | SealedListener
    column: str
    context: str
    name: str
    keep: Callable[[], None]
    """Writes the row whole: nobody else writes under the lock that it was read under."""

    @property
    def value(self) -> bytes:
        return bytes(getattr(self.row, self.column) or b"")


def rekey(desk: Desk, actor: Actor, *, keep_old: bool = False, forget_lost: bool = False) -> Rekeyed:
    """Make a new key, seal every stored secret with it, and forget the old keys unless `keep_old`.

    A crash at any point leaves every secret readable: the old keys go last, and only when nothing needs
    them. What no key opens is Refused, unless `forget_lost` empties it. Signatures of Message-IDs stay valid.
    """
    require(actor, "settings.edit")
    with transaction():
        broken = [each for each in _all_sealed() if not _opens(desk, each)]
        if broken and not forget_lost:
            names = ", ".join(each.name for each in broken)
            raise Refused(
                f"no key opens what is stored of {names}: nothing was changed",
                "put the old key file back, enter these again, or say --forget-lost",
            )
        for each in broken:
            setattr(each.row, each.column, None)
            if each.column != "token_sealed" and not isinstance(each.row, SealedListener):
                setattr(each.row, each.column.replace("_sealed", "_source"), "none")
            each.keep()
    desk.sealer.rotate()
    with transaction():
        count = 0
        for each in _all_sealed():
            setattr(each.row, each.column, desk.sealer.resealed(each.value, each.context))
            each.keep()
            count += 1
        logs.write("info", "settings", f"a new key seals {counted(count, 'secret')}, by {actor.login}")
    if not keep_old:
        # Nobody seals while this transaction holds the write lock, so what is current stays current.
        with transaction():
            if all(desk.sealer.is_current(each.value) for each in _all_sealed()):
                desk.sealer.drop_old_keys()
            else:
                keep_old = True
    return Rekeyed(count, tuple(each.name for each in broken), keep_old)


def _all_sealed() -> Iterator[_Sealed]:
    rows = mailboxes.every()
    for row in rows:
        for column, context, what in (
            ("secret_sealed", secrets.context("password", row.id), "password"),
            ("smtp_secret_sealed", secrets.context("smtp_password", row.id), "SMTP password"),
        ):
            if getattr(row, column):
                yield _Sealed(row, column, context, f"{row.address} ({what})", partial(mailboxes.keep, row))
    for each in listeners.sealed():
        for column, context, what in (
            ("address_sealed", listeners.address_context(each.id), "address"),
            ("secret_sealed", listeners.secret_context(each.id), "secret"),
        ):
            if getattr(each, column):
                yield _Sealed(each, column, context, f"{each.kind} {each.name} ({what})", each.keep)
    addresses = {row.id: row.address for row in rows}
    for app in mailboxes.oauth2_apps():
        for column, context, what in (
            ("secret_sealed", secrets.context("client_secret", app.mailbox_id), "client secret"),
            ("token_sealed", tokens.token_context(app.mailbox_id), "OAuth2 login"),
        ):
            if getattr(app, column):
                yield _Sealed(
                    app,
                    column,
                    context,
                    f"{addresses[app.mailbox_id]} ({what})",
                    partial(mailboxes.keep_oauth2, app),
                )


def _opens(desk: Desk, sealed: _Sealed) -> bool:
    try:
        desk.sealer.unseal(sealed.value, sealed.context)
    except SealBroken:
        return False
    return True
