from __future__ import annotations

import stat
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.paths import DeskPaths, Flags, find_desk
from config.settings import KEYS, Loaded, Provenance, help_of, load, set_value
from config.template import first_toml


@pytest.fixture
def paths(tmp_path: Path) -> DeskPaths:
    return DeskPaths(tmp_path)


def loaded(paths: DeskPaths, toml: str = "", environ: dict[str, str] | None = None, **flags: str) -> Loaded:
    paths.config_file.write_text(toml)
    return load(paths, environ or {}, flags)


def refused(paths: DeskPaths, toml: str = "", environ: dict[str, str] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as error:
        loaded(paths, toml, environ)
    assert error.value.exit_status == 78
    assert error.value.hint
    return error.value


def test_without_a_file_every_value_is_the_default_and_says_so(paths: DeskPaths) -> None:
    result = load(paths, {})
    assert result.settings.timezone == "UTC"
    assert {provenance.source for provenance in result.provenance.values()} == {"default"}


def test_flags_win_over_environment_over_file_over_default(paths: DeskPaths) -> None:
    toml = 'log_level = "error"\n\ntheme = "ansi-light"\nmouse = false\n'
    environ = {"NIGHTDESK_LOG_LEVEL": "warning", "NIGHTDESK_THEME": "textual-dark"}
    result = loaded(paths, toml, environ, theme="high-contrast")
    assert (result.settings.theme, result.settings.log_level) == ("high-contrast", "warning")
    assert (result.settings.mouse, result.settings.colour) == (False, "auto")
    assert result.provenance["theme"] == Provenance("flag", "--theme")
    assert result.provenance["log_level"] == Provenance("environment", "NIGHTDESK_LOG_LEVEL")
    assert result.provenance["mouse"] == Provenance("file", "config.toml line 4")
    assert result.provenance["colour"] == Provenance("default", "default")


def test_environment_text_becomes_the_type_of_its_key(paths: DeskPaths) -> None:
    environ = {"NIGHTDESK_MOUSE": "0", "NIGHTDESK_RESTRICTED": "1", "NIGHTDESK_FETCH_TIME_LIMIT": "90"}
    settings = loaded(paths, environ=environ).settings
    assert (settings.mouse, settings.restricted, settings.fetch_time_limit) == (False, True, 90)


def test_an_empty_variable_is_no_value(paths: DeskPaths) -> None:
    assert loaded(paths, environ={"NIGHTDESK_THEME": ""}).settings.theme == "ansi-dark"


def test_an_unknown_key_names_its_line_and_the_nearest_key(paths: DeskPaths) -> None:
    error = refused(paths, "\n" * 13 + 'thme = "x"\n')
    assert str(error) == "config.toml line 14: unknown key 'thme' - did you mean 'theme'?"
    assert str(paths.config_file) in error.hint


def test_an_unknown_table_is_an_unknown_key(paths: DeskPaths) -> None:
    assert str(refused(paths, "mouse = true\n[zzz]\ntheme = 1\n")) == "config.toml line 2: unknown key 'zzz'"


def test_every_mistake_is_listed_in_the_order_of_the_file(paths: DeskPaths) -> None:
    error = refused(paths, 'log_level = "loud"\nmouse = "yes"\nqqq = 1\n')
    assert [problem.split(":")[0] for problem in error.problems] == [
        f"config.toml line {n}" for n in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('mouse = "yes"', "mouse must be true or false, not 'yes'"),
        ("mouse = 1", "mouse must be true or false, not '1'"),
        ('fetch_time_limit = "600"', "fetch_time_limit must be a whole number, not '600'"),
        ("parallel_mailboxes = true", "parallel_mailboxes must be a whole number, not 'true'"),
        ("parallel_mailboxes = 0", "parallel_mailboxes must be at least 1, not '0'"),
        ("parallel_mailboxes = 65", "parallel_mailboxes must be at most 64, not '65'"),
        ("theme = 3", "theme must be text in quotes, not '3'"),
        ('log_level = "loud"', "log_level must be one of 'debug', 'info', 'warning' or 'error', not 'loud'"),
    ],
)
def test_a_value_of_the_wrong_kind_names_line_key_and_what_is_wanted(
    paths: DeskPaths, line: str, complaint: str
) -> None:
    assert str(refused(paths, "# comment\n" + line)) == f"config.toml line 2: {complaint}"


def test_a_bad_variable_is_named(paths: DeskPaths) -> None:
    error = refused(paths, environ={"NIGHTDESK_MOUSE": "perhaps"})
    assert str(error) == "NIGHTDESK_MOUSE: mouse must be true or false, not 'perhaps'"


def test_a_time_zone_that_does_not_exist_names_its_line_and_a_near_one(paths: DeskPaths) -> None:
    error = refused(paths, 'timezone = "Europe/Berlinn"\n')
    assert str(error) == "config.toml line 1: there is no time zone 'Europe/Berlinn'"
    assert "Europe/Berlin" in error.hint


@pytest.mark.parametrize(
    "toml", ["theme = ansi\n", "\ntheme =\n", "a = 1\na = 2\n", 'x = """open\n', "é = 1\n"]
)
def test_what_is_no_toml_names_the_line(paths: DeskPaths, toml: str) -> None:
    assert str(refused(paths, toml)).startswith("config.toml line ")


def test_bytes_that_are_no_utf8_name_the_line(paths: DeskPaths) -> None:
    paths.config_file.write_bytes(b'theme = "a"\ntheme = "\xff"\n')
    with pytest.raises(ConfigError, match=r"config.toml line 2: not UTF-8"):
        load(paths, {})


def test_keys_inside_text_of_several_lines_are_not_taken_for_keys(paths: DeskPaths) -> None:
    toml = 'theme = """\nmouse = 1\n"""\n# \'\'\' no text starts here\nmouse = true\n'
    assert loaded(paths, toml).provenance["mouse"].where == "config.toml line 5"


def test_a_misspelt_variable_is_a_warning_and_other_variables_are_left_alone(paths: DeskPaths) -> None:
    environ = {"NIGHTDESK_LOGLEVEL": "debug", "NIGHTDESK_AGENT": "ana", "NIGHTDESK_SUPPORT_PASSWORD": "x"}
    result = loaded(paths, environ=environ)
    assert result.warnings == ("NIGHTDESK_LOGLEVEL is not read - did you mean NIGHTDESK_LOG_LEVEL?",)


def test_what_doctor_shows_has_home_and_database_in_force_and_no_password(tmp_path: Path) -> None:
    environ = {"NIGHTDESK_HOME": str(tmp_path), "NIGHTDESK_DATABASE": "postgresql://d:s3cret@h/n"}
    shown = {item.key: item for item in load(find_desk(Flags(), environ, tmp_path / "no"), environ).shown()}
    assert set(shown) == set(KEYS)
    assert shown["home"].value == str(tmp_path)
    assert shown["home"].provenance == Provenance("environment", "NIGHTDESK_HOME")
    assert shown["database"].provenance == Provenance("environment", "NIGHTDESK_DATABASE")
    assert "s3cret" not in str(shown)


def test_a_bad_database_value_is_not_repeated(paths: DeskPaths) -> None:
    assert "s3cret" not in str(refused(paths, 'database = ["s3cret"]\n'))


def test_setting_a_key_keeps_comments_order_and_mode(paths: DeskPaths) -> None:
    paths.config_file.write_text('# mine\ntheme = "ansi-dark"  # dark\n\n# tail\n')
    paths.config_file.chmod(0o640)
    set_value(paths, "theme", "ansi-light")
    set_value(paths, "mouse", False)
    assert paths.config_file.read_text() == '# mine\ntheme = "ansi-light"  # dark\n\n# tail\nmouse = false\n'
    assert stat.S_IMODE(paths.config_file.stat().st_mode) == 0o640
    set_value(paths, "mouse", None)
    assert load(paths, {}).provenance["mouse"].source == "default"


def test_a_file_made_by_setting_a_key_is_private(paths: DeskPaths) -> None:
    set_value(paths, "timezone", "Europe/Berlin")
    assert stat.S_IMODE(paths.config_file.stat().st_mode) == 0o600
    assert load(paths, {}).settings.timezone == "Europe/Berlin"


@pytest.mark.parametrize(("key", "value"), [("thme", "x"), ("mouse", "yes"), ("timezone", "Mars/Base")])
def test_a_key_that_does_not_fit_is_refused_and_nothing_is_written(
    paths: DeskPaths, key: str, value: str
) -> None:
    with pytest.raises(ConfigError):
        set_value(paths, key, value)
    assert not paths.config_file.exists()


def test_the_first_file_explains_every_key_and_loads(paths: DeskPaths) -> None:
    text = first_toml("Europe/Berlin")
    assert loaded(paths, text).settings.timezone == "Europe/Berlin"
    for key in KEYS:
        assert help_of(key) in text
        assert f"{key} = " in text


def test_every_commented_default_of_the_first_file_is_the_default(paths: DeskPaths) -> None:
    lines = [line.removeprefix("# ") for line in first_toml("UTC").splitlines() if " = " in line]
    lines = [line for line in lines if not line.endswith('""')]
    assert loaded(paths, "\n".join(lines)).settings == load(DeskPaths(paths.home / "none"), {}).settings
