"""Addresses that are pushed to: which of apprise's services are let, and which are hosts of one's own.

A service that is not named here is refused: apprise also knows some that run or read something on this
machine, and what its next release knows was looked at by nobody.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from desk.errors import WrongUse
from mail.inert import one_line

OWN_HOSTS: Final = frozenset(
    scheme
    for each in (
        *("apprise", "bark", "form", "gotify", "hassio", "json", "mastodon", "matrix", "misskey", "mmost"),
        *("ncloud", "nctalk", "notica", "ntfy", "pushdeer", "rocket", "signal", "smseagle", "synology"),
        *("toot", "xml"),
    )
    for scheme in (each, f"{each}s")
)
"""Schemes whose address names a host, which is looked at as a webhook's is."""
SERVICES: Final = frozenset(
    (
        *("betterstack", "bulksms", "clickatell", "clicksend", "d7sms", "dingtalk", "discord", "feishu"),
        *("flock", "freemobile", "gchat", "guilded", "httpsms", "ifttt", "ilert", "incidentio", "join"),
        *("lark", "line", "msg91", "msgbird", "nexmo", "notifiarr", "onesignal", "opsgenie"),
        *("pagerduty", "pagertree", "pbul", "plivo", "pover", "prowl", "push", "pushed", "pushy"),
        *("revolt", "ryver", "schan", "seven", "signl4", "sinch", "slack", "spush", "squadcast"),
        *("telnyx", "tgram", "threema", "twilio", "twist", "victorops", "vonage", "webex", "wecombot"),
        *("whatsapp", "workflow", "workflows", "wxteams", "zulip"),
    )
)
"""Schemes of services that apprise reaches at hosts of their own."""
_NEVER: Final = {
    **dict.fromkeys(
        ("template", "keyfile", "subfile", "pgppub", "pgpprv", "attach"), "reads a file of this machine"
    ),
    **dict.fromkeys(("verify", "redirect"), "weakens how the server is checked"),
    "discovery": "lets the server name another one",
    "store": "keeps something on this machine",
}
"""Parts behind the question mark that are refused, and why."""


def place_of(address: str) -> str:
    """Return as much of a push address as may be shown, its scheme. Raises WrongUse for a refused one."""
    text = address.strip()
    scheme, found, rest = text.partition("://")
    if not found or not scheme.isalnum() or not text.isascii() or not text.isprintable():
        raise WrongUse(
            "that is no push address", "as in ntfys://ntfy.example.org/topic; see the page of apprise"
        )
    if "://" in rest or rest.count("?") > 1 or any(sign in text for sign in " ,;\\"):
        # apprise takes several addresses in one text.
        raise WrongUse("a push address is one address", "nightdesk push add for each of them")
    scheme = scheme.lower()
    if scheme not in OWN_HOSTS | SERVICES:
        raise WrongUse(
            f"{one_line(scheme, 40)}:// is not pushed to",
            "use ntfys, gotifys, matrixs, mmosts, slack, discord, tgram, ...: docs/webhooks.md lists them",
        )
    for name, _ in parse_qsl(rest.partition("?")[2], keep_blank_values=True):
        why = _NEVER.get(name.strip().lower())
        if why:
            raise WrongUse(f"{name.strip().lower()}= {why}", "leave it out")
    return f"{scheme}://..."
