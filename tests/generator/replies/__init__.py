"""Answers as mail programs write them: a matrix of client x language x layout, each with what its writer added.

``replies()`` yields all of it, in a fixed order. Nothing here was copied from a mail: the shapes come from RFC 3676,
RFC 5322 and from what the programs are known to write, the words are invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from typing import Final

from tests.generator.replies.clients import CLIENTS, MAIL, TITLE, Client, Part, filled, header_lines
from tests.generator.replies.languages import LANGUAGES, Language

__all__ = ["CLIENTS", "LANGUAGES", "Reply", "replies"]

SIGNATURE: Final = "-- \nAnn Meier\nKunde AG, Hauptstr. 1\n+49 30 1234567"
LIST_FOOTER: Final = (
    "_______________________________________________\nusers mailing list\nusers@lists.kunde.example\n"
    "https://lists.kunde.example/mailman/listinfo/users"
)
BANNER: Final = (
    "CAUTION: This email originated from outside of the organization. Do not click links or open attachments\n"
    "unless you recognize the sender and know the content is safe."
)


@dataclass(frozen=True, slots=True)
class Reply:
    """One mail. `added` is what a reader must see of it, in order; nothing else of it should be shown."""

    client: str
    language: str
    known_language: bool
    layout: str
    raw: bytes
    added: str

    @property
    def name(self) -> str:
        return f"{self.client} / {self.language} / {self.layout}"


def replies() -> Iterator[Reply]:
    """Yield the whole matrix."""
    for client in CLIENTS:
        for language in LANGUAGES:
            if client.languages and language.code not in client.languages:
                continue
            for layout, parts in _layouts(language, client):
                body = client.render(language, parts)
                added = "\n\n".join(text for kind, text in parts if kind == "new")
                yield Reply(
                    client.name,
                    language.code,
                    language.known,
                    layout,
                    _mail(body, client, language.reply_prefix),
                    added,
                )
    for language in LANGUAGES:
        for name, (written, added), is_html in _forwards(language):
            raw = _mail(written, is_html, language.forward_prefix)
            yield Reply(name, language.code, language.known, "forward", raw, added)


def _layouts(language: Language, client: Client) -> Iterator[tuple[str, Sequence[Part]]]:
    new, more = language.answers
    asked, further = language.asked
    whole = f"{asked}\n\n{further}"
    yield "above", [("new", new), ("quote", whole)]
    yield "above, two paragraphs", [("new", f"{new}\n\n{more}"), ("quote", whole)]
    yield "nested", [("new", new), ("quote", f"{whole}\n\n{filled(language.gmail)}\n> {more}\n>\n> {new}")]
    yield "signature above the quote", [("new", new), ("added", SIGNATURE), ("quote", whole)]
    yield "banner", [("added", BANNER), ("new", new), ("quote", whole)]
    if language.device:
        yield "device", [("new", new), ("added", language.device), ("quote", whole)]
    if language.legal:
        yield "disclaimer", [("new", new), ("quote", whole), ("added", language.legal)]
        yield (
            "banner and disclaimer",
            [("added", BANNER), ("new", new), ("quote", whole), ("added", language.legal)],
        )
    yield "list footer", [("new", new), ("quote", whole), ("added", LIST_FOOTER)]
    if client.inline:
        yield "below", [("quote", whole), ("new", new)]
        yield "below, signed", [("quote", whole), ("new", new), ("added", SIGNATURE)]
        yield "between", [("quote", asked), ("new", new), ("quote", further), ("new", more)]
        yield (
            "greeting and between",
            [("new", more), ("quote", asked), ("new", new), ("quote", further), ("new", more)],
        )
        yield "signature below the quote", [("new", new), ("quote", whole), ("added", SIGNATURE)]
        if language.legal:
            yield "below with disclaimer", [("quote", whole), ("new", new), ("added", language.legal)]


def _forwards(language: Language) -> Iterator[tuple[str, tuple[str, str], bool]]:
    """Forwards within a conversation: nothing of them is folded."""
    note, matter = language.answers
    head = "\n".join(header_lines(language))
    gmail = f"{note}\n\n---------- {language.forwarded} ---------\n{head}\n\n{matter}"
    mozilla = f"{note}\n\n-------- {language.forwarded} --------\n{head}\n\n{matter}"
    outlook = f"{note}\n\n{head}\n\n{matter}"
    separator = f"{note}\n\n-----{language.original}-----\n{head}\n\n{matter}"
    owa = f"{note}\n\n{'_' * 32}\n{head}\n\n{matter}"
    for name, body in (
        ("gmail text", gmail),
        ("thunderbird text", mozilla),
        ("outlook text", outlook),
        ("outlook text with separator", separator),
        ("owa text", owa),
    ):
        yield name, (body, body), False
    rows = "<br>".join(escape(line) for line in header_lines(language))
    said = f"---------- {language.forwarded} ---------"
    for name, html, text in (
        (
            "gmail html",
            f'<div dir="ltr">{escape(note)}<br><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{said}<br>{rows}'
            f"</div><br><br><div>{escape(matter)}</div></div></div>",
            gmail,
        ),
        (
            "outlook 2016 html",
            f'<div class="WordSection1"><p class="MsoNormal">{escape(note)}</p><div><div style="border:none;border-top:solid '
            f'#E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">{rows}</p></div></div><p class="MsoNormal">'
            f"{escape(matter)}</p></div>",
            outlook,
        ),
        (
            "owa html",
            f'<div>{escape(note)}</div><div id="appendonsend"></div><hr tabindex="-1"><div id="divRplyFwdMsg">{rows}</div>'
            f"<div>{escape(matter)}</div>",
            outlook,
        ),
        (
            "apple mail html",
            f"<div>{escape(note)}<br><div><br><blockquote type='cite'><div>{escape(language.forwarded)}:</div><br>"
            f"<div>{rows}</div><br><div>{escape(matter)}</div></blockquote></div></div>",
            f"{note}\n\n{language.forwarded}:\n\n{head}\n\n{matter}",
        ),
    ):
        yield name, (html, text), True


def _mail(body: str, html: Client | bool, prefix: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Ann Meier <ann@kunde.example>"
    message["To"] = MAIL
    message["Subject"] = f"{prefix}: {TITLE}"
    message["Message-ID"] = "<answer@kunde.example>"
    message["In-Reply-To"] = "<question@desk.example>"
    is_html = html if isinstance(html, bool) else html.is_html
    message.set_content(body, subtype="html" if is_html else "plain", charset="utf-8", cte="base64")
    return message.as_bytes()
