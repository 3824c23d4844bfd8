"""What comes over SSH is a verb that is open there, the app, or an error; whatever the words are."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desk.errors import DeskError
from nightdesk import remote_command
from nightdesk.errors import UsageError
from nightdesk.remote_command import TELLING, VARIABLE, requested
from nightdesk.verbs import VERBS

CLOSED = {"init", "demo", "worker", "serve", "pipe", "import", "backup", "restore", "completion"}
"""Verbs that make or move a desk, run for long, take files, or let in whatever they are given."""

PIECES = st.sampled_from(
    [
        "ticket",
        "nightdesk",
        "backup",
        "--config",
        "--fetch-once",
        "--json",
        "'",
        '"',
        "\\",
        ";",
        "|",
        "$(id)",
        " ",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5))).map(" ".join))


@pytest.fixture(autouse=True)
def _any_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_command, "_require_agent", lambda _action: None)


def test_the_verbs_that_are_not_there() -> None:
    assert {name for name, verb in VERBS.items() if verb.over_ssh is None} >= CLOSED


@given(TEXTS)
@example("nightdesk nightdesk")
@example("--fetch-once --config x")
@example("'ticket list'")
def test_any_words_are_a_verb_or_an_error(text: str) -> None:
    environ = {VARIABLE: text}
    try:
        words = requested(environ)
    except (UsageError, DeskError):
        return
    assert VARIABLE not in environ
    if not words:
        return
    assert environ["NIGHTDESK_RESTRICTED"] == "1"
    verb = VERBS.get(words[0])
    assert words[0] in TELLING or words[0] == "--fetch-once" or (verb and verb.over_ssh is not None)
    if words[0].startswith("--fetch-once"):
        assert not any(word.startswith(("--config", "--database", "--debug")) for word in words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  ", []),
        ("nightdesk", []),
        ("ticket list --json", ["ticket", "list", "--json"]),
        ("nightdesk ticket list", ["ticket", "list"]),
        (
            "ticket list 'from:@corp.ex printer' age:>2d",
            ["ticket", "list", "from:@corp.ex printer", "age:>2d"],
        ),
        ("ticket list (vpn OR proxy)", ["ticket", "list", "(vpn", "OR", "proxy)"]),
        ("--fetch-once --json", ["--fetch-once", "--json"]),
        ("--version", ["--version"]),
    ],
)
def test_words_are_held_together_by_quotation_marks_alone(text: str, words: list[str]) -> None:
    assert requested({VARIABLE: text}) == words


def test_restricted_mode_holds_whatever_the_account_says() -> None:
    environ = {VARIABLE: "ticket list", "NIGHTDESK_RESTRICTED": "0"}
    requested(environ)
    assert environ["NIGHTDESK_RESTRICTED"] == "1"
