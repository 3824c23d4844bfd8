"""Erasing a contact: nothing of them is found afterwards, in whatever form it was; the numbers stay."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any
from urllib.parse import quote

import hypothesis
import pytest
from hypothesis import strategies as st

from config.settings import Settings
from desk import logs, personal_data
from desk.contacts import edit_contact, known
from desk.erasure import erase, note_backup, rehearsed
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.filters import bans
from desk.home import Desk, open_desk
from desk.permissions import Actor
from desk.recurring import definitions, sweep
from desk.replies.reply import add_note, send_reply
from desk.tickets import changes, detail, tasks, time_spent, undo
from mail.mime.domain import ascii_domain
from models import blobs, erasure, recurring
from models.opening import close_database
from models.search import words_beginning
from models.transactions import transaction
from tests.support.blank_desk import copied
from tests.support.engines import SQLITE
from tests.support.mails import EVE, Door, mail, rows, value, write
from tests.support.random_life import HERS, PEOPLE, Life
from tests.support.workbench import ADMIN, make_agent

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TINA = "Tina Müller-Weiß <tina.mw@bücher.example>"
ADDRESS = re.compile(r"@([\w.-]+)")
TOKENS = ("tina.mw@bücher.example", "tina", "Müller-Weiß", "zugvogel", "quetzal", "+49 30 123456")


def letter(
    text: str, *, encoding: str, html: str = "", file: tuple[str, bytes] | None = None, **fields: str
) -> bytes:
    """A mail with a body in a transfer encoding, and encoded header fields."""
    made = EmailMessage(policy=SMTP.clone(utf8=False))
    for name, said in fields.items():
        made[name.replace("_", "-")] = ADDRESS.sub(lambda found: f"@{ascii_domain(found[1])}", said)
    made.set_content(text, cte=encoding)
    if html:
        made.add_alternative(html, subtype="html", cte=encoding)
    if file is not None:
        made.add_attachment(file[1], maintype="text", subtype="plain", filename=file[0])
    return made.as_bytes()


def everything(desk: Desk, engine: str) -> Iterator[tuple[str, bytes]]:
    """All bytes of a desk: of its files, its blobs as they came, its rows and the index of its words."""
    for path in sorted(desk.paths.home.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()
    blob_id = 0
    while found := erasure.stored_after(blob_id, 100):
        for blob_id in found:
            yield f"blob {blob_id}", blobs.read(blob_id)
    for kept in erasure.every_text():
        yield f"{kept.table}.{kept.column} of {kept.key}", kept.text.encode()
    if engine == SQLITE:
        for (word,) in rows("SELECT term FROM message_search_word"):
            yield "index", str(word).encode()
    else:
        for (word,) in rows("SELECT words::text FROM message_search UNION ALL SELECT word FROM search_word"):
            yield "index", str(word).encode()


def forms(token: str) -> set[bytes]:
    """A word as it may stand in bytes: composed or not, in links, quoted, in base64 at three places."""
    found = {token, token.upper(), token.lower(), token.title(), quote(token)}
    found |= {unicodedata.normalize("NFD", each) for each in found}
    local, _, domain = token.rpartition("@")
    if local:
        found |= {
            f"{local}@{ascii_domain(domain)}",
            f"{local}=40{domain}",
            f"{local}%40{ascii_domain(domain)}",
        }
    raw = {each.encode() for each in found} | {token.encode("latin-1", "replace"), token.encode("utf-16-le")}
    inner = {base64.b64encode(b"x" * start + each)[4 : -4 or None] for each in raw for start in range(3)}
    quoted = {"".join(f"={byte:02X}" if byte > 126 else chr(byte) for byte in each).encode() for each in raw}
    return raw | quoted | {each for each in inner if len(each) > 7}


def traces(desk: Desk, engine: str, tokens: tuple[str, ...]) -> set[tuple[str, str]]:
    """Where a word is found, and which."""
    wanted = {token: forms(token) for token in tokens}
    return {
        (place, token)
        for place, data in everything(desk, engine)
        for token, known_forms in wanted.items()
        if any(form in data or form.lower() in data.lower() for form in known_forms)
    }


def filled(desk: Desk, door: Door, kim: Actor) -> None:
    """Ticket 1 is Tina's, in 2 she answered Eve, in 3 nobody knows her but its text names her."""
    first = letter(
        "Mein Zugvogel brennt.\nGruß, Tina\n",
        encoding="base64",
        html="<p>Mein <b>Zugvogel</b> brennt.</p>",
        file=("tina.mw@bücher.example.txt", "Quetzal für Tina\n".encode()),
        From=TINA,
        To="support@example.test",
        Subject="Zugvogel von Müller-Weiß",
        Message_ID="<first@tina-pc.test>",
    )
    door.take(first)
    door.take(first, mailbox="sales@example.test")
    edit_contact(
        kim, "tina.mw@bücher.example", phone="+49 30 123456", note="Zugvogel", add=["tina@home.test"]
    )
    changes.add_tags(kim, ["1"], ["zugvogel"])
    tasks.add(kim, "1", "call Tina", UTC)
    time_spent.add(kim, "1", "5m", "Quetzal")
    send_reply(desk, kim, "1", "Hello Tina, your Zugvogel is Quetzal.")
    door.take(mail("Eve's flamingo.", sender=EVE, cc=TINA, subject="Flamingo", message_id="<eve@x.test>"))
    answer = letter(
        "> Eve's flamingo.\nMine is Quetzal, a long sentence of hers.\n",
        encoding="quoted-printable",
        From="TINA M. <Tina.MW@xn--bcher-kva.example>",
        To="support@example.test",
        Subject="Re: [#2] Flamingo",
        Message_ID="<hers@x.test>",
        In_Reply_To="<eve@x.test>",
    )
    door.take(answer)
    again = letter(
        "Dear Tina, indeed.\n> Mine is Quetzal, a long\n> sentence of hers.\n\nThe pelican is mine.\n",
        encoding="base64",
        html="<p>Dear Tina, indeed.</p><blockquote>Mine is Quetzal, a long sentence of hers.</blockquote>"
        "<p>The pelican is mine.</p>",
        file=("pelican.txt", b"the pelican\n"),
        From=EVE,
        To="support@example.test",
        Cc=TINA,
        Subject="Re: [#2] Flamingo",
        Message_ID="<eve2@x.test>",
        In_Reply_To="<hers@x.test>",
    )
    door.take(again)
    door.take(
        mail(
            "Ask tina.mw@bücher.example, or Tina Müller-Weiß.", sender="Bob <bob@corp.test>", subject="Third"
        )
    )
    logs.write("info", "test", "mail of tina.mw@xn--bcher-kva.example came", detail="Tina Müller-Weiß")
    write(
        "INSERT INTO call (listener_id, delivery, event, ticket_id, body, created, not_before)"
        " SELECT id, 'd', 'created', 1, ?, '', '' FROM listener LIMIT 1",
        '{"name": "Tina"}',
    )
    (desk.paths.log).mkdir(exist_ok=True)
    (desk.paths.log / "crash.txt").write_text("at Tina Müller-Weiß <tina.mw@bücher.example>\n")


STAYS = (
    "SELECT number, status, priority, created, due, closed, message_count, attachment_count FROM ticket"
    " ORDER BY id",
    "SELECT id, ticket_id, at, agent_id, kind FROM event WHERE kind <> 'erased' ORDER BY id",
    "SELECT id, ticket_id, kind, created, agent_id, machine FROM message ORDER BY id",
    "SELECT id, door, uid, received, verdict, ticket_id, digest FROM receipt ORDER BY id",
    "SELECT message_id, size, sha256 FROM attachment ORDER BY id",
    "SELECT seconds FROM time_spent",
)


def test_nothing_of_them_stays_but_the_numbers(desk: Desk, engine: str) -> None:
    door, kim = Door(desk), make_agent("kim")
    filled(desk, door, kim)
    before = [rows(each) for each in STAYS]
    raw = blobs.read(value("SELECT blob_id FROM message WHERE message_id = '<eve@x.test>'"))
    assert {token for _, token in traces(desk, engine, TOKENS)} >= {TOKENS[0], "tina", "zugvogel"}
    would = rehearsed(desk, ADMIN, "tina.mw@bücher.example")
    assert [rows(each) for each in STAYS] == before
    assert known("tina@home.test").email == "tina.mw@bücher.example"
    gone = erase(desk, ADMIN, "tina@home.test")
    assert traces(desk, engine, TOKENS) == set()
    assert (gone.tickets, gone.shared) == (("1",), ("2",)) == (would.tickets, would.shared)
    assert (gone.messages, gone.mails) == (would.messages, would.mails)
    assert (len(gone.files), gone.left) == (1, ())
    after = [rows(each) for each in STAYS]
    assert after == before
    assert raw != blobs.read(value("SELECT blob_id FROM message WHERE message_id = '<eve@x.test>'"))
    shown = detail.show("2")
    texts = [message.text for message in shown.messages]
    assert texts[0].strip() == "Eve's flamingo."
    assert "The pelican is mine." in texts[2]
    assert "indeed" in texts[2]
    files = {each.name: each for message in shown.messages for each in message.attachments}
    assert detail.attachment_bytes(files["pelican.txt"].id) == b"the pelican\n"
    assert shown.collaborators == ()
    assert shown.events[-1].text == "erased: somebody who took part"
    assert detail.show("1").events[-1].text == "erased: the requester and every text"
    assert undo.undo_last(kim) is None
    with pytest.raises(NotFound):
        known("tina.mw@bücher.example")
    assert door.take(mail("I am new.", sender=TINA, subject="New")).ticket_number not in ("1", "2", "3")
    door.take(mail("A zugvogel, says somebody else.", sender=EVE, subject="Birds"))
    assert words_beginning("zugvo", 10) == ["zugvogel"], "who erased her took the word for known"


@pytest.mark.sqlite
def test_what_is_known_of_them_is_handed_out_whole_and_nothing_of_others(desk: Desk, tmp_path: Path) -> None:
    """`contact export` finds as much as erasing does."""
    door, kim = Door(desk), make_agent("kim")
    filled(desk, door, kim)
    add_note(kim, "1", "She rang about it.")
    tasks.add(kim, "1", "Call her", UTC)
    edit_contact(ADMIN, "tina@home.test", note="Is rude.")
    bans.ban(kim, "tina@home.test")
    refused = mail("Zugvogel once more.", sender="Tina <tina@home.test>", subject="Refused")
    assert door.take(refused).verdict == "rejected"
    place = tmp_path / "hers"
    done = personal_data.write(desk, kim, "tina@home.test", place, _line, NOW)
    written = {path.name: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    lines = [json.loads(each) for each in written["tickets.jsonl"].splitlines()]
    would_go = rehearsed(desk, kim, "tina@home.test")
    assert [each["number"] for each in lines if each["kind"] == "ticket"] == list(would_go.tickets)
    assert [each["number"] for each in lines if each["kind"] == "part"] == list(would_go.shared)
    assert sum(len(each["messages"]) for each in lines) == done.messages == would_go.messages
    assert would_go.exports == (str(place),)
    facts = json.loads(written["contact.json"])
    assert facts["contact"]["phone"] == "+49 30 123456"
    assert facts["bans"] == ["tina@home.test"]
    assert [each["verdict"] for each in facts["received"]] == ["ticket", "duplicate", "reply", "rejected"]
    assert {"reply"} <= {each["kind"] for each in facts["sent"]}
    assert written["receipt-" + str(facts["received"][-1]["id"]) + ".eml"] == refused
    file = "Quetzal für Tina\n".encode()
    assert written[hashlib.sha256(file).hexdigest()] == file
    assert sum(name.endswith(".eml") for name in written) == done.mails
    assert not [name for name, data in written.items() if b"pelican" in data]
    internal = (b"She rang", b"Is rude", b"Call her")
    assert [each for each in internal if each not in written["tickets.jsonl"] + written["contact.json"]] == []
    assert place.stat().st_mode & 0o777 == 0o700
    personal_data.write(desk, kim, "tina@home.test", tmp_path / "less", _line, NOW, with_notes=False)
    less = [each.read_bytes() for each in (tmp_path / "less").glob("*.json*")]
    assert [each for each in internal if each in b"".join(less)] == []
    of_one = kim._replace(actions=frozenset(["contact.erase"]), places=((1, frozenset(["ticket.read"])),))
    for agent in (make_agent("reader", ["ticket.read"]), of_one):
        with pytest.raises(NotAllowed):
            personal_data.write(desk, agent, "tina@home.test", tmp_path / "none", _line, NOW)
    assert not (tmp_path / "none").exists()
    with pytest.raises(WrongUse, match="file") as caught:
        personal_data.write(desk, kim, "tina@home.test", tmp_path / "hers.zip", _line, NOW)
    assert "nightdesk export" not in str(caught.value.hint)


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, default=str).encode() + b"\n"


def test_no_recurring_ticket_brings_them_back(desk: Desk) -> None:
    Door(desk).take(mail("The printer is on fire.", sender=TINA))
    definitions.add(desk, ADMIN, "Visit", schedule="0 9 * * *", subject="Visit her", requester=TINA)
    with transaction():
        recurring.change(definitions.stored("Visit").id, {"after": "2026-11-20T12:00:00Z"})
    erase(desk, ADMIN, "tina.mw@bücher.example")
    assert sweep.sweep(desk, datetime(2026, 11, 22, 12, 0, tzinfo=UTC)) == []
    kept = definitions.stored("Visit")
    assert (kept.active, kept.requester_name) == (False, "")
    assert kept.requester_email.endswith("@erased.invalid")


NAMES = ("Ana Prado", "Łukasz Żółć", "O'Neil Pat", "Jean-Luc d'Arc", "李 小龙", "Aña Ñandú", "Max")
WORDS = ("kestrel", "żubr", "heron", "ñandú", "osprey", "Straße")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_they_wrote_and_were_called(desk: Desk, engine: str, seed: int) -> None:
    chance = random.Random(seed)
    kim, door = make_agent("kim"), Door(desk)
    name, domain = chance.choice(NAMES), chance.choice(("corp.test", "żółw.example", "BÜRO.example"))
    address = f"{chance.choice(('p.q', 'x+y', 'o_o', 'z'))}@{domain}".lower()
    hers = [f"{word}{number}" for number, word in enumerate(chance.sample(WORDS, 3))]
    for number in range(4):
        is_hers = chance.random() < 0.5
        text = " ".join(chance.choices(hers, k=6)) if is_hers else f"Of others {number}.\n> {' '.join(hers)}"
        door.take(
            letter(
                text + "\n",
                encoding=chance.choice(("base64", "quoted-printable")),
                html=chance.choice(("", f"<i>{text}</i>")),
                From=f'"{name}" <{address}>' if is_hers else EVE,
                To="support@example.test",
                Cc=chance.choice(("", f'"{name}" <{address}>')) or "x@y.test",
                Subject=f"{chance.choice(hers)} {number}" if is_hers else f"Eve's {number}",
                Message_ID=f"<{seed}-{number}@x.test>",
                In_Reply_To=f"<{seed}-{number - 1}@x.test>",
            )
        )
    if not rows("SELECT 1 FROM contact WHERE email = ?", address):
        door.take(mail(hers[0], sender=f'"{name}" <{address}>'))
    send_reply(desk, kim, "1", f"To you.\n\n> {hers[0]} {hers[1]} {hers[2]}")
    erase(desk, ADMIN, address)
    words = (address, name) if name != "Max" else (address,)
    assert traces(desk, engine, words) == set()


def test_who_may_and_of_whom(desk: Desk, tmp_path: Path) -> None:
    door = Door(desk)
    door.take(mail("One"))
    with pytest.raises(NotAllowed):
        rehearsed(desk, make_agent("kim", ["settings.edit", "ticket.delete"]), "ana@corp.test")
    make_agent("eve")
    write("UPDATE agent SET email = 'ana@corp.test' WHERE login = 'eve'")
    with pytest.raises(Refused, match="the agent eve"):
        erase(desk, ADMIN, "ana@corp.test")
    write("UPDATE agent SET email = '' WHERE login = 'eve'")
    kept, gone = tmp_path / "kept.tar", tmp_path / "gone.tar"
    kept.write_bytes(b"")
    for place in (str(gone), str(kept), "s3://bucket/desk", str(kept)):
        note_backup(place)
    assert erase(desk, ADMIN, "ana@corp.test").backups == (str(kept), "s3://bucket/desk")


HERS_IN_ALL = ("tina.zugvogel@corp.test", "Tina Zugvogel", HERS)


def test_nothing_of_them_stays_however_the_desk_lived(engine: str, blank_home: Path, tmp_path: Path) -> None:
    made = 0

    @hypothesis.settings(
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate), max_examples=8, database=None
    )
    @hypothesis.given(
        seed=st.integers(0, 10**6), deeds=st.lists(st.sampled_from(Life.DEEDS), min_size=10, max_size=40)
    )
    def gone(seed: int, deeds: list[str]) -> None:
        nonlocal made
        made += 1
        close_database()
        desk = open_desk(
            copied(engine, blank_home, tmp_path / f"desk {made}"), Settings(blob_threshold=2_000)
        )
        life = Life(desk, seed)
        life.door.take(life.letter(PEOPLE[0]))
        life.live(deeds)
        hers = traces(desk, engine, HERS_IN_ALL)
        assert {token for _, token in hers} == set(HERS_IN_ALL)
        before = [rows(each) for each in STAYS]
        told = erase(desk, ADMIN, "tina.zugvogel@corp.test")
        found = traces(desk, engine, HERS_IN_ALL)
        assert found == set(), rows("SELECT id, ticket_id, kind, detail FROM event")
        assert told.left == ()
        assert [rows(each) for each in STAYS] == before

    gone()
    close_database()


@pytest.mark.parametrize("change", ["a new task", "a text that changes"])
def test_nothing_of_them_stays_of_what_is_written_meanwhile(desk: Desk, engine: str, change: str) -> None:
    door, kim = Door(desk), make_agent("kim")
    door.take(mail("Mine.", sender=TINA))
    door.take(mail("Eve's flamingo.", sender=EVE))
    tasks.add(kim, "2", "ring tina.mw@bücher.example", UTC)
    masks, changed = erasure.rewrite, list[str]()

    def rewritten(kept: erasure.KeptText, text: str, apart: str) -> bool:
        if (kept.table, kept.column) == ("task", "text") and not changed:
            changed.append(kept.text)
            if change == "a new task":
                tasks.add(kim, "2", "write to tina.mw@bücher.example", UTC)
            else:
                write("UPDATE task SET text = 'Tina Müller-Weiß, soon' WHERE text = ?", kept.text)
        return masks(kept, text, apart)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erasure, "rewrite", rewritten)
        erase(desk, ADMIN, "tina.mw@bücher.example")
    assert changed == ["ring tina.mw@bücher.example"]
    assert traces(desk, engine, ("tina.mw@bücher.example", "Tina Müller-Weiß")) == set()


def test_a_table_that_comes_later_is_looked_through(desk: Desk) -> None:
    known_texts = {
        "message.text",
        "event.detail",
        "log_entry.text",
        "call.body",
        "filter.condition",
        "contact.name",
    }
    assert known_texts <= set(columns := erasure.columns())
    assert not {"ticket.status", "ticket.created", "event.kind", "recipient.state"} & set(columns)
    assert erasure.WORDLESS.isdisjoint(columns)
