"""The schema of the first release. It never changes: new desks are made from the tables (`models.schema`)."""

import json

DDL = """
CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sequence (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    owner TEXT,
    token INTEGER NOT NULL DEFAULT 0,
    expires TEXT
) WITHOUT ROWID;

CREATE TABLE sla (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    hours REAL NOT NULL CHECK (hours > 0),
    active INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE department (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    sla_id INTEGER REFERENCES sla(id),
    signature TEXT NOT NULL DEFAULT '',
    reopen_days INTEGER CHECK (reopen_days >= 0),
    outgoing_mailbox_id INTEGER REFERENCES mailbox(id),
    autoresponse_mailbox_id INTEGER REFERENCES mailbox(id),
    active INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE topic (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    department_id INTEGER REFERENCES department(id),
    sla_id INTEGER REFERENCES sla(id),
    priority INTEGER CHECK (priority BETWEEN 1 AND 4),
    autoresponse INTEGER NOT NULL DEFAULT 1,
    active INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE role (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    actions TEXT NOT NULL
);

CREATE TABLE agent (
    id INTEGER PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
    role_id INTEGER NOT NULL REFERENCES role(id),
    department_id INTEGER REFERENCES department(id),
    signature TEXT NOT NULL DEFAULT '',
    preferences TEXT NOT NULL DEFAULT '{}',
    active INTEGER NOT NULL DEFAULT 1,
    created TEXT NOT NULL
);

CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name TEXT NOT NULL DEFAULT '',
    department_id INTEGER REFERENCES department(id),
    topic_id INTEGER REFERENCES topic(id),
    priority INTEGER CHECK (priority BETWEEN 1 AND 4),
    autoresponse INTEGER NOT NULL DEFAULT 1,
    protocol TEXT NOT NULL DEFAULT 'imap' CHECK (protocol IN ('imap', 'pop3', 'none')),
    incoming_enabled INTEGER NOT NULL DEFAULT 1,
    host TEXT NOT NULL DEFAULT '',
    port INTEGER NOT NULL DEFAULT 993 CHECK (port BETWEEN 1 AND 65535),
    security TEXT NOT NULL DEFAULT 'tls' CHECK (security IN ('tls', 'starttls', 'none')),
    username TEXT NOT NULL DEFAULT '',
    auth TEXT NOT NULL DEFAULT 'basic' CHECK (auth IN ('basic', 'oauth2')),
    secret_source TEXT NOT NULL DEFAULT 'none'
        CHECK (secret_source IN ('sealed', 'pass_cmd', 'env', 'credential', 'none')),
    secret_sealed BLOB,
    secret_ref TEXT NOT NULL DEFAULT '',
    ca_file TEXT NOT NULL DEFAULT '',
    fingerprint TEXT NOT NULL DEFAULT '',
    folder TEXT NOT NULL DEFAULT 'INBOX',
    schedule TEXT NOT NULL DEFAULT 'every 5 minutes',
    batch INTEGER NOT NULL DEFAULT 50 CHECK (batch BETWEEN 1 AND 500),
    max_per_fetch INTEGER CHECK (max_per_fetch > 0),
    after_fetch TEXT NOT NULL DEFAULT 'keep',
    backlog TEXT NOT NULL DEFAULT 'all' CHECK (backlog IN ('all', 'new', 'archive')),
    idle INTEGER NOT NULL DEFAULT 0,
    outgoing_enabled INTEGER NOT NULL DEFAULT 0,
    smtp_host TEXT NOT NULL DEFAULT '',
    smtp_port INTEGER NOT NULL DEFAULT 587 CHECK (smtp_port BETWEEN 1 AND 65535),
    smtp_security TEXT NOT NULL DEFAULT 'starttls' CHECK (smtp_security IN ('tls', 'starttls', 'none')),
    smtp_auth TEXT NOT NULL DEFAULT 'same' CHECK (smtp_auth IN ('same', 'basic', 'none', 'oauth2')),
    smtp_username TEXT NOT NULL DEFAULT '',
    smtp_secret_source TEXT NOT NULL DEFAULT 'none'
        CHECK (smtp_secret_source IN ('sealed', 'pass_cmd', 'env', 'credential', 'none')),
    smtp_secret_sealed BLOB,
    smtp_secret_ref TEXT NOT NULL DEFAULT '',
    smtp_ca_file TEXT NOT NULL DEFAULT '',
    smtp_fingerprint TEXT NOT NULL DEFAULT '',
    smtp_helo TEXT NOT NULL DEFAULT '',
    smtp_spoof INTEGER NOT NULL DEFAULT 0,
    sent_folder TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    removed TEXT,
    last_attempt TEXT,
    last_success TEXT,
    last_fetched INTEGER NOT NULL DEFAULT 0,
    left_waiting INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    last_error_hint TEXT NOT NULL DEFAULT '',
    last_error_kind TEXT NOT NULL DEFAULT '',
    error_count INTEGER NOT NULL DEFAULT 0,
    failing_since TEXT,
    not_before TEXT,
    alerted TEXT,
    idle_since TEXT,
    idle_error TEXT NOT NULL DEFAULT '',
    last_sent TEXT,
    send_error TEXT NOT NULL DEFAULT '',
    send_error_count INTEGER NOT NULL DEFAULT 0,
    send_failing_since TEXT,
    send_alerted TEXT
);

CREATE TABLE mailbox_alias (
    address TEXT PRIMARY KEY COLLATE NOCASE,
    mailbox_id INTEGER NOT NULL REFERENCES mailbox(id)
) WITHOUT ROWID;
CREATE INDEX mailbox_alias_mailbox ON mailbox_alias (mailbox_id);

CREATE TABLE mailbox_oauth2 (
    mailbox_id INTEGER PRIMARY KEY REFERENCES mailbox(id),
    provider TEXT NOT NULL CHECK (provider IN ('google', 'microsoft', 'other')),
    client_id TEXT NOT NULL DEFAULT '',
    secret_source TEXT NOT NULL DEFAULT 'none'
        CHECK (secret_source IN ('sealed', 'pass_cmd', 'env', 'credential', 'none')),
    secret_sealed BLOB,
    secret_ref TEXT NOT NULL DEFAULT '',
    tenant TEXT NOT NULL DEFAULT '',
    authorize_url TEXT NOT NULL DEFAULT '',
    token_url TEXT NOT NULL DEFAULT '',
    device_url TEXT NOT NULL DEFAULT '',
    revoke_url TEXT NOT NULL DEFAULT '',
    scopes TEXT NOT NULL DEFAULT '',
    client_auth TEXT NOT NULL DEFAULT 'post' CHECK (client_auth IN ('post', 'basic')),
    ca_file TEXT NOT NULL DEFAULT '',
    strict INTEGER NOT NULL DEFAULT 1,
    as_itself INTEGER NOT NULL DEFAULT 0,
    token_sealed BLOB,
    owner TEXT NOT NULL DEFAULT '',
    logged_in TEXT,
    renewed TEXT,
    expires TEXT,
    refresh_expires TEXT,
    error TEXT NOT NULL DEFAULT '',
    error_hint TEXT NOT NULL DEFAULT '',
    refused TEXT,
    failing_since TEXT,
    alerted TEXT,
    alerted_for TEXT NOT NULL DEFAULT ''
);

CREATE TABLE folder_mark (
    mailbox_id INTEGER NOT NULL REFERENCES mailbox(id),
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    known_below INTEGER NOT NULL,
    backlog_below INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox_id, folder)
) WITHOUT ROWID;

CREATE TABLE import_source (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('mbox', 'maildir', 'eml')),
    path TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    mark TEXT NOT NULL DEFAULT '',
    taken INTEGER NOT NULL DEFAULT 0,
    updated TEXT NOT NULL,
    UNIQUE (kind, path)
);

CREATE TABLE import_file (
    source_id INTEGER NOT NULL REFERENCES import_source(id),
    name TEXT NOT NULL,
    PRIMARY KEY (source_id, name)
) WITHOUT ROWID;

CREATE TABLE left_alone (
    mailbox_id INTEGER NOT NULL REFERENCES mailbox(id),
    uidl TEXT NOT NULL,
    PRIMARY KEY (mailbox_id, uidl)
) WITHOUT ROWID;

CREATE TABLE fetch_run (
    mailbox_id INTEGER PRIMARY KEY REFERENCES mailbox(id),
    requested TEXT,
    phase TEXT NOT NULL DEFAULT '',
    started TEXT,
    updated TEXT,
    found INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL DEFAULT '{}'
);

CREATE TABLE contact (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL
);
CREATE INDEX contact_domain ON contact (substr(email, instr(email, '@') + 1) COLLATE NOCASE);

CREATE TABLE blob (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    codec TEXT NOT NULL CHECK (codec IN ('zstd', 'raw')),
    data BLOB,
    path TEXT,
    CHECK ((data IS NULL) <> (path IS NULL))
);

CREATE TABLE ticket (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('new', 'open', 'waiting', 'closed')),
    priority INTEGER NOT NULL DEFAULT 2 CHECK (priority BETWEEN 1 AND 4),
    department_id INTEGER NOT NULL REFERENCES department(id),
    sla_id INTEGER REFERENCES sla(id),
    contact_id INTEGER NOT NULL REFERENCES contact(id),
    assignee_id INTEGER REFERENCES agent(id),
    mailbox_id INTEGER REFERENCES mailbox(id),
    topic_id INTEGER REFERENCES topic(id),
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    due TEXT,
    overdue INTEGER NOT NULL DEFAULT 0,
    closed TEXT,
    last_customer TEXT,
    last_answer TEXT,
    message_count INTEGER NOT NULL DEFAULT 0,
    attachment_count INTEGER NOT NULL DEFAULT 0,
    refers_to_id INTEGER REFERENCES ticket(id),
    merged_into_id INTEGER REFERENCES ticket(id)
);
CREATE INDEX ticket_by_updated ON ticket
    (updated, id, status, assignee_id, priority, overdue, department_id, mailbox_id, attachment_count);
CREATE INDEX ticket_by_created ON ticket
    (created, id, status, assignee_id, priority, overdue, department_id, mailbox_id, attachment_count);
CREATE INDEX ticket_by_priority ON ticket
    (priority, updated, id, status, assignee_id, overdue, department_id, mailbox_id, attachment_count);
CREATE INDEX ticket_by_due ON ticket
    (coalesce(due, '9'), id, status, assignee_id, priority, overdue, department_id, mailbox_id,
    attachment_count);
CREATE INDEX ticket_open ON ticket (updated, id, status) WHERE status <> 'closed';
CREATE INDEX ticket_status ON ticket (status, updated, id);
CREATE INDEX ticket_assignee ON ticket (assignee_id, updated, id, status) WHERE status <> 'closed';
CREATE INDEX ticket_overdue ON ticket (updated, id, status, overdue) WHERE overdue = 1 AND status <> 'closed';
CREATE INDEX ticket_due ON ticket (due) WHERE status <> 'closed' AND overdue = 0 AND due IS NOT NULL;
CREATE INDEX ticket_contact ON ticket (contact_id);

CREATE TABLE ticket_tag (
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    name TEXT NOT NULL COLLATE NOCASE,
    PRIMARY KEY (ticket_id, name)
) WITHOUT ROWID;
CREATE INDEX ticket_tag_name ON ticket_tag (name, ticket_id);

CREATE TABLE collaborator (
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    contact_id INTEGER NOT NULL REFERENCES contact(id),
    PRIMARY KEY (ticket_id, contact_id)
) WITHOUT ROWID;
CREATE INDEX collaborator_contact ON collaborator (contact_id);

CREATE TABLE ticket_referral (
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    department_id INTEGER NOT NULL REFERENCES department(id),
    PRIMARY KEY (ticket_id, department_id)
) WITHOUT ROWID;

CREATE TABLE seen (
    agent_id INTEGER NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    at TEXT NOT NULL,
    PRIMARY KEY (agent_id, ticket_id)
) WITHOUT ROWID;

CREATE TABLE receipt (
    id INTEGER PRIMARY KEY,
    door TEXT NOT NULL,
    mailbox_id INTEGER REFERENCES mailbox(id),
    folder TEXT,
    uidvalidity INTEGER,
    uid INTEGER,
    uidl TEXT,
    message_id TEXT,
    sender TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    received TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN
        ('ticket', 'reply', 'note', 'bounce', 'duplicate', 'rejected', 'loop', 'quarantined')),
    ticket_id INTEGER REFERENCES ticket(id),
    duplicate_of_id INTEGER REFERENCES receipt(id),
    reason TEXT NOT NULL DEFAULT '',
    trace TEXT NOT NULL DEFAULT '[]',
    digest TEXT NOT NULL,
    blob_id INTEGER NOT NULL REFERENCES blob(id),
    disposed TEXT,
    UNIQUE (mailbox_id, folder, uidvalidity, uid)
);
CREATE INDEX receipt_digest ON receipt (digest, received);
CREATE UNIQUE INDEX receipt_uidl ON receipt (mailbox_id, uidl) WHERE uidl IS NOT NULL;
CREATE INDEX receipt_undisposed ON receipt (mailbox_id, folder, uidvalidity, uid) WHERE disposed IS NULL;
CREATE INDEX receipt_verdict ON receipt (verdict, id);
CREATE INDEX receipt_ticket ON receipt (ticket_id);

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    ticket_id INTEGER NOT NULL REFERENCES ticket(id),
    kind TEXT NOT NULL CHECK (kind IN ('customer', 'reply', 'note')),
    agent_id INTEGER REFERENCES agent(id),
    sender_name TEXT NOT NULL DEFAULT '',
    sender_email TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
    recipients TEXT NOT NULL DEFAULT '{}',
    subject TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL DEFAULT '',
    reply_length INTEGER NOT NULL DEFAULT -1,
    from_html INTEGER NOT NULL DEFAULT 0,
    message_id TEXT,
    sent_date TEXT,
    created TEXT NOT NULL,
    receipt_id INTEGER REFERENCES receipt(id),
    blob_id INTEGER REFERENCES blob(id),
    machine TEXT NOT NULL DEFAULT '',
    unverified INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX message_ticket ON message (ticket_id, created, id);
CREATE INDEX message_message_id ON message (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX message_sender ON message (sender_email, ticket_id);

CREATE TABLE attachment (
    id INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    inline INTEGER NOT NULL DEFAULT 0,
    blob_id INTEGER NOT NULL REFERENCES blob(id),
    part TEXT NOT NULL DEFAULT ''
);
CREATE INDEX attachment_message ON attachment (message_id);

CREATE TABLE awaited (
    reference TEXT NOT NULL,
    message_id INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    PRIMARY KEY (reference, message_id)
) WITHOUT ROWID;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    at TEXT NOT NULL,
    agent_id INTEGER REFERENCES agent(id),
    kind TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX event_ticket ON event (ticket_id, id);
CREATE INDEX event_agent ON event (agent_id, id) WHERE agent_id IS NOT NULL;

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('reply', 'acknowledgement', 'alert', 'test')),
    ticket_id INTEGER REFERENCES ticket(id),
    message_ref_id INTEGER REFERENCES message(id),
    mailbox_id INTEGER REFERENCES mailbox(id),
    message_id TEXT NOT NULL UNIQUE,
    envelope_from TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    blob_id INTEGER NOT NULL REFERENCES blob(id),
    created TEXT NOT NULL,
    not_before TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_attempt TEXT,
    tried_since TEXT,
    last_error TEXT NOT NULL DEFAULT '',
    sender TEXT,
    done INTEGER NOT NULL DEFAULT 0,
    copy TEXT NOT NULL DEFAULT '' CHECK (copy IN ('', 'due', 'tried', 'done'))
);
CREATE INDEX delivery_waiting ON delivery (not_before, id) WHERE done = 0;
CREATE INDEX delivery_copy ON delivery (mailbox_id, id) WHERE copy IN ('due', 'tried');
CREATE INDEX delivery_ticket ON delivery (ticket_id);
CREATE INDEX delivery_message ON delivery (message_ref_id);

CREATE TABLE recipient (
    id INTEGER PRIMARY KEY,
    delivery_id INTEGER NOT NULL REFERENCES delivery(id) ON DELETE CASCADE,
    address TEXT NOT NULL COLLATE NOCASE,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN
        ('queued', 'sending', 'sent', 'deferred', 'failed', 'uncertain', 'cancelled')),
    code INTEGER,
    detail TEXT NOT NULL DEFAULT '',
    updated TEXT NOT NULL,
    bounced INTEGER NOT NULL DEFAULT 0,
    UNIQUE (delivery_id, address)
);
CREATE INDEX recipient_trouble ON recipient (state, id) WHERE state <> 'sent';
CREATE INDEX recipient_address ON recipient (address, delivery_id);

CREATE TABLE draft (
    id INTEGER PRIMARY KEY,
    agent_id INTEGER NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    ticket_id INTEGER REFERENCES ticket(id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('reply', 'note', 'new')),
    mailbox_id INTEGER REFERENCES mailbox(id),
    recipients TEXT NOT NULL DEFAULT '{}',
    subject TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL DEFAULT '',
    attachments TEXT NOT NULL DEFAULT '[]',
    status_after TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    updated TEXT NOT NULL
);
CREATE INDEX draft_agent ON draft (agent_id, ticket_id, kind);

CREATE TABLE api_key (
    id INTEGER PRIMARY KEY,
    prefix TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    scopes TEXT NOT NULL,
    addresses TEXT NOT NULL,
    agent_id INTEGER REFERENCES agent(id),
    in_url INTEGER NOT NULL DEFAULT 0,
    per_minute INTEGER NOT NULL DEFAULT 600 CHECK (per_minute > 0),
    active INTEGER NOT NULL DEFAULT 1,
    created TEXT NOT NULL,
    last_used TEXT
);
CREATE INDEX api_key_prefix ON api_key (prefix);

CREATE TABLE log_entry (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('debug', 'info', 'warning', 'error')),
    source TEXT NOT NULL,
    text TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    mailbox_id INTEGER REFERENCES mailbox(id),
    ticket_id INTEGER,
    receipt_id INTEGER
);
CREATE INDEX log_entry_level ON log_entry (level, id) WHERE level IN ('warning', 'error');
CREATE INDEX log_entry_at ON log_entry (at);

CREATE VIRTUAL TABLE message_search USING fts5 (
    subject, text, sender_name, sender_email,
    content = 'message', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2'
);
-- Inbound mail is indexed once a batch by intake: FTS5 writes a segment at every savepoint.
CREATE TRIGGER message_search_insert AFTER INSERT ON message WHEN new.receipt_id IS NULL BEGIN
    INSERT INTO message_search (rowid, subject, text, sender_name, sender_email)
    VALUES (new.id, new.subject, new.text, new.sender_name, new.sender_email);
END;
CREATE TRIGGER message_search_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_search (message_search, rowid, subject, text, sender_name, sender_email)
    VALUES ('delete', old.id, old.subject, old.text, old.sender_name, old.sender_email);
END;
CREATE TRIGGER message_search_update
AFTER UPDATE OF subject, text, sender_name, sender_email ON message BEGIN
    INSERT INTO message_search (message_search, rowid, subject, text, sender_name, sender_email)
    VALUES ('delete', old.id, old.subject, old.text, old.sender_name, old.sender_email);
    INSERT INTO message_search (rowid, subject, text, sender_name, sender_email)
    VALUES (new.id, new.subject, new.text, new.sender_name, new.sender_email);
END
"""

ADMIN_ACTIONS = ["*"]


def statements(script):
    """Split the script at semicolons that end a line, keeping trigger bodies whole."""
    statement = ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if line.endswith(";") and ("CREATE TRIGGER" not in statement or line == "END;"):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def up(migrator, db):
    for statement in statements(DDL):
        db.execute_sql(statement)
    db.execute_sql("INSERT INTO sla (id, name, hours) VALUES (1, 'Standard', 18)")
    db.execute_sql("INSERT INTO department (id, name, sla_id) VALUES (1, 'Support', 1)")
    db.execute_sql(
        "INSERT INTO role (id, name, actions) VALUES (1, 'Admin', ?)", (json.dumps(ADMIN_ACTIONS),)
    )
    db.execute_sql("INSERT INTO sequence (name, next) VALUES ('ticket', 1)")
