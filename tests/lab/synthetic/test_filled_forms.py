"""A form that is filled in says what it says it says, and comes as scanners and cameras see it."""

import numpy as np
import pytest

from inkgrad.errors import SettingError
from inkgrad.forms import Field
from inkgrad.forms.field_value import value_of
from lab.synthetic.filled_forms import FIELDS, WAYS, blank_form, fill_form, form_look


@pytest.fixture(scope="module")
def filled(some):
    return fill_form("scan", np.random.default_rng(0), some, height=14)


def test_each_field_says_what_its_pattern_allows(filled):
    for field in FIELDS:
        assert value_of(Field(field.name, field.kind, field.box, field.expect), filled.truth[field.name])


def test_the_same_seed_writes_the_same_form(filled, some):
    again = fill_form("scan", np.random.default_rng(0), some, height=14)
    assert again.truth == filled.truth
    assert (again.picture == filled.picture).all()


def test_a_form_that_is_not_filled_in_is_print_on_paper():
    assert 0 < (blank_form(14) < 128).mean() < 0.05
    assert blank_form(14).shape == (672, 476, 3)


@pytest.mark.parametrize("seed", range(5))
def test_forms_lie_as_they_are_said_to(seed):
    looks = {way: form_look(way, np.random.default_rng(seed), 30) for way in WAYS}
    assert looks["photo"].desk is not None
    assert looks["photo"].perspective > 0
    assert abs(looks["scan"].rotation) <= 4
    assert abs(looks["upside down"].rotation) > 175


def test_another_way_is_refused(some):
    with pytest.raises(SettingError, match="ways are scan, photo, upside down, got 'fax'"):
        fill_form("fax", np.random.default_rng(0), some)
