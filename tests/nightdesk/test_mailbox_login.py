"""From an OAuth2 provider to mail and back, by command line alone: Dovecot, Postfix and glewlwyd."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pexpect
import pytest

from tests.support.filled import mail
from tests.support.program import Program, Ran, told_until
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.oauth import CLIENT, CLIENT_SECRET, LONG, PUBLIC_CLIENT, SCOPE, OAuthServer
from tests.support.servers.postfix import Postfix


@pytest.fixture
def short_lived(oauth_server: OAuthServer) -> Iterator[OAuthServer]:
    """The server while it gives out access tokens for two seconds."""
    oauth_server.set_access_seconds(2)
    yield oauth_server
    oauth_server.set_access_seconds(LONG)


def add(
    desk: Program,
    user: MailUser,
    server: OAuthServer,
    *more: str,
    postfix: Postfix | None = None,
    stdin: str = "",
) -> Ran:
    dovecot = user.dovecot
    ca = str(dovecot.pki.ca_file)
    smtp: list[str] = []
    if postfix is not None:
        smtp += ["--smtp-host", "localhost", "--smtp-port", str(postfix.submission_port)]
        smtp += ["--smtp-security", "starttls", "--smtp-ca-file", ca]
    return desk(
        *("mailbox", "add", user.address, "--host", "localhost", "--port", str(dovecot.imaps_port)),
        *("--security", "tls", "--ca-file", ca, "--oauth2", "other", "--oauth2-ca-file", ca),
        *("--authorize-url", server.authorize_url, "--token-url", server.token_url),
        *("--device-url", server.device_url, "--revoke-url", server.revoke_url),
        *("--scopes", f"openid {SCOPE}"),
        *smtp,
        *(more or ("--client-id", PUBLIC_CLIENT)),
        stdin=stdin,
    )


def confidential(desk: Program, user: MailUser, server: OAuthServer, postfix: Postfix | None = None) -> Ran:
    return add(
        desk,
        user,
        server,
        "--client-id",
        CLIENT,
        "--client-secret-stdin",
        postfix=postfix,
        stdin=f"{CLIENT_SECRET}\n",
    )


def begun(desk: Program, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [desk.interpreter, "-m", "nightdesk", *arguments],
        env=desk.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def logged_in_by_device(desk: Program, user: MailUser, server: OAuthServer) -> list[str]:
    child = begun(desk, "mailbox", "login", user.address, "--device")
    lines = told_until(child, "Waiting until")
    code = lines[lines.index("Type this code there:") + 2]
    server.approve_device(user.address, code)
    out, err = child.communicate(timeout=180)
    assert child.returncode == 0, err
    return [*lines, *out.splitlines()]


def shown(desk: Program, address: str) -> dict[str, Any]:
    document = desk("mailbox", "show", address, "--json").document
    assert isinstance(document, dict)
    return document


def alert_mails(desk: Program) -> list[str]:
    code = (
        "from nightdesk.context import desk_open\nfrom nightdesk.options import Options\nimport json\n"
        "with desk_open(Options()):\n"
        "    from models.database import db\n"
        "    print(json.dumps([r[0] for r in db.execute_sql("
        "\"SELECT m.address || ': ' || d.subject FROM delivery d JOIN mailbox m ON m.id = d.mailbox_id"
        " WHERE d.kind = 'alert' ORDER BY d.id\")]))"
    )
    return list(desk.python("-c", code).document)


def test_the_whole_life_of_a_login_from_the_device_code_to_the_alert(
    desk: Program,
    dovecot: Dovecot,
    postfix: Postfix,
    short_lived: OAuthServer,
    mailusers: Callable[[], MailUser],
) -> None:
    support, other, customer, admin = (mailusers() for _ in range(4))
    added = confidential(desk, support, short_lived, postfix)
    assert added.status == 0, added.err
    assert f"Next: nightdesk mailbox login {support.address}" in added.out
    assert shown(desk, support.address)["token"]["state"] == "none"
    fetched = desk("--fetch-once")
    assert fetched.status == 1
    assert f"nightdesk mailbox login {support.address}" in fetched.out + fetched.err
    # An ordinary mailbox beside it, through which alerts leave.
    done = desk(
        *("mailbox", "add", other.address, "--protocol", "none", "--smtp-host", "localhost"),
        *("--smtp-port", str(postfix.submission_port), "--smtp-security", "starttls", "--smtp-auth", "basic"),
        *("--smtp-user", other.address, "--smtp-ca-file", str(dovecot.pki.ca_file), "--smtp-password-stdin"),
        stdin=f"{other.password}\n",
    )
    assert done.status == 0, done.err
    assert desk("settings", "set", "alerts.to", admin.address).status == 0
    assert desk("settings", "set", "mail.acknowledge", "off").status == 0

    lines = logged_in_by_device(desk, support, short_lived)
    assert any(line.startswith("https://") for line in lines), "an address alone on its line, to be copied"
    assert f"{support.address} is logged in as {support.address}" in "\n".join(lines)
    token = shown(desk, support.address)["token"]
    assert (token["state"], token["owner"]) == ("ok", support.address)

    tested = desk("mailbox", "test", support.address)
    assert tested.status == 0, tested.out + tested.err
    assert "incoming token: ok" in tested.out
    assert "outgoing login: ok" in tested.out

    support.deliver(mail(sender=f"Ana Prado <{customer.address}>", to=support.address))
    fetched = desk("--fetch-once", "--json", "--mailbox", support.address)
    assert fetched.status == 0, fetched.err
    assert fetched.document["mailboxes"][0]["tickets"] == 1
    (ticket,) = desk("ticket", "list", "--json").document
    assert desk("ticket", "reply", ticket["number"], "--body-file", "-", stdin="Done.\n").status == 0
    sent = desk("--fetch-once", "--json", "--mailbox", support.address)
    assert sent.document["sent"] == 1, sent.err
    customer.wait_for(1)

    before = shown(desk, support.address)["token"]["renewed"]
    wait_until(
        lambda: (
            desk("--fetch-once", "--mailbox", support.address).status == 0
            and shown(desk, support.address)["token"]["renewed"] > before
        ),
        "an expired access token was not renewed",
    )

    short_lived.revoke(_refresh_token(desk))
    refused = desk("--fetch-once", "--mailbox", support.address)
    assert refused.status == 1
    assert f"nightdesk mailbox login {support.address}" in refused.err + refused.out
    box = shown(desk, support.address)
    assert box["token"]["state"] == "refused"
    assert box["token"]["hint"]
    assert "refused since" in desk("mailbox", "show", support.address).out
    doctor = desk("doctor", "--offline")
    assert doctor.status == 1
    assert f"nightdesk mailbox login {support.address}" in doctor.out
    assert "OAuth2 login" in desk("log", "--level", "error").out
    (alert,) = alert_mails(desk)
    assert alert.startswith(f"{other.address}: Nightdesk: the OAuth2 login of {support.address} was refused")
    desk("--fetch-once")
    admin.wait_for(1)
    assert len(alert_mails(desk)) == 1, "once, not at every try"

    logged_in_by_device(desk, support, short_lived)
    assert shown(desk, support.address)["token"]["state"] == "ok"
    assert desk("--fetch-once", "--mailbox", support.address).status == 0
    assert alert_mails(desk)[1].endswith("works again")
    everything = "".join(
        run.out + run.err for run in (desk("log", "--level", "debug"), desk("doctor", "--offline"), doctor)
    )
    assert CLIENT_SECRET not in everything
    assert "eyJ" not in everything, "a token in the log"


def _refresh_token(desk: Program) -> str:
    code = (
        "from nightdesk.context import desk_open\nfrom nightdesk.options import Options\n"
        "with desk_open(Options()) as desk:\n"
        "    from models.mailboxes import MailboxOAuth2\n    from desk.mailboxes.tokens import load_token\n"
        "    print(load_token(desk, MailboxOAuth2.get()).refresh.reveal())"
    )
    return desk.python("-c", code).out.strip()


def test_a_login_by_pasting_where_the_browser_ended(
    desk: Program, oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    assert add(desk, mailuser, oauth_server).status == 0
    child = begun(desk, "mailbox", "login", mailuser.address, "--paste")
    (url,) = [line for line in told_until(child, "address bar") if line.startswith("https://")]
    came = oauth_server.consent(mailuser.address, url)
    out, err = child.communicate(came + "\n", timeout=180)
    assert child.returncode == 0, err
    assert "is logged in as" in out
    assert desk("mailbox", "test", mailuser.address).status == 0


def test_in_a_terminal_a_wrong_paste_is_asked_again_and_a_long_one_is_not_cut(
    desk: Program, oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    assert add(desk, mailuser, oauth_server).status == 0
    child = pexpect.spawn(
        desk.interpreter,
        ["-m", "nightdesk", "mailbox", "login", mailuser.address, "--paste"],
        env=desk.environment(TERM="xterm"),
        encoding="utf-8",
        dimensions=(24, 80),
        timeout=180,
    )
    child.expect(r"(https://\S+)\r\n")
    url = child.match.group(1)
    child.expect("press Enter:")
    child.sendline("http://127.0.0.1:8765/callback?code=x&state=of-another-login")
    child.expect("does not belong to the login")
    child.delaybeforesend = None
    came = oauth_server.consent(mailuser.address, url)
    child.sendline(f"{came}&session_state={'x' * 6000}")
    child.expect("is logged in as")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 0


def test_pop3_fetches_with_the_same_token(
    desk: Program, oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    assert add(desk, mailuser, oauth_server).status == 0
    logged_in_by_device(desk, mailuser, oauth_server)
    mailuser.deliver(mail(to=mailuser.address))
    port = str(mailuser.dovecot.pop3s_port)
    changed = desk(
        "mailbox", "edit", mailuser.address, "--protocol", "pop3", "--port", port, "--security", "tls"
    )
    assert changed.status == 0, changed.err
    fetched = desk("--fetch-once", "--json", "--mailbox", mailuser.address)
    assert fetched.status == 0, fetched.err
    assert fetched.document["mailboxes"][0]["tickets"] == 1


def test_a_login_by_the_loopback_page(desk: Program, oauth_server: OAuthServer, mailuser: MailUser) -> None:
    import urllib.request

    oauth_server.allow_redirect("http://127.0.0.1:8766/callback")
    assert confidential(desk, mailuser, oauth_server).status == 0
    child = begun(desk, "mailbox", "login", mailuser.address, "--loopback", "--port", "8766")
    (url,) = [line for line in told_until(child, "Waiting for") if line.startswith("https://")]
    came = oauth_server.consent(mailuser.address, url)
    urllib.request.urlopen(came).close()
    _, err = child.communicate(timeout=180)
    assert child.returncode == 0, err
    assert shown(desk, mailuser.address)["token"]["owner"] == mailuser.address


def test_the_application_logs_in_as_itself(
    desk: Program, oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    assert confidential(desk, mailuser, oauth_server).status == 0
    assert desk("mailbox", "edit", mailuser.address, "--scopes", SCOPE).status == 0
    done = desk("mailbox", "login", mailuser.address, "--client-credentials", "--json")
    assert done.status == 0, done.err
    assert done.document["warnings"] == []
    token = shown(desk, mailuser.address)["token"]
    assert (token["state"], token["as_itself"]) == ("ok", True)
    assert desk("mailbox", "edit", mailuser.address, "--no-client-secret").status == 0
    assert desk("mailbox", "login", mailuser.address, "--client-credentials").status == 1


def test_with_json_the_address_is_on_standard_error_and_one_document_on_standard_output(
    desk: Program, oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    import json

    assert add(desk, mailuser, oauth_server).status == 0
    child = begun(desk, "mailbox", "login", mailuser.address, "--paste", "--json")
    assert child.stderr is not None
    url = next(line.strip() for line in child.stderr if line.startswith("https://"))
    out, _ = child.communicate(oauth_server.consent(mailuser.address, url) + "\n", timeout=180)
    assert json.loads(out)["owner"] == mailuser.address


def test_somebody_else_who_logged_in_is_refused_unless_the_mailbox_is_shared(
    desk: Program, oauth_server: OAuthServer, mailusers: Callable[[], MailUser]
) -> None:
    shared, person = mailusers(), mailusers()
    assert add(desk, shared, oauth_server).status == 0

    def log_in() -> tuple[int, str]:
        child = begun(desk, "mailbox", "login", shared.address, "--paste")
        (url,) = [line for line in told_until(child, "address bar") if line.startswith("https://")]
        _, err = child.communicate(oauth_server.consent(person.address, url) + "\n", timeout=180)
        return child.returncode, err

    status, err = log_in()
    assert status == 1
    assert f"{person.address} logged in, not {shared.address}" in err
    assert shown(desk, shared.address)["token"]["state"] == "none"
    assert desk("mailbox", "edit", shared.address, "--no-strict-login").status == 0
    assert log_in()[0] == 0
    assert shown(desk, shared.address)["token"]["owner"] == person.address


def test_a_password_after_all_ends_the_login(
    desk: Program, oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    assert add(desk, mailuser, oauth_server).status == 0
    logged_in_by_device(desk, mailuser, oauth_server)
    changed = desk("mailbox", "edit", mailuser.address, "--password-stdin", stdin=f"{mailuser.password}\n")
    assert changed.status == 0, changed.err
    box = shown(desk, mailuser.address)
    assert (box["auth"], box["token"]) == ("basic", None)
    assert desk("mailbox", "test", mailuser.address).status == 0


def test_a_logout_forgets_the_login_and_its_provider_takes_the_token_for_nothing(
    desk: Program, oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    assert confidential(desk, mailuser, oauth_server).status == 0
    logged_in_by_device(desk, mailuser, oauth_server)
    last = _refresh_token(desk)
    assert oauth_server.refreshes(last), "it is good before"
    logged_in_by_device(desk, mailuser, oauth_server)
    last = _refresh_token(desk)
    done = desk("mailbox", "logout", mailuser.address, "--json")
    assert (done.status, done.document) == (
        0,
        {"address": mailuser.address, "owner": mailuser.address, "revoked": True, "trouble": None},
    )
    assert not oauth_server.refreshes(last)
    assert shown(desk, mailuser.address)["token"]["state"] == "none"
    fetched = desk("--fetch-once", "--mailbox", mailuser.address)
    assert fetched.status == 1
    assert f"nightdesk mailbox login {mailuser.address}" in fetched.out + fetched.err
    again = desk("mailbox", "logout", mailuser.address)
    assert (again.status, "is not logged in" in again.err) == (1, True)
    assert last not in desk("log", "--level", "debug").out
    logged_in_by_device(desk, mailuser, oauth_server)
    assert desk("--fetch-once", "--mailbox", mailuser.address).status == 0


def test_a_logout_is_one_whether_or_not_the_provider_can_be_told(
    desk: Program, oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    assert confidential(desk, mailuser, oauth_server).status == 0
    logged_in_by_device(desk, mailuser, oauth_server)
    oauth_server.halt()
    try:
        done = desk("mailbox", "logout", mailuser.address)
    finally:
        oauth_server.restart()
    assert (done.status, "the provider was not told" in done.err) == (1, True), done.err
    assert shown(desk, mailuser.address)["token"]["state"] == "none"
    logged_in_by_device(desk, mailuser, oauth_server)
    # An address is taken away by an empty value, and with it ends the login that was made with it.
    assert desk("mailbox", "edit", mailuser.address, "--revoke-url", "").status == 0
    logged_in_by_device(desk, mailuser, oauth_server)
    done = desk("mailbox", "logout", mailuser.address)
    assert (done.status, "offers no way to tell it" in done.err) == (0, True), done.err


def test_two_processes_at_once_renew_a_rotating_token_once(
    desk: Program, short_lived: OAuthServer, mailuser: MailUser
) -> None:
    assert add(desk, mailuser, short_lived).status == 0
    logged_in_by_device(desk, mailuser, short_lived)
    results: list[Ran] = []

    def test_it() -> None:
        results.append(desk("mailbox", "test", mailuser.address))

    threads = [threading.Thread(target=test_it) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.status for run in results] == [0, 0, 0], [run.out for run in results]
    assert shown(desk, mailuser.address)["token"]["state"] == "ok"


def test_an_unknown_way_or_mailbox_is_told_in_one_line(desk: Program, oauth_server: OAuthServer) -> None:
    assert desk("mailbox", "add", "a@desk.example", "--host", "h", "--pass-cmd", "true").status == 0
    done = desk("mailbox", "login", "a@desk.example")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "has no OAuth2 application" in done.err
    assert desk("mailbox", "login", "nobody@desk.example").status == 1
    incomplete = desk("mailbox", "add", "b@desk.example", "--host", "h", "--oauth2", "google")
    assert incomplete.status == 2
    assert "oauth2 client id" in incomplete.err
