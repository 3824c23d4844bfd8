"""The matrix of mail programs, languages and layouts: how much is read exactly, how much cut too short."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from mail.mime.message import parse
from mail.mime.quotes.pieces import folds, without
from tests.generator.replies import CLIENTS, LANGUAGES, Reply, replies

LAYOUTS_SHOWN = 40
TAKEN = 0.4
"""Of all replies this part, by chance: thousands still, in a third of the time."""


def shown(reply: Reply) -> str:
    mail = parse(reply.raw)
    return without(mail.words, folds(mail.words, mail.pieces))


def letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


@pytest.mark.timeout(300)
def test_the_matrix_is_read_exactly_and_next_to_nothing_is_cut_too_short() -> None:
    assert len({client.name.partition(" ")[0] for client in CLIENTS}) >= 15
    assert len({language.code for language in LANGUAGES}) >= 14
    total: Counter[str] = Counter()
    exact: Counter[str] = Counter()
    over: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    chance = random.Random(3)
    for reply in replies():
        if chance.random() > TAKEN:
            continue
        group = "html" if reply.client.endswith("html") else "text"
        group = group if reply.known_language else f"{group}, language without words"
        got = letters(shown(reply))
        total[group] += 1
        if got == letters(reply.added):
            exact[group] += 1
        else:
            faults[f"{reply.client} / {reply.layout}"] += 1
        if any(letters(line) not in got for line in reply.added.split("\n")):
            over[group] += 1
    print()
    for group, count in sorted(total.items()):
        good, cut = exact[group] / count, over[group] / count
        print(f"{group:32} {count:6} mails, exact {good:6.1%}, cut too much {cut:6.2%}")
    for fault, count in faults.most_common(LAYOUTS_SHOWN):
        print(f"  {count:4} {fault}")
    for group in ("text", "html"):
        assert exact[group] >= 0.98 * total[group]
        assert over[group] <= 0.005 * total[group]
        assert exact[f"{group}, language without words"] >= 0.9 * total[f"{group}, language without words"]
