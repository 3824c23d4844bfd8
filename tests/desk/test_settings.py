"""Settings: typed as a person types, checked, explained, back to default with one word."""

from __future__ import annotations

import pytest

from desk import settings
from desk.errors import NotAllowed, WrongUse
from desk.home import Desk
from desk.settings import SETTINGS
from desk.staff import slas
from models.settings import stored
from tests.support.workbench import ADMIN, make_agent, make_mailbox


def test_every_setting_has_help_and_a_default_that_it_would_accept(desk: Desk) -> None:
    for setting in SETTINGS:
        assert setting.help.endswith(".")
        typed = settings.shown(setting, setting.default)
        assert settings.set(ADMIN, setting.key, typed) == setting.default
        assert stored(setting.key) is None
    assert all(line.is_default for line in settings.entries())


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("mail.fetching", "off", False),
        ("mail.fetching", "No", False),
        ("mail.undo_seconds", "0", 0),
        ("mail.undo_seconds", " 30 ", 30),
        ("tickets.number_kind", "random", "random"),
        ("tickets.number_format", "IT-####", "IT-####"),
        ("tickets.default_sla", "", ""),
        ("tickets.default_sla", "standard", "Standard"),
        ("worker.sweep_schedule", "*/10 * * * *", "*/10 * * * *"),
        ("alerts.to", "a@b.example; c@d.example", "a@b.example, c@d.example"),
    ],
)
def test_what_is_typed_is_kept_with_its_type(desk: Desk, key: str, typed: str, value: object) -> None:
    settings.set(ADMIN, key, typed)
    assert settings.get(key) == value
    default = settings.lookup(key).default
    assert settings.reset(ADMIN, key) == default
    assert settings.get(key) == default


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("mail.fetching", "maybe"),
        ("mail.undo_seconds", "-1"),
        ("mail.undo_seconds", "ten"),
        ("mail.undo_seconds", "3601"),
        ("mail.undo_seconds", "²"),
        ("tickets.number_kind", "roman"),
        ("tickets.number_format", "no sign"),
        ("tickets.number_format", "[#]"),
        ("tickets.default_sla", "Gold"),
        ("worker.sweep_schedule", "now and then"),
        ("mail.default_outgoing", "nobody@desk.example"),
        ("alerts.to", "not an address"),
        ("mail.undo", "3"),
    ],
)
def test_what_cannot_be_is_refused_with_what_could(desk: Desk, key: str, typed: str) -> None:
    with pytest.raises(WrongUse) as refused:
        settings.set(ADMIN, key, typed)
    assert refused.value.hint


def test_the_default_outgoing_mailbox_must_be_able_to_send(desk: Desk) -> None:
    make_mailbox(desk)
    with pytest.raises(WrongUse, match="cannot be"):
        settings.set(ADMIN, "mail.default_outgoing", "support@desk.example")
    make_mailbox(desk, "out@desk.example", sends=True)
    assert settings.set(ADMIN, "mail.default_outgoing", "OUT@desk.example") == "out@desk.example"


def test_only_who_may_changes_settings(desk: Desk) -> None:
    guest = make_agent("guest", ["ticket.reply"])
    with pytest.raises(NotAllowed):
        settings.set(guest, "mail.fetching", "off")
    with pytest.raises(NotAllowed):
        settings.reset(guest, "mail.fetching")
    assert settings.get("mail.fetching") is True


def test_an_sla_that_is_out_of_use_is_no_default(desk: Desk) -> None:
    slas.add_sla(ADMIN, "Gold", hours=1)
    slas.remove_sla(ADMIN, "Gold")
    with pytest.raises(WrongUse):
        settings.set(ADMIN, "tickets.default_sla", "Gold")
