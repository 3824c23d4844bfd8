"""Processes that share a trial: what they tell, and that none stays when nobody waits for it any more."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from config.packages import with_packages
from config.records import Record
from desk.home import Desk
from desk.intake import shared_trial
from desk.intake.shared_trial import found_together
from desk.intake.trial_process import NotWanted, Part, TrialProcess
from tests.support.mails import SUPPORT, Door, mail
from tests.support.servers.child import is_there

ROOT = str(Path(__file__).resolve().parents[3])
ASKS_AND_IS_KILLED = """
import os, signal, sys
from desk.intake.trial_process import Part, TrialProcess
from tests.desk.intake.test_shared_trial import Endless
process = TrialProcess()
process.ask(Endless(), "", Part())
assert process.told(lambda: True)[0].receipt_id
print(process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


class Found(Record):
    receipt_id: int
    by: int


class Numbers:
    """Finds every number up to its last one; knows which process looks."""

    def __init__(self, last: int) -> None:
        self.asked, self.last = 0, last

    def look(self, _since: str, part: Part) -> Iterator[Found]:
        for each in range(1, self.last + 1):
            if part.has(each):
                self.asked += 1
                yield Found(each, os.getpid())


class Endless:
    """Finds much, and then goes on looking for ever; ``finds``: so much."""

    def __init__(self, finds: int = 100) -> None:
        self.asked, self.finds = 0, finds

    def look(self, _since: str, part: Part) -> Iterator[Found]:
        for each in count(1):
            if each > self.finds:
                time.sleep(0.01)
            elif part.has(each):
                yield Found(each, os.getpid())


class Broken(Numbers):
    """Breaks off in whichever process it is not in already."""

    def __init__(self, last: int, after: int) -> None:
        super().__init__(last)
        self.after, self.pid = after, os.getpid()

    def look(self, since: str, part: Part) -> Iterator[Found]:
        for each in super().look(since, part):
            if each.receipt_id > self.after and os.getpid() != self.pid:
                os._exit(1)
            yield each


@pytest.fixture
def _much_mail(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(desk)
    door.mailbox(SUPPORT)
    door.take(mail())
    monkeypatch.setattr(shared_trial, "MUCH", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})


def told(trial: Any) -> list[int]:
    return [each.receipt_id for each in found_together(trial, "")]


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to be")


@pytest.mark.usefixtures("_much_mail")
@pytest.mark.parametrize("cores", [1, 2, 8])
def test_what_processes_find_is_told_in_order_and_counted(
    monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cores)))
    trial = Numbers(401)
    found = list(found_together(trial, ""))
    assert [each.receipt_id for each in found] == list(range(1, 402))
    assert trial.asked == 401
    lookers = {each.by for each in found}
    assert os.getpid() not in lookers
    assert len(lookers) == min(cores, 2)


@pytest.mark.usefixtures("_much_mail")
@pytest.mark.parametrize("after", [0, 1, 150, 399, 400])
def test_what_a_lost_process_did_not_tell_is_found_here(after: int) -> None:
    trial = Broken(400, after)
    assert told(trial) == list(range(1, 401))
    assert trial.asked == 400


@pytest.mark.usefixtures("_much_mail")
def test_where_no_process_can_be_begun_everything_is_found_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("/bin/false", "/nowhere"):
        monkeypatch.setattr(sys, "executable", program)
        trial = Numbers(400)
        found = list(found_together(trial, ""))
        assert [each.receipt_id for each in found] == list(range(1, 401))
        assert {each.by for each in found} == {os.getpid()}
        assert trial.asked == 400


def test_little_mail_is_looked_at_here(desk: Desk) -> None:
    found = list(found_together(Numbers(5), ""))
    assert {each.by for each in found} == {os.getpid()}


@pytest.mark.usefixtures("_much_mail")
@pytest.mark.parametrize("finds", [0, 100])
def test_no_process_stays_when_nobody_waits_any_more(monkeypatch: pytest.MonkeyPatch, finds: int) -> None:
    begun: list[int] = []
    ask = TrialProcess.ask

    def noted(self: TrialProcess[Any], *given: Any) -> None:
        ask(self, *given)
        assert self.pid is not None
        begun.append(self.pid)

    monkeypatch.setattr(TrialProcess, "ask", noted)
    waits = iter([True] * 8)
    with pytest.raises(NotWanted):
        list(found_together(Endless(finds), "", wanted=lambda: next(waits, False)))
    assert len(begun) == 2
    assert not any(map(is_there, begun))


@pytest.mark.usefixtures("_much_mail")
def test_no_process_stays_behind_an_iterator_that_is_closed() -> None:
    found = found_together(Endless(), "")
    by = {next(found).by for _ in range(4)}
    assert len(by) == 2
    found.close()  # type: ignore[attr-defined]
    assert not any(map(is_there, by))


def test_a_process_ends_with_whoever_asked_however_that_ends() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", ASKS_AND_IS_KILLED],
        env=with_packages(os.environ) | {"PYTHONPATH": ROOT},
        capture_output=True,
        check=False,
        text=True,
    )
    pid = int(ran.stdout or "0")
    assert pid, ran.stderr
    until(lambda: not is_there(pid))
