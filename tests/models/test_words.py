"""What stands in a text is found by any piece of it, in every script; and a word only where it is one."""

from __future__ import annotations

import json
import re
import sqlite3

from hypothesis import given, settings
from hypothesis import strategies as some

from desk.queries.snippets import MARK_BEGIN, MARK_END, Marker
from models.queries.tree import Word
from models.words import add_to, person, phrase, searched, usual
from tests.support.rows import every_row


def finds(text: str, looked_for: str, *, whole: bool = False) -> bool:
    """Whether an index like the desk's finds a text."""
    expression = phrase(looked_for, whole=whole)
    return bool(expression) and _matches("text", text, expression)


def _matches(column: str, text: str, expression: str) -> bool:
    with sqlite3.connect(":memory:") as database:
        add_to(database)
        database.execute(
            "CREATE VIRTUAL TABLE t USING fts5 (text, people, content = '', prefix = '3',"
            " tokenize = 'unicode61 remove_diacritics 2')"
        )
        function = "searched" if column == "text" else "searched_people"
        database.execute(f"INSERT INTO t (rowid, {column}) VALUES (1, {function}(?))", (text,))
        found = database.execute("SELECT count(*) FROM t WHERE t MATCH ?", (expression,)).fetchone()
        return bool(found == (1,))


@every_row(
    ("text", "looked_for"),
    [
        ("プリンターが動かない", "プリンター"),
        ("プリンターが動かない", "リンタ"),
        ("プリンターが動かない", "動かない"),
        ("プリンターが動かない。", "動かない。"),
        ("プリンターが動かない", "い"),
        ("プリンターHP2000が故障", "HP2000"),
        ("プリンターHP2000が故障", "hp2"),
        ("プリンターHP2000が故障", "プリンターHP2000"),
        ("プリンターHP2000が故障", "ターHP2000が"),
        ("ﾌﾟﾘﾝﾀｰが動かない", "プリンター"),
        ("プリンターが動かない", "ﾌﾟﾘﾝﾀｰ"),
        ("フ\u309aリンター", "プリンター"),
        ("ＶＰＮが切れる", "vpn"),
        ("打印机坏了，请帮忙", "打印机"),
        ("打印机坏了，请帮忙", "机坏"),
        ("打印机坏了，请帮忙", "坏"),
        ("打印机坏了，请帮忙", "帮忙"),
        ("𠮷野家の請求書", "𠮷野"),
        ("เครื่องพิมพ์เสีย", "พิมพ์"),
        ("เครื่องพิมพ์เสีย", "เสีย"),
        ("ເຄື່ອງພິມເສຍ", "ພິມ"),
        ("ម៉ាស៊ីនបោះពុម្ពខូច", "ពុម្ព"),
        ("ပုံနှိပ်စက်ပျက်", "စက်"),
        ("프린터가 고장났어요", "프린터"),
        ("프린터가 고장났어요", "린터"),
        ("네트워크프린터", "프린터"),
        ("Der Drucker über dem Tisch", "uber"),
        ("u\u0308ber", "über"),
        ("printers", "print"),
        ("E-42 paper-jam", "e-42"),
        ("C:\\logs\\vpn_old", "vpn_old"),
        ("東京 大阪", "東京 大阪"),
    ],
)
def test_a_piece_of_a_text_is_found(text: str, looked_for: str) -> None:
    assert finds(text, looked_for)
    marked = Marker(Word(looked_for)).marked(text)
    assert MARK_BEGIN in marked
    assert marked.replace(MARK_BEGIN, "").replace(MARK_END, "") == usual(text)


@every_row(
    ("text", "looked_for"),
    [
        ("プリンター", "プター"),
        ("プリンター", "ンプリ"),
        ("打印 机", "打印机"),
        ("พิมพ์", "พมพ"),
        ("프린터", "프터"),
        ("reprint", "print"),
        ("vpns", "vp"),
        ("打印机", "😀"),
    ],
)
def test_what_is_not_in_a_text_is_not_found(text: str, looked_for: str) -> None:
    assert not finds(text, looked_for)


def test_whole_words_are_whole_where_a_script_has_blanks() -> None:
    assert finds("the printer jams", "printer jams", whole=True)
    assert not finds("the printers jam", "printer", whole=True)
    assert finds("プリンターが動かない", "プリンター", whole=True)


LETTERS = some.sampled_from("プリンターが動打印机坏ーกีที่เ한국어aZé")
RUNS = some.text(LETTERS, min_size=1, max_size=12)


@settings(max_examples=130)
@given(RUNS, RUNS, some.data())
def test_every_piece_of_a_run_without_blanks_is_found(before: str, text: str, data: some.DataObject) -> None:
    unspaced = re.sub("[aZé]", "機", text)
    begin = data.draw(some.integers(0, len(unspaced) - 1))
    end = data.draw(some.integers(begin + 1, len(unspaced)))
    piece = unspaced[begin:end]
    if phrase(piece, whole=False):
        assert finds(f"{before} {unspaced}", piece)
        assert finds(f"vpn{unspaced}2000", piece)


@settings(max_examples=100)
@given(some.text(max_size=30), some.text(max_size=8))
def test_any_text_can_be_looked_for_in_any_text(text: str, looked_for: str) -> None:
    assert finds(text, looked_for) in (True, False)
    assert searched(text) == searched(usual(text))


@every_row(
    ("looked_for", "found"),
    [
        ("ana.prado@corp.example", True),
        ("ANA.Prado@CORP.example", True),
        ("@corp.example", True),
        ("prado", True),
        ("pra", True),
        ("sales team", True),
        ("営業", True),
        ("@example", False),
        ("@mail.corp.example", False),
        ("prado@corp.example", False),
        ("ana.prado@corp", False),
        ("cc", False),
        ("team sales", False),
    ],
)
def test_recipients_are_found_by_address_domain_and_beginning(looked_for: str, found: bool) -> None:
    people = {"to": [["", "ana.prado@corp.example"]], "cc": [["Sales team 営業部", "x@other.example"]]}
    assert _matches("people", json.dumps(people), f"people : ({person(looked_for)})") is found
