"""What holds in PostgreSQL beside what holds everywhere."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import peewee
import psycopg
import pytest

from config.paths import DeskPaths
from config.settings import Settings
from desk.home import Desk, open_desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from desk.operations import desk_moving
from desk.operations.doctor import examine
from desk.tickets import changes
from models import events, leases, messages, settings
from models.database import db
from models.desk_moves.refusals import MoveRefused
from models.engine import engine as own
from models.errors import DatabaseMissing, DatabaseTooNew, DatabaseUnusable
from models.events import Event
from models.opening import close_database, open_server, rest_connection
from models.postgres import fitness
from models.postgres.connection import PostgresDesk
from models.postgres.schema import count_on, tell_of_changes
from models.queries.text import expression
from models.queries.tree import Word
from models.schema import TABLES
from models.transactions import DatabaseFailed, outside, transaction
from nightdesk.errors import sentence, status_of
from nightdesk.exit import Exit
from tests.support.rows import every_row
from tests.support.servers.child import wait_until
from tests.support.servers.postgresql import Postgresql
from tests.support.workbench import ADMIN, make_ticket

pytestmark = pytest.mark.postgres


def another(desk: Desk) -> PostgresDesk:
    """Another program's connection to the same desk."""
    return PostgresDesk(desk.paths.server_url, desk.paths.data, "another")


def wait_for_news(before: int, what: str) -> None:
    wait_until(lambda: own().change_number() != before, what)


def found(word: str) -> int:
    return len(own().messages_with(expression(Word(word)), None, None))


def test_a_letter_that_the_server_does_not_know_becomes_a_mark(desk: Desk) -> None:
    with transaction():
        settings.store_text("odd", '"a\0b"')
    assert settings.stored("odd") == "a\ufffdb"


def test_ids_begin_behind_those_that_were_given_where_the_desk_came_from(desk: Desk) -> None:
    ticket = make_ticket()
    with transaction():
        settings.Sequence.insert(name="event_id", next=ticket.id + 5_000).execute()
        count_on(db.obj, [Event])
    changes.close(ADMIN, [ticket.number])
    assert events.newest() == ticket.id + 5_000


def test_the_server_may_start_again_between_two_statements(desk: Desk, postgresql: Postgresql) -> None:
    with transaction():
        settings.store("before", 1)
    postgresql.restart()
    assert settings.stored("before") == 1
    postgresql.restart()
    with transaction():
        settings.store("after", 2)
    assert settings.stored("after") == 2


def test_what_broke_off_in_a_transaction_is_undone_and_said(desk: Desk, postgresql: Postgresql) -> None:
    def broken_off() -> None:
        with transaction():
            settings.store("half", 1)
            postgresql.restart()
            settings.store("half", 2)

    with pytest.raises(DatabaseFailed) as failed:
        broken_off()
    assert settings.stored("half") is None
    assert outside(failed.value).startswith("the connection to the database broke off: ")
    assert status_of(failed.value) is Exit.TRY_AGAIN


def test_a_message_id_is_known_to_be_rare(desk: Desk) -> None:
    """Else all messages are read for every batch of mails."""
    del desk
    make_ticket()
    db.execute_sql(
        "INSERT INTO message (ticket_id, kind, sender_name, sender_email, recipients, subject, text, folds,"
        " from_html, created, machine, unverified, message_id) SELECT ticket_id, 'note', '', '', '{}', '',"
        " '', '[]', 0, created, '', 0, '<' || n || '@corp.test>' FROM message, generate_series(1, 3000) AS n"
    )
    tidied = db.execute_sql(
        "SELECT relname FROM pg_class WHERE array_to_string(reloptions, ' ') LIKE '%%vacuum%%'"
    )
    assert {name for (name,) in tidied.fetchall()} == {"ticket", "ticket_tag", "message"}, "read in indexes"
    db.execute_sql("ANALYZE message")
    [(text, values)] = messages._BY_MESSAGE_ID.questions_of([f"<{n}@corp.test>" for n in range(64)])
    [(plan,)] = db.execute_sql(f"EXPLAIN (FORMAT JSON) {text}", values).fetchall()
    assert plan[0]["Plan"]["Plan Rows"] < 100


def test_an_old_program_leaves_with_a_sentence(desk: Desk) -> None:
    db.execute_sql("UPDATE desk_schema SET version = version + 1")
    with pytest.raises(DatabaseTooNew, match="upgraded while this program ran"), transaction():
        settings.store("late", 1)
    paths = desk.paths
    with pytest.raises(DatabaseTooNew, match="this program knows"):
        open_server(paths.server_url, paths.shown_database, paths.data)


def test_writers_wait_for_each_other_and_readers_for_nobody(desk: Desk) -> None:
    other = another(desk)
    with transaction():
        settings.store("mine", 1)
        other.execute_sql("SET lock_timeout = 50")
        with pytest.raises(peewee.OperationalError, match="lock timeout"), other.atomic():
            other.wait_for_turn()
        seen = other.execute_sql("SELECT value FROM setting WHERE key = 'mine'").fetchall()
    assert seen == []
    with other.atomic():
        other.wait_for_turn()
    other.close()


@pytest.mark.parametrize("pooled", [False, True])
def test_what_any_program_writes_is_news(desk: Desk, pooled: bool) -> None:
    paths = desk.paths
    number = make_ticket().number
    if pooled:
        close_database()
        url = f"{paths.server_url}?prepare_threshold=0"
        open_server(url, paths.shown_database, paths.data)
    assert db.obj.pooled is pooled
    with psycopg.connect(paths.server_url, autocommit=True) as psql:
        for statement in (
            f"UPDATE ticket SET subject = 'By hand' WHERE number = '{number}'",
            "INSERT INTO setting (key, value) VALUES ('mine', '1')",
            "BEGIN; DELETE FROM setting WHERE key = 'mine'; COMMIT",
            "UPDATE lease SET owner = 'another', token = token + 1",
            "TRUNCATE notice CASCADE",
        ):
            psql.execute("INSERT INTO lease (name, token) VALUES ('worker', 1) ON CONFLICT DO NOTHING")
            before = own().change_number()
            assert own().change_number() == before
            psql.execute(statement)
            wait_for_news(before, statement)


def test_what_changed_nothing_is_no_news(desk: Desk) -> None:
    """Else programs that look for what is due, and say that they live, would wake each other for ever."""
    lease = leases.acquire("worker", "one", 60)
    assert lease is not None
    before = own().change_number()
    with psycopg.connect(desk.paths.server_url, autocommit=True) as program:
        program.execute("UPDATE ticket SET subject = '' WHERE id < 0")
        program.execute("UPDATE lease SET expires = '2026-01-01 00:00:00.000000'")
        program.execute("BEGIN; INSERT INTO setting (key, value) VALUES ('undone', '1'); ROLLBACK")
        program.execute("LISTEN desk_changed")
        program.execute("INSERT INTO setting (key, value) VALUES ('last', '1')")
        assert len(list(program.notifies(timeout=10, stop_after=1))) == 1
        wait_for_news(before, "the last one")
        assert own().change_number() == before + 1


def test_who_was_not_connected_for_a_while_looks_again(desk: Desk) -> None:
    before = own().change_number()
    with psycopg.connect(desk.paths.server_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        )
        wait_until(
            lambda: own().change_number() != before, "a look, for nobody knows what was told meanwhile"
        )
        again = own().change_number()
        other.execute("INSERT INTO setting (key, value) VALUES ('mine', '1')")
        wait_until(lambda: own().change_number() not in (before, again), "news on a new connection")


def test_every_table_tells_but_those_that_no_screen_shows(desk: Desk) -> None:
    telling = db.execute_sql(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'changed'"
    ).fetchall()
    names = {each._meta.table_name for each in TABLES}
    assert names - {name for (name,) in telling} == {"blob", "sequence"}


def test_what_this_connection_writes_is_none(desk: Desk) -> None:
    before = own().change_number()
    with transaction():
        settings.store("own", 1)
    assert own().change_number() == before


def connections(desk: Desk, postgresql: Postgresql) -> int:
    """How many the programs of a desk have; what a look closed, the server may end after the next one."""
    postgresql.leave()
    with psycopg.connect(desk.paths.server_url, application_name="looks") as other:
        found = other.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name != 'looks'"
        ).fetchone()
    assert found is not None
    return int(found[0])


def asked_by_threads(threads: int, together: int) -> None:
    """Ask from so many threads, so many of them at once."""
    meeting = Barrier(together)

    def ask() -> int:
        found = events.newest()
        meeting.wait(20)
        rest_connection()
        meeting.wait(20)
        return found

    for _ in range(threads // together):
        with ThreadPoolExecutor(together) as pool:
            assert len({each.result() for each in [pool.submit(ask) for _ in range(together)]}) == 1


def test_threads_that_ask_one_after_another_have_one_connection(desk: Desk, postgresql: Postgresql) -> None:
    close_database()
    wait_until(lambda: connections(desk, postgresql) == 0, "the end of what was closed")
    asked_by_threads(4, together=1)
    assert connections(desk, postgresql) == 1
    asked_by_threads(9, together=3)
    assert connections(desk, postgresql) == 3


def test_a_connection_that_nobody_needs_any_more_is_closed_but_for_the_one_that_listens(
    desk: Desk, postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = own().change_number()
    wait_until(lambda: connections(desk, postgresql) == 1, "the end of all but the one that listens")
    asked_by_threads(3, together=3)
    assert connections(desk, postgresql) == 4
    monkeypatch.setattr("models.postgres.spare.KEPT_SECONDS", -1.0)
    rest_connection()
    wait_until(lambda: connections(desk, postgresql) == 1, "the end of those that rested")
    with closing(another(desk)) as other:
        other.execute_sql("INSERT INTO setting (key, value) VALUES ('mine', '1')")
    wait_for_news(heard, "what the one that listens heard")


def test_connections_that_rest_while_the_server_starts_again_are_not_taken(
    desk: Desk, postgresql: Postgresql
) -> None:
    asked_by_threads(3, together=3)
    postgresql.restart()
    asked_by_threads(3, together=3)


UNFIT = {
    "ENCODING LATIN1 LOCALE 'C'": "its encoding is not UTF8",
    "ENCODING SQL_ASCII LOCALE 'C'": "its encoding is not UTF8",
    "ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C.UTF-8'": "are two addresses",
}


def test_a_database_that_no_desk_can_be_in_is_refused_with_what_helps(
    desk: Desk, postgresql: Postgresql
) -> None:
    close_database()
    for number, (made, said) in enumerate(UNFIT.items()):
        postgresql.run(f"CREATE DATABASE unfit{number} TEMPLATE template0 {made}")
        with pytest.raises(DatabaseUnusable, match=said) as refused:
            open_server(postgresql.url(f"unfit{number}"), "unfit", desk.paths.data, create=True)
        assert "createdb NAME" in refused.value.hint
        assert db.execute_sql("SELECT to_regclass('ticket')").fetchone()[0] is None, "nothing was made"
        close_database()
        postgresql.run(f"DROP DATABASE unfit{number}")
    with pytest.raises(DatabaseMissing) as refused:
        open_server(postgresql.url("nowhere"), "nowhere", desk.paths.data, create=True)
    assert refused.value.hint.startswith("the server has no such database: createdb")


@every_row("made", ["LOCALE 'C'", "LOCALE 'C.UTF-8'", "LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C'"])
def test_a_desk_can_be_in_whatever_language_the_server_speaks(
    desk: Desk, postgresql: Postgresql, made: str
) -> None:
    close_database()
    postgresql.run(f"CREATE DATABASE fit TEMPLATE template0 ENCODING UTF8 {made}")
    try:
        open_server(postgresql.url("fit"), "fit", desk.paths.data, create=True)
        assert db.execute_sql("SELECT to_regclass('ticket')").fetchone()[0] is not None
    finally:
        close_database()
        postgresql.run("DROP DATABASE fit")


def test_doctor_says_when_nothing_can_be_written(desk: Desk, postgresql: Postgresql) -> None:
    def told() -> list[str]:
        return [
            each.text
            for each in examine(desk, live=False)
            if (each.area, each.level) == ("server", "failure")
        ]

    assert told() == []
    postgresql.run("DROP ROLE IF EXISTS reader")
    postgresql.run("CREATE ROLE reader LOGIN")
    db.execute_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    close_database()
    open_server(desk.paths.server_url.replace("postgres@", "reader@"), "read only", desk.paths.data)
    assert told() == ["the desk's tables are not this user's"]
    close_database()
    open_server(desk.paths.server_url, "all of it", desk.paths.data)
    db.execute_sql("DROP OWNED BY reader")
    postgresql.run("DROP ROLE reader")


def test_a_user_without_rights_and_a_server_that_takes_no_changes_are_told_and_stop_no_mail(
    desk: Desk, postgresql: Postgresql
) -> None:
    """A mail that the whole desk cannot take is put off: it is no mail that the desk trips over."""
    name = desk.paths.server_url.rpartition("/")[2]
    arrival = Arrival(b"From: c@corp.example\r\nSubject: S\r\n\r\nB\r\n", "pipe")
    postgresql.run("DROP ROLE IF EXISTS guest")
    postgresql.run("CREATE ROLE guest LOGIN")
    db.execute_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest")
    close_database()
    try:
        open_server(desk.paths.server_url.replace("postgres@", "guest@"), "a guest's", desk.paths.data)
        with pytest.raises(DatabaseFailed) as failed:
            pipeline.take(desk, [arrival])
        assert sentence(failed.value).startswith("the database's user may not: permission denied for table")
        close_database()
        postgresql.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        open_server(desk.paths.server_url, "read only", desk.paths.data)
        with pytest.raises(DatabaseFailed) as failed:
            pipeline.take(desk, [arrival])
        assert sentence(failed.value).startswith("the database takes no changes: cannot execute ")
        assert status_of(failed.value) is Exit.TRY_AGAIN
        assert "the server lets nobody write: default_transaction_read_only is on" in [
            each.text for each in examine(desk, live=False) if each.level == "failure"
        ]
        assert logging.getLogger("psycopg").handlers, "else it writes on the app's screen"
    finally:
        close_database()
        postgresql.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        open_server(desk.paths.server_url, "all of it", desk.paths.data)
        db.execute_sql("DROP OWNED BY guest")
        postgresql.run("DROP ROLE guest")


def test_who_gets_no_connection_is_told_what_there_are_too_few_of(desk: Desk, postgresql: Postgresql) -> None:
    close_database()
    postgresql.run("DROP ROLE IF EXISTS crowd")
    postgresql.run("CREATE ROLE crowd LOGIN CONNECTION LIMIT 0")
    with pytest.raises(DatabaseUnusable, match="too many connections") as refused:
        open_server(desk.paths.server_url.replace("postgres@", "crowd@"), "a crowd", desk.paths.data)
    assert "max_connections" in refused.value.hint
    postgresql.run("DROP ROLE crowd")


def test_a_database_with_tables_of_others_is_no_place_for_a_desk(desk: Desk, postgresql: Postgresql) -> None:
    close_database()
    there = postgresql.url(postgresql.new_database())
    with closing(PostgresDesk(there, desk.paths.data, "theirs")) as theirs:
        theirs.execute_sql("CREATE TABLE heartbeat (at TIMESTAMPTZ)")
    with pytest.raises(DatabaseUnusable, match=r"the database is not empty: it has heartbeat$") as refused:
        open_server(there, "theirs", desk.paths.data, create=True)
    assert "createdb NAME" in refused.value.hint
    assert db.execute_sql("SELECT to_regclass('ticket')").fetchone()[0] is None, "nothing was made"
    close_database()
    postgresql.leave()
    with pytest.raises(MoveRefused, match="is not empty"):
        desk_moving.move(desk.paths, DeskPaths(desk.paths.home, server_url=there), 1, lambda _: None)
    close_database()
    open_desk(desk.paths, Settings())


def test_a_table_that_others_keep_beside_the_desks_is_left_alone(desk: Desk) -> None:
    """An upgrade made it tell of changes, or failed where it was not the desk's."""
    db.execute_sql("CREATE TABLE heartbeat (at TIMESTAMPTZ)")
    try:
        tell_of_changes(db.obj)
        assert not db.execute_sql(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'heartbeat'::regclass"
        ).fetchall()
    finally:
        db.execute_sql("DROP TABLE heartbeat")


def test_an_old_server_is_told_before_anything_is_made(
    desk: Desk, postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_database()
    monkeypatch.setattr(fitness, "_OLDEST", 99)
    there = postgresql.url(postgresql.new_database())
    with pytest.raises(DatabaseUnusable, match="the server is PostgreSQL ") as refused:
        open_server(there, "old", desk.paths.data, create=True)
    assert refused.value.hint == "a desk takes PostgreSQL 99 or newer"
    assert db.execute_sql("SELECT to_regclass('ticket')").fetchone()[0] is None


def test_a_number_in_the_url_that_is_none_is_said(desk: Desk) -> None:
    with pytest.raises(DatabaseUnusable, match="prepare_threshold"):
        PostgresDesk(f"{desk.paths.server_url}?prepare_threshold=x", desk.paths.data, "odd")


def test_a_text_of_any_length_is_stored_and_searched(desk: Desk) -> None:
    many = " ".join(f"word{number}" for number in range(80_000))
    make_ticket("Long", many)
    make_ticket("Longer", "the same " * 20_000 + "last words")
    make_ticket("One word", "x" * 5_000)
    assert found("word17") == 1
    assert found("last words") == 1
    assert found("same the") == 1
    assert found("x" * 5_000) == 1
    assert found("last same") in (0, 1)
