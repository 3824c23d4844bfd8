"""The words of an SMTP conversation, for whoever wants to see them; passwords and tokens are left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import aiosmtplib

from mail.inert import masked, one_line

_HIDDEN = "********"
_MORE_TO_COME = 334


class Dialogue:
    """What was said, a line each: ``C:`` by us, ``S:`` by the server."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.lines: list[str] = []
        self._secrets = [secret for secret in secrets if secret]

    def ours(self, words: str) -> None:
        """Note that we said this."""
        self.lines.append(f"C: {self._inert(words)}")

    def theirs(self, code: int, words: str) -> None:
        """Note what the server answered, line by line."""
        self.lines += [f"S: {code} {self._inert(line)}".rstrip() for line in words.split("\n") or [""]]

    def _inert(self, words: str) -> str:
        return one_line(masked(words, self._secrets), 500)


class TalkingSmtp(aiosmtplib.SMTP):
    """aiosmtplib's client that writes down what is said."""

    dialogue: Dialogue | None = None
    _asked_for_more = False

    async def execute_command(self, *args: bytes, **more: Any) -> aiosmtplib.SMTPResponse:
        """Say a command and hear its answer."""
        if self.dialogue is not None:
            self.dialogue.ours(self._shown(args))
        response = await super().execute_command(*args, **more)
        self._asked_for_more = response.code == _MORE_TO_COME
        if self.dialogue is not None:
            self.dialogue.theirs(response.code, response.message)
        return response

    def _shown(self, args: tuple[bytes, ...]) -> str:
        if self._asked_for_more:  # the next word of a login
            return _HIDDEN
        words = [word.decode("utf-8", "replace") for word in args]
        if words and words[0].upper() == "AUTH":
            return " ".join([*words[:2], *([_HIDDEN] if len(words) > 2 else [])])
        return " ".join(words)
