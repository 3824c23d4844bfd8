"""Agents in several departments with a role in each: what they read is bounded by that.

Whoever was bound to one department read all others too, and goes on doing so: as a reader of each.
"""

import json

DDL = """
CREATE TABLE agent_department (
    agent_id INTEGER NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    department_id INTEGER NOT NULL REFERENCES department(id) ON DELETE CASCADE,
    role_id INTEGER NOT NULL REFERENCES role(id),
    PRIMARY KEY (agent_id, department_id)
) WITHOUT ROWID;

CREATE INDEX ticket_referral_department ON ticket_referral (department_id, ticket_id)
"""

READS = "ticket.read"


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
    roles = db.execute_sql("SELECT id, name, actions FROM role").fetchall()
    for role_id, _, stored in roles:
        actions = json.loads(stored)
        if not any(each == "*" or each.startswith("ticket.") for each in actions):
            kept = json.dumps([READS, *actions], separators=(",", ":"))
            db.execute_sql("UPDATE role SET actions = ? WHERE id = ?", (kept, role_id))
    bound = db.execute_sql("SELECT id, department_id FROM agent WHERE department_id IS NOT NULL").fetchall()
    if not bound:
        return
    taken = {name.lower() for _, name, _ in roles}
    name = next(
        each for each in ("Reader", *(f"Reader {n}" for n in range(2, 99))) if each.lower() not in taken
    )
    db.execute_sql("INSERT INTO role (name, actions) VALUES (?, ?)", (name, json.dumps([READS])))
    reader = db.execute_sql("SELECT id FROM role WHERE name = ?", (name,)).fetchone()[0]
    departments = [row[0] for row in db.execute_sql("SELECT id FROM department").fetchall()]
    for agent_id, own in bound:
        for department_id in departments:
            if department_id != own:
                db.execute_sql(
                    "INSERT INTO agent_department (agent_id, department_id, role_id) VALUES (?, ?, ?)",
                    (agent_id, department_id, reader),
                )
