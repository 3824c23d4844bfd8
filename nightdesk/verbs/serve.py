"""`nightdesk serve`: the HTTP API."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

import click

from nightdesk.errors import Failed, UsageError
from nightdesk.exit import Exit
from nightdesk.options import Options


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8025,
    show_default=True,
    metavar="P",
    help="0: a free one.",
)
@click.option("--root-path", default="", metavar="PATH", help="The path before ours, such as /osticket.")
@click.option("--tls-cert", type=click.Path(path_type=Path), metavar="FILE", help="Certificate chain (PEM).")
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="FILE", help="Its key (PEM).")
@click.option(
    "--trusted-proxy", "proxies", multiple=True, metavar="CIDR", help="Whose X-Forwarded-For is believed."
)
@click.option(
    "--max-body",
    type=click.IntRange(1, 1024),
    default=64,
    show_default=True,
    metavar="MB",
    help="Largest mail or ticket that is taken.",
)
@click.option("--access-log", is_flag=True, help="A line on standard error for each request.")
@click.pass_obj
def serve(
    options: Options,
    host: str,
    port: int,
    root_path: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    proxies: tuple[str, ...],
    max_body: int,
    access_log: bool,
) -> Exit:
    """Serve the HTTP API until told to stop: osTicket's calls, our own, /health, /metrics, /docs.

    Keys: nightdesk key create. It fetches nothing by itself: that is the worker's.
    """
    from nightdesk import output
    from nightdesk.context import desk_open

    if tls_key is not None and tls_cert is None:
        raise UsageError("--tls-key needs --tls-cert", "give both, or neither behind a proxy")
    with desk_open(options) as desk:
        try:
            from api.options import MEGABYTE, ServeOptions
            from api.server import run
        except ModuleNotFoundError as error:
            raise Failed(
                f"the HTTP API needs the package {error.name}", "pip install 'nightdesk[api]'"
            ) from error
        from desk.keys import network_of

        chosen = ServeOptions(
            host=host,
            port=port,
            root_path=root_path,
            tls_cert=tls_cert,
            tls_key=tls_key,
            trusted_proxies=tuple(network_of(proxy) for proxy in proxies),
            max_body=max_body * MEGABYTE,
            access_log=access_log,
        )
        if tls_cert is None and not proxies and not _is_loopback(host):
            output.say(f"keys travel to {host} in clear text: use --tls-cert, or a proxy with TLS")

        def ready(url: str) -> None:
            output.line(f"Serving {desk.paths.home} at {url}")
            sys.stdout.flush()

        run(desk, chosen, ready)
    return Exit.DONE


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
