"""Whatever bytes come: each ends as one receipt whose blob is those bytes, and nothing breaks or hangs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from desk.home import Desk
from tests.generator import hostile_mails, mutated
from tests.support.books import Books, digest

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "mime-stalwart"
MUTANTS = 400
BATCH = 50
SEED = 11

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def home_desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk in this process."""
    from config.paths import DeskPaths
    from config.settings import Settings
    from desk.home import open_desk
    from models.opening import close_database

    yield open_desk(DeskPaths(tmp_path / "home"), Settings(), create=True)
    close_database()


def test_mutated_mails_become_receipts_of_the_very_same_bytes(home_desk: Desk) -> None:
    _assert_taken(home_desk, mutated(MUTANTS, SEED), MUTANTS)


def test_hostile_mails_become_receipts_of_the_very_same_bytes(home_desk: Desk) -> None:
    mails = [mail.raw for mail in hostile_mails(SEED)]
    _assert_taken(home_desk, mails, len(mails))


def test_the_stalwart_corpus_becomes_receipts_of_the_very_same_bytes(home_desk: Desk) -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at ../shared/corpora/{CORPUS.name}")
    mails = [path.read_bytes() for path in sorted((CORPUS / "files").rglob("*")) if path.is_file()]
    assert mails
    _assert_taken(home_desk, mails, len(mails))


def _assert_taken(desk: Desk, mails: Iterable[bytes], count: int) -> None:
    from desk.intake.arrivals import Arrival
    from desk.intake.pipeline import take
    from models import blobs

    coming = iter(mails)
    uid = 0
    while batch := list(islice(coming, BATCH)):
        arrivals = [
            Arrival(raw, "imap", folder="INBOX", uidvalidity=1, uid=uid + place)
            for place, raw in enumerate(batch, 1)
        ]
        uid += len(batch)
        taken = take(desk, arrivals)
        assert len(taken) == len(batch)
        assert all(each.new for each in taken)
        for raw, each in zip(batch, taken, strict=True):
            [(blob_id, sha256)] = Books(desk.paths.home).rows(
                "SELECT b.id, b.sha256 FROM receipt r JOIN blob b ON b.id = r.blob_id WHERE r.id = ?",
                each.receipt_id,
            )
            assert sha256 == digest(raw)
            assert digest(blobs.read(blob_id)) == sha256
    books = Books(desk.paths.home)
    assert uid == count
    assert books.value("SELECT count(*) FROM receipt") == count
    assert books.errors() == []
    logged = books.rows("SELECT text || detail FROM log_entry")
    assert not [row for row in logged if "Traceback" in row[0] or "Error:" in row[0]]
