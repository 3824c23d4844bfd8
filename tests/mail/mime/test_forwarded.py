"""Forwards as mail programs write them: who wrote the original, what of, and what stands above."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mail.mime.forwarded import attached, inline
from mail.mime.message import parse
from tests.support.rows import every_row

GMAIL = """{words}

---------- Forwarded message ---------
From: Ana Prado <ana@corp.test>
Date: Fri, 20 Nov 2026 at 10:12
Subject: Printer is on fire
To: Kim <kim@example.test>


It burns: 3rd floor.

Ana
"""
THUNDERBIRD = """{words}

-------- Forwarded Message --------
Subject: \tPrinter is on fire
Date: \tFri, 20 Nov 2026 10:12:00 +0100
From: \tAna Prado <ana@corp.test>
To: \tKim <kim@example.test>


It burns: 3rd floor.

Ana
"""
APPLE = """{words}

> Begin forwarded message:
>
> From: Ana Prado <ana@corp.test>
> Subject: Printer is on fire
> Date: 20 November 2026 at 10:12:00 CET
> To: Kim <kim@example.test>
>
> It burns: 3rd floor.
>
> Ana
"""
OUTLOOK = """{words}

From: Ana Prado <ana@corp.test>
Sent: Friday, November 20, 2026 10:12 AM
To: Kim <kim@example.test>
Subject: Printer is on fire

It burns: 3rd floor.

Ana
"""
OUTLOOK_OLD = """{words}

-----Original Message-----
From: Ana Prado [mailto:ana@corp.test]
Sent: Friday, November 20, 2026 10:12 AM
To: Kim
Subject: Printer is on fire

It burns: 3rd floor.

Ana
"""
GERMAN = """{words}

________________________________
Von: Ana Prado <ana@corp.test>
Gesendet: Freitag, 20. November 2026 10:12
An: Kim <kim@example.test>
Betreff: Printer is on fire

It burns: 3rd floor.

Ana
"""
GERMAN_THUNDERBIRD = """{words}

-------- Weitergeleitete Nachricht --------
Betreff: \tPrinter is on fire
Datum: \tFri, 20 Nov 2026 10:12:00 +0100
Von: \tAna Prado <ana@corp.test>
An: \tKim <kim@example.test>


It burns: 3rd floor.

Ana
"""
FRENCH = """{words}

De : Ana Prado <ana@corp.test>
Envoyé : vendredi 20 novembre 2026 10:12
À : Kim <kim@example.test>
Objet : Printer is on fire

It burns: 3rd floor.

Ana
"""
SPANISH = """{words}

---------- Forwarded message ---------
De: Ana Prado <ana@corp.test>
Date: vie, 20 nov 2026 a las 10:12
Subject: Printer is on fire
To: Kim <kim@example.test>


It burns: 3rd floor.

Ana
"""
ITALIAN_APPLE = """{words}

> Inizio messaggio inoltrato:
>
> Da: Ana Prado <ana@corp.test>
> Oggetto: Printer is on fire
> Data: 20 novembre 2026 alle ore 10:12:00 CET
> A: Kim <kim@example.test>
>
> It burns: 3rd floor.
>
> Ana
"""
DUTCH = """{words}

Van: Ana Prado <ana@corp.test>
Verzonden: vrijdag 20 november 2026 10:12
Aan: Kim <kim@example.test>
Onderwerp: Printer is on fire

It burns: 3rd floor.

Ana
"""
POLISH = """{words}

Od: Ana Prado <ana@corp.test>
Wysłano: piątek, 20 listopada 2026 10:12
Do: Kim <kim@example.test>
Temat: Printer is on fire

It burns: 3rd floor.

Ana
"""
PORTUGUESE = """{words}

De: Ana Prado <ana@corp.test>
Enviado: sexta-feira, 20 de novembro de 2026 10:12
Para: Kim <kim@example.test>
Assunto: Printer is on fire

It burns: 3rd floor.

Ana
"""
JAPANESE = """{words}

---------- Forwarded message ---------
差出人: Ana Prado <ana@corp.test>
日時: 2026年11月20日(金) 10:12
件名: Printer is on fire
宛先: Kim <kim@example.test>


It burns: 3rd floor.

Ana
"""
PROGRAMS = {
    "Fwd: Printer": (GMAIL, THUNDERBIRD, APPLE, SPANISH, JAPANESE, ITALIAN_APPLE, GERMAN_THUNDERBIRD),
    "FW: Printer": (OUTLOOK, OUTLOOK_OLD),
    "WG: Printer": (GERMAN,),
    "TR: Printer": (FRENCH,),
    "Doorst: Printer": (DUTCH,),
    "PD: Printer": (POLISH,),
    "ENC: Printer": (PORTUGUESE,),
}
EVERY = [(subject, text) for subject, texts in PROGRAMS.items() for text in texts]


def mail(subject: str, text: str) -> bytes:
    return (
        f"From: Kim <kim@example.test>\r\nTo: support@example.test\r\nSubject: {subject}\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text.replace("\n", "\r\n")
    ).encode()


@every_row("words", ["Please see to it.\nKim knows her.", ""])
@every_row(("subject", "text"), EVERY)
def test_the_original_and_the_words_above_it_are_told_apart(subject: str, text: str, words: str) -> None:
    read = parse(mail(subject, text.format(words=words)))
    found = inline(read.text, read.pieces)
    assert found is not None
    assert (found.sender.name, found.sender.email) == ("Ana Prado", "ana@corp.test")
    assert found.subject == "Printer is on fire"
    assert found.text.strip().split() == ["It", "burns:", "3rd", "floor.", "Ana"]
    assert found.words == words


@every_row(
    "text",
    [
        "Look at this.\n\nFrom: everybody\nTo: nobody\n",
        "Nothing is forwarded here.\n",
        GMAIL.replace("Ana Prado <ana@corp.test>", "Ana Prado"),
        GMAIL.replace("<ana@corp.test>", "<ana@corp.test>, eve@elsewhere.test"),
        "Shopping list\nFrom: ana@corp.test\n",
        "On Fri, Ana Prado <ana@corp.test> wrote:\n> It burns.\n",
    ],
)
def test_what_does_not_say_who_wrote_is_no_forward(text: str) -> None:
    read = parse(mail("Fwd: Printer", text.format(words="")))
    assert inline(read.text, read.pieces) is None


ATTACHED = (
    b"From: Kim <kim@example.test>\r\nTo: support@example.test\r\nSubject: Fwd: Printer\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nPlease see to it.\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\n%s\r\n--b--\r\n"
)
ORIGINAL = (
    b"From: Ana Prado <ana@corp.test>\r\nTo: kim@example.test\r\nSubject: =?utf-8?Q?Printer_is_on_fire?=\r\n"
    b"Message-ID: <original@corp.test>\r\n\r\nIt burns.\r\n"
)


def test_an_attached_mail_is_read_whole() -> None:
    found = attached(parse(ATTACHED % ORIGINAL))
    assert found is not None
    assert (found.sender.email, found.subject) == ("ana@corp.test", "Printer is on fire")
    assert (found.text.strip(), found.words, found.message_id) == (
        "It burns.",
        "Please see to it.",
        "<original@corp.test>",
    )


@every_row(
    "original",
    [
        b"Subject: nobody\r\n\r\nx\r\n",
        b"From: nobody\r\n\r\nx\r\n",
        b"From: a@b.test, c@d.test\r\n\r\nx\r\n",
        b"From: a@b.test\r\nFrom: c@d.test\r\n\r\nx\r\n",
    ],
)
def test_an_attached_mail_of_nobody_is_none(original: bytes) -> None:
    found = attached(parse(ATTACHED % original))
    assert found is None or found.sender.email == "a@b.test"
    if b"c@d" in original:
        assert found is None


@given(
    st.text(alphabet=st.sampled_from("From: Subject:\n>-*<ana@corp.test>|｜Von Betreff é\t "), max_size=400)
)
def test_any_text_is_read(text: str) -> None:
    read = parse(mail("Fwd: x", text))
    found = inline(read.text, read.pieces)
    assert found is None or "@" in found.sender.email
