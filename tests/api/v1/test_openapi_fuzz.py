"""Whatever the OpenAPI document lets one send, nothing is answered with a fault, and as the document says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.v1.openapi import document
from tests.support.mails import mail
from tests.support.served import Served, copy_of

EXAMPLES = 10

_CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)

schemathesis.serializer.alias("message/rfc822", "text/plain")
schema = schemathesis.openapi.from_dict(document(""))


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


def operations() -> list[schemathesis.APIOperation[Any, Any, Any, Any]]:
    """All of them, but the one that has the desk fetch its mail."""
    found = list(schema.get_all_operations())
    read = [each.ok() for each in found if isinstance(each, Ok)]
    assert len(read) == len(found)
    return [each for each in read if "cron" not in each.path]


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("fuzz")
@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.label)
def test_no_request_is_answered_with_a_fault(
    operation: schemathesis.APIOperation[Any, Any, Any, Any], fuzzed: tuple[Served, str]
) -> None:
    served, key = fuzzed

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(st.sampled_from(GenerationMode).flatmap(lambda mode: operation.as_strategy(generation_mode=mode)))
    def answered(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(
            base_url=served.base, headers={"X-API-Key": key}, checks=list(_CHECKS), timeout=180
        )

    answered()
    assert "Traceback" not in served.log.read_text()
