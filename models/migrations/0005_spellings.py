"""One spelling of Message-IDs and of addresses, in whatever way gateways and older desks wrote them."""

import json
import unicodedata

import idna

DDL = """
DROP INDEX message_message_id;
CREATE INDEX message_message_id ON message (LOWER(message_id)) WHERE message_id IS NOT NULL;

UPDATE OR REPLACE awaited SET reference = LOWER(reference) WHERE reference <> LOWER(reference);
CREATE INDEX awaited_message ON awaited (message_id)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
    for contact_id, email in _spelled_otherwise(db, "contact", "email"):
        _give_contact_its_form(db, contact_id, _one_form(email).lower())
    for message_id, address in _spelled_otherwise(db, "message", "sender_email"):
        change = "UPDATE message SET sender_email = ? WHERE id = ?"
        db.execute_sql(change, (_one_form(address), message_id))
    rows = db.execute_sql("SELECT id, recipients FROM message WHERE recipients LIKE '%@%xn--%'").fetchall()
    for message_id, recipients in rows:
        people = {
            kind: [[name, _one_form(email)] for name, email in listed]
            for kind, listed in json.loads(recipients).items()
        }
        written = json.dumps(people, ensure_ascii=False, separators=(",", ":"))
        db.execute_sql("UPDATE message SET recipients = ? WHERE id = ?", (written, message_id))


def _spelled_otherwise(db, table, column):
    rows = db.execute_sql(
        f"SELECT id, {column} FROM {table} WHERE {column} LIKE '%@%xn--%'"
        f" OR {column} GLOB '*[^ -~]*' OR {column} <> LOWER({column}) COLLATE BINARY ORDER BY id"
    )
    return rows.fetchall()


def _one_form(address):
    local, at, domain = address.rpartition("@")
    if not at:
        return address
    labels = [_readable(label) for label in domain.lower().split(".")]
    return local + at + unicodedata.normalize("NFC", ".".join(labels))


def _readable(label):
    if not label.startswith("xn--"):
        return label
    try:
        return idna.decode(label)
    except UnicodeError:
        return label


def _give_contact_its_form(db, contact_id, email):
    """Rename a contact, or give all it has to the one that has this name already."""
    kept = db.execute_sql(
        "SELECT id, name FROM contact WHERE email = ? AND id <> ?", (email, contact_id)
    ).fetchone()
    if kept is None:
        db.execute_sql("UPDATE contact SET email = ? WHERE id = ?", (email, contact_id))
        return
    both = (kept[0], contact_id)
    if not kept[1]:
        named = "UPDATE contact SET name = (SELECT name FROM contact WHERE id = ?2) WHERE id = ?1"
        db.execute_sql(named, both)
    db.execute_sql("UPDATE ticket SET contact_id = ? WHERE contact_id = ?", both)
    db.execute_sql("UPDATE OR IGNORE collaborator SET contact_id = ? WHERE contact_id = ?", both)
    db.execute_sql("DELETE FROM collaborator WHERE contact_id = ?", (contact_id,))
    db.execute_sql(
        "DELETE FROM collaborator WHERE contact_id = ?1"
        " AND ticket_id IN (SELECT id FROM ticket WHERE contact_id = ?1)",
        (kept[0],),
    )
    db.execute_sql("DELETE FROM contact WHERE id = ?", (contact_id,))
