"""The store of large mails is away: every door keeps or defers such mail, and all else goes on."""

from __future__ import annotations

import random
from pathlib import Path

from tests.support.filled import mail
from tests.support.live_desk import NOWHERE, Desk
from tests.support.served import Served
from tests.support.servers.dovecot import MailUser
from tests.support.servers.s3 import S3

NOISE = random.Random(5).randbytes(3000)


IMPATIENT = """\
import sys
from nightdesk import entry
from nightdesk.pipe import ingest
ingest.STORE_PATIENCE = 0.5
sys.exit(entry.run(["pipe"]))
"""


def large(subject: str, to: str) -> bytes:
    return mail(subject, to=to, attachment=("noise.bin", NOISE))


def test_nothing_is_acknowledged_that_is_not_stored_and_small_mail_comes_in(
    desk: Desk, mailuser: MailUser, s3: S3, tmp_path: Path
) -> None:
    with (desk.home / "config.toml").open("a") as file:
        file.write(f'\nblobs = "{s3.url(tmp_path.name)}"\nblob_threshold = 1000\n')
    desk.add_mailbox(mailuser, None, "--no-autoresponse", *NOWHERE)
    served = Served(desk.program)
    try:
        key = served.key("tickets", "write")
        with s3.failing("503"):
            # POST of a mail: later, by osTicket's words for it; its own calls say 503.
            raw = large("by-http", mailuser.address)
            assert served.call("POST", "/api/tickets.email", raw, key=key).status == 500
            piped = desk("pipe", stdin=large("by-pipe", mailuser.address))
            assert (piped.status, piped.out) == (0, "")
            assert len([each for each in (desk.home / "spool").iterdir() if each.is_file()]) == 1
            mailuser.deliver(large("fetched", mailuser.address))
            mailuser.deliver(mail("small", to=mailuser.address))
            [fetched] = desk("--fetch-once", "--json").document["mailboxes"]
            assert fetched["fetched"] == 0
            assert "store of attachments is away" in fetched["errors"][0]
            [shown] = desk.json("mailbox", "list")
            assert "store of attachments is away" in shown["last_error"]
            assert desk.json("ticket", "list") == []
            assert desk("pipe", stdin=mail("small by pipe", to=mailuser.address)).status == 0
            assert [each["subject"] for each in desk.json("ticket", "list")] == ["small by pipe"]
        before = len(s3.requests)
        with s3.failing("hang"):
            piped = desk.program.python("-c", IMPATIENT, stdin=large("piped meanwhile", mailuser.address))
            assert (piped.status, piped.out) == (0, "")
            assert len(s3.requests) == before + 1, "it gave up in time, and did not ask again"
            assert len([each for each in (desk.home / "spool").iterdir() if each.is_file()]) == 2
        assert "hush" not in served.log.read_text()
        desk.fetch_once("--mailbox", mailuser.address)
    finally:
        served.stop()
    subjects = sorted(each["subject"] for each in desk.json("ticket", "list"))
    assert subjects == ["by-pipe", "fetched", "piped meanwhile", "small", "small by pipe"]
    [number] = [each["number"] for each in desk.json("ticket", "list") if each["subject"] == "fetched"]
    with s3.failing("503"):
        assert "Smoke everywhere" in desk.ok("ticket", "show", number).out
        [file] = desk.json("attachment", "list", number)
        got = desk("attachment", "get", str(file["id"]))
        assert got.status == 75
        assert "store of attachments is away" in got.err
    with s3.failing("wrong bytes"):
        got = desk("attachment", "get", str(file["id"]))
        assert got.status == 1
        assert "other bytes" in got.err
