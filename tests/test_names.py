"""What had a private name has the field's word for it, on every floor, and says what it does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "models", "mail", "config")
NO_CLASS = frozenset(
    {
        *(
            "Letter",
            "Landing",
            "Standing",
            "Known",
            "Taken",
            "Way",
            "Ways",
            "Queued",
            "Sheet",
            "Works",
            "Laying",
        ),
        *("TicketFilter",),
    }
)
"""IncomingMail, Match, DeskRules, Lookups, Outcome, Route, QueuedMail, Composition, DeskCalls, ..."""
NO_FUNCTION = frozenset({"lay_in", "lay_down", "left_alone", "take_turn", "tell", "told_again", "judge"})
"""enqueue, write_blobs, preexisting, notify, notify_recovered, classify."""
NO_MODULE = frozenset(
    {
        *("filing", "joining", "adopting", "unsending", "edits", "deeds", "exposition", "vitals", "standing"),
        *("letters", "telling", "utils"),
    }
)
NO_DEED = frozenset(
    {
        *("A", "After", "All", "By", "Everything", "Every", "For", "From", "How", "Ids", "If"),
        *("In", "Is", "It", "No", "Not", "Nothing", "Of", "One", "Only", "Since", "That", "The"),
        *("This", "Those", "To", "UIDs", "What", "When", "Where", "Which", "Who", "Whom", "Whose"),
        *("Why", "With", "Words"),
    }
)
"""How a docstring begins that tells what there is, not what is done; ``Whether`` is how a question begins."""


def private_names(tree: ast.Module) -> set[str]:
    """Return the names of a module's own that are not the field's words."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) if name.lstrip("_") in NO_CLASS:
                found.add(name)
            case ast.Assign(targets=[ast.Name(name)]) if name.lstrip("_") in NO_CLASS:
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name in NO_FUNCTION:
                found.add(name)
    return found


def tells_no_deed(tree: ast.Module) -> set[str]:
    """Return the public functions whose docstring does not begin by what they do.

    A property tells what it is, and the docstring of an action is a line of the help.
    """
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith(("_", "action_"))
        and not any("property" in ast.unparse(each) for each in node.decorator_list)
        and (told := ast.get_docstring(node)) is not None
        and told.split()[0].strip(",.:;") in NO_DEED
        and node.name != "cli"
    }


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    """Every module, by where it is."""
    paths = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8")) for path in paths}


def test_nothing_has_a_private_name_again(trees: dict[str, ast.Module]) -> None:
    assert {path: names for path, tree in trees.items() if (names := private_names(tree))} == {}
    stems = {path: Path(path).stem for path in trees}
    assert [path for path, stem in stems.items() if stem in NO_MODULE or stem.endswith("_link")] == []


def test_a_docstring_begins_by_what_is_done(trees: dict[str, ast.Module]) -> None:
    assert {path: names for path, tree in trees.items() if (names := tells_no_deed(tree))} == {}
    assert tells_no_deed(ast.parse('def f():\n    """How many there are."""')) == {"f"}


def test_a_private_name_is_seen() -> None:
    for code in (
        "class Known: ...",
        "_Way = int",
        "def tell(): ...",
        "class A:\n    async def judge(self): ...",
    ):
        assert private_names(ast.parse(code)), code
