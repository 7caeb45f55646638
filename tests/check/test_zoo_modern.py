"""The zoo of modern blocks: mistakes as people make them, each found where it is, most named, none by a wrong name."""

from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest
from support import (
    modern_wrong_attention,
    modern_wrong_frameworks,
    modern_wrong_gated,
    modern_wrong_losses,
    modern_wrong_norms,
    modern_wrong_places,
    modern_wrong_recurrent,
)

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3, 4))]
THEMES = (
    modern_wrong_attention,
    modern_wrong_frameworks,
    modern_wrong_gated,
    modern_wrong_losses,
    modern_wrong_norms,
    modern_wrong_places,
    modern_wrong_recurrent,
)
ROWS = [row for theme in THEMES for row in theme.ROWS]
BLOCKS = list(dict.fromkeys(row.block for row in ROWS))
MISSING = tuple(library for library in ("torch", "jax") if find_spec(library) is None)


def name_of(row):
    return row.name.replace(" ", "-")


def block_name(block):
    return getattr(block.f, "__name__", block.f)


def checked(built, seed):
    door, args = built
    return door(*args, seed=seed, raises=False)


@cache
def report_of(row, seed):
    return checked(row.build(np.random.default_rng(seed)), seed)


def is_named(row, report):
    """Return whether each wrong array has a finding with a name that is true of it."""
    names = {(finding.array, kind) for finding in report.findings for kind in (finding.kind, *finding.also)}
    return all(any((array, kind) in names for kind in kinds) for array, kinds in row.places)


def misnamed(row, report):
    allowed = dict(row.places)
    return [finding for finding in report.findings if finding.kind not in ("unknown", *allowed.get(finding.array, ()))]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_mistake_is_found_in_all_arrays_that_it_spoils_and_in_no_other(row, seed):
    report = report_of(row, seed)
    wrong = {each.array for each in report.arrays if each.verdict == "wrong"}
    assert wrong == {array for array, _ in row.places}
    assert {finding.array for finding in report.findings} == wrong


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_mistake_gets_no_name_that_is_not_true_of_it(row, seed):
    assert misnamed(row, report_of(row, seed)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_of_a_hundred_mistakes_ninety_five_have_their_name(seed):
    here = [row for row in ROWS if not row.name.startswith(MISSING)]
    nameless = [row.name for row in here if not is_named(row, report_of(row, seed))]
    share = 1 - len(nameless) / len(here)
    assert share >= 0.95, f"{share:.1%} of {len(here)}, without " + ", ".join(nameless)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("block", BLOCKS, ids=block_name)
def test_a_right_block_passes(block, seed):
    report = checked(block.build(np.random.default_rng(seed)), seed)
    assert report.ok, report
    assert not report.findings


def test_each_row_has_a_name_of_its_own():
    assert len({row.name for row in ROWS}) == len(ROWS)
