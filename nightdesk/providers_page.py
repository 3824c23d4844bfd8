"""docs/providers.md from config/providers.toml (``python -m nightdesk.providers_page``)."""

from __future__ import annotations

import sys

from config.providers import Provider, Server, oauth2_providers, providers

_HEAD = """\
# Providers

What an address fills in (`nightdesk mailbox add ADDRESS` without `--host`, or with `--provider ID`), and the
one paragraph that matters there. This page is made from `config/providers.toml`, which has the sources;
`make docs` makes it again. None of these servers was spoken to: every entry is *not tried*.

"""


def page() -> str:
    """Return the whole page."""
    parts = [_HEAD, _table(), "\n"]
    for each in providers():
        parts.append(f"## {each.name}\n\n`--provider {each.id}`{_domains(each)}\n\n{each.advice}\n\n")
        parts += [f"- <{source}>\n" for source in each.sources]
        parts.append("\n" if each.sources else "")
    parts.append("# OAuth2 providers\n\nHow to log in: [oauth2.md](oauth2.md).\n\n")
    for known in oauth2_providers():
        parts.append(f"## {known.name} (`--oauth2 {known.id}`)\n\n{known.advice}\n\n")
        parts.append(f"- redirect address: `{known.redirect}`\n")
        parts += [f"- <{source}>\n" for source in known.sources]
        parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n"


def _table() -> str:
    rows = ["| provider | login | IMAP | POP3 | SMTP |\n|---|---|---|---|---|\n"]
    for each in providers():
        login = ", ".join("OAuth2" if way == "oauth2" else "password" for way in each.auth)
        servers = " | ".join(_server(server) for server in (each.imap, each.pop3, each.smtp))
        rows.append(f"| {each.name} | {login} | {servers} |\n")
    return "".join(rows)


def _server(server: Server | None) -> str:
    return "none" if server is None else f"`{server.host}:{server.port}` {server.security}"


def _domains(provider: Provider) -> str:
    if not provider.domains:
        return ""
    shown = ", ".join(provider.domains[:6])
    return f", for {shown}{', ...' if len(provider.domains) > 6 else ''}"


if __name__ == "__main__":
    sys.stdout.write(page())
