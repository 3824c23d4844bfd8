"""A query is read as it is meant, written down as it was read, and refused with the place and a hint."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from desk.queries import fields
from desk.queries.errors import BadValue, NotClosed, QueryError, TooMuch, UnknownField
from desk.queries.parser import parse, printed
from models.queries.tree import NOTHING, All, Condition, Either, Node, Not, Word
from tests.support.rows import every_row

PRINTER, JAM, TONER = Word("printer"), Word("jam"), Word("toner")
OPEN = Condition("state", ("open",))


@every_row(
    ("text", "tree"),
    [
        ("", NOTHING),
        ("  ", NOTHING),
        ("!!! ???", NOTHING),
        ("-", NOTHING),
        ("()", NOTHING),
        ("(-)", NOTHING),
        ("printer", PRINTER),
        ("printer*", PRINTER),
        ("printer jam", All((PRINTER, JAM))),
        ("printer printer", PRINTER),
        ('"paper jam"', Word("paper jam", True)),
        ('"paper  jam', Word("paper jam", True)),
        ("“paper jam”", Word("paper jam", True)),
        ("-printer", Not(PRINTER)),
        ("!printer", Not(PRINTER)),
        ("!!printer", PRINTER),
        ("-(printer jam)", Not(All((PRINTER, JAM)))),
        ("-(-printer)", PRINTER),
        ("printer OR jam", Either((PRINTER, JAM))),
        ("printer or jam", All((PRINTER, Word("or"), JAM))),
        ("printer jam OR toner", Either((All((PRINTER, JAM)), TONER))),
        ("printer (jam OR toner)", All((PRINTER, Either((JAM, TONER))))),
        ("printer (jam toner)", All((PRINTER, JAM, TONER))),
        ("(printer OR jam) OR toner", Either((PRINTER, JAM, TONER))),
        ("state:open", OPEN),
        ("STATUS:Open", OPEN),
        ("state:op,open", OPEN),
        ("-state:open", Not(OPEN)),
        ("(state:open)", OPEN),
        ("(tag:a OR tag:b)", Either((Condition("tag", ("a",)), Condition("tag", ("b",))))),
        ("assignee:me", Condition("owner", ("me",))),
        ("agent:jo,none", Condition("owner", ("jo", "none"))),
        ("priority:4", Condition("p", ("urgent",))),
        ("contact:@corp.example", Condition("from", ("@corp.example",))),
        ('from:"Lee Park",kim', Condition("from", ("Lee Park", "kim"))),
        ('dept:"Human Resources"', Condition("department", ("Human Resources",))),
        ("#440", Condition("number", ("440",))),
        ("number:#440,441", Condition("number", ("440", "441"))),
        ("#440x", Word("#440x")),
        ("#440*", Word("#440")),
        ("OR*", Word("OR")),
        ("age:>2d", Condition("age", ("2d",), ">")),
        ("created:>=2026-11-01", Condition("created", ("2026-11-01",), ">=")),
        ("created:2026-11", Condition("created", ("2026-11",))),
        ("created:2026-11-01..", Condition("created", ("2026-11-01", ""), "..")),
        ("created:2d..1w", Condition("created", ("2d", "1w"), "..")),
        ("due:TODAY", Condition("due", ("today",))),
        ("subject:pri*", Condition("subject", ("pri",))),
        ("http://intranet/x", Word("http://intranet/x")),
        ("Error: disk", All((Word("Error:"), Word("disk")))),
        ("10:42", Word("10:42")),
        ("f(x)", Word("f(x)")),
        ("(f(x) OR jam)", Either((Word("f(x)"), JAM))),
        ("printer)", Word("printer)")),
        ("E-42", Word("E-42")),
        ('"OR"', Word("OR", True)),
        ("state:open -tag:vpn from:@a.example (printer OR toner)", None),
    ],
)
def test_a_query_is_read_as_it_is_meant(text: str, tree: Node | None) -> None:
    found = parse(text)
    assert tree is None or found == tree
    assert parse(printed(found)) == found


@every_row(
    ("text", "kind", "position", "hint"),
    [
        ("printer stat:open", UnknownField, 8, "state:"),
        ("colour:red", UnknownField, 0, "in quotes"),
        ("printer state:opn", BadValue, 8, "open"),
        ("tag:", BadValue, 0, "a tag"),
        ("subject:***", BadValue, 0, "subject: takes"),
        ("number:#", BadValue, 0, "number: takes"),
        ("tag:vpn (printer", NotClosed, 8, ")"),
        ("printer OR", NotClosed, 8, "OR"),
        ("OR printer", NotClosed, 0, "OR"),
        ("a OR OR b", NotClosed, 5, "OR"),
        ("(a OR ) b", NotClosed, 3, "OR"),
        ("age:2d", BadValue, 0, "age:>2d"),
        ("age:today", BadValue, 0, "age:>2d"),
        ("age:>2y", BadValue, 0, "m, h, d, w"),
        ("created:2d", BadValue, 0, "2026-11-01"),
        ("created:>2026-13-01", BadValue, 0, "2026-11-01"),
        ("created:>2026-02-30", BadValue, 0, "2026-11-01"),
        ("created:..", BadValue, 0, "2026-11-01"),
        ("created:2d..2026-11-01", BadValue, 0, "2026-11-01"),
        ("created:today,yesterday", BadValue, 0, "created: takes"),
        ("due:soon", BadValue, 0, "due:<2d"),
        ("due:>", BadValue, 0, "due:<2d"),
        ("(" * 30 + "a" + ")" * 30, TooMuch, 20, "at most 20"),
        (" ".join(f"w{number}" for number in range(300)), TooMuch, None, "at most 100"),
        ("tag:" + ",".join(f"w{number}" for number in range(300)), TooMuch, None, "at most 100"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place_and_a_hint(
    text: str, kind: type[QueryError], position: int | None, hint: str
) -> None:
    with pytest.raises(kind) as refused:
        parse(text)
    assert hint in refused.value.hint
    assert position in (None, refused.value.position)


SIGNS = some.sampled_from(
    ['"', "(", ")", "-", "!", " ", " ", " OR ", ",", ":", "*", "#", "..", "<", ">", "“"]
)
PIECES = some.one_of(
    SIGNS,
    some.text(max_size=4),
    some.sampled_from(["a", "vpn", "#12", "2d", "today", "2026-11-01", "open", "me", "@x.example", "OR"]),
    some.sampled_from([f"{name}:" for name in fields.names()]),
)


@settings(max_examples=500)
@given(some.lists(PIECES, max_size=14).map("".join))
def test_what_is_printed_is_read_as_the_same_query(text: str) -> None:
    tree = read_or_none(text)
    assert tree is None or parse(printed(tree)) == tree


@settings(max_examples=160)
@given(some.lists(PIECES, max_size=14).map("".join))
def test_what_is_refused_has_a_place_and_a_hint(text: str) -> None:
    if read_or_none(text) is None:
        with pytest.raises(QueryError) as refused:
            parse(text)
        assert refused.value.hint
        assert 0 <= refused.value.position <= len(text)


def read_or_none(text: str) -> Node | None:
    """The tree of a text, None when it is refused."""
    try:
        return parse(text)
    except QueryError:
        return None


@every_row("field", fields.TICKET_FIELDS)
def test_every_field_has_an_example_that_is_read(field: fields.Field) -> None:
    tree = parse(field.example)
    assert isinstance(tree, Condition)
    assert tree.field == field.name
    for synonym in field.synonyms:
        assert parse(field.example.replace(f"{field.name}:", f"{synonym}:", 1)) == tree
