"""HTML mails as text."""

from __future__ import annotations

import pytest

from mail.html import CUT_NOTICE, html_to_quoted_text, html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello<br>there</p>", "Hello\nthere"),
        (
            "<p>see <a href='https://x.test/a?b=1&amp;c=2'>this</a></p>",
            "see [this](https://x.test/a?b=1&c=2)",
        ),
        ("<p>a</p><div style='display:none'>hidden</div><p>b</p>", "a\n\nb"),
        ("<p>x<img src='cid:1' alt='logo'>y<img src='https://t/1.gif' width=1></p>", "xlogoy"),
        ("<script>alert(1)</script><style>p{}</style><title>t</title><p>only this</p>", "only this"),
        ("<pre>  if a &lt; b:\n\treturn</pre>", "```\n  if a < b:\n\treturn\n```"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<p>&lt;b&gt; &amp;amp; \u202e\x1b[31m</p>", "<b> &amp; \ufffd\ufffd[31m"),
        ("plain &amp; simple", "plain & simple"),
        ("", ""),
    ],
)
def test_a_reader_sees(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_a_lone_surrogate_and_nul_do_no_harm() -> None:
    assert html_to_text("<p>a\ud800b\x00c</p>") == "a?bc"


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote">On Mon Ann wrote:<blockquote>old</blockquote></div>',
        '<blockquote type="cite">old</blockquote>',
        '<div id="appendonsend"></div><div>old</div>',
        '<div id="divRplyFwdMsg">From: x</div><div>old</div>',
        '<div class="yahoo_quoted">old</div>',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><b>From:</b> x</div><p>old</p>',
    ],
)
def test_what_mail_programs_quote_is_found_in_any_language(quote: str) -> None:
    text, at = html_to_quoted_text(f"<html><body><p>new <i>text</i></p>{quote}</body></html>")
    assert at is not None
    assert text[:at] == "new *text*"
    assert "old" in text[at:]


def test_a_mail_that_is_only_a_quote_has_no_cut() -> None:
    text, at = html_to_quoted_text('<blockquote type="cite">all of it</blockquote>')
    assert at is None
    assert "all of it" in text


def test_too_deep_html_still_gives_its_words() -> None:
    assert "deep inside" in html_to_text("<div>" * 5000 + "deep inside" + "</div>" * 5000)


def test_over_two_megabytes_is_cut_and_says_so() -> None:
    text = html_to_text("<p>first</p>" + "<p>word</p>" * 300_000)
    assert text.startswith("first")
    assert text.endswith(CUT_NOTICE)


def test_images_in_the_html_itself_do_not_count() -> None:
    text = html_to_text("<p>before</p><img src='data:image/png;base64," + "A" * 3_000_000 + "'><p>after</p>")
    assert "after" in text
    assert CUT_NOTICE not in text
