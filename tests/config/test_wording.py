"""Servers in sentences."""

from __future__ import annotations

import pytest

from config.wording import host_and_port


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("imap.desk.example", "imap.desk.example:993"),
        ("192.0.2.7", "192.0.2.7:993"),
        ("2001:db8::1", "[2001:db8::1]:993"),
    ],
)
def test_a_server_is_shown_with_its_port(host: str, shown: str) -> None:
    assert host_and_port(host, 993) == shown
    assert host_and_port(host) == shown.removesuffix(":993")
