"""What XOAUTH2 and OAUTHBEARER say, and who is believed."""

from __future__ import annotations

import base64
import json

import pytest

from config.secrets import Secret
from mail.errors import LoginRefused, LoginUnavailable, SecretUnavailable
from mail.transport import sasl
from mail.transport.login_refusal import cure, is_later
from tests.support.accounts import incoming
from tests.support.rows import every_row
from tests.support.tokens import Tokens


def test_xoauth2_says_what_google_documents() -> None:
    exchange = sasl.BearerExchange("XOAUTH2", "someuser@example.com", "ya29.vF9dft4", "h", 993)
    # https://developers.google.com/gmail/imap/xoauth2-protocol
    assert exchange.initial == b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4\x01\x01"


def test_oauthbearer_says_what_rfc_7628_has_as_its_example() -> None:
    exchange = sasl.BearerExchange("OAUTHBEARER", "user@example.com", "vF9dft4qmT", "server.example.com", 143)
    assert exchange.initial == (
        b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmT\x01\x01"
    )


def test_a_name_with_commas_and_equals_signs_is_escaped() -> None:
    exchange = sasl.BearerExchange("OAUTHBEARER", "a=b,c@x.test", "t", "h", 1)
    assert exchange.initial.startswith(b"n,a=a=3Db=2Cc@x.test,\x01")


def test_a_user_name_cannot_smuggle_a_field_in() -> None:
    with pytest.raises(LoginRefused):
        sasl.BearerExchange("XOAUTH2", "ann\x01auth=Bearer other", "t", "h", 1)


@every_row(("mechanism", "dummy"), [("XOAUTH2", b""), ("OAUTHBEARER", b"\x01")])
def test_the_reason_of_a_refusal_is_kept_and_answered_so_that_the_server_ends_it(
    mechanism: sasl.Mechanism, dummy: bytes
) -> None:
    exchange = sasl.BearerExchange(mechanism, "ann@x.test", "s3cret-token", "h", 993)
    assert exchange.answer(b"") == exchange.initial
    told = {"status": "invalid_token", "scope": "https://mail.google.com/", "schemes": "bearer"}
    assert exchange.answer(json.dumps(told).encode()) == dummy
    error = exchange.refused("h", "[AUTHENTICATIONFAILED] no")
    assert isinstance(error, LoginRefused)
    assert "invalid_token" in str(error)
    assert "https://mail.google.com/" in str(error)


@every_row("challenge", [b"\xff\xfe", b"[1]", b"null", b'{"status": {"a": 1}}', b"plain words\x1b[2J"])
def test_any_challenge_becomes_one_harmless_line(challenge: bytes) -> None:
    words = sasl.reason_in(challenge)
    assert "\x1b" not in words
    assert "\n" not in words


def test_a_token_that_a_server_echoes_is_masked() -> None:
    exchange = sasl.BearerExchange("XOAUTH2", "ann@x.test", "s3cret-token", "h", 993)
    encoded = base64.b64encode(exchange.initial).decode()
    error = exchange.refused("h", f"bad: s3cret-token and {encoded}")
    assert "s3cret-token" not in str(error)
    assert encoded not in str(error)


def test_the_mechanism_is_one_that_is_offered() -> None:
    assert sasl.chosen(["PLAIN", "OAUTHBEARER", "XOAUTH2"], "h") == "XOAUTH2"
    assert sasl.chosen(["plain", "oauthbearer"], "h") == "OAUTHBEARER"
    with pytest.raises(LoginRefused, match="PLAIN"):
        sasl.chosen(["PLAIN"], "h")


def test_a_refused_token_is_renewed_once() -> None:
    tokens, tried = Tokens(["old", "new"]), []

    def attempt(token: str) -> None:
        tried.append(token)
        if token == "old":
            raise LoginRefused("no")

    sasl.with_token(tokens, attempt)
    assert tried == ["old", "new"]


def test_a_token_that_stays_the_same_is_not_tried_twice() -> None:
    tokens, tried = Tokens(["only"]), []

    def attempt(token: str) -> None:
        tried.append(token)
        raise LoginRefused("no")

    with pytest.raises(LoginRefused):
        sasl.with_token(tokens, attempt)
    assert tried == ["only"]


def test_a_server_in_trouble_costs_no_renewal() -> None:
    tokens = Tokens(["a", "b"])

    def attempt(token: str) -> None:
        raise LoginUnavailable("later")

    with pytest.raises(LoginUnavailable):
        sasl.with_token(tokens, attempt)
    assert tokens.renewals == 0


def test_an_account_without_a_token_says_how_to_get_one() -> None:
    with pytest.raises(SecretUnavailable, match="no token") as caught:
        sasl.token_of(incoming(1, auth="oauth2"))
    assert "mailbox login" in caught.value.hint
    assert sasl.token_of(incoming(1, token=Tokens(["x"])))() == Secret("x")


@every_row(
    ("words", "later"),
    [
        ("[UNAVAILABLE] Temporary authentication failure.", True),
        ("[ALERT] Too many simultaneous connections. (Failure)", True),
        ("[AUTHENTICATIONFAILED] Invalid credentials, try again later (Failure)", False),
        ("-ERR [SYS/TEMP] Temporary", True),
        ("-ERR [IN-USE] locked", True),
        ("-ERR [AUTH] no", False),
        ("AUTHENTICATE failed.", False),
        ("LOGIN failed.", False),
    ],
)
def test_for_now_or_for_good(words: str, later: bool) -> None:
    assert is_later(words) is later


@every_row(
    ("words", "cured_by"),
    [
        (
            "[ALERT] Application-specific password required: https://support.google.com/x (Failure)",
            "app password",
        ),
        ("534-5.7.9 Application-specific password required. For more information, go to", "app password"),
        ("[ALERT] Please log in via your web browser: https://support.google.com/y (Failure)", "browser"),
        ("[ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page", "IMAP"),
        ("[ALERT] IMAP access is disabled for your domain. Please contact your domain administrator", "IMAP"),
        ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [AM0]", "OAuth2"),
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            "SMTP",
        ),
        ("User is authenticated but not connected.", "login user"),
        (
            "[PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.",
            "security",
        ),
    ],
)
def test_what_providers_say_has_a_cure(words: str, cured_by: str) -> None:
    hint = cure(words)
    assert hint is not None
    assert cured_by in hint


def test_words_nobody_knows_have_none() -> None:
    assert cure("NO") is None
