"""Bytes in any charset, declared well, badly or not at all, are read as their writer meant them."""

from __future__ import annotations

import string
import warnings
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.charset import codec_for, decode, decode_field
from mail.mime.japanese import decode_euc_jp, decode_iso2022_jp
from mail.mime.message import parse
from tests.support.rows import every_row


@every_row(
    ("labels", "codec"),
    [
        ("windows-936 csgb2312 cn-gb gb_2312-80 GBK x-gbk ms936 cp936 euc-cn chinese iso-ir-58", "gb18030"),
        ("windows-950 x-x-big5 big5-eten cn-big5 csbig5 Big5-HKSCS cp950 ms950", "big5hkscs"),
        ("latin-9 latin9 iso-8859-15 ISO8859-15 iso_8859-15 8859_15 l9 csisolatin9 'latin 9'", "iso8859-15"),
        ("iso-8859-1 latin1 l1 iso_8859-1:1987 windows-1252 x-cp1252 win-1252 cp-1252 ansi cp819", "cp1252"),
        ("us-ascii ascii ansi_x3.4-1968 utf8 utf-8 'UTF-8' unicode-1-1-utf-8 cp65001 utf_8 utf", "utf-8"),
        ("windows-1251 win1251 x-cp1251 cp1251 cp-1251 microsoft-cp1251 windows_1251", "cp1251"),
        ("iso-8859-9 latin5 l5 csisolatin5 iso-ir-148 windows-1254", "cp1254"),
        ("shift_jis x-sjis sjis ms_kanji windows-31j csshiftjis ms932 cp943 windows-932", "cp932"),
        ("iso-2022-jp csiso2022jp cp50220 cp50221 iso-2022-jp-ms iso-2022-jp-2", "iso2022_jp"),
        ("euc-jp x-euc-jp cseucpkdfmtjapanese eucjp-ms cp51932", "euc_jp"),
        ("euc-kr ks_c_5601-1987 ksc5601 korean windows-949 x-windows-949 iso-ir-149 uhc", "cp949"),
        ("koi8-r koi8 koi cskoi8r", "koi8-r"),
        ("macintosh x-mac-roman mac", "mac-roman"),
        ("x-mac-cyrillic x-mac-ukrainian", "mac-cyrillic"),
        ("ibm866 866 cp866 csibm866", "cp866"),
        ("tis-620 iso-8859-11 windows-874 dos-874", "cp874"),
        ("utf-16le unicodefeff", "utf-16-le"),
        ("utf-16be unicodefffe", "utf-16-be"),
        ("utf-16 unicode csunicode ucs-2 iso-10646-ucs-2", "utf-16"),
        ("iso-8859-8-i logical visual hebrew", "iso8859-8"),
        ("greek ecma-118 sun_eu_greek iso-8859-7", "iso8859-7"),
    ],
)
def test_labels_that_are_in_use_are_known(labels: str, codec: str) -> None:
    names = labels.replace("'latin 9'", "").split()
    assert {name: codec_for(name) for name in names} == dict.fromkeys(names, codec)
    assert codec_for("latin 9") == "iso8859-15"


@every_row("label", ["idna", "zlib", "unicode_escape", "rot13", "base64", "punycode", "", "a" * 99])
def test_what_is_no_charset_of_text_is_refused(label: str) -> None:
    assert codec_for(label) is None


VENDOR = "①②㈱㌔№℡∑髙﨑 テスト\n二行目 plain"


def iso2022(text: str) -> bytes:
    """As Outlook writes it (CP50220): JIS codes made from Shift_JIS, vendors' rows too."""
    done = bytearray()
    for char in text:
        raw = char.encode("cp932")
        if len(raw) == 1:
            done += raw
            continue
        lead, trail = raw
        if lead in (0xFA, 0xFB, 0xFC):
            raw = char.encode("euc_jp", "ignore")[-2:]
            done += b"\x1b$(D" + bytes(byte & 0x7F for byte in raw) + b"\x1b(B"
            continue
        lead -= 0x40 if lead >= 0xE0 else 0
        row = (lead - 0x81) * 2 + 0x21
        if trail >= 0x9F:
            row, cell = row + 1, trail - 0x7E
        else:
            cell = trail - (0x20 if trail >= 0x80 else 0x1F)
        done += b"\x1b$B" + bytes((row, cell)) + b"\x1b(B"
    return bytes(done)


@every_row("label", ["iso-2022-jp", "csiso2022jp", None, "us-ascii", "utf-8"])
def test_iso_2022_jp_with_the_vendors_rows(label: str | None) -> None:
    text = "①㈱№℡ テスト\n二行目 plain"
    assert decode(iso2022(text), label) == text


def test_a_whole_mail_is_not_spoilt_by_one_character_that_no_table_has() -> None:
    read = decode(iso2022("担当者の皆様へ") + b"\x1b$B\x7d\x7d\x1b(B" + iso2022("以上"), "iso-2022-jp")
    assert read.startswith("担当者の皆様へ")
    assert read.endswith("以上")
    assert "$B" not in read


@pytest.mark.parametrize(
    "data",
    [
        "ｶﾀｶﾅ".encode("iso2022_jp_ext"),
        b"\x0e" + bytes(byte & 0x7F for byte in "ｶﾀｶﾅ".encode("cp932")) + b"\x0f",
        "ｶﾀｶﾅ".encode("cp932"),
    ],
    ids=["escape", "shift out", "eight bits"],
)
def test_half_width_katakana_in_its_three_spellings(data: bytes) -> None:
    assert decode_iso2022_jp(data) == "ｶﾀｶﾅ"


@given(st.text(st.characters(codec="iso2022_jp", exclude_characters="\x1b"), max_size=40))
def test_what_python_writes_as_iso_2022_jp_is_read(text: str) -> None:
    data = text.encode("iso2022_jp")
    wanted = data.decode("iso2022_jp")
    if not set(wanted) & set("\x0e\x0f\x1b¥‾"):
        assert decode_iso2022_jp(data) == wanted


@given(st.binary(max_size=80))
def test_any_bytes_are_some_japanese(data: bytes) -> None:
    decode_iso2022_jp(data)
    decode_euc_jp(data)


def test_euc_jp_with_circled_digits() -> None:
    assert decode(b"\xad\xa1\xad\xea " + "日本".encode("euc_jp"), "euc-jp") == "①㈱ 日本"


@every_row("text", ["Hi there", "Привет, мир", "日本語の文章です。", "Ünïcode\nzwei Zeilen", "短い"])
@every_row("label", ["utf-16", "utf-16le", "utf-16be", "unicode", "ucs-2"])
@every_row("order", ["utf-16-le", "utf-16-be"])
@every_row("mark", ["", "\ufeff"])
def test_utf_16_in_both_orders_with_and_without_its_mark(
    text: str, label: str, order: str, mark: str
) -> None:
    assert decode((mark + text).encode(order), label) == text


@every_row("label", [None, "utf-8", "iso-8859-1", "us-ascii", "gb2312"])
@every_row("order", ["utf-16-le", "utf-16-be"])
def test_utf_16_that_was_not_declared_is_seen(label: str | None, order: str) -> None:
    assert decode("Log of host db7\n".encode(order), label) == "Log of host db7\n"
    assert decode("\ufeffЖурнал".encode(order), label) == "Журнал"


@every_row("charset", ["utf-16", "utf-16le", "utf-7", "utf-32", "iso-2022-kr", "hz-gb-2312", "cp037"])
def test_the_charset_of_the_text_does_not_spoil_headers_in_ascii(charset: str) -> None:
    mail = parse(
        b"From: Anna <ann@kunde.example>\nSubject: Printer is dead! 1+1=2, a+b-c\n"
        b"Content-Type: text/plain; charset="
        + charset.encode()
        + b"\nContent-Transfer-Encoding: base64\n\nAAAA\n"
    )
    assert (mail.sender.email, mail.sender.name) == ("ann@kunde.example", "Anna")
    assert mail.subject == "Printer is dead! 1+1=2, a+b-c"


NAMES = [("报表.xls", "gb2312"), ("отчёт.pdf", "koi8-r"), ("レポート.doc", "shift_jis"), ("報告.txt", "big5")]


@every_row(("name", "charset"), NAMES)
def test_a_raw_file_name_is_read_in_a_charset_that_the_mail_uses_elsewhere(name: str, charset: str) -> None:
    subject = (
        f"=?{charset}?q?=".encode() + "".join(f"={b:02X}" for b in name.encode(charset)).encode()[1:] + b"?="
    )
    mail = parse(
        b"From: a@b.example\nSubject: "
        + subject
        + b'\nContent-Type: application/octet-stream; name="'
        + name.encode(charset)
        + b'"\nContent-Disposition: attachment\n\nx\n'
    )
    assert mail.attachments[0].name == name


@every_row(
    ("text", "charset"),
    [("您好", "gb2312"), ("Привет", "koi8-r"), ("안녕", "euc-kr"), ("Grüße", "iso-8859-1")],
)
def test_a_short_body_without_a_charset_asks_the_other_parts(text: str, charset: str) -> None:
    mail = parse(
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
        + text.encode(charset)
        + f"\n--b\nContent-Type: text/plain; charset={charset}; name=x.txt\n".encode()
        + b"Content-Disposition: attachment\n\nx\n--b--\n"
    )
    assert mail.text == text


@every_row(
    ("text", "charset"),
    [("Müller", "iso-8859-1"), ("Иванов", "windows-1251"), ("山田", "shift_jis"), ("김", "euc-kr")],
)
def test_raw_headers_are_in_the_charset_of_the_text(text: str, charset: str) -> None:
    mail = parse(
        b"From: "
        + text.encode(charset)
        + b" <a@b.example>\nSubject: "
        + text.encode(charset)
        + f"\nContent-Type: text/plain; charset={charset}\n\nx\n".encode()
    )
    assert (mail.sender.name, mail.subject) == (text, text)


def test_damaged_utf_8_is_still_utf_8() -> None:
    assert decode("Grüße aus Köln, ".encode() * 20 + b"\xff", "utf-8").startswith("Grüße aus Köln")


@pytest.mark.parametrize("end", [b"", b"...", b" [cut]"])
@pytest.mark.parametrize(
    ("text", "charset", "labels"),
    [
        ("Grüße aus Köln", "utf-8", ("utf-8",)),
        ("Größere Störung: überhitzt ü", "utf-8", ("utf-8", "iso-8859-1", None)),
        ("Принтер сломан", "utf-8", ("utf-8", "us-ascii", None)),
        ("プリンターが動きません", "utf-8", ("utf-8", None)),
        ("プリンターが動きません", "shift_jis", ("shift_jis",)),
        ("プリンターが動きません", "euc-jp", ("euc-jp",)),
        ("打印机坏了怎么办", "gb18030", ("gb2312", "gb18030")),
        ("請問打印機點算", "big5", ("big5",)),
        ("프린터가 고장났어요", "euc-kr", ("euc-kr", "ks_c_5601-1987")),
    ],
)
def test_what_was_cut_within_a_letter_is_read_to_there(
    text: str, charset: str, labels: Sequence[str | None], end: bytes
) -> None:
    letters = text.rstrip(string.ascii_letters)
    cut = letters.encode(charset)[:-1] + end
    for label in labels:
        assert decode(cut, label).startswith(letters[:-1] + "\ufffd"), label


@pytest.mark.parametrize("text", ["café", "été", "Käse", "Ñandú é", "crème brûlée", "naïve"])
def test_a_few_western_letters_are_none_of_a_cut_text(text: str) -> None:
    for label in ("utf-8", "iso-8859-1", None):
        assert decode(text.encode("cp1252"), label) == text


def test_a_field_in_iso_2022_jp_without_an_encoded_word() -> None:
    assert decode_field("件名".encode("iso2022_jp")) == "件名"


@every_row("label", ["gb2312", "big5", "shift_jis", "euc-kr", "windows-1251", "koi8-r", "iso-8859-2"])
@every_row(
    "text", ["服务器没有响应", "Сервер не отвечает", "サーバーが応答しません", "Größe überprüfen, schön"]
)
def test_utf_8_under_another_label_is_read(label: str, text: str) -> None:
    assert decode(text.encode(), label) == text


AMONG_ENGLISH = """\
It worked fine until the update on Monday. I already tried to restart it twice, without any luck.\r
\r
<p class="MsoNormal"><span style="color:#1F497D">{}</span></p>\r
\r
Could you please have a look today? We have a customer meeting at 14:30. The order number is 096B8EE8.\r
Please call me back at +1 555 0167 if you need anything else. The error message says: "Access denied".\r
We need this before the end of the month, otherwise accounting will not be happy.\r
"""


@every_row(
    ("label", "text"),
    [
        ("gb2312", "联通服务器没有响应"),
        ("big5", "伺服器沒有回應"),
        ("shift_jis", "サーバーが応答しません"),
        ("euc-kr", "서버가 응답하지 않습니다"),
        ("windows-1251", "Сервер не отвечает, ёж"),
        ("koi8-r", "Сервер не отвечает"),
        ("cp874", "เซิร์ฟเวอร์ไม่ตอบสนอง"),
        ("windows-1256", "الخادم لا يستجيب"),
        ("iso-8859-7", "Ο διακομιστής δεν απαντά"),
        ("windows-1255", "השרת אינו מגיב"),
        ("iso-8859-2", "Žluťoučký kůň"),
    ],
)
def test_a_label_that_tells_the_truth_is_believed(label: str, text: str) -> None:
    assert decode(text.encode(label), label) == text
    among = AMONG_ENGLISH.format(text)
    assert decode(among.encode(label), label) == among


EAST_ASIAN = {
    "gb18030": "您好，打印机从今天早上开始一直卡纸，请尽快派人来看一下。谢谢！",
    "big5": "您好，印表機從今天早上開始一直卡紙，請儘快派人來看一下。謝謝！",
    "shift_jis": "お世話になっております。今朝からプリンターの紙詰まりが続いています。",
    "euc_jp": "お世話になっております。今朝からプリンターの紙詰まりが続いています。",
    "euc-kr": "안녕하세요, 오늘 아침부터 프린터에 용지가 계속 걸립니다. 감사합니다.",
    "iso2022_jp": "お世話になっております。今朝からプリンターの紙詰まりが続いています。",
}
OTHERS = [
    "gb2312",
    "big5",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "iso-2022-jp",
    "iso-8859-1",
    "us-ascii",
    "x-none",
    None,
]


def test_a_text_of_east_asia_is_read_under_the_label_of_another() -> None:
    wrong = []
    for charset, text in EAST_ASIAN.items():
        for label in OTHERS:
            for written in (text, text[:14], f"Re: {text}\n> srv01 {text}"):
                if (charset, label) == ("euc_jp", "gb2312"):
                    continue  # in China they write their Japanese so, and it reads as well
                if decode(written.encode(charset), label) != written and len(written) > 14:
                    wrong.append((charset, label, written[:20]))
    assert wrong == []
    for written in ("프린터 고장", "감사합니다"):
        assert decode(written.encode("euc-kr"), "gb2312") == written


LATIN = {
    "cp1254": "Merhaba, ofisteki yazıcı bu sabahtan beri çalışmıyor, birini gönderir misiniz? Şükrü",
    "cp1250": "Dobrý den, tiskárna v kanceláři od rána nefunguje, můžete někoho poslat? Děkuji, Jiří",
    "iso8859-2": "Dzień dobry, drukarka w biurze od rana nie działa, czy możecie kogoś przysłać? Łukasz",
    "cp1257": "Laba diena, biuro spausdintuvas nuo ryto neveikia, gal galite ką nors atsiųsti? Živilė",
    "cp1252": "Bonjour, l'imprimante est bloquée, ça ne marche plus à l'étage : pourriez-vous… ? Zoé Lefèvre",
    "iso8859-15": "Hei, tulostin ei tänään toimi, öisin kyllä. À bientôt, Åsa Sjöström, 20 °C",
}


@every_row("charset", list(LATIN))
@every_row("label", ["iso-8859-1", "us-ascii", "utf-8", "gb2312", "windows-1251", None])
def test_a_text_with_accents_is_read_in_its_alphabet_whatever_its_label(
    charset: str, label: str | None
) -> None:
    text = LATIN[charset]
    assert decode(text.encode(charset), label) == text
    assert decode(text.encode(charset), label, ["iso-8859-1"]) == text
    log = "INFO all is well\n" * 400
    assert decode((log + text).encode(charset), label).endswith(text)


@every_row(
    "text",
    [
        "Þýðing á þessu",
        "Træet på Ærø",
        "São João, não",
        "Señor Ibáñez ¿qué?",
        "£5 ½ µm ±2 °C",
        "«Où ?»",
        "flýti",
    ],
)
@every_row("label", ["iso-8859-1", "windows-1252", "iso-8859-15"])
def test_western_letters_stay_what_they_were_declared_as(text: str, label: str) -> None:
    assert decode(text.encode("latin-1"), label) == text.encode("latin-1").decode(codec_for(label) or "")


def test_letters_of_windows_under_the_label_of_iso_are_letters() -> None:
    assert (
        decode("Świątek, „tak” – Śląsk, źle".encode("cp1250"), "iso-8859-2") == "Świątek, „tak” – Śląsk, źle"
    )


def test_frames_and_words_with_accents_are_not_taken_for_east_asian() -> None:
    german = "Guten Tag, der Drucker für das Büro zieht seit heute früh kein Papier. Grüße, Jörg Müßig"
    french = "Bonjour, l'imprimante bloque le papier : pourriez-vous dépanner ? Zoé Françoise, à côté"
    for text in (german, french):
        for label in ("gb2312", "big5", "shift_jis", "euc-kr", "iso-2022-jp", "iso-8859-1"):
            assert decode(text.encode("cp1252"), label) == text, label
    frame = "ÚÄÄÄÄÂÄÄÄÄ¿\n³    ³    ³\nÀÄÄÄÄÁÄÄÄÄÙ\n"
    assert decode(frame.encode("latin-1"), "iso-8859-1") == frame
    rare = "陈喆和李昇炜在沈阳，朱镕基的书在这里。"
    assert decode(rare.encode("gb18030"), "gb2312") == rare
    japanese = "プリンターの状況を確認してください"
    assert decode(japanese.encode("gb18030"), "gb2312") == japanese


ALPHABETS = {
    "cp1251": "Здравствуйте, принтер снова не печатает, пришлите кого-нибудь, пожалуйста.",
    "koi8-r": "Здравствуйте, принтер снова не печатает, пришлите кого-нибудь, пожалуйста.",
    "iso8859-5": "СРОЧНО: НЕ РАБОТАЕТ ПРИНТЕР В БУХГАЛТЕРИИ",
    "cp866": "Добрый день, не открывается общая папка на сервере",
    "iso8859-7": "Καλημέρα σας, ο εκτυπωτής μπλοκάρει συνέχεια από το πρωί",
    "cp1255": "שלום, המדפסת נתקעת כל הזמן מהבוקר, אנא שלחו מישהו",
    "cp1256": "مرحبا، الطابعة تتعطل باستمرار منذ الصباح، يرجى إرسال شخص",
    "cp874": "สวัสดีครับ เครื่องพิมพ์กระดาษติดตั้งแต่เช้า กรุณาส่งคนมาดู",
}
ALPHABET_LABELS = [
    "windows-1251",
    "koi8-r",
    "iso-8859-5",
    "iso-8859-7",
    "windows-1255",
    "windows-1256",
    *OTHERS,
]


@every_row("charset", list(ALPHABETS))
@every_row("label", ALPHABET_LABELS)
def test_a_text_in_another_alphabet_is_read_under_the_label_of_another(
    charset: str, label: str | None
) -> None:
    text = ALPHABETS[charset]
    assert decode(text.encode(charset), label) == text
    if label in ("iso-8859-1", None):
        among = AMONG_ENGLISH.format(text)
        assert decode(among.encode(charset), label) == among


@every_row(
    ("text", "label"),
    [
        ("ÄÖÜäöüß ÀÉÈ", "iso-8859-1"),
        ("Ω µ ° § ± € ×", "windows-1252"),
        ("ООО «ФХЦЧШЩ»", "windows-1251"),
        ("ЫЪЭ ЩЪЁ", "koi8-r"),
        ("Đặng", "utf-8"),
    ],
)
def test_a_few_odd_letters_are_no_reason_to_mistrust_a_label(text: str, label: str) -> None:
    data = text.encode(codec_for(label) or "", "replace")
    assert decode(data, label) == data.decode(codec_for(label) or "")


def test_nobody_is_asked_for_the_charset_of_ascii_with_controls_in_it() -> None:
    text = "\x1b[1mgreen\x1b[0m\x00"
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # chardet warns of a program that asks it about nothing
        assert decode(text.encode(), "windows-1251") == text
