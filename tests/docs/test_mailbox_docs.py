"""Every command in the docs about mailboxes runs once as it is written, at real servers.

Names of servers, addresses and files are replaced. A block marked ``untried`` is not run, and the text says
so; one marked ``login`` is run while somebody does what it asks for in a browser.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nightdesk import mailbox_page
from nightdesk.providers_page import page
from tests.support.fresh_desk import begin
from tests.support.program import REPOSITORY, Program, told_until
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.oauth import PUBLIC_CLIENT, OAuthServer
from tests.support.servers.postfix import Postfix

DOCS = REPOSITORY / "docs"
_BLOCK = re.compile(r"^```sh ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Reader:
    """Somebody who follows a page: a desk, a shell, and the real names for those in the text."""

    desk: Program
    folder: Path
    names: dict[str, str]
    server: OAuthServer | None = None
    address: str = ""

    def follow(self, name: str) -> int:
        """Run the page's blocks in their order; returns how many commands were run."""
        done = 0
        for kind, text in _BLOCK.findall((DOCS / name).read_text("utf-8")):
            assert kind in ("", "untried", "login"), (name, kind)
            if kind == "untried":
                continue
            script = self.real(text)
            (self._log_in if kind == "login" else self._run)(script)
            done += text.replace("\\\n", " ").count("\n")
        return done

    def real(self, text: str) -> str:
        """The text with real names in it."""
        for name in sorted(self.names, key=len, reverse=True):
            text = text.replace(name, self.names[name])
        return text

    def _environment(self) -> dict[str, str]:
        environment = self.desk.environment()
        return environment | {"PATH": f"{self.folder / 'bin'}:{environment['PATH']}"}

    def _run(self, script: str) -> None:
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, (script, done.stdout, done.stderr)

    def _log_in(self, script: str) -> None:
        assert self.server is not None
        child = subprocess.Popen(
            ["bash", "-euc", script],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        pasted = ""
        if "--device" in script:
            lines = told_until(child, "Waiting until")
            self.server.approve_device(self.address, lines[lines.index("Type this code there:") + 2])
        else:
            (url,) = [line for line in told_until(child, "address bar") if line.startswith("https://")]
            pasted = self.server.consent(self.address, url) + "\n"
        out, err = child.communicate(pasted, timeout=180)
        assert child.returncode == 0, (script, out, err)


@pytest.fixture
def reader(
    desk: Program, tmp_path: Path, dovecot: Dovecot, postfix: Postfix, mailusers: Callable[[], MailUser]
) -> Reader:
    """Somebody with a desk, in a folder with a password."""
    folder = tmp_path / "here"
    (folder / "bin").mkdir(parents=True)
    command = folder / "bin" / "nightdesk"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m nightdesk "$@"\n')
    command.chmod(0o755)
    support, admin = mailusers(), mailusers()
    (folder / "password.txt").write_text(f"{support.password}\n")
    names = {
        "imap.example.org:993": f"localhost:{dovecot.imaps_port}",
        "imap.example.org": f"localhost:{dovecot.imaps_port} --security tls",
        "pop.example.org": f"localhost:{dovecot.pop3s_port} --security tls",
        "smtp.example.org": f"localhost:{postfix.submission_port} --smtp-security starttls",
        "support@example.org": support.address,
        "admin@example.org": admin.address,
        "/etc/ssl/certs/example-ca.pem": str(dovecot.pki.ca_file),
    }
    return Reader(desk, folder, names, None, support.address)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """As for the tests of the command line."""
    return Program(tmp_path / "desk")


@pytest.fixture
def desk(program: Program) -> Program:
    """A desk fresh from `init`."""
    return begin(program)


def test_mailboxes(reader: Reader) -> None:
    assert shutil.which("openssl")
    assert reader.follow("mailboxes.md") > 25


def test_oauth2(reader: Reader, oauth_server: OAuthServer) -> None:
    names = reader.names | {
        "CLIENT-ID": PUBLIC_CLIENT,
        "https://login.example.org/authorize": oauth_server.authorize_url,
        "https://login.example.org/token": oauth_server.token_url,
        "https://login.example.org/device": oauth_server.device_url,
        "https://login.example.org/revoke": oauth_server.revoke_url,
    }
    follower = Reader(reader.desk, reader.folder, names, oauth_server, reader.address)
    assert follower.follow("oauth2.md") >= 7


def test_scheduling(reader: Reader) -> None:
    ca = reader.names["/etc/ssl/certs/example-ca.pem"]
    reader._run(
        reader.real(
            "nightdesk mailbox add support@example.org --host imap.example.org --password-stdin"
            f" --ca-file {ca} < password.txt"
        )
    )
    assert reader.follow("scheduling.md") >= 7


def test_what_is_not_run_is_marked_in_the_text() -> None:
    for name in ("mailboxes.md", "oauth2.md", "scheduling.md"):
        text = (DOCS / name).read_text("utf-8")
        for section in re.split(r"^## ", text, flags=re.MULTILINE):
            if "```sh untried" in section:
                assert "not tried" in section, (name, section[:60])


def test_the_page_of_providers_is_the_one_that_the_data_make() -> None:
    assert (DOCS / "providers.md").read_text("utf-8") == page(), "run: make docs"


def test_the_page_of_fields_is_the_one_that_the_table_makes() -> None:
    kept = (DOCS / "mailbox-fields.md").read_text("utf-8")
    assert kept == mailbox_page.page(), "run: make docs"


def test_links_between_the_pages_lead_somewhere() -> None:
    for file in DOCS.glob("*.md"):
        for link in re.findall(r"\]\(([\w./-]+\.md)\)", file.read_text("utf-8")):
            assert (DOCS / link).is_file(), (file.name, link)
