"""What leaves by `nightdesk export`: lines, mails and files that others read, of what one may read."""

from __future__ import annotations

import hashlib
import json
import mailbox
from email.message import EmailMessage
from pathlib import Path

from tests.support.filled import add_mailbox, take_in
from tests.support.program import Program


def letter(number: int, subject: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = f"c{number}@corp.example", "support@desk.example", subject
    made["Message-ID"] = f"<{number}@corp.example>"
    made.set_content("From here on.\n>From there.\n", cte="8bit")
    made.add_attachment(b"\0" + bytes([number]), maintype="application", subtype="x-data", filename="a.bin")
    return made.as_bytes().replace(b"\n", b"\r\n")


def test_a_desk_as_lines_and_as_mails(desk: Program, tmp_path: Path) -> None:
    add_mailbox(desk)
    letters = [letter(number, "One" if number % 2 else "=1+1") for number in range(3)]
    take_in(desk, letters)
    whole = tmp_path / "whole"
    done = desk("export", str(whole), "--json")
    assert (done.status, done.document) == (0, {"tickets": 3, "mails": 3, "files": 3})
    head, *lines = [json.loads(line) for line in (whole / "tickets.jsonl").read_text().splitlines()]
    assert (head["nightdesk"], head["version"]) == ("export", 1)
    assert [line["number"] for line in lines] == ["1", "2", "3"]
    for line, raw in zip(lines, letters, strict=True):
        (message,) = line["messages"]
        assert (whole / message["mail"]).read_bytes() == raw
        sha256 = message["attachments"][0]["sha256"]
        assert hashlib.sha256((whole / "files" / sha256).read_bytes()).hexdigest() == sha256
    assert not list(tmp_path.glob(".*.part"))
    assert (desk("export", str(whole)).status, desk("export", str(whole / "x" / "y")).status) == (1, 1)
    assert "nightdesk: / is already there" in desk("export", "/").err

    ones = tmp_path / "ones.mbox"
    assert desk("export", str(ones), "--format", "mbox", "--query", "subject:One").status == 0
    read = list(mailbox.mbox(ones, create=False))
    assert [each["Message-ID"] for each in read] == ["<1@corp.example>"]
    assert b">From here on.\n>>From there.\n" in ones.read_bytes()

    printed = desk("export", "-", "--query", "subject:One")
    assert [json.loads(line).get("number") for line in printed.out.splitlines()] == [None, "2"]
    assert desk("export", "-", "--query", "nonsense:x").status == 2
    assert desk("import", "mbox", str(ones)).status == 0


def test_the_name_of_a_file_is_no_directory(desk: Program, tmp_path: Path) -> None:
    done = desk("export", str(tmp_path / "tickets.jsonl"))
    assert (done.status, done.out) == (2, "")
    assert "nightdesk export - > tickets.jsonl" in done.err
    assert not list(tmp_path.glob("*.jsonl*"))


def test_an_export_into_a_directory_that_is_not_there_says_which(desk: Program, tmp_path: Path) -> None:
    done = desk("export", str(tmp_path / "no" / "such"))
    assert (done.status, done.out) == (1, "")
    assert f"there is no directory {tmp_path}/no - make it" in done.err
