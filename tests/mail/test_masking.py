"""A password that a server repeats shows nowhere, however the server writes it."""

from __future__ import annotations

import base64
import html
import json
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from mail.errors import MailError
from mail.inert import clean, masked, one_line
from tests.support.rows import every_row

PASSWORDS = [
    'p"w\\x1',
    "it's a 'secret'",
    "two  blanks and\ttab",
    "gr\u00fc\u00dfe-\u20ac5",
    "50%41+&lt;=3D",
    "back\\\\slash\\n",
    "\u043f\u0430\u0440\u043e\u043b\u044c",
    "hunter2!",
    "zero\u200bwidth",
]

Repeated = Callable[[str], str]

WAYS: dict[str, Repeated] = {
    "as it is": str,
    "IMAP quoted": lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"',
    "repr": repr,
    "repr of repr": lambda text: repr(repr(text)),
    "repr of bytes": lambda text: repr(text.encode()),
    "repr of the command's bytes": lambda text: repr(f'LOGIN "u" "{text}"'.encode()),
    "JSON": json.dumps,
    "JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "URL": quote,
    "URL, every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "URL twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": quote_plus,
    "HTML": html.escape,
    "HTML, numbered": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML, in hex": lambda text: "".join(f"&#x{ord(each):X};" for each in text),
    "shell": shlex.quote,
    "SQL": lambda text: "'" + text.replace("'", "''") + "'",
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "C hex": lambda text: "".join(f"\\x{byte:02X}" for byte in text.encode()),
    "quoted-printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "hex": lambda text: text.encode().hex(),
    "hex, with colons": lambda text: text.encode().hex(":").upper(),
    "a dump": lambda text: " ".join(f"0x{byte:02x}" for byte in text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of PLAIN": lambda text: base64.b64encode(f"\0u\0{text}".encode()).decode(),
    "base64, wrapped": lambda text: base64.encodebytes(b"\0" + b"u" * 50 + b"\0" + text.encode()).decode(),
    "base64 in a URL": lambda text: quote(base64.b64encode(b"xx" + text.encode()).decode(), safe=""),
    "capitals": str.upper,
    "wrapped": lambda text: text[:5] + "\r\n " + text[5:],
    "mistaken for latin-1": lambda text: text.encode().decode("latin-1"),
    "in latin-1, read as UTF-8": lambda text: text.encode("latin-1", "replace").decode("utf-8", "replace"),
}


@every_row("password", PASSWORDS)
@every_row("way", WAYS)
@every_row("shown", [str, one_line, clean])
def test_no_form_of_a_password_is_shown(password: str, way: str, shown: Repeated) -> None:
    """However a server quotes, escapes or encodes a password that it repeats, nobody sees it."""
    repeated = WAYS[way](password)
    words = f"BAD Error in IMAP command: LOGIN u {repeated} (0.001 + 0.000 secs)."
    if not set(shown(repeated)) - set("? "):
        return
    found = masked(shown(words), [password])
    core = shown(repeated).strip(" \n\"'")
    assert core not in found
    assert one_line(core) not in one_line(found)
    assert "********" in found
    assert found.startswith("BAD Error in IMAP command:")
    assert found.endswith("secs).")


@every_row("password", PASSWORDS)
def test_an_error_masks_before_and_after_blanks_are_collapsed(password: str) -> None:
    error = MailError("no", server_words=f"you sent {password}\r\n {password}", secrets=[password])
    assert one_line(password) not in str(error)
    assert str(error).startswith("no: you sent ********")


ORDINARY = [
    "550 5.1.1 <ann@example.test>: Recipient address rejected: User unknown in relay recipient table",
    "NO [AUTHENTICATIONFAILED] Authentication failed. (Failure) q=3DdeadBEEF/abc 0x1f 550-5.7.26",
    "certificate sha256 " + "ab:cd:" * 15 + "ef, see https://example.test/?a=%20b&amp;c=1+2",
]


@every_row("words", ORDINARY)
@every_row("password", [*PASSWORDS, "'\"", "\\", "  ", '" "'])
def test_words_without_the_password_stay_as_they_are(words: str, password: str) -> None:
    if password.strip():
        assert masked(words, [password, ""]) == words


PRINTABLE = st.characters(exclude_categories=("C", "Zs", "Zl", "Zp"), include_characters=" \t")


@given(
    st.text(PRINTABLE, min_size=4, max_size=30).filter(lambda text: len("".join(text.split())) > 3),
    st.sampled_from(list(WAYS)),
)
def test_any_password_in_any_form_is_hidden(password: str, way: str) -> None:
    try:
        repeated = WAYS[way](password)
    except UnicodeEncodeError:
        return
    if password.strip("\"'\\`? ") and len(password.encode("ascii", "ignore")) > 3:
        assert repeated not in masked(f"you said {repeated} to me", [password])


@given(st.text(max_size=300), st.lists(st.text(max_size=12), max_size=3))
def test_masking_is_total_and_twice_is_once(words: str, secrets: list[str]) -> None:
    once = masked(words, secrets)
    assert all(secret not in once.replace("*", "") for secret in secrets if secret.strip("*"))
