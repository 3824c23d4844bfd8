from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.filled import mail, take_in
from tests.support.program import Program

KEYS = {
    "id",
    "door",
    "mailbox",
    "message_id",
    "received",
    "verdict",
    "ticket",
    "reason",
    "trace",
    "sha256",
    "disposed",
}


@pytest.fixture
def busy(desk: Program) -> Program:
    """A desk with receipts 1 and 2."""
    take_in(desk, [mail(), mail("VPN drops")])
    return desk


def test_list_and_show_tell_what_became_of_a_mail(busy: Program) -> None:
    listed = busy("receipt", "list", "--json").document
    assert [item["id"] for item in listed] == [2, 1]
    shown = busy("receipt", "show", "1", "--json").document
    assert set(shown) >= KEYS
    assert (shown["verdict"], shown["ticket"], shown["disposed"]) == ("ticket", "1", None)
    assert shown["trace"]
    for step in shown["trace"]:
        assert step in busy("receipt", "show", "1").out
    assert "VPN drops" in busy("receipt", "list", "--text", "vpn").out


def test_list_is_narrowed(busy: Program) -> None:
    assert busy("receipt", "list", "--verdict", "loop", "--json").document == []
    assert [item["id"] for item in busy("receipt", "list", "--ticket", "2", "--json").document] == [2]
    assert len(busy("receipt", "list", "--limit", "1", "--json").document) == 1
    assert busy("receipt", "list", "--verdict", "nope").status == 2
    unknown = busy("receipt", "list", "--mailbox", "no@desk.example")
    assert (unknown.status, unknown.out) == (2, "")


def test_the_mail_is_given_back_as_it_came(busy: Program, tmp_path: Path) -> None:
    target = tmp_path / "one.eml"
    assert busy("receipt", "show", "1", "--eml", str(target)).status == 0
    assert target.read_bytes() == mail()


def test_ids_come_from_standard_input(busy: Program) -> None:
    assert (
        len(busy("receipt", "show", "-", "--json", stdin=busy("receipt", "list", "--json").out).document) == 2
    )


def test_replay_tells_without_changing(busy: Program) -> None:
    before = busy("receipt", "list", "--json").document
    replayed = busy("receipt", "replay", "1", "--json")
    assert replayed.status == 0, replayed.err
    assert replayed.document["verdict"]
    assert busy("receipt", "list", "--json").document == before


def test_what_is_not_quarantined_is_not_retried(busy: Program) -> None:
    done = busy("receipt", "retry", "1")
    assert (done.status, done.out) == (1, "")
    assert "quarantined" in done.err


@pytest.mark.parametrize("verb", ["show", "retry", "replay"])
def test_an_unknown_id_is_status_1_and_no_id_is_status_2(busy: Program, verb: str) -> None:
    assert busy("receipt", verb, "99").status == 1
    assert busy("receipt", verb, "abc").status == 2
    assert busy("receipt", verb).status == 2


def test_a_quarantined_mail_is_shown_and_taken_in_after_the_fix(desk: Program) -> None:
    take_in(desk, [mail("VPN drops")], fault="a fault of ours")
    (shown,) = desk("receipt", "list", "--verdict", "quarantined", "--json").document
    assert (shown["id"], shown["ticket"]) == (1, None)
    assert "a fault of ours" in shown["reason"]
    assert desk("ticket", "list", "--json").document == []
    done = desk("receipt", "retry", "-", "--json", stdin="1\n")
    assert done.status == 0, done.err
    (retried,) = done.document
    assert (retried["id"], retried["verdict"], retried["ticket"]) == (1, "ticket", "1")
    assert retried["sha256"] == shown["sha256"]
    assert desk("ticket", "show", "1").out.startswith("#1 VPN drops")
    again = desk("receipt", "retry", "1")
    assert (again.status, "its verdict is ticket" in again.err) == (1, True)
    assert len(desk("ticket", "list", "--json").document) == 1


def test_a_mail_that_stays_quarantined_is_told_with_status_1(desk: Program) -> None:
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(500))
    take_in(desk, [b"From: ana@corp.example\nSubject: Deep\nMIME-Version: 1.0\n" + nested])
    done = desk("receipt", "retry", "1")
    assert (done.status, done.out) == (1, "Receipt 1: quarantined\n")
    assert "still quarantined" in done.err
