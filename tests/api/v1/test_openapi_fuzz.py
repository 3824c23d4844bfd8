"""Whatever the OpenAPI document lets one send, nothing is answered with a fault, and as the document says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.v1.openapi import document
from tests.support.mails import mail
from tests.support.served import Served, copy_of

EXAMPLES = 25

_CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)

schemathesis.serializer.alias("message/rfc822", "text/plain")
schema = schemathesis.openapi.from_dict(document(""))
schema.config.generation.update(modes=list(GenerationMode))


@pytest.fixture(scope="module")
def fuzzed(served_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """A server with a ticket, and a key that may do everything as often as it wants."""
    served = Served(copy_of(served_home, tmp_path_factory.mktemp("fuzz") / "desk"))
    try:
        key = served.key("tickets", "read", "write", "cron", more=("--rate", "1000000"))
        served.call("POST", "/api/tickets.email", mail(), key=key)
        yield served, key
    finally:
        served.stop()


@schema.exclude(path_regex="cron").parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
@pytest.mark.timeout(300)
def test_no_request_is_answered_with_a_fault(
    case: schemathesis.Case[Any], fuzzed: tuple[Served, str]
) -> None:
    served, key = fuzzed
    case.call_and_validate(base_url=served.base, headers={"X-API-Key": key}, checks=list(_CHECKS), timeout=30)
    assert "Traceback" not in served.log.read_text()
