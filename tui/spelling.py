"""Spelling by the system's hunspell or aspell, where there is one: which words of a text it does not know."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from config.expressions import expression

if TYPE_CHECKING:
    from desk.permissions import Actor

SECONDS = 2.0
"""So long the program may take for one text; one that takes longer is asked no more."""
MOST_WORDS = 5_000
"""Words that are asked about at once; a longer text is looked at as far as that."""
REMEMBERED = 50_000

Spans = dict[int, list[tuple[int, int]]]
"""For each line the unknown words in it, as (first, behind the last) character."""

_TOKEN = expression(r"\S+")
_WORD = expression(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NO_PROSE = expression(r"[\d_/@\\#<>{}=|]|\w\.\w|:\w")
"""Paths, addresses, names of hosts, numbers, code: nothing a dictionary knows."""
_FENCE = expression(r"\s*(```|~~~)")


@dataclass(slots=True)
class Speller:
    """One dictionary of one program. Its methods block; whoever calls them does so in a thread."""

    command: Sequence[str]
    language: str
    _known: dict[str, bool] = field(default_factory=dict)
    _failed: bool = False

    def unknown(self, text: str) -> Spans:
        """Return the words that the dictionary does not know; none when the program fails or is too slow."""
        found = [
            (number, match[0].replace("’", "'"), match.start(), match.end())
            for number, row in _prose(text)
            for match in _words(row)
        ]
        self._ask(dict.fromkeys(word for _, word, _, _ in found))
        spans: Spans = {}
        for number, word, start, end in found:
            if not self._known.get(word, True):
                spans.setdefault(number, []).append((start, end))
        return spans

    def _ask(self, words: Mapping[str, None]) -> None:
        new = [word for word in words if word not in self._known][:MOST_WORDS]
        if not new or self._failed:
            return
        try:
            done = subprocess.run(
                self.command,
                input="".join(f"{word}\n" for word in new),
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                env=_environment(),
                timeout=SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            self._failed = True
            return
        wrong = set(done.stdout.split("\n"))
        if len(self._known) > REMEMBERED:
            self._known.clear()
        self._known.update((word, word not in wrong) for word in new)


def wanted(actor: Actor) -> Speller | None:
    """Return the speller of the dictionary that an agent chose, or of their terminal's language. Blocks."""
    from desk.staff import preferences  # 25 ms

    name = preferences.spelling(actor)
    if name == "off":
        return None
    spellers = languages()
    chosen = next((each for each in spellers if each.language == name), None)
    return chosen or speller_for(spellers, os.environ)


def choose(actor: Actor, name: str) -> Speller | None:
    """Keep an agent's choice, a dictionary or ``off``, and return its speller. Blocks."""
    from desk.staff import preferences  # 25 ms

    preferences.set_spelling(actor, name)
    return wanted(actor)


@cache
def languages() -> tuple[Speller, ...]:
    """Return a speller for each dictionary there is, of the first program that has any. Blocks."""
    for program, listing in (("hunspell", ("-D",)), ("aspell", ("dicts",))):
        path = shutil.which(program)
        names = _dictionaries([path, *listing]) if path else []
        if path and names:
            return tuple(Speller(_command(program, path, name), name) for name in names)
    return ()


def speller_for(spellers: Sequence[Speller], environ: Mapping[str, str]) -> Speller | None:
    """Return the speller of the language that the environment names, of English where it names none."""
    named = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    wanted = named.partition(".")[0].partition("@")[0]
    if wanted in ("", "C", "POSIX"):
        wanted = "en_US"
    exact = [each for each in spellers if each.language == wanted]
    related = [each for each in spellers if each.language.partition("_")[0] == wanted.partition("_")[0]]
    return next(iter([*exact, *related]), None)


def _command(program: str, path: str, name: str) -> list[str]:
    if program == "hunspell":
        return [path, "-l", "-i", "utf-8", "-d", name]
    return [path, "list", "--encoding=utf-8", "-l", name]


def _dictionaries(command: Sequence[str]) -> list[str]:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=_environment(),
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    names = [PurePath(row.strip()).name.removesuffix(".aff") for row in done.stdout.split("\n")]
    return sorted({name for name in names if re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", name)})


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def _prose(text: str) -> list[tuple[int, str]]:
    """Return the numbered lines that somebody wrote: no quotations, no code."""
    lines: list[tuple[int, str]] = []
    fenced = False
    for number, row in enumerate(text.split("\n")):
        if _FENCE.match(row):
            fenced = not fenced
        elif not fenced and not row.startswith((">", "    ", "\t")):
            lines.append((number, row))
    return lines


def _words(row: str) -> list[re.Match[str]]:
    found = []
    for token in _TOKEN.finditer(row):
        if not _NO_PROSE.search(token[0]):
            found += list(_WORD.finditer(row, token.start(), token.end()))
    return [match for match in found if len(match[0]) > 1 and not match[0].isupper()]
