from __future__ import annotations

import os
import sys

import pytest

from tests.support.other_users import NOBODY, give_away, needs_root
from tests.support.program import Program, Ran

OPEN = """
import os, sys, json
from nightdesk import entry
from nightdesk.context import desk_open

def work(options):
    with desk_open(options) as desk:
        from desk.permissions import current_actor
        (desk.paths.data / "made").write_text("x")
        actor = current_actor(desk)
        print(json.dumps({"uid": os.geteuid(), "login": actor.login, "admin": actor.may("settings.edit"),
                          "home": os.environ["HOME"], "zone": str(desk.zone), "id": desk.desk_id}))
    return 0

from nightdesk.verbs import fetch_once as verb
verb.fetch_once = work
sys.exit(int(entry.run(["--fetch-once"])))
"""


def opened(desk: Program, **environ: str) -> Ran:
    return desk.python("-c", OPEN, **environ)


def test_a_desk_opens_with_its_zone_and_its_owner_as_admin(desk: Program) -> None:
    done = opened(desk)
    assert done.status == 0, done.err
    assert done.document["zone"] == "Europe/Berlin"
    assert done.document["admin"] is True


def test_an_agent_the_desk_does_not_know_is_refused(desk: Program) -> None:
    done = opened(desk, NIGHTDESK_AGENT="ana")
    assert (done.status, done.out) == (1, "")
    assert "nightdesk agent add ana" in done.err


def test_what_a_verb_writes_is_private_whatever_the_umask(desk: Program) -> None:
    before = os.umask(0)
    try:
        opened(desk)
    finally:
        os.umask(before)
    assert (desk.home / "data" / "made").stat().st_mode & 0o777 == 0o600


def test_a_missing_desk_is_status_78_and_names_init(program: Program) -> None:
    done = opened(program)
    assert done.status == 78
    assert "nightdesk init" in done.err
    assert not program.home.exists()


def test_a_data_directory_that_others_can_open_is_refused(desk: Program) -> None:
    (desk.home / "data").chmod(0o750)
    done = opened(desk)
    assert done.status == 78
    assert "chmod 0700" in done.err


def test_a_server_that_does_not_answer_is_named_without_its_password(desk: Program) -> None:
    done = opened(desk, NIGHTDESK_DATABASE="postgresql://d:s3cret@127.0.0.1:1/x")
    assert done.status == 75
    assert "no connection to postgresql://" in done.err
    assert "s3cret" not in done.err


@needs_root
def test_root_acts_as_the_owner_and_leaves_no_file_of_root(shared: Program) -> None:
    assert shared("init").status == 0
    give_away(shared.home)
    done = opened(shared)
    assert done.status == 0, done.err
    assert done.document["uid"] == NOBODY.pw_uid
    assert (done.document["admin"], done.document["home"]) == (True, NOBODY.pw_dir)
    assert {path.stat().st_uid for path in shared.home.rglob("*")} == {NOBODY.pw_uid}


@needs_root
def test_a_desk_of_another_user_is_refused_with_the_way_in(shared: Program) -> None:
    assert shared("init").status == 0
    give_away(shared.home)
    as_daemon = "import os; os.setgroups([]); os.setgid(1); os.setuid(1)\n" + OPEN
    done = shared.python("-c", as_daemon)
    assert done.status == 78, done.err
    assert "sudo -u nobody nightdesk" in done.err
    configured = shared.home / "config.toml"
    configured.chmod(0o644)
    assert "belongs to nobody, you are daemon" in shared.python("-c", as_daemon).err
    assert not (shared.home / "data" / "made").exists()


@pytest.mark.parametrize("verb", ["init"])
def test_headless_verbs_import_neither_textual_nor_rich_nor_what_they_do_not_use(
    desk: Program, verb: str
) -> None:
    code = f"import sys; from nightdesk import entry; entry.run([{verb!r}]); print(*sys.modules, sep='\\n')"
    modules = set(desk.python("-c", code).out.split())
    heavy = {"textual", "rich", "pydantic_settings", "asyncio", "cryptography", "tomlkit", "croniter"}
    assert not modules & heavy
    assert "nightdesk.verbs.init" in modules


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="it is for Debian 12's Python that they are left out")
def test_a_fetch_loads_no_module_of_which_it_uses_nothing(desk: Program) -> None:
    code = (
        "import sys; from nightdesk import entry; entry.run(['--fetch-once']); print(*sys.modules, sep='\\n')"
    )
    desk("--fetch-once")  # which reads and checks the settings
    modules = set(desk.python("-c", code).out.split())
    assert "worker.fetch.job" in modules
    assert not modules & {"ast", "_decimal", "_locale", "_posixsubprocess", "_uuid", "string", "textwrap"}


def test_opening_a_desk_imports_only_what_it_needs(desk: Program) -> None:
    report = "import atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
    listed = OPEN.replace("sys.exit(", report + "sys.exit(")
    modules = set(desk.python("-c", listed).err.split())
    heavy = {
        "textual",
        "rich",
        "pydantic_settings",
        "asyncio",
        "cryptography",
        "tomlkit",
        "croniter",
        "click",
    }
    heavy |= {"imap_tools", "aiosmtplib", "email.policy", "markdown_it", "selectolax", "_posixsubprocess"}
    heavy |= {"psycopg", "difflib", "jinja2", "selectolax", "chardet", "ssl"}
    assert "pydantic" in modules
    assert not modules & heavy
