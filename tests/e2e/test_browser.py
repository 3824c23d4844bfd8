"""The app in a real browser: textual-serve gives it to Chromium, where a ticket is opened and answered."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from desk.replies import drafts
from desk.tickets.presence import Attendance
from models.opening import close_database
from tests.support.servers.child import free_ports
from tests.support.servers.fixtures import need_programs
from tests.support.workbench import make_agent, make_desk, make_ticket

SERVE = """
import sys
from textual_serve.server import Server
Server(sys.argv[1], host="127.0.0.1", port=int(sys.argv[2])).serve()
"""
ENTER = "\ue007"
PATIENCE = 60
"""Seconds."""


def until(asked: Callable[[], Any], what: str, meanwhile: Callable[[], None] | None = None) -> Any:
    """Ask until the answer is not empty."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = asked()
        if found:
            return found
        if meanwhile is not None:
            meanwhile()
        time.sleep(0.2)
    raise AssertionError(f"it never came to this: {what}")


@contextmanager
def running(*arguments: str, environ: dict[str, str], log: Path) -> Iterator[None]:
    """Run a program as long as the block."""
    with log.open("wb") as written:
        program = subprocess.Popen(
            arguments, env={**os.environ, **environ}, stdout=written, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        program.terminate()
        try:
            program.wait(20)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


class Browser:
    """Chromium, driven by W3C WebDriver."""

    def __init__(self, port: int, profile: Path) -> None:
        self._root = f"http://127.0.0.1:{port}"
        until(lambda: self._answers("/status"), "chromedriver listens")
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={profile}",
        ]
        options = {"goog:chromeOptions": {"args": flags, "binary": shutil.which("chromium")}}
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self._session = f"/session/{made['sessionId']}"

    def go_to(self, address: str) -> None:
        """Open a page."""
        self._call("POST", f"{self._session}/url", {"url": address})

    def script(self, text: str) -> Any:
        """Run JavaScript in the page and return what it returns."""
        return self._call("POST", f"{self._session}/execute/sync", {"script": text, "args": []})

    def press(self, text: str) -> None:
        """Press keys where the page has its focus."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        pressed = {"actions": [{"type": "key", "id": "keys", "actions": keys}]}
        self._call("POST", f"{self._session}/actions", pressed)

    def end(self) -> None:
        """Close the browser."""
        self._call("DELETE", self._session, None)

    def _answers(self, path: str) -> bool:
        try:
            return bool(self._call("GET", path, None)["ready"])
        except OSError:
            return False

    def _call(self, method: str, path: str, body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._root + path, data, {"Content-Type": "application/json"}, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=180) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()[:500]) from error


@pytest.fixture
def chromium() -> None:
    """Skip, loudly, where there is no Chromium and none can be installed."""
    need_programs(("chromium", "chromedriver"))


def test_a_ticket_is_opened_and_answered_in_a_browser(chromium: None, tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    ana, others = make_agent("ana"), Attendance(make_agent("jo"))
    ticket = make_ticket("VPN drops", "Every half hour.")
    port, driver = free_ports(2)
    environ = {
        "NIGHTDESK_HOME": str(desk.paths.home),
        "NIGHTDESK_AGENT": "ana",
        "NIGHTDESK_RESTRICTED": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    program = f"{sys.executable} -m nightdesk"
    with (
        running(sys.executable, "-c", SERVE, program, str(port), environ=environ, log=tmp_path / "serve.log"),
        running("chromedriver", f"--port={driver}", environ={}, log=tmp_path / "driver.log"),
    ):
        browser = Browser(driver, tmp_path / "profile")
        try:
            until(lambda: _listens(port), "textual-serve listens")
            browser.go_to(f"http://127.0.0.1:{port}/")
            until(
                lambda: browser.script("return document.body.classList.contains('-first-byte')"),
                "the app paints",
            )
            browser.script("document.querySelector('textarea').focus()")
            until(
                lambda: any(each.number == ticket.number for each in others.others()),
                "the ticket is open",
                meanwhile=lambda: browser.press(ENTER),
            )
            browser.press("r")
            until(lambda: any(each.writing for each in others.others()), "the editor is open")
            browser.press("Please reboot the router.")
            until(
                lambda: any("Please reboot the router." in each.body for each in drafts.drafts(ana)),
                "the draft is kept",
            )
        finally:
            browser.end()
    close_database()


def _listens(port: int) -> bool:
    try:
        with closing(socket.create_connection(("127.0.0.1", port), 1)):
            return True
    except OSError:
        return False
