"""The living example, without its screen."""

from __future__ import annotations

import email
import email.policy
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nightdesk.demo import run
from nightdesk.demo.maildir import mails
from nightdesk.demo.run import Demo, build_demo
from nightdesk.demo.sample_mails import ADDRESS, SAMPLES
from nightdesk.errors import Failed
from tests.support.program import Program

PATIENCE = 60.0


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo that runs."""
    with build_demo(tmp_path) as built:
        yield built


def called(demo: Demo) -> Program:
    return Program(demo.directory / "desk")


def test_every_letter_becomes_a_ticket_in_order_and_the_hostile_one_is_inert(demo: Demo) -> None:
    desk = called(demo)
    listed = desk("ticket", "list", "--sort", "created", "--json").document
    first = [sample for sample in SAMPLES if sample.follows is None]
    assert len(listed) == len(first)
    assert [item["requester"]["email"] for item in reversed(listed)] == [sample.address for sample in first]
    followed = {item["subject"]: item["message_count"] for item in listed}
    assert followed["VPN drops every 30 min since the 9.2 upgrade"] == 2
    (hostile,) = [item for item in listed if "winner" in item["requester"]["email"]]
    shown = desk("ticket", "show", hostile["number"], "--full")
    assert shown.status == 0
    assert "You have won" in shown.out
    assert not set("\x1b\x07\u202e\x9b") & set(shown.out)


def test_an_answer_leaves_and_the_customer_writes_back_into_the_same_ticket(demo: Demo) -> None:
    desk = called(demo)
    (ticket,) = desk("ticket", "list", "from:lee@corp.example", "--json").document
    replied = desk("ticket", "reply", ticket["number"], "--body-file", "-", stdin="Try another *dock*.\n")
    assert (replied.status, replied.err) == (0, "")
    sent = desk("--fetch-once", "--json")
    assert sent.document["sent"] == 1

    (raw,) = mails(demo.mail, "customers")
    answer = email.message_from_bytes(raw, policy=email.policy.default)
    assert "lee@corp.example" in str(answer["To"])
    assert ADDRESS in str(answer["From"])

    end = time.monotonic() + PATIENCE
    kinds: list[str] = []
    while len(kinds) < 3 and time.monotonic() < end:
        assert desk("--fetch-once", "--mailbox", ADDRESS).status == 0
        messages = desk("ticket", "show", ticket["number"], "--json").document["messages"]
        kinds = [item["kind"] for item in messages]
    assert kinds == ["customer", "reply", "customer"]
    assert "Thank you" in messages[-1]["reply_text"]


def test_nothing_of_it_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTDESK_HOME", "/somewhere/else")
    with build_demo(tmp_path) as built:
        assert "NIGHTDESK_HOME" not in os.environ
        assert (tmp_path / "mail" / "server.key").stat().st_mode & 0o777 == 0o600
        assert called(built)("doctor").status == 0
    assert os.environ["NIGHTDESK_HOME"] == "/somewhere/else"
    with pytest.raises(OSError, match=r"refused|reset"):
        __import__("socket").create_connection(("127.0.0.1", built.imap_port), 5)


def test_without_its_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "NEEDED", ("a_package_that_is_not_there",))
    with pytest.raises(Failed) as caught, build_demo(tmp_path):
        pass
    assert caught.value.hint == "pip install '.[demo]' in the clone"
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_it_builds_nothing(program: Program) -> None:
    done = program("demo", "--keep", str(program.home))
    assert (done.status, done.out) == (2, "")
    assert not program.home.exists()
