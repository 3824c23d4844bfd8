"""`nightdesk mailbox`: the addresses of the desk."""

from __future__ import annotations

from nightdesk.arguments import noun
from nightdesk.verbs.mailbox import edit, file, login, look, servers, switch

mailbox = noun(
    "mailbox",
    "Addresses of the desk: add, test, fetch, ...",
    (*look.VERBS, *edit.VERBS, *switch.VERBS, *servers.VERBS, *login.VERBS, *file.VERBS),
)
