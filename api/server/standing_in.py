"""What answers while the desk cannot be opened: its database is away, it is restored, it was moved.

Whoever calls is told to come again, as by a server whose database went away: nothing is lost by that, while a
port on which nobody listens is given up by some.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from api.server.refusals import response_of
from api.server.serve import Server, announce, config_of, listen, tls_of
from api.server.trouble import later
from api.v1.operations import PREFIX

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from api.server.options import ServeOptions

LOOK_SECONDS = 2.0
"""How often the desk is tried."""


def stand_in(
    options: ServeOptions, opens: Callable[[], bool], ready: Callable[[str], None]
) -> socket.socket | None:
    """Answer every call with "later" until the desk opens; None when told to end before.

    Returns the socket, on which callers wait for who answers next. `opens` is asked in a thread. Raises as
    `api.server.serve.run` does.
    """
    listener, opened = listen(options.host, options.port), False
    try:
        context = tls_of(options)
        server = Server(config_of(partial(_answer, options.root_path), context, options))

        async def stand() -> bool:
            announcing = asyncio.create_task(announce(server, listener, context, ready))
            looking = asyncio.create_task(_until(opens, server))
            try:
                await server.serve([listener.dup()])
            finally:
                announcing.cancel()
                looking.cancel()
            return looking.done() and not looking.cancelled()

        opened = asyncio.run(stand())
        return listener if opened else None
    finally:
        if not opened:
            listener.close()


async def _until(opens: Callable[[], bool], server: Server) -> None:
    while not await asyncio.to_thread(opens):
        await asyncio.sleep(LOOK_SECONDS)
    server.should_exit = True


async def _answer(root_path: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    root = "/" + root_path.strip("/")
    path = scope["path"]
    inner = "/" + path.removeprefix(root).lstrip("/") if root != "/" else path
    # osTicket's callers give up at a 503.
    style = "text" if "/api/" in inner and not inner.startswith(PREFIX) else "json"
    with contextlib.suppress(OSError):
        await response_of(later(style), style)(scope, receive, send)  # type: ignore[arg-type]
