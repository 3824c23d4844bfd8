"""What all requests of one server share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from api.osticket.cron import Cron
from api.server.access import Access
from api.server.body import Bodies
from api.server.meters import Meters
from api.server.threads import Threads

if TYPE_CHECKING:
    from api.server.options import ServeOptions
    from desk.home import Desk


class State:
    """`leave` is called with an error after which this process must not go on (an upgraded database)."""

    def __init__(self, desk: Desk, options: ServeOptions, leave: Callable[[Exception], None]) -> None:
        self.desk = desk
        self.options = options
        self.leave = leave
        self.threads = Threads()
        self.meters = Meters()
        self.access = Access(self.threads, self.meters)
        self.bodies = Bodies()
        self.cron = Cron(desk)
