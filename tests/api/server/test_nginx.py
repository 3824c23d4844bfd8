"""The recipe of docs/api.md behind a real nginx."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import osticket_scripts
from tests.support.mails import mail
from tests.support.program import REPOSITORY
from tests.support.served import Served
from tests.support.servers.child import Child, free_ports, listening, wait_until
from tests.support.servers.packages import NoServers, ensure_installed
from tests.support.servers.pki import Pki


@pytest.fixture
def behind_nginx(serve: Callable[..., Served], pki: Pki, tmp_path: Path) -> Iterator[Served]:
    """A server that is reached through nginx with TLS."""
    try:
        ensure_installed(("nginx",))
    except NoServers as error:
        pytest.skip(str(error))
    served = serve("--trusted-proxy", "127.0.0.1", "--max-body", "2")
    [port] = free_ports(1)
    recipe = re.search(r"```nginx\n(.*?)```", (REPOSITORY / "docs" / "api.md").read_text("utf-8"), re.DOTALL)
    assert recipe is not None
    site = (
        recipe[1]
        .replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        .replace("/etc/ssl/desk.pem", str(pki.server.cert))
        .replace("/etc/ssl/desk.key", str(pki.server.key))
        .replace("client_max_body_size 64m", "client_max_body_size 2m")
        .replace("127.0.0.1:8025", f"{served.host}:{served.port}")
    )
    places = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"user root; daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log {tmp_path}/access.log;\n{places}{site}}}\n"
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    child = Child([program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)], tmp_path / "nginx.log")
    try:
        wait_until(lambda: listening(port) or not child.running, "nginx to listen")
        assert child.running, (tmp_path / "nginx.log").read_text()
        yield served.seen_at(port, pki.client_context())
    finally:
        child.stop()


def test_osticket_s_scripts_work_through_nginx(behind_nginx: Served) -> None:
    key = behind_nginx.key("tickets", "cron")
    assert osticket_scripts.automail_php(behind_nginx, key, mail()) == 0
    assert osticket_scripts.automail_pl(behind_nginx, key, mail()) == 0
    assert osticket_scripts.rcron_php(behind_nginx, key) == 0
    assert osticket_scripts.wget(behind_nginx, key) == 0


def test_what_is_refused_for_good_looks_so_through_nginx_too(behind_nginx: Served) -> None:
    for pipe in (osticket_scripts.automail_php, osticket_scripts.automail_pl):
        assert pipe(behind_nginx, behind_nginx.key("tickets"), mail("x" * (3 << 20))) == 65
        assert pipe(behind_nginx, "0" * 32, mail("x" * (1 << 20))) == 77


def test_a_server_that_is_down_looks_temporary_through_nginx(behind_nginx: Served) -> None:
    key = behind_nginx.key("tickets")
    behind_nginx.stop()
    assert osticket_scripts.automail_php(behind_nginx, key, mail()) == osticket_scripts.TEMPORARY


def test_the_caller_s_own_address_counts_and_cannot_be_made_up(behind_nginx: Served) -> None:
    elsewhere = behind_nginx.key("read", address="192.0.2.7")
    assert behind_nginx.get("/api/v1/tickets", behind_nginx.key("read")).status == 200
    headers = {"X-Forwarded-For": "192.0.2.7"}
    assert behind_nginx.get("/api/v1/tickets", elsewhere, **headers).status == 401


def test_a_key_in_the_url_is_not_in_nginx_s_log(behind_nginx: Served, tmp_path: Path) -> None:
    key = behind_nginx.key("cron", more=("--in-url",))
    assert behind_nginx.get(f"/api/cron/{key}").text == "Completed"
    behind_nginx.get("/docs")
    wait_until(lambda: "/docs" in (tmp_path / "access.log").read_text(), "nginx to write its log")
    assert key not in (tmp_path / "access.log").read_text() + (tmp_path / "error.log").read_text()
