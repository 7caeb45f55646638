"""Pages are laid over their sample: turned, upside down, nearer or farther, seen at a slant; and others are not."""

import numpy as np
import pytest
from PIL import Image

from inkgrad.forms.homography import homography, mapped, robust_homography
from inkgrad.forms.placing import Sample
from lab.synthetic import Look, write_table
from lab.synthetic.filled_forms import blank_form
from lab.synthetic.view import projective

CORNERS = np.array([[0, 0], [680, 0], [680, 960], [0, 960]], float)
VIEWS = {
    "as it is": CORNERS,
    "turned": [[60, 5], [735, 65], [650, 1020], [-25, 960]],
    "upside down": [[700, 980], [20, 990], [10, 30], [690, 20]],
    "on its side": [[970, 10], [960, 690], [5, 680], [15, 0]],
    "larger": 1.7 * CORNERS + 30,
    "at a slant": [[150, 120], [720, 90], [800, 1010], [60, 1050]],
}


@pytest.fixture(scope="module")
def blank():
    return blank_form(20)


@pytest.fixture(scope="module")
def sample(blank):
    return Sample(blank)


def seen(blank, corners, rng):
    """Return a sheet with its corners there, on a grey table, with the camera's noise."""
    width, height = np.max(corners, axis=0).astype(int) + 40
    back = projective(np.array(corners, float), CORNERS).ravel()[:8].tolist()
    sheet, how = Image.fromarray(blank), (Image.Transform.PERSPECTIVE, back, Image.Resampling.BICUBIC)
    page = sheet.transform((int(width), int(height)), *how, fillcolor=(120, 118, 110))
    return np.clip(np.asarray(page) + rng.normal(0, 4, (height, width, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_is_found_to_a_pixel_however_it_lies(view, blank, sample):
    corners = np.array(VIEWS[view], float)
    placement = sample.place(seen(blank, corners, np.random.default_rng(1)))
    assert placement.share > 0.9
    assert np.abs(mapped(placement.to_page, CORNERS) - corners).max() < 2.0
    middle = np.array([340.0, 480.0])
    assert np.abs(mapped(placement.near(middle, 100), middle[None]) - mapped(placement.to_page, middle[None])).max() < 1


def test_a_page_of_another_form_fits_nowhere(some, sample):
    rng = np.random.default_rng(0)
    assert sample.place(write_table(6, 4, Look(), rng, some).picture) is None
    assert sample.place(np.full((900, 640, 3), 250, np.uint8)) is None
    assert sample.place(rng.integers(0, 255, (900, 640, 3)).astype(np.uint8)) is None


def test_a_map_of_points_is_found_again_though_half_of_them_are_wrong():
    rng = np.random.default_rng(0)
    before = rng.uniform(0, 900, (60, 2))
    there = projective(CORNERS, np.array(VIEWS["at a slant"], float))
    after = mapped(there, before)
    assert np.allclose(homography(before, after), there / there[2, 2], atol=1e-6)
    after[::2] += rng.uniform(-200, 200, (30, 2))
    matrix, near = robust_homography(before, after, 1.0, rng)
    assert near[1::2].all()
    assert np.abs(mapped(matrix, CORNERS) - mapped(there, CORNERS)).max() < 0.5


def test_a_few_points_lie_nowhere():
    points = np.random.default_rng(0).uniform(0, 9, (5, 2))
    assert robust_homography(points, points, 1.0, np.random.default_rng(0)) is None
