"""Spelling: unknown words of one's own prose are underlined; no slow or broken program is waited for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desk.home import Desk
from desk.permissions import Actor
from desk.staff import preferences
from tests.tui.screen import until
from tui import spelling
from tui.app import NightdeskApp
from tui.screens.compose.screen import Body
from tui.spelling import Speller

KNOWS = """
import sys
known = {"please", "reboot", "the", "router", "it's", "grüße"}
for word in sys.stdin.read().split("\\n"):
    if word and word.lower() not in known:
        print(word)
"""


def speller(code: str = KNOWS) -> Speller:
    """A speller whose program is this Python code."""
    return Speller([sys.executable, "-c", code], "en_US")


def unknown(text: str) -> list[str]:
    """The words that are underlined in a text."""
    rows = text.split("\n")
    found = speller().unknown(text)
    return [rows[number][start:end] for number, spans in sorted(found.items()) for start, end in spans]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Please rebot the ruoter", ["rebot", "ruoter"]),
        ("it’s the router, Grüße", []),
        ("> On Tue ana wrot\nplease", []),
        ("    sudo systemctl restrt\n\tplease", []),
        ("```\nrestrt\n```\nreboot\n", []),
        ("see /srv/finanse and https://x.example/abc or jo@corp.example", ["see", "and", "or"]),
        ("db02 VPN v9.2 snake_case", []),
        ("", []),
        ("the the rebot rebot", ["rebot", "rebot"]),
        ("漢字 reboot", ["漢字"]),
    ],
)
def test_only_ones_own_prose_is_looked_at(text: str, words: list[str]) -> None:
    assert unknown(text) == words


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "raise SystemExit(3)",
        "import os; os.write(1, b'\\xff\\xfe\\x00' * 1000); raise SystemExit(1)",
    ],
)
def test_a_program_that_is_slow_or_broken_is_asked_once(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = speller(code)
    assert broken.unknown("Please rebot") == {}
    monkeypatch.setattr(subprocess, "run", lambda *_given, **_more: pytest.fail("it is asked again"))
    assert broken.unknown("Please rebot agian") == {}


def test_what_is_known_is_not_asked_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    asked = speller(f"import sys; open({str(log)!r}, 'a').write(sys.stdin.read())")
    asked.unknown("please reboot")
    asked.unknown("please reboot router")
    assert log.read_text().split() == ["please", "reboot", "router"]


def test_the_language_is_the_terminals() -> None:
    every = [Speller([], name) for name in ("de_AT", "de_DE", "en_GB", "en_US")]

    def language(**environ: str) -> str | None:
        found = spelling.speller_for(every, environ)
        return found.language if found else None

    assert language(LANG="de_DE.UTF-8") == "de_DE"
    assert language(LANG="de_CH.UTF-8") == "de_AT"
    assert language(LANG="de_DE.UTF-8", LC_ALL="en_GB.UTF-8") == "en_GB"
    assert language(LANG="C.UTF-8") == "en_US"
    assert language() == "en_US"
    assert language(LANG="ja_JP.UTF-8") is None


@pytest.mark.skipif(not spelling.languages(), reason="neither hunspell nor aspell has a dictionary here")
def test_the_systems_dictionary_is_asked() -> None:
    found = spelling.speller_for(spelling.languages(), {"LANG": "en_US.UTF-8"})
    assert found is not None
    assert found.unknown("Please rebot it") == {0: [(7, 12)]}


async def test_unknown_words_are_underlined_a_moment_after_the_last_key(
    app: NightdeskApp, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spelling, "languages", lambda: (speller(),))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("i")
        await until(pilot, "Mode: note")
        await pilot.press(*"please rebot")
        body = app.screen.query_one(Body)
        for _ in range(200):
            if body.get_line(0).spans:
                break
            await pilot.pause(0.02)
        assert [(span.start, span.end, str(span.style)) for span in body.get_line(0).spans] == [
            (7, 12, "underline")
        ]
        await pilot.press("f9")
        await until(pilot, "en_US")
        await pilot.press("o")
        await pilot.pause(0.3)
        assert body.get_line(0).spans == []
    assert preferences.spelling(actor) == "off"


async def test_without_a_dictionary_nothing_is_underlined(
    desk: Desk, app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spelling, "languages", lambda: ())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("i")
        await until(pilot, "Mode: note")
        await pilot.press(*"rebot", "f9")
        await until(pilot, "There is no dictionary here")
