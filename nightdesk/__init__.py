"""The command line of Nightdesk: thin verbs; what is heavy is imported inside the verb that needs it."""

from __future__ import annotations


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version  # 24 ms, for the version

        return version("nightdesk")
    raise AttributeError(name)
