"""The page on planning has the tables that its numbers give."""

import json

import pytest
from support import ROOT

from lab.planning.report import tables

REPORT = ROOT / "lab" / "planning" / "report"


@pytest.fixture(scope="module")
def blocks():
    return tables.blocks(json.loads((REPORT / "planning.json").read_text()), None)


@pytest.mark.parametrize("name", ["measured", "check", "epoch", "strong", "weak", "ways", "stragglers", "failures"])
def test_a_table_of_the_page_is_what_the_numbers_give(blocks, name):
    page = (ROOT / "docs" / "planning.md").read_text()
    begin, end = f"<!-- {name}: written by lab/planning/report -->", f"<!-- end of {name} -->"
    assert page.partition(begin)[2].partition(end)[0].strip() == blocks[name]


def test_every_block_of_the_page_has_its_test(blocks):
    assert list(blocks) == ["measured", "check", "epoch", "strong", "weak", "ways", "stragglers", "failures"]
