"""Bounces: is this mail one, and who did not get what?

Told by structure before words: a report (RFC 3464), the headers of the mail that came back, status and reply
codes (RFC 3463, RFC 5321 4.2). Words of the common languages only tell a delay from a failure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from config.expressions import expression
from config.properties import kept_property
from config.records import Record
from mail.inert import one_line
from mail.mime.address import one_address, parse_addresses
from mail.mime.headers import Headers, TooComplex, parse_headers
from mail.mime.message import ParsedMail
from mail.mime.structure import Node

__all__ = ["BouncedRecipient", "Evidence", "bounces", "is_mail_server"]


class BouncedRecipient(Record):
    """One recipient in a bounce (RFC 3464): `action` is failed, delayed, delivered, relayed or expanded.

    `address` is empty where the bounce names nobody. `status` is "5.1.1" or empty, `diagnostic` the remote
    server's words, `original_message_id` the bounced mail's, with brackets, if the bounce says it.
    """

    address: str
    action: str
    status: str
    diagnostic: str
    original_message_id: str | None


_MAX_WORDS: Final = 20_000
_MAX_RETURNED: Final = 200_000
_MAX_FREE_FORM: Final = 10
_REPORTS: Final = ("message/delivery-status", "message/global-delivery-status")
_RETURNED: Final = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_ACTIONS: Final = ("failed", "delayed", "delivered", "relayed", "expanded")

_SERVER: Final = expression(
    r"(?:mailer|mail|maildelivery|delivery)(?:daemon|erdaemon|subsystem|system|service|notification)s?\d*|postmaster\d*|"
    r"mdaemon|mta|mailserver|mailadmin|mailadministrator|mailgateway|smtpgateway|bounce|bounces|undeliverable|"
    r"systemadministrator|maildelivery|microsoftexchange[0-9a-f]{32}|mailermail|deliverystatus"
)
_NO_SIGNS: Final = str.maketrans("", "", "-_.+ ")
_SERVERS_BEGIN: Final = (
    *("bounce", "deliver", "mail", "mdaemon", "microsoftexchange", "mta", "postmaster", "smtpgateway"),
    *("systemadministrator", "undeliverable"),
)
"""Few names begin as those do, and to compile what tells them takes as long as half of reading a mail."""
_SERVER_NAME: Final = expression(
    r"(?i)mail(?:er)?[ -]?(?:delivery)?[ -]?(?:sub-?system|system|daemon|service)|postmaster|"
    r"system administrator|microsoft outlook$|delivery (?:sub-?system|agent|status)"
)
# Texts: few mails are bounces, and to compile these at each start is 4 ms of a piped mail.
_SUBJECT: Final = (
    r"(?i)undeliver|(?:could|can) ?(?:not|n't) be (?:sent|delivered)|not (?:be )?delivered|"
    r"non-?deliver|deliver(?:y|ing)(?: of)?(?: your)? ?(?:mail|message|status|fail|error|problem|"
    r"report|has failed|delayed|notif)|returned? ?(?:e-?)?(?:mail|message|to sender)|"
    r"failure (?:notice|delivery|notification)|mail (?:delivery|failed|error|failure|system error)|"
    r"message (?:delayed|undeliver|status)|delayed mail|unzustellbar|zustellung|non remis|"
    r"no se (?:puede|pudo) entregar|no entregado|mancata consegna|não entregue|niet bezorgd|"
    r"не доставлен|недоставлен|配信|送信でき|传输失败|退信|投递|無法傳遞|반송|발송 ?실패|전송 ?실패|전송되지"
)
_ENHANCED: Final = r"(?<![\d.])([245])\.\d{1,3}\.\d{1,3}(?!\d|\.\d)"
_CODE_LINE: Final = r"(?m)^.{0,200}(?<![\w.@/-])[#(]?([45])[0-5]\d[ -](?=[^\s]).{0,300}$"
_ADDRESS: Final = r"""(?<![^\s<>()\[\],;:"])[^\s@<>()\[\],;:"]{1,128}@[^\s<>()\[\],;:"]{1,255}"""
_DOMAIN_DEFINED: Final = r"(?i)\bRFC-?822[=:]([^/;\s]{3,300})"
_XTEXT: Final = r"\+(?:2B|3D)"
_X400_SIGNS: Final = {"a": "@", "p": "%", "u": "_", "b": "!", "q": '"', "l": "(", "r": ")"}
_ANY_ADDRESS: Final = _ADDRESS
# An address at the beginning of its line, alone or before what happened to it.
_LISTED: Final = (
    r"""(?im)^[ \t>*|-]{0,12}(?:[^\s@:]{1,24}(?:[ ][^\s@:]{1,16}){0,3}[ \t]{0,4}[:：=][ \t]{0,8})?"""
    rf"""["<(\[]{{0,2}}(?:rfc822;[ ]?|mailto:)?({_ADDRESS})[">)\]]{{0,2}}[ \t]{{0,4}}"""
    r"""(?=$|[:;,(\[{#]|[-–]|\.\.\.|[45]\d\d\b)"""
)
_COMMANDED: Final = rf"(?i)RCPT TO:[ \t]?<?({_ADDRESS})>?"
_COPY_BEGINS: Final = (
    r"(?im)^(?:[ >|]{0,12}(?:[-=_*]{2,}.{0,60}(?:below this line|copy of|original|returned|unsent|headers)"
    r"|[-=_]{2,}.{0,60}(?<!error )message(?! log)).{0,60}"
    r"|>?[ \t]{0,4}(?:received: from .*|return-path: .*|message-id: .*|dkim-signature: .*))$"
)
_ROLE: Final = (
    r"(?i)(?:post-?_?master|mailer-?daemon|abuse|no-?_?reply|hostmaster|webmaster|helpdesk|"
    r"support)\d*@"
)
_COPIED_ID: Final = (
    r"(?im)^[>| \t]{0,8}(?:(?:X-)?Original-)?Message-ID:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{3,900}>)"
)
_FIELD_LINE: Final = (
    r"(?im)^[>| \t]{0,8}(?:received|from|to|subject|date|message-id|mime-version|return-path): \S"
)
_DELAYED: Final = (
    r"(?i)delay|delivery incomplete|will retry|will keep trying|queued for \d|bisher nicht zu|vorerst nicht|"
    r"pour l[’']instant|pour le moment|por el momento|al momento non|"
    r"пока не доставлен|暂时|暫時|一時的|일시적|"
    r"not yet (?:been )?(?:be )?deliver|has not been delivered yet|will (?:continue|keep|"
    r"be) (?:to )?(?:be )?(?:retr|try)|still (?:being|trying|be) (?:retried|to)|still in the queue|"
    r"delivery attempts will continue|no action is required|do(?:es)? not need to resend|"
    r"warning(?: only)?:|temporar(?:y|ily) (?:unable|delayed)|verzögert|noch nicht zugestellt|"
    r"weiterhin versuch|retard|pas encore (?:été )?(?:remis|délivr)|en attente|aún no se ha|retrasad|"
    r"ritardat|non è ancora stat|atrasad|ainda não|vertraagd|nog niet (?:be|af)|задерж|отложен|"
    r"ещё не доставлен|еще не доставлен|opóźnion|fördröj|forsinke|viivästy|遅延|遅れて|再送|延迟|延遲|지연|"
    r"zpožd|odlož|dosud nebyl|ještě nebyl|oneskor|zatiaľ ne|zatim nije|kašnj|odgođen|försena|ännu inte|"
    r"endnu ikke|"
    r"ennå ikke|enda ikke|késleltet|késik|késve|még nem|gecik|ertelen|henüz|καθυστερ|întârzi|затрим|забав|"
    r"ainda não foi|encara no|trì hoãn|bị chậm|tertunda|ditunda|ล่าช้า|תעכב|עיכוב|تأخ|تأجيل|تأخیر"
)
# What is said of a later time, or of a case: "will give up", "you'll be notified if it fails permanently".
_NOT_YET: Final = (
    r"(?i)\b(?:if|until|unless|eventually|will give up|when that happens|you(?:'ll| will) (?:be|get|receive)|"
    r"falls|sollte|bis|wenn|si|se|puis|als|indien|jeśli|jeżeli|если|якщо|ha|om|hvis|jos)\b[^.\n]*(?:\n[^.\n]+)?"
    r"|could(?: not|n't) be delivered for (?:more than )?\d+ (?:hour|minute|day)"
)
_FINAL: Final = (
    r"(?i)giv(?:e|ing|en) up|gave up|permanent|returned to sender|could ?n[o']t be delivered|"
    r"cannot be delivered|undeliverable|delivery (?:has )?failed|failed permanently|has expired|"
    r"too (?:long|many)|no further attempts|user unknown|does ?n[o']t exist|unknown user|"
    r"no such user|wurde nicht zugestellt|endgültig|aufgegeben|définitive"
)


class Evidence:
    """What of a mail speaks for a bounce; each looked at only when somebody asks."""

    def __init__(self, mail: ParsedMail, text: str | None = None, head: ParsedMail | None = None) -> None:
        """``text`` and ``head``: what it says, and its headers, where these were read before."""
        self._mail, self._text, self._head = mail, text, head or mail

    @kept_property
    def report(self) -> bool:
        """A delivery-status part of a report, or one that a mail server sent in other clothes."""
        return any(leaf.type in _REPORTS for leaf in self._mail.leaves)

    @kept_property
    def null_sender(self) -> bool:
        """It came from the envelope sender ``<>``."""
        path = self._head.root.headers.first("return-path")
        return path is not None and path.strip() in (b"<>", b"")

    @kept_property
    def mail_server(self) -> bool:
        """Its author is called as mail servers are."""
        return is_mail_server(self._head.sender.email, self._head.sender.name)

    @kept_property
    def subject(self) -> bool:
        """Its subject speaks of a mail that was not delivered."""
        return re.search(_SUBJECT, self._head.subject) is not None

    @kept_property
    def code(self) -> bool:
        """An enhanced status code or the line of an SMTP reply, above the copy of what came back."""
        words = _above_copy(self._mail)
        return (
            any(hit[1] in "45" for hit in re.finditer(_ENHANCED, words))
            or re.search(_CODE_LINE, words) is not None
        )

    @kept_property
    def delay(self) -> bool:
        """Words for mail that waits."""
        return re.search(_DELAYED, f"{self._mail.subject}\n{_above_copy(self._mail)[:4000]}") is not None

    @kept_property
    def _came_back(self) -> bool:
        return any(leaf.type in _RETURNED for leaf in self._mail.leaves)

    @property
    def _looks_like_one(self) -> bool:
        return self.null_sender or self.subject or self.code or self.returned or self.delay

    @kept_property
    def returned(self) -> bool:
        """The mail that came back, or its headers."""
        if self._came_back:
            return True
        text = self._mail.words[:_MAX_RETURNED]
        return sum(1 for _, _ in zip(range(4), re.finditer(_FIELD_LINE, text), strict=False)) >= 4

    @kept_property
    def notice(self) -> dict[str, Any] | None:
        """The JSON of a mail service (Amazon SES, by SNS) about a mail that bounced."""
        if self._text is not None and not self._text.lstrip().startswith("{"):
            return None
        text = self._mail.words.lstrip()
        if not text.startswith("{") or len(text) > _MAX_RETURNED or "bounce" not in text:
            return None
        try:
            found, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return None
        if isinstance(found.get("Message"), str):
            try:
                found = json.loads(found["Message"])
            except (ValueError, RecursionError):
                return None
        kind = found.get("notificationType") or found.get("eventType") if isinstance(found, dict) else None
        return found if kind == "Bounce" and isinstance(found.get("bounce"), dict) else None

    @kept_property
    def why(self) -> str:
        """The words for why this is a bounce; empty if it is none.

        A person who forwards a bounce is no mail server and has a return path: nothing that is quoted makes
        a mail a bounce.
        """
        kind, parameters = self._mail.root.content_type
        report_type = parameters.get("report-type", "").strip().lower()
        if kind == "multipart/report" and report_type in ("delivery-status", "global-delivery-status"):
            return "multipart/report of delivery-status"
        if "x-failed-recipients" in self._mail.root.headers:
            return "X-Failed-Recipients"
        if (self.mail_server or self.null_sender) and self.report:
            return "a message/delivery-status part from a mail server"
        if self.mail_server and self._looks_like_one:
            return f"from {self._mail.sender.email or 'a mail server'}, as bounces look"
        if self.null_sender and (self.subject or self._came_back or (self.code and self.returned)):
            return "the null sender, as bounces look"
        if self.notice is not None:
            return "a notice of a bounce by a mail service"
        return ""


def is_mail_server(email: str, name: str) -> bool:
    """Return whether mail servers write under this address (or, without one, this name), however spelled."""
    local = (email or name).partition("@")[0].lower().translate(_NO_SIGNS)
    if local.startswith(_SERVERS_BEGIN) and _SERVER.fullmatch(local):
        return True
    return not email and _SERVER_NAME.search(name) is not None


def bounces(mail: ParsedMail) -> list[BouncedRecipient]:
    """Return the recipients that a bounce names, each once; empty if it is not about a mail at all."""
    original = _original_message_id(mail)
    found: dict[str, BouncedRecipient] = {}
    for leaf in mail.leaves:
        if leaf.type in _REPORTS:
            for one in _reported(leaf, original):
                found.setdefault(one.address.lower(), one)
    nameless = found.pop("", None)
    if found:
        return list(found.values())
    if nameless is not None:
        # A recipient in another system's terms: the words may say who that is in ours.
        return [nameless._replace(address=address) for address in _free_form(mail) or [""]]
    notice = Evidence(mail).notice
    if notice is not None:
        return _noticed(notice)
    named = [address.email for address in parse_addresses(mail.headers("x-failed-recipients"))]
    status, diagnostic = _words_about(mail)
    action = "delayed" if _is_delay(mail, status) else "failed"
    for address in filter(None, named or _free_form(mail)):
        found.setdefault(address.lower(), BouncedRecipient(address, action, status, diagnostic, original))
    if not found and original is not None and (status or diagnostic):
        return [BouncedRecipient("", action, status, diagnostic, original)]
    return list(found.values())


def _is_delay(mail: ParsedMail, status: str) -> bool:
    """Return whether a notice in free form is about a mail that is still on its way."""
    if status.startswith("5"):
        return False
    words = f"{mail.subject}\n{_above_copy(mail)[:4000]}"
    return re.search(_DELAYED, words) is not None and re.search(_FINAL, re.sub(_NOT_YET, "", words)) is None


def _noticed(notice: dict[str, Any]) -> list[BouncedRecipient]:
    """Return the recipients in a notice of a mail service."""
    about = notice.get("mail") if isinstance(notice.get("mail"), dict) else {}
    common = about.get("commonHeaders") if isinstance(about, dict) else None
    identifier = common.get("messageId") if isinstance(common, dict) else None
    original = _id_in(identifier) if isinstance(identifier, str) else None
    people = notice["bounce"].get("bouncedRecipients")
    found = []
    for person in people[:_MAX_FREE_FORM] if isinstance(people, list) else ():
        if isinstance(person, dict):
            address = one_address(str(person.get("emailAddress") or ""))
            status, words = (
                one_line(str(person.get(key) or ""), 500) for key in ("status", "diagnosticCode")
            )
            if address:
                found.append(BouncedRecipient(address, "failed", status, words, original))
    return found


def _above_copy(mail: ParsedMail) -> str:
    """Return the words of the server, above the copy of the mail that came back."""
    return re.split(_COPY_BEGINS, mail.words[:_MAX_WORDS], maxsplit=1)[0]


def _free_form(mail: ParsedMail) -> list[str]:
    """Return the addresses in the words of a bounce without a report.

    Those listed with what happened to them, else those in a server's reply, else any. If the words name
    nobody, the only recipient of the mail that came back.
    """
    words, all_words = _above_copy(mail), mail.words[:_MAX_WORDS]
    own = {address.email.lower() for address in (mail.sender, *mail.to, *mail.cc)}
    replies = "\n".join(hit[0] for _, hit in zip(range(50), re.finditer(_CODE_LINE, words), strict=False))
    places: tuple[Callable[[], list[str]], ...] = (
        lambda: [*re.findall(_COMMANDED, words), *re.findall(_LISTED, words)],
        lambda: re.findall(_ANY_ADDRESS, replies),
        lambda: re.findall(_ANY_ADDRESS, words),
        lambda: [*re.findall(_COMMANDED, all_words), *re.findall(_LISTED, all_words)],
    )
    for place in places:
        named = [one for one in map(_address_in, dict.fromkeys(place())) if one]
        named = [one for one in dict.fromkeys(named) if one.lower() not in own and not re.match(_ROLE, one)]
        if named:
            return named[:_MAX_FREE_FORM]
    for headers in _returned_headers(mail):
        to = [address.email for address in parse_addresses(headers.decoded("to"))]
        if len(to) == 1:
            return to
    return []


def _address_in(word: str) -> str:
    """Return the address that a word of a sentence is, or nothing."""
    word = word.rstrip(".!?*")
    return one_address(word[1:-1] if word[0] == word[-1] == "'" else word) or ""


def _reported(leaf: Node, original: str | None) -> list[BouncedRecipient]:
    """Return the recipient groups of a message/delivery-status part: header blocks (RFC 3464 2.1)."""
    data = leaf.decoded()
    position, found = 0, []
    for _ in range(500):
        while data[position : position + 1] in (b"\r", b"\n"):
            position += 1
        if position >= len(data):
            break
        try:
            group, after = parse_headers(data, position, len(data), [])
        except TooComplex:
            break
        position = max(after, position)
        if not group.names():
            # Something that is no field: go on behind its line.
            end = data.find(b"\n", position)
            position = len(data) if end < 0 else end + 1
            continue
        # Exchange tells the address there whose recipient is one of its own directory.
        final = _typed(group, "final-recipient") or _typed(group, "x-actual-recipient")
        address = re.sub(_XTEXT, _from_xtext, _typed(group, "original-recipient")) or final
        final = final or address
        if not final and "final-recipient" not in group and "original-recipient" not in group:
            continue
        diagnostic = one_line(_typed(group, "diagnostic-code", address=False), 500)
        status = re.search(_ENHANCED, group.text("status") or "") or re.search(_ENHANCED, diagnostic)
        code = status[0] if status else ""
        action = _action(group.text("action") or "", code)
        found.append(BouncedRecipient(address or final, action, code, diagnostic, original))
    return found


def _action(said: str, status: str) -> str:
    """Return one of the five actions; for another word the one that the status means (RFC 3463 2)."""
    word = one_line(re.sub(r"\([^()]*\)", " ", said[:200]).partition(";")[0], 40).lower().rstrip(".")
    if word in _ACTIONS:
        return word
    return {"2": "delivered", "4": "delayed"}.get(status[:1], "failed")


def _typed(group: Headers, name: str, address: bool = True) -> str:
    """Return the value behind ``type;`` of a field such as ``Final-Recipient: rfc822; ann@example.test``."""
    value = group.text(name)
    if value is None:
        return ""
    kind, mark, rest = value.partition(";")
    text = (rest if mark and " " not in kind.strip() else value).strip()
    if not address:
        return text
    if kind.strip().lower() == "utf-8":
        text = re.sub(r"\\x\{([0-9A-Fa-f]{1,6})\}", _letter, text)
    found = parse_addresses([_within(text)])
    return found[0].email if found else ""


def _within(text: str) -> str:
    """Return the address that another system's one holds: in X.400 (RFC 2156 4.3), in Exchange's."""
    domain_defined = re.search(_DOMAIN_DEFINED, text)
    if domain_defined is not None:
        return re.sub(
            r"\(([apubqlr])\)", lambda hit: _X400_SIGNS[hit[1].lower()], domain_defined[1], flags=re.I
        )
    encapsulated = re.fullmatch(r"(?i)<?IMCEASMTP-([^@\s]{1,500})@[^@\s]{1,255}>?", text)
    if encapsulated is not None:
        return re.sub(r"\+([0-9A-Fa-f]{2})", lambda hit: chr(int(hit[1], 16)), encapsulated[1])
    return text


def _from_xtext(written: re.Match[str]) -> str:
    """Return the sign that an address in SMTP writes by its number (RFC 3461 4)."""
    return chr(int(written[0][1:], 16))


def _letter(written: re.Match[str]) -> str:
    """Return the letter that an address for 7-bit ways writes by its number (RFC 6533 3)."""
    number = int(written[1], 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else written[0]


def _original_message_id(mail: ParsedMail) -> str | None:
    """Return the Message-ID of the mail that came back, from the copy of it or of its headers."""
    for headers in _returned_headers(mail):
        found = _id_in(headers.text("message-id") or "")
        if found:
            return found
    copied = re.search(_COPIED_ID, mail.words[:_MAX_RETURNED])
    for leaf in mail.leaves if copied is None else ():
        if leaf.type.startswith(("text/", "message/", "application/octet-stream")):
            copied = re.search(_COPIED_ID, leaf.decoded()[:_MAX_RETURNED].decode("latin-1"))
            if copied is not None:
                break
    return one_line(copied[1]) if copied is not None else None


def _returned_headers(mail: ParsedMail) -> Iterator[Headers]:
    """Return the headers of the mails, or of their headers alone, that came back as parts."""
    for leaf in mail.leaves:
        if leaf is not mail.root and "message-id" in leaf.headers:
            yield leaf.headers  # the mail itself, where its text should be
        if leaf.type in _RETURNED:
            try:
                yield parse_headers(data := leaf.decoded(), 0, len(data), [])[0]
            except TooComplex:
                continue


def _id_in(text: str) -> str | None:
    found = re.search(r"<([^<>]{3,900})>", text)
    return one_line("<" + re.sub(r"\s+", "", found[1]) + ">") if found else None


def _words_about(mail: ParsedMail) -> tuple[str, str]:
    """Return status and words of a bounce in free form: the first line that holds a reply code."""
    text = _above_copy(mail)
    status = next((hit for hit in re.finditer(_ENHANCED, text) if hit[1] in "45"), None)
    line = re.search(_CODE_LINE, text)
    return (status[0] if status else ""), one_line(line[0] if line else "", 500)
