"""Programs in `hooks/`: what they are given, what stops them, and which are not run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Event

import pytest

from config.clock import now
from desk import logs
from desk.calls import gathering, hooks
from desk.home import Desk
from desk.operations import doctor
from desk.replies.reply import add_note
from desk.tickets import changes
from tests.support.calling import Caller
from tests.support.mails import Door, mail, rows
from tests.support.workbench import make_agent
from worker.call import calls

SAYS = """#!/bin/sh
cat > "$(dirname "$0")/../told.$NIGHTDESK_EVENT"
env | sort > "$(dirname "$0")/../environment"
echo "seen $NIGHTDESK_EVENT"
"""


def place(desk: Desk, name: str, text: str = SAYS, mode: int = 0o755) -> Path:
    """Put a program there, as the owner of the desk does it."""
    desk.paths.hooks.mkdir(mode=0o755, exist_ok=True)
    path = desk.paths.hooks / name
    path.write_text(text)
    path.chmod(mode)
    return path


def said() -> list[tuple[str, str, str]]:
    """What the log says of hooks, oldest first."""
    found = logs.entries(logs.LogFilter(source="hooks"))
    return [(line.level, line.text, line.detail) for line in reversed(list(found))]


def test_the_program_of_an_event_gets_its_json_and_nothing_of_the_worker(
    desk: Desk, door: Door, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_WORKER", "s3cret")
    place(desk, "created")
    caller()
    door.take(mail("It burns."))
    caller()
    document = json.loads((desk.paths.home / "told.created").read_text())
    assert (document["event"], document["ticket"]["number"]) == ("created", "1")
    environment = (desk.paths.home / "environment").read_text()
    assert "NIGHTDESK_EVENT=created" in environment
    assert "s3cret" not in environment
    assert said() == [("info", "hook created: created: exit status 0", "seen created")]


def test_what_was_there_before_the_first_program_is_not_told(desk: Desk, door: Door, caller: Caller) -> None:
    door.take(mail())
    place(desk, "created")
    caller()
    assert not said()


def test_any_is_run_for_what_has_no_program_of_its_own(desk: Desk, door: Door, caller: Caller) -> None:
    place(desk, "created")
    place(desk, "any")
    caller()
    door.take(mail())
    add_note(make_agent("kim"), "1", "Look.")
    caller()
    # Programs wait for no other one, so either may end first.
    assert sorted(text for _, text, _ in said()) == [
        "hook created: created: exit status 0",
        "hook noted: any: exit status 0",
    ]


def test_a_program_that_fails_is_told_and_not_run_again(desk: Desk, door: Door, caller: Caller) -> None:
    place(desk, "created", "#!/bin/sh\necho one; echo two >&2; exit 3\n")
    caller()
    door.take(mail())
    caller()
    caller.later(days=1)
    [(level, text, detail)] = said()
    assert (level, text) == ("warning", "hook created: created: exit status 3")
    assert detail.splitlines() == ["one", "two"]


def test_a_program_that_hangs_is_ended(
    desk: Desk, door: Door, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.calls.hooks.SECONDS", 0.3)
    place(desk, "created", "#!/bin/sh\nsleep 60\n")
    caller()
    door.take(mail())
    caller()
    [(level, text, _)] = said()
    assert level == "warning"
    assert "stopped after" in text


def test_a_program_that_hangs_keeps_no_other_one_waiting(desk: Desk, door: Door, caller: Caller) -> None:
    """The first one ends when the others have run, of which one hears of what happens while it hangs."""
    place(desk, "created", "#!/bin/sh\nwhile [ ! -e ../closed ]; do sleep 0.05; done\n")
    place(desk, "noted", "#!/bin/sh\ntouch ../noted\n")
    place(desk, "closed", "#!/bin/sh\ntouch ../closed\n")
    caller()
    door.take(mail())
    kim = make_agent("kim")
    add_note(kim, "1", "Look.")
    gathering.gather(desk, now())

    def meanwhile() -> None:
        if (desk.paths.home / "noted").exists():
            changes.close(kim, ["1"])
        gathering.gather(desk, now())

    calls.make_due(desk, Event(), meanwhile)
    assert sorted(text for _, text, _ in said()) == [
        "hook closed: closed: exit status 0",
        "hook created: created: exit status 0",
        "hook noted: noted: exit status 0",
    ]


@pytest.mark.parametrize(
    ("mode", "why"),
    [(0o775, "written to by others"), (0o757, "written to by others"), (0o644, "may not be executed")],
)
def test_a_program_that_others_may_change_is_not_run(
    desk: Desk, door: Door, caller: Caller, mode: int, why: str
) -> None:
    if mode == 0o644 and os.getuid() == 0:
        mode = 0o600
    place(desk, "created", mode=mode)
    caller()
    door.take(mail())
    caller()
    [(level, text, _)] = said()
    assert (level, why in text) == ("warning", True), text
    assert not (desk.paths.home / "told.created").exists()
    place(desk, "any")
    place(desk, "creatd")
    never = [each.text for each in doctor.examine(desk, False) if "in hooks/" in each.text]
    assert [(why in text, "like no event" in text) for text in never] == [(False, True), (True, False)]


def test_a_folder_called_like_an_event_is_told(desk: Desk) -> None:
    place(desk, "any")
    (desk.paths.hooks / "created").mkdir(mode=0o755)
    never = [each.text for each in doctor.examine(desk, False) if "in hooks/" in each.text]
    assert len(never) == 1
    assert "created is no file" in never[0]


def test_a_program_of_another_user_is_not_run(desk: Desk, door: Door, caller: Caller) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root, to give a file away")
    os.chown(place(desk, "created"), 65534, 65534)
    caller()
    door.take(mail())
    caller()
    assert "belongs to another user" in said()[0][1]


def test_a_folder_that_others_may_write_to_has_no_programs(desk: Desk, door: Door, caller: Caller) -> None:
    place(desk, "created")
    desk.paths.hooks.chmod(0o777)
    caller()
    door.take(mail())
    caller()
    assert "hooks may be written to by others" in said()[0][1]


def test_restricted_mode_runs_what_the_owner_put_there_and_nothing_that_an_agent_named(
    desk: Desk, door: Door, caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "of_an_agent"
    elsewhere.mkdir()
    (elsewhere / "created").write_text(SAYS)
    (elsewhere / "created").chmod(0o755)
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("PATH", str(elsewhere))
    restricted = Desk(desk.paths, desk.settings.model_copy(update={"restricted": True}), desk.sealer)
    inside = Caller(restricted, monkeypatch)
    place(restricted, "created")
    inside()
    door.take(mail())
    inside()
    assert (desk.paths.home / "told.created").exists()
    assert not list(tmp_path.glob("of_an_agent/told.*"))
    assert not (tmp_path / "told.created").exists()


@pytest.mark.parametrize("event", ["../outside", "/bin/sh", "created/../../outside", "..", ""])
def test_an_event_names_a_file_of_that_folder_alone(desk: Desk, event: str) -> None:
    place(desk, "created")
    outside = desk.paths.home / "outside"
    outside.write_text(SAYS)
    outside.chmod(0o755)
    assert hooks.program(desk, event) is None


def test_without_the_folder_nothing_is_kept(desk: Desk, door: Door, caller: Caller) -> None:
    program = place(desk, "created")
    caller()
    program.unlink()
    door.take(mail())
    caller()
    assert not rows("SELECT 1 FROM listener")
    assert not rows("SELECT 1 FROM call")
