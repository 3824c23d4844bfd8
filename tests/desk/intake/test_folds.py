"""What of a mail is folded when it is shown: in answers what is quoted, in first mails what the desk sent."""

from __future__ import annotations

import pytest

from desk.documents import tickets as documents
from desk.home import Desk
from desk.tickets import detail
from tests.support.mails import ANA, EVE, SUPPORT, Door, mail, rows

WROTE = f"On Fri, 20 Nov 2026 at 09:12, Support <{SUPPORT}> wrote:"
FORWARD = (
    "Please handle.\n\n-----Original Message-----\nFrom: Carl <carl@elsewhere.test>\n"
    "Sent: Friday, November 20, 2026 9:12 AM\nTo: Ana\nSubject: Door\n\nThe door does not close."
)


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def last(number: str) -> documents.Message:
    """The newest message of a ticket, as scripts read it."""
    return documents.shown(detail.show(number))["messages"][-1]


def html(body: str) -> bytes:
    return mail(body).replace(b"text/plain", b"text/html")


@pytest.mark.parametrize(
    ("text", "new"),
    [
        (f"Works.\n\n{WROTE}\n> Restart it.\n\n-- \nAna", "Works."),
        (f"{WROTE}\n> Restart it.\n\nDid that, works.", "Did that, works."),
        (f"Hi,\n\n{WROTE}\n> Version?\n\n4.2\n\n> And now?\n\nWorks.", "Hi,\n\n4.2\n\nWorks."),
    ],
)
def test_an_answer_shows_what_is_new_wherever_it_stands(door: Door, text: str, new: str) -> None:
    ticket = door.take(mail())
    sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
    door.take(mail(text, answers=sent, subject="Re: Printer"))
    shown = last("1")
    assert shown["reply_text"] == new
    assert shown["text"] == text


def test_the_structure_of_html_tells_answers_between_quotes(door: Door) -> None:
    ticket = door.take(mail())
    sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
    raw = mail(
        "<p>See inline.</p><div class='moz-cite-prefix'>20.11.26 Support</div>"
        "<blockquote type='cite'>Version?</blockquote><p>4.2</p><blockquote type='cite'>And?</blockquote>",
        answers=sent,
    ).replace(b"text/plain", b"text/html")
    door.take(raw)
    assert last("1")["reply_text"] == "See inline.\n\n4.2"


@pytest.mark.parametrize(
    "text",
    [
        FORWARD,
        "FYI\n\n---------- Forwarded message ---------\nFrom: Carl <carl@elsewhere.test>\n"
        "Date: Fri, 20 Nov 2026\nSubject: Door\nTo: Ana\n\nThe door does not close.",
        "Am Fr., 20. Nov. 2026 um 09:12 Uhr schrieb Carl <carl@elsewhere.test>:\n\n> Die Tür schließt nicht.",
        "SyntaxError comes from:\n\n>>> print 1",
        "It says\n\n> no paper\n> in tray 2",
        "The door.\n\n-- \nAna\nCorp",
        "The door.\n\nSent from my iPhone",
    ],
)
def test_a_mail_that_starts_a_ticket_folds_nothing_of_others(door: Door, text: str) -> None:
    door.take(mail(text, subject="Re: Door"))
    assert last("1")["reply_text"] == text


@pytest.mark.parametrize(
    "body",
    [
        "<div id='appendonsend'></div><div id='divRplyFwdMsg'>From: Carl &lt;c@elsewhere.test&gt;<br>"
        "Sent: Friday, November 20, 2026 9:12 AM<br>To: Ana<br>Subject: Door</div><p>The door is open.</p>",
        "<div class='gmail_quote'><div>---------- Forwarded message ---------<br>From: Carl</div>"
        "<p>The door is open.</p></div>",
        "<blockquote type='cite'><div>Begin forwarded message:</div><p>The door is open.</p></blockquote>",
    ],
)
def test_nor_by_the_structure_of_html(door: Door, body: str) -> None:
    door.take(html(f"<p>See this</p>{body}"))
    assert "The door is open." in last("1")["reply_text"]


@pytest.mark.parametrize(
    "below",
    [
        f"{WROTE}\n> Please restart it.",
        f"From: Support <{SUPPORT}>\nSent: Friday, November 20, 2026 9:12 AM\nTo: A\nSubject: x\n\nRestart",
        "On Monday Support wrote:\n> Please restart it.",
        "From: Support\nSent: Friday, November 20, 2026 9:12 AM\nTo: A\nSubject: x\n\nRestart",
        f"> Le 20 nov. 2026 à 09:12, Support <{SUPPORT.upper()}> a écrit :\n>\n> Please restart it.",
    ],
)
def test_but_what_this_desk_itself_sent_is_folded_there_too(door: Door, below: str) -> None:
    door.take(mail(f"It is broken again.\n\n{below}"))
    assert last("1")["reply_text"] == "It is broken again."


def test_a_forward_within_a_ticket_shows_what_it_forwards(door: Door) -> None:
    ticket = door.take(mail())
    sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
    door.take(mail(FORWARD, answers=sent, subject="FW: Door"))
    assert last("1")["reply_text"] == FORWARD


def test_an_answer_that_a_stranger_starts_a_ticket_with_shows_all_but_the_desk_s_words(door: Door) -> None:
    door.take(mail(message_id="<first@corp.test>", sender=ANA))
    text = f"Me too.\n\n{WROTE}\n> Please restart it."
    door.take(mail(text, sender=EVE, answers="<first@corp.test>"))
    assert last("2")["reply_text"] == "Me too."


FIRST_MAILS = {
    "Notes": "FYI\n\n----- Forwarded by Ann Prado/HQ/Corp on 20.11.2026 10:00 -----\n\n"
    "From: Bob <bob@x.test>\nTo: Ann\nDate: 20.11.2026\nSubject: Printer\n\nIt burns since nine.",
    "KMail": "----------  Weitergeleitete Nachricht  ----------\n\nBetreff: Drucker\nDatum: Freitag\n"
    "Von: Bob <bob@x.test>\nAn: Ann\n\nEr brennt.\n-----------------------------------------",
    "a quote": "See:\n\nOn 20 Nov 2026 at 10:00, Bob <bob@x.test> wrote:\n> It burns.\n> Since nine.",
    "Outlook": "Can you help?\n\n________________________________\nFrom: Bob <bob@x.test>\n"
    "Sent: Friday, November 20, 2026 10:00\nTo: Ann\nSubject: Printer\n\nIt burns.\n\nBob",
    "Chinese": "请看\n\n发件人: Bob <bob@x.test>\n发送时间: 2026年11月20日\n"
    "收件人: Ann\n主题: 打印机\n\n着火了。",
    "prompts": "I typed:\n> show version\n> reload",
    "more prompts": "mysql> select 1;\n    -> from t;\n> exit\n>>> print(1)",
    "a patch": "Patch:\n\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-old\n+new\n-- \n2.39.2",
}


def test_nothing_is_folded_of_what_begins_a_ticket(desk: Desk) -> None:
    door = Door(desk)
    for name, text in FIRST_MAILS.items():
        door.take(mail(text, subject="Fw: Printer"))
        assert rows("SELECT folds FROM message ORDER BY id DESC LIMIT 1") == [("[]",)], name
