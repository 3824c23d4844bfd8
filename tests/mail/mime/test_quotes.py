"""What in a mail is new; what is folded; and that nothing is ever lost."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.html.document import read_html
from mail.mime.message import parse
from mail.mime.quotes.announcements import MAX_LINE, MAX_LOOKS, Announcements
from mail.mime.quotes.pieces import Span, folds, own_folds, without
from mail.mime.quotes.reading import MAX_QUOTES, MAX_READ, pieces_of
from tests.support.accounts import CORPORA
from tests.support.rows import every_row

WROTE: Final = "On Fri, 20 Nov 2026 at 09:12, Desk <support@desk.example> wrote:"
BLOCK: Final = (
    "From: Desk <support@desk.example>\nSent: Friday, November 20, 2026 9:12 AM\nTo: Ann\nSubject: Printer\n"
)


def shown(text: str, structure: Sequence[Span] | None = None, subject: str = "Re: Printer") -> str:
    """What of an answer is not folded."""
    return without(text, folds(text, pieces_of(text, structure=structure, subject=subject)))


@every_row(
    ("text", "new"),
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
        (f"Neu\n\n________________________________\n{BLOCK}\nold", "Neu"),
        (f"Neu\n\n{WROTE}\n\nold, and nothing marks it", "Neu"),
        (
            "Ok\n\nFrom: Desk\nReceived: Mon Nov 23 2026 09:12:03\nTo: a@x.test\nSubject: Printer\n\nold",
            "Ok",
        ),
        ("خوب\n\nدر تاریخ دوشنبه ۲۳ نوامبر ۲۰۲۶، ۹:۱۲ Desk <d@x.test> نوشت:\n\nold, unmarked", "خوب"),
        ("Neu\n\n##- Bitte oberhalb dieser Zeile antworten. -##\nIhre Anfrage", "Neu"),
    ],
)
def test_an_answer_above_a_quote(text: str, new: str) -> None:
    assert shown(text) == new


@every_row(
    ("text", "new"),
    [
        (f"{WROTE}\n> Please restart it.\n> Bob\n\nDid that, works.", "Did that, works."),
        ("> Please restart it.\n\nDid that, works.", "Did that, works."),
        ("> one?\nyes\n> two?\nno", "yes\n\nno"),
        (f"{WROTE}\n> one?\n\nyes\n\n> two?\n\nno", "yes\n\nno"),
        (
            "Hello Bob,\n\nOn Fri, 2026-11-20 at 09:12, Desk wrote:\n> On Thu, 19 Nov 2026 01:11:00 +0100, "
            "Ann <ann@kunde.example> wrote:\n>\n> > It hangs.\n>\n> Please restart it.\n\nDid that, works"
            " not.\n\nAnn",
            "Hello Bob,\n\nDid that, works not.\n\nAnn",
        ),
        (
            "> -----Original Message-----\n> From: Desk [mailto:support@desk.example]\n> Sent: Friday\n"
            "> To: Ann\n> Subject: Printer\n>\n> Please restart it.\n\nDid that, works not.",
            "Did that, works not.",
        ),
        ("See inline.\n\n> Which version do you have?\n\n4.2\n", "See inline.\n\n4.2"),
        # marks with the name of whom they quote
        (f"{WROTE}\n\nDesk> one?\nyes\nDesk> two?\n\nno", "yes\n\nno"),
        (
            '>>>>> "AB" == Ann Becker <a@x.test> writes:\n\n    AB> one?\n\nyes\n\n    AB> two?\n\nno',
            "yes\n\nno",
        ),
        (">>>>> On Fri, 20 Nov 2026, Ann <a@x.test> said:\n\nAnn> one?\nAnn>\nAnn> Bye\n\nyes", "yes"),
        ("Hi,\n\nFriday, November 20, 2026, you wrote:\n\nTK>> down\nAB> one?\n\nyes", "Hi,\n\nyes"),
        ("Вы писали 20 ноября 2026 г., 9:12:\n\nАБ> работает?\n\nда", "да"),
        ("On 20 Nov 2026, Stefan Meier wrote:\nstefan.meier> one?\nyes", "yes"),
        ("Ann Becker writes:\n\nA.B.> one?\n\nyes", "yes"),
        ("In article <1@x.test>, a@x.test (Ann) wrote:\n: one?\n: two?\n\nyes", "yes"),
        # digits of other scripts
        ("في الاثنين، ٢٣ نوفمبر ٢٠٢٦ في ٩:١٢ ص Desk <d@x.test>:\n\n> one?\n\nنعم", "نعم"),
    ],
)
def test_answers_below_and_between_quotes(text: str, new: str) -> None:
    assert shown(text) == new


QUOTED_IN_HTML = [
    "<blockquote type=cite><p>Which port?</p><p style='color:red'>Port 7</p><p>Since when?</p></blockquote>",
    "<div class=gmail_quote><div>On Mon, Bob wrote:</div><blockquote class=gmail_quote>Which port?<br>"
    "<span style='color:#c00'>Port 7</span></blockquote></div>",
    "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><b>From:</b> Bob<br><b>To:</b> Ann<br>"
    "<b>Subject:</b> x</div><p>Which port?</p><p><span style='color:blue'>Port 7</span></p>",
]


@every_row("quote", QUOTED_IN_HTML)
@every_row(
    "said",
    [
        "See my answers in red.",
        "Hi Bob, my comments below in blue. Ann",
        "Antworten in Rot, siehe unten",
        "Mes réponses en bleu",
        "Respuestas en rojo",
        "Le mie risposte in rosso",
        "Ответы красным",
        "回答は赤字です",
        "答复见红色字",
        "inline",
    ],
)
def test_a_quote_in_which_the_answers_stand_is_shown(said: str, quote: str) -> None:
    read = parse(f"Content-Type: text/html; charset=utf-8\n\n<p>{said}</p>{quote}".encode())
    assert "Port 7" in without(read.words, folds(read.words, read.pieces))


@every_row("quote", QUOTED_IN_HTML)
@every_row("said", ["It works.", "The lamp is red.", f"{'Long words. ' * 30}The lamp in red."])
def test_and_no_other_one(said: str, quote: str) -> None:
    read = parse(f"Content-Type: text/html; charset=utf-8\n\n<p>{said}</p>{quote}".encode())
    assert without(read.words, folds(read.words, read.pieces)) == said


DISCLAIMERS = [
    "________________________________\nThis e-mail and any attachment are confidential and intended solely "
    "for the addressee. If you are not the intended recipient, please delete it.",
    "*****\nThe information in this email is confidential and may be legally privileged.\n*****",
    "Diese E-Mail enthält Vertrauliches. Wenn Sie nicht der richtige Adressat sind, vernichten Sie sie.",
    "Ce message peut contenir des informations confidentielles et ne doit donc pas être diffusé sans "
    "autorisation.",
    "Este mensaje va dirigido a su destinatario, pudiendo contener información confidencial.",
    "Niniejsza wiadomość jest poufna i przeznaczona wyłącznie dla adresata.",
    "Настоящее сообщение содержит конфиденциальную информацию и предназначено только адресату.",
    "本邮件及其附件含有保密信息，仅限于发送给上面地址中列出的个人或群组。",
    "このメールには機密情報が含まれている場合があります。宛先でない方は削除してください。",
    "Šis e-pasts ir konfidenciāls. Ja saņēmāt to kļūdas dēļ, lūdzu, izdzēsiet to.",
    "Šis laiškas yra konfidencialus. Jei gavote jį per klaidą, prašome klaidingai gautą laišką ištrinti.",
    "این ایمیل محرمانه است. اگر به اشتباه دریافت کرده‌اید لطفا آن را حذف کنید.",
    "Hierdie boodskap is vertroulik. As u dit per abuis ontvang het, verwyder dit asseblief.",
    "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "--------------------------\nAVG: this email was checked for viruses. www.avg.com",
]


@every_row("around", ["{new}\n\n{quote}\n\n{below}", "{quote}\n\n{new}\n\n{below}", "{new}\n\n{below}"])
@every_row("below", DISCLAIMERS)
def test_what_a_gateway_adds_is_folded_wherever_the_answer_stands(around: str, below: str) -> None:
    words = "It still drops every hour."
    assert shown(around.format(new=words, quote=f"{WROTE}\n> Please restart it.", below=below)) == words


@every_row(
    "asked",
    [
        "The confidential folder of the intended recipient group is missing. Please restore it.",
        "I sent a confidential message to the wrong recipient, by error. Please delete it on the server.",
        "Die vertrauliche Nachricht ging an den falschen Empfänger. Können Sie die E-Mail löschen?",
        "Please delete it: the file is confidential.",
        "The folder is confidential and privileged, please delete it and notify the sender of the ticket.",
        "機密のフォルダを削除してください。",
        "请删除保密文件夹。",
        "Le dossier est confidentiel, merci de le déplacer.",
    ],
)
def test_what_a_person_asks_about_secrets_is_no_disclaimer(asked: str) -> None:
    assert shown(f"Hello,\n\n{asked}\n\n{WROTE}\n> Which one?") == f"Hello,\n\n{asked}"


@every_row(
    "below",
    [
        "-- \nAnn Meier\nKunde AG",
        "--\nAnn Meier\nKunde AG\nTel. +49 30 123456",
        "Ann Meier\nKunde AG, 10115 Berlin\nTel. +49 30 123456\nwww.kunde.example",
        "This e-mail is confidential. If you are not the addressee please delete it.",
        "*" * 40 + "\nThis message is privileged and meant for the intended recipient only.\n" + "*" * 40,
        "_" * 47 + "\nusers mailing list\nusers@lists.example\nhttps://lists.example/listinfo/users",
        "-- \nYou received this message because you are subscribed to a group.\nTo unsubscribe: x@y.example",
        "Virus-free. www.avast.com",
        "Kunde AG, Sitz Berlin, Amtsgericht Charlottenburg HRB 12345, Vorstand: Ann Meier",
        "Diese Nachricht ist vertraulich und nur für den im Adressfeld genannten Adressaten bestimmt.",
        "Ce message et ses pièces jointes sont confidentiels, à l'intention de leur seul destinataire.",
        "*****\nThis mail has been swept for the presence of computer viruses.\n*****",
        "Registered office: 1 High Street, London. Registered in England and Wales No 1234567.",
        "Bitte denken Sie an die Umwelt, bevor Sie diese Mail drucken.",
        "Sent from my iPhone",
    ],
)
def test_what_stands_below_a_quote_and_is_no_answer(below: str) -> None:
    assert shown(f"Works now.\n\n{WROTE}\n> Please restart it.\n> Bob\n\n{below}") == "Works now."


@every_row(
    "below",
    [
        "+49 30 123456\nann@kunde.example",
        "My address is:\nAnn Meier\nHauptstr. 1, 10115 Berlin\nTel +49 30 123456",
        "Ask Bob\nbob@kunde.example\n+49 30 123456",
    ],
)
def test_contacts_below_a_quote_are_an_answer_if_nothing_else_is(below: str) -> None:
    assert shown(f"Hello,\n\n{WROTE}\n> Whom may I call?\n\n{below}") == f"Hello,\n\n{below}"


@every_row(
    "banner",
    [
        "CAUTION: This email originated from outside of the organization. Do not click links.",
        "[EXTERNAL EMAIL] Do not open attachments of unknown senders.",
        "ACHTUNG: Diese E-Mail kommt von außerhalb. Bitte klicken Sie nicht auf Links.",
        "***********\nVorsicht! Externe Nachricht.\n***********",
        "[EXTERNAL]",
        "*** EXTERNAL EMAIL - be careful with links ***",
        "ATTENTION : ce message provient de l'extérieur. Ne cliquez pas sur les liens.",
        "You don't often get email from a@b.example. Learn why<https://aka.ms/LearnAboutSenderIdentification>",
    ],
)
def test_a_gateway_s_banner_is_folded_like_its_disclaimer(banner: str) -> None:
    legal = "This mail is confidential, please delete it."
    text = f"{banner}\n\nWorks now.\n\n{WROTE}\n> Please restart it.\n\n{legal}"
    assert shown(text) == "Works now."
    assert shown(f"{banner}\n\n{WROTE}\n> Please restart it.\n\nWorks now.\n\n{legal}") == "Works now."
    assert shown(banner) == banner


@every_row(
    ("text", "new"),
    [
        ("Hello\n\n-- \nAnn\nACME", "Hello"),
        ("Hello\n\nSent from my iPhone", "Hello"),
        ("Takk\n\nSendt fra min iPad", "Takk"),
        ("Danke\n\nVon meinem Samsung Galaxy Smartphone gesendet.", "Danke"),
        ("谢谢\n\n发自我的iPhone", "谢谢"),
        ("Merci\n\nTéléchargez Outlook pour Android <https://aka.example/x>", "Merci"),
        ("Look:\n\n-- \n\nnothing", "Look:"),
    ],
)
def test_signatures_without_a_quote(text: str, new: str) -> None:
    assert shown(text) == new


@every_row(
    ("text", "new"),
    [
        (
            "Danke!\n\nAm Fr., 20. Nov. 2026 um 09:12 Uhr schrieb Desk <support@desk.example\n>:\n\n> Neu.",
            "Danke!",
        ),
        (
            "Bedankt!\n\nOp vr 20 nov. 2026 om 09:12 schreef Desk <support@desk.example>:\n\n"
            "> Beste Ann, wij hebben uw vraag beantwoord en de oplossing staat in het\ntweede stuk.\n> Groet",
            "Bedankt!",
        ),
        ("Ok\n\nOn Friday, 20 November 2026 at 09:12\nDesk <support@desk.example>\nwrote:\n> old", "Ok"),
        (
            "Ok\n\n> On 20 Nov 2026, at 09:12, Desk <support@desk.example> wrote:\n>\n> old\n\nand new",
            "Ok\n\nand new",
        ),
    ],
)
def test_attributions_and_quotes_that_were_wrapped(text: str, new: str) -> None:
    assert shown(text) == new


@every_row(
    "announcement",
    [
        "पर शुक्र, 20 नव॰ 2026 को 09:12 बजे Desk <support@desk.example>:",
        "Dana pet, 20. stu 2026. u 09:12 Desk <support@desk.example> napisao je:",
        "Ngày 20/11/2026 09:12, Desk <support@desk.example> đã gửi:",
        "Desk <support@desk.example> 20.11.2026 09:12:",
        "ਸ਼ੁੱਕਰ, 20 ਨਵੰ 2026 09:12, Desk <support@desk.example>:",
        "ពី៖ Desk <support@desk.example>\nកាលបរិច្ឆេទ៖ 20 Nov 2026\nប្រធានបទ៖ x\nទៅ៖ ann@kunde.example",
        "ከ፦ Desk <support@desk.example>\nቀን፦ 20 Nov 2026\nርዕሰ ጉዳይ፦ x\nለ፦ ann@kunde.example",
        "20/11/2026 09:12, Desk Support wrote:",
        "Xx: Desk <support@desk.example>\nYy: 20.11.2026 09:12\nZz: Ann <ann@kunde.example>\nQq: Re: Printer",
    ],
)
def test_the_shape_announces_a_quote_in_a_language_nobody_listed(announcement: str) -> None:
    assert shown(f"Ok\n\n{announcement}\n\nold text\nthat nothing marks") == "Ok"


OWN_WORDS: Final = [
    "Just text with a > in it\nand more",
    "See below.\n\n---------- Forwarded message ---------\nFrom: Bob <b@x.test>\nDate: Mon, 5 Jan 2026\n"
    "Subject: x\nTo: y\n\nThe thing itself",
    "Log:\n\n- item one\n- item two\n\nC:\\new\\table \\\\srv\\nas \\d+\\x",
    "The certificate:\n\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n\nthat is it",
    "On 2026-01-05 10:30:12 mail from <a@x.test> was rejected with:\n\n550 no such user",
    "On 2026-01-05 10:30 mail to <a@x.test> failed:\n\n550 no such user",
    "On 2026-01-05 10:30 we got this from <a@x.test>:\n\n550 no such user",
    "Am 20.11.2026 um 09:12 kam diese Meldung von <monitor@x.test>:\n\nDisk full",
    "20.11.2026 09:12 пришло сообщение от <monitor@x.test>:\n\nДиск заполнен",
    "Le 20/11/2026 à 09:12 nous avons reçu une alerte de <m@x.test> :\n\nDisque plein",
    "Please book a car.\n\nFrom: Berlin\nTo: Munich\nDate: 20.11.2026\nSubject: fair\n\nThree persons.",
    "key: value\nother: value@x 12:00\nthird: value",
    "Name: Ann\nE-mail: ann@x.test\nDate: 2026-11-20 09:12\nPhone: 123\n\nPlease call me.",
    "The headers of the lost mail are:\n\nFrom: a@x.test\nDate: Fri, 20 Nov 2026 09:12\nSubject: X\n\nHelp",
    "Received: from a by b\nFrom: a@x.test\nDate: Fri, 20 Nov 2026 09:12\nSubject: Bill\n\nand nothing",
    "I typed this:\n\n>>> import os\n>>> os.getcwd()\n'/srv'\n>>> 1/0\n\nand it fails",
    "The difference is\n\n12c12\n< old line of text here\n---\n> new line of text here\n\nas you see",
    "It prints this:\n\n> ERROR 1045 access denied\n\nWhat now?",
    "Best before Friday.\n--\nThe rest is below, and it is a whole paragraph of words that goes on, so "
    "that it is no signature of anybody.",
    "I lost my phone. Please send a confidential copy to my iPhone",
    "I deleted it in error and need the file again.",
    "Hello,\n\nI opened this ticket in error, please delete it.",
    "Hello,\n\nthe antivirus found a virus in the file that you sent, and deleted it.",
    "The servers are:\n--\nsrv1\nsrv2",
    "Steps:\n\n---\n1. open\n2. click\n3. crash",
    "See\n\nFri Nov 20 09:12:00 2026 mail from ann@x.test to bob@y.test:\nfailed",
    "I read:\n\n> ERROR 1045 access denied\n\nin the log",
    "I wrote to Bob:\n\n> ERROR 1045 access denied\n\nNo answer.",
    "He wrote in the manual:\n\n> ERROR 1045 is nothing\n\nbut it is.",
    "Hello,\n\nAvast blocks the mail with your file.",
    "Hello,\n\ncould you please treat my second mail as confidential?",
    "Hello,\n\nour managing director does not get any external mail today.",
    "Getting an error.\n\nDownload of the Windows app fails on my iPhone",
    "[x] external monitor\n\nis what I ticked.",
    "I typed:\n\nmysql> select name from users;\nmysql> quit\n\nand it hung.",
    "Our DBA wrote:\n\nsqlite> select name from users where x;\nError: no such table\n\nWhat now?",
    "The manual says\n\n> Press the button\n\nbut there is none.",
    "Bob wrote:\n: ${X:=1}\n\nin the script",
    "On 20 November 2026 I wrote:\n\nnobody answered me since.",
    "Am 20.11.2026 schrieb ich:\n\nes hat niemand geantwortet.",
    "As Bob wrote on 20.11.2026:\n\nthe printer was fine then.",
    "$ mail -s x\nSubject: x\nFrom: root@x.test\nTo: ann@x.test\nDate: Fri, 20 Nov 2026\n\nIs that right?",
    "I see\n\n> GET /x HTTP/1.1\n> Host: y\n\n< HTTP/1.1 500\n\nwhat is wrong?",
    "Q: When?\nA: On 20.11.2026 at 09:12\nQ: Who wrote:\nA: Ann",
    "The audit log:\n\n2026-11-20 09:12:33 ann wrote:\nDELETE FROM x",
    "Log\n\n[20.11.2026 09:12:33] Anna schrieb:\nDisk full",
    "The chat:\n\n20.11.26, 09:12 - Anna wrote:\nfoo\n20.11.26, 09:14 - Bob wrote:\nbar",
]


@every_row("text", OWN_WORDS)
def test_what_is_no_quote_stays_visible(text: str) -> None:
    assert shown(text) == text


@every_row(
    "text",
    [
        "> only a quote",
        "",
        "-- \nAnn",
        f"{WROTE}\n> old",
        f"{BLOCK}\nold",
        f"--\nCarpe diem\n\n{WROTE}\n> old",
    ],
)
def test_where_nothing_is_new_nothing_is_folded(text: str) -> None:
    assert shown(text) == text


@every_row("subject", ["FW: Printer", "Fwd: Printer", "WG: Printer", "TR : Printer", "转发：Printer"])
def test_a_forward_within_a_conversation_shows_what_it_forwards(subject: str) -> None:
    text = f"Please handle.\n\n-----Original Message-----\n{BLOCK}\nThe printer is on fire."
    assert shown(text, subject=subject) == text
    assert shown(text, subject="Re: Printer") == "Please handle."


@every_row(
    "text",
    [
        f"Again.\n\n{WROTE}\n> Please restart it.\n\nDid not help.",
        f"Again.\n\n{BLOCK}\nPlease restart it.\n",
        "Again.\n\n> Message du 20/11/26 09:12\n> De : Desk <support@desk.example>\n> A : x\n> Objet : y",
    ],
)
def test_in_a_mail_that_begins_a_matter_only_what_the_desk_sent_is_folded(text: str) -> None:
    pieces = pieces_of(text)
    folded = own_folds(text, pieces, lambda address: address == "support@desk.example")
    assert "restart" not in without(text, folded)
    assert "Again." in without(text, folded)
    assert own_folds(text, pieces, lambda address: address == "other@desk.example") == ()


def test_the_marker_is_configurable() -> None:
    text = "Neu\n\n## Bitte oberhalb antworten ##\nalt"
    assert without(text, folds(text, pieces_of(text, marker="bitte oberhalb antworten"))) == "Neu"
    assert folds(text, pieces_of(text, marker="")) == ()


def test_a_signature_and_a_quote_are_told_apart() -> None:
    text = f"Hello\n\n-- \nAnn\n\n{WROTE}\n> old"
    assert [(piece.kind, piece.author) for piece in pieces_of(text)] == [
        ("new", ""),
        ("signature", ""),
        ("new", ""),
        ("quote", "support@desk.example"),
    ]


@given(
    st.text(st.sampled_from(">- \n:@a1\t."), max_size=300),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=4) | st.none(),
)
def test_the_pieces_make_up_the_whole(text: str, structure: list[Span] | None) -> None:
    if structure is not None:
        structure = sorted((min(span), max(span)) for span in structure)
    pieces = pieces_of(text, structure=structure, subject="Re: a1")
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    folded = folds(text, pieces)
    assert all(0 <= start < end <= len(text) for start, end in folded)
    assert all(first[1] <= second[0] for first, second in pairwise(folded))
    assert not text.strip() or without(text, folded).strip()


HOSTILE: Final = [
    "x" * 899 + ":\n",
    "On 20.11.2026 " + "x" * 380 + ":\n",
    "1:\n",
    "From: a@b 1\n",
    "to: x\n",
    "> a\nb\n",
    "----- a -----\n",
    "<a@b\n>:\n> x\n",
    "a@b.c\n20.11.2026 09:12\n",
    "Subject: Printer\n",
    ">>> a 20.11.2026 >>>\n> x\ny\n",
    "- " * 190 + "\n",
    "a wrote:\nab> x\n",
]


@pytest.mark.parametrize("line", HOSTILE)
def test_hostile_text_costs_no_more_looks_than_are_allowed(line: str) -> None:
    """Each look is at a few lines of bounded length; what is beyond the allowed number stays visible."""
    text = line * (200_000 // len(line))
    looked = _Counted(text.split("\n"))
    for number in range(len(looked.lines)):
        looked.at(number)
    assert looked.weighed <= MAX_LOOKS * 4
    assert looked.longest <= MAX_LINE
    assert "".join(text[piece.start : piece.end] for piece in pieces_of(text, subject="Printer")) == text


def test_a_text_of_endless_quotes_has_a_bounded_number_of_folds() -> None:
    text = f"{WROTE}\n" + "> a question\nanswer\n" * 20_000
    folded = folds(text, pieces_of(text))
    assert len(folded) == MAX_QUOTES
    assert without(text, folded).endswith("> a question\nanswer")


class _Counted(Announcements):
    """Counts the attributions it is asked for and how long the longest was."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines, "Printer")
        self.weighed = self.longest = 0

    def joined(self, first: int, last: int) -> str:
        text = super().joined(first, last)
        if text:
            self.weighed += 1
            self.longest = max(self.longest, len(text))
        return text


def test_most_replies_of_the_public_set_are_read_right_and_few_cut_too_short() -> None:
    folder = CORPORA / "reply-talon"
    if not folder.is_dir():
        pytest.skip("the public set of replies is not here")
    hits = cut_too_much = total = 0
    for line in (folder / "expected.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        if case.get("reply") is None:
            continue
        raw = (folder / case["input"]).read_bytes()
        structure: Sequence[Span] | None = None
        if case["format"] == "rfc822":
            mail = parse(raw)
            text, structure = mail.words, mail.quoted
        elif case["format"] == "html":
            read = read_html(raw.decode("utf-8", "replace"))
            text, structure = read.text, read.quotes
        else:
            text = raw.decode("utf-8", "replace")
        wanted = read_html(case["reply"]).text if case.get("expects") == "html" else case["reply"]
        got, want = (re.sub(r"\W+", "", one) for one in (shown(text, structure), wanted))
        total += 1
        hits += got == want
        cut_too_much += len(got) < len(want)
    print(f"\nreply-talon: {hits} of {total} right, {cut_too_much} cut too much")
    assert hits >= total * 0.85
    assert cut_too_much <= total * 0.03


@every_row(
    ("text", "new"),
    [
        (f"Thanks, it works! {WROTE}\n\nold, and nothing marks it", "Thanks, it works!"),
        (f"Did that yesterday. {WROTE}\n> Please restart it.\n", "Did that yesterday."),
        (
            "動きました。 2026年11月20日(金) 9:12 サポート <support@desk.example>:\n\n> どうですか",
            "動きました。",
        ),
        (f"{WROTE} > Is it fine?\n\nIt is.", "It is."),
        (f"{WROTE} > Is it fine?\n> Bob\n\nIt is.\n", "It is."),
    ],
)
def test_an_attribution_may_share_its_line(text: str, new: str) -> None:
    assert shown(text) == new


@every_row(
    "text",
    [
        "We tried it. At 10:40 the display says: > E1021",
        "It is broken! On tray 2 stands the code 4711:\nE1021",
        "Note. See the table of 20.11.2026 below:\n\na  b",
    ],
)
def test_words_that_share_a_line_without_an_attribution_stay(text: str) -> None:
    assert shown(text) == text


def signed(signature: str, above: str = "<p>Please close it.</p>") -> str:
    raw = f"From: a@b.example\nContent-Type: text/html; charset=utf-8\n\n{above}{signature}".encode()
    mail = parse(raw)
    return without(mail.words, folds(mail.words, mail.pieces))


@every_row(
    "signature",
    [
        '<div class="gmail_signature">Ann Meier<br>Purchasing</div>',
        '<pre class="moz-signature" cols="72">-- \nAnn Meier</pre>',
        '<div id="Signature"><p>Ann Meier</p><p>Purchasing</p></div>',
        '<div id="x_Signature">Ann Meier</div>',
        '<div id="ms-outlook-mobile-signature">Get Outlook for Android</div>',
        '<div id="composer_signature">Sent from my Galaxy</div>',
        '<div class="protonmail_signature_block-user">Ann Meier</div>',
        '<div name="messageSignatureSection">Ann Meier</div>',
    ],
)
def test_what_a_program_marks_as_a_signature_is_folded(signature: str) -> None:
    assert signed(signature) == "Please close it."


def test_an_answer_that_was_typed_into_the_signature_is_shown() -> None:
    assert "Please close it." in signed('<div id="Signature">Please close it.<br>Ann</div>', above="")


def test_a_long_text_in_a_signature_is_no_signature() -> None:
    assert "line 50" in signed(f'<div id="Signature">{"".join(f"line {n}<br>" for n in range(60))}</div>')


def test_of_an_endless_text_the_beginning_is_read_and_the_rest_is_new() -> None:
    text = f"Thanks!\n\n{WROTE}\n> old\n\nnew\n" + f"{'x' * 99}\n" * (MAX_READ // 50)
    pieces = pieces_of(text)
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    assert (pieces[0].kind, pieces[-1].kind) == ("new", "new")
