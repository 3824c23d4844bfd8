"""What a reply adds, scored on answers that the matrix did not make."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mail.mime.message import parse
from mail.mime.quotes.pieces import folds, without
from tests.mail.mime.held_out_replies import HELD_OUT, RARER, HeldOut


def shown(reply: HeldOut) -> str:
    """What of an answer is not folded."""
    kind = "html" if reply.html else "plain"
    head = (
        "From: Ann <ann@corp.example>\nTo: support@desk.example\nSubject: Re: Printer\nMIME-Version: 1.0\n"
        f"Content-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    )
    mail = parse((head + reply.body).encode())
    return without(mail.words, folds(mail.words, mail.pieces))


def letters(text: str) -> str:
    return "".join(each for each in text if each.isalnum())


@pytest.mark.parametrize("replies", [HELD_OUT, RARER], ids=["common programs", "rarer programs"])
def test_what_they_added_is_shown_exactly_and_next_to_nothing_is_cut(replies: Sequence[HeldOut]) -> None:
    exact, over, faults = 0, 0, []
    for reply in replies:
        got, added = letters(shown(reply)), letters(reply.added)
        exact += got == added
        lost = [line for line in reply.added.split("\n") if letters(line) not in got]
        over += bool(lost)
        if got != added:
            faults.append(f"{reply.name}: {'cut ' + repr(lost[0]) if lost else 'too much is shown'}")
    print(f"\n{len(replies)} answers kept apart: exact {exact / len(replies):.1%}, cut too much {over}")
    print("".join(f"  {fault}\n" for fault in faults), end="")
    assert exact >= 0.9 * len(replies)
    assert over == 0


def test_there_are_ninety_of_them() -> None:
    assert len({reply.name for reply in (*HELD_OUT, *RARER)}) >= 90
