"""Customers and agents are written to in their language, by the narrowest text that the desk has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from config.clock import now
from desk import customizing
from desk.customizing import Where
from desk.errors import NotAllowed, NotFound, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.templates import texts
from desk.templates.language import LANGUAGES, language_of
from desk.templates.rendering import ALL_FACTS, FACTS, BrokenTemplate, check
from desk.templates.texts import TEXTS, WITH_SUBJECT, Places, shipped, text
from mail.mime.message import parse
from models import blobs, settings
from models import templates as rows
from models.departments import Department
from models.templates import StoredTemplate
from models.topics import Topic
from models.transactions import transaction
from tests.support.mails import Door, mail, value
from tests.support.rows import every_row
from tests.support.workbench import ADMIN, make_agent, make_ticket

TEN = {
    "en": (
        "Hello, the printer is not working since this morning and I have not the time. Please "
        "help, thank you for that."
    ),
    "de": (
        "Guten Tag, seit heute Morgen kann ich mich nicht anmelden. Bitte helfen Sie mir, danke "
        "und viele Grüße."
    ),
    "fr": (
        "Bonjour, depuis ce matin je ne peux pas me connecter sur le serveur. Merci de votre aide "
        "pour ce problème."
    ),
    "es": (
        "Hola, desde esta mañana no puedo entrar en el sistema. Gracias por la ayuda con este "
        "problema de los usuarios."
    ),
    "pt": (
        "Olá, desde esta manhã não posso entrar no sistema. Obrigado pela ajuda com este problema "
        "e uma resposta em breve."
    ),
    "it": (
        "Buongiorno, dal mattino non riesco a entrare nel sistema. Grazie per l'aiuto con questo "
        "problema della stampante."
    ),
    "nl": (
        "Hallo, sinds vanmorgen kan ik niet meer inloggen op het systeem. Bedankt voor de hulp "
        "met dit probleem van mijn computer."
    ),
    "pl": (
        "Dzień dobry, od rana nie mogę się zalogować do systemu. Proszę o pomoc, dziękuję i "
        "pozdrawiam z biura."
    ),
    "ja": "お世話になっております。今朝からログインできません。よろしくお願いします。",
    "zh": "您好，从今天早上开始我无法登录系统，请帮忙处理，谢谢。",
}


def known(**ticket: Any) -> Mapping[str, Mapping[str, Any]]:
    facts: dict[str, dict[str, Any]] = {group: dict.fromkeys(each, "") for group, each in FACTS.items()}
    facts["ticket"].update(number="1042", tags=["vpn"], **ticket)
    return facts


@pytest.fixture
def kim(desk: Desk) -> Actor:
    return make_agent("kim")


@every_row("language", LANGUAGES)
@every_row("name", TEXTS)
def test_every_text_is_shipped_whole_in_every_language(name: str, language: str) -> None:
    source = shipped(name, language)
    subject, below = texts.parts_of(source)
    assert bool(subject) == (name in WITH_SUBJECT)
    for part in (subject, below):
        check(part, name, {group: ALL_FACTS[group] for group in TEXTS[name][1]}, places=False)
    assert below.strip()
    facts = re.compile(r"(?:ticket|mailbox|login|listener|report|message|away|owner)\.\w+")
    assert set(facts.findall(source)) == set(facts.findall(shipped(name, "en"))), "all say the same"
    assert source.count("ticket.number") == shipped(name, "en").count("ticket.number")
    for word in ("#note", "#reply", "nightdesk ticket show"):
        assert (word in source) == (word in shipped(name, "en")), word
    if language != "en":
        assert source != shipped(name, "en")


@every_row(("language", "words"), TEN.items())
def test_a_text_tells_its_language(language: str, words: str) -> None:
    assert language_of(words) == language


@every_row("words", ["", "VPN", "ok", "не работает принтер", "1234", "de la de la", "日"])
def test_what_is_not_clear_has_none(words: str) -> None:
    assert language_of(words) == ""


@every_row(
    ("header", "chosen", "found"),
    [
        ("de-DE", "", "de"),
        ("DE", "", "de"),
        ("fr, en", "", "fr"),
        ("tlh", "", ""),
        ("deutsch", "", ""),
        ("en-US", "pl", "pl"),
        ("", "xx", ""),
    ],
)
def test_a_choice_counts_before_the_header_of_the_mail(header: str, chosen: str, found: str) -> None:
    assert language_of("VPN", header, chosen) == found


def test_a_script_counts_before_the_header_and_the_header_before_words() -> None:
    assert language_of(TEN["ja"], "en-US") == "ja"
    assert language_of(TEN["en"], "de-DE") == "de"


def said(language: str, places: Places, name: str = "assigned") -> str:
    return text(name, language, places, known()).strip()


def test_the_narrowest_text_of_the_desk_wins(desk: Desk, kim: Actor) -> None:
    Topic.create(name="VPN")
    places = Places(mailbox=7, topic=1, department=1)
    assert said("de", places) == "Dieses Ticket gehört jetzt Ihnen."
    customizing.set_text(kim, "assigned", "Tisch {{ ticket.number }}", "de")
    assert said("de", places) == "Tisch 1042"
    customizing.set_text(kim, "assigned", "Abteilung", "de", Where(department="Support"))
    assert said("de", places) == "Abteilung"
    customizing.set_text(kim, "assigned", "Thema", "de", Where(topic="vpn"))
    assert said("de", places) == "Thema"
    with transaction():
        rows.write(StoredTemplate("assigned", "de", "mailbox", 7, "Postfach"))
    assert said("de", places) == "Postfach"
    assert said("de", Places(department=1)) == "Abteilung"
    assert said("de", Places()) == "Tisch 1042"
    assert said("fr", places) == "Ce ticket est maintenant à vous."


def test_what_the_desk_wrote_in_its_language_stands_before_what_is_shipped(desk: Desk, kim: Actor) -> None:
    customizing.set_text(kim, "assigned", "Take it.")
    assert said("fr", Places()) == "Take it."
    customizing.set_text(kim, "assigned", "Prenez-le.", "fr")
    assert said("fr", Places()) == "Prenez-le."
    assert customizing.reset(kim, "assigned", "fr").own is False
    assert customizing.reset(kim, "assigned").own is False
    assert said("fr", Places()) == "Ce ticket est maintenant à vous."
    with pytest.raises(NotFound):
        customizing.reset(kim, "assigned")


def test_one_that_cannot_be_rendered_is_replaced_by_the_shipped_one(desk: Desk) -> None:
    with transaction():
        rows.write(StoredTemplate("assigned", "en", "desk", 0, "{{ ticket.gone }}"))
    assert said("en", Places()) == "This ticket is yours now."


def test_what_is_broken_or_names_what_is_not_there_is_refused(desk: Desk, kim: Actor) -> None:
    for body in ("{{ agent.name }}", "{{ cursor }}", "{% if %}", "{{ message.text }}"):
        with pytest.raises(BrokenTemplate):
            customizing.set_text(kim, "assigned", body)
    customizing.set_text(kim, "acknowledgement", "{{ message.text }}")
    with pytest.raises(NotFound):
        customizing.set_text(kim, "nothing", "x")
    with pytest.raises(WrongUse):
        customizing.set_text(kim, "assigned", "x", "tlh")
    with pytest.raises(WrongUse):
        customizing.set_text(kim, "assigned", " ")
    with pytest.raises(WrongUse):
        customizing.set_text(kim, "assigned", "x", None, Where(department="Support", topic="x"))
    with pytest.raises(NotAllowed):
        customizing.set_text(make_agent("guest", ["ticket.note"]), "assigned", "x")


@pytest.mark.parametrize(
    "hostile", ["[click](http://evil.example)", "[x]: http://evil.example", "{{ 7*7 }}", "\x1b[2J", "[a][b]"]
)
@pytest.mark.parametrize("body", ["{{ ticket.subject }}", "{% if true %}{{ ticket.subject }}{% endif %}"])
def test_what_a_stranger_wrote_makes_no_link_in_our_mail(desk: Desk, hostile: str, body: str) -> None:
    with transaction():
        rows.write(StoredTemplate("assigned", "en", "desk", 0, body))
    words = text("assigned", "en", Places(), known(subject=hostile))
    assert "](" not in words
    assert "]:" not in words
    assert "][" not in words
    assert "49" not in words
    assert "\x1b" not in words


def test_a_mail_about_no_ticket_names_its_subject_and_a_piece_of_one_does_not(desk: Desk, kim: Actor) -> None:
    with pytest.raises(WrongUse, match="names no subject"):
        customizing.set_text(kim, "mailbox_failing", "{{ mailbox.address }} fails")
    with pytest.raises(WrongUse, match="a part of a mail"):
        customizing.set_text(kim, "assigned", "Subject: yours\n\nIt is yours.")
    with pytest.raises(WrongUse, match="says nothing"):
        customizing.set_text(kim, "mailbox_failing", "Subject: {{ mailbox.address }} fails\n")
    with pytest.raises(BrokenTemplate):
        customizing.set_text(kim, "mailbox_failing", "Subject: {{ ticket.number }}\n\nx")
    customizing.set_text(kim, "mailbox_failing", "Subject: {{ mailbox.address }} fails\n\nLook.")
    assert customizing.preview(kim, "mailbox_failing", None).startswith("Subject: support@")
    with pytest.raises(WrongUse):
        customizing.preview(kim, "acknowledgement", None)
    with pytest.raises(WrongUse):
        customizing.trial(desk, ADMIN, "mailbox_failing", now())


@pytest.mark.parametrize("name", [name for name in TEXTS if not customizing.is_of_ticket(name)])
def test_every_text_about_no_ticket_is_shown_with_examples(desk: Desk, kim: Actor, name: str) -> None:
    for language in LANGUAGES:
        assert customizing.preview(kim, name, None, language).strip()


def test_an_acknowledgement_may_name_its_subject(desk: Desk, kim: Actor) -> None:
    customizing.set_text(kim, "acknowledgement", "Subject: We have {{ ticket.subject }}\n\nThanks.")
    raw = acknowledged(desk, mail("VPN", subject="Printer"))
    assert parse(raw.encode()).subject == "[#1] We have Printer"
    assert parse(raw.encode()).text.strip() == "Thanks."


def test_lists_and_previews(desk: Desk, kim: Actor) -> None:
    Door(desk).take(mail("It burns.", subject="Printer"))
    assert [line.name for line in customizing.templates("de")] == list(TEXTS)
    customizing.set_text(
        kim, "noted", "{% if 'x' in ticket.tags %}X{% else %}{{ ticket.subject }}{% endif %}"
    )
    (own,) = [line for line in customizing.templates() if line.own]
    assert (own.name, own.scope, own.language) == ("noted", "desk", "en")
    assert customizing.preview(kim, "noted", "1").strip() == "Printer"
    assert customizing.preview(kim, "noted", "1", "de").strip() == "Printer"
    assert customizing.preview(kim, "noted", "1", body="Try {{ requester.name }}") == "Try Ana"
    with pytest.raises(BrokenTemplate):
        customizing.preview(kim, "noted", "1", body="{{ nothing }}")
    assert customizing.show("noted", "fr").own is False


def acknowledged(desk: Desk, raw: bytes) -> str:
    door = Door(desk)
    door.take(raw)
    blob = value("SELECT blob_id FROM delivery WHERE kind = 'acknowledgement' ORDER BY id DESC LIMIT 1")
    return blobs.read(blob).decode()


def test_customers_are_acknowledged_in_their_language(desk: Desk) -> None:
    raw = acknowledged(desk, mail(TEN["de"], headers={"Content-Language": "de-DE"}))
    words = parse(raw.encode()).text
    assert "wir haben Ihre E-Mail erhalten. Sie hat die Ticketnummer 1," in words


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_plain_part_of_an_acknowledgement_has_no_marks_of_markdown(desk: Desk, language: str) -> None:
    read = parse(acknowledged(desk, mail("VPN", headers={"Content-Language": language})).encode())
    plain = next(leaf for leaf in read.leaves if leaf.type == "text/plain").decoded().decode()
    assert "1" in plain
    assert not re.search(r"\*\*|__|\]\(|^#|`", plain, re.MULTILINE), plain


def test_an_unclear_language_is_the_desks(desk: Desk) -> None:
    with transaction():
        settings.store("texts.language", "it")
    assert "abbiamo ricevuto il Suo messaggio" in parse(acknowledged(desk, mail("VPN")).encode()).text


def test_where_customers_are_all_written_to_alike(desk: Desk) -> None:
    with transaction():
        settings.store("texts.by_customer", False)
    words = parse(acknowledged(desk, mail(TEN["de"])).encode()).text
    assert "we received your mail. It is ticket 1 now, and we will answer as soon as we can." in words


def test_a_department_has_its_own_acknowledgement(desk: Desk, kim: Actor) -> None:
    assert Department.select().count() == 1
    customizing.set_text(
        kim,
        "acknowledgement",
        "Ahoy {{ requester.name }}, #{{ ticket.number }}",
        "en",
        Where(department="Support"),
    )
    assert "Ahoy Ana, #1" in parse(acknowledged(desk, mail("VPN")).encode()).text


class TestTrial:
    """A text is tried with the tickets of the last days, and tells with which it would not do."""

    def tried(self, desk: Desk, body: str | None, since: timedelta = timedelta(days=30)) -> list[object]:
        found = customizing.trial(desk, ADMIN, "acknowledgement", now() - since, "en", body)
        assert found.asked <= 2
        return [(each.ticket, each.outcome) for each in found.found]

    def test_it_tells_where_it_fails_or_says_nothing(self, desk: Desk) -> None:
        door = Door(desk)
        door.take(mail("One", sender="Ana <ana@corp.test>"))
        door.take(mail("Two", sender="bo@corp.test", subject=""))
        before = value("SELECT count(*) FROM delivery")
        assert self.tried(desk, None) == []
        assert self.tried(desk, "{{ ticket.subject }}") == [("2", "empty")]
        assert self.tried(desk, "{{ ticket.tags | first }}") == [("1", "fails"), ("2", "fails")]
        assert value("SELECT count(*) FROM delivery") == before

    def test_a_kept_text_is_tried_where_it_would_be_used(self, desk: Desk) -> None:
        Door(desk).take(mail("One"))
        customizing.set_text(
            ADMIN,
            "acknowledgement",
            "{% if ticket.tags %}Hello{% endif %}",
            "en",
            Where(department="Support"),
        )
        assert self.tried(desk, None) == [("1", "empty")]

    def test_older_tickets_are_not_asked(self, desk: Desk) -> None:
        make_ticket(number="7", age=timedelta(days=90))
        assert customizing.trial(desk, ADMIN, "acknowledgement", now() - timedelta(days=30)).asked == 0

    def test_a_broken_text_is_refused_at_once(self, desk: Desk) -> None:
        with pytest.raises(BrokenTemplate):
            self.tried(desk, "{{ ticket.nothing }}")

    def test_others_may_not(self, desk: Desk) -> None:
        with pytest.raises(NotAllowed):
            customizing.trial(desk, make_agent("pat", ["ticket.reply"]), "acknowledgement", now())


def test_a_text_of_facts_alone_needs_no_jinja() -> None:
    assert texts._PLAIN.findall(shipped("acknowledgement", "en")) == [("ticket", "number")]
