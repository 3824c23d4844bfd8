"""What a verb returns is printed in one place: a document for scripts or words for people, and its status."""

from __future__ import annotations

import json

import pytest

from nightdesk import output
from nightdesk.desk_verb import Result, one_by_one, told
from tests.support.program import Program


def refuse() -> None:
    raise AssertionError("nobody asked for this")


def test_only_what_is_asked_for_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    Result(lambda: {"number": "1"}, refuse).print(as_json=True)
    assert json.loads(capsys.readouterr().out) == {"number": "1"}
    Result(refuse, lambda: output.line("#1")).print(as_json=False)
    assert capsys.readouterr().out == "#1\n"


def test_an_iterator_is_an_array_with_an_item_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    Result(lambda: iter([1, 2]), refuse).print(as_json=True)
    assert capsys.readouterr().out == "[\n1,\n2\n]\n"
    Result(lambda: [1, 2], refuse).print(as_json=True)
    assert capsys.readouterr().out == "[1, 2]\n"


@pytest.mark.parametrize("as_json", [False, True])
def test_remarks_are_asked_for_last_and_said_to_both(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    printed: list[str] = []
    result = Result(
        lambda: printed.append("document"),
        lambda: printed.append("words"),
        (f"there is more than {each}" for each in printed),
    )
    result.print(as_json)
    assert capsys.readouterr().err == f"there is more than {'document' if as_json else 'words'}\n"


def test_things_of_several_lines_have_an_empty_line_between_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one_by_one(["a", "b"], output.line)
    told(None, "c", "d").print(as_json=False)
    assert capsys.readouterr().out == "a\n\nb\nc\nd\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["ticket", "close", "-"], "", "no ids were given"),
        (["outbox", "retry", "seven"], "", "'seven' is no id"),
        (["ticket", "note", "-", "--body-file", "-"], "1", "cannot give both"),
        (["ticket", "tag", "1"], "", "no tag was given"),
        (["agent", "edit", "bo"], "", "nothing to change was given"),
        (["department", "edit", "IT"], "", "nothing to change was given"),
        (["settings", "set", "mail.fetching"], "", "give a value, or --default"),
    ],
)
def test_a_wrong_call_is_refused_before_a_desk_is_looked_for(
    program: Program, arguments: list[str], stdin: str, words: str
) -> None:
    done = program(*arguments, stdin=stdin.encode())
    assert (done.status, done.out) == (2, "")
    assert words in done.err


def test_files_are_read_before_the_desk_opens(program: Program) -> None:
    done = program("ticket", "note", "1", "--body-file", "/nowhere/at/all")
    assert (done.status, done.out) == (1, "")
    assert "/nowhere/at/all" in done.err
