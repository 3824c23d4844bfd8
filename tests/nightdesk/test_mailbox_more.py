"""Topics, aliases, presets, keys and files of mailboxes, by command line."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.support.program import Program, Ran

ADDRESS = "support@desk.example"


def add(desk: Program, *more: str, address: str = ADDRESS) -> Ran:
    done = desk("mailbox", "add", address, "--host", "imap.desk.example", "--pass-cmd", "true", *more)
    assert done.status == 0, done.err
    return done


def edit(desk: Program, *more: str) -> Ran:
    return desk("mailbox", "edit", ADDRESS, *more, "--json")


def test_topic_priority_and_aliases_are_flags(desk: Program) -> None:
    assert desk("topic", "add", "VPN", "--department", "Support", "--priority", "high").status == 0
    add(
        desk,
        "--topic",
        "vpn",
        "--priority",
        "urgent",
        "--alias",
        "a@desk.example",
        "--alias",
        "b@desk.example",
    )
    box = desk("mailbox", "show", ADDRESS, "--json").document
    assert (box["topic"], box["priority"]) == ("VPN", "urgent")
    assert box["aliases"] == ["a@desk.example", "b@desk.example"]
    assert "a@desk.example, b@desk.example" in desk("mailbox", "show", ADDRESS).out
    changed = edit(desk, "--alias", "C@desk.example", "--no-alias", "a@desk.example", "--topic", "")
    assert changed.document["aliases"] == ["b@desk.example", "c@desk.example"]
    assert (changed.document["topic"], changed.document["priority"]) == (None, "urgent")
    assert edit(desk, "--priority", "").document["priority"] is None
    (topic,) = desk("topic", "list", "--json").document
    assert topic == {
        "id": 1,
        "name": "VPN",
        "department": "Support",
        "sla": None,
        "priority": "high",
        "autoresponse": True,
        "active": True,
        "checklist": [],
        "assigned_to": None,
        "status": None,
        "number_format": None,
        "number_sequence": None,
    }


def test_an_address_has_one_owner(desk: Program) -> None:
    add(desk, "--alias", "help@desk.example")
    add(desk, address="sales@desk.example")
    for arguments in (
        ["edit", "sales@desk.example", "--alias", "help@desk.example"],
        ["edit", "sales@desk.example", "--alias", ADDRESS],
        ["add", "help@desk.example", "--host", "h", "--pass-cmd", "true"],
    ):
        done = desk("mailbox", *arguments)
        assert (done.status, done.err.count("\n")) == (1, 1), arguments
        assert ADDRESS in done.err
    assert desk("mailbox", "remove", ADDRESS).status == 0
    assert desk("mailbox", "add", "help@desk.example", "--host", "h", "--pass-cmd", "true").status == 0
    assert desk("mailbox", "remove", "help@desk.example").status == 0
    assert desk("mailbox", "edit", "sales@desk.example", "--alias", "help@desk.example").status == 0


def test_without_a_host_the_provider_fills_it_in_and_its_paragraph_is_shown(desk: Program) -> None:
    done = desk("mailbox", "add", "desk@gmail.com", "--password-stdin", "--json", stdin="word\n")
    assert done.status == 0, done.err
    assert done.document["host"] == "imap.gmail.com"
    assert done.document["outgoing"]["host"] == "smtp.gmail.com"
    assert "myaccount.google.com/apppasswords" in done.err
    named = desk(
        *("mailbox", "add", "help@corp.example", "--provider", "fastmail", "--password-stdin", "--json"),
        stdin="word\n",
    )
    assert named.document["host"] == "imap.fastmail.com"
    unknown = desk("mailbox", "add", "help@other.example", "--password-stdin", stdin="word\n")
    assert unknown.status == 2
    assert "which server has the mail of help@other.example" in unknown.err
    assert "--provider" in unknown.err


def test_microsoft_asks_for_the_application_and_then_for_the_login(desk: Program) -> None:
    asked = desk("mailbox", "add", "desk@outlook.com")
    assert asked.status == 2
    assert "oauth2 client id" in asked.err
    assert "Entra" in asked.err
    done = desk("mailbox", "add", "desk@outlook.com", "--client-id", "id-1")
    assert done.status == 0, done.err
    assert "Next: nightdesk mailbox login desk@outlook.com" in done.out
    bare = desk("mailbox", "add", "pipe@desk.example", "--protocol", "none")
    assert "Next: nightdesk mailbox edit pipe@desk.example --smtp-host" in bare.out, (
        "there is nothing to test"
    )
    box = desk("mailbox", "show", "desk@outlook.com", "--json").document
    assert (box["auth"], box["token"]["provider"], box["token"]["state"]) == ("oauth2", "microsoft", "none")


def test_three_secrets_come_from_standard_input_in_order(desk: Program) -> None:
    done = desk(
        *("mailbox", "add", ADDRESS, "--host", "h", "--password-stdin", "--smtp-host", "s"),
        *("--smtp-auth", "basic", "--smtp-password-stdin"),
        *("--oauth2", "google", "--client-id", "id-1", "--client-secret-stdin"),
        stdin="one\ntwo\nthree\n",
    )
    assert done.status == 0, done.err
    code = (
        "from nightdesk.context import desk_open\nfrom nightdesk.options import Options\n"
        "with desk_open(Options()) as desk:\n"
        "    from models.mailboxes import Mailbox\n"
        "    from desk.mailboxes.accounts import incoming_account, outgoing_account\n"
        "    from desk.mailboxes.secrets import source_of\n    from config.secrets import resolve\n"
        "    box = Mailbox.get()\n"
        "    print(incoming_account(desk, box).password.reveal(),"
        " outgoing_account(desk, box).password.reveal(),"
        " resolve(source_of('client_secret', box), desk.sealer).reveal())"
    )
    assert desk.python("-c", code).out == "one two three\n"
    twice = desk("mailbox", "edit", ADDRESS, "--client-secret-env", "A", "--no-client-secret")
    assert twice.status == 2


def test_sending_alone_can_log_in_with_oauth2(desk: Program) -> None:
    add(desk)
    done = edit(
        desk,
        *("--smtp-host", "smtp.gmail.com", "--smtp-auth", "oauth2"),
        *("--oauth2", "google", "--client-id", "id-1", "--auth", "basic"),
    )
    assert done.status == 0, done.err
    assert (done.document["auth"], done.document["outgoing"]["auth"]) == ("basic", "oauth2")
    assert done.document["token"]["state"] == "none"
    assert edit(desk, "--auth", "oauth2").document["auth"] == "oauth2"


def test_mailboxes_leave_as_a_file_and_come_back(desk: Program, tmp_path: Path) -> None:
    add(desk, "--alias", "help@desk.example")
    sealed = desk("mailbox", "add", "b@desk.example", "--host", "h", "--password-stdin", stdin="hunter2\n")
    assert sealed.status == 0
    exported = desk("mailbox", "export")
    assert "hunter2" not in exported.out
    assert [table["address"] for table in tomllib.loads(exported.out)["mailbox"]] == [
        "b@desk.example",
        ADDRESS,
    ]
    file = tmp_path / "mailboxes.toml"
    file.write_text(exported.out)
    again = desk("mailbox", "import", str(file), "--json").document
    assert {each["outcome"] for each in again} == {"unchanged"}
    assert desk("mailbox", "remove", ADDRESS, "b@desk.example").status == 0
    rehearsed = desk("mailbox", "import", "-", "--dry-run", stdin=exported.out)
    assert rehearsed.status == 0, rehearsed.err
    assert "added (not done: --dry-run)" in rehearsed.out
    assert desk("mailbox", "list", "--json").document == []
    taken = desk("mailbox", "import", "-", stdin=exported.out)
    assert taken.status == 0, taken.err
    assert "b@desk.example needs its password: nightdesk mailbox edit b@desk.example" in taken.err
    boxes = {box["address"]: box for box in desk("mailbox", "list", "--json").document}
    assert boxes[ADDRESS]["enabled"]
    assert not boxes["b@desk.example"]["enabled"]
    assert desk("mailbox", "import", "-", stdin="nonsense").status == 2


def test_a_new_key_seals_what_is_there(desk: Program) -> None:
    sealed = desk("mailbox", "add", ADDRESS, "--host", "h", "--password-stdin", stdin="hunter2\n")
    assert sealed.status == 0
    key = desk.home / "data" / "desk.key"
    before = key.read_bytes()
    done = desk("settings", "rekey", "--json")
    assert done.document == {"sealed": 1, "lost": [], "old_keys": False}
    assert key.read_bytes() != before
    assert key.stat().st_mode & 0o777 == 0o600
    key.write_bytes(before)
    lost = desk("settings", "rekey")
    assert lost.status == 1
    assert f"{ADDRESS} (password)" in lost.err


def test_an_api_key_s_topic_is_the_number_that_the_list_shows(desk: Program) -> None:
    assert desk("topic", "add", "VPN").status == 0
    (topic,) = desk("topic", "list", "--json").document
    assert desk("topic", "list").out.split("\n")[1].split()[0] == str(topic["id"])


def test_google_s_login_tells_the_redirect_address_and_not_of_app_passwords(desk: Program) -> None:
    flags = ["--oauth2", "google", "--client-id", "x"]
    told = desk("mailbox", "add", "noc@gmail.com", *flags)
    assert told.status == 0, told.err
    assert "The redirect address is http://127.0.0.1:8765" in told.err
    assert "app password" not in told.err.lower()
