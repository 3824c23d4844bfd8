"""What of a mail is read as text, what is attached, and under which name (RFC 2046, 2387, 2183)."""

from __future__ import annotations

from typing import Final

from config.expressions import expression
from mail.inert import one_line
from mail.mime.headers import TooComplex, decode_words, parse_headers
from mail.mime.structure import Node

_EXTENSIONS: Final = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/x-patch": ".patch",
    "text/x-diff": ".diff",
    "text/markdown": ".md",
    "text/rfc822-headers": ".txt",
    "text/xml": ".xml",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/feedback-report": ".txt",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "application/json": ".json",
    "application/xml": ".xml",
    "application/msword": ".doc",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/pgp-keys": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/ms-tnef": ".dat",
    "application/rtf": ".rtf",
    "application/x-rtf": ".rtf",
    "text/rtf": ".rtf",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
    "application/csv": ".csv",
    "application/xhtml+xml": ".html",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
}
_INVITING: Final = frozenset({"REQUEST", "CANCEL", "REPLY", "COUNTER", "ADD"})
_OTHER_HTML: Final = frozenset({"text/x-amp-html", "text/watch-html"})
_TAGS: Final = expression(rb"<[^<>]*>|&nbsp;|\s+")
_FILE_ID: Final = expression(r"<?([^<>@\s/\\]{1,200}\.[A-Za-z0-9]{2,5})(?:@[^<>]*)?>?")
_MAX_LOOK: Final = 4096
_MARKUP: Final = expression(r"(?is)<(style|head|script)\b.*?(?:</\1\s*>|\Z)|<[^<>]*>?|&nbsp;")
_MAX_ADVICE: Final = 2000
_MAX_ADVICE_WORDS: Final = 40
_SAYS_MORE: Final = 3
"""An HTML with fewer words than this part of a plain text's is not what that text points to."""
_ADVICE: Final = ("html", "browser", "navigateur", "navegador", "webversion", "web version", "браузер")


class Shown:
    """The parts of a mail by what becomes of them.

    `texts`: to be read, in order. `attached`: files, and whether each was meant to be seen within the text.
    """

    def __init__(self, root: Node) -> None:
        self.texts: list[Node] = []
        self.attached: list[tuple[Node, bool]] = []
        self._spare: list[Node] = []  # other kinds of text, read when nothing else says anything
        self._calendars: list[Node] = []
        self._walk(root)
        if not any(_says_something(node) for node in self.texts):
            calendars = [node for node in self._spare if is_calendar(node)]
            # The same invitation is often sent twice, under two types.
            spare = [node for node in self._spare if node not in calendars[1:] and _is_text(node)]
            self.texts += spare or [node for node in _only_text(root) if node not in self.texts]
        elif self._calendars and self._calendars[0] not in self.texts:
            self.texts.append(self._calendars[0])

    def _walk(self, node: Node) -> None:
        if node.opened:
            self._opened(node)
        elif not node.children:
            self._leaf(node)
        elif node.type == "multipart/alternative":
            chosen = _best(node.children)
            for child in node.children:
                if child is chosen:
                    self._walk(child)
                else:
                    self._not_chosen(child)
        elif node.type == "multipart/related":
            self._related(node)
        else:
            for child in node.children:
                self._walk(child)

    def _opened(self, node: Node) -> None:
        """Open a wrapper: it stays to be saved, and what is in it is seen."""
        if node.type in ("text/plain", "text/html"):
            for child in node.children:
                self._walk(child)
            return
        self.attached.append((node, False))
        for child in node.children:
            tnef_text = (
                child.type.startswith("text/")
                and node.type.startswith("application/")
                and not (child.given_name or node.type.endswith("pkcs7-mime"))
            )
            if tnef_text:
                self._spare.append(child)
            else:
                self._walk(child)

    def _related(self, node: Node) -> None:
        start = node.content_type[1].get("start", "").strip("<> ")
        root = node.children[0]
        for child in node.children:
            if start and (child.headers.text("content-id") or "").strip("<> ") == start:
                root = child
                break
        self._walk(root)
        for child in node.children:
            if child is root:
                continue
            if child.children:
                self._walk(child)
            else:
                self.attached.append((child, child.disposition != "attachment"))

    def _not_chosen(self, node: Node) -> None:
        for leaf in node.leaves():
            same_text_again = leaf.type in ("text/plain", "text/html") or leaf.type in _OTHER_HTML
            if not same_text_again or leaf.given_name or leaf.disposition == "attachment":
                inside_html = leaf.parent is not None and leaf.parent.type == "multipart/related"
                self.attached.append((leaf, inside_html and leaf.disposition != "attachment"))
            self._note_text(leaf)

    def _leaf(self, node: Node) -> None:
        kind = "text/plain" if node.type.startswith("multipart/") else node.type
        self._note_text(node)
        if kind not in ("text/plain", "text/html") or node.disposition == "attachment":
            inline = node.disposition == "inline" and not node.type.startswith("message/")
            self.attached.append((node, inline))
        elif node.given_name and (self.texts or self.attached):
            self.attached.append((node, node.disposition == "inline"))
        else:
            self.texts.append(node)

    def _note_text(self, node: Node) -> None:
        """Keep in mind what could be read if the mail says nothing else."""
        kind = node.type
        if kind != "text/calendar" and is_calendar(node):
            self._note_calendar(node)
            return
        if not kind.startswith(("text/", "application/", "message/")) or (
            kind in _OTHER_HTML and node.parent is not None
        ):
            return
        if kind == "text/calendar":
            self._note_calendar(node)
        elif (kind not in ("text/plain", "text/html") and node.disposition != "attachment") or (
            node.parent is None and node.disposition == "attachment"
        ):
            self._spare.append(node)

    def _note_calendar(self, node: Node) -> None:
        self._spare.append(node)
        from mail.mime.calendar import method_of  # 0.4 ms, for invitations

        method = node.content_type[1].get("method", "").upper()
        if (method or method_of(node.decoded()[:20_000].decode("latin-1"))) in _INVITING:
            self._calendars.append(node)


def _is_text(node: Node) -> bool:
    if node.type.startswith("text/") or is_calendar(node):
        return True
    if node.type.startswith("message/"):
        return node.type not in ("message/rfc822", "message/global", "message/news")
    sealed = node.parent is not None and node.parent.type == "multipart/encrypted"
    if sealed or not node.type.startswith("application/"):
        return False
    from mail.mime.data_text import is_data  # 0.3 ms, for files

    return is_data(node.type, node.given_name, node.decoded()[:_MAX_LOOK])


def _only_text(root: Node) -> list[Node]:
    """Return the one part of a mail that has no other, where it is a text, be it sent as a file."""
    said = [node for node in root.leaves() if not (node.type == "text/plain" and not _says_something(node))]
    return said if len(said) == 1 and _is_text(said[0]) else []


def is_calendar(node: Node) -> bool:
    """Return whether a part is a calendar, also under the types that senders use instead."""
    kind = node.type
    if kind in ("text/calendar", "application/ics"):
        return True
    return kind in ("application/octet-stream", "text/plain") and node.given_name.lower().endswith(".ics")


def _best(children: list[Node]) -> Node:
    """Return the alternative for a terminal: plain text if it says anything, else HTML, else the first."""
    pointing, advice = None, 0
    for wanted in ("text/plain", "text/html"):
        for child in children:
            said = [leaf for leaf in _inline_leaves(child) if leaf.type == wanted and _says_something(leaf)]
            if said and wanted == "text/plain" and all(map(_points_to_html, said)):
                pointing = pointing or child
                advice = advice or sum(map(_word_count, said))
            elif said and sum(map(_word_count, said)) * _SAYS_MORE > advice:
                return child
    return pointing or children[0]


def _word_count(node: Node) -> int:
    """Return about how many words a text has: of HTML without its tags."""
    text = node.decoded()[:_MAX_LOOK].decode("utf-8", "replace")
    return len((_MARKUP.sub(" ", text) if node.type == "text/html" else text).split())


def _points_to_html(node: Node) -> bool:
    """Return whether a plain text may be nothing but advice to read the other alternative."""
    if node.end - node.start > _MAX_ADVICE:
        return False
    text = node.decoded().decode("utf-8", "replace").casefold()
    return any(word in text for word in _ADVICE) and len(text.split()) <= _MAX_ADVICE_WORDS


def _inline_leaves(node: Node) -> list[Node]:
    return [leaf for leaf in node.leaves() if leaf.disposition != "attachment"]


def _says_something(node: Node) -> bool:
    start = node.raw[node.start : min(node.end, node.start + _MAX_LOOK)]
    if node.type == "text/html" and len(start) < _MAX_LOOK and node.encoding != "base64":
        return bool(_TAGS.sub(b"", start))
    return bool(start.strip())


def name_of(node: Node, data: bytes) -> str:
    """Return the file name to show: the sender's, else one made of what is known about the part."""
    if node.given_name:
        return (
            f"._{node.given_name}"
            if _is_fork(node) and not node.given_name.startswith("._")
            else node.given_name
        )
    if node.type in ("message/rfc822", "message/global"):
        inner = _inner_subject(data)
        if inner:
            return f"{one_line(inner.replace('/', '-'), 120)}.eml"
    if node.parent is not None and node.parent.type == "multipart/appledouble":
        name = next((child.given_name for child in node.parent.children if child.given_name), "")
        if name:
            return f"._{name}" if _is_fork(node) else name
    for field in ("content-id", "content-location", "content-description"):
        named = _FILE_ID.fullmatch(one_line(node.headers.text(field) or "", 300).rpartition("/")[2])
        if named is not None:
            return named[1]
    suffix = node.type.rpartition("+")[2]
    otherwise = f".{suffix}" if suffix in ("json", "xml", "yaml") else ".bin"
    return f"part-{node.path}{_EXTENSIONS.get(node.type, otherwise)}"


def _is_fork(node: Node) -> bool:
    """Return whether it is the second file that Macintoshes send with a file (AppleDouble, RFC 1740)."""
    return (
        node.type == "application/applefile"
        and node.parent is not None
        and node.parent.type == "multipart/appledouble"
    )


def _inner_subject(data: bytes) -> str:
    try:
        headers, _ = parse_headers(data, 0, len(data), [])
    except TooComplex:
        return ""
    return decode_words(headers.text("subject") or "")
