"""format=flowed (RFC 3676): soft line breaks joined again, quote depth kept."""

from __future__ import annotations


def unflow(text: str, delete_space: bool = False) -> str:
    """Join the soft-broken lines of `text`. `delete_space` is the DelSp parameter."""
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
