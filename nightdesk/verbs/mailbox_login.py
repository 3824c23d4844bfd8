"""`nightdesk mailbox login|logout`: a mailbox's OAuth2 login, over SSH as well as at a desk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nightdesk.arguments import json_flag
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from datetime import tzinfo

    from desk.mailboxes.login import LoggedIn, Login, Way
    from mail.oauth2 import CodeGrant

_TRIES = 3


@click.command()
@click.argument("address")
@click.option("--device", "way", flag_value="device", help="Type a code into any browser.")
@click.option("--paste", "way", flag_value="paste", help="Open an address, paste where the browser ends.")
@click.option("--loopback", "way", flag_value="loopback", help="The browser is on this machine.")
@click.option(
    "--client-credentials",
    "way",
    flag_value="client-credentials",
    help="The application logs in as itself; nobody is asked.",
)
@click.option("--redirect", metavar="URL", help="The redirect address, if it is not the usual one.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="P", help="Of the redirect address.")
@json_flag
@click.pass_obj
def login(
    options: Options, address: str, way: Way | None, redirect: str | None, port: int | None, as_json: bool
) -> Exit:
    """Log a mailbox in with OAuth2; --device where the provider has it, else --paste.

    Addresses and codes are printed on lines of their own, to be copied; with --json to standard error.
    """
    from desk.mailboxes.login import Login
    from desk.permissions import current_actor
    from nightdesk import output
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        begun = Login(desk, current_actor(desk), address)
        told = _Told(as_json)
        match way or begun.usual_way:
            case "device":
                done = _by_device(begun, told, desk.zone)
            case "loopback":
                done = _by_loopback(begun, told, redirect, port)
            case "client-credentials":
                done = begun.as_itself()
            case _:
                done = _by_paste(begun, told, redirect, port)
        for warning in done.warnings:
            output.say(warning)
        if as_json:
            output.emit_json(done.to_json())
        else:
            until = f", its token lasts until {output.cell(done.expires, desk.zone)}" if done.expires else ""
            output.line(f"{done.address} is logged in as {done.owner or 'somebody unnamed'}{until}")
            output.line(f"Next: nightdesk mailbox test {done.address}")
    return Exit.DONE


class _Told:
    """What the person has to see and copy, on the stream that is theirs."""

    def __init__(self, as_json: bool) -> None:
        self._stream = sys.stderr if as_json else sys.stdout

    def line(self, text: str = "") -> None:
        """One line, whole however long it is."""
        from mail import inert

        self._stream.write(inert.guard(inert.clean(text)).replace("\n", " ") + "\n")
        self._stream.flush()


def _by_device(begun: Login, told: _Told, zone: tzinfo) -> LoggedIn:
    from nightdesk.errors import Failed
    from nightdesk.output import cell

    grant = begun.begin_device()
    told.line(f"Open this address in a browser, on any machine, and log in as {begun.user}:")
    told.line()
    told.line(grant.url)
    told.line()
    told.line("Type this code there:")
    told.line()
    told.line(grant.user_code)
    told.line()
    if grant.url_complete:
        told.line("Or open this one, which has the code in it:")
        told.line()
        told.line(grant.url_complete)
        told.line()
    told.line(f"Waiting until {cell(grant.expires, zone)}; Ctrl-C gives up.")
    done = begun.finish_device(grant)
    if done is None:
        raise Failed("the login was given up")
    return done


def _by_paste(begun: Login, told: _Told, redirect: str | None, port: int | None) -> LoggedIn:
    from desk.mailboxes.oauth2_form import PASTE_PORT
    from mail.errors import TokenRefused

    grant = begun.begin_browser(redirect or begun.redirect(port or PASTE_PORT))
    _show(begun, told, grant)
    told.line("The browser then goes to a page that it cannot show. Copy that page's whole address from the")
    told.line("address bar, paste it here, and press Enter:")
    tries = _TRIES if sys.stdin.isatty() else 1
    while True:
        came = _pasted()
        try:
            return begun.finish_browser(grant, came)
        except TokenRefused as error:
            tries -= 1
            if error.error not in ("state", "code") or tries == 0:
                raise
            told.line(f"{error} - {error.hint}")


def _by_loopback(begun: Login, told: _Told, redirect: str | None, port: int | None) -> LoggedIn:
    from mail.oauth2 import Loopback
    from nightdesk.errors import Failed

    with Loopback(redirect or begun.redirect_template, port or 0) as page:
        grant = begun.begin_browser(redirect or page.redirect)
        _show(begun, told, grant)
        told.line(f"Waiting for the browser at {page.redirect}; Ctrl-C gives up.")
        came = page.wait(grant.state)
        if came is None:
            raise Failed("the browser did not come back")
        return begun.finish_browser(grant, came)


def _show(begun: Login, told: _Told, grant: CodeGrant) -> None:
    told.line(f"Open this address in a browser and log in as {begun.user}:")
    told.line()
    told.line(grant.url)
    told.line()


def _pasted() -> str:
    from nightdesk.errors import UsageError

    if not sys.stdin.isatty():
        came = sys.stdin.readline()
    else:
        # A terminal cuts a line at 4,096 bytes, and addresses are longer; readline does not.
        import readline  # noqa: F401

        try:
            came = input()
        except EOFError:
            came = ""
    if not came.strip():
        raise UsageError("nothing was pasted", "the address of the page where the browser ended")
    return came


@click.command()
@click.argument("address")
@json_flag
@click.pass_obj
def logout(options: Options, address: str, as_json: bool) -> Exit:
    """Forget a mailbox's OAuth2 login, and have its provider revoke it where that offers it (RFC 7009).

    The login is forgotten also when the provider cannot be asked; the status is 1 then. The application stays
    set up, and nothing is fetched or sent with OAuth2 until somebody logs in again.
    """
    from desk.mailboxes.login import log_out
    from desk.permissions import current_actor
    from nightdesk import output
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        done = log_out(desk, current_actor(desk), address)
    if as_json:
        output.emit_json(done.to_json())
    elif done.revoked:
        output.line(f"{done.address} is logged out, and its provider knows")
    else:
        output.line(f"{done.address} is logged out on this desk")
    if done.trouble:
        output.say(f"the provider was not told: {done.trouble}; end the login there by hand")
    elif not done.revoked:
        output.say("the provider offers no way to tell it: end the login there by hand, if it is to end now")
    return Exit.FAILED if done.trouble else Exit.DONE


VERBS: tuple[click.Command, ...] = (login, logout)
