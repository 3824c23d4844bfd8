"""How mail programs lay out an answer, in plain text and in HTML; written from what they are known to write.

A mail is a list of parts: what is new, what is quoted, and what is added without being either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from tests.generator.replies.languages import Language

Kind = Literal["new", "quote", "added"]
Part = tuple[Kind, str]

NAME: Final = "Helga Desk"
MAIL: Final = "support@desk.example"
WHO: Final = f"{NAME} <{MAIL}>"
TITLE: Final = "Printer 3F-west"


def filled(template: str) -> str:
    return template.format(name=NAME, mail=MAIL, who=WHO)


def header_lines(language: Language, order: str = "fdts", bold: bool = False, gap: str = " ") -> list[str]:
    """A block of header lines in this order: f(rom), d(ate), t(o), s(ubject)."""
    labels = dict(zip("fdts", language.labels, strict=True))
    values = {
        "f": WHO,
        "d": language.date,
        "t": "Ann Meier <ann@kunde.example>",
        "s": f"{language.reply_prefix}: {TITLE}",
    }
    mark = "*" if bold else ""
    return [f"{mark}{labels[each]}:{mark}{gap}{values[each]}" for each in order]


@dataclass(frozen=True, slots=True)
class Client:
    """`inline`: it marks quotes line by line or block by block, so that answers may stand below and between."""

    name: str
    inline: bool
    is_html: bool
    render: Callable[[Language, Sequence[Part]], str]
    languages: tuple[str, ...] = ()
    """Codes of the only languages in which it writes; empty: all."""


# -- plain text


def marked(
    attribution: Callable[[Language], str], *, gap: bool = False, prefix: str = "> ", width: int = 0
) -> Callable[[Language, Sequence[Part]], str]:
    """An attribution and lines with a mark before each."""

    def render(language: Language, parts: Sequence[Part]) -> str:
        done: list[str] = []
        announced = False
        for kind, text in parts:
            if kind != "quote":
                done.append(text)
                continue
            lines = [f"{prefix}{line}".rstrip() if line else prefix.strip() for line in text.split("\n")]
            if prefix == "> ":
                lines = [line.replace("> >", ">>") if line.startswith("> >") else line for line in lines]
            said = wrapped(attribution(language), width) if width else attribution(language)
            block = "\n".join(lines)
            if not announced:
                block = f"{said}\n\n{block}" if gap else f"{said}\n{block}"
            announced = True
            done.append(block)
        return "\n\n".join(done)

    return render


def wrapped(line: str, width: int) -> str:
    lines, now = [], ""
    for word in line.split(" "):
        if now and len(now) + 1 + len(word) > width:
            lines.append(now)
            now = word
        else:
            now = f"{now} {word}" if now else word
    return "\n".join([*lines, now])


def marked_inside(language: Language, parts: Sequence[Part]) -> str:
    """The attribution is marked too."""
    done: list[str] = []
    announced = False
    for kind, text in parts:
        if kind == "quote":
            said = "" if announced else f"{filled(language.apple)}\n\n"
            text = "\n".join(f"> {line}".rstrip() for line in f"{said}{text}".split("\n"))
            announced = True
        done.append(text)
    return "\n\n".join(done)


def unmarked(
    announce: Callable[[Language], str], indent: str = ""
) -> Callable[[Language, Sequence[Part]], str]:
    """One announcement; what is quoted stands below it as it was."""

    def render(language: Language, parts: Sequence[Part]) -> str:
        done: list[str] = []
        for kind, text in parts:
            if kind == "quote":
                body = "\n".join(f"{indent}{line}".rstrip() for line in text.split("\n"))
                text = f"{announce(language)}\n\n{body}"
            done.append(text)
        return "\n\n".join(done)

    return render


def _block(before: str = "", order: str = "fdts", *, bold: bool = False) -> Callable[[Language], str]:
    def announce(language: Language) -> str:
        lines = header_lines(language, order, bold)
        rule = before.format(original=language.original)
        return "\n".join([rule, *lines] if rule else lines)

    return announce


def _laposte(language: Language, parts: Sequence[Part]) -> str:
    head = f"Message du 20/11/26 09:12\nDe : {WHO}\nA : ann@kunde.example\nCopie à :\nObjet : Re: {TITLE}\n\n"
    done = []
    for kind, text in parts:
        done.append(
            "\n".join(f"> {line}".rstrip() for line in f"{head}{text}".split("\n"))
            if kind == "quote"
            else text
        )
    return "\n\n".join(done)


def _of(field: str) -> Callable[[Language], str]:
    return lambda language: filled(getattr(language, field))


def _zoho(language: Language) -> str:
    return f"---- {filled(language.gmail).rstrip(':： ')} ----"


def _emclient(language: Language) -> str:
    lines = [line.replace(":", "", 1) for line in header_lines(language, "ftds")]
    return "\n".join([f"------ {language.original} ------", *lines])


def _qq(language: Language) -> str:
    return (
        "------------------ 原始邮件 ------------------\n"
        f'发件人: "{NAME}" <{MAIL}>;\n发送时间: 2026年11月20日(星期五) 上午9:12\n收件人: "Ann"<ann@kunde.example>;\n主题: Re: {TITLE}'
    )


def _netease(language: Language) -> str:
    return f"---- 回复的原邮件 ----\n| 发件人 | {NAME}<{MAIL}> |\n| 日期 | 2026年11月20日 09:12 |\n| 收件人 | ann@kunde.example |\n| 主题 | Re: {TITLE} |"


TEXT_CLIENTS: Final = (
    Client("gmail text", True, False, marked(_of("gmail"), gap=True)),
    Client("gmail text, wrapped", True, False, marked(_of("gmail"), gap=True, width=40)),
    Client("thunderbird text", True, False, marked(_of("mozilla"))),
    Client("apple mail text", True, False, marked(_of("apple"), gap=True)),
    Client("apple mail text, marked attribution", True, False, marked_inside),
    Client("mutt, kmail, roundcube", True, False, marked(_of("plain"))),
    Client("claws, sylpheed", True, False, marked(_of("plain"), width=50)),
    Client("proton text", True, False, marked(lambda _: f"On Friday, November 20th, 2026 at 09:12, {WHO} wrote:", gap=True), ("en",)),
    Client("evolution", True, False, marked(lambda _: f"On Fri, 2026-11-20 at 09:12 +0000, {NAME} wrote:"), ("en",)),
    Client("yandex text", True, False, marked(lambda _: f'20.11.2026, 09:12, "{NAME}" <{MAIL}>:'), ("en", "ru", "uk", "tr")),
    Client("mail.ru text", True, False, marked(lambda _: f"Пятница, 20 ноября 2026, 9:12 +03:00 от {WHO}:", prefix=">"), ("ru",)),
    Client("fastmail", True, False, marked(lambda _: f"On Fri, 20 Nov 2026, at 09:12, {NAME} wrote:"), ("en",)),
    Client("spark", True, False, marked(lambda _: f"On 20 Nov 2026, 09:12 +0100, {WHO}, wrote:"), ("en",)),
    Client("becky", True, False, marked(lambda _: f"On Fri, 20 Nov 2026 09:12:00 +0900\n{WHO} wrote:", gap=True), ("en", "ja")),
    Client("the bat", False, False, marked(lambda _: "Friday, November 20, 2026, 9:12:00 AM, you wrote:", gap=True, prefix="HD> "), ("en",)),
    Client("la poste", False, False, _laposte, ("fr",)),
    Client("gnus", True, False, marked(lambda _: f"{WHO} writes:", gap=True), ("en",)),
    Client("android, unmarked", False, False, unmarked(_of("gmail"))),
    Client("yahoo text", False, False, unmarked(_of("gmail"), indent="    ")),
    Client("zoho text", False, False, unmarked(_zoho)),
    Client("outlook text", False, False, unmarked(_block())),
    Client("outlook text, bold labels", False, False, unmarked(_block(bold=True))),
    Client("outlook text with separator", False, False, unmarked(_block("-----{original}-----"))),
    Client("owa text", False, False, unmarked(_block("_" * 32))),
    Client("samsung text", False, False, unmarked(_block("-------- {original} --------", "fdts"))),
    Client("zimbra text", False, False, unmarked(_block("----- {original} -----", "ftds"))),
    Client("gmx text", False, False, unmarked(_block("", "dfts"))),
    Client("t-online text", False, False, unmarked(_block("-----{original}-----", "sdft"))),
    Client("em client text", False, False, unmarked(_emclient)),
    Client("groupwise text", False, False, unmarked(lambda _: f">>> {WHO} 20.11.2026 09:12 >>>")),
    Client("lotus notes", False, False, unmarked(lambda _: f"{NAME} ---20.11.2026 09:12:33---Please restart the print service")),
    Client("qq text", False, False, unmarked(_qq), ("zh",)),
    Client("netease text", False, False, unmarked(_netease), ("zh",)),
)  # fmt: skip


# -- HTML


_GAP: Final = "<div><br></div>"


def _paragraphs(text: str) -> str:
    return "".join(f"<div>{escape(line) or '<br>'}</div>" for line in text.split("\n"))


def _one_quote(
    open_: str, close: str, announce: Callable[[Language], str], *, between: tuple[str, str] | None = None
) -> Callable[[Language, Sequence[Part]], str]:
    """`open_` ... `close` around each quote; `between`: how a second quote begins and ends."""

    def render(language: Language, parts: Sequence[Part]) -> str:
        done, count = [], 0
        for kind, text in parts:
            body = _paragraphs(text)
            if kind == "quote":
                first, last = (open_, close) if not count or between is None else between
                said = escape(announce(language)).replace("\n", "<br>") if not count else ""
                body = first.replace("{said}", said) + body + last
                count += 1
            done.append(body)
        return f"<html><body>{_GAP.join(done)}</body></html>"

    return render


def _gmail_html(language: Language, parts: Sequence[Part]) -> str:
    """All from the first quote on stands in one gmail_quote, answers between quotes too."""
    done, inside = [], False
    for kind, text in parts:
        if kind == "quote" and not inside:
            inside = True
            said = escape(filled(language.gmail)).replace(MAIL, f"<a href='mailto:{MAIL}'>{MAIL}</a>")
            done.append(
                f'<div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{said}<br></div>'
            )
        body = _paragraphs(text)
        done.append(
            f'<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204)">{body}'
            "</blockquote>"
            if kind == "quote"
            else f'<div dir="ltr">{body}</div>'
        )
    return f'<div dir="ltr">{_GAP.join(done)}{"</div>" if inside else ""}</div>'


def _labels_html(language: Language, order: str = "fdts") -> str:
    rows = []
    for line in header_lines(language, order):
        label, _, value = line.partition(":")
        rows.append(f"<b>{escape(label)}:</b>{escape(value)}")
    return "<br>".join(rows)


def _outlook_html(border: str) -> Callable[[Language, Sequence[Part]], str]:
    def render(language: Language, parts: Sequence[Part]) -> str:
        done = []
        for kind, text in parts:
            body = "".join(
                f'<p class="MsoNormal">{escape(line) or "&nbsp;"}<o:p></o:p></p>' for line in text.split("\n")
            )
            if kind == "quote":
                head = f'<div><div style="{border}"><p class="MsoNormal">{_labels_html(language)}<o:p></o:p></p></div></div>'
                body = f"{head}<p class='MsoNormal'><o:p>&nbsp;</o:p></p>{body}"
            done.append(body)
        return f'<html><body lang="EN"><div class="WordSection1">{_GAP.join(done)}</div></body></html>'

    return render


def _owa_html(language: Language, parts: Sequence[Part]) -> str:
    done = []
    for kind, text in parts:
        body = _paragraphs(text)
        if kind == "quote":
            body = (
                '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
                f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{_labels_html(language)}</font><div>&nbsp;</div></div>'
                f'<div class="BodyFragment">{body}</div>'
            )
        done.append(body)
    return f'<html><body dir="ltr">{_GAP.join(done)}</body></html>'


def _outlook_mobile_html(language: Language, parts: Sequence[Part]) -> str:
    done = []
    for kind, text in parts:
        body = _paragraphs(text)
        if kind == "quote":
            body = (
                '<div id="mail-editor-reference-message-container" class="ms-outlook-mobile-reference-message">'
                f'<div style="text-align:left;padding:3pt 0in 0in;border-style:solid none none;'
                f'border-width:1pt medium medium;border-color:rgb(181, 196, 223) currentcolor currentcolor">{_labels_html(language)}</div>'
                f"<div>{body}</div></div>"
            )
        done.append(body)
    return f"<html><body>{_GAP.join(done)}</body></html>"


def _zimbra_html(language: Language, parts: Sequence[Part]) -> str:
    done = []
    for kind, text in parts:
        body = _paragraphs(text)
        if kind == "quote":
            body = (
                f'<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">{_labels_html(language, "ftds")}</div>'
                f'<div data-marker="__QUOTED_TEXT__">{body}</div>'
            )
        done.append(body)
    return f'<html><body><div style="font-family: arial">{_GAP.join(done)}</div></body></html>'


def _gmx_html(language: Language, parts: Sequence[Part]) -> str:
    done = []
    for kind, text in parts:
        body = _paragraphs(text)
        if kind == "quote":
            body = (
                '<div name="quote" style="margin:10px 5px 5px 10px; border-left:2px solid #C3D9E5;">'
                f"<div>{_labels_html(language, 'dfts')}</div><div name='quoted-content'>{body}</div></div>"
            )
        done.append(body)
    return f"<html><body><div>{_GAP.join(done)}</div></body></html>"


def _lotus_html(language: Language, parts: Sequence[Part]) -> str:
    done = []
    for kind, text in parts:
        body = f'<font size="2" face="sans-serif">{escape(text).replace(chr(10), "<br>")}</font><br>'
        if kind == "quote":
            rows = "".join(
                f'<font size="1" color="#5f5f5f" face="sans-serif">{escape(line.partition(":")[0])}: &nbsp;&nbsp;</font>'
                f'<font size="1" face="sans-serif">{escape(line.partition(":")[2])}</font><br>'
                for line in header_lines(language, "ftds")
            )
            body = f'<br>{rows}<hr noshade><br><br><tt><font size="2">{escape(text).replace(chr(10), "<br>")}</font></tt>'
        done.append(body)
    return f"<html><body>{_GAP.join(done)}</body></html>"


HTML_CLIENTS: Final = (
    Client("gmail html", True, True, _gmail_html),
    Client(
        "thunderbird html", True, True,
        _one_quote(
            '<div class="moz-cite-prefix">{said}<br></div><blockquote type="cite" cite="mid:1@desk.example">', "</blockquote>",
            _of("mozilla"), between=('<blockquote type="cite" cite="mid:1@desk.example">', "</blockquote>"),
        ),
    ),
    Client(
        "apple mail html", True, True,
        _one_quote(
            '<div><br><blockquote type="cite"><div>{said}</div><br class="Apple-interchange-newline">', "</blockquote></div>",
            _of("apple"), between=('<blockquote type="cite">', "</blockquote>"),
        ),
    ),
    Client(
        "roundcube html", True, True,
        _one_quote(
            '<p id="reply-intro">{said}</p><blockquote type="cite" style="padding: 0 0.4em; border-left: #1010ff 2px solid">',
            "</blockquote>", _of("plain"), between=('<blockquote type="cite">', "</blockquote>"),
        ),
    ),
    Client(
        "yahoo html", False, True,
        _one_quote(
            '<div id="yahoo_quoted_1" class="yahoo_quoted"><div style="font-size:13px"><div>{said}</div><div><br></div>',
            "</div></div>", _of("gmail"),
        ),
    ),
    Client(
        "proton html", True, True,
        _one_quote(
            '<div class="protonmail_quote">{said}<br><blockquote class="protonmail_quote" type="cite">', "</blockquote><br></div>",
            _of("gmail"), between=('<blockquote class="protonmail_quote" type="cite">', "</blockquote>"),
        ),
    ),
    Client(
        "zoho html", False, True,
        _one_quote(
            '<div class="zmail_extra"><div>{said}</div><blockquote style="border-left:1px solid #ccc">', "</blockquote></div>", _zoho
        ),
    ),
    Client(
        "yandex, mail.ru html", True, True,
        _one_quote(
            "<div>{said}</div><blockquote>", "</blockquote>", _of("gmail"),
            between=('<blockquote>', "</blockquote>"),
        ),
    ),
    Client("samsung html", False, True, _one_quote("<div>{said}</div><div><br></div>", "", _block("-------- {original} --------"))),
    Client("groupwise html", False, True, _one_quote('<div>{said}</div><div style="border-left:1px solid">', "</div>", lambda _: f">>> {WHO} 20.11.2026 09:12 >>>")),
    Client("outlook 2016 html", False, True, _outlook_html("border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm")),
    Client("outlook 2010 html", False, True, _outlook_html("border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0in 0in 0in")),
    Client("owa html", False, True, _owa_html),
    Client("outlook mobile html", False, True, _outlook_mobile_html),
    Client("zimbra html", False, True, _zimbra_html),
    Client("gmx html", False, True, _gmx_html),
    Client("lotus notes html", False, True, _lotus_html),
)  # fmt: skip
CLIENTS: Final = TEXT_CLIENTS + HTML_CLIENTS
