"""Which files of a Maildir, or below a directory, are mails, and in which order."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mail.archives.maildir import NotAMaildir, delivered, eml_files, maildir_files, read


def write(path: Path, text: bytes = b"Subject: x\n\nx\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    return path


def test_cur_and_new_are_read_in_the_order_of_delivery_and_nothing_else(tmp_path: Path) -> None:
    for name in (
        "cur/1700000003.b.host:2,S",
        "new/1700000001.c.host",
        "cur/1700000002.a.host:2,",
        "tmp/1700000000.t.host",
        ".Sent/cur/1600000000.s.host",
        "cur/.hidden",
        "dovecot.index",
    ):
        write(tmp_path / name)
    files = maildir_files(tmp_path)
    assert [file.name for file in files] == ["1700000001.c.host", "1700000002.a.host", "1700000003.b.host"]
    assert delivered(files[0]) == datetime.fromtimestamp(1_700_000_001, UTC)


def test_a_name_without_a_time_goes_by_the_files_time(tmp_path: Path) -> None:
    path = write(tmp_path / "cur" / "odd:2,S")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert delivered(maildir_files(tmp_path)[0]) == datetime.fromtimestamp(1_700_000_000, UTC)


def test_a_mail_that_was_read_meanwhile_is_found_where_it_is_now(tmp_path: Path) -> None:
    path = write(tmp_path / "new" / "1700000001.c.host", b"Subject: found\n\n")
    [file] = maildir_files(tmp_path)
    (tmp_path / "cur").mkdir()
    path.rename(tmp_path / "cur" / "1700000001.c.host:2,S")
    assert read(file) == b"Subject: found\n\n"
    (tmp_path / "cur" / "1700000001.c.host:2,S").unlink()
    with pytest.raises(FileNotFoundError):
        read(file)


def test_what_has_no_cur_and_no_new_is_no_maildir(tmp_path: Path) -> None:
    with pytest.raises(NotAMaildir):
        maildir_files(tmp_path)


def test_eml_files_are_found_at_any_depth_and_one_file_is_itself(tmp_path: Path) -> None:
    for name in ("b.eml", "a/z.EML", "a/readme.txt", "a/.x.eml"):
        write(tmp_path / name)
    assert [file.name for file in eml_files(tmp_path)] == ["b.eml", "a/z.EML"]
    assert [file.name for file in eml_files(tmp_path / "a" / "readme.txt")] == ["readme.txt"]
    with pytest.raises(FileNotFoundError):
        eml_files(tmp_path / "none")
