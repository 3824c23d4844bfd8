"""An index that finds the tickets of an SLA, closed ones too."""

DDL = """
DROP INDEX ticket_sla;

CREATE INDEX ticket_sla ON ticket (sla_id, id, status)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
