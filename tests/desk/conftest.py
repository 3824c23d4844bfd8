"""A fresh desk for every test of its rules."""

from __future__ import annotations

from tests.support.blank_desk import ana, blank_home, desk, jo

__all__ = ["ana", "blank_home", "desk", "jo"]
