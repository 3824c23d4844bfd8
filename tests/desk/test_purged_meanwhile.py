"""An export goes on when a ticket is deleted for good meanwhile, between whichever statements."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from config.clock import now
from desk import exports, personal_data
from desk.home import Desk
from desk.permissions import Actor
from desk.replies.reply import add_note, send_reply
from desk.tickets import purging, trash
from mail.archives.mbox import read_mbox
from models.database import db
from models.transactions import undone
from tests.support.mails import ANA, BOB, Door, mail
from tests.support.workbench import ADMIN, make_agent

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, default=str).encode() + b"\n"


@contextmanager
def purged_at(place: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Delete ticket 2 for good before a statement; tells how many there were; then it is there again."""
    count = 0
    execute = db.obj.execute_sql

    def counting(sql: str, params: Any = None) -> Any:
        nonlocal count
        count += 1
        if count == place:
            with monkeypatch.context() as quiet:
                quiet.setattr(db.obj, "execute_sql", execute)
                trash.delete(ADMIN, ["2"])
                purging.purge_trash(now(), whole=True)
        return execute(sql, params)

    with undone(), monkeypatch.context() as patched:
        patched.setattr(db.obj, "execute_sql", counting)
        yield lambda: count


def _as_directory(desk: Desk, kim: Actor, target: Path) -> tuple[str, ...]:
    done = exports.write_directory(desk, kim, None, target, _line, NOW, lambda _done: None)
    lines = [json.loads(line) for line in (target / "tickets.jsonl").read_bytes().splitlines()][1:]
    carried = [json.loads(line) for line in (target / "rows.jsonl").read_bytes().splitlines()][1:]
    assert [each["number"] for each in lines] == [each["rows"]["ticket"][0]["number"] for each in carried]
    told = {each["mail"] for line in lines for each in line["messages"]} - {None}
    assert told == {f"mails/{path.name}" for path in (target / "mails").iterdir()}
    assert done.troubles == ()
    assert done.mails == len(told)
    assert done.tickets == len(lines)
    assert {"1", "3"} <= {each["number"] for each in lines} <= {"1", "2", "3"}
    return done.gone


def _of_contact(desk: Desk, kim: Actor, target: Path) -> tuple[str, ...]:
    done = personal_data.write(desk, kim, "bob@corp.test", target, _line, NOW)
    lines = [json.loads(line) for line in (target / "tickets.jsonl").read_bytes().splitlines()]
    told = {each["mail"] for line in lines for each in line["messages"]} - {None}
    written = {f"mails/{path.name}" for path in (target / "mails").iterdir()}
    assert told == {each for each in written if "receipt" not in each}
    assert (done.troubles, done.tickets) == ((), len(lines))
    assert {"3"} <= {each["number"] for each in lines} <= {"2", "3"}
    return done.gone


def _as_mbox(desk: Desk, kim: Actor, target: Path) -> tuple[str, ...]:
    file = BytesIO()
    done = exports.write_mbox(kim, None, file, lambda _done: None)
    assert done.troubles == ()
    assert len(list(read_mbox(file, 0, 1 << 20))) == done.mails
    assert done.tickets in (2, 3)
    return ("2",) if done.tickets == 2 else ()


@pytest.mark.sqlite
@pytest.mark.parametrize("write", [_as_directory, _of_contact, _as_mbox])
def test_an_export_goes_on_while_a_ticket_is_purged(
    desk: Desk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Desk, Actor, Path], tuple[str, ...]],
) -> None:
    door, kim = Door(desk), make_agent("kim")
    door.take(mail("One", subject="One", sender=ANA))
    door.take(mail("Two", subject="Two", sender=BOB))
    door.take(mail("Three", subject="Three", sender=BOB))
    send_reply(desk, kim, "2", "Hello Bob.")
    add_note(kim, "2", "He rang.")
    place, seen = 0, set()
    while True:
        place += 3
        with purged_at(place, monkeypatch) as count:
            seen.add(write(desk, kim, tmp_path / f"{place}"))
            last = count()
        if place > last:
            break
    assert seen == {(), ("2",)}
