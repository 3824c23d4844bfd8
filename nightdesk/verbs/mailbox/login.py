"""`nightdesk mailbox login|logout`: a mailbox's OAuth2 login, over SSH as well as at a desk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mail import inert
from nightdesk import output
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import Failed, UsageError
from nightdesk.exit import Exit

if TYPE_CHECKING:
    from datetime import tzinfo

    from desk.mailboxes.login import LoggedIn, Login, LoginMethod
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
@desk_verb
def login(
    context: VerbContext, address: str, way: LoginMethod | None, redirect: str | None, port: int | None
) -> Result:
    """Log a mailbox in with OAuth2; --device where the provider has it, else --paste.

    Addresses and codes are printed on lines of their own, to be copied; with --json to standard error.
    """
    from desk.documents import mailboxes as documents
    from desk.mailboxes.login import Login

    begun = Login(context.desk, context.actor, address)
    shown = _Shown(context.as_json)
    match way or begun.usual_way:
        case "device":
            done = _by_device(begun, shown, context.zone)
        case "loopback":
            done = _by_loopback(begun, shown, redirect, port)
        case "client-credentials":
            done = begun.as_itself()
        case _:
            done = _by_paste(begun, shown, redirect, port)
    for warning in done.warnings:
        output.say(warning)
    until = f", its token lasts until {output.cell(done.expires, context.zone)}" if done.expires else ""
    return told(
        documents.logged_in(done),
        f"{done.address} is logged in as {done.owner or 'somebody unnamed'}{until}",
        f"Next: nightdesk mailbox test {done.address}",
    )


class _Shown:
    """What the person has to see and copy, on the stream that is theirs."""

    def __init__(self, as_json: bool) -> None:
        self._stream = sys.stderr if as_json else sys.stdout

    def line(self, text: str = "") -> None:
        """Show one line, whole however long it is."""
        self._stream.write(inert.guard(inert.clean(text)).replace("\n", " ") + "\n")
        self._stream.flush()


def _by_device(begun: Login, shown: _Shown, zone: tzinfo) -> LoggedIn:
    grant = begun.begin_device()
    shown.line(f"Open this address in a browser, on any machine, and log in as {begun.user}:")
    shown.line()
    shown.line(grant.url)
    shown.line()
    shown.line("Type this code there:")
    shown.line()
    shown.line(grant.user_code)
    shown.line()
    if grant.url_complete:
        shown.line("Or open this one, which has the code in it:")
        shown.line()
        shown.line(grant.url_complete)
        shown.line()
    shown.line(f"Waiting until {output.cell(grant.expires, zone)}; Ctrl-C gives up.")
    done = begun.finish_device(grant)
    if done is None:
        raise Failed("the login was given up")
    return done


def _by_paste(begun: Login, shown: _Shown, redirect: str | None, port: int | None) -> LoggedIn:
    from config.providers import PASTE_PORT
    from mail.errors import TokenRefused

    grant = begun.begin_browser(redirect or begun.redirect(port or PASTE_PORT))
    _show(begun, shown, grant)
    shown.line("The browser then goes to a page that it cannot show. Copy that page's whole address from the")
    shown.line("address bar, paste it here, and press Enter:")
    tries = _TRIES if sys.stdin.isatty() else 1
    while True:
        came = _pasted()
        try:
            return begun.finish_browser(grant, came)
        except TokenRefused as error:
            tries -= 1
            if error.error not in ("state", "code") or tries == 0:
                raise
            shown.line(f"{error} - {error.hint}")


def _by_loopback(begun: Login, shown: _Shown, redirect: str | None, port: int | None) -> LoggedIn:
    from mail.oauth2 import Loopback

    with Loopback(redirect or begun.redirect_template, port or 0) as page:
        grant = begun.begin_browser(redirect or page.redirect)
        _show(begun, shown, grant)
        shown.line(f"Waiting for the browser at {page.redirect}; Ctrl-C gives up.")
        came = page.wait(grant.state)
        if came is None:
            raise Failed("the browser did not come back")
        return begun.finish_browser(grant, came)


def _show(begun: Login, shown: _Shown, grant: CodeGrant) -> None:
    shown.line(f"Open this address in a browser and log in as {begun.user}:")
    shown.line()
    shown.line(grant.url)
    shown.line()


def _pasted() -> str:
    if not sys.stdin.isatty():
        came = sys.stdin.readline()
    else:
        # A terminal cuts a line at 4,096 bytes, and addresses are longer; readline does not.
        import readline  # noqa: F401 - 0.9 ms, on a terminal

        try:
            came = input()
        except EOFError:
            came = ""
    if not came.strip():
        raise UsageError("nothing was pasted", "the address of the page where the browser ended")
    return came


@click.command()
@click.argument("address")
@desk_verb
def logout(context: VerbContext, address: str) -> Result:
    """Forget a mailbox's OAuth2 login, and have its provider revoke it where that offers it (RFC 7009).

    The login is forgotten also when the provider cannot be asked; the status is 1 then. The application stays
    set up, and nothing is fetched or sent with OAuth2 until somebody logs in again.
    """
    from desk.documents import mailboxes as documents
    from desk.mailboxes.login import log_out

    done = log_out(context.desk, context.actor, address)
    knows = ", and its provider knows" if done.revoked else " on this desk"
    remarks = []
    if done.trouble:
        remarks = [f"the provider was not told: {done.trouble}; end the login there by hand"]
    elif not done.revoked:
        remarks = ["the provider offers no way to tell it: end the login there by hand, if it is to end now"]
    return Result(
        lambda: documents.logged_out(done),
        lambda: output.line(f"{done.address} is logged out{knows}"),
        remarks,
        Exit.FAILED if done.trouble else Exit.DONE,
    )


VERBS: tuple[click.Command, ...] = (login, logout)
