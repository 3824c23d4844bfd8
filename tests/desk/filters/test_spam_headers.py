"""What SpamAssassin and rspamd write, and what anybody may write instead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desk.filters import filters
from desk.filters.facts import MailFacts, condition
from desk.filters.spam_headers import relay_of, spam_verdict
from desk.home import Desk
from mail.mime.headers import Headers, headers_begin, parse_headers
from models import settings as setting_rows
from models.transactions import transaction
from tests.support.mails import Door, mail, value
from tests.support.rows import every_row
from tests.support.workbench import ADMIN


def read(*lines: str) -> Headers:
    raw = ("\r\n".join(lines) + "\r\n\r\n").encode()
    return parse_headers(raw, headers_begin(raw), len(raw), [])[0]


@every_row(
    ("line", "verdict"),
    [
        ("X-Spam-Flag: YES", (True, None)),
        ("X-Spam-Flag: NO", (False, None)),
        ("X-Spam-Status: Yes, score=12.4 required=5.0 tests=BAYES_99", (True, 12.4)),
        ("X-Spam-Status: No, score=-1.9 required=5.0", (False, -1.9)),
        ("X-Spam-Status: Yes, hits=7.1 required=5.0", (True, 7.1)),
        ("X-Spam-Score: 8.5", (False, 8.5)),
        ("X-Spam: Yes", (True, None)),
        ("X-Spamd-Result: default: True [17.40 / 15.00];\r\n\tBAYES(5)[100%]", (True, 17.4)),
        ("X-Spamd-Result: default: False [-2.30 / 15.00]", (False, -2.3)),
        ("X-Spam-Score: a lot", (False, None)),
        ("X-Spam-Score: 99999999999999999999", (False, None)),
        ("Subject: x", (False, None)),
    ],
)
def test_the_verdict_is_read(line: str, verdict: tuple[bool, float | None]) -> None:
    assert spam_verdict(read(line)) == verdict


def test_the_topmost_counts_which_the_own_server_wrote_last() -> None:
    assert spam_verdict(read("X-Spam-Flag: NO", "X-Spam-Flag: YES")) == (False, None)


@every_row(
    ("line", "address"),
    [
        ("Received: from mx.test (mx.test [192.0.2.7]) by us.test with ESMTP; Mon", "192.0.2.7"),
        ("Received: from mx.test (mx.test [IPv6:2001:db8::7]) by us.test; Mon", "2001:db8::7"),
        ("Received: from mx.test (192.0.2.7) by us.test; Mon", "192.0.2.7"),
        ("Received: from localhost (localhost [127.0.0.1]) by us.test; Mon", "None"),
        ("Received: by us.test id 5; Mon", "None"),
        ("Received: from mx (x [999.1.1.1]) by us.test", "None"),
    ],
)
def test_who_handed_it_over_is_read(line: str, address: str) -> None:
    assert str(relay_of(read(line))) == address


@given(
    st.text(max_size=300), st.sampled_from(("X-Spam-Status", "X-Spamd-Result", "X-Spam-Score", "Received"))
)
def test_whatever_is_written_there_is_read_in_bounds(text: str, name: str) -> None:
    headers = read(f"{name}: {text}".replace("\r", " ").replace("\n", " "))
    verdict, score = spam_verdict(headers)
    assert isinstance(verdict, bool)
    assert score is None or abs(score) < 10_000
    relay_of(headers)


@every_row(
    ("query", "holds"),
    [
        ("is:spam", True),
        ("score:>5", True),
        ("score:<5", False),
        ("score:>12.5", False),
        ("relay:192.0.2.0/24", True),
        ("relay:192.0.2.7", True),
        ("relay:2001:db8::/32", False),
        ("-is:spam", False),
    ],
)
def test_conditions_ask_for_it(query: str, holds: bool) -> None:
    raw = (
        b"Received: from mx.test (mx.test [192.0.2.7]) by us.test; Mon\r\n"
        b"X-Spam-Status: Yes, score=12.4 required=5.0\r\n\r\n"
    )
    facts = MailFacts("a@b.test", "", [], "", "", "", "imap", 0, "human", raw, believes_spam_headers=True)
    assert condition(query)(facts) is holds


def test_it_is_believed_only_where_the_desk_says_so(desk: Desk) -> None:
    door = Door(desk)
    filters.add(ADMIN, "Spam", on="new", condition="is:spam", then=["spam"])
    spam = {"X-Spam-Flag": "YES"}
    door.take(mail(headers=spam))
    assert value("SELECT status FROM ticket") == "new"
    with transaction():
        setting_rows.store("mail.believe_spam_headers", True)
    door.take(mail("Again", subject="Other", headers=spam))
    assert value("SELECT status FROM ticket WHERE spam IS NOT NULL") == "closed"
    assert value("SELECT count(*) FROM delivery") == 1
