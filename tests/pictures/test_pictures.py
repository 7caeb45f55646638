"""Pictures: any picture becomes colours, colours become ink, and ink becomes pieces and rules."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw
from scipy import ndimage
from support.commands import output_of
from support.peak_memory import IMPORT_PEAK
from support.rules_on_paper import HIGH, rules_of, written

from inkgrad.errors import PictureError
from inkgrad.pictures import (
    Piece,
    at_working_size,
    cut_apart,
    find_pieces,
    find_rules,
    ink_on_paper,
    lightness_skew,
    mnist_form,
    open_picture,
    thresholds,
    without_rules,
)
from inkgrad.pictures.morphology import dilate, erode, opened, spread
from inkgrad.pictures.paper import find_skew, turned
from inkgrad.pictures.pieces import joined
from lab.synthetic import Look, write_line, write_lines, write_ruled


def stroke(paper=255, ink=0, dtype=np.uint8):
    """A thick bar on paper, as lightness, (120, 90)."""
    picture = np.full((120, 90), paper, dtype)
    picture[20:100, 30:45] = ink
    return picture


def encoded(picture, extension="PNG", **settings):
    file = io.BytesIO()
    picture.save(file, extension, **settings)
    return file.getvalue()


def form_of(colours, light_on_dark=False):
    """The MNIST form of the only digit of a picture."""
    ink = ink_on_paper(at_working_size(colours)[0], light_on_dark)
    return mnist_form(np.where(ink > thresholds(ink) / 2, ink, 0))


# Opening.


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "LA", "PA", "YCbCr", "I;16", "I", "F"])
@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "bmp", "tiff", "gif", "ppm"])
def test_every_mode_and_format_is_opened(tmp_path, mode, extension):
    grey = Image.fromarray(stroke())
    deep = Image.fromarray(stroke(65535, dtype=np.uint16))
    picture = deep if mode == "I;16" else grey.convert("RGB" if mode == "YCbCr" else "L").convert(mode)
    path = tmp_path / f"digit.{extension}"
    try:
        picture.save(path)
    except (OSError, ValueError):
        picture.convert("RGB").save(path)  # the format lacks the mode
    found = open_picture(path)
    assert found.dtype == np.uint8
    assert found.shape in [(120, 90, 1), (120, 90, 3)]
    np.testing.assert_allclose(found[60, 37], 0, atol=12)
    np.testing.assert_allclose(found[5, 5], 255, atol=12)


@pytest.mark.parametrize(
    "source",
    [
        encoded(Image.fromarray(stroke())),
        Image.fromarray(stroke()),
        Image.fromarray(stroke()).convert("RGBA"),
        stroke(),
        stroke()[..., np.newaxis],
        np.repeat(stroke()[..., np.newaxis], 3, axis=2),
        np.stack([stroke()] * 3 + [np.full_like(stroke(), 255)], axis=2),
        stroke() > 0,
        stroke() / 255,
        (stroke() / 255).astype(np.float16),
        stroke(65535, dtype=np.uint16),
        np.asfortranarray(stroke()),
    ],
    ids=lambda source: f"{type(source).__name__} {getattr(source, 'dtype', '')}",
)
def test_bytes_pillow_images_and_arrays_are_sources_like_files(source):
    found = open_picture(source)
    assert found.dtype == np.uint8
    for channel in np.moveaxis(found, 2, 0):
        assert channel.shape == (120, 90)
        assert {int(channel.min()), int(channel.max())} == {0, 255}
        assert (channel == 0).sum() == 15 * 80


def test_colours_stay_what_they_are():
    picture = np.zeros((4, 5, 3), np.uint8)
    picture[:] = 10, 200, 30
    for source in picture, Image.fromarray(picture), encoded(Image.fromarray(picture)), picture / 255:
        np.testing.assert_array_equal(open_picture(source), picture)


def test_16_bits_become_8():
    deep = np.array([[0, 255, 256, 32768, 65535]], np.uint16)
    for source in deep, Image.fromarray(deep), encoded(Image.fromarray(deep)):
        assert open_picture(source).ravel().tolist() == [0, 0, 1, 128, 255]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_32_bits_are_stretched_to_all_shades(dtype):
    values = np.array([[-3, 0, 7]], dtype)
    assert open_picture(encoded(Image.fromarray(values), "TIFF")).ravel().tolist() == [0, 76, 255]
    assert open_picture(Image.fromarray(np.full((2, 2), 5, dtype))).tolist() == [[[0], [0]]] * 2


def test_of_several_pictures_in_a_file_the_first_is_taken():
    frames = [Image.fromarray(stroke(ink=shade)) for shade in (0, 100, 200)]
    for extension in "GIF", "TIFF", "WEBP", "PNG":
        raw = encoded(frames[0], extension, save_all=True, append_images=frames[1:])
        assert open_picture(raw).min() < 5


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_strips_of_a_picture_have_the_colours_that_the_whole_has(rng, mode):
    """A million pixels are some strips; Pillow turns the whole into colours at once."""
    picture = Image.fromarray(rng.integers(0, 256, (1000, 1001, 4), np.uint8)).convert(mode)
    wanted = picture
    if picture.has_transparency_data:
        wanted = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    wanted = np.asarray(wanted.convert("L" if mode in ("1", "L") else "RGB")).reshape(1000, 1001, -1)
    np.testing.assert_array_equal(open_picture(picture), wanted)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_strips_of_deep_numbers_are_stretched_by_the_range_of_the_whole(rng, dtype):
    values = rng.integers(0, 2**16, (1000, 1001)).astype(dtype)
    low, high = int(values.min()), int(values.max())
    wanted = values >> 8 if dtype == np.uint16 else np.rint((values.astype(float) - low) / (high - low) * 255)
    np.testing.assert_array_equal(open_picture(Image.fromarray(values))[..., 0], wanted)


PEAK = f"""{IMPORT_PEAK}
from inkgrad.pictures import open_picture
height, width, _ = open_picture(sys.argv[1]).shape
assert height * width == 80_000_000
print(peak_bytes())
"""
MAKE = """
import sys
from PIL import Image
mode, path, orientation = sys.argv[1:]
picture = Image.new("L", (10_000, 8000), 255)
picture.paste(0, (100, 100, 1000, 900))
exif = Image.Exif()
exif[0x112] = int(orientation)
if mode == "clear":
    picture = Image.new("RGBA", picture.size, (255, 255, 255, 0))
picture = picture.convert("RGBA" if mode == "clear" else mode)
picture.save(path, exif=exif) if orientation != "1" else picture.save(path)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "extension", "orientation"),
    [(mode, "png", 1) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "clear")]
    + [(mode, "tiff", 1) for mode in ("CMYK", "I", "F")]
    + [("RGB", "jpg", 6)],
)
def test_the_largest_picture_takes_at_most_a_gigabyte(tmp_path, mode, extension, orientation):
    path = tmp_path / f"large.{extension}"
    output_of(MAKE, mode, path, orientation)
    assert int(output_of(PEAK, path)) < 10**9


def test_a_webp_picture_may_have_fewer_pixels_than_others(tmp_path):
    """It is unpacked in more memory; the header of this one says 8000 × 8000."""
    small = encoded(Image.new("RGB", (8, 8)), "WEBP", lossless=True)
    start = small.index(b"VP8L") + 9
    sides = (int.from_bytes(small[start : start + 4], "little") >> 28 << 28) | 7999 << 14 | 7999
    huge = small[:start] + sides.to_bytes(4, "little") + small[start + 4 :]
    with pytest.raises(PictureError, match="more than 60,000,000 pixels, each of which takes 16 bytes"):
        open_picture(huge)


def test_what_is_transparent_is_paper():
    picture = Image.new("RGBA", (90, 120), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((30, 20, 44, 99), fill=(0, 0, 0, 255))
    for source in picture, encoded(picture), np.asarray(picture), encoded(picture, "WEBP", lossless=True):
        np.testing.assert_array_equal(open_picture(source)[..., 0], stroke())


def test_white_strokes_on_nothing_are_seen():
    picture = Image.new("RGBA", (90, 120), (255, 255, 255, 0))
    ImageDraw.Draw(picture).rectangle((30, 20, 44, 99), fill=(255, 255, 255, 255))
    np.testing.assert_array_equal(open_picture(encoded(picture))[..., 0], stroke(0, 255))


def test_a_transparent_colour_of_a_palette_is_paper():
    picture = Image.fromarray((stroke() == 0).astype(np.uint8)).convert("P")
    picture.putpalette([200, 0, 0, 0, 0, 0])  # red paper
    found = open_picture(encoded(picture, "GIF", transparency=0))
    np.testing.assert_array_equal(found[..., 0], stroke())


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_how_the_camera_was_held_is_obeyed(orientation, turns):
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = open_picture(encoded(Image.fromarray(stroke()), exif=exif))
    np.testing.assert_array_equal(found[..., 0], np.rot90(stroke(), turns))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", r"must be an undamaged picture file \(PNG, JPEG, "),
        (b"a letter to a friend", "must be an undamaged picture file"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "must be an undamaged picture file"),
        (encoded(Image.fromarray(stroke()))[:100], "is a damaged or impossible picture"),
        (encoded(Image.fromarray(stroke()), "JPEG")[:-300], "is a damaged or impossible picture"),
    ],
    ids=["empty", "text", "PostScript", "PNG", "JPEG"],
)
def test_what_is_no_picture_is_refused_by_name(tmp_path, raw, message):
    (tmp_path / "photo.png").write_bytes(raw)
    with pytest.raises(PictureError, match=r"photo\.png " + message):
        open_picture(tmp_path / "photo.png")
    with pytest.raises(PictureError, match="the upload " + message):
        open_picture(raw, name="the upload")


def test_a_palette_that_lacks_is_said():
    raw = encoded(Image.fromarray(stroke()).convert("P"))
    start = raw.index(b"PLTE") - 4
    end = start + 12 + int.from_bytes(raw[start : start + 4])  # length, name, the colours and a checksum
    with pytest.raises(
        PictureError, match="the picture is damaged: its colours are places in a palette, which it lacks"
    ):
        open_picture(raw[:start] + raw[end:])


@pytest.mark.parametrize("size", [(12000, 10000), (20000, 20000)])
def test_a_picture_too_large_for_the_memory_is_refused(tmp_path, size):
    Image.new("1", size).save(tmp_path / "huge.png")
    with pytest.raises(
        PictureError,
        match=r"huge\.png has more than 80,000,000 pixels, each of which takes 12 bytes of memory: make it smaller",
    ):
        open_picture(tmp_path / "huge.png")


def test_an_array_too_large_for_the_memory_is_refused():
    huge = np.broadcast_to(np.uint8(0), (10_000, 10_000))
    with pytest.raises(PictureError, match=r"the array has more than 80,000,000 pixels"):
        open_picture(huge)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(5, np.uint8), r"\(height, width\) or \(height, width, channels\) with 1, 3 or 4 .* got \(5,\)"),
        (np.zeros((2, 3, 2), np.uint8), r"with 1, 3 or 4 channels, got \(2, 3, 2\)"),
        (np.zeros((1, 2, 3, 3), np.uint8), r"got \(1, 2, 3, 3\)"),
        (np.zeros((2, 3), np.int64), r"should hold uint8, uint16, bool, or floats in \[0, 1\], got int64"),
        (np.zeros((2, 3), complex), "got complex128"),
        (np.array([["1", "2"]]), "got <U1"),
        (np.array([[0, None]]), "got object"),
        (np.full((2, 3), np.nan), r"floats in \[0, 1\], got NaN"),
        (np.array([[0.5, np.nan]], np.float32), r"floats in \[0, 1\], got NaN"),
        (np.array([[0, 255.0]]), "got floats from 0 to 255"),
        (np.array([[-0.25, 1]]), "got floats from -0.25 to 1"),
        (np.array([[0, np.inf]]), "got floats from 0 to inf"),
    ],
    ids=lambda value: f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else "",
)
def test_arrays_that_are_no_picture_are_refused(array, message):
    with pytest.raises(PictureError, match=message):
        open_picture(array)
    with pytest.raises(PictureError, match=r"^row 7 should "):
        open_picture(array, name="row 7")


def test_a_picture_with_nan_is_refused():
    values = np.array([[0, np.nan]], np.float32)
    with pytest.raises(PictureError, match=r"the picture holds NaN or infinity"):
        open_picture(encoded(Image.fromarray(values), "TIFF"))


# The MNIST form.


def test_digits_of_mnist_come_back_nearly_as_they_were(digits):
    images = digits.test.x[:200, :, :, 0]
    apart = [np.abs(mnist_form(image / 255).astype(int) - image).mean() for image in images]
    assert np.mean(apart) < 2  # of 255; two digits of the test set are 40 apart on average
    assert np.mean(np.array(apart) < 2) > 0.99  # one is moved by a pixel, its centre being half way between two


@pytest.mark.parametrize("scale", [1, 2, 7])
def test_size_and_polarity_do_not_matter(digits, scale):
    apart, unlike = [], []
    for image in digits.test.x[:50, :, :, 0]:
        large = np.kron(image / 255, np.ones((scale, scale)))
        dark = form_of(open_picture(np.rint(230 - 205 * large).astype(np.uint8)))
        light = form_of(open_picture(np.rint(25 + 205 * large).astype(np.uint8)), light_on_dark=True)
        unlike.append(np.abs(dark.astype(int) - light).mean())
        apart.append(np.abs(dark.astype(int) - image).mean())
    assert sorted(unlike)[-3] < 0.5  # of 255: shades are rounded, and so now and then a pixel counts in one of them
    assert np.mean(apart) < 12


def test_the_form_is_that_of_mnist():
    digit = mnist_form(stroke(0, 1) * 1.0)
    assert digit.shape == (28, 28)
    assert digit.dtype == np.uint8
    rows, columns = np.nonzero(digit)
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 == 4  # 15 × 80 scaled by 20/80: the aspect is kept
    assert rows.mean() == pytest.approx(14, abs=0.5)
    assert columns.mean() == pytest.approx(14, abs=0.5)
    assert digit.max() == 255


def test_wide_ink_is_put_in_the_same_box():
    digit = mnist_form(np.ones((3, 60)))
    assert np.flatnonzero(digit.any(axis=0)).tolist() == list(range(4, 24))
    assert np.flatnonzero(digit.any(axis=1)).tolist() == [14]


def test_a_lopsided_digit_stays_inside_the_frame():
    ink = np.zeros((100, 100))
    ink[:, 0] = 0.1
    ink[90:, 90:] = 1
    assert (mnist_form(ink) > 0).any(axis=1).sum() == 20


def test_thin_strokes_are_as_dark_as_thick_ones():
    thin, thick = np.zeros((200, 100)), np.zeros((200, 100))
    thin[:, 49:51] = thick[:, 40:60] = 1
    assert mnist_form(thin).max() == mnist_form(thick).max() == 255


def test_there_is_no_form_without_ink():
    with pytest.raises(PictureError, match="no digit found: there is no ink"):
        mnist_form(np.zeros((30, 30)))


# Paper and ink.


@pytest.mark.parametrize(
    ("size", "expected", "factor"),
    [
        ((300, 200), (300, 200), 1),
        ((28, 28), (56, 56), 2),
        ((12, 30), (48, 120), 4),
        ((1, 1), (1, 1), 1),
        ((20, 20_000), (20, 20_000), 1),  # enlarged it would be too large
        ((2000, 3000), (1000, 1500), 1 / 2),
        ((3000, 4000), (1500, 2000), 1 / 2),  # as telephones take them
        ((3001, 4000), (1001, 1334), 1 / 3),
        ((1, 4_000_000), (1, 4_000_000), 1),
    ],
)
def test_pictures_are_worked_on_at_a_size_that_fits(size, expected, factor):
    for channels in 1, 3:
        colours = np.zeros((*size, channels), np.uint8)
        work, found = at_working_size(colours)
        assert (work.shape, found) == ((*expected, channels), factor)


def test_the_skew_of_lightness_tells_dark_ink_from_light(digits):
    for seed in range(5):
        colours = write_lines([5, 5], Look(paper=(220, 210, 190)), np.random.default_rng(seed), digits.train).picture
        assert lightness_skew(colours) < -0.5
        assert lightness_skew(255 - colours) == pytest.approx(-lightness_skew(colours), rel=1e-3)
    assert lightness_skew(np.full((50, 60, 3), 200, np.uint8)) == 0


def half_lit(shape):
    """Light that falls from 1 to 0.4, and a soft shadow over the lower right, as factors (height, width, 1)."""
    down, right = np.linspace(0, 1, shape[0])[:, None], np.linspace(0, 1, shape[1])
    gradient = 1 - 0.6 * (down + right) / 2
    shadow = 1 - 0.5 / (1 + np.exp(-(right + 0.3 * down - 0.7) * 20))
    return gradient[..., None], shadow[..., None]


@pytest.mark.parametrize("which", [0, 1], ids=["gradient", "shadow"])
def test_ink_is_the_same_in_uneven_light(digits, which):
    page = write_lines([6, 6, 6], Look(paper=(235, 230, 220), ink=(30, 30, 60)), np.random.default_rng(0), digits.train)
    light = half_lit(page.picture.shape)[which]
    lit = np.rint(page.picture * light).astype(np.uint8)
    plain, uneven = ink_on_paper(page.picture), ink_on_paper(lit)
    np.testing.assert_allclose(uneven, plain, atol=0.2)  # darkest corner of a coarse paper
    assert np.abs(uneven - plain).mean() < 0.02  # the light itself differs by 0.3 and more
    assert ((uneven > thresholds(uneven)) != (plain > thresholds(plain))).mean() < 0.005


@pytest.mark.parametrize(
    ("ink", "paper"),
    [((30, 50, 140), (200, 200, 205)), ((250, 230, 90), (40, 60, 50)), ((200, 60, 60), (255, 240, 150))],
)
def test_coloured_ink_is_seen_where_it_shows(digits, ink, paper):
    plain, coloured = (
        write_line("123", Look(ink=pen, paper=sheet), np.random.default_rng(0), digits.train).picture
        for pen, sheet in [((0, 0, 0), (255, 255, 255)), (ink, paper)]
    )
    found = ink_on_paper(coloured, light_on_dark=sum(ink) > sum(paper))
    wrong = (found > thresholds(found)) != (plain[..., 0] < 128)
    assert wrong.mean() < 0.001  # pixels half covered with ink go either way


def test_an_empty_page_has_no_strokes():
    for page in np.full((80, 90, 1), 200, np.uint8), np.full((80, 90, 3), 0, np.uint8):
        ink = ink_on_paper(page)
        assert not (ink > thresholds(ink)).any()


def test_a_stroke_ends_half_way_down_its_edge():
    ink = 0.6 * ndimage.gaussian_filter(stroke(0, 1).astype(np.float32), 2)
    assert thresholds(ink)[60, 37] == pytest.approx(0.3, abs=0.06)
    mask = ink > thresholds(ink)
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max() + 1) == pytest.approx((20, 100), abs=1)
    assert (columns.min(), columns.max() + 1) == pytest.approx((30, 45), abs=1)


def test_faint_strokes_count_far_from_dark_ones():
    ink = np.zeros((300, 600), np.float32)
    ink[100:200, 50:60], ink[100:200, 540:550] = 0.9, 0.45
    assert (ink > thresholds(ink)).sum() == 2000


# Morphology.


masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20))
lengths, axes = st.integers(1, 25), st.integers(0, 1)


@given(masks, lengths, axes)
@settings(deadline=None)
def test_erosion_and_dilation_agree_with_scipy(mask, n, axis):
    wide = mask.astype(np.int8)
    all_ink = ndimage.minimum_filter1d(wide, n, axis, mode="constant", cval=0, origin=-(n // 2))
    any_ink = ndimage.maximum_filter1d(wide, n, axis, mode="constant", cval=0, origin=(n - 1) // 2)
    np.testing.assert_array_equal(erode(mask, n, axis), all_ink > 0)
    np.testing.assert_array_equal(dilate(mask, n, axis), any_ink > 0)


@given(masks, lengths, axes)
@settings(deadline=None)
def test_opening_and_spreading_agree_with_scipy(mask, n, axis):
    line, both = (np.ones((k, 1) if axis == 0 else (1, k), bool) for k in (n, 2 * n + 1))
    np.testing.assert_array_equal(opened(mask, n, axis), ndimage.binary_opening(mask, line))
    np.testing.assert_array_equal(spread(mask, n, axis), ndimage.binary_dilation(mask, both))


# Rules.


@pytest.mark.parametrize("axis", [0, 1], ids=["down", "across"])
@pytest.mark.parametrize("thick", [1, 2, 4])
def test_rules_are_found_and_taken_out(digits, axis, thick):
    colours = written(digits)
    place = 3, colours.shape[1 - axis] - 9  # of the rules, clear of the writing
    clean = rules_of(colours)[0]
    for at in place:
        colours.swapaxes(0, 1 - axis)[at : at + thick] = 90
    strokes, rules = rules_of(colours)
    found, none = (rules.across, rules.down) if axis == 1 else (rules.down, rules.across)
    for at in place:
        assert found.swapaxes(0, 1 - axis)[at : at + thick].mean() > 0.95
    assert not none.any()
    rest = without_rules(strokes, rules)
    for at in place:
        assert rest.swapaxes(0, 1 - axis)[at : at + thick].mean() < 0.02
    assert (clean & ~rest).sum() < 0.01 * clean.sum()


def test_a_stroke_that_crosses_a_rule_stays_whole():
    colours = np.full((120, 400, 1), 255, np.uint8)
    for left in range(40, 360, 40):
        colours[30:90, left : left + 6] = 0
    colours[70:73] = 100
    strokes, rules = rules_of(colours)
    assert rules.across[70:73].mean() > 0.8
    pieces = find_pieces(without_rules(strokes, rules), 6)
    assert len(pieces) == 8
    for piece in pieces:
        assert (piece.top, piece.bottom) == (30, 90)
        assert piece.width <= 6 + 2 * 3  # across a rule three pixels thick, strokes may go aslant


def test_writing_along_rules_too_faint_to_be_strokes_stays():
    """They were taken as dark as what is written along them, which is all that is left of them."""
    ink = np.zeros((200, 300))
    ink[::25] = ink[:, ::25] = 0.3
    writing = np.zeros(ink.shape, bool)
    for left in 50, 100, 150, 200:
        writing[60:100, left : left + 4] = writing[98:102, left : left + 30] = True
    ink[writing] = 0.9
    rules = find_rules(ink, writing, ink > 0.2)
    assert len(rules.segments) > 10
    np.testing.assert_array_equal(without_rules(writing, rules), writing)


def test_writing_on_rules_stays_whole(digits):
    page = write_ruled([6, 7], Look(unsteady=0), np.random.default_rng(2), digits.train, apart=1.6)
    plain = write_lines([6, 7], Look(unsteady=0), np.random.default_rng(2), digits.train)
    strokes, rules = rules_of(page.picture)
    pieces = [piece for piece in find_pieces(without_rules(strokes, rules), 5) if piece.height > 0.5 * HIGH]
    assert len(pieces) == len(page.digits) == len(plain.digits)


@pytest.mark.parametrize("text", ["1", "7", "17", "1171", "71", "4141", "77777"])
@pytest.mark.parametrize("pen", [None, 0.05])
def test_no_stroke_of_a_digit_is_a_rule(digits, text, pen):
    for seed in range(6):
        colours = write_line(text, Look(height=60, pen=pen), np.random.default_rng(seed), digits.train).picture
        assert not rules_of(colours)[1], seed


def test_a_picture_of_rules_alone_keeps_them():
    colours = np.full((100, 100, 1), 255, np.uint8)
    colours[50:53] = 0
    assert not rules_of(colours)[1]  # it may be a dash, but then nothing would be left


# Pieces and cuts.


def test_pieces_are_connected_ink_without_specks():
    strokes = np.zeros((100, 200), bool)
    strokes[20:60, 10:16] = strokes[30:80, 100:130] = True
    strokes[10, 10] = strokes[90, 180:182] = True
    pieces = sorted(find_pieces(strokes, 6), key=lambda piece: piece.left)
    assert [(each.top, each.left, each.bottom, each.right) for each in pieces] == [(20, 10, 60, 16), (30, 100, 80, 130)]
    assert [each.middle for each in pieces] == [(40, 13), (55, 115)]
    assert all(each.mask.all() for each in pieces)
    assert find_pieces(np.zeros((5, 5), bool), 1) == []


def test_pieces_touch_at_corners_and_have_masks_of_their_own():
    strokes = np.zeros((60, 60), bool)
    strokes[np.arange(50), np.arange(50)] = True  # aslant, one pixel wide
    strokes[5:15, 40:45] = True  # within its rectangle
    first, second = sorted(find_pieces(strokes, 1), key=lambda piece: piece.left)
    assert first.mask.sum() == 50
    assert second.mask.sum() == 50


def test_a_box_around_other_pieces_is_no_piece():
    strokes = np.zeros((100, 100), bool)
    strokes[10:80, 10:70] = True
    strokes[14:76, 14:66] = False
    strokes[30:60, 35:40] = True
    (piece,) = find_pieces(strokes, 4)
    assert (piece.top, piece.left) == (30, 35)


def test_joined_pieces_cover_both():
    one = joined([Piece(10, 20, np.ones((5, 2), bool)), Piece(12, 30, np.ones((9, 4), bool))])
    assert (one.top, one.left, one.bottom, one.right) == (10, 20, 21, 34)
    assert one.mask.sum() == 10 + 36


def discs(apart, radius=15):
    """Two discs whose middles are so far apart, as ink."""
    rows, columns = np.mgrid[: 2 * radius + 11, : 2 * radius + 11 + apart]
    middles = [(radius + 5, radius + 5), (radius + 5, radius + 5 + apart)]
    return [np.hypot(rows - row, columns - column) <= radius for row, column in middles]


@pytest.mark.parametrize("apart", [24, 27, 30])
def test_two_touching_blobs_are_parted(apart):
    left, right = discs(apart)
    (piece,) = find_pieces(left | right, 15)
    parts = cut_apart(piece, (left | right).astype(np.float32), high=31)
    best = 0
    for k in range(1, len(parts)):
        first, second = joined(parts[:k]), joined(parts[k:])
        share = first.mask.sum() / piece.mask.sum()
        best = max(best, min(share, 1 - share) if first.right - second.left < 12 else 0)
    assert best > 0.45


def test_the_parts_make_up_the_piece(digits):
    for seed in range(10):
        colours = write_line(2, Look(touching=1), np.random.default_rng(seed), digits.train).picture
        ink = ink_on_paper(colours)
        for piece in find_pieces(ink > thresholds(ink), 5):
            whole = np.zeros(ink.shape, int)
            parts = cut_apart(piece, ink, HIGH)
            for part in parts:
                whole[part.top : part.bottom, part.left : part.right] += part.mask
            own = whole[piece.top : piece.bottom, piece.left : piece.right]
            np.testing.assert_array_equal(own, piece.mask)
            assert whole.sum() == piece.mask.sum()


# Skew.


@pytest.mark.parametrize("degrees", range(-12, 13, 3))
def test_skew_is_found_to_a_degree(digits, degrees):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        page = write_lines([8, 8, 8, 8], Look(rotation=degrees, unsteady=0.2), rng, digits.train)
        ink = ink_on_paper(page.picture)
        assert find_skew(ink > thresholds(ink), HIGH) == pytest.approx(-degrees, abs=1)  # clockwise, rows fall
        level = turned(ink, find_skew(ink > thresholds(ink), HIGH))
        assert abs(find_skew(level > thresholds(level), HIGH)) <= 1


def test_little_ink_is_not_turned():
    strokes = np.zeros((50, 50), bool)
    assert find_skew(strokes, 10) == 0
    strokes[10:15, 10:15] = True
    assert find_skew(strokes, 10) == 0
