"""The same fresh desk as the rules' tests have."""

from __future__ import annotations

from tests.support.blank_desk import ana, blank_home, desk, jo

__all__ = ["ana", "blank_home", "desk", "jo"]
