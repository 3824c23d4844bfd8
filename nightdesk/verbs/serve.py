"""`nightdesk serve`: the HTTP API."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from config.errors import ConfigError
from nightdesk.arguments import owners_option
from nightdesk.errors import Failed, UsageError
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from api.server.options import ServeOptions
    from config.settings import Settings

T = TypeVar("T")


@click.command()
@click.option("--host", metavar="H", help="The address to listen on; 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="P", help="8025; 0 takes a free one.")
@click.option("--root-path", metavar="PATH", help="The path before ours, such as /osticket.")
@owners_option("--tls-cert", metavar="FILE", help="Certificate chain (PEM); without it plain HTTP.")
@owners_option("--tls-key", metavar="FILE", help="Its key (PEM).")
@click.option(
    "--trusted-proxy", "proxies", multiple=True, metavar="CIDR", help="Whose X-Forwarded-For is believed."
)
@click.option(
    "--max-body", type=click.IntRange(1, 1024), metavar="MB", help="Largest mail or ticket that is taken; 64."
)
@click.option("--access-log", is_flag=True, help="A line on standard error for each request.")
@click.pass_obj
def serve(
    options: Options,
    host: str | None,
    port: int | None,
    root_path: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    proxies: tuple[str, ...],
    max_body: int | None,
    access_log: bool,
) -> Exit:
    """Serve the HTTP API until told to stop: osTicket's calls, our own, /health, /metrics, /docs.

    What is not given comes from the configuration (serve_host, serve_port, ...). Keys: nightdesk key
    create. It fetches nothing by itself: that is the worker's. While the desk cannot be opened (its database
    is away, it was moved) callers are told to come again, until it can.
    """
    from models.errors import DatabaseMoved, DatabaseUnusable
    from nightdesk import output
    from nightdesk.context import desk_open, settings_of

    def chosen(kept: Settings) -> ServeOptions:
        from api.server.options import MEGABYTE, ServeOptions
        from desk.staff.api_keys import network_of

        trusted = proxies or [each for each in kept.serve_trusted_proxies.split(",") if each.strip()]
        cert, key = _given(tls_cert, kept.serve_tls_cert), _given(tls_key, kept.serve_tls_key)
        if key and not cert:
            raise UsageError("--tls-key needs --tls-cert", "give both, or neither behind a proxy")
        return ServeOptions(
            host=_given(host, kept.serve_host),
            port=_given(port, kept.serve_port),
            root_path=_given(root_path, kept.serve_root_path),
            tls_cert=Path(cert) if cert else None,
            tls_key=Path(key) if key else None,
            trusted_proxies=tuple(network_of(each) for each in trusted),
            max_body=_given(max_body, kept.serve_max_body) * MEGABYTE,
            access_log=access_log,
        )

    def say(words: str) -> None:
        output.line(words)
        sys.stdout.flush()

    def opens() -> bool:
        try:
            with desk_open(options):
                return True
        except (DatabaseUnusable, ConfigError):
            return False

    listener = None
    while True:
        try:
            with desk_open(options) as desk:
                _need_the_api()
                from api.server.serve import run

                given = chosen(desk.settings)
                if not given.tls_cert and not given.trusted_proxies and not _is_loopback(given.host):
                    output.say(
                        f"keys travel to {given.host} in clear text: use --tls-cert, or a proxy with TLS"
                    )
                run(desk, given, lambda url: say(f"Serving {desk.paths.home} at {url}"), listener)
            return Exit.DONE
        except DatabaseUnusable as error:
            if not isinstance(error, DatabaseMoved) and error.exit_status != Exit.TRY_AGAIN:
                raise
            _need_the_api()
            from api.server.standing_in import stand_in

            output.say(f"{error} - {error.hint}")
            given = chosen(settings_of(options))
            listener = stand_in(given, opens, lambda url: say(f"Callers are told to come again, at {url}"))
            if listener is None:
                return Exit.DONE


def _need_the_api() -> None:
    try:
        import api.server.serve  # noqa: F401
    except ModuleNotFoundError as error:
        raise Failed(
            f"the HTTP API needs the package {error.name}", "pip install '.[api]' in the clone"
        ) from error


def _given(flag: T | None, kept: T) -> T:
    return kept if flag is None else flag


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
