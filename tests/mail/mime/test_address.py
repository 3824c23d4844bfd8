"""Who is named by a header or by what somebody typed: that address, or surely none, never another one."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mail.mime.address import MAX_OCTETS, Address, one_address, parse_addresses
from mail.mime.domain import ascii_domain, unicode_domain
from tests.support.rows import every_row


def emails(*values: str) -> list[str]:
    return [person.email for person in parse_addresses(values)]


@every_row(
    ("text", "name", "email"),
    [
        ("ann@client.test", "", "ann@client.test"),
        ("o'brien@client.test", "", "o'brien@client.test"),
        ("Sean O'Brien <o'brien@client.test>", "Sean O'Brien", "o'brien@client.test"),
        ("pat.d'arcy+tag@client.test", "", "pat.d'arcy+tag@client.test"),
        ("Ann.Meier@Client.TEST", "", "Ann.Meier@client.test"),
        ("ann@client.test (Ann Meier)", "Ann Meier", "ann@client.test"),
        ("(at work) ann@client.test", "at work", "ann@client.test"),
        ("Ann (Sales (north)) <ann@client.test>", "Ann", "ann@client.test"),
        ("'Ann Meier' <ann@client.test>", "Ann Meier", "ann@client.test"),
        ("ann@client.test <ann@client.test>", "", "ann@client.test"),
        ("Meier, Ann <ann@client.test>", "Meier, Ann", "ann@client.test"),
        ("=?utf-8?Q?Meier,_Ann?= <ann@client.test>", "Meier, Ann", "ann@client.test"),
        ("[Ticket 7] Alarms <ann@client.test>", "[Ticket 7] Alarms", "ann@client.test"),
        ("Alarm: disk full <ann@client.test>", "Alarm: disk full", "ann@client.test"),
        ('"Ann \\"the boss\\" M." <ann@client.test>', 'Ann "the boss" M.', "ann@client.test"),
        ("Ann Q. Public <ann@client.test>", "Ann Q. Public", "ann@client.test"),
        ("<@relay.test,@other.test:ann@client.test>", "", "ann@client.test"),
        ("Ann <,@relay.test,,:ann@client.test>", "Ann", "ann@client.test"),
        ("ann . meier @ client . test", "", "ann.meier@client.test"),
        ("ann(x)@(y)client.test", "x y", "ann@client.test"),
        ('"john smith"@client.test', "", '"john smith"@client.test'),
        ('"john  smith"@client.test', "", '"john  smith"@client.test'),
        ('John <"john smith"@client.test>', "John", '"john smith"@client.test'),
        ('"ann"@client.test', "", "ann@client.test"),
        ('"a\\nn"@client.test', "", "ann@client.test"),
        ('ann."von b"@client.test', "", '"ann.von b"@client.test'),
        ('"a\\"b\\\\c"@client.test', "", '"a\\"b\\\\c"@client.test'),
        ('"vic@client.test"@evil.test', "", '"vic@client.test"@evil.test'),
        ('"<vic@client.test>"@evil.test', "", '"<vic@client.test>"@evil.test'),
        ('"<vic@client.test>" <eve@evil.test>', "<vic@client.test>", "eve@evil.test"),
        ("vic@client.test <eve@evil.test>", "vic@client.test", "eve@evil.test"),
        ("ann..b@docomo.test", "", "ann..b@docomo.test"),
        ("<ann.@docomo.test>", "", "ann.@docomo.test"),
        ("ann@[192.0.2.1]", "", "ann@[192.0.2.1]"),
        ("ann@[IPv6:2001:DB8:0::1]", "", "ann@[IPv6:2001:db8::1]"),
        ("mailto:ann@client.test", "", "ann@client.test"),
        ("Ann <mailto:ann@client.test>", "Ann", "ann@client.test"),
        ("root@srv_1", "", "root@srv_1"),
        ("root (Cron Daemon)", "Cron Daemon", "root"),
        ("<root>", "", "root"),
        ("用户@例子.广告", "", "用户@例子.广告"),
        ("Zoë <zoe\u0301@bu\u0308cher.test>", "Zoë", "zoé@bücher.test"),
    ],
)
def test_an_address_is_the_one_that_its_writer_meant(text: str, name: str, email: str) -> None:
    assert parse_addresses([text]) == [Address(name, email)]


@every_row(
    "text",
    [
        # two @, quotes and comments that make a second address of a part of the first
        "vic@client.test@evil.test",
        "vic@client.test'@evil.test",
        "'vic@client.test'@evil.test",
        "'vic@client.test'",
        "vic@client.test(@evil.test)",
        "vic(@evil.test)@client.test",
        "(eve@evil.test)vic@client.test",
        "<vic@client.test(@evil.test)>",
        "vic@client.test(@evil.test",
        "vic@client.test (unclosed",
        'vic@client.test "unclosed',
        '"vic@client.test',
        '"vic"eve@client.test',
        'vic"eve"@client.test',
        '"vic" "eve"@client.test',
        # what is left over
        "vic@client.test and more",
        "see vic@client.test",
        "vic eve@client.test",
        "<vic eve@client.test>",
        "<vic@client.test>@evil.test",
        "<vic@client.test> <eve@evil.test>",
        "Vic <vic@client.test",
        "Vic vic@client.test>",
        "Vic <vic@client.test>.",
        "Vic <vic@client.test> (ok) more",
        "<<vic@client.test>>",
        "vic@client.test ORCPT=rfc822;vic@client.test",
        "rfc822;vic@client.test",
        "vic@client.test;@evil.test",
        "smtp:vic@client.test",
        "<@evil.test:>",
        "<@:vic@client.test>",
        "<evil.test:vic@client.test>",
        # no domain, no local part
        "vic@",
        "@client.test",
        "...@client.test",
        "vic@client..test",
        "vic@.client.test",
        "vic@client.test.",
        "vic@-client.test",
        "vic@client.test/../../etc",
        "vic@cl%69ent.test",
        "vic@[not.an.ip]",
        "vic@[192.0.2.1",
        "vic@[IPv6:fe80::1%25eth0]",
        "vic@\u0441lient..test",
        # what only looks like one
        "vic＠client.test",
        "vic﹫client.test",
        "vic＠client.test@evil.test",
        "vic@client.test＠evil.test",
        "vic@ｃlient.test",
        "vic@client。test",
        "vic@cli\u200bent.test",
        "vic\u200b@client.test",
        "vic\u202e@client.test",
        "vic\u00a0@client.test",
        "vic\ufffd@client.test",
        # encoded words, which are none in an address (RFC 2047 5)
        "=?utf-8?q?vic=40client.test?=",
        "=?utf-8?b?dmljQGNsaWVudC50ZXN0?=",
        "=?utf-8?q?vic?=@client.test",
        "<=?utf-8?q?vic=40client.test=3E?=@evil.test>",
        '"=?utf-8?q?vic=40client.test=2C?="@evil.test',
        # controls
        "vic\x00@client.test",
        "vic@client.test\x00@evil.test",
        "vic@client.test\x00",
        '"vic\x00"@client.test',
        '"vic\x1b[31m"@client.test',
        '"vic\teve"@client.test',
        "vic\x7f@client.test",
    ],
)
def test_what_is_not_surely_an_address_is_shown_and_has_none(text: str) -> None:
    [person] = parse_addresses([text])
    assert person.email == ""
    assert person.name
    assert one_address(text) == ""


@every_row(
    "text",
    [
        " ann@client.test",
        "ann@client.test ",
        "ann@client.test (Ann)",
        "ann @client.test",
        "<ann@client.test>",
    ],
)
def test_one_address_is_nothing_but_the_address(text: str) -> None:
    assert one_address(text) == ""
    assert emails(text) == ["ann@client.test"]


@every_row("text", ["", " ", ",", ";", "<>", "()", "undisclosed-recipients:;", "nobody named:"])
def test_nobody_is_nobody(text: str) -> None:
    assert emails(text) == []


@every_row(
    ("text", "expected"),
    [
        ("a@x.test, b@y.test", ["a@x.test", "b@y.test"]),
        (",, a@x.test ,, (c), b@y.test,", ["a@x.test", "b@y.test"]),
        ("Team: a@x.test, Bob <b@y.test>;", ["a@x.test", "b@y.test"]),
        ('One: a@x.test;, "Two" (c): b@y.test; , c@z.test', ["a@x.test", "b@y.test", "c@z.test"]),
        ("a@x.test; B <b@y.test>", ["a@x.test", "b@y.test"]),
        ("a@x.test; B <b@y.test>;", ["a@x.test", "b@y.test"]),
        ("a@x.test; b@y.test nonsense, c@z.test", ["", "c@z.test"]),
        ("root, a@x.test", ["root", "a@x.test"]),
        ("Doe, John", [""]),
        ("a@x.test junk, b@y.test", ["", "b@y.test"]),
        ('a@x.test, "torn <b@y.test>, c@z.test', ["a@x.test", ""]),
        ("a@x.test, Bob <b@y.test, c@z.test", ["a@x.test", ""]),
    ],
)
def test_lists_and_groups_are_taken_apart(text: str, expected: list[str]) -> None:
    assert emails(text) == expected


# The grammar of RFC 5322 with its obsolete forms, and what each sentence of it means.

_ATEXT = string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~"
atoms = st.text(_ATEXT + "éß用户", min_size=1, max_size=6).filter(lambda text: "=?" not in text)
blanks = st.sampled_from(["", "", "", " ", "  ", "\t", " \t"])
_ctext = st.text(string.ascii_letters + string.digits + " .,;:<>[]\"'é", max_size=6)
comments = st.recursive(
    _ctext | st.sampled_from(["\\(", "\\)", "\\\\"]),
    lambda inner: st.lists(inner, max_size=2).map(lambda parts: "(" + "".join(parts) + ")"),
    max_leaves=3,
).map(lambda text: f"({text})")
cfws = st.one_of(blanks, blanks, st.tuples(blanks, comments, blanks).map("".join))
_content = st.text(_ATEXT + ' .,:;@<>()[]\\"é', max_size=6)


def quoted(content: str) -> str:
    return '"' + content.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def words(draw: st.DrawFn) -> tuple[str, str]:
    if draw(st.booleans()):
        atom = draw(atoms)
        return atom, atom
    content = draw(_content.filter(lambda text: "=?" not in text))
    return quoted(content), content


LABELS = (
    st.text(f"{string.ascii_letters}{string.digits}-", min_size=1, max_size=7)
    .map(lambda text: text.strip("-") or "x")
    .filter(lambda label: label[2:4] != "--")
)


@st.composite
def addr_specs(draw: st.DrawFn) -> tuple[str, str]:
    """A sentence of addr-spec and the address that it means."""
    parts = draw(st.lists(words(), min_size=1, max_size=3))
    dotted = [draw(cfws) + written + draw(cfws) for written, _ in parts]
    local = ".".join(content for _, content in parts)
    plain = all(local.split(".")) and not set(local) & set(' .,:;@<>()[]\\"') - {"."}
    labels = draw(
        st.lists(
            LABELS,
            min_size=1,
            max_size=4,
        )
    )
    domain = [draw(cfws) + label + draw(cfws) for label in labels]
    meant = f"{local if plain else quoted(local)}@{'.'.join(labels).lower()}"
    return ".".join(dotted) + "@" + ".".join(domain), meant


@st.composite
def mailboxes(draw: st.DrawFn) -> tuple[str, str]:
    spec, meant = draw(addr_specs())
    if draw(st.booleans()):
        return spec, meant
    route = "".join(
        draw(st.lists(st.sampled_from(["@relay.test,", ",", "@[192.0.2.7],", " (hop) "]), max_size=3))
    )
    route = f"{route}@last.test:" if route and draw(st.booleans()) else ""
    phrase = " ".join(written for written, _ in draw(st.lists(words(), max_size=3)))
    return f"{phrase}{draw(cfws)}<{route}{spec}>{draw(cfws)}", meant


@st.composite
def address_lists(draw: st.DrawFn) -> tuple[str, list[str]]:
    written: list[str] = []
    meant: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        boxes = draw(st.lists(mailboxes(), min_size=1, max_size=3))
        meant += [address for _, address in boxes]
        texts = [text for text, _ in boxes]
        if draw(st.booleans()):
            phrase = " ".join(text for text, _ in draw(st.lists(words(), min_size=1, max_size=2)))
            written.append(f"{phrase}:{','.join(texts)};{draw(cfws)}")
        else:
            written += texts
        written += [""] * draw(st.integers(0, 1))
    return ",".join(written), meant


@settings(max_examples=300)
@given(addr_specs())
def test_every_addr_spec_of_the_grammar_is_read(case: tuple[str, str]) -> None:
    written, meant = case
    assert emails(written) == [meant]
    assert one_address(meant) == meant


@settings(max_examples=100)
@given(address_lists())
def test_every_address_list_of_the_grammar_is_read(case: tuple[str, list[str]]) -> None:
    written, meant = case
    assert emails(written) == meant


_PIECES = [*"@@.\"\\()<>,;: \t'[]", "a", "vic", "client.test", "evil.test", "=?utf-8?q?", "?="]
_PIECES += ["\x00", "＠", "é", "\u200b", "xn--", "mailto:"]


@settings(max_examples=600)
@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join) | st.text(max_size=40))
@example("a@b'@c")
def test_no_text_gives_a_part_of_itself(text: str) -> None:
    for person in parse_addresses([text]):
        if "@" not in person.email:
            continue
        assert one_address(person.email) == person.email
        assert len(person.email.encode()) <= MAX_OCTETS
        local, _, domain = person.email.rpartition("@")
        assert ascii_domain(domain)
        if not set(text) & set('<>(),;:"\\'):
            assert [text.strip(" \t\r\n").count("@"), text.lower().split("@")[1].strip()] == [1, domain]
            assert "".join(text.split()).rpartition("@")[0].casefold() == local.casefold()


@given(
    mailboxes(),
    st.sampled_from(["x", " x", "'", '"', "@evil.test", ".", "\x00", "<", ">", "(", ")x", "[", "＠"]),
)
def test_a_sentence_with_something_behind_it_is_no_address(case: tuple[str, str], rest: str) -> None:
    written, meant = case
    assert meant not in emails(written + " " + rest)


# Domains in two spellings.


@every_row(
    ("unicode", "ascii_form"),
    [
        ("bücher.test", "xn--bcher-kva.test"),
        ("straße.test", "xn--strae-oqa.test"),
        ("例子.广告", "xn--fsqu00a.xn--4rr70v"),
        ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
        ("דוגמה.test", "xn--6dbbec0c.test"),
    ],
)
def test_both_spellings_of_a_domain_are_one_address(unicode: str, ascii_form: str) -> None:
    spellings = [
        unicode,
        ascii_form,
        ascii_form.upper(),
        unicode.upper() if unicode != "straße.test" else unicode,
    ]
    assert {one_address(f"ann@{spelling}") for spelling in spellings} == {f"ann@{unicode}"}
    assert ascii_domain(unicode) == ascii_form


def test_a_label_that_stands_for_nothing_readable_stays() -> None:
    assert one_address("ann@xn--i-7iq.ws") == "ann@xn--i-7iq.ws"
    assert one_address("ann@xn--.test") == ""
    assert unicode_domain("i❤.ws") == ""


def test_an_address_longer_than_any_is_none() -> None:
    assert one_address("a" * 200 + "@client.test")
    for text in (
        "a" * 400 + "@client.test",
        "a@" + "b" * 64 + ".test",
        "a@" + "b.test." * 60 + "test",
        "é" * 170 + "@c.test",
    ):
        assert emails(text) == [""]


_LONG = ["a,", "a@b:", "a:", "a@", "a@b;", "a@b (c) ", "<@a,", "<a", "<a>", "[a", "=?a?q?", "mailto:", '"\\']


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [*_LONG, "(()", '"a" ', *"<(;.é'"])
def test_a_very_long_value_is_read_in_one_go(piece: str) -> None:
    for text in (piece * 20_000, "a@b.test" + piece * 20_000 + "@b.test"):
        assert len(parse_addresses([text])) <= 2000
