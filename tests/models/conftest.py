"""The same fresh desk as the rules' tests have."""

from __future__ import annotations

from tests.desk.conftest import ana, desk, jo

__all__ = ["ana", "desk", "jo"]
