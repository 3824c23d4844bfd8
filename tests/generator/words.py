"""The vocabulary of generated mails."""

from __future__ import annotations


def _listed(text: str) -> list[str]:
    return text.split(", ")


FIRST_NAMES = _listed(
    "Ann, Bob, Carla, Dmitri, Élodie, Fatima, Günther, Hanako, Ivan, José, Kateřina, Liang, Mohammed, Nadia, "
    "Olga, Pedro, Quentin, Rosa, Søren, Tomáš, Ursula, Víctor, Wei, Ximena, Yuki, Zoë"
)
LAST_NAMES = _listed(
    "Smith, Müller, García, Rossi, Novák, Kowalski, Andersson, Dubois, Tanaka, Wang, O'Brien, Ivanova, "
    "Haddad, Silva, Jensen, Schäfer, Núñez, Łukasz, Brown, Taylor, Hill, Young, King"
)
DOMAINS = _listed(
    "acme.test, globex.test, initech.test, umbrella.test, hooli.test, stark.test, wayne.test, tyrell.test, "
    "cyberdyne.test, aperture.test"
)
THINGS = _listed(
    "printer, VPN, mailbox, laptop, invoice, password, account, phone, badge, projector, database, website, "
    "backup, order, subscription, licence, monitor, network share, calendar, expense form"
)
TROUBLES = _listed(
    "does not work, is broken since this morning, shows an error, was lost, cannot be opened, "
    "needs an upgrade, is very slow, keeps crashing, is missing, has expired"
)
SENTENCES = (
    "Hello, I have a problem with my {thing}: it {trouble}.",
    "I already tried to restart it twice, without any luck.",
    "Could you please have a look today? We have a customer meeting at {hour}:30.",
    'The error message says: "{error}".',
    "This also affects my colleagues {one} and {other} in room {room}.",
    "The serial number is {serial} and the asset tag is {room}.",
    "It worked fine until the update on Monday.",
    "Please call me back at +1 555 01{phone} if you need anything else.",
    "I attached what I saw on my screen in the last ticket.",
    "Is there any workaround that we can use in the meantime?",
    "The order number is {serial}, placed on 2026-0{day}-1{day}.",
    "We need this before the end of the month, otherwise accounting will not be happy.",
)
ERRORS = (
    "0x80070005 Access denied",
    "ORA-12154: TNS:could not resolve",
    "HTTP 502 Bad Gateway",
    "PC LOAD LETTER",
    "Segmentation fault (core dumped)",
    "SSL handshake failed",
    "Quota exceeded",
)
IN_CHARSET = {
    "utf-8": "Grüße aus Köln – «вопрос» 日本語 ✓ čeština €",
    "iso-8859-1": "Grüße aus Köln, à bientôt, señor Núñez",
    "iso-8859-15": "Prix : 100 € - déjà payé",
    "windows-1252": "“Smart quotes” – déjà vu — 50 €",
    "windows-1251": "Здравствуйте, принтер не работает",
    "koi8-r": "Добрый день, не могу войти в почту",
    "iso-8859-2": "Příliš žluťoučký kůň, żółta łódź",
    "iso-2022-jp": "プリンターが動きません。よろしくお願いします。",
    "shift_jis": "パスワードを忘れました。",
    "gb2312": "打印机坏了，请帮忙。",
    "big5": "印表機壞了，請協助。",
    "euc-kr": "프린터가 작동하지 않습니다.",
    "us-ascii": "Thanks in advance.",
}
_IN_A_HUNDRED = {
    "utf-8": 50,
    "us-ascii": 12,
    "iso-8859-1": 12,
    "windows-1252": 10,
    "iso-8859-15": 3,
    "windows-1251": 3,
    "koi8-r": 2,
    "iso-8859-2": 2,
    "iso-2022-jp": 2,
    "shift_jis": 1,
    "gb2312": 1,
    "big5": 1,
    "euc-kr": 1,
}
CHARSETS = [charset for charset, often in _IN_A_HUNDRED.items() for _ in range(often)]
USER_AGENTS = (
    "Mozilla Thunderbird",
    "Apple Mail (2.3774.300.61.1.2)",
    "Microsoft Outlook 16.0",
    "Mutt/2.2.9",
    "Roundcube Webmail/1.6.5",
    "K-9 Mail for Android",
)
ATTACHED = (
    ("Screenshot", "png", "image/png", b"\x89PNG\r\n\x1a\n"),
    ("report", "pdf", "application/pdf", b"%PDF-1.7\n"),
    (
        "Übersicht",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        b"PK\x03\x04",
    ),
    ("log files", "zip", "application/zip", b"PK\x03\x04"),
    ("фото", "jpg", "image/jpeg", b"\xff\xd8\xff\xe0"),
)
