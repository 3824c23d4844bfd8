from __future__ import annotations

import csv
import io

from tests.support.filled import mail, take_in
from tests.support.program import Program


def test_a_report_is_printed_as_table_json_and_csv(desk: Program) -> None:
    take_in(desk, [mail(), mail("VPN drops", "The tunnel.\n")])
    desk("ticket", "close", "1")
    document = desk("report", "departments", "--json").document
    (line,) = document["lines"]
    assert (document["report"], line["name"]) == ("departments", "Support")
    assert (line["opened"], line["closed"], line["open"]) == (2, 1, 1)
    assert line["backlog"] == {"<4h": 1, "4h..1d": 0, "1d..3d": 0, "3d..7d": 0, ">7d": 0}
    assert line["sla"] == {"promised": 1, "kept": 1}
    assert document["total"]["opened"] == 2
    printed = desk("report", "departments").out.splitlines()
    assert printed[0].split()[:4] == ["DEPARTMENT", "OPENED", "ANSWERED", "CLOSED"]
    assert printed[-1].split()[:2] == ["total", "2"]
    rows = list(csv.reader(io.StringIO(desk("report", "days", "--since", "today", "--csv").out)))
    assert rows[-1][:2] == ["total", "2"]


def test_a_tag_cannot_be_a_formula_of_a_spreadsheet(desk: Program) -> None:
    take_in(desk, [mail()])
    assert desk("ticket", "tag", "1", "@SUM(1;1)").status == 0
    rows = list(csv.reader(io.StringIO(desk("report", "tags", "--csv").out)))
    assert rows[1][0] == "'@SUM(1;1)"


def test_what_is_wrong_with_a_report_is_said(desk: Program) -> None:
    assert desk("report", "weather").status == 2
    assert desk("report", "days", "--since", "soon").status == 2
    assert desk("report", "days", "--json", "--csv").status == 2
    wrong = desk("report", "days", "--since", "1d", "--until", "2d")
    assert (wrong.status, "before" in wrong.err) == (2, True)


def test_reports_are_mailed_by_whoever_fetches_once(desk: Program) -> None:
    assert desk("settings", "set", "reports.schedule", "every 5 minutes").status == 0
    assert desk("settings", "set", "reports.names", "weather").status == 2
    desk("--fetch-once")
    assert desk("settings", "get", "reports.schedule").out.strip() == "every 5 minutes"
    assert "no reports" not in desk("log").out, "the schedule begins with the first look"
