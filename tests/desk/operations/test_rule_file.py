"""The desk's rules as a file: what is written is read, and says where the desk differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk import queues, settings
from desk.errors import DeskError, WrongUse
from desk.filters import bans, filters
from desk.home import Desk
from desk.operations import doctor, rule_file
from desk.staff import departments, slas, teams, topics
from models import filters as filter_rows
from models import settings as setting_rows
from models import topics as topic_rows
from models.filters import StoredBan
from models.transactions import transaction
from tests.support.mails import rows
from tests.support.rows import every_row
from tests.support.workbench import ADMIN, make_desk

EXAMPLE = """
[[sla]]
name = "Fast"
hours = 4

[[department]]
name = "IT"
sla = "Fast"
reopen_days = 30

[[topic]]
name = "VPN"
department = "IT"
priority = "high"

[[role]]
name = "Helper"
may = ["ticket.reply", "ticket.note"]

[[canned]]
name = "Profile"
folder = "Network"
department = "IT"
body = "Take the profile, {{ requester.name }}."

[[queue]]
name = "Broken"
query = "is:overdue tag:vpn"
sort = "due"

[[filter]]
name = "VPN"
if = "subject:vpn"
then = ["department:IT", "topic:VPN"]
order = 10

[[filter]]
name = "Give up"
on = "time"
if = "state:waiting age:>14d"
then = ["close"]
schedule = "every 60 minutes"

[[ban]]
pattern = "@spam.example"
note = "three times warned"
"""


def take_in(desk: Desk, text: str, *, rehearse: bool = False) -> dict[str, str]:
    steps = rule_file.take_in(desk, ADMIN, rule_file.read(text), rehearse=rehearse)
    return {f"{step.kind} {step.name}": step.outcome for step in steps}


def test_a_file_makes_the_desk_what_it_says(desk: Desk) -> None:
    done = take_in(desk, EXAMPLE)
    assert done["filter VPN"] == done["sla Fast"] == done["ban @spam.example"] == "added"
    assert done["sla Standard"] == done["department Support"] == "not in the file"
    assert filters.show("VPN").actions == ("department:IT", "topic:VPN")
    assert filters.show("Give up").schedule == "every 60 minutes"
    assert [each.sla for each in departments.departments() if each.name == "IT"] == ["Fast"]
    assert [each.priority for each in topics.topics()] == ["high"]
    assert queues.named(ADMIN, "Broken").sort == "due"
    assert {value for name, value in take_in(desk, EXAMPLE).items() if name.startswith("filter")} == {
        "unchanged"
    }


def test_what_one_desk_writes_another_becomes(desk: Desk, tmp_path: Path) -> None:
    take_in(desk, EXAMPLE)
    text = rule_file.written(ADMIN)
    other = make_desk(tmp_path)
    take_in(other, text)
    assert rule_file.written(ADMIN) == text
    assert set(take_in(other, text).values()) == {"unchanged"}


def test_a_rehearsal_tells_and_changes_nothing(desk: Desk) -> None:
    before = rule_file.written(ADMIN)
    assert take_in(desk, EXAMPLE, rehearse=True)["filter VPN"] == "added"
    assert rule_file.written(ADMIN) == before


def test_a_change_tells_what_was_and_what_would_be(desk: Desk) -> None:
    take_in(desk, EXAMPLE)
    steps = rule_file.compare(ADMIN, rule_file.read(EXAMPLE.replace("order = 10", "order = 20")))
    changed = [step for step in steps if step.outcome == "changed"]
    assert [(step.name, step.changes) for step in changed] == [("VPN", {"order": (10, 20)})]


def test_one_wrong_thing_leaves_everything_as_it_was(desk: Desk) -> None:
    before = rule_file.written(ADMIN)
    with pytest.raises(DeskError):
        take_in(desk, EXAMPLE.replace('"topic:VPN"', '"topic:Nonsense"'))
    assert rule_file.written(ADMIN) == before
    assert not rows("SELECT 1 FROM ban")


@every_row(
    ("text", "says"),
    [
        ("[[filter]", "no TOML"),
        ("[[agent]]\nlogin = 'x'", "not expected"),
        ("[[ban]]\npattern = 'a@b.c'\n[[ban]]\npattern = 'A@b.c'", "is in the file twice"),
        ("filter = " + "[" * 20_000, "no TOML"),
        ("a." * 3000 + "b = 1", "not expected"),
        ("filter = 3", "not expected"),
        ("[[filter]]\nif = 'x'", "has no name"),
        ("[[filter]]\nname = 'A'\nwhen = 'x'", "there is no when"),
        ("[[filter]]\nname = 'A'\norder = 'x'", "order cannot be"),
        ("[[filter]]\nname = 'A'\nthen = [3]", "list of actions"),
        ("[[filter]]\nname = 'A'\nstop = 1", "stop cannot be"),
        ("[[sla]]\nname = 'A'\nhours = true", "hours cannot be"),
        ("[[sla]]\nname = 'A'\nhours = nan", "sla 'A': hours cannot be nan"),
        ("[[filter]]\nname = 'A'\norder = 1e400", "filter 'A': order cannot be inf"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(WrongUse, match=says):
        rule_file.read(text)


@every_row(
    ("text", "says"),
    [
        (
            "[[canned]]\nname = 'A'\nbody = 'Hello {{ foo'",
            "canned 'A': the canned answer, line 1: unexpected end",
        ),
        ("[[filter]]\nname = 'A'\nif = 'nosuch:1'\nthen = ['close']", "filter 'A': there is no filter word"),
        (
            "[[filter]]\nname = 'A'\nif = 'subject:x'\nthen = ['topic:B']",
            "filter 'A': there is no topic 'B'",
        ),
        ("[[queue]]\nname = 'A'\nquery = '((('", "queue 'A': a bracket is not closed"),
        ("[[sla]]\nname = 'Standard'\nhours = -5", "sla 'Standard': -5 hours is no SLA"),
    ],
)
def test_what_the_desk_refuses_of_a_file_is_told_with_its_table(desk: Desk, text: str, says: str) -> None:
    with pytest.raises(DeskError) as refused:
        take_in(desk, text)
    assert str(refused.value).startswith(says)
    assert refused.value.hint


def test_the_doctor_tells_where_the_desk_left_its_file(desk: Desk, tmp_path: Path) -> None:
    take_in(desk, EXAMPLE)
    path = tmp_path / "rules.toml"
    path.write_text(rule_file.written(ADMIN))

    def told() -> list[tuple[str, str]]:
        return [(each.level, each.text) for each in doctor.examine(desk, False) if each.area == "rules"]

    assert told() == []
    with transaction():
        setting_rows.store("rules.file", str(path))
    assert told() == [("ok", f"the desk is as {path} says")]
    filters.edit(ADMIN, "VPN", order=20)
    bans.lift(ADMIN, "@spam.example")
    slas.add_sla(ADMIN, "Slow", 90)
    teams.add_team(ADMIN, "The first one")
    settings.set(ADMIN, "mail.undo_seconds", "7")
    assert [text for _, text in told()] == [
        "sla Slow is not in the file",
        "team The first one is not in the file",
        "filter VPN differs in order",
        "ban @spam.example is only in the file",
        "setting mail.undo_seconds is not in the file",
    ]
    path.unlink()
    assert told()[0][0] == "failure"


def test_many_bans_are_taken_in_without_reading_all_of_them_for_each(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def banned(note: str) -> str:
        tables = (f'[[ban]]\npattern = "u{place}@spam.example"\nnote = "{note}"\n' for place in range(50))
        return "\n".join(tables)

    read, every = [], filter_rows.bans

    def counted() -> list[StoredBan]:
        read.append("all")
        return every()

    monkeypatch.setattr(filter_rows, "bans", counted)
    take_in(desk, banned("new"))
    take_in(desk, banned("again"))
    assert len(read) == 2
    assert {each.note for each in bans.bans()} == {"again"}


def test_taking_in_many_topics_reads_each_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """All were read for each: four hundred took ten seconds."""
    read: list[int] = []
    every, rules = topic_rows.every, topic_rows.rules

    def counted() -> list[topic_rows.StoredTopic]:
        read.append(1)
        return every()

    def counted_rules() -> list[topic_rows.TopicRule]:
        read.append(1)
        return rules()

    monkeypatch.setattr(topic_rows, "every", counted)
    monkeypatch.setattr(topic_rows, "rules", counted_rules)
    for priority, outcome in (("high", "added"), ("low", "changed"), ("low", "unchanged")):
        tables = "".join(
            f'[[topic]]\nname = "Topic {place}"\npriority = "{priority}"\nparent = "{above}"\n'
            for place, above in enumerate(["", *(f"Topic {each // 3}" for each in range(11))])
        )
        steps = rule_file.take_in(desk, ADMIN, rule_file.read(tables))
        assert {each.outcome for each in steps} == {outcome}
    assert len(read) == 3, "once for each file"
