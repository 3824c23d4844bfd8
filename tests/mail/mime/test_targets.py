"""Where a link really leads is shown, and what speaks against it is said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mail.mime.html.appendix import without_appendix
from mail.mime.html.document import html_to_text
from mail.mime.targets import MOST, Target, targets
from tests.support.rows import every_row

KNOWN = ("corp.example", "paypal.example")


def of_text(text: str) -> list[Target]:
    return targets(text, "", {}, KNOWN)


def of_html(html: str) -> list[Target]:
    words, below = without_appendix(html_to_text(html))
    return targets(words, below, {}, KNOWN)


@every_row(
    ("text", "url"),
    [
        ("See https://corp.example/a?b=c#d.", "https://corp.example/a?b=c#d"),
        ("(https://corp.example/a_(b))", "https://corp.example/a_(b)"),
        ("<https://corp.example/>", "https://corp.example/"),
        ('"http://corp.example",', "http://corp.example"),
        ("www.corp.example/x!", "https://www.corp.example/x"),
        ("mailto:ana@corp.example?", "mailto:ana@corp.example"),
        ("https://corp.example/ä b", "https://corp.example/%C3%A4"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("HTTPS://Corp.Example/X", "https://corp.example/X"),
        ("https://corp.example:8443/x", "https://corp.example:8443/x"),
        ("https://corp.example/%20a", "https://corp.example/%20a"),
        ("見てhttps://corp.example/x　です", "https://corp.example/x"),
    ],
)
def test_an_address_in_a_text_is_found_whole(text: str, url: str) -> None:
    assert [each.url for each in of_text(text)] == [url]


@every_row("text", ["", "http://", "www.", "see https:// there", "a.b", "ana@corp.example"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert of_text(text) == []


@every_row(
    ("url", "doubt"),
    [
        ("https://xn--80ak6aa92e.example/", "it reads like apple.example"),
        ("https://аррӏе.example/", "it reads like apple.example"),
        ("https://pаypal.example/", "it looks like paypal.example"),
        ("https://pаypal.example/", "mixes Cyrillic and Latin letters"),
        ("https://paypa1.example/", "it looks like paypal.example"),
        ("https://c0rp.example/", "it looks like corp.example"),
        ("https://login.c0rp.example/", "it looks like corp.example"),
        ("https://çorp.example/", "it looks like corp.example"),
        ("https://corp.example.evil.test/", "begins like corp.example, and is evil.test"),
        ("https://corp.example-login.test/", "begins like corp.example"),
        ("https://corp.example@evil.test/", "'corp.example' before the @ is no host: it leads to evil.test"),
        ("https://corp.example:443@evil.test/", "before the @ is no host"),
        ("http://203.0.113.7/x", "its host is a number"),
        ("http://[2001:db8::1]/x", "its host is a number"),
        ("http://3405803783/x", "its host is a number"),
        ("ftp://corp.example/x", "ftp: is nothing"),
    ],
)
def test_what_speaks_against_a_link_is_said(url: str, doubt: str) -> None:
    (found,) = of_text(f"Log in: {url} now")
    assert any(doubt in each for each in found.doubts), found


@every_row(
    "url",
    [
        "https://corp.example/login",
        "https://www.corp.example/",
        "https://sub.corp.example/",
        "https://example.org/",
        "https://corporate.example/",
        "mailto:ana@corp.example",
    ],
)
def test_nothing_is_said_against_an_honest_one(url: str) -> None:
    (found,) = of_text(f"See {url} there")
    assert found.doubts == ()


def test_words_that_name_another_host_are_told() -> None:
    (lies,) = of_html('<p>Go to <a href="https://evil.test/x">https://corp.example/login</a></p>')
    assert lies.doubts == ("its words say corp.example, and it leads to evil.test",)
    (says,) = of_html('<p>Go to <a href="https://www.corp.example/x">corp.example</a> now</p>')
    assert says.doubts == ()


def test_numbers_are_those_of_the_text_and_a_tracked_link_is_whole() -> None:
    below = "[1] https://a.example/x\n[2] click.shop.example (a tracking link)"
    found = targets("One [1] two [2] https://b.example/", below, {2: "https://click.shop.example/long"}, ())
    assert [(each.number, each.url) for each in found] == [
        (1, "https://a.example/x"),
        (2, "https://click.shop.example/long"),
        (3, "https://b.example/"),
    ]
    assert found[1].doubts == ("its sender is told who opens it",)


@every_row("scheme", ["file:///etc/passwd", "tel:+49", "ssh://x.example", "sip:a@b.example"])
def test_only_the_web_and_mail_are_opened(scheme: str) -> None:
    assert not targets("x [1]", f"[1] {scheme}", {}, ())[0].opened
    assert of_text("https://corp.example/")[0].opened


@given(st.text(max_size=300), st.text(max_size=200))
def test_any_text_gives_printable_ascii_and_no_fault(words: str, below: str) -> None:
    for text in (words, f"https://{words}", f"https://x.example/{words} mailto:{below}"):
        found = targets(text, f"[1] {below}\n[2] https://{words}", {}, KNOWN)
        assert len(found) <= MOST
        for each in found:
            assert each.url.isascii()
            assert each.url.isprintable()
            assert " " not in each.url


def test_a_text_full_of_them_is_bounded() -> None:
    assert len(of_text(" ".join(f"https://h{n}.example/" for n in range(5000)))) == MOST
    assert len(of_text("https://" + "a." * 100_000 + "example")) <= 1
