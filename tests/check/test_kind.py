"""Kinds: each is its word, is explained, and is given by some code."""

import ast
import json
import pickle

import pytest
from support import ROOT

from inkgrad.check import Kind, check_vjp

CHECK = ROOT / "src" / "inkgrad" / "check"


def code_that_gives():
    """Yield the trees of all files of the checker but the list of kinds and the lessons, which only name them."""
    for path in sorted(CHECK.rglob("*.py")):
        if path.name != "kind.py" and "lessons" not in path.parts:
            yield path, ast.parse(path.read_text())


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_is_its_word_and_has_a_sentence(kind):
    assert kind == kind.value == str(kind) == f"{kind}" == kind.name.replace("_", "-")
    assert repr(kind) == repr(kind.value)
    assert Kind(kind.value) is kind
    assert pickle.loads(pickle.dumps(kind)) is kind
    assert json.dumps([kind]) == json.dumps([kind.value])
    assert 20 < len(kind.sentence) < 100
    assert kind.sentence[0].islower()
    assert kind.sentence[-1] != "."


def test_no_two_kinds_are_explained_alike():
    assert len({kind.sentence for kind in Kind}) == len(Kind)


def test_each_kind_is_given_by_some_code():
    given = {
        node.attr
        for _, tree in code_that_gives()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call | ast.Tuple)
        for node in ast.walk(call)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Kind"
    }
    assert given == {kind.name for kind in Kind}


def test_no_code_writes_the_word_of_a_kind_where_the_kind_is_meant():
    written = [
        f"{path.name}:{call.lineno}: {ast.unparse(call)}"
        for path, tree in code_that_gives()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("Guess", "Finding", "_finding")
        for word in (*call.args, *(each.value for each in call.keywords if each.arg == "kind"))
        if isinstance(word, ast.Constant) and word.value in set(Kind) - {Kind.wiring}  # which is a place, too
    ]
    assert written == []


def test_a_finding_has_its_kind():
    (finding,) = check_vjp(lambda x: x * x, lambda dy, x: -2 * x * dy, [1.0, 2.0, 3.0], raises=False).findings
    assert finding.kind is Kind.sign
    assert str(finding).startswith("x: sign: ")
    assert finding.kind.sentence == "the gradient is right but for its sign"
