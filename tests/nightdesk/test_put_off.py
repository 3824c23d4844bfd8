"""A module that is put off is there for whoever uses it, whichever way."""

from __future__ import annotations

import subprocess
import sys

from tests.support.rows import every_row


def said(code: str) -> str:
    """What a Python of its own prints."""
    put_off = (
        "import sys; from nightdesk.late_imports import import_peewee, put_off, put_off_openssl\n"
        "put_off('colorsys', 'uuid'); put_off_openssl(); import_peewee()\n"
    )
    command = [sys.executable, "-c", put_off + code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@every_row(
    ("code", "printed"),
    [
        ("import colorsys; print('platform' in sys.modules)", "False"),
        (
            "import colorsys; print(colorsys.rgb_to_hls(0, 0, 0)); print(colorsys.ONE_SIXTH > 0)",
            "(0.0, 0.0, 0.0)\nTrue",
        ),
        ("from colorsys import rgb_to_yiq; print(rgb_to_yiq(0, 0, 0))", "(0.0, 0.0, 0.0)"),
        ("import uuid; one = uuid.UUID(int=7); import uuid; print(isinstance(one, uuid.UUID))", "True"),
        ("import uuid; uuid.NAMESPACE_DNS; print(type(sys.modules['uuid']).__name__)", "module"),
        (
            "from inspect import isclass; print(isclass(int), isclass(1), 'ast' in sys.modules)",
            "True False False",
        ),
        ("import inspect; print(inspect.signature(lambda one: one), inspect.isclass(int))", "(one) True"),
        ("print({'_decimal', 'string', 'ast', 'psycopg'} & {*sys.modules})", "set()"),
        (
            "from decimal import Decimal; import peewee; print(Decimal(1) / 4, peewee.decimal.Decimal(2))",
            "0.25 2",
        ),
        (
            "import logging; from logging import NullHandler\n"
            "print(issubclass(NullHandler, logging.Handler), logging.getLogger('peewee').name)",
            "True peewee",
        ),
        (
            "import peewee; print(peewee.SqliteDatabase(':memory:').execute_sql('SELECT 1').fetchone())",
            "(1,)",
        ),
        (
            "import hashlib, hmac; own = {'_sha256', '_sha2'} & {*sys.builtin_module_names}\n"
            "print(hashlib.sha256(b'a').hexdigest()[:4], bool(own) == (sys.modules['_hashlib'] is None))",
            "ca97 True",
        ),
        (
            "print(__import__('hmac').digest(b'k', b'm', 'sha256').hex()[:4], 'string' in sys.modules)",
            "b600 False",
        ),
        (
            "from nightdesk.late_imports import import_pathlib; import_pathlib(); import pathlib\n"
            "print('urllib.parse' in sys.modules, pathlib.Path('/a b').as_uri()); import urllib.parse\n"
            "print(urllib.parse.quote(' '))",
            "False file:///a%20b\n%20",
        ),
        (
            "from nightdesk.late_imports import import_futures; import_futures(); import sys\n"
            "import concurrent.futures._base as base; print('string' in sys.modules)\n"
            "import logging; logging.basicConfig(stream=sys.stdout); base.LOGGER.warning('one %s', 'word')",
            "False\nWARNING:concurrent.futures:one word",
        ),
        ("import uuid; print(hasattr(uuid, 'nothing_of_that_name'))", "False"),
        (
            "put_off('asyncio.sslproto', 'ssl'); import asyncio; print('_ssl' in sys.modules); "
            "from asyncio.sslproto import SSLProtocol; print(SSLProtocol.__name__, '_ssl' in sys.modules)",
            "False\nSSLProtocol True",
        ),
        (
            "from nightdesk.late_imports import import_textual; import_textual(); import textual.app as app\n"
            "print({'platformdirs.unix', 'textual.widgets._input'} & {*sys.modules}); import platformdirs\n"
            "print(app.CommandPalette().id, app.user_downloads_path().is_absolute())\n"
            "from textual.command import CommandPalette; print(CommandPalette.__name__)",
            "set()\nNone True\nCommandPalette",
        ),
        ("put_off('sys', 'os'); import os; print(type(os).__name__, type(sys).__name__)", "module module"),
    ],
)
def test_what_is_used_is_imported_then(code: str, printed: str) -> None:
    assert said(code) == printed
