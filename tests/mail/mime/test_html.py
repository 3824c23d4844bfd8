"""HTML mails as a good mail program shows them, and not a character of what was written changed."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mail.mime.html import document
from mail.mime.html.appendix import without_appendix
from mail.mime.html.document import CUT_NOTICE, NOT_LAID_OUT, SHOWN_AFTER_ALL, html_to_text, read_html
from mail.mime.message import parse
from tests.support.rows import every_row

SAMPLES = Path(__file__).parents[2] / "data" / "html"


@every_row("sample", sorted(SAMPLES.glob("*.html")))
def test_mails_read_as_they_did_when_somebody_looked_at_them(sample: Path) -> None:
    assert html_to_text(sample.read_text("utf-8")) + "\n" == sample.with_suffix(".txt").read_text("utf-8")


@every_row("dump", sorted(SAMPLES.glob("*.w3m")))
def test_each_word_that_w3m_shows_is_shown_or_said_to_be_hidden(dump: Path) -> None:
    html = dump.with_suffix(".html").read_text("utf-8")
    own_words = re.findall(r"\[(\w+)\]", dump.read_text("utf-8"))  # of a picture without words, its name
    pictures = {name for name in own_words if f"{name}." in html or f"{name}:" in html}
    labels = re.findall(
        r"""type=.?(?:submit|button).? value=["']?(\w+)|alt="(tracking)|<template>(.*?)</template>""", html
    )
    seen = re.sub(r"\[(?:DEL|INS|S):|:(?:DEL|INS|S)\]", " ", dump.read_text("utf-8"))
    ours = dump.with_suffix(".txt").read_text("utf-8")
    run_together = re.sub(r"\W+", "", re.sub(r" \[\d+\]", "", ours)).casefold()
    words = [re.findall(r"[^\W_]{2,}", word) for word in seen.split()]
    left_out = [word for word in words if any(part.casefold() not in run_together for part in word)]
    missing = [word for word in left_out if not pictures.issuperset(word) and word[0] not in str(labels)]
    hidden = re.search(r"\[(\d+) words? hidden by the HTML left out\]", ours)
    assert len(missing) <= (int(hidden[1]) if hidden else 0), missing


@every_row(
    ("html", "text"),
    [
        ("<p>Hello<br>there</p>", "Hello\nthere"),
        ("<p>x<img src='cid:1' alt='logo'>y<img src='https://t/1.gif' width=1 alt='t'></p>", "xlogoy"),
        ("<p><img alt='shot.png' src='cid:1'></p>", "[image: shot.png]"),
        ("<script>alert(1)</script><style>p{}</style><title>t</title><p>only this</p>", "only this"),
        ("<pre>  if a &lt; b:\n\treturn\n\n\nend</pre>", "  if a < b:\n\treturn\n\n\nend"),
        ("<ul><li>one<ul><li>in it</ul><li>two</ul>", "- one\n  - in it\n- two"),
        ("<ol start=9><li>nine<li>ten</ol>", "9. nine\n10. ten"),
        ("<p>&lt;b&gt; &amp;amp; \u202e\x1b[31m</p>", "<b> &amp; \ufffd\ufffd[31m"),
        ("plain &amp; simple", "plain & simple"),
        ("Sent: \u200e26\u200e. \u200eJune&rlm; &#x202e;evil", "Sent: 26. June \ufffdevil"),
        ("<p>line one\nwrapped by\nthe sender</p>", "line one wrapped by the sender"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        (
            "<p class=MsoNormal>a</p><p class=MsoNormal>b</p><p class=MsoNormal>&nbsp;</p><p>c</p>",
            "a\nb\n\nc",
        ),
        ("<style>P {margin-top:0;margin-bottom:0;}</style><p>a</p><p>b</p>", "a\nb"),
        ("<div style='white-space:pre-wrap'>a\n  b</div>", "a\n  b"),
        ("10<sup>9</sup>, H<sub>2</sub>O, x<sup>n+1</sup>, 1<sup>st</sup>", "10^9, H_2O, x^(n+1), 1st"),
        (
            "CO<sub>2</sub>, x<sub>max</sub>, ppm<sup>[1]</sup>, y<sup>(a)</sup>",
            "CO_2, x_max, ppm^[1], y^(a)",
        ),
        ("was <s>99</s> 79", "was ~~99~~ 79"),
        ("<span style='text-decoration:line-through red'>Minor</span> Major", "~~Minor~~ Major"),
        ("<style>.r{text-decoration-line:line-through}</style><b class=r>a</b> b", "~~a~~ b"),
        ("<del><span style='text-decoration:line-through'>a</span></del> b", "~~a~~ b"),
        ("<ol type=i start=3><li>a<li>b</ol>", "iii. a\niv. b"),
        ("<ol type=I start=48><li>a<li>b<li>c</ol>", "XLVIII. a\nXLIX. b\n50. c"),
        ("<ol reversed><li>a<li>b</ol>", "2. a\n1. b"),
        ("<ol reversed start=9><li>a<li>b</ol>", "9. a\n8. b"),
        ("<ul><li>a<pre>x\ny</pre></li><li>b</ul>", "- a\n\n  x\n  y\n\n- b"),
        ("<p>Why <textarea>one\n\n  two</textarea> so", "Why\n[one\n\n  two]\nso"),
        ("<fieldset><legend>A</legend>a</fieldset><fieldset>b</fieldset>", "A\na\n\nb"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n>> b"),
        ("", ""),
    ],
)
def test_a_reader_sees(html: str, text: str) -> None:
    assert html_to_text(html) == text


@every_row(
    "written",
    [
        r"\\srv01\share$",
        r"C:\temp\*.log",
        r"\d+\.",
        r"^\[#(\d+)\]\s*$",
        "1. not a list",
        "# not a heading",
        "- a dash",
        "> no quote",
        "* star *and* __init__ ~x~ `y`",
        "| a | b |",
        "user@host:~$ ls -la | grep '[a-z]*'",
        "[text](https://x.test)",
        "a_b_c <tag> & entity &amp; &#65;",
        "--",
        "=====",
        "$HOME/.ssh  two  blanks",
    ],
)
@every_row(
    "around",
    ["<p>{}</p>", "<pre>{}</pre>", "<div><code>{}</code></div>", "<table><tr><td>{}</td></tr></table>"],
)
def test_what_was_typed_stands_there_unchanged(written: str, around: str) -> None:
    shown = escape(written).replace("  ", "&nbsp; ")
    assert html_to_text(around.format(shown)) == written


@given(st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=60))
def test_no_printable_word_is_ever_changed(word: str) -> None:
    assert html_to_text(f"<div>{escape(word)}</div>") == word


def test_columns_of_no_break_blanks_stay_columns() -> None:
    html = "<div>eth0&nbsp;&nbsp;&nbsp; up&nbsp; 10.0.0.1</div><div>&nbsp; used&nbsp;&nbsp; 93%</div>"
    assert html_to_text(html) == "eth0    up  10.0.0.1\n  used   93%"


@every_row(
    ("html", "text"),
    [
        ("<table><tr><td><img src='cid:l'></td><td>Ann Meier<br>ACME</td></tr></table>", "Ann Meier\nACME"),
        (
            "<table><tr><td>First</td></tr><tr><td><table><tr><td>Second</td><td>b</td></tr></table></td></tr>"
            "<tr><td>Third</td></tr></table>",
            "First\nSecond  b\nThird",
        ),
        (
            "<table><tr><td>Port<td>Errors<tr><td>a1<td>7<tr><td>b12<td>18233</table>",
            "Port  Errors\na1         7\nb12    18233",
        ),
        (
            "<table><tr><td>Item<td>Sum<tr><td>x<td align=right>7 a<tr><td>y<td align=right>18 b</table>",
            "Item   Sum\nx      7 a\ny     18 b",
        ),
        (
            "<table><tr><th>Host<th>To do<tr><td>db7<td><ul><li>stop<li>copy</ul><tr><td>w<td>none</table>",
            "Host  To do\n----  ------\ndb7   - stop\n      - copy\nw     none",
        ),
        (
            "<table><tr><th>Host<th>Use<tr><td>db7<td>98 %<tr><td>web12<td>7 %</table>",
            "Host    Use\n-----  ----\ndb7    98 %\nweb12   7 %",
        ),
        ("<table><tr><td>品名<td>1</td><tr><td>a<td>22</table>", "品名   1\na     22"),
        (
            "<table><tr><td>" + "long prose " * 30 + "</td><td>" + "other prose " * 30 + "</td></tr></table>",
            f"{('long prose ' * 30).strip()}\n\n{('other prose ' * 30).strip()}",
        ),
    ],
)
def test_layout_is_read_in_order_and_data_is_aligned(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_a_name_and_its_long_value_stand_on_one_line() -> None:
    text = "words " * 60
    html = f"<table><tr><td>Message:</td><td>{text}</td></tr><tr><th>Note</th><td>{text}</td></tr></table>"
    assert html_to_text(html) == f"Message: {text.strip()}\n\nNote: {text.strip()}"


def test_a_table_wider_than_a_terminal_names_each_value_by_its_head() -> None:
    heads = "".join(f"<th>Head{n}" for n in range(9))
    cells = "".join(f"<td>value-of-column-{n}" for n in range(9))
    text = html_to_text(f"<table><tr>{heads}<tr>{cells}<tr>{cells}</table>")
    assert "Head8: value-of-column-8\n\nHead0: value-of-column-0" in text


@every_row(
    ("html", "text"),
    [
        (
            "see <a href='https://x.test/a?b=1&amp;c=2'>this</a>",
            "see this [1]\n\n[1] https://x.test/a?b=1&c=2",
        ),
        ("<a href='https://x.test/'>x.test</a> <a href='mailto:a@b.test'>a@b.test</a>", "x.test a@b.test"),
        (
            "<a href='mailto:a@b.test'>&lt;a@b.test&gt;</a> <a href='https://x.test'>(x.test)</a>",
            "<a@b.test> (x.test)",
        ),
        ("<a href='https://click.test/?u=aaaaaaaaaaaaaaaaaaaa'><img src='x'></a>Hi", "Hi"),
        (
            "<a href='https://a.test/1'>one</a>, <a href='https://a.test/2'>two</a>, <a href='https://a.test/1'>again</a>",
            "one [1], two [2], again [1]\n\n[1] https://a.test/1\n[2] https://a.test/2",
        ),
        ("<a href='javascript:x()'>a</a> <a href='#b'>b</a> <a href='cid:c'>c</a>", "a b c"),
        (
            "<a href='https://evil.test/'>https://bank.test/</a>",
            "https://bank.test/ [1]\n\n[1] https://evil.test/",
        ),
        (
            "<a href='https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwiki.test%2Fp%3Fid%3D7&amp;data=05'>wiki</a>",
            "wiki [1]\n\n[1] https://wiki.test/p?id=7",
        ),
        (
            "<a href='https://u1.ct.sendgrid.net/ls/click?upn=" + "aB3" * 40 + "'>Save</a>",
            "Save [1]\n\n[1] u1.ct.sendgrid.net (a tracking link)",
        ),
    ],
)
def test_links_are_numbered_and_listed_once(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_a_tracked_target_is_there_for_who_asks() -> None:
    target = "https://click.mailer.test/ls?" + "x9" * 60
    read = read_html(f"<a href='{target}'>Save</a>")
    assert [(link.target, link.tracked) for link in read.links] == [(target, True)]


@every_row(
    "hidden",
    [
        "<div style='display:none'>two words</div>",
        "<div style='DISPLAY: NONE !important'>two words</div>",
        "<span style='font-size:0px'>two words</span>",
        "<span style='font-size:1px;line-height:1px'>two words</span>",
        "<span style='color:#FFF'>two words</span>",
        "<font color=white>two words</font>",
        "<table bgcolor='#336699'><tr><td style='color:rgb(51,102,153)'>two words</td></tr></table>",
        "<p hidden>two words</p>",
        "<p style='visibility:hidden'>two words</p>",
        "<p style='opacity:0'>two words</p>",
        "<div style='max-height:0;overflow:hidden'>two words</div>",
        "<div style='position:absolute;left:-9999px'>two words</div>",
        "<style>.preheader{display:none}</style><p class='preheader'>two words</p>",
    ],
)
def test_hidden_text_is_hidden_and_said(hidden: str) -> None:
    assert (
        html_to_text(f"<p>seen</p>{hidden}<p>too</p>")
        == "seen\n\ntoo\n\n[2 words hidden by the HTML left out]"
    )


@every_row(
    "html",
    [
        "<table bgcolor=black><tr><td style='color:#fff'>seen</td></tr></table>",
        "<div style='font-size:0'><p style='font-size:14px'>seen</p></div>",
        "<style>.b{background:#123}</style><a class=b style='color:#fff'>seen</a>",
        "<div style='background:url(x.png)'><span style='color:#ffffff'>seen</span></div>",
        "<style>@media print{p{display:none}}</style><p>seen</p>",
        "<div style='color:#fff;background-color:#000'><span>seen</span></div>",
    ],
)
def test_what_can_be_read_is_not_taken_for_hidden(html: str) -> None:
    assert html_to_text(html) == "seen"


def test_a_mail_of_hidden_text_alone_is_shown_and_said() -> None:
    assert html_to_text("<div style='display:none'>all of it</div>") == f"{SHOWN_AFTER_ALL}\n\nall of it"


def test_a_lone_surrogate_and_nul_do_no_harm() -> None:
    assert html_to_text("<p>a\ud800b\x00c</p>") == "a?bc"


QUOTES = [
    '<div class="gmail_quote">On Mon Ann wrote:<blockquote>old</blockquote></div>',
    '<blockquote type="cite">old</blockquote>',
    '<div id="appendonsend"></div><div>old</div>',
    '<div id="divRplyFwdMsg">From: x</div><div>old</div>',
    '<div class="yahoo_quoted">old</div>',
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><b>From:</b> x<br><b>To:</b> y</div><p>old</p>',
]


@every_row("quote", QUOTES)
def test_what_mail_programs_quote_is_found_in_any_language(quote: str) -> None:
    read = read_html(f"<html><body><p>new <i>text</i></p>{quote}</body></html>")
    ((begin, end),) = read.quotes
    assert read.text[:begin].strip() == "new text"
    assert "old" in read.text[begin:end]


def test_each_quoted_piece_is_found_between_the_answers() -> None:
    read = read_html(
        "<p>a</p><blockquote type=cite>one</blockquote><p>b</p><blockquote type=cite>two</blockquote>c"
    )
    assert [read.text[begin:end] for begin, end in read.quotes] == ["> one", "> two"]


@every_row(
    "own",
    [
        "<div style='border-top:1px solid #ccc'>Note: this: is mine 5</div>",
        "<div style='border:1px solid #ccc'>From: Berlin<br>To: Munich</div>",
        "<blockquote>press the button</blockquote>",
    ],
)
def test_what_is_no_mail_program_s_quote_is_none(own: str) -> None:
    assert read_html(f"<p>This:</p>{own}<p>and more</p>").quotes == ()


def test_a_mail_that_is_only_a_quote_is_all_there() -> None:
    read = read_html('<blockquote type="cite">all of it</blockquote>')
    assert len(read.quotes) == 1
    assert "all of it" in read.text


def test_what_is_said_below_is_told_from_what_was_written() -> None:
    written, below = without_appendix(
        html_to_text("<p>x <a href='https://a.test/1'>y</a></p><p hidden>z</p>")
    )
    assert (written, below) == ("x y [1]", "[1] https://a.test/1\n[1 word hidden by the HTML left out]")
    assert without_appendix("a\n\n[1] two words here") == ("a\n\n[1] two words here", "")


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


FONTS = "".join(f"<font a={n}>" for n in range(250))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "html",
    [
        "<meta " * 5_000_000,
        f"<p>{FONTS}</p>" + "<p>x</p>" * 200_000,
        "<table><tr><td>" * 290 + "x" + "<p>y" * 40_000,
        "<blockquote>" * 290 + "x<br>" * 100_000,
        "<ul><li>" * 290 + "x<br>" * 100_000,
        "<table><tr>" + "<td colspan=50 rowspan=1000>x" * 20_000,
        "<table>" + "<tr><td>a<td>b" * 30_000,
        "<a href=https://x.test/>" * 100_000,
        "<style>" + "/*" * 500_000 + "</style>x",
        "<style>" + "a{" * 500_000 + "</style>x",
        "<p style='" + "color:red;" * 100_000 + "'>x",
        "<sup>" * 290 + "x" * 1_000_000,
        "<!--" * 500_000,
        "&nbsp;" * 300_000,
        "<" * 2_000_000,
        "data:" * 400_000,
        "<div style='" + "x" * 1_000_000 + "'>" * 2,
    ],
    ids=lambda html: html[:24],
)
def test_hostile_html_ends_soon(html: str) -> None:
    html_to_text(html)


EMPTY_FIELDS = [
    "<input>",
    "<input type=hidden name=csrf value=d41d8c>",
    "<input type=submit value=Send>",
    "<input value='  '>",
    "<select></select>",
    "<select><option></select>",
    "<textarea></textarea>",
    "<textarea>\n</textarea>",
]


@every_row("field", EMPTY_FIELDS)
@every_row(
    ("around", "text"),
    [
        ("{}", ""),
        ("<form><p>{}</p></form>", ""),
        ("<p>Name: {}</p>", "Name:"),
        ("<table><tr><td>Name<td>{}<tr><td>Room<td>7</table>", "Name\nRoom  7"),
        ("<ul><li>{}<li>two</ul>", "- two"),
        ("<pre>{}</pre>", ""),
        ("<p style='display:none'>{}</p>seen", "seen"),
        ("<p style='white-space:pre'>{}</p>seen", "seen"),
    ],
)
def test_a_field_in_which_nothing_is_written_says_nothing(around: str, text: str, field: str) -> None:
    assert html_to_text(around.format(field)) == text


ELEMENTS = re.findall(
    r"\S+",
    """
    a abbr acronym address area article aside audio b base bdi bdo big blockquote body br button
    canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl
    dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h6 head header
    hgroup hr html i iframe img input ins kbd label legend li link listing main map mark marquee
    math menu meta meter nav nobr noembed noframes noscript object ol optgroup option output p param
    picture plaintext pre progress q rb rp rt rtc ruby s samp script search section select slot
    small source span strike strong style sub summary sup svg table tbody td template textarea tfoot
    th thead time title tr track tt u ul var video wbr xmp o:p v:shape x-unheard-of
""",
)
ATTRIBUTES = """
    hidden value='' value=x value=' ' type=hidden type=radio type=file checked selected
    style='display:none' style='display:block' style='display:inline' style='white-space:pre'
    style='font-size:0' style='color:#fff' style='mso-list:Ignore'
    style='border:none;margin-left:4pt' style='text-align:right' style='' style=';:'
    class=gmail_quote class=gmail_signature type=cite id=appendonsend href=https://x.test/ href=
    alt=x alt='' width=0 colspan=0 colspan=3 rowspan=0 rowspan=9 start=-1 start=7 border=1
    bgcolor=white dir=rtl =
"""
WORDS = st.sampled_from(["", "word", " ", "\n", "&nbsp;", "\u200b", "two words", "&#0;", "<!-- c -->", "]]>"])


def _element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    attributes = st.lists(st.sampled_from(re.findall(r"(?:[^\s']|'[^']*')+", ATTRIBUTES)), max_size=2)
    return st.builds(
        lambda tag, given, parts, end: (
            f"<{' '.join([tag, *given])}>{''.join(parts)}{f'</{tag}>' if end else ''}"
        ),
        st.sampled_from(ELEMENTS),
        attributes,
        st.lists(inner, max_size=3),
        st.booleans(),
    )


@given(st.recursive(WORDS, _element, max_leaves=12))
def test_any_element_in_any_other_is_laid_out(html: str) -> None:
    assert NOT_LAID_OUT not in read_html(html).text


@every_row("element", ELEMENTS)
@every_row("inner", ["", " ", "word"])
def test_each_element_is_laid_out_alone_in_a_cell_and_in_a_line(element: str, inner: str) -> None:
    for html in (f"<{element}>{inner}</{element}>", f"<table><tr><td><{element}>{inner}", f"a<{element}>b"):
        assert NOT_LAID_OUT not in read_html(html).text


@pytest.mark.parametrize("fault", [IndexError, KeyError, RecursionError, MemoryError])
def test_html_that_cannot_be_laid_out_gives_its_words_and_says_so(
    fault: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(document, "quote_marks", fail)
    read = parse(b"Content-Type: text/html\n\n<p>The <b>lift</b> is stuck<script>x</script></p>")
    assert read.text == f"{NOT_LAID_OUT}\n\nThe lift is stuck"


TAGS = """
    <p> <div> </div> <table> <tr> <td> </td> <th colspan=3> </table> <li> <ul> </ul> <blockquote>
    </blockquote>    <a href=https://x.test> </a> <sup> </sup>
    <s> </s> <pre> </pre> <br> <div class=gmail_quote> <hr> <rt> <q>
    <blockquote type=cite> <td rowspan=9> <img alt=x> <li value=4>
"""
PIECES = [*re.findall("<[^>]+>", TAGS), "word", " ", "\n", "&nbsp;"]


@given(st.lists(st.sampled_from(PIECES), max_size=60))
@example(["<s>", "<ul>", "</ul>", "word"])
def test_tags_in_any_order_lose_no_word(pieces: list[str]) -> None:
    html = "".join(pieces)
    read = read_html(html)
    assert read.text.count("word") == html.count("word")
    assert all(0 <= begin < end <= len(read.text) for begin, end in read.quotes)
