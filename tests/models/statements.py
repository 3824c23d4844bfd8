"""The statements of the models, all that there are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import models
from models.statements import Statement


def statements() -> Iterator[tuple[str, str, Statement]]:
    """Yield every statement of the models with its module and name."""
    for module in pkgutil.walk_packages(models.__path__, "models."):
        if ".migrations" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Statement):
                yield module.name.removeprefix("models."), name, value
