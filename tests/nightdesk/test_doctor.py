from __future__ import annotations

import pytest

from config.paths import find_desk
from config.settings import load
from nightdesk.verbs.doctor import _Report
from tests.support.program import Program


def test_a_fresh_desk_has_warnings_but_nothing_broken(desk: Program) -> None:
    done = desk("doctor")
    assert done.status == 0, done.out
    assert "0 failures" in done.out
    assert "there is no mailbox" in done.out
    last = done.out.splitlines()[-1]
    assert not any(one in f" {last}" for one in (" 1 failures", " 1 warnings"))


def test_it_says_where_each_setting_came_from(desk: Program) -> None:
    document = desk("doctor", "--json", NIGHTDESK_THEME="nord").document
    settings = {item["key"]: item for item in document["settings"]}
    assert settings["theme"] == {"key": "theme", "value": "nord", "from": "NIGHTDESK_THEME"}
    assert settings["timezone"]["from"].startswith("config.toml line ")
    assert settings["mouse"]["from"] == "default"
    assert document["ok"] is True
    assert {"area", "level", "text", "cure"} == set(document["findings"][0])


def test_a_mailbox_that_does_not_work_is_a_failure(desk: Program) -> None:
    desk(
        "mailbox", "add", "support@desk.example", "--host", "127.0.0.1", "--port", "1", "--pass-cmd", "echo x"
    )  # fmt: skip
    done = desk("doctor", "--json")
    assert done.status == 1, done.out
    failed = [item for item in done.document["findings"] if item["level"] == "failure"]
    assert [item["area"] for item in failed] == ["mailbox support@desk.example"]
    assert failed[0]["cure"]
    assert desk("doctor", "--offline").status == 0


def test_without_a_desk_or_with_an_open_one_the_status_is_78_and_the_document_is_there(
    program: Program,
) -> None:
    missing = program("doctor", "--json")
    assert missing.status == 78
    assert "nightdesk init" in missing.document["findings"][0]["text"]
    assert program("init").status == 0
    (program.home / "data").chmod(0o755)
    done = program("doctor")
    assert done.status == 78
    assert "failure" in done.out
    (program.home / "data").chmod(0o700)
    (program.home / "data" / "desk.key").chmod(0o644)
    assert program("doctor").status == 1


def test_what_waits_on_this_host_is_said_also_while_the_database_is_away(desk: Program) -> None:
    away = "postgresql://desk@127.0.0.1:1/desk"
    mail = b"From: c@corp.example\r\nSubject: S\r\n\r\nB\r\n"
    assert desk("pipe", stdin=mail, NIGHTDESK_DATABASE=away).status == 0
    done = desk("doctor", "--json", NIGHTDESK_DATABASE=away)
    assert done.status == 75
    found = {each["area"]: each for each in done.document["findings"]}
    assert list(found) == ["desk", "permissions", "disk", "spool"]
    assert found["desk"]["text"].startswith("no connection to postgresql://desk@127.0.0.1:1/desk")
    assert found["spool"]["text"].startswith("1 piped mail waits in ")


def test_a_bad_configuration_is_78_with_its_line(desk: Program) -> None:
    with (desk.home / "config.toml").open("a") as file:
        file.write('thme = "x"\n')
    done = desk("doctor", "--json")
    assert done.status == 78
    assert "config.toml line" in done.document["findings"][0]["text"]


def test_it_says_who_fetches(desk: Program) -> None:
    ran = {"cron": "cron, or another program", "timer": "a systemd timer", "http": "a call by HTTP"}
    for kind in ran:
        assert desk("--fetch-once", NIGHTDESK_TRIGGER=kind).status == 0
    findings = desk("doctor", "--json").document["findings"]
    told = [item["text"] for item in findings if item["area"] == "trigger"]
    for words in ran.values():
        assert any(text.startswith(words) and ": at work, last ran 20" in text for text in told), told
    assert any("never ran: nightdesk worker; the open app's own worker" in text for text in told)


def test_user_commands_are_checked_and_their_keys_compared_with_the_apps(desk: Program) -> None:
    assert "user commands" not in desk("doctor", "--offline").out
    path = desk.home / "commands.toml"
    path.write_text(
        "[[command]]\nname = 'Mine'\nkey = 'r'\nargv = ['true']\n[[command]]\nname = 'Half'\n",
        encoding="utf-8",
    )
    path.chmod(0o600)
    done = desk("doctor", "--offline")
    assert done.status == 0, done.out
    assert "Mine: r in the list is 'Reply' already" in done.out
    assert "command 2 (Half): argv" in done.out
    assert "ok user commands: 1 can be run" in done.out


def test_for_eyes_the_settings_that_have_their_default_are_counted(
    desk: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = load(find_desk(environ={"NIGHTDESK_HOME": str(desk.home), "NIGHTDESK_THEME": "nord"})).shown()
    brief, whole = _Report(as_json=False, brief=True), _Report(as_json=False, brief=False)
    for each in shown:
        brief.setting(each)
    brief.settings_are_told()
    told = capsys.readouterr().out.splitlines()
    assert told[-1].endswith("other settings as by default: nightdesk doctor | cat lists them")
    assert not any("(default)" in line for line in told)
    assert any("timezone = " in line for line in told)
    for each in shown:
        whole.setting(each)
    whole.settings_are_told()
    assert len(capsys.readouterr().out.splitlines()) == len(shown)
    assert brief.settings == whole.settings


def test_a_theme_that_there_is_not_is_a_warning_with_those_that_are_near(desk: Program) -> None:
    done = desk("doctor", "--json", "--offline", NIGHTDESK_THEME="drakula")
    found = [each for each in done.document["findings"] if each["area"] == "theme"]
    assert [(each["level"], each["cure"]) for each in found] == [("warning", "dracula")]
    for known in ("dracula", "ansi-dark"):
        areas = {
            each["area"] for each in desk("doctor", "--json", NIGHTDESK_THEME=known).document["findings"]
        }
        assert "theme" not in areas
