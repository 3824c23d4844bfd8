"""Which token a mail session gets, when it is renewed, and who may renew it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from config.secrets import Secret
from mail.errors import TokenRefused, TokenUnavailable
from mail.oauth2 import OAuth2App, Supplier, Token

APP = OAuth2App("other", "client")
NOW = datetime.now(UTC)


def token(number: int, lives: timedelta | None = timedelta(hours=1)) -> Token:
    return Token(
        access=Secret(f"access-{number}"),
        refresh=Secret(f"refresh-{number}"),
        expires=None if lives is None else datetime.now(UTC) + lives,
    )


class Provider:
    """Renews a token once; an old refresh token ends everything, as with rotation."""

    def __init__(self) -> None:
        self.number = 1
        self.lock = threading.Lock()
        self.down = False

    def __call__(self, app: OAuth2App, old: Token) -> Token:
        if self.down:
            raise TokenUnavailable("down")
        with self.lock:
            if old.refresh != Secret(f"refresh-{self.number}"):
                raise TokenRefused("reuse")
            self.number += 1
            return token(self.number)


def test_a_token_with_time_left_is_not_renewed() -> None:
    kept = [token(1)]
    assert Supplier(APP, lambda: kept[-1], kept.append, renewal=Provider())() == Secret("access-1")
    assert len(kept) == 1


def test_a_token_whose_end_is_unknown_is_used_until_it_is_refused() -> None:
    kept = [token(1, None)]
    supplier = Supplier(APP, lambda: kept[-1], kept.append, renewal=Provider())
    assert supplier() == Secret("access-1")
    assert supplier(renew=True) == Secret("access-2")


def test_it_is_renewed_five_minutes_before_its_end_and_stored_before_use() -> None:
    kept = [token(1, timedelta(minutes=4))]
    supplier = Supplier(APP, lambda: kept[-1], kept.append, renewal=Provider())
    assert supplier() == Secret("access-2")
    assert kept[-1].access == Secret("access-2")
    assert supplier() == Secret("access-2")


def test_a_token_that_could_not_be_stored_is_not_used() -> None:
    def store(_: Token) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Supplier(APP, lambda: token(1, timedelta(0)), store, renewal=Provider())()


def test_while_the_provider_is_down_the_last_minutes_are_used() -> None:
    provider = Provider()
    provider.down = True
    kept = [token(1, timedelta(minutes=4))]
    supplier = Supplier(APP, lambda: kept[-1], kept.append, renewal=provider)
    assert supplier() == Secret("access-1")
    with pytest.raises(TokenUnavailable):
        supplier(renew=True)
    kept.append(token(1, timedelta(seconds=-1)))
    with pytest.raises(TokenUnavailable):
        supplier()


def test_what_another_process_renewed_is_taken_over() -> None:
    kept = [token(1)]
    supplier = Supplier(APP, lambda: kept[-1], kept.append, renewal=Provider())
    assert supplier() == Secret("access-1")
    kept.append(token(7))
    assert supplier(renew=True) == Secret("access-7")


def test_many_at_once_renew_once() -> None:
    kept = [token(1, timedelta(0))]
    provider, lock = Provider(), threading.Lock()

    @contextlib.contextmanager
    def exclusive() -> Iterator[None]:
        with lock:
            yield

    suppliers = [Supplier(APP, lambda: kept[-1], kept.append, exclusive, provider) for _ in range(8)]
    got: list[Secret] = []
    threads = [threading.Thread(target=lambda one=one: got.append(one())) for one in suppliers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [Secret("access-2")] * 8
    assert provider.number == 2


def test_a_token_comes_back_from_its_seal_as_it_was() -> None:
    whole = Token(Secret("a"), Secret("r"), NOW, ("x", "y"), "ann@example.test", NOW + timedelta(days=7))
    for one in (whole, Token(Secret("a"))):
        assert Token.load(one.dump()) == one
    assert "********" in repr(whole.dump())


@pytest.mark.parametrize("kept", ["", "{}", "[]", "null", '{"access": 1, "expires": "yesterday"}'])
def test_a_stored_token_that_is_broken_asks_for_a_new_login(kept: str) -> None:
    with pytest.raises(TokenRefused, match="cannot be read"):
        Token.load(Secret(kept))
