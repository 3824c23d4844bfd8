"""The words people write in generated mails, and the HTML their programs make of them."""

from __future__ import annotations

import datetime as dt
from random import Random

from tests.generator.words import ERRORS, FIRST_NAMES, IN_CHARSET, LAST_NAMES, SENTENCES, THINGS, TROUBLES


def request(random: Random, charset: str, fewest: int = 2, most: int = 7) -> str:
    """Paragraphs about a trouble, the last one in the charset's own script."""
    paragraphs = [
        " ".join(_sentence(random) for _ in range(random.randint(1, 3)))
        for _ in range(random.randint(fewest, most))
    ]
    return "\n\n".join([*paragraphs, IN_CHARSET[charset]])


def _sentence(random: Random) -> str:
    return random.choice(SENTENCES).format(
        thing=random.choice(THINGS),
        trouble=random.choice(TROUBLES),
        hour=random.randint(9, 17),
        error=random.choice(ERRORS),
        one=random.choice(FIRST_NAMES),
        other=random.choice(FIRST_NAMES),
        room=random.randint(100, 999),
        serial=f"{random.getrandbits(32):08X}",
        phone=random.randint(10, 99),
        day=random.randint(1, 8),
    )


def with_quote(random: Random, text: str, quoted: str, subject: str, to: str, when: dt.datetime) -> str:
    """A reply with what it answers: attribution and ``>``, or Outlook's block, or a marker line."""
    angled = "\n".join(f"> {line}" for line in quoted.split("\n"))
    style = random.randint(0, 2)
    if style == 0:
        return f"{text}\n\nOn {when:%a, %d %b %Y at %H:%M}, Support <{to}> wrote:\n\n{angled}"
    if style == 1:
        head = f"From: Support <{to}>\nSent: {when:%A, %B %d, %Y}\nSubject: {subject}"
        return f"{text}\n\n-----Original Message-----\n{head}\n\n{quoted}"
    return f"{text}\n\n-- reply above this line --\n\n{angled}"


def html(random: Random, text: str, quoted: str = "") -> str:
    """The text as Outlook or another program sends it, with the quote as Gmail marks it."""
    style = "Mso" if random.random() < 0.4 else ""
    name = style or "x"
    head = (
        '<html><head><meta http-equiv="Content-Type" content="text/html">'
        f'<style>p.{name}Normal{{margin:0cm;font-size:11.0pt;font-family:"Calibri",sans-serif}}</style></head>\n'
        '<body lang="EN-US">'
    )
    body = "".join(
        f'<p class="{name}Normal"><span style="color:#1F497D">{_escaped(paragraph)}</span></p>\n'
        for paragraph in text.split("\n\n")
    )
    quote = (
        '<div class="gmail_quote"><div dir="ltr">On Mon, Support wrote:<br></div><blockquote type="cite" '
        'style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">'
        f"{_escaped(quoted)}</blockquote></div>"
    )
    return f"{head}{body}{quote if quoted else ''}</body></html>\n"


def newsletter(random: Random, host: str, number: int, charset: str) -> str:
    """A table of 30 to 80 kB of offers."""
    size = random.randint(30000, 80000)
    text = (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n<html><body bgcolor="#f4f4f4">'
        '<table width="600" align="center" cellpadding="0" cellspacing="0"><tr><td>'
        f"{IN_CHARSET[charset]}</td></tr>\n"
    )
    cell = 0
    while len(text) < size * 0.8:
        text += f"<tr>{_offer(random, host, number, cell)}{_offer(random, host, number, cell + 1)}</tr>\n"
        cell += 2
    return text + '</table><img src="https://track/1.gif" width="1" height="1"></body></html>\n'


def _offer(random: Random, host: str, number: int, cell: int) -> str:
    return (
        '<td width="300" style="padding:10px;border-collapse:collapse;font-family:Arial,Helvetica,sans-serif;'
        f'font-size:13px;color:#333333"><a href="https://{host}/p/{cell}?utm_source=mail&amp;'
        f'utm_campaign={number}" target="_blank"><img src="https://img.{host}/{cell}.jpg" width="280" '
        f'height="180" alt="{random.choice(THINGS)}" border="0"></a><br>'
        f"<b>{random.choice(THINGS)} {random.choice(TROUBLES)}</b><br>"
        f"{random.choice(LAST_NAMES)} &ndash; only {random.randint(5, 900)}.99 &euro;</td>"
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>\n")
