"""`nightdesk ticket`: list, show, answer and change tickets."""

from __future__ import annotations

from nightdesk.arguments import noun
from nightdesk.verbs.ticket import change, export, look, work, write

ticket = noun(
    "ticket",
    "List, show, answer and change tickets.",
    (*look.VERBS, *write.VERBS, *change.VERBS, *work.VERBS, *export.VERBS),
)
