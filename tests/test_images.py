"""Pictures: any polarity, size and format comes to the MNIST form; the rest is refused."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkgrad.errors import PictureError
from inkgrad.images import cut_grid, find_ink, mnist_form, open_picture
from inkgrad.images.ink import otsu_threshold


def stroke(size=(120, 90), paper=1.0, ink=0.0, box=(30, 20, 45, 100)):
    """A thick bar on paper, as lightness."""
    picture = np.full(size, paper, np.float32)
    picture[box[1] : box[3], box[0] : box[2]] = ink
    return picture


def test_digits_of_mnist_come_back_as_they_were(digits):
    images = digits.test.x[:200, :, :, 0]
    for image in images:
        np.testing.assert_array_less(np.abs(mnist_form(image / 255).astype(int) - image).mean(), 1)


@pytest.mark.parametrize("scale", [1, 2, 7])
def test_size_and_polarity_do_not_matter(digits, scale):
    differences = []
    for image in digits.test.x[:50, :, :, 0]:
        large = np.kron(image, np.ones((scale, scale))) / 255
        dark_on_light, light_on_dark = mnist_form(find_ink(0.9 - 0.8 * large)), mnist_form(find_ink(0.1 + 0.8 * large))
        np.testing.assert_array_equal(dark_on_light, light_on_dark)
        differences.append(np.abs(dark_on_light.astype(int) - image).mean())
    assert np.mean(differences) < 10  # of 255; two digits of the test set differ by 40 on average


def test_the_form_is_that_of_mnist():
    digit = mnist_form(find_ink(stroke()))
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


def test_specks_are_removed():
    picture = stroke()
    clean = mnist_form(find_ink(picture))
    picture[5, 80] = picture[110, 3] = 0.0
    np.testing.assert_array_equal(mnist_form(find_ink(picture)), clean)


def test_a_picture_of_one_shade_is_refused():
    with pytest.raises(PictureError, match="no digit found: the picture is all one shade, 40% of white"):
        find_ink(np.full((30, 30), 0.4))
    with pytest.raises(PictureError, match="no digit found: there is no ink"):
        mnist_form(np.zeros((30, 30)))


def test_otsu_parts_two_groups():
    values = np.concatenate([np.full(900, 0.1), np.full(100, 0.8)])
    assert 0.1 < otsu_threshold(values) < 0.8


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "LA", "I;16", "I", "F"])
@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "bmp", "tiff"])
def test_every_mode_and_format_is_opened(tmp_path, mode, extension):
    grey = Image.fromarray((255 * stroke()).astype(np.uint8))
    deep = Image.fromarray((65535 * stroke()).astype(np.uint16))
    picture = deep if mode == "I;16" else grey.convert(mode)
    path = tmp_path / f"digit.{extension}"
    try:
        picture.save(path)
    except OSError:
        picture.convert("RGB").save(path)  # the format lacks the mode
    found = open_picture(path)
    assert found.shape == (120, 90)
    assert found[60, 37] == pytest.approx(0, abs=0.05)
    assert found[5, 5] == pytest.approx(1, abs=0.05)


def test_what_is_transparent_is_paper(tmp_path):
    picture = Image.new("RGBA", (90, 120), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((30, 20, 44, 99), fill=(0, 0, 0, 255))
    picture.save(tmp_path / "digit.png")
    np.testing.assert_allclose(open_picture(tmp_path / "digit.png"), stroke())


def test_how_the_camera_was_held_is_obeyed(tmp_path):
    picture = Image.fromarray((255 * stroke()).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    picture.save(tmp_path / "digit.png", exif=exif)
    np.testing.assert_allclose(open_picture(tmp_path / "digit.png"), np.rot90(stroke(), -1))


def picture_bytes(extension="PNG"):
    file = io.BytesIO()
    Image.fromarray((255 * stroke()).astype(np.uint8)).save(file, extension)
    return file.getvalue()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "is no picture of a known format"),
        (b"a letter to a friend", "is no picture of a known format"),
        (picture_bytes()[:100], "is a damaged or impossible picture"),
        (picture_bytes("JPEG")[:-300], "is a damaged or impossible picture"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(tmp_path, raw, message):
    (tmp_path / "photo.png").write_bytes(raw)
    with pytest.raises(PictureError, match=r"photo\.png " + message):
        open_picture(tmp_path / "photo.png")


@pytest.mark.parametrize("size", [(12000, 10000), (20000, 20000)])
def test_a_picture_too_large_for_the_memory_is_refused(tmp_path, size):
    Image.new("1", size).save(tmp_path / "huge.png")
    with pytest.raises(PictureError, match=r"huge\.png has more than 80,000,000 pixels: make it smaller"):
        open_picture(tmp_path / "huge.png")


def test_a_sheet_is_cut_row_by_row():
    sheet = np.arange(20 * 31).reshape(20, 31)
    cells = cut_grid(sheet, 2, 3)
    assert [cell.shape for cell in cells] == [(10, 11), (10, 10), (10, 10)] * 2
    assert cells[4][0, 0] == sheet[10, 11]
    with pytest.raises(PictureError, match="31 × 20 pixels is too small for 3 rows and 3 columns"):
        cut_grid(sheet, 3, 3)


def test_an_empty_page_of_16_bits_is_refused_like_one_of_8(tmp_path, rng):
    Image.fromarray(rng.integers(60000, 60100, (50, 50)).astype(np.uint16)).save(tmp_path / "page.png")
    with pytest.raises(PictureError, match="the picture is all one shade, 92% of white"):
        find_ink(open_picture(tmp_path / "page.png"))


def test_white_strokes_on_nothing_are_seen(tmp_path):
    picture = Image.new("RGBA", (90, 120), (255, 255, 255, 0))
    ImageDraw.Draw(picture).rectangle((30, 20, 44, 99), fill=(255, 255, 255, 255))
    picture.save(tmp_path / "digit.png")
    np.testing.assert_array_equal(
        mnist_form(find_ink(open_picture(tmp_path / "digit.png"))), mnist_form(find_ink(stroke()))
    )
