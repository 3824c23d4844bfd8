"""Public mails with known outcomes: how many are read right. Read where they are, never copied."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from mail.mime.html.document import html_to_text
from mail.mime.message import ParsedMail, parse
from tests.support.accounts import CORPORA

FOLDER = CORPORA / "mime-stalwart"


def words(text: str) -> str:
    return re.sub(r"\W+", "", text)


def same_people(found: list[Any], wanted: list[dict[str, str | None]] | None) -> bool:
    expected = [(one["address"] or one["name"] or "").lower() for one in wanted or [] if any(one.values())]
    return [(one.email or one.name).lower() for one in found] == expected


def same_attachments(mail: ParsedMail, wanted: list[dict[str, Any]]) -> bool:
    found = mail.attachments
    if len(found) != len(wanted):
        return False
    return all(
        (not one.get("filename") or one["filename"] == part.name)
        and (not one.get("sha256") or one["sha256"] == part.sha256)
        for part, one in zip(found, wanted, strict=True)
    )


def same_text(mail: ParsedMail, case: dict[str, Any]) -> bool:
    def shown(bodies: list[dict[str, Any]]) -> str:
        texts = (
            html_to_text(one["text"]) if one["kind"] == "Html" else one["text"]
            for one in bodies
            if "text" in one
        )
        return words("\n".join(texts))

    return words(mail.text) in (shown(case["text_body"]), shown(case["html_body"]))


def verdicts(case: dict[str, Any]) -> dict[str, bool]:
    mail = parse((FOLDER / case["input"]).read_bytes())
    date = datetime.fromisoformat(case["date"]) if case["date"] else None
    return {
        "subject": " ".join((case["subject"] or "").split()) == mail.subject,
        "from": same_people([mail.sender] if any(mail.sender) else [], case["from"]),
        "to": same_people(mail.to, case["to"]),
        "message_id": (case["message_id"] or "") == (mail.message_id or "").strip("<>"),
        "date": date == mail.date,
        "attachments": same_attachments(mail, case["attachments"]),
        "text": same_text(mail, case),
    }


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the public set of mails is not here")
def test_public_mails_are_read_as_expected() -> None:
    cases = [json.loads(line) for line in (FOLDER / "expected.jsonl").read_text("utf-8").splitlines()]
    score: Counter[str] = Counter()
    for case in cases:
        found = verdicts(case)
        score.update(name for name, right in found.items() if right)
        wrong = [name for name, right in found.items() if not right]
        if wrong:
            print(f"{case['id']}: {', '.join(wrong)}")
    print("\nmime-stalwart:", ", ".join(f"{name} {right}/{len(cases)}" for name, right in score.items()))
    assert min(score[name] for name in ("subject", "from", "to", "message_id", "date")) >= len(cases) * 0.85
    assert score["attachments"] >= len(cases) * 0.7
