from __future__ import annotations

from tests.support.program import Program


def test_a_setting_is_read_changed_and_put_back(desk: Program) -> None:
    assert desk("settings", "get", "mail.undo_seconds").out == "10\n"
    assert desk("settings", "set", "mail.undo_seconds", "30", "--json").document == {
        "key": "mail.undo_seconds",
        "value": 30,
    }
    assert desk("settings", "get", "mail.undo_seconds", "--json").document["value"] == 30
    assert desk("settings", "set", "mail.undo_seconds", "--default").out == "mail.undo_seconds = 10\n"


def test_all_settings_are_listed_with_what_they_do(desk: Program) -> None:
    listed = desk("settings", "list", "--json").document
    assert {"key", "value", "default", "help"} <= set(listed[0])
    shown = desk("settings", "list").out
    assert all(item["key"] in shown for item in listed)


def test_a_setting_that_does_not_exist_or_fit_is_wrong_usage(desk: Program) -> None:
    for arguments in (
        ["get", "mail.undo"],
        ["set", "mail.undo", "1"],
        ["set", "mail.undo_seconds", "soon"],
        ["set", "mail.undo_seconds"],
        ["set", "mail.undo_seconds", "3", "--default"],
    ):
        done = desk("settings", *arguments)
        assert (done.status, done.out) == (2, ""), arguments
        assert done.err.count("\n") == 1
