"""PGP signatures are checked and secret mail is opened with a real GnuPG, within bounds."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from desk.errors import NotFound
from desk.tickets import detail
from mail.mime import openpgp
from mail.mime.message import parse
from mail.mime.openpgp import KeyRing
from mail.mime.signature import Signature, signature_of
from models.opening import close_database
from tests.support.mails import Door, rows
from tests.support.servers.packages import NoServers, ensure_installed
from tests.support.workbench import make_desk

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ANN = "Ann Meier <ann@kunde.example>"
BODY = b"Content-Type: text/plain; charset=utf-8\r\n\r\nPlease lock the account. \r\n- \xc3\xa4\r\n"
HEAD = b"From: Ann <ann@kunde.example>\nTo: support@desk.example\nSubject: x\nMIME-Version: 1.0\n"


class People:
    """GnuPG homes of those who write; short paths, because the agent's socket is in them."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nd-gpg-")
        self._homes: dict[str, Path] = {}

    def home(self, who: str, *uids: str) -> Path:
        """The home of a person, with a key for each address."""
        home = self._homes.get(who)
        if home is None:
            home = self._homes[who] = Path(self._folder.name) / str(len(self._homes))
            home.mkdir(mode=0o700)
            for uid in uids:
                self.gpg(
                    home, "--passphrase", "", "--quick-gen-key", uid, "future-default", "default", "never"
                )
        return home

    def gpg(self, home: Path, *arguments: str, given: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(home), "--batch", "--yes", "--trust-model", "always", *arguments]
        return subprocess.run(command, input=given, capture_output=True, check=True, timeout=60).stdout

    def introduce(self, who: Path, to: Path) -> None:
        """Give one person's public keys to another."""
        self.gpg(to, "--import", given=self.gpg(who, "--export"))

    def end(self) -> None:
        for home in self._homes.values():
            subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
        self._folder.cleanup()


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    if not shutil.which("gpg"):
        try:
            ensure_installed(("gpg",))
        except NoServers as why:
            pytest.skip(str(why))
    made = People()
    ann = made.home("ann", ANN)
    stranger = made.home("stranger", "Mallory <mallory@evil.example>")
    desk = made.home("desk", "Support <support@desk.example>")
    made.introduce(ann, desk)
    made.introduce(desk, ann)
    made.introduce(desk, stranger)
    yield made
    made.end()


def clear_signed(people: People, who: str = "ann", body: bytes = BODY) -> bytes:
    """A mail as RFC 3156 5 has it."""
    signature = people.gpg(people.home(who), "--armor", "--detach-sign", given=body)
    kind = b'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b\n\n--b\n'
    between = b"\n--b\nContent-Type: application/pgp-signature; name=signature.asc\n\n"
    return HEAD + kind + body + between + signature + b"\n--b--\n"


def secret(people: People, *more: str, body: bytes = BODY, to: str = "support@desk.example") -> bytes:
    """A mail as RFC 3156 4 has it."""
    data = people.gpg(people.home("ann"), "--armor", *more, "--encrypt", "-r", to, given=body)
    kind = b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n'
    first = b"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
    second = b"--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n" + data + b"\n--b--\n"
    return HEAD + kind + first + second


def told(people: People, raw: bytes, who: str = "desk") -> Signature:
    found = signature_of(parse(raw), NOW, [], KeyRing(people.home(who)))
    assert found is not None
    return found


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_signature_by_a_known_key_names_its_holder(people: People, line_end: bytes) -> None:
    raw = clear_signed(people).replace(b"\r\n", b"\n").replace(b"\n", line_end)
    assert told(people, raw) == Signature(
        "valid", "PGP signature is valid, by Ann Meier <ann@kunde.example>", ("ann@kunde.example",)
    )


def test_a_text_that_was_changed_breaks_it(people: People) -> None:
    found = told(people, clear_signed(people).replace(b"lock the account", b"free the account"))
    assert (found.state, found.words) == (
        "broken",
        "PGP signature is broken: the text was changed after it was signed",
    )


def test_a_key_that_nobody_gave_the_desk_is_told(people: People) -> None:
    found = told(people, clear_signed(people, "stranger"))
    assert found.state == "unknown key"
    assert found.words.startswith("PGP signature by a key that this desk does not know (")


def test_a_known_person_who_is_not_the_sender_is_told(people: People) -> None:
    raw = clear_signed(people).replace(b"From: Ann <ann@kunde.example>", b"From: Bob <bob@kunde.example>")
    found = told(people, raw)
    assert found.state == "other sender"
    assert found.words.endswith("who is not the sender bob@kunde.example")


def test_any_address_of_the_key_is_its_holders(people: People) -> None:
    both = people.home("both", "Both <one@both.example>")
    people.gpg(both, "--passphrase", "", "--quick-add-uid", "one@both.example", "Both <two@both.example>")
    people.introduce(both, people.home("desk"))
    raw = clear_signed(people, "both").replace(b"ann@kunde.example", b"one@both.example")
    assert told(people, raw).state == told(people, raw.replace(b"one@both", b"two@both")).state == "valid"


@pytest.mark.parametrize(
    "nonsense", [b"", b"x", b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"]
)
def test_nonsense_is_broken(people: People, nonsense: bytes) -> None:
    head, _, _ = clear_signed(people).partition(b"-----BEGIN PGP SIGNATURE")
    assert told(people, head + nonsense + b"\n--b--\n").state == "broken"


def test_a_text_between_pgp_lines_is_checked_and_only_that(people: People) -> None:
    block = people.gpg(people.home("ann"), "--clear-sign", given=b"Please lock the account.\n")
    plain = HEAD + b"\n" + block
    assert told(people, plain).words == "PGP signature is valid, by Ann Meier <ann@kunde.example>"
    mixed = told(people, HEAD + b"\nAnd pay me.\n\n" + block)
    assert mixed.words.endswith("of the part between the PGP lines alone")
    assert told(people, plain.replace(b"lock", b"free")).state == "broken"


def test_secret_mail_is_opened_and_its_signature_checked(people: People) -> None:
    found = told(people, secret(people, "--sign"))
    assert found.words == (
        "PGP signature is valid, by Ann Meier <ann@kunde.example>; encrypted, opened with this desk's key"
    )
    assert found.secret == BODY
    unsigned = told(people, secret(people))
    assert (unsigned.state, unsigned.words) == (
        "unchecked",
        "encrypted with PGP, opened with this desk's key; not signed",
    )


def test_mail_to_other_keys_stays_closed(people: People) -> None:
    raw = secret(people, to="ann@kunde.example")
    found = told(people, raw)
    assert (found.state, found.secret) == ("encrypted", None)
    assert found.words == "encrypted with PGP: it was encrypted to other keys than this desk has"


def test_what_unpacks_to_too_much_is_not_opened(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openpgp, "MAX_OPENED", 1_000_000)
    found = told(people, secret(people, body=BODY + b"\0" * 30_000_000))
    assert (found.state, found.secret) == ("encrypted", None)


def test_a_program_that_does_not_end_is_ended(
    people: People, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    raw, slow = secret(people), tmp_path / "gpg"
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *--version*) exec {shutil.which("gpg")} "$@";; esac\nexec sleep 60\n'
    )
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(openpgp, "SECONDS", 0.5)
    begun = time.monotonic()
    assert told(people, raw).state == "encrypted"
    assert time.monotonic() - begun < 30


def test_a_desk_without_keys_says_so(people: People, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "none")
    found = signature_of(parse(clear_signed(people)), NOW, [], ring)
    assert found is not None
    assert found.words == "PGP signature, not checked: this desk has no OpenPGP keys"
    closed = signature_of(parse(secret(people)), NOW, [], ring)
    assert closed is not None
    assert closed.words == "encrypted with PGP: only the holder of the key can read it"


def test_a_ticket_shows_what_was_encrypted_and_stores_none_of_it(people: People, tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    ring = desk.paths.data / "gnupg"
    ring.symlink_to(people.home("desk"))
    inner = (
        b"Content-Type: multipart/mixed; boundary=i\r\n\r\n"
        b"--i\r\nContent-Type: text/plain\r\n\r\nThe code is 4711.\r\n"
        b"--i\r\nContent-Type: application/pdf; name=plan.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nVGhlIHBsYW4=\r\n"
        b"--i\r\nContent-Type: text/x-log; name=a.log\r\n"
        b"Content-Disposition: attachment\r\n\r\nlog\r\n--i--\r\n"
    )
    door = Door(desk)
    door.take(secret(people, "--sign", body=inner))
    (message,) = detail.show("1").messages
    assert message.text == "The code is 4711.\n[encrypted file: plan.pdf]\n[encrypted file: a.log]"
    plan, log = message.attachments[-2:]
    assert (plan.name, plan.type, plan.size) == ("plan.pdf", "application/pdf", 8)
    assert plan.sha256 == sha256(b"The plan").hexdigest()
    assert detail.attachment_bytes(plan.id) == b"The plan"
    assert detail.attachment_bytes(log.id).strip() == b"log"
    assert not rows("SELECT 1 FROM attachment WHERE name IN ('plan.pdf', 'a.log')")
    for strange in (log.id + 1, plan.id - 1, plan.id + 1000, 10**17):
        with pytest.raises(NotFound):
            detail.attachment_bytes(strange)
    assert message.signature.startswith("PGP signature is valid, by Ann Meier")
    assert b"4711" not in desk.paths.database.read_bytes()
    block = people.gpg(
        people.home("ann"), "--armor", "--encrypt", "-r", "support@desk.example", given=b"4712 \x1b[2J"
    )
    door.take(HEAD.replace(b"Subject: x", b"Subject: y") + b"\nHello,\n\n" + block + b"\nBye\n")
    (message,) = detail.show("2").messages
    assert message.text.splitlines()[0] == "Hello,"
    assert "4712" in message.text
    assert "\x1b" not in message.text
    ring.unlink()
    assert [each.name for each in detail.show("1").messages[0].attachments if each.id > 10**12] == []
    with pytest.raises(NotFound):
        detail.attachment_bytes(plan.id)
    assert "4712" not in detail.show("2").messages[0].text
    close_database()
