"""Whether the environment alone says that this process is an agent's, behind a forced command."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NO = ("", "0", "false", "no", "off", "f", "n")


def by_environment(environ: Mapping[str, str]) -> bool:
    """Return whether NIGHTDESK_RESTRICTED is set to anything but a no.

    The configuration file may say it too.
    """
    return environ.get("NIGHTDESK_RESTRICTED", "").strip().lower() not in _NO
