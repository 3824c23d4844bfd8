"""Whether anything changed in the desk, at the price of reading one number."""

from __future__ import annotations

from models.sqlite import change_number

__all__ = ["change_number"]
