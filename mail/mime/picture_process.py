"""Reads a picture on standard input and writes it small, as rows of RGB: a program of its own, with limits.

Decoders of pictures are large and strangers' pictures are hostile: what breaks, hangs or eats memory is this
process. Called as ``python -I picture_process.py COLUMNS ROWS``; it needs Pillow and nothing of ours.
"""

from __future__ import annotations

import io
import resource
import sys

SECONDS = 5
MEMORY = 768 << 20
PIXELS = 60_000_000
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")


def main(columns: int, rows: int) -> int:
    """Write ``WIDTH HEIGHT``, a line end, and three bytes for each point; two of them are a cell of text."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    data = sys.stdin.buffer.read()
    try:
        from PIL import Image  # 30 ms, within the limits
    except ImportError:
        return 3
    Image.MAX_IMAGE_PIXELS = PIXELS
    with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        if picture.width * picture.height > PIXELS:
            return 4
        picture.draft("RGB", (columns * 2, rows * 4))
        picture.thumbnail((columns, rows * 2))
        shown = Image.new("RGB", picture.size)
        whole = picture.convert("RGBA")
        shown.paste(whole, mask=whole.getchannel("A"))
    sys.stdout.buffer.write(b"%d %d\n" % shown.size + shown.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
