"""What stands in a dump is read as it was, whatever bytes it holds."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.osticket.dump import DumpTables
from models.osticket.tables import NotAnOsticket, OldRow
from tests.support.rows import every_row

TABLE = (
    b"CREATE TABLE `ost_ticket` (\n  `ticket_id` int(11) NOT NULL,\n  `words` text,\n  `raw` longblob,\n"
    b"  PRIMARY KEY (`ticket_id`)\n) ENGINE=InnoDB;\n"
)
_ESCAPES = {"\0": "\\0", "\n": "\\n", "\r": "\\r", "\\": "\\\\", "'": "\\'", '"': '\\"', "\x1a": "\\Z"}


def written(value: str | bytes | int | None) -> bytes:
    """A value as mysqldump writes it."""
    if value is None:
        return b"NULL"
    if isinstance(value, int):
        return str(value).encode()
    if isinstance(value, bytes):
        return b"0x" + value.hex().encode() if value else b"''"
    return b"'" + "".join(_ESCAPES.get(sign, sign) for sign in value).encode() + b"'"


def read(dump: bytes, prefix: str = "ost_") -> list[OldRow]:
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "dump"
        path.write_bytes(dump)
        with DumpTables(path, prefix, Path(room)) as tables:
            return tables.rows("ticket", ("ticket_id", "words", "raw"), order=("ticket_id",))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ROWS = st.lists(st.tuples(st.none() | TEXT, st.none() | st.binary(max_size=40)), min_size=1, max_size=6)


@settings(max_examples=60)
@given(rows=ROWS, lines=st.booleans(), named=st.booleans())
def test_every_text_and_every_byte_comes_back(
    rows: list[tuple[str | None, bytes | None]], lines: bool, named: bool
) -> None:
    listed = [b"(" + b",".join(map(written, (number, *row))) + b")" for number, row in enumerate(rows, 1)]
    columns = b" (`ticket_id`, `words`, `raw`)" if named else b""
    insert = b"INSERT INTO `ost_ticket`" + columns + b" VALUES" + (b"\n" if lines else b" ")
    found = read(TABLE + insert + (b",\n" if lines else b",").join(listed) + b";\n")
    assert [(row["words"], row["raw"]) for row in found] == rows


def test_a_packed_dump_is_read_too() -> None:
    assert len(read(gzip.compress(TABLE + b"INSERT INTO `ost_ticket` VALUES (1,'a',NULL);\n"))) == 1


def test_tables_of_others_are_left_alone() -> None:
    other = TABLE.replace(b"ost_", b"wp_") + b"INSERT INTO `wp_ticket` VALUES (7,'no',NULL);\n"
    assert read(other + TABLE) == []


INTO = b"INSERT INTO `ost_ticket` VALUES "
DAMAGED = {
    "a row lacks a column": TABLE + INTO + b"(1,'a');\n",
    "bytes of half a byte": TABLE + INTO + b"(1,NULL,0x4);\n",
    "a number of two points": TABLE + INTO + b"(1.2.3,NULL,NULL);\n",
    "a number that no column holds": TABLE + INTO + b"(" + b"9" * 30 + b",NULL,NULL);\n",
    "a number of thousands of digits": TABLE + INTO + b"(" + b"9" * 5000 + b",NULL,NULL);\n",
    "a table twice": TABLE + TABLE,
    "a table without columns": b"CREATE TABLE `ost_ticket` (\n) ENGINE=InnoDB;\n",
    "a name that is no text": TABLE.replace(b"words", b"w\xff"),
    "a name with a NUL": TABLE.replace(b"words", b"w\0"),
    "a column that is not there": TABLE + b"INSERT INTO `ost_ticket` (`other`) VALUES (1);\n",
    "packed, and cut off": gzip.compress(TABLE + INTO + b"(1,NULL,NULL);\n")[:-12],
    "packed, and changed on the way": gzip.compress(TABLE)[:-8] + b"\0" * 8,
}


@every_row("what", DAMAGED)
def test_a_damaged_dump_is_called_damaged(what: str) -> None:
    with pytest.raises(NotAnOsticket, match="the dump is damaged: "):
        read(DAMAGED[what])


def test_a_column_that_a_version_lacks_is_empty() -> None:
    older = TABLE.replace(b"  `words` text,\n", b"")
    (row,) = read(older + b"INSERT INTO `ost_ticket` VALUES (1,0x00);\n")
    assert row == {"ticket_id": 1, "words": None, "raw": b"\0"}


def test_a_character_set_in_front_of_a_text_means_nothing() -> None:
    (row,) = read(TABLE + b"INSERT INTO `ost_ticket` VALUES (1,_utf8mb4 'it''s',_binary 'a\\0b');\n")
    assert (row["words"], row["raw"]) == ("it's", b"a\0b")
