"""The full-text index anew: it has words without blanks between them, beginnings at hand, and recipients."""

DDL = (
    "DROP TRIGGER message_search_insert",
    "DROP TRIGGER message_search_delete",
    "DROP TRIGGER message_search_update",
    "DROP TABLE message_search",
    """\
CREATE VIRTUAL TABLE message_search USING fts5 (
    subject, text, sender_name, sender_email, recipients,
    content = '', prefix = '3',
    tokenize = 'unicode61 remove_diacritics 2'
)
""",
    "CREATE VIRTUAL TABLE message_search_word USING fts5vocab (message_search, row)",
    """\
CREATE TRIGGER message_search_insert AFTER INSERT ON message WHEN new.receipt_id IS NULL BEGIN
    INSERT INTO message_search (rowid, subject, text, sender_name, sender_email, recipients)
    VALUES (new.id, searched(new.subject), searched(new.text), searched(new.sender_name),
        searched(new.sender_email), searched_people(new.recipients));
END
""",
    """\
CREATE TRIGGER message_search_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_search
        (message_search, rowid, subject, text, sender_name, sender_email, recipients)
    VALUES ('delete', old.id, searched(old.subject), searched(old.text), searched(old.sender_name),
        searched(old.sender_email), searched_people(old.recipients));
END
""",
    """\
CREATE TRIGGER message_search_update
AFTER UPDATE OF subject, text, sender_name, sender_email, recipients ON message BEGIN
    INSERT INTO message_search
        (message_search, rowid, subject, text, sender_name, sender_email, recipients)
    VALUES ('delete', old.id, searched(old.subject), searched(old.text), searched(old.sender_name),
        searched(old.sender_email), searched_people(old.recipients));
    INSERT INTO message_search (rowid, subject, text, sender_name, sender_email, recipients)
    VALUES (new.id, searched(new.subject), searched(new.text), searched(new.sender_name),
        searched(new.sender_email), searched_people(new.recipients));
END
""",
    """\
INSERT INTO message_search (rowid, subject, text, sender_name, sender_email, recipients)
SELECT id, searched(subject), searched(text), searched(sender_name), searched(sender_email),
    searched_people(recipients) FROM message
""",
)


def up(migrator, db):
    for statement in DDL:
        db.execute_sql(statement)
