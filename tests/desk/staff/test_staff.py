"""Agents, departments and SLAs: added, changed, and never so that the desk is left without."""

from __future__ import annotations

import pytest

from config.clock import now
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.staff import agents, departments, roles, slas
from models.database import db
from tests.support.workbench import ADMIN, make_agent


def test_a_new_desk_has_a_department_a_role_and_an_sla(desk: Desk) -> None:
    assert [line.name for line in departments.departments()] == ["Support"]
    assert [(line.name, line.actions) for line in roles.roles()] == [("Admin", ("*",))]
    assert [(line.name, line.hours) for line in slas.slas()] == [("Standard", 18.0)]
    assert departments.departments()[0].sla == "Standard"


def test_an_agent_is_added_and_changed(desk: Desk) -> None:
    line = agents.add_agent(ADMIN, "mo", name="Mo", email="mo@staff.example", department="Support")
    assert (line.login, line.name, line.role, line.department, line.active) == (
        "mo",
        "Mo",
        "Admin",
        "Support",
        True,
    )
    line = agents.edit_agent(ADMIN, "mo", department="", active=False)
    assert (line.department, line.active, line.name) == (None, False, "Mo")


@pytest.mark.parametrize("login", ["", "two words", "../x", "-x", "a" * 65, "\x1b[31m"])
def test_what_is_no_login_is_refused(desk: Desk, login: str) -> None:
    with pytest.raises(WrongUse):
        agents.add_agent(ADMIN, login)


def test_what_exists_is_not_added_again(desk: Desk, ana: Actor) -> None:
    for act in (
        lambda: agents.add_agent(ADMIN, "ana"),
        lambda: departments.add_department(ADMIN, "support"),
        lambda: slas.add_sla(ADMIN, "standard", 3),
    ):
        with pytest.raises(Refused):
            act()


def test_what_does_not_exist_is_not_found(desk: Desk) -> None:
    for act in (
        lambda: agents.edit_agent(ADMIN, "nobody"),
        lambda: departments.edit_department(ADMIN, "Nowhere"),
        lambda: slas.edit_sla(ADMIN, "Never"),
    ):
        with pytest.raises(NotFound):
            act()


def test_an_admin_cannot_lock_themselves_out(desk: Desk, ana: Actor) -> None:
    with pytest.raises(Refused):
        agents.edit_agent(ana, "ana", active=False)
    assert agents.agents()[0].active


def test_a_department_is_added_and_changed(desk: Desk) -> None:
    slas.add_sla(ADMIN, "Gold", 2)
    line = departments.add_department(ADMIN, "Network", sla="gold", signature="Net\x1b", reopen_days=7)
    assert (line.sla, line.signature, line.reopen_days) == ("Gold", "Net\ufffd", 7)
    line = departments.edit_department(ADMIN, "Network", new_name="Net", sla="", always_reopen=True)
    assert (line.name, line.sla, line.reopen_days) == ("Net", None, None)


def test_the_last_department_stays(desk: Desk) -> None:
    with pytest.raises(Refused):
        departments.edit_department(ADMIN, "Support", active=False)
    assert departments.departments()[0].active


@pytest.mark.parametrize("hours", [0, -1, 8761, float("nan")])
def test_an_sla_has_a_sensible_time(desk: Desk, hours: float) -> None:
    with pytest.raises(WrongUse):
        slas.add_sla(ADMIN, "Odd", hours)


def test_only_who_may_changes_staff(desk: Desk) -> None:
    guest = make_agent("guest", ["ticket.reply", "settings.edit"])
    with pytest.raises(NotAllowed):
        agents.add_agent(guest, "friend")
    slas.add_sla(guest, "Bronze", 48)
    with pytest.raises(NotAllowed):
        slas.add_sla(make_agent("other", ["agent.edit"]), "Tin", 96)


def test_holidays_of_further_years_are_written_down_in_time(desk: Desk) -> None:
    slas.add_sla(ADMIN, "Bavaria", "4h", holidays="DE-BY", zone="Europe/Berlin")
    this = now()
    assert slas.look_ahead(this) == 0
    later = this.replace(year=this.year + 3, day=1)
    assert slas.look_ahead(later) == 1
    assert slas.look_ahead(later) == 0
    stored = db.execute_sql("SELECT country_days FROM sla WHERE name = 'Bavaria'").fetchone()[0]
    assert f"{later.year + 2}-01-06 Epiphany" in stored.splitlines()
