"""format=flowed (RFC 3676): soft line breaks joined again, quote depth kept."""

from __future__ import annotations

from typing import Final

MAX_UNFLOWED: Final = 2_000_000


def unflow(text: str, delete_space: bool = False) -> str:
    """Join the soft-broken lines of `text`. `delete_space` is the DelSp parameter.

    What stands behind the first `MAX_UNFLOWED` characters stays as it was wrapped.
    """
    if len(text) > MAX_UNFLOWED:
        cut = text.rfind("\n", 0, MAX_UNFLOWED) + 1 or MAX_UNFLOWED
        return unflow(text[:cut].removesuffix("\n"), delete_space) + "\n" + text[cut:]
    done: list[str] = []
    paragraph: list[str] = []
    depth_now = 0

    def end() -> None:
        if paragraph:
            joined = "".join(paragraph)
            done.append(f"{'>' * depth_now} {joined}" if depth_now else joined)
            paragraph.clear()

    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        content = content.removeprefix(" ")
        if paragraph and depth != depth_now:
            end()
        depth_now = depth
        if content == "-- ":
            end()
            paragraph.append(content)
            end()
        elif content.endswith(" "):
            paragraph.append(content[:-1] if delete_space else content)
        else:
            paragraph.append(content)
            end()
    end()
    return "\n".join(done)
