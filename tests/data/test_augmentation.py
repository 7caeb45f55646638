"""Augmentation: the digit moves, turns, leans and bends as said, and nothing else happens to it."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.interpolate import BSpline

from inkgrad.data import Augmentation, Warps, apply_warps
from inkgrad.data.augmentation import affine_maps
from inkgrad.data.warps import spline_basis
from inkgrad.errors import DataError, SettingError, ShapeError

ALL = Augmentation(shift=2, rotation=12, scale=0.12, stretch=0.1, shear=0.2, thickness=0.5, elastic=0.7)
KINDS = {"shift": 3, "rotation": 20, "scale": 0.5, "stretch": 0.3, "shear": 0.4, "thickness": 0.8, "elastic": 2}


def warps(n=1, bumps=None, thickness=0.0, **ink):
    """Warps that do to n images only what is named."""
    affine = np.repeat(affine_maps(**ink), n, axis=0)
    bumps = np.zeros((n, 0, 0, 2)) if bumps is None else bumps
    return Warps(affine, np.asarray(bumps, np.float32), np.full(n, thickness, np.float32))


def random_images(rng, shape=(5, 9, 12, 2), dtype=np.float32):
    return rng.integers(0, 256, shape, np.uint8) if dtype == np.uint8 else rng.random(shape).astype(dtype)


# What stays


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
def test_with_all_settings_0_images_stay_the_same_to_the_bit(rng, dtype):
    images = random_images(rng, dtype=dtype)
    before = images.copy()
    found = Augmentation()(images, rng)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, before)
    np.testing.assert_array_equal(images, before)
    assert not np.shares_memory(found, images)


def test_an_augmentation_says_when_it_does_nothing():
    assert Augmentation().is_nothing
    assert Augmentation(grid=9).is_nothing
    assert not any(Augmentation(**{kind: value}).is_nothing for kind, value in KINDS.items())


def test_images_given_are_not_changed(rng):
    images = random_images(rng, dtype=np.float32)
    before = images.copy()
    ALL(images, rng)
    np.testing.assert_array_equal(images, before)


def test_a_page_full_of_ink_stays_full_where_no_paper_is_near(rng):
    images = np.full((20, 28, 28, 1), 255, np.uint8)
    assert (ALL(images, rng)[:, 10:18, 10:18] == 255).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_full_ink_never_becomes_more_than_full(rng, dtype):
    found = replace(ALL, thickness=1)(np.ones((1000, 5, 5, 1), dtype), rng)
    assert found.max() == 1


# What moves


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_shift_by_whole_pixels_is_slicing(rng, dtype):
    images = random_images(rng, dtype=dtype)
    found = apply_warps(images, warps(5, down=2, right=-3))
    np.testing.assert_array_equal(found[:, 2:, :-3], images[:, :-2, 3:])
    assert not found[:, :2].any()
    assert not found[:, :, -3:].any()


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("quarters", [-1, 1, 2, 3])
def test_a_quarter_turn_is_rot90(rng, side, quarters):
    images = random_images(rng, (2, side, side, 1), np.uint8)
    found = apply_warps(images, warps(2, degrees=90 * quarters))
    np.testing.assert_array_equal(found, np.rot90(images, quarters, axes=(1, 2)))


def ink_at(images):
    """Where the ink is: the mean row and column, from the centre, of one image."""
    image = images[0, :, :, 0].astype(float)
    rows, columns = np.indices(image.shape) - (np.array(image.shape)[:, None, None] - 1) / 2
    return np.array([(rows * image).sum(), (columns * image).sum()]) / image.sum()


@pytest.mark.parametrize(
    ("ink", "place"),
    [  # of a soft dot 8 rows below the centre and 4 columns right of it
        ({"down": 1.5}, (9.5, 4)),
        ({"right": 1.5}, (8, 5.5)),
        ({"degrees": 90}, (-4, 8)),
        ({"size": 1.5}, (12, 6)),
        ({"stretch": 1.44}, (9.6, 4 / 1.2)),
        ({"shear": 0.5}, (8, 8)),
        ({"degrees": 90, "size": 0.5, "shear": 0.5, "down": 1, "right": 2}, (-3, 6)),
    ],
    ids=str,
)
def test_ink_goes_where_the_formula_says(ink, place):
    rows, columns = np.indices((61, 61)) - 30
    dot = np.exp(-((rows - 8) ** 2 + (columns - 4) ** 2) / 18)[None, :, :, None]
    np.testing.assert_allclose(
        ink_at(apply_warps(dot, warps(**ink))), place, atol=0.01
    )  # between pixels it is only near


def test_affine_maps_undo_what_is_done_to_the_ink(rng):
    y, x, down, right, a, size, stretch, shear = rng.uniform(0.5, 2, (8, 100))
    h, w = size * np.sqrt(stretch), size / np.sqrt(stretch)
    moved_y = np.cos(a) * h * y - np.sin(a) * w * (x + shear * y) + down
    moved_x = np.sin(a) * h * y + np.cos(a) * w * (x + shear * y) + right
    maps = affine_maps(down=down, right=right, degrees=np.degrees(a), size=size, stretch=stretch, shear=shear)
    found = np.einsum("nij,nj->ni", maps.astype(float), np.column_stack([moved_y, moved_x, np.ones(100)]))
    np.testing.assert_allclose(found, np.column_stack([y, x]), atol=1e-4)  # float32, times lengths of 10


def test_a_huge_shift_leaves_paper(rng):
    images = random_images(rng, dtype=np.uint8)
    for far in 12, 1e4, -1e4, 1e28:
        assert not apply_warps(images, warps(5, right=far)).any()


def test_the_largest_numbers_give_paper_or_ink_but_never_nan(rng):
    images = random_images(rng)
    largest, bumps = np.full((5, 2, 3), 1e30, np.float32), np.full((5, 4, 4, 2), -1e30, np.float32)
    found = apply_warps(images, Warps(largest, bumps, np.ones(5, np.float32)))
    assert ((found >= 0) & (found <= 1)).all()


# Against SciPy, which does the same in its own way


@pytest.mark.parametrize("shape", [(28, 28), (9, 14), (1, 7), (6, 1)])
@pytest.mark.parametrize("grid", [4, 6, 11])
def test_bending_agrees_with_scipy(rng, shape, grid):
    images = random_images(rng, (6, *shape, 2))
    drawn = Augmentation(**{**KINDS, "thickness": 0}, grid=grid).draw(6, shape, rng)
    found = apply_warps(images, drawn)
    centre = (np.array(shape)[:, None] - 1) / 2
    places = np.indices(shape).reshape(2, -1)
    along_rows, along_columns = (slow_basis(grid, side)[:, place] for side, place in zip(shape, places, strict=True))
    for image, affine, bumps, ours in zip(images, drawn.affine.astype(float), drawn.bumps, found, strict=True):
        source = affine @ np.vstack([places - centre, np.ones(places.shape[1])]) + centre
        source += np.einsum("ap,bp,abk->kp", along_rows, along_columns, bumps)
        for channel in range(2):
            theirs = ndimage.map_coordinates(image[..., channel], source, order=1, mode="grid-constant", cval=0)
            np.testing.assert_allclose(ours[..., channel].ravel(), theirs, atol=3e-5)  # float32 at pixel 28: 2e-6


def slow_basis(n_points, n_pixels):
    """SciPy's B-splines of degree 3 with whole numbers as knots, at every pixel."""
    u = np.arange(n_pixels) * (n_points - 3) / max(n_pixels - 1, 1)
    return BSpline.design_matrix(u, np.arange(-3.0, n_points + 1), 3).toarray().T


@pytest.mark.parametrize(("n_points", "n_pixels"), [(4, 28), (6, 28), (6, 5), (12, 7), (32, 28), (5, 2), (5, 1)])
def test_the_b_splines_are_scipys(n_points, n_pixels):
    found = spline_basis(n_points, n_pixels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, slow_basis(n_points, n_pixels), atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-6)


@pytest.mark.parametrize("grid", [4, 6, 9])
def test_bumps_all_alike_are_a_shift(rng, grid):
    images = random_images(rng, (2, 10, 10, 1))
    bumps = np.broadcast_to([1.25, -0.5], (2, grid, grid, 2))
    found = apply_warps(images, warps(2, bumps=bumps))
    np.testing.assert_allclose(found, apply_warps(images, warps(2, down=-1.25, right=0.5)), atol=1e-5)


CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)


@pytest.mark.parametrize("t", [-1, -0.5, -0.1, 0.1, 0.5, 1])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_thickness_mixes_in_scipys_dilation_and_erosion(rng, t, dtype):
    images = random_images(rng, dtype=dtype)
    whole = images.astype(float)
    spread = ndimage.grey_dilation if t > 0 else ndimage.grey_erosion
    extreme = spread(whole, footprint=CROSS[None, :, :, None], mode="constant", cval=0)
    mixed = (1 - abs(t)) * whole + abs(t) * extreme
    found = apply_warps(images, warps(5, thickness=t))
    np.testing.assert_allclose(found, mixed, atol=0.5 + 1e-4 if dtype == np.uint8 else 1e-6)


def test_each_image_has_its_own_thickness(rng):
    images = random_images(rng)
    thickness = np.float32([0, 1, -1, 0.5, -0.5])
    found = apply_warps(images, replace(warps(5), thickness=thickness))
    for k, t in enumerate(thickness):
        np.testing.assert_array_equal(found[k : k + 1], apply_warps(images[k : k + 1], warps(thickness=t)))


def test_bytes_are_rounded_to_the_nearest():
    images = np.array([[0, 10, 20, 255]], np.uint8).reshape(1, 1, 4, 1)
    found = apply_warps(images, warps(right=0.25))
    assert found.ravel().tolist() == [0, 8, 18, 196]  # of 0, 7.5, 17.5, 196.25: halves go to the even


# What is drawn


def parts(drawn):
    """The numbers that were drawn, found again in the affine maps by solving for them."""
    forward = np.linalg.inv(drawn.affine[:, :, :2].astype(float))
    down, right = -np.einsum("nij,nj->in", forward, drawn.affine[:, :, 2])
    # forward @ (0, 1) is w (-sin a, cos a), and the determinant is h w
    w, a = np.hypot(forward[:, 0, 1], forward[:, 1, 1]), np.arctan2(-forward[:, 0, 1], forward[:, 1, 1])
    h = np.linalg.det(forward) / w
    shear = (np.cos(a) * forward[:, 1, 0] - np.sin(a) * forward[:, 0, 0]) / w
    return {
        "down": down,
        "right": right,
        "rotation": np.degrees(a),
        "scale": np.log(np.sqrt(h * w)) / np.log(1.5),
        "stretch": np.log(h / w) / np.log(1.3),
        "shear": shear,
        "thickness": drawn.thickness,
    }


def test_numbers_fill_their_ranges_evenly(rng):
    drawn = Augmentation(**KINDS).draw(4000, (28, 28), rng)
    for kind, found in parts(drawn).items():
        largest = {"down": 3, "right": 3, "rotation": 20, "shear": 0.4, "thickness": 0.8}.get(kind, 1)
        assert np.abs(found).max() <= largest * (1 + 1e-4), kind
        counts, _ = np.histogram(found / largest, 10, (-1, 1))
        assert np.abs(counts - 400).max() < 5 * math.sqrt(400), kind  # 5 standard deviations


def test_kinds_are_drawn_independently_of_each_other(rng):
    drawn = parts(Augmentation(**KINDS).draw(4000, (28, 28), rng))
    correlation = np.corrcoef(list(drawn.values())) - np.eye(len(drawn))
    assert np.abs(correlation).max() < 5 / math.sqrt(4000)


def test_bumps_have_the_standard_deviation_asked_for(rng):
    bumps = Augmentation(elastic=2, grid=5).draw(1000, (28, 28), rng).bumps
    assert bumps.shape == (1000, 5, 5, 2)
    assert bumps.std() == pytest.approx(2, rel=0.02)
    assert bumps.mean() == pytest.approx(0, abs=0.05)


def test_the_ink_wobbles_by_about_half_the_elastic_setting(rng):
    bumps = Augmentation(elastic=2).draw(1000, (28, 28), rng).bumps
    basis = spline_basis(6, 28)
    assert np.einsum("ar,bc,nabk->nrck", basis, basis, bumps).std() == pytest.approx(1, rel=0.06)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_drawn_the_same_whatever_the_others_are(kind):
    value = KINDS[kind]
    alone = Augmentation(**{kind: value}).draw(10, (28, 28), np.random.default_rng(1))
    among = Augmentation(**KINDS).draw(10, (28, 28), np.random.default_rng(1))
    if kind == "elastic":
        np.testing.assert_array_equal(alone.bumps, among.bumps)
        return
    assert alone.bumps.shape == (10, 0, 0, 2)
    for name in ("down", "right") if kind == "shift" else (kind,):
        np.testing.assert_allclose(parts(alone)[name], parts(among)[name], atol=1e-4)


def test_the_same_seed_gives_the_same_bits(digits):
    images = digits.train.x[:50]
    first, second, other = (ALL(images, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_each_image_changes_in_its_own_way(digits, rng):
    same = np.repeat(digits.train.x[:1], 10, axis=0)
    assert len({image.tobytes() for image in ALL(same, rng)}) == 10


def test_many_images_are_changed_as_each_alone(digits):
    images = digits.train.x[:100]  # more than are computed at a time
    drawn = ALL.draw(100, (28, 28), np.random.default_rng(0))
    found = apply_warps(images, drawn)
    for k in 0, 41, 42, 99:
        alone = Warps(drawn.affine[k : k + 1], drawn.bumps[k : k + 1], drawn.thickness[k : k + 1])
        difference = apply_warps(images[k : k + 1], alone).astype(int)[0] - found[k]
        assert np.abs(difference).max() <= 1  # the sums may be in another order


def test_an_augmentation_can_be_pickled_and_compared():
    assert pickle.loads(pickle.dumps(ALL)) == ALL


# Any input


SIZES = st.tuples(*[st.integers(0, 7)] * 3, st.integers(0, 3))
DTYPES = st.sampled_from([np.uint8, np.float16, np.float32, np.float64])
SETTINGS = st.fixed_dictionaries(
    {kind: st.one_of(st.just(0), st.floats(0, 1 if kind == "thickness" else 1e4)) for kind in KINDS}
    | {"grid": st.integers(4, 8)}
)


@given(shape=SIZES, dtype=DTYPES, settings=SETTINGS, seed=st.integers(0, 9))
def test_any_images_keep_their_shape_type_and_range(shape, dtype, settings, seed):
    rng = np.random.default_rng(seed)
    images = random_images(rng, shape, dtype)
    found = Augmentation(**settings)(images, rng)
    assert found.shape == shape
    assert found.dtype == dtype
    if dtype != np.uint8:
        assert ((found >= 0) & (found <= 1)).all()


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=4, max_dims=4, max_side=6)))
def test_bytes_have_no_more_ink_than_the_darkest_before(images):
    assert ALL(images, np.random.default_rng(0)).max() <= images.max()


def test_images_laid_out_otherwise_in_memory_are_the_same(rng):
    images = random_images(rng)
    drawn = ALL.draw(5, (9, 12), rng)
    expected = apply_warps(images, drawn)
    for other in np.asfortranarray(images), images.astype(">f4"), np.flip(images[:, ::-1], 1):
        np.testing.assert_array_equal(apply_warps(other, drawn), expected)


# What is refused


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shift": -1}, "Augmentation takes shift from 0 to 10000, got -1"),
        ({"rotation": math.nan}, "Augmentation takes rotation from 0 to 10000, got nan"),
        ({"scale": math.inf}, "Augmentation takes scale from 0 to 10000, got inf"),
        ({"stretch": 1e5}, "Augmentation takes stretch from 0 to 10000, got 100000.0"),
        ({"shear": "0.2"}, "Augmentation takes shear from 0 to 10000, got '0.2'"),
        ({"thickness": 1.1}, "Augmentation takes thickness from 0 to 1, got 1.1"),
        ({"elastic": None}, "Augmentation takes elastic from 0 to 10000, got None"),
        ({"grid": 3}, "Augmentation takes a whole number from 4 to 32 as grid, got 3"),
        ({"grid": 33}, "whole number from 4 to 32 as grid, got 33"),
        ({"grid": 6.0}, "whole number from 4 to 32 as grid, got 6.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        Augmentation(**settings)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((28, 28), np.uint8), ShapeError, r"images have shape \(N, height, width, channels\), got \(28, 28\)"),
        (np.array(0, np.uint8), ShapeError, r"channels\), got \(\)"),
        (np.zeros((1, 2, 2, 1), int), DataError, r"uint8 in 0\.\.255 or floats in \[0, 1\], got int64"),
        (np.zeros((1, 2, 2, 1), bool), DataError, "got bool"),
        (np.full((1, 2, 2, 1), 255.0), DataError, r"floats in \[0, 1\], got float64 from 255 to 255"),
        (np.full((1, 2, 2, 1), np.nan), DataError, r"finite numbers, got nan at index \[0, 0, 0, 0\]"),
    ],
)
def test_what_are_no_images_is_refused(rng, images, error, message):
    with pytest.raises(error, match=message):
        ALL(images, rng)
    with pytest.raises(error, match=message):
        apply_warps(images, warps())


def test_each_image_needs_a_warp(rng):
    with pytest.raises(ShapeError, match="each of 5 images needs one warp, got 4"):
        apply_warps(random_images(rng), warps(4))


@pytest.mark.parametrize(
    ("name", "array", "error", "message"),
    [
        ("affine", np.zeros((2, 3), np.float32), ShapeError, r"affine of shape \(2, 2, 3\) for 2 images, got \(2, 3\)"),
        ("affine", np.zeros((2, 2, 3)), DataError, "Warps takes affine as float32, got float64"),
        (
            "affine",
            np.full((2, 2, 3), np.nan, np.float32),
            DataError,
            r"affine from -1e\+30 to 1e\+30, got nan at index \[0, 0, 0\]",
        ),
        ("bumps", np.zeros((2, 5, 4, 2), np.float32), ShapeError, r"bumps of shape \(2, 5, 5, 2\) for 2 images"),
        ("bumps", np.zeros((2, 3, 3, 2), np.float32), ShapeError, "no control points or at least 4 a side, got 3"),
        ("bumps", np.full((2, 4, 4, 2), np.inf, np.float32), DataError, r"bumps from -1e\+30 to 1e\+30, got inf"),
        ("thickness", np.float32([0, 1.5]), DataError, r"thickness from -1 to 1, got 1.5 at index \[1\]"),
    ],
)
def test_warps_that_make_no_sense_are_refused(name, array, error, message):
    drawn = ALL.draw(2, (28, 28), np.random.default_rng(0))
    with pytest.raises(error, match=message):
        replace(drawn, **{name: array})
