"""In which of the shipped languages somebody writes: by choice, script, header of their mail, their words."""

from __future__ import annotations

import unicodedata
from typing import Final

from config.expressions import expression

LANGUAGES: Final = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "zh")
LOOKED_AT: Final = 3_000
"""Characters of a text that are looked at."""
_ENOUGH: Final = 4
"""So many signs of a script, or small words of a language and twice as many as of any other."""

_KANA: Final = expression("[\u3041-\u309f\u30a1-\u30ff]")
_HAN: Final = expression("[\u4e00-\u9fff]")
_WORD: Final = expression(r"[^\W\d_]+")
_TAG: Final = expression(r"[a-z]{2}(?=$|[-_,;\s])")
_SMALL: Final[dict[str, frozenset[str]]] = {
    name: frozenset(words.split())
    for name, words in {
        "en": (
            "the and is are was with this that have has not you your for from can cannot please hello "
            "thanks of to it my we"
        ),
        "de": (
            "der die das und ist nicht mit ich wir sie ein eine auf für bitte danke hallo guten seit "
            "kann zu den dem im haben mein"
        ),
        "fr": (
            "le la les et est pas avec je nous vous une des du pour bonjour merci depuis peut mon "
            "dans sur ne que qui ce"
        ),
        "es": (
            "el la los las y es no con yo nosotros una del para hola gracias desde puede mi en por "
            "que se al este"
        ),
        "pt": (
            "o a os as e é não com eu nós uma do da para olá obrigado obrigada desde pode meu em por "
            "que se ao este"
        ),
        "it": (
            "il lo la gli e è non con io noi una del della per ciao buongiorno grazie dal può mio nel "
            "che si al questo"
        ),
        "nl": (
            "de het een en is niet met ik wij u van voor hallo bedankt sinds kan mijn op dat te graag "
            "geen naar zijn"
        ),
        "pl": (
            "i jest nie z się na do to od że dzień dobry proszę dziękuję mam mogę moje w po jak dla już przez"
        ),
    }.items()
}
_WORDS_OF: Final[dict[str, tuple[str, ...]]] = {
    word: tuple(name for name, words in _SMALL.items() if word in words)
    for word in frozenset().union(*_SMALL.values())
}
"""The languages of each small word."""


def language_of(text: str, content_language: str = "", chosen: str = "") -> str:
    """Return the language of somebody who wrote a text, or '' when it is not clear or none of `LANGUAGES`.

    ``chosen`` is what is kept of them, ``content_language`` the header of their mail (RFC 3282).
    """
    return (
        known(chosen)
        or _by_script(text[:LOOKED_AT])
        or known(content_language)
        or _by_words(text[:LOOKED_AT])
    )


def known(tag: str) -> str:
    """Return the language of a tag such as ``de-AT`` that there are texts in, or ''."""
    found = _TAG.match(tag.strip().lower())
    return found[0] if found and found[0] in LANGUAGES else ""


def _by_script(text: str) -> str:
    if text.isascii():
        return ""
    kana, han = len(_KANA.findall(text)), len(_HAN.findall(text))
    if kana + han < _ENOUGH or (kana + han) * 3 < sum(map(str.isalpha, text)):
        return ""
    return "ja" if kana * 10 >= han else "zh"


def _by_words(text: str) -> str:
    found = dict.fromkeys(_SMALL, 0)
    words = map(str.lower, _WORD.findall(unicodedata.normalize("NFC", text)))
    for names in filter(None, map(_WORDS_OF.get, words)):
        for name in names:
            found[name] += 1
    (most, name), (second, _) = sorted(((count, name) for name, count in found.items()), reverse=True)[:2]
    return name if most >= _ENOUGH and most >= 2 * second else ""
