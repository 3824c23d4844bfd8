"""`nightdesk doctor`: look at everything, and say what is wrong and what cures it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from mail.inert import one_line
from nightdesk.arguments import json_flag
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.settings import Shown
    from desk.documents import operations as documents
    from desk.home import Desk
    from desk.operations.doctor import Finding


@click.command()
@click.option("--offline", is_flag=True, help="Leave the mail servers alone.")
@click.option("--full", is_flag=True, help="Read every stored mail, not only the newest and some others.")
@json_flag
@click.pass_obj
def doctor(options: Options, offline: bool, full: bool, as_json: bool) -> Exit:
    """Check configuration, permissions, database, clock, disk, worker, outbox and every mailbox.

    Also prints each setting with where it came from. Status 1 when something is broken, 0 for warnings, 78
    when there is no desk that could be checked.
    """
    from nightdesk import output
    from nightdesk.errors import sentence, status_of

    report = _Report(as_json, brief=sys.stdout.isatty())
    status = Exit.DONE
    try:
        _examine(options, report, live=not offline, every_mail=full)
    except Exception as error:
        if options.debug:
            raise
        from desk.operations.doctor import Finding

        status = status_of(error)
        report.finding(Finding("desk", "failure", sentence(error)))
        for finding in _without_database(options):
            report.finding(finding)
    if as_json:
        output.emit_json({"ok": not report.failures, "settings": report.settings, "findings": report.found})
    else:
        output.line(f"{_counted(report.failures, 'failure')}, {_counted(report.warnings, 'warning')}")
    if status is Exit.DONE and report.failures:
        status = Exit.FAILED
    return status


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _examine(options: Options, report: _Report, *, live: bool, every_mail: bool) -> None:
    from config.settings import load
    from nightdesk.context import desk_open, find

    loaded = load(find(options))
    for shown in loaded.shown():
        report.setting(shown)
    report.settings_are_told()
    with desk_open(options) as desk:
        from desk.operations.doctor import Finding, examine

        for warning in loaded.warnings:
            report.finding(Finding("configuration", "warning", warning))
        for finding in examine(desk, live, every_mail=every_mail):
            report.finding(finding)
        for finding in _wrapper(desk):
            report.finding(finding)
        for finding in (*_theme(desk), *_keys(desk), *_user_commands(desk)):
            report.finding(finding)


def _without_database(options: Options) -> Iterator[Finding]:
    """Yield what can be seen of this host's part of a desk that does not open."""
    from config.errors import ConfigError
    from desk.operations.doctor import without_database
    from nightdesk.context import find

    try:
        paths = find(options)
    except ConfigError:  # which is what was told
        return
    if paths.data.is_dir():
        yield from without_database(paths)


def _wrapper(desk: Desk) -> Iterator[Finding]:
    """Yield the program that MTAs call, and whether they can."""
    from desk.operations.doctor import Finding
    from nightdesk.pipe import wrapper

    path = wrapper.path_of(desk.paths)
    if not wrapper.is_current(desk.paths):
        text = f"{path} does not call this program for this desk"
        yield Finding("piping", "warning", text, "nightdesk init")
    elif closed := wrapper.closed_to_others():
        yield Finding("piping", "ok", f"{path} works for the desk's owner only: others cannot enter {closed}")
    else:
        yield Finding("piping", "ok", f"{path} is what MTAs may call")


def _user_commands(desk: Desk) -> Iterator[Finding]:
    """Yield what is wrong with user commands, where there are any; then the app's keys are read, too."""
    from desk.operations.doctor import Finding
    from desk.user_commands.places import NAME, files

    if not any(path.exists() for path, _ in files(desk)):
        return
    from desk.user_commands import file

    found = file.load(desk)
    for each in found.troubles:
        yield Finding("user commands", "warning", each.text, each.cure)
    if found.commands:
        from tui.app import NightdeskApp  # 250 ms, for keys
        from tui.key_conflicts import conflicts  # 43 ms, for keys

        for said in conflicts(found.commands, NightdeskApp):
            yield Finding("user commands", "warning", said, f"give it another key in {NAME}")
        yield Finding("user commands", "ok", f"{len(found.commands)} can be run")


def _theme(desk: Desk) -> Iterator[Finding]:
    """Yield that there is no theme of the name in the settings; the usual one is not looked up."""
    from config.settings import Settings
    from desk.operations.doctor import Finding

    wanted = desk.settings.theme
    if wanted == Settings().theme:
        return
    from tui import themes  # 150 ms, for a theme of one's own

    if not themes.is_known(wanted):
        near = ", ".join(themes.near(wanted)) or "F10 in the app"
        yield Finding("theme", "warning", f"there is no theme {one_line(wanted, 60)!r}", near)


def _keys(desk: Desk) -> Iterator[Finding]:
    """Yield what is wrong with the file of keys, if there is one; then the app's own keys are read."""
    from desk.operations.doctor import Finding

    if not (desk.paths.config_file.parent / "keys.toml").exists():
        return
    from tui.app import NightdeskApp  # 300 ms, for keys
    from tui.keymap import conflicts, read

    keymap = read(desk.paths.config_file.parent)
    found = conflicts(keymap, NightdeskApp.KEYS)
    for said in found:
        yield Finding("keys", "warning", said, "python -m tui.keymap lists all commands and keys")
    if not found:
        yield Finding("keys", "ok", f"{len(keymap.keys)} commands have other keys")


class _Report:
    """Prints what it is told at once, or keeps it for the JSON document.

    A ``brief`` one, for eyes, leaves out the settings that have their default and counts them.
    """

    def __init__(self, as_json: bool, *, brief: bool) -> None:
        self._as_json = as_json
        self._brief = brief
        self._left_out = 0
        self.settings: list[dict[str, Any]] = []
        self.found: list[documents.Finding] = []
        self.failures = 0
        self.warnings = 0

    def setting(self, shown: Shown) -> None:
        """Report a setting and where it came from."""
        from nightdesk import output

        self.settings.append({"key": shown.key, "value": shown.value, "from": shown.provenance.where})
        if self._brief and shown.provenance.where == "default":
            self._left_out += 1
        elif not self._as_json:
            output.line(f"setting {shown.key} = {shown.value or '-'} ({shown.provenance.where})")

    def settings_are_told(self) -> None:
        """Say how many settings were left out."""
        from nightdesk import output

        if self._left_out and not self._as_json:
            counted = _counted(self._left_out, "other setting")
            output.line(f"{counted} as by default: nightdesk doctor | cat lists them")

    def finding(self, finding: Finding) -> None:
        """Report something that was looked at."""
        from desk.documents import operations as documents
        from nightdesk import output

        self.found.append(documents.finding(finding))
        self.failures += finding.level == "failure"
        self.warnings += finding.level == "warning"
        if self._as_json:
            return
        output.line(f"{finding.level} {finding.area}: {finding.text}")
        if finding.cure and finding.level != "ok":
            output.line(f"-> {finding.cure}", indent=4)
        sys.stdout.flush()
