# ruff: noqa: E501, W291  (programs write lines as long as they like, and blanks at their ends)
"""Ninety answers as mail programs of many countries write them, none made by the matrix's generator.

What their writers added stands between ``[[`` and ``]]``; the marks are taken out before the mail is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ADDED: Final = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_TAGS: Final = re.compile(r"<[^<>]*>")


@dataclass(frozen=True)
class HeldOut:
    """An answer; `body` is HTML where `html` says so."""

    name: str
    marked: str
    html: bool = False

    @property
    def body(self) -> str:
        """What the mail holds."""
        return self.marked.replace("[[", "").replace("]]", "")

    @property
    def added(self) -> str:
        """What its writer wrote."""
        found = "\n".join(_ADDED.findall(self.marked))
        return _TAGS.sub(" ", found).replace("&nbsp;", " ").replace("&amp;", "&") if self.html else found


def _texts() -> dict[str, str]:
    return {
        "Thunderbird, Polish, above": """[[Dzień dobry,
niestety nadal nie działa. Drukarka mruga na czerwono.]]

W dniu 20.11.2026 o 09:12, Pomoc techniczna pisze:
> Proszę wyłączyć urządzenie i włączyć ponownie.
> Pozdrawiam
""",
        "Thunderbird, Polish, between": """W dniu 20.11.2026 o 09:12, Pomoc techniczna pisze:
> Jaki jest numer seryjny?
[[SN-44812]]
> Czy kabel jest podłączony?
[[Tak, sprawdziłem dwa razy.]]
""",
        "Gmail, Polish, signature": """[[Działa, dziękuję!]]

--
Zofia Wójcik
Księgowość

pt., 20 lis 2026 o 09:12 Pomoc <pomoc@desk.example> napisał(a):

> Czy teraz działa?
""",
        "Outlook, Polish": """[[W załączeniu przesyłam log.]]

Od: Pomoc techniczna <pomoc@desk.example>
Wysłano: piątek, 20 listopada 2026 09:12
Do: Zofia Wójcik
Temat: RE: Drukarka

Proszę o log.
""",
        "Gmail, Turkish": """[[Merhaba, yeniden başlattım ama sorun sürüyor.]]

Destek <destek@desk.example>, 20 Kas 2026 Cum, 09:12 tarihinde şunu yazdı:

> Lütfen yeniden başlatın.
""",
        "Outlook, Turkish": """[[Ekran görüntüsü ekte.]]

________________________________
Kimden: Destek <destek@desk.example>
Gönderildi: 20 Kasım 2026 Cuma 09:12
Kime: Ayşe Yılmaz
Konu: Yazıcı

Ekran görüntüsü gönderir misiniz?
""",
        "Apple Mail, Turkish, below": """20 Kas 2026 tarihinde 09:12 saatinde, Destek <destek@desk.example> şunları yazdı:

> Hangi sürümü kullanıyorsunuz?

[[Sürüm 4.2 kullanıyorum.]]
""",
        "Gmail, Japanese": """[[お世話になっております。
再起動しましたが、まだ印刷できません。]]

2026年11月20日(金) 9:12 サポート <support@desk.example>:

> プリンターを再起動してください。
""",
        "Outlook, Japanese": """[[ログを添付します。]]

________________________________
差出人: サポート <support@desk.example>
送信日時: 2026年11月20日金曜日 9:12
宛先: 田中 花子
件名: プリンター

ログをお送りください。
""",
        "Becky, Japanese, between": """[[田中です。]]

On Fri, 20 Nov 2026 09:12:00 +0900
サポート <support@desk.example> wrote:

> バージョンを教えてください。

[[4.2 です。]]

> いつからですか。

[[昨日からです。]]
""",
        "iPhone, Japanese": """[[了解しました。]]

iPhoneから送信

2026/11/20 9:12、サポート <support@desk.example>のメール:

> 明日の午後に伺います。
""",
        "QQ, Chinese": """[[还是不行,请再看看。]]



------------------ 原始邮件 ------------------
发件人: "技术支持" <support@desk.example>;
发送时间: 2026年11月20日(星期五) 上午9:12
收件人: "王伟"<wang@corp.example>;
主题: 回复:打印机

请重新启动打印机。
""",
        "Foxmail, Chinese": """[[日志已附上。]]

发件人: 技术支持
发送时间: 2026-11-20 09:12
收件人: wang
主题: 打印机
请发送日志。
""",
        "Naver, Korean": """[[재부팅했지만 여전히 안 됩니다.]]

-----Original Message-----
From: "지원팀" <support@desk.example>
To: <kim@corp.example>;
Cc:
Sent: 2026-11-20 (금) 09:12:00 (GMT+09:00)
Subject: 프린터

재부팅해 주세요.
""",
        "Gmail, Korean": """[[네, 감사합니다.]]

2026년 11월 20일 (금) 오전 9:12, 지원팀 <support@desk.example>님이 작성:

> 이제 되나요?
""",
        "Gmail, Czech, below": """pá 20. 11. 2026 v 9:12 odesílatel Podpora <podpora@desk.example> napsal:

> Restartujte prosím tiskárnu.

[[Restartoval jsem ji, nepomohlo to.]]
""",
        "Thunderbird, Czech": """[[Posílám výpis.]]

Dne 20.11.2026 v 9:12 Podpora napsal(a):
> Pošlete nám výpis.
""",
        "Outlook, Czech": """[[Děkuji, funguje to.]]

Od: Podpora <podpora@desk.example>
Odesláno: pátek 20. listopadu 2026 9:12
Komu: Jana
Předmět: Tiskárna

Zkuste to teď.
""",
        "Gmail, Hungarian": """[[Köszönöm, most már megy.]]

Támogatás <support@desk.example> ezt írta (időpont: 2026. nov. 20., P, 9:12):

> Most működik?
""",
        "Outlook, Hungarian": """[[Csatolom a naplót.]]

Feladó: Támogatás <support@desk.example>
Elküldve: 2026. november 20., péntek 9:12
Címzett: Kovács Anna
Tárgy: Nyomtató

Kérjük a naplót.
""",
        "Gmail, Greek": """[[Ναι, το έκανα. Τίποτα.]]

Στις Παρ 20 Νοε 2026 στις 9:12 π.μ., ο/η Υποστήριξη <support@desk.example> έγραψε:

> Κάντε επανεκκίνηση.
""",
        "Gmail, Hebrew": """[[זה עובד עכשיו, תודה]]

‫בתאריך יום ו׳, 20 בנוב׳ 2026 ב-9:12 מאת ‪תמיכה‬‏ <‪support@desk.example‬‏>:‬

> האם זה עובד?
""",
        "Gmail, Arabic": """[[شكرا، الطابعة تعمل الآن.]]

في الجمعة، 20 نوفمبر 2026 في 9:12 ص تمت كتابة ما يلي بواسطة الدعم <support@desk.example>:

> هل تعمل الآن؟
""",
        "Gmail, Vietnamese": """[[Tôi đã khởi động lại nhưng vẫn không in được.]]

Vào Th 6, 20 thg 11, 2026 vào lúc 09:12 Hỗ trợ <support@desk.example> đã viết:

> Vui lòng khởi động lại.
""",
        "Gmail, Thai": """[[ขอบคุณครับ ใช้ได้แล้ว]]

ในวันที่ ศ. 20 พ.ย. 2026 เวลา 09:12 ฝ่ายช่วยเหลือ <support@desk.example> เขียนว่า:

> ใช้ได้หรือยัง
""",
        "Gmail, Finnish": """[[Toimii nyt, kiitos.]]

pe 20.11.2026 klo 9.12 Tuki <tuki@desk.example> kirjoitti:

> Toimiiko nyt?
""",
        "Outlook, Swedish, footer": """[[Hej, det fungerar fortfarande inte.]]

Från: Support <support@desk.example>
Skickat: den 20 november 2026 09:12
Till: Åsa Berg
Ämne: Skrivare

Starta om skrivaren.

Detta meddelande kan innehålla konfidentiell information.
""",
        "Gmail, Ukrainian": """[[Дякую, все працює.]]

пт, 20 лист. 2026 р. о 09:12 Підтримка <support@desk.example> пише:

> Чи працює тепер?
""",
        "The Bat, Russian": """[[Здравствуйте, Иван!

Перезагрузил, не помогло.]]

20 ноября 2026 г., 9:12:00:

> Перезагрузите принтер.

--
С уважением,
 Пётр                          mailto:petr@corp.example
""",
        "Mail.ru, Russian": """[[Лог во вложении.]]

>Пятница, 20 ноября 2026, 9:12 +03:00 от Поддержка <support@desk.example>:
>
>Пришлите лог.
""",
        "Gmail, Romanian": """[[Merge acum, mulțumesc.]]

În vin., 20 nov. 2026 la 09:12, Suport <suport@desk.example> a scris:

> Merge acum?
""",
        "Gmail, Portuguese, wrapped": """[[Já reiniciei e continua igual.]]

Equipe de Suporte Técnico <suporte-tecnico@desk-com-nome-longo.example>
escreveu no dia sexta, 20/11/2026 à(s) 09:12:

> Por favor reinicie.
""",
        "Gmail, Indonesian": """[[Sudah saya coba, masih gagal.]]

Pada tanggal Jum, 20 Nov 2026 pukul 09.12 Dukungan <support@desk.example>
menulis:

> Silakan coba lagi.
""",
        "K-9, German, below": """Am 20. November 2026 09:12:00 MEZ schrieb Hilfe <hilfe@desk.example>:
>Bitte neu starten.
>Welche Version ist es?

[[Neu gestartet, keine Änderung.
Version 4.2.]]
-- 
Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.
""",
        "KMail, German": """[[Danke, das war es.]]

Am Freitag, 20. November 2026, 09:12:00 CET schrieb Hilfe:
> Bitte den Dienst neu starten.
""",
        "Claws, English, between": """[[Hi,]]

On Fri, 20 Nov 2026 09:12:00 +0000
Help Desk <support@desk.example> wrote:

> Which firmware is it?

[[7.31, from last week.]]

> Does the log say anything?

[[Only this:

  E1021 spool: no paper in tray 2]]

> Thanks
> Bob
""",
        "mutt, English, long attribution": """* Help Desk <support@desk.example> [2026-11-20 09:12]:
> Did the update help?

[[It did not. Same error as before.]]
""",
        "Gnus, English": """Help Desk <support@desk.example> writes:

> Did the update help?

[[No. Same error as before.]]
""",
        "Gnus, English, initials": """>>>>> "HD" == Help Desk <support@desk.example> writes:

    HD> Did the update help?

[[No. Same error as before.]]
""",
        "Pine, English": """[[Still broken here.]]

On Fri, 20 Nov 2026, Help Desk wrote:

> Try again, please.
>
""",
        "Lotus Notes, English": """[[The printer is fine now.]]




From:   Help Desk <support@desk.example>
To:     ann@corp.example
Date:   20/11/2026 09:12
Subject:        Printer



Is it fine now?
""",
        "Exchange, English, disclaimer": """[[Yes, please close the ticket.]]

Ann Meier
Purchasing

From: Help Desk <support@desk.example>
Sent: 20 November 2026 09:12
To: Ann Meier <ann@corp.example>
Subject: RE: Printer

May we close it?

This e-mail and any attachments are confidential and intended solely for the addressee. If you have received
it in error, please notify the sender and delete it.
""",
        "gateway, English, banner above": """CAUTION: This email originated from outside of the organization. Do not click links or open attachments
unless you recognize the sender.

[[It happened again at 10:40.]]

On 20/11/2026 09:12, Help Desk wrote:
> Tell us if it happens again.
""",
        "ticket mark, English": """[[Done, thanks.]]

##- Please type your reply above this line -##

Your request (1042) has been updated.
""",
        "same line, English": """On Fri, Nov 20, 2026 at 9:12 AM Help Desk <support@desk.example> wrote: > Is it fine?

[[It is.]]
""",
        "Blackberry, English": """[[On it.]]
Sent from my BlackBerry 10 smartphone on the Vodafone network.
From: Help Desk
Sent: Friday, 20 November 2026 09:12
To: Ann
Subject: Printer

Can you look?
""",
        "no quote, English, looks like one": """[[On Monday the printer at desk 4 wrote: paper jam.
From: tray 2, it says. We cleared it and it came back.

> show log
E1021 spool

Any idea?]]
""",
        "no quote, Polish, colon": """[[W dniu wczorajszym drukarka pisze:
brak papieru. Papier jest.]]
""",
    }


def _pages() -> dict[str, str]:
    quote = "<blockquote>Please restart it.<br>Bob</blockquote>"
    return {
        "Gmail web, Polish, signature by class": (
            '<div dir="ltr">[[Działa, dziękuję.]]<br clear="all"><br><span class="gmail_signature_prefix">-- </span>'
            '<br><div class="gmail_signature" data-smartmail="gmail_signature">Zofia Wójcik<br>Księgowość</div></div>'
            '<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">pt., 20 lis 2026 o 09:12 Pomoc '
            f"napisał(a):<br></div>{quote}</div>"
        ),
        "Thunderbird, Turkish, signature by class": (
            '<p>[[Sorun sürüyor.]]</p><pre class="moz-signature" cols="72">-- \nAyşe Yılmaz\nMuhasebe</pre>'
            '<div class="moz-cite-prefix">20.11.2026 09:12 tarihinde Destek yazdı:<br></div>'
            '<blockquote type="cite" cite="mid:a@b">Yeniden başlatın.</blockquote>'
        ),
        "Outlook, English, signature by id": (
            '<div class="WordSection1"><p class="MsoNormal">[[Please close it.]]</p>'
            '<div id="Signature"><p>Ann Meier</p><p>Purchasing</p></div>'
            '<div id="divRplyFwdMsg"><b>From:</b> Help Desk<br><b>Sent:</b> Friday<br><b>To:</b> Ann<br>'
            "<b>Subject:</b> Printer</div><div>May we close it?</div></div>"
        ),
        "Outlook for telephones, Spanish": (
            '<div dir="auto">[[Sigue igual, adjunto el registro.]]</div><div id="ms-outlook-mobile-signature">'
            "<div>Obtener Outlook para Android</div></div><hr>"
            '<div id="divRplyFwdMsg" dir="ltr"><b>De:</b> Soporte<br><b>Enviado:</b> viernes<br>'
            "<b>Para:</b> Ana<br><b>Asunto:</b> Impresora</div><div>Reinicie, por favor.</div>"
        ),
        "Apple Mail, Japanese, between": (
            '<div><blockquote type="cite"><div>2026/11/20 9:12、サポート &lt;support@desk.example&gt;のメール:</div>'
            "<div>バージョンは?</div></blockquote><div>[[4.2 です。]]</div>"
            '<blockquote type="cite"><div>いつからですか。</div></blockquote><div>[[昨日からです。]]</div></div>'
        ),
        "Yahoo, French": (
            '<div class="ydp1yahoo-style-wrap"><div>[[Toujours pareil.]]</div></div>'
            '<div id="yahoo_quoted_1" class="yahoo_quoted"><div>Le vendredi 20 novembre 2026 à 09:12, Support a écrit :'
            "</div><div>Merci de redémarrer.</div></div>"
        ),
        "Proton, German, below": (
            '<div class="protonmail_quote">Am Freitag, 20. November 2026 um 09:12 schrieb Hilfe:<br>'
            f'<blockquote class="protonmail_quote" type="cite">{quote}</blockquote></div>'
            "<div>[[Hat nicht geholfen.]]</div>"
        ),
        "Zoho, English": (
            '<div>[[It works.]]</div><div class="zmail_extra"><br><div id="Zm-_Id_-Sgn1">---- On Fri, 20 Nov 2026 '
            f"09:12 Help Desk wrote ----<br></div>{quote}</div>"
        ),
        "Samsung, Korean": (
            '<div dir="auto">[[네, 됩니다.]]</div><div id="composer_signature" dir="auto">Galaxy에서 보냄</div>'
            '<div dir="auto" style="font-size:100%"><!-- originalMessage --><div>-------- 원본 이메일 --------</div>'
            "<div>발신: 지원팀 &lt;support@desk.example&gt;</div><div>날짜: 26/11/20 오전 9:12 (GMT+09:00)</div>"
            "<div>받은 사람: kim@corp.example</div><div>제목: 프린터</div><div>이제 되나요?</div></div>"
        ),
        "GMX, German": (
            '<html><body><div>[[Der Fehler bleibt.]]</div><div name="quote" style="margin:10px 5px">'
            "<div><b>Gesendet:</b> Freitag<br><b>Von:</b> Hilfe<br><b>An:</b> Ann<br><b>Betreff:</b> Drucker</div>"
            '<div name="quoted-content">Bitte neu starten.</div></div></body></html>'
        ),
        "Roundcube, Czech, between": (
            '<div id="reply-intro">Dne 2026-11-20 9:12, Podpora napsal(a):</div>'
            '<blockquote type="cite">Jaká je verze?</blockquote><div>[[Verze 4.2.]]</div>'
            '<blockquote type="cite">Od kdy?</blockquote><div>[[Od včerejška.]]</div>'
        ),
        "Outlook, Italian, disclaimer": (
            '<p>[[Confermo, si può chiudere.]]</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3pt">'
            "<p><b>Da:</b> Assistenza &lt;support@desk.example&gt;<br><b>Inviato:</b> venerdì 20 novembre 2026<br>"
            "<b>A:</b> Anna<br><b>Oggetto:</b> Stampante</p></div><p>Possiamo chiudere?</p>"
        ),
    }


def _rarer_texts() -> dict[str, str]:
    return {
        "Lotus Notes, English, above": """[[Jim,

it still fails with error 12.

Regards, Ann]]



From:   "Help Desk" <support@desk.example>
To:     Ann Lee/ACME@ACME
Date:   11/20/2026 09:12 AM
Subject:        Re: Printer



Please restart it.
Help Desk
""",
        "Lotus Notes, German, above": """[[Geht immer noch nicht.]]



Von:    "Hilfe" <support@desk.example>
An:     Ann Lee/ACME/DE@ACME,
Datum:  20.11.2026 09:12
Betreff:        Re: Drucker



Bitte neu starten.
""",
        "GroupWise, English, above": """[[The second tray jams too.]]

>>> Help Desk <support@desk.example> 11/20/2026 9:12 AM >>>
Which tray is it?

Help Desk
""",
        "GroupWise, German, above": """[[Auch Fach 2 klemmt.]]

>>> Hilfe <support@desk.example> 20.11.2026 09:12 >>>
Welches Fach ist es?
""",
        "K-9, English, above": """[[It is fixed, thanks.]]
--
Sent from my Android device with K-9 Mail. Please excuse my brevity.

On November 20, 2026 9:12:44 AM GMT+01:00, Help Desk <support@desk.example> wrote:
>Is it fixed?
>
>Help Desk
""",
        "K-9, German, above": """[[Passt, danke.]]

Am 20. November 2026 09:12:44 MEZ schrieb Hilfe <support@desk.example>:
>Passt es jetzt?
--
Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.
""",
        "FairEmail, English, between": """20 Nov 2026 09:12:44 Help Desk <support@desk.example>:

> Which version is it?
[[It is 4.2.]]
> And the system?
[[Debian 12.]]
""",
        "Spark, English": """[[Yes, please close it.]]

Sent from Spark
On 20 Nov 2026, 09:12 +0100, Help Desk <support@desk.example>, wrote:
> Can we close this?
""",
        "Superhuman, English": """[[Works for me now.]]

Sent via Superhuman ( https://sprh.mn/?vip=ann )

On Fri, Nov 20, 2026 at 9:12 AM, Help Desk < support@desk.example > wrote:

> Does it work for you?
""",
        "Thunderbird, Japanese, above": """[[まだ印刷できません。]]

On 2026/11/20 9:12, サポート wrote:
> 再起動してください。
""",
        "Thunderbird, Japanese, own words": """[[まだ印刷できません。
よろしくお願いします。]]

2026/11/20 9:12、サポート のメール:
> 再起動してください。
""",
        "Thunderbird, Arabic, above": """[[لا تزال الطابعة لا تعمل.]]

في 20/11/2026 09:12، كتب الدعم:
> يرجى إعادة التشغيل.
""",
        "Thunderbird, Russian, between": """20.11.2026 09:12, Поддержка пишет:
> Какая версия?
[[Версия 4.2.]]
> С какого дня?
[[Со вчерашнего.]]
""",
        "Thunderbird, Russian, above": """[[Принтер всё ещё не печатает.]]

20.11.2026 09:12, Поддержка пишет:
> Перезагрузите его.
""",
        "top and bottom": """[[Short answer: no.]]

On 20/11/2026 09:12, Help Desk wrote:
> Did the restart help?
> What does the display say?

[[The display says E-12.]]
""",
        "top, between and bottom": """[[See below.]]

On Fri, 20 Nov 2026 09:12:00 +0100, Help Desk wrote:

> Did the restart help?

[[No.]]

> What does the display say?

[[E-12.]]

> Regards

[[Ann]]
""",
        "mailing list digest": """[[I see this as well.]]

> Message: 3
> Date: Fri, 20 Nov 2026 09:12:00 +0100
> From: Help Desk <support@desk.example>
> Subject: [users] Printer
>
> Does anybody else see E-12?
""",
        "mailman footer below": """[[I see this as well.]]

On 20.11.26 09:12, Help Desk wrote:
> Does anybody else see E-12?
_______________________________________________
users mailing list -- users@lists.example
To unsubscribe send an email to users-leave@lists.example
""",
        "Outlook for iOS, English": """[[Done.]]

Get Outlook for iOS<https://aka.ms/o0ukef>
________________________________
From: Help Desk <support@desk.example>
Sent: Friday, November 20, 2026 9:12:44 AM
To: Ann Lee <ann@corp.example>
Subject: Re: Printer

Please restart it.
""",
        "Outlook for Android, French": """[[C'est fait.]]

Télécharger Outlook pour Android<https://aka.ms/AAb9ysg>
________________________________
De : Assistance <support@desk.example>
Envoyé : vendredi 20 novembre 2026 09:12
À : Anne <anne@corp.example>
Objet : Re: Imprimante

Veuillez redémarrer.
""",
        "Outlook for iOS, Thai": """[[เรียบร้อยแล้ว]]

ดาวน์โหลด Outlook for iOS<https://aka.ms/o0ukef>
________________________________
จาก: Help Desk <support@desk.example>
ส่งเมื่อ: วันศุกร์ที่ 20 พฤศจิกายน 2026 09:12
ถึง: Ann <ann@corp.example>
เรื่อง: Re: Printer

Please restart it.
""",
        "a link of one's own stays": """[[It is on this page:
https://aka.ms/printing-guide]]

On 20/11/2026 09:12, Help Desk wrote:
> Which page?
""",
        "gateway, English and French": """[[The tray is broken.]]

On 20/11/2026 09:12, Help Desk wrote:
> What is broken?

This e-mail and any attachments are confidential and may be privileged. If you are not the intended
recipient, please delete it. / Ce message et ses pièces jointes sont confidentiels. Si vous n'êtes pas le
destinataire, merci de le supprimer.
""",
        "gateway, German and English": """[[Das Fach ist kaputt.]]

Am 20.11.2026 um 09:12 schrieb Hilfe:
> Was ist kaputt?

________________________________

Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, löschen Sie sie
bitte. This e-mail may contain confidential information. If you are not the intended recipient please
delete it.
""",
        "mutt, signature below": """* Help Desk <support@desk.example> [2026-11-20 09:12]:
> Which shell?

[[zsh 5.9]]

--
ann
""",
        "Mailbird, Spanish": """[[Sigue sin funcionar.]]

On 20/11/2026 09:12:44, Soporte <support@desk.example> wrote:
Reinicie, por favor.
""",
    }


def _rarer_pages() -> dict[str, str]:
    quote = "<p>Please restart it.</p><p>Help Desk</p>"
    return {
        "Lotus Notes": (
            '<font size=2 face="sans-serif">[[It still fails.]]</font><br><br><br><br>'
            '<font size=1 color=#5f5f5f face="sans-serif">From: &nbsp; &nbsp; &nbsp; &nbsp;</font>'
            '<font size=1 face="sans-serif">&quot;Help Desk&quot; &lt;support@desk.example&gt;</font><br>'
            '<font size=1 color=#5f5f5f face="sans-serif">To: &nbsp; &nbsp; &nbsp; &nbsp;</font>'
            '<font size=1 face="sans-serif">Ann Lee/ACME@ACME</font><br>'
            '<font size=1 color=#5f5f5f face="sans-serif">Date: &nbsp; &nbsp; &nbsp; &nbsp;</font>'
            '<font size=1 face="sans-serif">11/20/2026 09:12 AM</font><br>'
            '<font size=1 color=#5f5f5f face="sans-serif">Subject: &nbsp; &nbsp; &nbsp; &nbsp;</font>'
            '<font size=1 face="sans-serif">Re: Printer</font><br><hr noshade><br>' + quote
        ),
        "GroupWise": (
            "<div>[[Tray 2 jams too.]]</div><div><br></div>"
            "<div>&gt;&gt;&gt; Help Desk &lt;support@desk.example&gt; 11/20/2026 9:12 AM &gt;&gt;&gt;</div>"
            '<div style="padding-left:7px;border-left:solid 1px #050505;margin:0 0 0 7px">' + quote + "</div>"
        ),
        "FairEmail, German": (
            '<p>[[Geht wieder.]]</p><div fairemail="separator"></div><p>20.11.2026 09:12:44 Hilfe '
            '&lt;support@desk.example&gt;:</p><blockquote type="cite">' + quote + "</blockquote>"
        ),
        "Spark": (
            '<div name="messageBodySection"><div dir="auto">[[Close it.]]</div></div>'
            '<div name="messageSignatureSection"><br><div>Sent from Spark</div></div>'
            '<div name="messageReplySection">On 20 Nov 2026, 09:12 +0100, Help Desk, wrote:<br>'
            '<blockquote type="cite">' + quote + "</blockquote></div>"
        ),
        "Superhuman": (
            '<div>[[Works now.]]</div><br><div class="sh-signature"><div class="gmail_signature">Sent via '
            'Superhuman</div></div><br><div class="gmail_quote"><div>On Fri, Nov 20, 2026 at 9:12 AM, Help Desk '
            'wrote:<br><blockquote class="gmail_quote">' + quote + "</blockquote></div></div>"
        ),
        "Outlook for Android": (
            '<div dir="auto">[[Done.]]</div><div id="ms-outlook-mobile-signature" dir="auto">Get <a '
            'href="https://aka.ms/AAb9ysg">Outlook for Android</a></div><hr style="display:inline-block;width:98%">'
            '<div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Help Desk<br><b>Sent:</b> Friday<br><b>To:</b> Ann<br>'
            "<b>Subject:</b> Re: Printer</div>" + quote
        ),
    }


HELD_OUT: Final = (
    *(HeldOut(name, text) for name, text in _texts().items()),
    *(HeldOut(name, page, html=True) for name, page in _pages().items()),
)
RARER: Final = (
    *(HeldOut(name, text) for name, text in _rarer_texts().items()),
    *(HeldOut(name, page, html=True) for name, page in _rarer_pages().items()),
)
