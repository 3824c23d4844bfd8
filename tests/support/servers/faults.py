"""Scripted servers for what no real server does on demand: ``FaultySmtp``, ``FaultyImap``, ``FaultyPop3``.

A fault is made by ``reply(words)``, ``hang()``, ``drop(words=None)`` or ``slow(seconds)``; each takes
``times=N`` (only the first N times) and ``only=TEXT`` (only if the command contains it). They are given
by the step at which they strike, see ``tests.support.servers.faulty_smtp`` and
``tests.support.servers.faulty_imap``.
"""

from __future__ import annotations

from tests.support.servers.fault import Fault, drop, hang, reply, slow
from tests.support.servers.faulty_imap import FaultyImap
from tests.support.servers.faulty_pop3 import FaultyPop3
from tests.support.servers.faulty_smtp import FaultySmtp, TakenMail

__all__ = ["Fault", "FaultyImap", "FaultyPop3", "FaultySmtp", "TakenMail", "drop", "hang", "reply", "slow"]
