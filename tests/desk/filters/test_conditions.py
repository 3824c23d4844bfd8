"""What conditions find in a mail, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.errors import DeskError
from desk.filters import filters
from desk.filters.decision import ready
from desk.filters.facts import LOOKED_THROUGH, MailFacts, condition, needs
from desk.home import Desk
from desk.listeners.heard import checked_condition
from models.filters import StoredFilter
from tests.support.rows import every_row
from tests.support.workbench import ADMIN

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


@every_row(
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


@every_row(
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


@every_row(
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


ATOMS = [
    *(
        "from:ann@news.example",
        "from:@example",
        "from:@news.example,bob@x.example",
        "from:lee",
        'from:"~lee <"',
    ),
    *("to:@corp.example", "to:sales+eu@corp.example", "to:support", "header:List-Id", "header:x-none"),
    *("header:list-id=announce", 'header:"X-Spam-Flag=~^y"', "mailbox:support", "mailbox:none", "mailbox:it"),
    *(
        'subject:"~^grüße"',
        "subject:~offer",
        'subject:"~(?P<kind>week)ly"',
        'subject:"~\\Qoff"',
        "subject:weekly",
    ),
    *(
        '"~two printers"',
        "~nothing",
        '"~(?P<kind>price): (?P<n>[0-9]+)"',
        '"~[(?P<x>E]UR"',
        "printers",
        "nothing",
    ),
    *("is:list", "has:attachment", "from:@news.example@x", "from:@.example", "subject:~bird,~weekly"),
]
CONDITIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"({two[0]} {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} OR {two[1]})"),
        inner.map(lambda one: f"-({one})"),
    ),
    max_leaves=5,
)
MAILS = [
    MAIL,
    replace(MAIL, sender="bob@x.example", sender_name="", subject="bird", text="", mailbox="", raw=b"\r\n"),
    replace(MAIL, sender="", recipients=[], mailbox="it@x.test", text="EUR nothing", subject="Grüße"),
    replace(MAIL, sender='"a@news.example"@corp.example', recipients=[("", "a@b@corp.example")]),
    replace(MAIL, sender="x@.example", mailbox='"support@x"@corp.example'),
]


@given(texts=st.lists(CONDITIONS, min_size=1, max_size=8))
def test_who_is_not_asked_would_not_have_held(texts: list[str]) -> None:
    """However conditions are built: the filters that are asked of a mail are at least those that hold."""
    stored = [
        StoredFilter(at, str(at), "new", text, ["tag:x"], 100, stops=False, active=True)
        for at, text in enumerate(texts)
    ]
    for mail in MAILS:
        asked = [int(each.name) for each in ready(stored)["new"].worth_asking(replace(mail))]
        held = [at for at, text in enumerate(texts) if condition(text)(replace(mail))]
        assert asked == sorted(asked)
        assert set(held) <= set(asked)


def test_of_many_filters_few_are_asked() -> None:
    texts = [f"from:@domain{at}.example" for at in range(100)] + [
        f'subject:"~^alarm {at}"' for at in range(100)
    ]
    texts += ["from:@news.example"]
    stored = [
        StoredFilter(at, str(at), "new", text, ["tag:x"], 100, stops=False, active=True)
        for at, text in enumerate(texts)
    ]
    assert [each.name for each in ready(stored)["new"].worth_asking(replace(MAIL))] == ["200"]
    assert needs("printers from:@news.example") == frozenset(["from@ news.example"])
    assert needs("-printers") is None


@every_row(
    "pattern",
    [
        "(?:[a-z]{1,30}){1,100}",
        "(?:x?){900}(?:y?){900}(?:z?){900}",
        "(?:\\pL{1,20} ){1,9}",
        "|".join(f"word{at}" for at in range(20_000)),
        "(?P<a>.*)" * 400,
        *(
            "(?<=a)b",
            "(a)\\1",
            "(?>a)b",
            "a++b",
            "(?#c)a",
            "x{1001}",
            "[[:foo:]]",
        ),
        *("(" * 2000 + "a" + ")" * 2000 + "{1000}", "(?P<" + "x" * 9 + ">", "*", "(?i", "[a-"),
    ],
)
def test_a_pattern_that_is_too_much_is_refused_in_words(pattern: str) -> None:
    for query in (f'"~{pattern}"', f'subject:"~{pattern}"', f'from:"~{pattern}"', f'header:"X=~{pattern}"'):
        with pytest.raises(DeskError):
            condition(query)


@every_row(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 1_000_000 + "b"),
        ("(?:(?:a|b){1,30}){1,30}c", "ab" * 500_000),
        ("a{1000}b", "a" * 1_000_000),
        ("(?P<x>a*)*b", "a" * 1_000_000),
        ("(.*)(.*)(.*)(.*)=", "x" * 1_000_000),
    ],
)
def test_no_text_is_looked_through_for_longer_than_its_beginning(pattern: str, text: str) -> None:
    mail = replace(MAIL, text=text + "bc=", subject="x")
    assert len(mail.whole_text) <= LOOKED_THROUGH + 2
    assert not condition(f'"~{pattern}"')(mail) or "$" in pattern


@every_row("query", ["header:X-A=needle", 'header:"X-A=~needle"'])
@every_row(
    ("fields", "holds"),
    [
        ([b"needle"], True),
        ([b"hay"] * 49 + [b"needle"], True),
        ([b"hay"] * 50 + [b"needle"], False),
        ([b"h" * 20_000 + b" needle"], False),
    ],
)
def test_of_a_header_as_much_is_looked_through_as_a_person_writes(
    query: str, fields: list[bytes], holds: bool
) -> None:
    raw = b"".join(b"X-A: " + each + b"\r\n" for each in fields) + b"\r\n"
    assert condition(query)(replace(MAIL, raw=raw)) == holds


def test_patterns_that_are_too_many_for_one_are_asked_one_by_one() -> None:
    texts = [f'subject:"~(?:(?:a|b){{1,30}}){{1,30}}{at}"' for at in range(40)] + ['subject:"~weekly"']
    stored = [
        StoredFilter(at, str(at), "new", text, ["tag:x"], 100, stops=False, active=True)
        for at, text in enumerate(texts)
    ]
    asked = [each.name for each in ready(stored)["new"].worth_asking(replace(MAIL)) if each.holds(MAIL)]
    assert asked == ["40"]


@pytest.mark.parametrize(
    "nothing", ['"!!!"', "***", '""', "()", "- -", '"~"', "from:@news.example !!!", "-'...'"]
)
def test_a_condition_that_asks_nothing_or_passes_something_over_is_refused(desk: Desk, nothing: str) -> None:
    """Given words without letters: no filter that would hold for everything."""
    with pytest.raises(DeskError):
        condition(nothing)
    for on in ("new", "reply", "status", "time"):
        with pytest.raises(DeskError):
            filters.add(ADMIN, "All", on=on, condition=nothing, then=["close"])
    with pytest.raises(DeskError):
        checked_condition(nothing)


@every_row(
    ("pattern", "text", "holds"),
    [("~!{3}", "wow!!!", True), ("~!{3}", "wow!", False), ("~^$", "x", False), ("~€[.]", "5 €.", True)],
)
def test_a_pattern_of_signs_alone_is_one(pattern: str, text: str, holds: bool) -> None:
    mail = replace(MAIL, subject=text, text=text)
    assert condition(f'"{pattern}"')(mail) == condition(f'subject:"{pattern}"')(mail) == holds
