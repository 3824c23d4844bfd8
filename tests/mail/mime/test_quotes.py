"""What in a reply is new; what is folded; and that nothing is ever lost."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.html.document import read_html
from mail.mime.message import parse
from mail.mime.quotes import split_reply
from tests.support.accounts import CORPORA


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("Thanks!\n\nOn Mon, 5 Jan 2026 at 10:00, Desk <d@x.test> wrote:\n\n> Hello\n> you\n", "Thanks!"),
        ("Danke!\n\nAm 05.01.2026 um 10:00 schrieb Desk <d@x.test>:\n> Hallo\n", "Danke!"),
        ("Merci\n\nLe lun. 5 janv. 2026 à 10:00, Desk <d@x.test> a\nécrit :\n\n> Bonjour\n", "Merci"),
        ("Ok\n\n2026年1月5日(月) 10:00 Desk <d@x.test>:\n> こんにちは\n", "Ok"),
        ("Ok\n\n-----Original Message-----\nFrom: Desk <d@x.test>\nSent: Monday\nSubject: x\n\nHello", "Ok"),
        (
            "Ok\n\nVon: Desk <d@x.test>\nGesendet: Montag, 5. Januar 2026 10:00\nAn: Ann\nBetreff: x\n\nHi",
            "Ok",
        ),
        ("New text\n\n-- reply above this line --\n\n> old\n", "New text"),
        ("Hello\n\n-- \nAnn\nACME", "Hello"),
        ("Hello\n\nSent from my iPhone", "Hello"),
        ("Just text with a > in it\nand more", "Just text with a > in it\nand more"),
        ("> quoted first\n\nanswer below", "> quoted first\n\nanswer below"),
        ("> one?\nyes\n> two?\nno", "> one?\nyes\n> two?\nno"),
        ("> only a quote", "> only a quote"),
        ("", ""),
    ],
)
def test_this_reply_says_that(text: str, visible: str) -> None:
    assert split_reply(text).visible == visible


@pytest.mark.parametrize(
    "text",
    [
        "See below.\n\n---------- Forwarded message ---------\nFrom: Bob <b@x.test>\nDate: Mon, 5 Jan 2026\n"
        "Subject: x\nTo: y\n\nThe thing itself",
        "Log:\n\n- item one\n- item two\n\nC:\\new\\table \\\\srv\\nas \\d+\\x",
        "The certificate:\n\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n\nthat is it",
        "On 2026-01-05 10:30:12 mail from <a@x.test> was rejected with:\n\n550 no such user",
        "key: value\nother: value@x 12:00\nthird: value",
    ],
)
def test_what_is_no_quote_stays_visible(text: str) -> None:
    assert split_reply(text).visible == text


def test_the_marker_is_configurable() -> None:
    text = "Neu\n\n## Bitte oberhalb antworten ##\nalt"
    assert split_reply(text, marker="bitte oberhalb antworten").visible == "Neu"
    assert split_reply(text, marker="").visible == text


def test_signature_and_quote_are_folded_not_lost() -> None:
    text = "Hello\n\n-- \nAnn\n\nOn Mon, 5 Jan 2026 at 10:00, D <d@x.test> wrote:\n> old"
    split = split_reply(text)
    assert (split.visible, split.signature) == ("Hello", "-- \nAnn")
    assert split.quoted.endswith("> old")


def test_the_html_s_own_quote_is_used() -> None:
    html = "<p>New</p><div class='gmail_quote'><div>whoever whenever</div><blockquote>old</blockquote></div>"
    read = read_html(html)
    text, at = read.text, read.quote_at
    assert split_reply(text, quote_at=at).visible == "New"
    assert "old" in text


@given(st.text(st.sampled_from(">- \n:@a1\t."), max_size=300), st.integers(0, 300) | st.none())
def test_the_slices_make_up_the_whole(text: str, quote_at: int | None) -> None:
    split = split_reply(text, quote_at=quote_at)
    assert 0 <= split.visible_end <= split.quote_at <= len(text)
    assert text.startswith(split.visible)
    assert not text.strip() or split.visible.strip()


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 200_000,
        "> \n" * 60_000,
        "-" * 80_000,
        "a" * 1_000_000,
        "On " * 60_000 + ":",
        "x\n" * 100_000,
        "From: a@b 1\n" * 20_000,
        "-- \n" * 50_000,
        " " * 300_000 + "x",
        "_" * 200_000,
        ":\n" * 50_000,
    ],
)
@pytest.mark.timeout(20)
def test_hostile_text_ends_soon(text: str) -> None:
    split_reply(text + "\n\nOn Mon, 5 Jan 2026 at 10:00, D <d@x.test> wrote:\n> old")


def test_most_replies_of_the_public_set_are_cut_right_and_few_too_short() -> None:
    folder = CORPORA / "reply-talon"
    if not folder.is_dir():
        pytest.skip("the public set of replies is not here")
    hits = cut_too_much = total = 0
    for line in (folder / "expected.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        if case.get("reply") is None:
            continue
        raw = (folder / case["input"]).read_bytes()
        if case["format"] == "rfc822":
            mail = parse(raw)
            text, at = mail.words, mail.quote_at
        elif case["format"] == "html":
            read = read_html(raw.decode("utf-8", "replace"))
            text, at = read.text, read.quote_at
        else:
            text, at = raw.decode("utf-8", "replace"), None
        wanted = read_html(case["reply"]).text if case.get("expects") == "html" else case["reply"]
        got, want = (re.sub(r"\W+", "", one) for one in (split_reply(text, quote_at=at).visible, wanted))
        total += 1
        hits += got == want
        cut_too_much += len(got) < len(want)
    print(f"\nreply-talon: {hits} of {total} right, {cut_too_much} cut too much")
    assert hits >= total * 0.7
    assert cut_too_much <= total * 0.08
