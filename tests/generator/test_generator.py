"""Generated mail is the same for a seed, and says what its manifest says."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import mailbox
import os
import subprocess
import sys
from email.message import EmailMessage
from itertools import islice
from pathlib import Path

import pytest

from tests.generator import PAYLOADS, GeneratedMail, generate, hostile_mails, mutated

ROOT = Path(__file__).parents[2]


def _read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def _digest(raws: list[bytes]) -> str:
    return hashlib.sha256(b"".join(raws)).hexdigest()


@pytest.fixture(scope="module")
def mails() -> list[GeneratedMail]:
    return list(generate(200, seed=5))


def test_a_seed_always_gives_the_same_bytes() -> None:
    program = (
        "import hashlib\n"
        "from tests.generator import generate, hostile_mails, mutated\n"
        "raws = [mail.raw for mail in (*generate(60, 3), *hostile_mails(3))] + list(mutated(100, 3))\n"
        "print(hashlib.sha256(b''.join(raws)).hexdigest())\n"
    )
    here = [mail.raw for mail in (*generate(60, 3), *hostile_mails(3))] + list(mutated(100, 3))
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    there = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == _digest(here)


def test_another_seed_gives_other_mail() -> None:
    assert [mail.raw for mail in generate(5, 1)] != [mail.raw for mail in generate(5, 2)]


def test_the_mix_is_as_promised(mails: list[GeneratedMail]) -> None:
    kinds = [mail.manifest.kind for mail in mails]
    assert [kinds.count(kind) for kind in ("auto", "attach", "news")] == [10, 10, 10]
    assert 45 <= kinds.count("reply") <= 50


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7])
def test_any_number_can_be_asked_for(n: int) -> None:
    assert len(list(generate(n))) == n


def test_the_standard_library_reads_what_the_manifest_says(mails: list[GeneratedMail]) -> None:
    for mail in mails:
        read, manifest = _read(mail.raw), mail.manifest
        sender = read["From"].addresses[0]
        assert not read.defects
        assert str(read["Subject"]) == manifest.subject
        assert (sender.display_name, sender.addr_spec) == (manifest.sender_name, manifest.sender)
        assert read["Message-ID"] == manifest.message_id
        found = [
            (part.get_filename(), part.get_content_type(), hashlib.sha256(part.get_content()).hexdigest())
            for part in read.iter_attachments()
            if part.get_filename()
        ]
        assert found == [(each.name, each.type, each.sha256) for each in manifest.attachments]
        assert (len(mail.raw), mail.sha256) == (manifest.size, manifest.sha256)


def test_a_reply_names_an_earlier_mail(mails: list[GeneratedMail]) -> None:
    seen: set[str] = set()
    evidence = 0
    for mail in mails:
        parent = mail.manifest.parent
        assert (parent is not None) == (mail.manifest.kind == "reply")
        if parent:
            assert parent in seen
            read = _read(mail.raw)
            evidence += parent in f"{read['In-Reply-To']} {read['References']}"
        seen.add(mail.manifest.message_id)
    assert evidence >= 40


def test_message_ids_are_unique_and_mails_are_in_order(mails: list[GeneratedMail]) -> None:
    assert len({mail.manifest.message_id for mail in mails}) == len(mails)
    times = [mail.received for mail in mails]
    assert times == sorted(times)


def test_bare_mail_has_no_trace() -> None:
    for mail in generate(20, 1, "help@desk.test", "desk.test", bare=True):
        read = _read(mail.raw)
        assert read["Received"] is None
        assert "help@desk.test" in read["To"]


@pytest.mark.parametrize("form", ["eml", "maildir", "mbox"])
def test_the_command_line_writes_files_and_a_manifest(tmp_path: Path, form: str) -> None:
    out, manifest = tmp_path / "out", tmp_path / "manifest.jsonl"
    command = [sys.executable, "-m", "tests.generator", str(out), "-n", "12", "--seed", "4"]
    subprocess.run([*command, "--format", form, "--manifest", str(manifest)], cwd=ROOT, check=True)
    lines = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    expected = list(generate(12, 4))
    assert [line["message_id"] for line in lines] == [mail.manifest.message_id for mail in expected]
    if form == "eml":
        raws = [(out / line["file"]).read_bytes() for line in lines]
        assert raws == [mail.raw for mail in expected]
    elif form == "maildir":
        raws = [(out / "new" / line["file"]).read_bytes() for line in lines]
        assert raws == [mail.raw.replace(b"\r\n", b"\n") for mail in expected]
    else:
        assert len(mailbox.mbox(out)) == 12


def test_every_payload_comes_in_every_style() -> None:
    hostile = list(hostile_mails(1))
    assert len(hostile) == 3 * len(PAYLOADS)
    assert len({mail.manifest.message_id for mail in hostile}) == len(hostile)
    for mail in hostile:
        assert mail.raw.count(b"\nMessage-ID: ") == 1
        assert b"\nBcc:" not in mail.raw.partition(b"\r\n\r\n")[0]


def test_a_hostile_attachment_has_the_digest_of_its_manifest() -> None:
    for mail in hostile_mails(1):
        read = email.message_from_bytes(mail.raw)
        part = [part for part in read.walk() if part.get_content_type() == "application/octet-stream"][-1]
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert hashlib.sha256(content).hexdigest() == mail.manifest.attachments[0].sha256


def test_mutants_are_many_and_bounded() -> None:
    raws = list(islice(mutated(1_000, 2), 1_000))
    assert len(set(raws)) > 950
    assert max(map(len, raws)) < 400_000
