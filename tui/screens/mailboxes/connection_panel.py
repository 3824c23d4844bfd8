"""The connection test below the mailbox form: its steps, and what they say of the form as it was tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from config.wording import counted
from tui.desk_calls import desk_app
from tui.screens.mailboxes.fields import Typed
from tui.widgets.rule import TitledRule
from tui.widgets.step_list import StepList, step_name

if TYPE_CHECKING:
    from desk.mailboxes.connection import Side
    from mail.probe import Step


class ConnectionPanel(Vertical):
    """Steps as they happen, and how they ended; one line while nothing was tested."""

    DEFAULT_CSS = "ConnectionPanel { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tested: Typed | None = None
        self._failed: list[str] = []
        self._sending_failed = False
        self._to_pin: tuple[Side, Step] | None = None

    def compose(self) -> ComposeResult:
        """Yield the title and the steps."""
        yield TitledRule("Test connection", desk_app(self).key("form.test", "F5"), id="test-rule")
        yield StepList(id="steps")

    @property
    def is_open(self) -> bool:
        """Whether it shows steps."""
        return bool(self.query_one(StepList).steps)

    @property
    def to_pin(self) -> tuple[Side, Step] | None:
        """The first step that failed for a certificate that is not trusted, with its side."""
        return self._to_pin

    @property
    def trouble(self) -> str:
        """What failed, in a sentence; empty when nothing did."""
        if not self._failed:
            return ""
        off = "; sending stays off" if self._sending_failed else ""
        return (
            f"{counted(len(self._failed), 'problem')}: {', '.join(self._failed)}. You can save anyway{off}."
        )

    def sending_failed(self, typed: Typed) -> bool:
        """Whether the form as it is was tested, and could not send."""
        return self._sending_failed and typed == self._tested

    def begin(self, typed: Typed) -> None:
        """Forget the last test; `typed` is tested now."""
        self._tested, self._failed, self._sending_failed, self._to_pin = typed, [], False, None
        self._say("testing")
        self.query_one(StepList).begin("testing...")

    def add(self, found: tuple[Side, Step]) -> None:
        """Show one more step."""
        side, step = found
        name = step_name(side, step)
        self.query_one(StepList).add(name, step)
        if step.ok is False:
            self._failed.append(name)
            self._sending_failed = self._sending_failed or side == "outgoing"
            if step.pin and self._to_pin is None:
                self._to_pin = found

    def end(self, *, mute: bool = False) -> None:
        """Say how the test ended; `mute`: no server was tested to send, and none sends for this desk."""
        skipped = sum(step.ok is None for step in self.query_one(StepList).steps)
        words = f"{len(self._failed)} failed" if self._failed else "all OK"
        self._say(words + (f", {skipped} skipped" if skipped else ""))
        note = "Nothing was sent and no message was changed by this test."
        if self._to_pin is not None:
            pin = desk_app(self).key("form.pin", "F8")
            note = f"{pin} shows the server's certificate, to trust it alone if it is the right one."
        elif mute:
            note = "[warn] smtp: nothing sends for this address, its answers stay queued."
        self.query_one(StepList).finish(note)

    def compare(self, typed: Typed) -> None:
        """Say so when what stands in the form is not what was tested."""
        if self._tested is not None and typed != self._tested:
            self._say(f"changed since, {desk_app(self).key('form.test', 'F5')} tests again")

    def close(self) -> None:
        """Give the steps' lines back to the fields."""
        self._tested, self._failed, self._sending_failed, self._to_pin = None, [], False, None
        self.query_one(StepList).begin("")
        self._say(desk_app(self).key("form.test", "F5"))

    def _say(self, right: str) -> None:
        self.query_one(TitledRule).set_text(right=right)
