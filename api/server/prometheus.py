"""Numbers in the text format that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from desk.operations.metrics import Sample

if TYPE_CHECKING:
    from api.server.meters import Meters

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def of_meters(meters: Meters) -> list[Sample]:
    """Return what the server counted."""
    found = [
        Sample(
            "nightdesk_http_requests_total",
            "Requests answered.",
            count,
            (("call", call), ("code", str(code))),
        )
        for (call, code), count in sorted(meters.requests.items())
    ]
    found.append(Sample("nightdesk_http_refused_total", "Requests without a valid key.", meters.refused))
    return found


def expose(samples: Iterable[Sample]) -> bytes:
    """Return the samples as text; those of one name together, under its help."""
    by_name: dict[str, list[Sample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    lines = []
    for name, same in by_name.items():
        lines.append(f"# HELP {name} {same[0].help}")
        lines.append(f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}")
        lines += [f"{name}{_labels(sample)} {_number(sample.value)}" for sample in same]
    return ("\n".join(lines) + "\n").encode()


def _labels(sample: Sample) -> str:
    if not sample.labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
