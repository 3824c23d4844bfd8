"""The files of one message: save one, or all, or the mail itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from config.wording import counted
from tui import files
from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskModal
from tui.screens.command_output import run_line
from tui.text.safe import fitted, line, size_text
from tui.widgets.line_input import LineInput
from tui.widgets.pick_pane import PickPane
from tui.widgets.text_pane import Line

if TYPE_CHECKING:
    from desk.tickets.detail import MessageView

MAIL = "the mail itself (.eml)"
ROWS = 10
"""Files that are shown at once."""


class AttachmentsScreen(DeskModal[None]):
    """Saves to a directory that is asked for; in restricted mode to the desk's one directory."""

    DEFAULT_CSS = f"""
    AttachmentsScreen {{ align: center middle; background: transparent; }}
    AttachmentsScreen > Vertical {{
        width: 76; max-width: 96%; height: auto; max-height: 80%; min-height: 8;
        border: solid $primary; background: $surface; padding: 0 1;
    }}
    AttachmentsScreen PickPane {{ height: {ROWS}; }}
    """
    AUTO_FOCUS = "PickPane"
    ID_PREFIX = "attachments"
    GROUP = "Attachments"
    HINTS = (("j/k", "move"),)

    def __init__(self, number: str, message: MessageView) -> None:
        super().__init__()
        self._number = number
        self._message = message
        self._cursor = 0
        self._all = False
        self._rows = [
            *((item.name, f"{size_text(item.size)}  {line(item.type)}") for item in message.attachments)
        ]
        if message.kind != "note":
            self._rows.append((MAIL, "as it came in" if message.kind == "customer" else "as it went out"))

    def compose(self) -> ComposeResult:
        """Yield the files, and the line that asks where to."""
        with Vertical():
            yield PickPane()
            yield LineInput()

    def on_mount(self) -> None:
        """List the files."""
        super().on_mount()
        box = self.query_one(Vertical)
        key = desk_app(self).key
        save, view, pipe = (
            key("attachments.save", "ret"),
            key("attachments.view", "v"),
            key("attachments.pipe", "|"),
        )
        every, back = key("attachments.all", "A"), key("attachments.back", "Esc")
        piping = "" if desk_app(self).restricted else f"{pipe} pipe  "
        box.border_subtitle = Content(f"{save} save  {view} view  {piping}{every} all  {back} close")
        self._paint()

    def _paint(self) -> None:
        def lines(width: int) -> list[Line]:
            rows: list[Line] = []
            for index, (name, about) in enumerate(self._rows):
                here = index == self._cursor
                text = f"{'>' if here else ' '} {fitted(name, width - 30)} {about}"
                rows.append([(fitted(text, width), "reverse" if here else "")])
            return rows

        place = f", {self._cursor + 1} of {len(self._rows)}" if len(self._rows) > ROWS else ""
        title = Content(f"Files of this message - #{self._number}{place}")
        self.query_one(Vertical).border_title = title
        pane = self.query_one(PickPane)
        pane.show(lines, keep=True)
        pane.make_visible(self._cursor, self._cursor)

    def on_pick_pane_moved(self, event: PickPane.Moved) -> None:
        """Go to another file."""
        self._move(event.step)

    def spoken_row(self) -> str:
        """Return the file under the cursor, unless a line is typed."""
        name, about = self._rows[self._cursor]
        return f"{name}, {about}" if self.query_one(PickPane).has_focus else ""

    def _move(self, step: int) -> None:
        self._cursor = max(0, min(self._cursor + step, len(self._rows) - 1))
        self._paint()

    @command("save", "enter,s", "Save", footer="save")
    def action_save(self) -> None:
        """Save this file."""
        self._begin(every=False)

    @command("view", "v", "View", footer="view")
    def action_view(self) -> None:
        """Read this file here: text, logs, mails, calendars, what archives hold."""
        self.in_thread(self._look, self._cursor).before_next_key(self._show, group="view")

    def _look(self, index: int) -> tuple[str, str, bytes, str | None]:
        from mail.mime.readable_apart import readable_apart  # 2 ms

        name, kind = "the mail itself", "message/rfc822"
        if index < len(self._message.attachments):
            item = self._message.attachments[index]
            name, kind = item.name, item.type
        data = self._read(index)
        return name, kind, data, readable_apart(data, name, kind, desk_app(self).desk.zone)

    def _read(self, index: int) -> bytes:
        from desk.tickets import detail  # 34 ms

        reader = desk_app(self).actor
        if index < len(self._message.attachments):
            return detail.attachment_bytes(self._message.attachments[index].id, reader)
        return detail.raw_message(self._message.id, reader)

    def _show(self, read: tuple[str, str, bytes, str | None]) -> None:
        from tui.screens.thread.file import FileScreen  # 2 ms

        self.app.push_screen(FileScreen(*read))

    @command("pipe", "vertical_line", "Pipe", footer="pipe", free=True)
    def action_pipe(self) -> None:
        """Give this file to a command on its standard input."""
        self.query_one(LineInput).ask("Pipe to:", purpose="pipe", placeholder="file -")

    def _pipe(self, line: str) -> None:
        name = self._rows[self._cursor][0]
        self.in_thread(self._read, self._cursor).before_next_key(
            lambda data: run_line(self, line, data, self._number, name), group="pipe"
        )

    @command("all", "A", "Save all", footer="save all")
    def action_save_all(self) -> None:
        """Save every file."""
        self._begin(every=True)

    def _begin(self, *, every: bool) -> None:
        self._all = every
        app = desk_app(self)
        if app.restricted:
            self._save_to(app.files_directory)
        else:
            self.query_one(LineInput).ask(
                "Save in:",
                files.home_text(app.files_directory),
                purpose="save",
                complete=files.directory_completions,
            )

    def on_line_input_answered(self, event: LineInput.Answered) -> None:
        """Save where it was said."""
        self.query_one(PickPane).focus()
        if event.purpose == "pipe":
            if event.text.strip():
                self._pipe(event.text)
        elif event.text.strip():
            self._save_to(files.place(event.text), event.again)

    def on_line_input_cancelled(self) -> None:
        """Go back to the files."""
        self.query_one(PickPane).focus()

    def _save_to(self, directory: Path, failed: Callable[[Exception], object] | None = None) -> None:
        count = len(self._message.attachments)
        wanted = range(count) if self._all else [self._cursor]
        self.in_thread(self._write, directory, list(wanted)).then(self._saved, failed=failed, group="save")

    def _write(self, directory: Path, wanted: list[int]) -> list[Path]:
        attached = self._message.attachments
        mail = f"ticket-{self._number}-{self._message.id}.eml"
        return [
            files.save(self._read(index), attached[index].name if index < len(attached) else mail, directory)
            for index in wanted
        ]

    def _saved(self, places: list[Path]) -> None:
        attached = self._message.attachments
        if places:
            desk_app(self).files_directory = places[0].parent
        if desk_app(self).restricted and places and (self._all or self._cursor < len(attached)):
            # Whoever came by SSH reaches no directory of the desk's host.
            verb = f"list {self._number}" if self._all else f"get {attached[self._cursor].id} > FILE"
            desk_app(self).flash(f"Saved at the desk. On your side: ssh HOST attachment {verb}")
        elif len(places) == 1:
            desk_app(self).flash(f"Saved {files.home_text(places[0])}")
        elif places:
            desk_app(self).flash(
                f"Saved {counted(len(places), 'file')} in {files.home_text(places[0].parent)}"
            )
        else:
            desk_app(self).flash("There is nothing to save")
        self.dismiss(None)

    @command("back", "escape,q,o", "Close", footer="close")
    def action_back(self) -> None:
        """Back to the thread."""
        self.dismiss(None)
