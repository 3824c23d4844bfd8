"""Words by which mail programs announce what they quote. Evidence beside shape, never the only one.

Everything here is in small letters; a word counts where it is found in a casefolded text, so that a stem is
enough. Languages that are missing are still read by shape (`mail.mime.quotes.announcements`).
"""

from __future__ import annotations

from typing import Final, Literal

from config.expressions import expression

Role = Literal["from", "date", "to", "cc", "subject"]


class Words(tuple[str, ...]):
    """Words to look for. `plain` are those in ASCII: no other stands in a text that is ASCII."""

    plain: tuple[str, ...]


def _words(text: str) -> Words:
    words = Words(" ".join(word.split()) for word in text.split("|"))
    words.plain = tuple(filter(str.isascii, words))
    return words


_LABELS: Final[dict[Role, str]] = {
    "from": """from|von|de|da|van|fra|från|frå|frá|od|од|от|від|mittente|remitente|expéditeur|expeditor|
    de la|lähettäjä|feladó|kimden|gönderen|από|αποστολέας|từ|người gửi|发件人|寄件者|寄件人|
    差出人|送信者|送信元|보낸 사람|보낸사람|발신|ผู้ส่ง|จาก|מאת|من|از|dari|daripada|pengirim|
    nuo|no|saatja|kellelt|absender|afsender|avsender|avsändare|afzender|odesílatel|odosielateľ|
    ពី|ផ្ញើពី|ከ|ຈາກ|မှ|पठाउने|बाट|වෙතින්|გამგზავნი|ვისგან|ուղարկող|ումից|அனுப்புநர்|кімнен|хэнээс|
    প্রেরক|থেকে|నుండి|ಇಂದ|പ്രേഷകൻ|ଠାରୁ|kutoka|gönderən|kimdən|kimdan|nga|nork|oddi wrth|ó|minn|жіберуші|
    از طرف|vun|ад|
    nadawca|šalje|pošiljatelj|отправитель|od koga|प्रेषक""",
    "date": """date|sent|date sent|sent at|sent on|when|datum|gesendet|gesendet am|envoyé|envoyé le|fecha|
    enviado|enviado el|enviado em|enviada|enviada em|enviado a|data|data invio|inviato|inviata|
    inviato il|verzonden|dato|sendt|skickat|skickades|lähetetty|päivämäärä|päiväys|elküldve|
    dátum|küldve|tarih|gönderme tarihi|gönderildi|αποστολή|ημερομηνία|στάλθηκε|отправлено|дата|
    дата отправки|відправлено|надіслано|wysłano|odesláno|odoslané|odoslaná|trimis|trimisă|
    poslano|poslato|послато|датум|发送时间|发送日期|日期|时间|寄件日期|時間|已傳送|傳送時間|
    送信日時|日時|日付|보낸 날짜|보낸날짜|날짜|보낸 시간|ngày|đã gửi|תאריך|נשלח|تاريخ|التاريخ|
    تم الإرسال|تاریخ|วันที่|ส่งแล้ว|ส่งเมื่อ|tanggal|terkirim|dikirim|išsiųsta|data ir laikas|
    nosūtīts|datums|saadetud|kuupäev|изпратено|dagsetning|दिनांक|
    កាលបរិច្ឆេទ|បានផ្ញើ|ថ្ងៃ|ቀን|ວັນທີ|ရက်စွဲ|နေ့စွဲ|मिति|දිනය|თარიღი|გაგზავნილია|ամսաթիվ|ուղարկվել է|தேதி|күні|
    огноо|তারিখ|తేదీ|ದಿನಾಂಕ|തീയതി|tarehe|tarix|sana|تاریخ ارسال|saatmisaeg|dërguar|
    bidalia|enviat|data d'enviament|anfonwyd|seolta|mibgħut|жіберілген күні|بھیجا گیا|পাঠানো হয়েছে|
    పంపబడింది|geschéckt|
    адпраўлена|भेजा गया|илгээсэн|ilitumwa|yuborildi|göndərilib|ส่ง""",
    "to": """to|an|à|a|para|pour|aan|til|till|vastaanottaja|címzett|kime|alıcı|προς|кому|до|do|komu|
    către|za|收件人|收件者|宛先|送信先|받는 사람|받는사람|수신|đến|tới|אל|إلى|به|ถึง|kepada|
    untuk|kam|kellele|saaja|ទៅ|ទៅកាន់|ជូនចំពោះ|ለ|ເຖິງ|သို့|लाई|වෙත|მიმღები|ვის|ստացող|ում|பெறுநர்|кімге|
    хэнд|প্রাপক|
    কে|కు|ಗೆ|ഇതിന്|kwa|kimə|kimga|adressaat|për|nori|per a|at|chuig|lil|بنام|প্রতি|
    వీరికి|un|каму|adresatas|destinatario|destinataire|destinatário|empfänger|modtager|
    mottaker|mottagare|ontvanger|prima|primatelj|получатель|příjemce|príjemca|за|per|प्रति""",
    "cc": """cc|bcc|kopie|in kopie|kopia|kopi|copia|copia a|cópia|copie|copie à|cópia para|копия|копія|
    抄送|副本|参照|참조|κοιν|κοινοποίηση|bilgi|másolat|másolatot kap|kopio|עותק|نسخة|สำเนา|dw|
    tembusan|kop""",
    "subject": """subject|betreff|objet|sujet|asunto|assunto|oggetto|onderwerp|emne|ämne|aihe|tárgy|konu|θέμα|
    тема|temat|předmět|predmet|subiect|主题|主題|主旨|件名|제목|chủ đề|tiêu đề|נושא|הנדון|
    الموضوع|موضوع|เรื่อง|ชื่อเรื่อง|subjek|perihal|tema|teema|efni|относно|naslov|zadeva|
    assumpte|gaia|предмет|re|rif|temats|विषय|
    ប្រធានបទ|កម្មវត្ថុ|ርዕስ|ርዕሰ ጉዳይ|ຫົວຂໍ້|အကြောင်းအရာ|විෂය|თემა|საგანი|թեմա|பொருள்|тақырыбы|тақырып|
    сэдэв|гарчиг|বিষয়|విషయం|ವಿಷಯ|വിഷയം|mada|mövzu|mavzu|subjekti|pwnc|ábhar|suġġett|evni|
    тэма""",
}
LABELS: Final[dict[str, Role]] = {word: role for role, words in _LABELS.items() for word in _words(words)}

WROTE: Final = _words(
    """wrote|writes|said:|sent:|schrieb|schreibt|écrit|écriv|escribió|escrito|escribio|escreveu|
    scritto|scrive|skrev|skrifaði|napisał|napisal|napisao|napísal|napsal|написа|пишет|писал|
    pisze|schreef|geschreven|schrijft|kirjoitti|kirjoittaa|írta|yazdı|yazmış|scris|έγραψε|
    γράφει|viết|写道|寫道|写|作成|書きました|작성|썼|menulis|rašė|rakstīja|kirjutas|va escriure|
    idatzi|sinulat|aliandika|ysgrifennodd|scríobh|geskryf|geschriwwen|escribiu|напиша|напіса|жазды|бичсэн|
    shkroi|yazıb|yozdi|menulis|tulis|գրել|წერდა|დაწერა|লিখেছেন|எழுதியது|రాశారు|ጽፏል|wabhala|
    كتب|כתב|เขียน|نوشت|ने लिखा|escriu|пише"""
)
PARTICLES: Final = frozenset(
    _words(
        """giorno|alle|dnia|dana|dans|jour|folgendes|following|mailto|time|heure|ora|tanggal|pukul|kell|klo|kello|heeft|hebben|volgende|dies|przez|godz|
        dniu|wiadomość|napisana|odesílatel|odosielateľ|χρήστης|χρήστη|időpont|időpontban|keltezéssel|tarihinde|
        şunu|şunları|użytkownik|пользователь|користувач|потребител|utilisateur|usuario|usuário|utilizador|
        korisnik|používateľ|uživatel|felhasználó|utente|utilizator|kasutaja|lietotājs|naudotojas|bruger|
        brugeren|användaren|brukeren|gebruiker|käyttäjä|benutzer|user"""
    )
)
FORWARDED: Final = _words(
    """forward|weitergeleit|weiterleit|transfér|transfer|transmis|réexp|reenvia|rebotad|
    doorgestuur|vidarebeford|videresen|vidaresen|пересы|пересла|пересил|переад|inoltr|encaminh|
    przekaza|przesłan|přeposl|preposl|továbbít|iletile|yönlendir|προωθ|välitet|edelleenläh|
    redirec|proslij|prosle|posredova|edasta|persiųs|pārsūt|转发|轉寄|轉發|転送|전달|chuyển tiếp|
    הועבר|מועבר|معاد|محول|إعادة توجيه|ส่งต่อ|diteruskan|препрат|framsen|terusan|
    បញ្ជូនបន្ត|បញ្ជូន​បន្ត|የተላለፈ|ສົ່ງຕໍ່|ထပ်ဆင့်|अग्रेषित|फॉरवर्ड|გადაგზავნ|փոխանց|முன்னனுப்ப|қайта жібер|дамжуул"""
)
ORIGINAL: Final = _words(
    """origin|ursprün|ursprung|oorspronk|oprindel|opprinnel|исходн|оригинал|оригінал|вихідн|
    oryginal|původn|pôvodn|eredeti|özgün|orijinal|αρχικ|alkuper|izvorn|izvirn|algne|первонач|
    początk|upprunal|原始|原文|原邮件|原信|元の|원본|gốc|מקור|الأصل|ต้นฉบับ|asli|reply|antwort|
    respuesta|réponse"""
)
_SENT: Final = _words(
    """sent from|sent via|sent with|sent using|sent by|gesendet|versendet|von meine|
    diese nachricht wurde von|diese e-mail wurde von|envoy|enviad|enviat|inviat|verzonden|
    verstuurd|gestuurd|отправлен|надіслан|відправлен|sendt|skickat|skickad|lähetetty|wysłan|
    odeslán|odoslan|elküld|küldve|küldöt|trimis|gönder|στάλθηκε|εστάλη|από το|发自|發自|傳送自|
    传自|从我|나의|נשלח|أرسل|تم الإرسال|مرسل|dikirim|gửi từ|đã gửi|ส่งจาก|poslan|poslat|
    изпратен|saadetud|išsiųst|nosūtīt|ارسال|bidalia"""
)
_GET: Final = _words(
    """get outlook|get bluemail|get yahoo|obtenir outlook|obtenez outlook|téléchargez outlook|
    obtener outlook|obter o outlook|obtenha o outlook|descargar outlook|ottieni outlook|
    scarica outlook|download outlook|hent outlook|hämta outlook|hanki outlook|pobierz outlook|
    získat outlook|stáhnout outlook|obțineți outlook|outlook für|holen sie sich outlook|
    laden sie outlook|скачать outlook|outlook beszerzése|获取 outlook|取得 outlook"""
)
_SENT_BEHIND: Final = (
    "gesendet",
    "から送信",
    "から送信されました",
    "보냄",
    "보낸 메일",
    "gönderildi",
    "送信",
)
_BRANDS: Final = _words(
    """iphon|ipad|ipod|ios|android|samsung|galaxy|huawei|honor|xiaomi|redmi|oppo|vivo|realme|
    blackberry|outlook|yahoo|gmx|web.de|proton|thunderbird|windows|nokia|lumia|sony|xperia|
    motorola|oneplus|pixel|fairphone|telekom|smartphone|handy|mobil|móvil|телефон|phone|tablet|
    gmail|airmail|bluemail|superhuman|zoho|yandex|mail.ru|tutanota|orange|sfr|lenovo|htc|k-9|
    aqua mail|newton|sparrow|手机|手機|携帯|邮箱"""
)
_MINE: Final = ("sent from my ", "sent via my ", "sent with my ", "sent from ")

SECRECY: Final = _words(
    """confidential|intended recipient|intended solely|intended only|solely for the use|addressee|
    privileged|vertraulich|richtige empfänger|irrtümlich|unbefugt|adressat|confidentiel|
    destinataire|confidencial|destinatari|privilegiad|riservat|vertrouwelijk|geadresseerde|
    abusievelijk|fortrolig|konfidensiel|konfidentiell|luottamuksell|poufn|důvěrn|dôvern|
    bizalmas|confidențial|gizlidir|gizli bilgi|απόρρητ|εμπιστευτικ|конфиденциальн|конфіденційн|
    konfidenciāl|konfidencial|konfidentsiaal|trúnaðar|cyfrinachol|kunfidenz|isilpeko|vertroulik|kumpidensyal|
    доверлив|поверљив|канфідэнцыйн|құпия|კონფიდენც|գաղտնի|məxfi|गोपनीय|গোপনীয়|محرمانه|
    поверителн|povjerljiv|zaupn|机密|保密|機密|기밀|rahasia|ความลับ|bảo mật|סודי|سري|誤って受信|
    宛先の方以外"""
)
WARNING: Final = _words(
    """disclaimer|unauthorized|unauthorised|notify the sender|in error|delete it|delete this|
    please delete|empfänger|vernichten|ausschließlich für|rechtsverbindlich|par erreur|détruire|
    por error|por engano|per errore|cancellar|d.lgs|ontvanger|uitsluitend bestemd|modtager|
    mottaker|mottagare|vastaanottaja|adresat|odbiorc|příjemc|címzett|alıcı|παραλήπτη|получател|
    одержувач|адресат|收件人|收件者|法律責任|수신인|수신자|người nhận|נמען|المستلم|legally|
    protected from disclosure|virus|gdpr|dsgvo|pas être diffus|diffusés sans|仅限于发送|仅限收|僅限於|
    kļūdas|izdzēs|klaidos|klaidingai|ištrin|kustuta|mistök|eyðið|gabim|fshi|greškom|obriš|pogreš|izbriš|pomotoma|
    по грешка|избриш|изтрий|помилк|видал|памылк|выдал|səhvən|गलती|हटा दें|ভুল|اشتباه|tersilap|burahin|per abuis|
    verwyder|შეცდომ|սխալմամբ|қате|
    宛先でない|宛先以外|誤送信"""
)
THE_MAIL: Final = _words(
    """e-past|ziņojum|laišk|pranešim|tölvupóst|skeyti|mesazh|порака|порук|паведамленн|წერილ|შეტყობინ|նամակ|məktub|
    хабарлама|ईमेल|संदेश|ইমেইল|বার্তা|ایمیل|پیام|mensahe|boodskap|
    mail|message|nachricht|courriel|correo|mensaje|messaggi|mensagem|bericht|besked|melding|meddelande|viesti|
    wiadomo|zpráv|správ|üzenet|mesaj|ileti|μήνυμα|сообщени|письм|лист|повідомлен|съобщени|poruk|sporočil|邮件|
    郵件|メール|메일|thư|surel|อีเมล|הודעה|דואר|رسالة|transmission|communication|communicat|attachment|recipient|
    addressee|destinat|empfänger|adressat|adresat|odbiorc|příjemc|címzett|ontvanger|geadresseerde|modtager|
    mottaker|mottagare|vastaanottaja|alıcı|παραλήπτη|получател|адресат|收件|宛先|수신|נמען|المستلم"""
)
"""What a notice about secrecy speaks of: the mail, or whom it is for. A person speaks of other things."""
WITHIN: Final = _words(
    """inline|in-line|interspersed|in red|in blue|in green|in bold|in colour|in color|answers below|
    comments below|replies below|answers within|comments within|in rot|in blau|in grün|in fett|
    farbig|rot markiert|im text unten|antworten unten|kommentare unten|en rouge|en bleu|en vert|
    en gras|en rojo|en azul|en verde|en negrita|in rosso|in blu|in verde|in grassetto|in het rood|
    in rood|in het blauw|em vermelho|em azul|i rött|i rødt|med rødt|punaisella|na czerwono|
    czerwonym|červeně|piros|kırmızı|με κόκκινο|красным|синим|червоним|赤字|赤で|青字|红色|紅色|红字|
    蓝色|藍色|빨간|파란"""
)
"""What is said by those who answer within the quoted mail, in another colour."""
COMPANY: Final = _words(
    """the views expressed|represent the|liability|liable|haftung|responsabilit|aansprakelijk|
    registered office|registered in|company number|company no|registergericht|amtsgericht|
    handelsregister|hrb|geschäftsführ|vorstand|aufsichtsrat|sitz der|firmensitz|
    managing director|chairman|siège social|capital social|capitale sociale|partita iva|
    kamer van koophandel|organisationsnummer|siedziba|огрн"""
)
_SCANNERS: Final = _words(
    """virus|avast|avg|kaspersky|bitdefender|mcafee|norton|eset|sophos|mimecast|proofpoint|
    barracuda|messagelabs|symantec|mailscanner|malware|spam"""
)
_SCANNED: Final = _words(
    """virus-free|virus free|virenfrei|scanned|swept|checked for|checked by|protected by|geprüft|
    vérifié|analysé|analizado|verificado|controllat|gecontroleerd|gescand|проверен|sprawdzon|
    přeskenov|kontrollerat|sans virus"""
)
_NATURE: Final = _words(
    """environment|umwelt|environnement|medio ambiente|medioambiente|ambiente|milieu|miljø|miljö|
    środowisk|окружающ"""
)
_PRINT: Final = _words("print|druck|imprim|stampa|afdruk|utskrift|drukow|печат")
LIST_FOOTER: Final = _words(
    """mailing list|mailinglist|unsubscrib|subscri|abmelden|abbestell|désabonn|désinscri|suscrip|
    disiscri|afmelden|отписа|listinfo|/options/|list|google groups|googlegroups|faq|-leave@|
    退订|取消订阅|配信停止"""
)
OUTSIDE: Final = _words(
    """external|outside|extern|extérieur|exterior|esterno|außerhalb|ausserhalb|внешн|
    вне организации|外部|zewn|utanför|ekstern|fuori|fuera|fora da|hors de|buiten|ulkopuol|külső|
    dış"""
)
CARE: Final = _words(
    """caution|warning|attention|be careful|do not click|don't click|do not open|unknown sender|
    recognize|recognise|vorsicht|achtung|hinweis|klicken|anhänge|prudence|avertissement|cliquez|
    precaución|atención|clic|cuidado|atenção|clique|attenzione|prestare|let op|waarschuwing|
    klik|varning|försiktig|advarsel|forsigtig|uwaga|ostrożn|осторожн|внимание|注意|谨慎|警告|
    警惕|dikkat|vigyáz|figyel|varoitus|originated|mail|message|nachricht|courriel|correo|
    mensaje|messaggio|bericht|wiadomo|письмо|сообщение|邮件|メール|sender|absender"""
)
FORWARDING_SUBJECT: Final = expression(
    r"\s*(?:\[[^\[\]]{1,40}\]\s*)?(?:fwd?|wg|tr|rv|enc|doorst|vb|pd|i|fs|i\u0307?lt|tov|vl|vs|πρθ|пересл|转发|轉寄|転送|전달)"
    r"\s*(?:\[\d+\]|\(\d+\))?[:：]"
)
"""The prefix of a forwarded mail's casefolded subject."""


_OTHER_COLONS: Final = {"៖": ":", "፦": ":", "՝": ":", "꞉": ":", "∶": ":", "﹕": ":"}
"""Khmer, Ethiopic, Armenian, and signs that keyboards give."""
_COLONS: Final = str.maketrans(_OTHER_COLONS)


def with_known_colons(text: str) -> str:
    """Return a text in which whatever stands for a colon in some script is one; as long as it was."""
    if text.isascii() or not any(sign in text for sign in _OTHER_COLONS):
        return text
    return text.translate(_COLONS)


def has(text: str, words: Words) -> bool:
    """Return whether one of the words stands in the casefolded text."""
    return any(map(text.__contains__, words.plain if text.isascii() else words))


def count(text: str, words: Words) -> int:
    """Return how many of the words stand in the casefolded text."""
    return sum(map(text.__contains__, words.plain if text.isascii() else words))


def is_device_line(line: str) -> bool:
    """Return whether a casefolded line is a program's praise of itself: ``sent from my iphone``."""
    if len(line) > 130:
        return False
    if line.startswith((*_MINE, *_GET)):
        return len(line) < 70
    branded = has(line, _BRANDS)
    return branded and (line.startswith(_SENT) or line.rstrip(" .").endswith(_SENT_BEHIND))


def tells_of_scanner(text: str) -> bool:
    """Return whether a casefolded paragraph says that a program found no virus in the mail."""
    return has(text, _SCANNERS) and has(text, _SCANNED)


def asks_not_to_print(text: str) -> bool:
    """Return whether a casefolded paragraph asks to think of the trees."""
    return has(text, _NATURE) and has(text, _PRINT)
