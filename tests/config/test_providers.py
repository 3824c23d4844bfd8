"""What typing an address fills in."""

from __future__ import annotations

import subprocess
import sys

import pytest

from config.providers import (
    Server,
    oauth2_provider,
    oauth2_providers,
    provider,
    provider_for,
    providers,
)
from tests.support.rows import every_row


@every_row(
    ("address", "expected"),
    [
        ("ann@gmail.com", "gmail"),
        ("Ann@GoogleMail.COM", "gmail"),
        ("desk@contoso.onmicrosoft.com", "microsoft365"),
        ("ann@hotmail.co.uk", "outlook"),
        ("ann@outlook.com", "outlook"),
        ("ann@yahoo.de", "yahoo"),
        ("ann@aol.com", "aol"),
        ("ann@icloud.com", "icloud"),
        ("ann@fastmail.fm", "fastmail"),
        ("ann@sub.fastmail.fm", "fastmail"),
        ("ann@zohomail.eu", "zoho-eu"),
        ("ann@gmx.at", "gmx"),
        ("ann@gmx.com", "gmx-com"),
        ("ann@proton.me", "proton"),
        ("support@desk.example", "own"),
        ("root@localhost", "own"),
        ("no address", "own"),
        ("", "own"),
        ("ann@notgmail.com", "own"),
    ],
)
def test_the_domain_tells_the_provider(address: str, expected: str) -> None:
    assert provider_for(address).id == expected


def test_every_provider_can_be_set_up() -> None:
    for each in providers():
        assert each.imap is not None
        assert each.smtp is not None
        assert each.auth
        assert each.advice
        assert "\n" not in each.advice
        assert each.sources or each.id == "own"
        assert len({(s.host, s.port) for s in (each.imap, each.pop3) if s}) >= 1
        for server in (each.imap, each.pop3, each.smtp):
            if server is not None and each.id != "proton":
                expected = {"tls": {993, 995, 465}, "starttls": {587, 143, 110}}[server.security]
                assert server.port in expected
        if "oauth2" in each.auth:
            oauth2_provider(each.oauth2)


def test_no_domain_belongs_to_two_providers() -> None:
    domains = [domain for each in providers() for domain in each.domains]
    assert len(domains) == len(set(domains))
    assert all(domain == domain.lower().strip(".") for domain in domains)


def test_an_own_server_is_guessed_from_the_domain() -> None:
    own = provider("own")
    assert own.server("imap", "support@Desk.Example") == Server("mail.desk.example", 993, "tls")
    assert own.server("smtp", "support@desk.example") == Server("mail.desk.example", 587, "starttls")


def test_what_a_provider_has_not_is_none() -> None:
    assert provider("icloud").server("pop3", "ann@icloud.com") is None
    assert provider("gmail").server("pop3", "ann@gmail.com") == Server("pop.gmail.com", 995, "tls")


def test_variants_take_over_what_they_do_not_say() -> None:
    assert provider("zoho-eu").advice == provider("zoho").advice
    assert provider("outlook").imap == provider("microsoft365").imap
    assert provider("outlook").smtp != provider("microsoft365").smtp


def test_app_passwords_are_explained_where_they_are_needed() -> None:
    for name in ("gmail", "yahoo", "aol", "icloud", "fastmail", "zoho", "gmx"):
        advice = provider(name).advice.lower()
        assert "specific password" in advice or "app password" in advice
        assert "nightdesk" in advice
    assert "oauth2" in provider("microsoft365").advice.lower()


def test_microsoft_is_asked_with_the_scopes_of_outlook_office_com() -> None:
    microsoft = oauth2_provider("microsoft")
    assert microsoft.scopes_for(["imap", "smtp"]) == (
        "openid",
        "email",
        "offline_access",
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
    )
    assert microsoft.url("token") == "https://login.microsoftonline.com/common/oauth2/v2.0/token"
    assert "/contoso.example/" in microsoft.url("device", "contoso.example")
    assert microsoft.redirect_at(8400) == "http://localhost:8400/"


def test_google_has_one_scope_for_all_and_no_device_codes() -> None:
    google = oauth2_provider("google")
    assert google.scopes_for(["imap", "smtp"]) == google.scopes_for(["pop3"])
    assert "https://mail.google.com/" in google.scopes
    assert google.url("device") == ""
    assert google.extra["access_type"] == "offline"


def test_every_address_of_an_oauth2_provider_is_https() -> None:
    for each in oauth2_providers():
        for url in (each.authorize_url, each.token_url, each.device_url, each.revoke_url):
            assert url == "" or url.startswith("https://")


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        provider("nobody")


def test_the_list_costs_no_heavy_import() -> None:
    program = "import sys, config.providers as p; p.providers(); print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
