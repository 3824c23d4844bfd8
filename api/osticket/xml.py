"""tickets.xml as the fields it holds. No entity and no document type is read, no depth is trusted."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

MAX_DEPTH = 8
MAX_ELEMENTS = 2000


def parse_xml(body: bytes) -> dict[str, Any]:
    """Return the children and attributes of the root by name.

    An element with attributes becomes {"text": ..., attribute: ...}; attachments become a list of files.
    Raises ValueError.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    except (LookupError, UnicodeError):
        raise ValueError("it is in an unknown encoding") from None
    return reader.fields()


class _Reader:
    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}
        self._files: list[dict[str, str]] = []
        self._count = 0
        self._path: list[str] = []
        self._attributes: list[dict[str, str]] = []
        self._pieces: list[list[str]] = []

    def fields(self) -> dict[str, Any]:
        return {**self._fields, "attachments": self._files} if self._files else self._fields

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._path) >= MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise ValueError("it has too many elements, or too deep ones")
        self._path.append(name)
        self._attributes.append(attributes)
        self._pieces.append([])
        if len(self._path) == 1:
            self._fields.update(attributes)

    def text(self, data: str) -> None:
        self._pieces[-1].append(data)

    def end(self, name: str) -> None:
        text, attributes = "".join(self._pieces.pop()), self._attributes.pop()
        path = [each.lower() for each in self._path]
        self._path.pop()
        if path[1:] == ["attachments", "file"]:
            self._files.append({**attributes, "data": text.strip()})
        elif len(path) == 2 and path[1] != "attachments":
            self._fields[name] = {**attributes, "text": text} if attributes else text
        elif len(path) > 2:
            self._pieces[-1].append(f" {name} {text.strip()} ")

    def doctype(self, *_: object) -> None:
        raise ValueError("it has a document type, which is not read")
