"""Who a piped mail is for and from, as each MTA says it."""

from __future__ import annotations

from nightdesk.pipe.envelope import facts, split_from_line
from tests.support.rows import every_row


@every_row(
    ("environ", "recipient"),
    [
        ({}, None),
        ({"RECIPIENT": "a@x"}, "a@x"),
        ({"RECIPIENT": "a@x", "ORIGINAL_RECIPIENT": "b@x"}, "b@x"),
        ({"RECIPIENT": "a@x", "ORIG_RECIPIENT": "c@x"}, "c@x"),
        ({"ORIGINAL_RECIPIENT": "b@x", "ORIG_RECIPIENT": "c@x"}, "b@x"),
        ({"LOCAL_PART": "d", "DOMAIN": "x"}, "d@x"),
        ({"LOCAL": "e", "DOMAIN": "x", "EXTENSION": "tok"}, "e+tok@x"),
        ({"LOCAL_PART": "d", "DOMAIN": "x", "RECIPIENT": "a+1@x", "EXTENSION": "2"}, "a+1@x"),
        ({"RECIPIENT": "d-Tok@x", "EXTENSION": "tok"}, "d-Tok@x"),
        ({"LOCAL_PART": "d"}, None),
        ({"RECIPIENT": "no address", "LOCAL_PART": "d", "DOMAIN": "x"}, "d@x"),
    ],
)
def test_the_recipient_is_found_in_the_documented_order(
    environ: dict[str, str], recipient: str | None
) -> None:
    assert facts(None, environ, b"").get("recipient") == recipient
    assert facts("to@x", environ, b"")["recipient"].partition("+")[0].partition("@")[0] == "to"


def test_the_sender_is_the_variables_or_the_mbox_lines() -> None:
    line = b"From ann@x  Fri Nov 20 10:00:00 2026"
    assert facts(None, {}, b"").get("sender") is None
    assert facts(None, {}, line)["sender"] == "ann@x"
    assert facts(None, {"SENDER": "bob@x"}, line)["sender"] == "bob@x"
    assert facts(None, {"SENDER": ""}, line)["sender"] == "<>"
    assert facts(None, {}, b"From MAILER-DAEMON Fri Nov 20 10:00:00 2026")["sender"] == "<>"


@every_row("line", [b"From ", b"From", b">From  ", b"From\t"])
def test_an_mbox_line_that_names_nobody_says_nothing_about_the_sender(line: bytes) -> None:
    assert "sender" not in facts(None, {}, line)


@every_row("cut", [1, 3, 5, 6, 100])
def test_the_mbox_line_is_found_wherever_the_pipe_cuts(cut: int) -> None:
    whole = b"From ann@x  Fri\r\nSubject: x\r\n\r\nFrom here\r\n"
    chunks = iter([whole[at : at + cut] for at in range(0, len(whole), cut)])
    line, mail = split_from_line(chunks)
    assert (line, b"".join(mail)) == (b"From ann@x  Fri", b"Subject: x\r\n\r\nFrom here\r\n")


@every_row(
    "whole",
    [
        b"From: ann@x\n\nText",
        b"From : ann@x\n\nText",
        b"From ",
        b"x",
        b"From " + b"y" * 9000,
        b"\n\n",
    ],
)
def test_what_is_no_mbox_line_stays(whole: bytes) -> None:
    line, mail = split_from_line(iter([whole]))
    assert (line, b"".join(mail)) == (b"", whole)
