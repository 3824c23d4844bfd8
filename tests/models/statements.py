"""The statements of the models, all that there are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

import models
from models.statements import Statement


def statements() -> Iterator[tuple[str, str, Statement]]:
    """Yield every statement of the models with its module and name."""
    for module in pkgutil.walk_packages(models.__path__, "models."):
        if ".migrations" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            for where, statement in _in(name, value):
                yield module.name.removeprefix("models."), where, statement


def _in(name: str, value: object) -> Iterator[tuple[str, Statement]]:
    if isinstance(value, Statement):
        yield name, value
    elif isinstance(value, Mapping) and not name.startswith("__"):
        for key, each in value.items():
            yield from _in(f"{name}[{key}]", each)
    elif isinstance(value, tuple | list):
        for place, each in enumerate(value):
            yield from _in(f"{name}[{place}]", each)
