"""Who is let in: keys, their scopes and their rates, and the log line of who is not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from api.server.limits import Limiter
from api.server.refusals import Refusal
from config.expressions import expression
from desk import logs
from desk.staff import api_keys
from mail.inert import one_line

if TYPE_CHECKING:
    from starlette.datastructures import Headers

    from api.server.meters import Meters
    from api.server.threads import Threads
    from desk.staff.api_keys import IPAddress, KeyLine

REFUSALS_A_MINUTE = 30
"""From one address; more are answered with 429 and not logged."""

LINES_A_MINUTE = 300
"""From everybody together."""

MORE_LINES_A_MINUTE = 10
"""About calls with a good key from one address."""

_KEY = expression(r"[0-9A-Za-z_-]{32,128}")
_PROGRAM = expression(r"(?s)[A-Za-z][A-Za-z._-]{1,40}/v?\d[\w.]{0,15}(?:[ ;(].*)?")
"""A product and its version (RFC 9110 10.1.5), as no key begins."""
_PROGRAM_SHOWN = 100

_AS_OSTICKET = "API error - code #77: Unknown remote host"
"""So osTicket's log begins it, for which admins search."""

REQUIRED = "Valid API key required"
UNKNOWN = "API key not found/active or source IP not authorized"
OUT_OF_SCOPE = "API key not authorized"


@dataclass(frozen=True, slots=True)
class Caller:
    """From where somebody calls, and with which key; `in_url`: it stood in the path.

    `program`: what calls, as its User-Agent says; empty where that may be a key.
    """

    address: IPAddress | None
    key: str
    in_url: bool = False
    program: str = ""

    @property
    def neighbourhood(self) -> object:
        """Whose calls are counted together: an IPv6 caller has a whole network of addresses."""
        if isinstance(self.address, IPv6Address):
            return int(self.address) >> 64
        return self.address

    @property
    def shown(self) -> str:
        """The address for a log line."""
        return str(self.address) if self.address is not None else "unknown"


def key_in(headers: Headers) -> str:
    """Return the key that a request carries: X-API-Key, a bearer token, or in place of the User-Agent."""
    given = headers.get("x-api-key", "").strip()
    if given:
        return given
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    agent = headers.get("user-agent", "").strip()
    return agent if _KEY.fullmatch(agent) else ""


def program_in(headers: Headers) -> str:
    """Return the program that calls, if its User-Agent names one; what may be a secret is left out."""
    agent = headers.get("user-agent", "").strip()
    return one_line(agent, _PROGRAM_SHOWN) if _PROGRAM.fullmatch(agent) else ""


def _logged(refusal: Refusal) -> Refusal:
    refusal.logged = True
    return refusal


class Access:
    """Checks keys. Blocking work is done in threads."""

    def __init__(self, threads: Threads, meters: Meters) -> None:
        self._threads = threads
        self._meters = meters
        self._rates = Limiter()
        self._failures = Limiter()
        self._log_rate = Limiter()
        self._uses = Limiter()

    async def check(self, caller: Caller, scope: str, *, scope_status: int) -> KeyLine:
        """Return the key, if it may be used for `scope`; `scope_status` answers one for other things.

        Raises Refusal.
        """
        if not caller.key:
            raise self._refused(caller, REQUIRED)
        line = await self._threads.read(api_keys.authenticate, caller.key, caller.address)
        if line is None or (caller.in_url and not line.in_url):
            raise self._refused(caller, UNKNOWN)
        if wait := self._rates.take(line.id, line.per_minute):
            raise Refusal(429, "Too many requests with this key", retry_after=math.ceil(wait))
        if not self._uses.take(line.id, 1):
            self._threads.later(api_keys.note_use, line.id)
        if scope not in line.scopes:
            self._meters.refused += 1
            words = f"{OUT_OF_SCOPE}: key {line.id} [{line.prefix}] from {caller.shown} is not for {scope}"
            self._log(caller, words)
            raise _logged(Refusal(scope_status, OUT_OF_SCOPE, f"nightdesk key create --scope {scope} ..."))
        return line

    def _refused(self, caller: Caller, text: str) -> Refusal:
        self._meters.refused += 1
        wait = self._failures.take(caller.neighbourhood, REFUSALS_A_MINUTE)
        if wait or self._log_rate.take("everybody", LINES_A_MINUTE):
            self._log_flood(caller)
            return _logged(Refusal(429, "Too many requests", retry_after=math.ceil(wait) or 60))
        shown = api_keys.prefix_of(caller.key) if caller.key else caller.program or "none"
        self._log(caller, f"{_AS_OSTICKET} {caller.shown} or invalid API key [{shown}]")
        return _logged(Refusal(401, text, "nightdesk key create --address CIDR --scope ..."))

    def log_refusal(self, caller: Caller, call: str, refusal: Refusal) -> None:
        """Say in the log what a caller with a good key was refused: his mail may be lost by it."""
        who = ("refused", caller.neighbourhood)
        if not self._log_rate.take(who, MORE_LINES_A_MINUTE):
            words = f"{call} from {caller.shown} was refused: {refusal.status} {refusal.text}"
            self._log(caller, one_line(words, 500))

    def _log_flood(self, caller: Caller) -> None:
        if not self._log_rate.take("flood", 1):
            words = f"{caller.shown} calls without a valid API key again and again"
            self._log(caller, f"{words}: no more lines for a minute")

    def _log(self, caller: Caller, words: str) -> None:
        self._threads.later(logs.write, "warning", "api", one_line(words), secrets=(caller.key,))
