"""Tickets know when their texts were erased: a sender may write what stands in place of a subject."""

from models.migrate import run

DDL = """
ALTER TABLE ticket ADD COLUMN erased TEXT;

UPDATE ticket SET erased = updated WHERE subject = '[erased]' AND EXISTS (
  SELECT 1 FROM event WHERE event.ticket_id = ticket.id AND event.kind = 'erased'
)
"""


def up(migrator, db):
    run(db, DDL)
