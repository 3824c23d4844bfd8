"""HTML mails as text."""

from __future__ import annotations

import time

from benchmarks.table import Result, below
from mail.mime.html.document import read_html

_SIZE = 50_000
_STYLE = (
    "font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:20px;color:#333333;padding:10px 25px"
)
_OFFER = """
<tr><td style='{style}' align='left'><table role='presentation' width='100%'><tr>
<td style='{style}'><a href='https://shop.test/{number}'>
<img src='https://cdn.test/{number}.png' alt='Picture {number}' width='280' style='border:0'></a></td>
<td style='{style}'><h2 style='margin:0'>Offer {number}</h2>
<p style='{style}'>Some words about an <b>offer</b> that ends on Sunday, written as such
mails are written.</p></td>
</tr></table></td></tr>
"""


def html() -> Result:
    """One newsletter of 50 kB: nested layout tables with the styles that mailers write into every cell."""
    page = "<html><body><table width='600'>"
    number = 0
    while len(page) < _SIZE:
        number += 1
        page += _OFFER.replace("{style}", _STYLE).replace("{number}", str(number))
    read_html(page)
    best = min(_milliseconds(page) for _ in range(20))
    return below("HTML to text, 50 kB", best, 5, "ms")


def _milliseconds(page: str) -> float:
    began = time.perf_counter()
    read_html(page)
    return (time.perf_counter() - began) * 1000
