"""An osTicket's Message-IDs say which entry of which thread a mail was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mail.mime.osticket_id import code_of, read
from tests.support.osticket_desk import CODE, SALT, old_mail_id
from tests.support.rows import every_row

NUMBER = st.integers(0, 2**32 - 1)


@given(entry=NUMBER, thread=NUMBER, user=NUMBER)
def test_entry_and_thread_are_read(entry: int, thread: int, user: int) -> None:
    said = read(old_mail_id(entry, thread, user))
    assert said is not None
    assert (said.code, said.entry, said.thread) == (CODE, entry, thread)


def test_the_code_follows_from_the_salt() -> None:
    assert code_of(SALT) == CODE


@every_row(
    "other",
    [
        "",
        "<B@x>",
        "<B123456-abcde-short-help@old.test>",
        "<A" + old_mail_id(1, 2)[2:],
        "<nd.abcdefghijklmnop.1.abcdefghijklmnop@desk.test>",
        "<B" + "x" * 5000 + ">",
        old_mail_id(1, 2).replace("-abcde-", "-abcde-*"),
    ],
)
def test_other_ids_say_nothing(other: str) -> None:
    assert read(other) is None
