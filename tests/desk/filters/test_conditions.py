"""What conditions find in a mail, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.errors import DeskError
from desk.filters.facts import MailFacts, condition

RAW = (
    b"From: Ann Lee <ann@news.example>\r\nList-Id: Weekly <announce.news.example>\r\n"
    b"X-Spam-Flag: YES\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe=3A?= Weekly offer\r\n\r\n"
)
MAIL = MailFacts(
    sender="ann@news.example",
    sender_name="Ann Lee",
    recipients=[("Support", "support@corp.example"), ("", "sales+eu@corp.example")],
    subject="Grüße: Weekly offer [SPAM]",
    text="Buy two printers.\nPrice: 10 EUR",
    mailbox="support@corp.example",
    door="imap",
    attachments=1,
    kind="list",
    raw=RAW,
)


@pytest.mark.parametrize(
    "query",
    [
        "from:ann@news.example",
        "from:ANN@news.example",
        "from:@news.example",
        "from:@example",
        "from:lee",
        "from:bob@x.example,@news.example",
        "from:~^ann.lee",
        "to:sales+eu@corp.example",
        "to:@corp.example",
        "subject:week",
        'subject:"weekly offer"',
        "subject:gruße",
        "subject:GRUSSE",
        'subject:"~\\[spam\\]$"',
        "subject:~w.*",
        "header:List-Id",
        "header:list-id=announce",
        "header:x-spam-flag=yes",
        "header:Subject=Grüße",
        'header:"X-Spam-Flag=~^(y|j)"',
        "mailbox:support@corp.example",
        "mailbox:support",
        "door:imap",
        "has:attachment",
        "is:list",
        "-is:person",
        "printer",
        '"two printers"',
        "offer printers",
        "nothing OR printers",
        "(nothing OR printers) week",
        "-toner",
        "~price:.\\d+",
    ],
)
def test_it_holds(query: str) -> None:
    assert condition(query)(MAIL)


@pytest.mark.parametrize(
    "query",
    [
        "from:ann@news.example.org",
        "from:@ews.example",
        "from:lee@",
        "to:@orp.example",
        "subject:eekly",
        'subject:"offer weekly"',
        "subject:printers",
        "header:X-Spam",
        "header:List-Id=digest",
        "mailbox:sup",
        "mailbox:none",
        "door:pop3",
        "is:machine",
        "rinters",
        '"two printer"',
        "printers toner",
        "-printers",
        "~^price$",
    ],
)
def test_it_does_not_hold(query: str) -> None:
    assert not condition(query)(MAIL)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("subject:~(a)\\1", "is refused"),
        ("subject:~(?=a)", "is refused"),
        ("subject:~a[", "is refused"),
        ("state:open", "state"),
        ("door:window", "window"),
        ("(a", "not closed"),
        ("#440", "no number"),
    ],
)
def test_what_is_no_condition_is_refused_in_words(query: str, said: str) -> None:
    with pytest.raises(DeskError, match=said.replace("(", "\\(")) as refused:
        condition(query)
    assert refused.value.hint


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_refused(query: str) -> None:
    try:
        holds = condition(query)
    except DeskError:
        return
    assert holds(MAIL) in (True, False)


def test_a_hostile_pattern_is_slow_for_nobody() -> None:
    """RE2 takes time by the length of the text, whatever the pattern; a backtracking engine never ends."""
    hostile = replace(MAIL, text="a" * 200_000)
    assert not condition("~(a+)+$x")(hostile)
