"""Push addresses by apprise, against its own plug-in for JSON and a server on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from desk.alerts import notifications
from desk.errors import DeskError
from desk.home import Desk
from desk.listeners import listeners, push_addresses
from mail import http_post
from mail.errors import MailError
from models.settings import store
from tests.support.calling import Caller
from tests.support.http_listener import hang, listening
from tests.support.mails import Door, mail, rows
from tests.support.program import REPOSITORY
from tests.support.workbench import ADMIN, make_agent
from worker.call import push


def address(port: int) -> str:
    return f"json://user:t0psecret@127.0.0.1:{port}/desk"


def test_what_happened_is_pushed_in_words(desk: Desk, door: Door, caller: Caller) -> None:
    with listening() as server:
        listeners.add(desk, ADMIN, "push", "Chat", address(server.port), events=["created"])
        door.take(mail())
        caller()
    [told] = server.told
    document = json.loads(told.body)
    assert document["title"] == "#1 Printer"
    assert "Support, new, Ana <ana@corp.test>" in document["message"]
    assert [line.state for line in caller.log("Chat", "push")] == ["made"]


def test_an_agents_own_address_is_told_what_the_agent_is_mailed_of(
    desk: Desk, door: Door, caller: Caller
) -> None:
    make_agent("kim", department="Support")
    make_agent("max")
    with listening() as server:
        listeners.add(desk, ADMIN, "push", "Phone of Kim", address(server.port), agent="kim")
        listeners.add(desk, ADMIN, "push", "Phone of Max", address(server.port), agent="max")
        door.take(mail())
        notifications.notify(desk, caller.now())
        caller()
    assert [json.loads(each.body)["title"] for each in server.told] == ["#1 Printer"]
    assert "A new ticket came." in json.loads(server.told[0].body)["message"]
    assert notifications.newest(1)[0].trace[-1] == "kim: pushed by Phone of Kim"


def test_its_address_is_sealed_and_never_said(desk: Desk, door: Door, caller: Caller) -> None:
    with listening((500, {}, b"")) as server:
        line, _ = listeners.add(desk, ADMIN, "push", "Chat", address(server.port))
        assert line.place == "json://..."
        door.take(mail())
        caller()
    [failed] = caller.log("Chat", "push")
    assert failed.state == "waits"
    everything = "\n".join(str(rows(f"SELECT * FROM {table}")) for table in ("listener", "call", "log_entry"))
    assert "t0psecret" not in everything


def test_one_that_hangs_is_given_up(
    desk: Desk, door: Door, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SECONDS", 0.3)
    with listening(hang(2)) as server:
        listeners.add(desk, ADMIN, "push", "Chat", address(server.port), events=["created"])
        door.take(mail())
        caller()
    assert "in time" in caller.log("Chat", "push")[0].words


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "chat",
        "file:///etc/passwd",
        "syslog://",
        "dbus://",
        "nothing://x\ny",
        "json://h/a, syslog://",
        "json://h/a dbus:///",
        "json://h/a\\syslog://",
        "frobnicate://x",
        "fcm://project/key/?keyfile=/etc/passwd",
        "slack://a/b/c/?template=/etc/passwd",
        "slack://a/b/c/?x=1&%54emplate=/etc/passwd",
        "slack://a/b/c/?x=1;template=/etc/passwd",
        "slack://a/b/c/?x=1?template=/etc/passwd",
        "workflows://h/a/b/?Template=file:///etc/passwd",
        "gotifys://h/token?verify=no",
        "jsons://h/a?redirect=yes",
        "mailto://me:pw@h",
    ],
)
def test_what_is_no_push_address_is_refused(desk: Desk, wrong: str) -> None:
    with pytest.raises(DeskError):
        listeners.add(desk, ADMIN, "push", "Chat", wrong)


def test_what_apprise_does_not_know_is_said(desk: Desk, door: Door, caller: Caller) -> None:
    listeners.add(desk, ADMIN, "push", "Chat", "tgram://x", events=["created"])
    door.take(mail())
    caller()
    assert "does not know such an address" in caller.log("Chat", "push")[0].words


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "user:word@127.0.0.1",
        "localhost",
        "[::1]",
        "10.1.2.3",
        "169.254.169.254",
        "0.0.0.0",
    ],
)
def test_this_machine_and_private_networks_are_not_pushed_to(
    desk: Desk, door: Door, caller: Caller, host: str
) -> None:
    store("webhooks.private", value=False)
    with listening() as server:
        listeners.add(desk, ADMIN, "push", "Chat", f"json://{host}:{server.port}/desk", events=["created"])
        door.take(mail())
        caller()
    assert not server.told
    [refused] = caller.log("Chat", "push")
    assert (refused.state, refused.attempts) == ("waits", 1)


_FLIPPING = """
import json, socket, sys
sys.path.insert(0, sys.argv[1])
sys.path.insert(0, sys.argv[1] + "/worker/call")
asked = []
def resolver(host, port, *rest, **more):
    asked.append(host)
    address = "93.184.215.14" if len(asked) == 1 else sys.argv[2]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return [(family, socket.SOCK_STREAM, 6, "", (address, int(port)))]
first = socket.getaddrinfo
socket.getaddrinfo = resolver
socket.gethostbyname = lambda host: resolver(host, 0)[0][4][0]
assert socket.getaddrinfo("rebind.example", 1)[0][4][0] == "93.184.215.14"
import push_process
sys.exit(push_process.main())
"""


@pytest.mark.parametrize("inner", ["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"])
def test_a_name_that_is_another_host_a_moment_later_is_not_connected(inner: str) -> None:
    with listening() as server:
        told = {
            "address": f"json://rebind.example:{server.port}/x",
            "title": "t",
            "text": "x",
            "to_private": False,
        }
        done = subprocess.run(
            [sys.executable, "-c", _FLIPPING, str(REPOSITORY), inner],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            check=True,
        )
    assert not server.told
    assert json.loads(done.stdout) == {"outcome": "private", "words": inner}


def test_a_webhook_is_connected_where_its_name_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def resolver(host: str, port: int, *_rest: object, **_more: object) -> list[tuple[object, ...]]:
        asked.append(host)
        address = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    with listening() as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        with pytest.raises(MailError):
            http_post.post(f"http://rebind.example:{server.port}/x", b"{}", {}, seconds=0.2, to_private=True)
        assert asked == ["rebind.example"]
        with pytest.raises(http_post.NotThere):
            http_post.post(f"http://rebind.example:{server.port}/x", b"{}", {}, seconds=0.2, to_private=False)
    assert not server.told


def test_no_redirect_is_followed_to_where_nothing_is_pushed(desk: Desk, door: Door, caller: Caller) -> None:
    with (
        listening() as inner,
        listening((302, {"Location": f"http://127.0.0.1:{inner.port}/x"}, b"")) as outer,
    ):
        listeners.add(desk, ADMIN, "push", "Chat", address(outer.port), events=["created"])
        door.take(mail())
        caller()
        assert (len(outer.told), len(inner.told)) == (1, 0)


def test_the_library_knows_every_scheme_that_is_let() -> None:
    from apprise.manager_plugins import NotificationManager

    schemes = NotificationManager().schemas()  # type: ignore[no-untyped-call]
    assert set(schemes) >= push_addresses.OWN_HOSTS | push_addresses.SERVICES


def test_what_the_library_trips_over_is_a_failed_call_without_its_address(
    desk: Desk, door: Door, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(_document: object) -> tuple[str, str]:
        raise TypeError("t0psecret")

    monkeypatch.setattr(push, "words", trip)
    listeners.add(desk, ADMIN, "push", "Chat", address(9), events=["created"])
    door.take(mail())
    caller()
    [failed] = caller.log("Chat", "push")
    assert (failed.state, failed.attempts, failed.words) == ("waits", 1, "the call failed: TypeError")


def test_the_library_is_loaded_only_for_an_address() -> None:
    program = "import sys, worker.service.loop, worker.call.push; print('apprise' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
