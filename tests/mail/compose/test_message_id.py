"""Our Message-IDs are recognised, and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.compose.message_id import make, ours
from tests.support.rows import every_row

SECRET = b"s" * 32
payloads = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@given(payloads)
def test_the_payload_comes_back_whatever_it_holds(payload: str) -> None:
    made = make(payload, "example.test", SECRET)
    assert made.isascii()
    assert len(made) < 300
    assert ours(made, SECRET) == payload


def test_programs_that_change_the_case_or_strip_the_brackets_do_no_harm() -> None:
    made = make("A-1042", "Example.Test", SECRET)
    assert (
        ours(made.upper(), SECRET) == ours(made.strip("<>"), SECRET) == ours(f" {made} ", SECRET) == "A-1042"
    )


def test_another_secret_another_payload_another_random_part_are_not_ours() -> None:
    made = make("1042", "example.test", SECRET)
    assert ours(made, b"t" * 32) is None
    assert ours(made.replace(".1042.", ".1043."), SECRET) is None
    flipped = made[:5] + ("a" if made[5] != "a" else "b") + made[6:]
    assert ours(flipped, SECRET) is None


def test_two_mails_of_one_ticket_have_two_ids() -> None:
    assert make("1", "example.test", SECRET) != make("1", "example.test", SECRET)


@every_row(
    "stranger",
    ["", "<>", "<a@b>", "<nd.a.b.c@d>", "<nd." + "a" * 16 + ".1." + "a" * 16 + "@x>", "x" * 100_000],
)
def test_strangers_are_strangers(stranger: str) -> None:
    assert ours(stranger, SECRET) is None


@every_row("domain", ["", "bad domain", "a>b", "x" * 300, "[192.0.2.1]"])
def test_a_domain_that_is_none_still_gives_an_id(domain: str) -> None:
    made = make("7", domain, SECRET)
    assert made.count("@") == 1
    assert ours(made, SECRET) == "7"


def test_a_domain_in_any_script_becomes_ascii() -> None:
    assert make("7", "bücher.test", SECRET).endswith("@xn--bcher-kva.test>")


def test_an_empty_or_endless_payload_is_a_mistake_of_ours() -> None:
    for payload in ("", "x" * 129):
        with pytest.raises(ValueError, match="128"):
            make(payload, "example.test", SECRET)
