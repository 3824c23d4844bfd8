"""Given an mbox of any dialect, the mails that went into it come out."""

from __future__ import annotations

import io
import mailbox
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mail.archives import mbox
from mail.archives.mbox import NotAnMbox, StoredMail, begins_mail, into_mbox, moment_of, read_mbox
from tests.support.rows import every_row

FROM = b"From joe@x.test Fri Nov 20 09:00:01 2026\n"
LIMIT = 10_000_000
ENDS = st.sampled_from([b"", b"\n", b"\r\n"])


def read(data: bytes, start: int = 0, limit: int = LIMIT) -> list[StoredMail]:
    return list(read_mbox(io.BytesIO(data), start, limit))


def raws(data: bytes) -> list[bytes | None]:
    return [mail.raw for mail in read(data)]


def mail(body: bytes, subject: bytes = b"s") -> bytes:
    return b"Subject: " + subject + b"\n\n" + body


def test_mails_come_without_their_from_lines_and_the_empty_line_behind_them() -> None:
    first, second = mail(b"one\n\n\n"), mail(b"two\n")
    data = FROM + first + b"\n" + FROM + second + b"\n"
    assert raws(data) == [first, second]
    found = read(data)
    assert [each.start for each in found] == [0, found[0].end]
    assert found[1].end == len(data)
    assert found[0].moment == datetime(2026, 11, 20, 9, 0, 1, tzinfo=UTC)


def test_reading_goes_on_where_it_stopped() -> None:
    data = b"".join(FROM + mail(b"%d\n" % number) + b"\n" for number in range(5))
    found = read(data)
    for place, each in enumerate(found):
        assert [later.raw for later in read(data, each.end)] == [more.raw for more in found[place + 1 :]]


@every_row(
    ("written", "meant"),
    [(b">From me\n", b"From me\n"), (b">>From me\n", b">From me\n"), (b">Fromage\n", b">Fromage\n")],
)
def test_one_quote_is_taken_off(written: bytes, meant: bytes) -> None:
    assert raws(FROM + mail(b"a\n\n" + written) + b"\n") == [mail(b"a\n\n" + meant)]


@every_row(
    "line",
    [
        b"From here on it burns.\n",
        b"From now: nothing\n",
        b"From joe@x.test I heard on Friday that 20 Nov is near\n",
        b"From: joe\n",
    ],
)
def test_a_line_of_the_text_that_begins_with_from_begins_no_mail(line: bytes) -> None:
    body = b"Hello,\n\n" + line + b"Note: this is no header\n\n" + line + b"\nbye\n"
    assert raws(FROM + mail(body) + b"\n" + FROM + mail(b"2\n")) == [mail(body), mail(b"2\n")]


@every_row(
    ("line", "moment"),
    [
        (b"From joe@x.test Fri Nov 20 09:00:01 2026\n", datetime(2026, 11, 20, 9, 0, 1, tzinfo=UTC)),
        (b"From joe@x.test  Fri Nov  6 09:00 2026\r\n", datetime(2026, 11, 6, 9, 0, tzinfo=UTC)),
        (b"From 18@xxx Fri Nov 20 09:00:01 +0200 2026\n", datetime(2026, 11, 20, 7, 0, 1, tzinfo=UTC)),
        (b"From - Fri Nov 20 09:00:01 2026\n", datetime(2026, 11, 20, 9, 0, 1, tzinfo=UTC)),
        (b"From joe Fri, 20 Nov 2026 09:00:01 -0100\n", datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC)),
        (b"From MAILER-DAEMON Fri Nov 20 09:00:01 2026\n", datetime(2026, 11, 20, 9, 0, 1, tzinfo=UTC)),
        (b'From "odd name"@x Fri Nov 31 09:00:01 2026\n', None),
        (b"From - \n", None),
        (b"From joe@x.test\n", None),
    ],
)
def test_from_lines_as_programs_write_them_begin_a_mail(line: bytes, moment: datetime | None) -> None:
    assert begins_mail(line, b"Subject: x\n", after_blank=True)
    assert moment_of(line) == moment


def test_line_ends_stay_as_they_are() -> None:
    data = (FROM + mail(b"one\n") + b"\n" + FROM + mail(b"two\n") + b"\n").replace(b"\n", b"\r\n")
    assert raws(data) == [each.replace(b"\n", b"\r\n") for each in (mail(b"one\n"), mail(b"two\n"))]


def test_the_last_mail_may_end_anywhere() -> None:
    assert raws(FROM + mail(b"no end")) == [mail(b"no end")]
    assert raws(FROM) == [b""]
    assert raws(b"") == []
    assert raws(b"\n\n") == []


def test_a_line_longer_than_any_buffer_is_one_line() -> None:
    body = b"x" * 3_000_000 + b"From " + b"y" * 100 + b"\n"
    assert raws(FROM + mail(body) + b"\n" + FROM + mail(b"2\n")) == [mail(body), mail(b"2\n")]


def test_a_mail_over_the_limit_is_told_and_the_next_one_read() -> None:
    found = read(FROM + mail(b"x\n" * 1000) + b"\n" + FROM + mail(b"2\n"), limit=500)
    assert [each.raw for each in found] == [None, mail(b"2\n")]


def test_what_is_no_mbox_is_refused() -> None:
    with pytest.raises(NotAnMbox):
        read(b"Subject: a mail\n\ntext\n")


def test_what_pythons_own_mailbox_writes_is_read(tmp_path: Path) -> None:
    bodies = [b"one\n", b"From the start\n\nFrom me\n", b">From quoted\n"]
    box = mailbox.mbox(tmp_path / "box")
    for body in bodies:
        box.add(b"Subject: s\n\n" + body)
    box.flush()
    found = raws((tmp_path / "box").read_bytes())
    assert found[:2] == [mail(body) for body in bodies[:2]]
    assert len(found) == 3


LINES = st.lists(
    st.one_of(
        st.binary(max_size=12).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b"")),
        st.sampled_from(
            [b"", b"From ", b">From x", b">>From Fri", FROM.strip(), b"Subject: x", b">", b"From - "]
        ),
    ),
    max_size=8,
)


@given(st.lists(LINES, max_size=5))
def test_whatever_goes_in_as_mboxrd_comes_out(bodies: list[list[bytes]]) -> None:
    mails = [mail(b"".join(line + b"\n" for line in lines)) for lines in bodies]
    quoted = [re.sub(rb"(?m)^(>*From )", rb">\1", each) for each in mails]
    assert raws(b"".join(FROM + each + b"\n" for each in quoted)) == mails


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader_and_none_are_lost(data: bytes) -> None:
    found = read(FROM + data)
    assert found[0].start == 0
    assert found[-1].end == len(FROM + data)
    assert [each.end for each in found[:-1]] == [each.start for each in found[1:]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.builds(bytes.__add__, st.sampled_from([b"", b">", b"From ", b">>From x", b"text", b"\r"]), ENDS)
    ),
    piece=st.integers(8, 12),
)
def test_a_mail_is_written_as_mboxrd_however_it_is_cut(
    monkeypatch: pytest.MonkeyPatch, lines: list[bytes], piece: int
) -> None:
    monkeypatch.setattr(mbox, "_PIECE", piece)
    raw, target = b"".join(lines), io.BytesIO()
    # Whether a line is to be quoted is seen in its first piece; the program's is a MiB.
    assume(not re.search(rb">{%d}From " % (piece - len("From ") + 1), raw))
    into_mbox(io.BytesIO(raw), datetime(2026, 11, 20, 9, 0, 1, tzinfo=UTC), target)
    quoted = re.sub(rb"(?m)^(>*From )", rb">\1", raw.replace(b"\r\n", b"\n")).rstrip(b"\n")
    assert target.getvalue() == b"From nightdesk Fri Nov 20 09:00:01 2026\n" + quoted + b"\n\n"
