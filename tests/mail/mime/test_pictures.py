"""A picture is drawn small by a process of its own; what is hostile or broken is only not drawn."""

from __future__ import annotations

import io
import struct
import zlib

import pytest

from mail.mime.pictures import Picture, drawn, is_picture
from mail.mime.separated import table

Image = pytest.importorskip("PIL.Image")


def picture(kind: str, width: int = 40, height: int = 20) -> bytes:
    made = Image.new("RGB", (width, height), (255, 0, 0))
    made.paste((0, 0, 255), (0, height // 2, width, height))
    out = io.BytesIO()
    made.save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_it_is_drawn_in_the_cells_that_there_are(kind: str) -> None:
    data = picture(kind)
    assert is_picture(data)
    found = drawn(data, 20, 10)
    assert isinstance(found, Picture)
    assert (found.width, found.height) == (20, 10)
    red, _, blue = found.colour(10, 1)
    assert red > 200 > 60 > blue
    red, _, blue = found.colour(10, 8)
    assert blue > 200 > 60 > red
    assert found.colour(0, 99) == (0, 0, 0)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has so many points."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [
        bomb(100_000, 100_000),
        bomb(2**31 - 1, 1),
        picture("PNG")[:60],
        picture("JPEG")[:100],
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"GIF89a" + b"\xff" * 1000,
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"",
    ],
    ids=range(8),
)
def test_what_is_hostile_or_broken_is_not_drawn(data: bytes) -> None:
    assert drawn(data, 20, 10) is None


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_values_stand_in_columns(separator: str) -> None:
    rows = [["Host", "Port", "Words"], ["db01", "5432", "up"], ["日本", "80", 'a "b"\x1b[2J']]
    text = "\n".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    shown = (table(text) or "").split("\n")
    assert shown[0].split() == ["Host", "Port", "Words"]
    assert set(shown[1]) == {"-", " "}
    assert shown[2] == "db01  5432  up"
    assert shown[3].startswith("日本    80  a")
    assert "\x1b" not in shown[3]


@pytest.mark.parametrize("text", ["", "one line\n", "just\nwords\n", '"' * 5, "\0"])
def test_what_has_no_columns_is_no_table(text: str) -> None:
    assert table(text) is None


def test_a_large_one_is_cut() -> None:
    shown = table("a,b\n" * 20_000) or ""
    assert "[more rows:" in shown
    assert "[more columns:" in (table("a,b\n" + ",".join("c" * 200)) or "")
    assert (table(f"a,b\n{'word ' * 40},c") or "").splitlines()[2].endswith("...  c")
    assert shown.count("\n") < 5_010
