"""Every verb and flag that scripts were promised is there: the design's command line, read by the parser."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from nightdesk.cli import cli

_ADD = """
mailbox add a@desk.example --name N --protocol imap --host H --port 993 --security tls --pass-cmd true
mailbox add a@desk.example --protocol pop3 --host H --security starttls --user U --password-env VAR
mailbox add a@desk.example --protocol none
mailbox add a@desk.example --host H --security none --oauth2 google --folder F --schedule '*/5 * * * *'
mailbox add a@desk.example --host H --oauth2 microsoft --every 5 --batch 50 --max-per-fetch 9
mailbox add a@desk.example --host H --oauth2 other --after-fetch move:Done --backlog archive --department D
mailbox add a@desk.example --host H --password-stdin --ca-file {file} --autoresponse --backlog new
mailbox add a@desk.example --host H --fingerprint aa --no-autoresponse --after-fetch delete
mailbox add a@desk.example --host H --after-fetch keep --backlog all
mailbox add a@desk.example --smtp-host H --smtp-port 587 --smtp-security starttls --smtp-user U
mailbox add a@desk.example --smtp-host H --smtp-auth basic
mailbox add a@desk.example --smtp-host H --smtp-auth same --smtp-security tls --smtp-ca-file {file}
mailbox add a@desk.example --smtp-host H --smtp-auth none --smtp-security none
mailbox add a@desk.example --smtp-host H --smtp-auth oauth2
mailbox add a@desk.example --smtp-host H --smtp-password-stdin
mailbox add a@desk.example --smtp-host H --smtp-pass-cmd true
mailbox add a@desk.example --smtp-host H --smtp-password-env VAR
""".strip().splitlines()
LINES = [
    *_ADD,
    *(line.replace("mailbox add", "mailbox edit") for line in _ADD),
    *"""
init
demo
worker
doctor
serve --host 127.0.0.1 --port 8025
pipe --to a@desk.example --verbose
backup FILE
restore FILE
mailbox list --json --limit 0
mailbox show a@desk.example
mailbox remove a@desk.example
mailbox enable a@desk.example --incoming
mailbox disable a@desk.example --outgoing
mailbox test a@desk.example
mailbox fetch a@desk.example
mailbox login a@desk.example
mailbox export
mailbox import {file}
ticket list
ticket list 'state:open -owner:me' --limit 0 --json
ticket show 1
ticket new --subject S --requester c@corp.example --body-file {file}
ticket reply 1 --body-file -
ticket note 1 --body-file {file}
ticket assign 1 me
ticket transfer 1 D
ticket close 1
ticket reopen 1
ticket merge 1 2
ticket unmerge 1
ticket split 1 --messages 1,2
ticket link 1 blocks 2
ticket link 1 duplicates 2
ticket link 1 relates 2
ticket forward 1 --to c@corp.example --message 3 --body-file {file}
ticket snooze 1 2d
ticket requester 1 c@corp.example
ticket spam 1
ticket delete 1
ticket watch 1
ticket tag 1 X
ticket export 1
receipt list --limit 5 --json
receipt show 1
receipt retry 1
receipt replay 1
outbox list --json --limit 0
outbox retry 1
outbox cancel 1
search printer --json
log --follow --json
import mbox PATH
import maildir PATH
import eml PATH
import osticket mysql://u@h/osticket --dry-run
settings list
settings get mail.from_name
settings set mail.from_name agent
filter add F --on new --if subject:x --then reject --then tag:X --order 5 --stop --disabled
filter add F --on reply --if subject:x --then close
filter add F --on status --if state:closed --then note:X
filter add F --on time --if age:>3d --then notify:assignee
filter test F
filter test --file {file} --since 90d
ban add @spam.example
canned add C --body-file {file}
canned add C --body-file -
template show acknowledgement --language de
template edit acknowledgement --language de --body-file {file}
queue add Q 'p:urgent' --shared
role add R --may ticket.reply --may ticket.note
agent edit bo --in Support=Worker
notification add --event overdue --to admins --by mail
notification add --event overdue --to X --by screen
notification add --event overdue --to X --by webhook
notification add --event overdue --to X --by hook
notification add --event overdue --to X --by push
sla add S --first 4h --next 8h --resolve 3d --hours 'mon-fri 09:00-17:00'
sla add S --zone Europe/Berlin --holidays DE-BY
sla explain 1
key create --address 192.0.2.0/24 --address 192.0.2.7 --scope tickets --scope cron
key create --address 192.0.2.7 --scope read --scope write
contact show c@corp.example
contact edit c@corp.example --name N
contact merge a@corp.example b@corp.example
contact erase c@corp.example
organization add O --domain corp.example
report departments --since 30d --csv
export DIRECTORY
purge --dry-run
move postgresql://h/desk
""".strip().splitlines(),
]
NOUNS = (
    *("agent", "role", "team", "department", "topic", "sla", "field", "status", "filter", "ban", "canned"),
    *("queue", "organization"),
)
EVERY_NOUN = ("list", "show", "add", "edit", "remove")
RULES = (
    "role team department topic sla field status filter ban canned template notification queue organization"
)
"""The nouns that are kept as TOML."""


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words name, and what is left of them."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        name = words[0]
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"there is no {' '.join(words)}"
        command, words = found, words[1:]
    return command, words


def test_each_is_read_by_its_verb(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    wrong = {}
    for line in LINES:
        command, words = command_of(shlex.split(line.replace("{file}", str(tmp_path / "file"))))
        try:
            command.make_context(command.name, words)
        except click.UsageError as error:
            wrong[line] = error.format_message()
    assert wrong == {}


@pytest.mark.parametrize(
    "flags", [["--config", "F", "--database", "U"], ["--fetch-once", "--mailbox", "A", "--json"]]
)
def test_the_program_itself_takes_them(flags: list[str]) -> None:
    cli.make_context("nightdesk", flags)


def test_every_noun_has_the_five_verbs_and_a_file() -> None:
    for noun in NOUNS:
        group = cli.get_command(click.Context(cli), noun)
        assert isinstance(group, click.Group)
        assert set(EVERY_NOUN) <= set(group.commands), noun
        assert "--limit" in {flag for each in group.commands["list"].params for flag in each.opts}, noun
    for noun in RULES.split():
        group = cli.get_command(click.Context(cli), noun)
        assert isinstance(group, click.Group)
        assert {"export", "import"} <= set(group.commands), noun
        assert {"--dry-run"} <= {flag for each in group.commands["import"].params for flag in each.opts}, noun
