"""A text names facts and nothing else; a hostile one is refused, or stays within time and size."""

from __future__ import annotations

import re
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.templates.rendering import (
    FACTS,
    LONGEST_RESULT,
    LONGEST_SOURCE,
    BrokenTemplate,
    check,
    names,
    render,
)
from tests.support.rows import every_row

DOCS = Path(__file__).parents[3] / "docs" / "templates.md"


def known(**said: Any) -> dict[str, dict[str, Any]]:
    facts: dict[str, dict[str, Any]] = {group: dict.fromkeys(each, "") for group, each in FACTS.items()}
    facts["ticket"]["tags"] = ["vpn", "mac"]
    for name, value in said.items():
        group, _, fact = name.partition("_")
        facts[group][fact] = value
    return facts


@every_row(
    ("source", "text"),
    [
        ("Hello {{ requester.name }}!", "Hello Ana!"),
        ("{{ requester.name|upper }}", "ANA"),
        ("{% if 'mac' in ticket.tags %}Mac{% else %}PC{% endif %}", "Mac"),
        ("{% for tag in ticket.tags %}<{{ tag }}>{% endfor %}", "<vpn><mac>"),
        ("{{ ticket.tags|join(', ') }}", "vpn, mac"),
        ("{{ ticket.topic or 'none' }}", "none"),
        ("{{ 'yes' if ticket.topic else 'no' }}", "no"),
        ("{% raw %}{{ x }}{% endraw %}{# a remark #}", "{{ x }}"),
        ("100 % { } }} {", "100 % { } }} {"),
    ],
)
def test_facts_stand_in_it(source: str, text: str) -> None:
    assert render(source, known(requester_name="Ana")).text == text


def test_places_are_for_the_writer() -> None:
    rendered = render('A {{ cursor("the  date") }} B {{ cursor }}', known())
    assert rendered.text == "A [[the date]] B [[...]]"
    assert rendered.places == ("the date", "...")


@every_row(
    "source",
    [
        "{{ nothing }}",
        "{{ ticket.nothing }}",
        "{{ ticket }}",
        "{{ ticket.number",
        "{% if %}",
        "{% endif %}",
        "{{ ticket.__class__ }}",
        "{{ ticket.number.__class__.__mro__ }}",
        "{{ ticket['number'] }}",
        "{{ ''.__class__ }}",
        "{{ ticket.subject.format(x=1) }}",
        "{{ ticket.subject|attr('__class__') }}",
        "{{ cursor.__init__ }}",
        "{{ cursor(cursor) }}",
        "{{ cursor('a', 'b') }}",
        "{{ range(10) }}",
        "{% for x in range(1000000000) %}{% endfor %}",
        "{% for a in ticket.tags %}{% for b in ticket.tags %}{% endfor %}{% endfor %}",
        "{% for a in ticket.tags recursive %}{{ loop(ticket.tags) }}{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 2 ** 9999999999 }}",
        "{{ " + "9" * 5000 + " }}",
        "{{ 'x'|center(1000000000) }}",
        "{{ ticket.subject|replace('', 'aaaa') }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 'x' %}",
        "{% extends 'x' %}",
        "{% import 'x' as y %}",
        "{% set x = 1 %}",
        "{{ lipsum(1000) }}",
        "{{ self }}",
        "{{ config }}",
        "{{ namespace() }}",
        "{{ ticket.number and nothing }}",
        "{% if false %}{{ nothing }}{% endif %}",
        "{{ [1, 2] }}",
        "{{ 'a' ~ 'b' }}",
        "{% filter upper %}x{% endfilter %}",
        "{{ ticket.tags|join(message.text) }}",
        "{{ ticket.tags|join(', ')|join(', ') }}",
        "{{ message.text|upper|join('x') }}",
        "{{ ticket.tags|join(d=message.text) }}",
        "{{ ticket.tags|join('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx') }}",
        "{% for tag in ticket.tags %}{{ tag|join(message.text) }}{% endfor %}",
        "\ue000x\ue001",
        "x" * (LONGEST_SOURCE + 1),
        "(" * 200 + "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "not " * 4000 + "ticket.number }}",
        "{% if ticket.number %}" * 800 + "{% endif %}" * 800,
    ],
)
def test_whatever_else_is_refused_when_it_is_saved(source: str) -> None:
    with pytest.raises(BrokenTemplate):
        check(source)


def test_what_stands_too_deep_in_one_another_is_not_even_compiled() -> None:
    with pytest.raises(BrokenTemplate, match="in one another"):
        check("{{ ticket.number" + "|upper" * 180 + " }}")


@every_row("value", ["{{ 7 * 7 }}", "{% for %}", "\ue000x\ue001", "\x1b[2J", "[[x]]", "<b>&"])
def test_what_a_stranger_wrote_is_never_a_template(value: str) -> None:
    rendered = render("{{ ticket.subject }}", known(ticket_subject=value))
    assert "49" not in rendered.text
    assert "\x1b" not in rendered.text
    assert rendered.places == ()


def test_a_text_is_not_too_long_because_the_machine_does_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hours = count(step=3600)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(hours)))
    assert render("{{ ticket.subject }}, {{ ticket.number }}", known(ticket_subject="x")).text.startswith(
        "x,"
    )


def test_long_facts_are_cut_and_the_result_is_bounded() -> None:
    big = known(ticket_subject="x" * 10_000_000)
    began = time.process_time()
    assert len(render("{{ ticket.subject }}", big).text) < 100_000
    with pytest.raises(BrokenTemplate, match="too long"):
        render("{{ ticket.subject }}" * 900, big)
    many = known(ticket_tags=["y" * 20_000] * 100)
    with pytest.raises(BrokenTemplate, match="too long"):
        render("{% for tag in ticket.tags %}{{ tag }}{% endfor %}", many)
    assert time.process_time() - began < 20
    assert LONGEST_RESULT < 1_000_000


@given(st.text(alphabet="{}%#abc. ticketnumber()|'\"~+*[]_-\n", max_size=80))
def test_any_text_is_rendered_or_refused(source: str) -> None:
    try:
        check(source)
    except BrokenTemplate:
        return
    try:
        render(source, known())
    except BrokenTemplate:
        pass


def test_the_page_names_every_fact() -> None:
    table = DOCS.read_text("utf-8").split("<!-- facts -->")[1].split("<!-- end -->")[0]
    assert re.findall(r"\| `([\w.]+)` \| (.+?) \|", table) == list(names())
