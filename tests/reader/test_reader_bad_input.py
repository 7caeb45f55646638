"""The reader meets anything: it reads, reads nothing, or says in one line why it cannot; nothing else."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from inkgrad.errors import PictureError
from inkgrad.reader import Reader, Reading

FORMATS = ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]
READER = Reader()


def seven(shape=(60, 50)):
    """A seven, dark on light, (height, width)."""
    picture = np.full(shape, 235, np.uint8)
    picture[12:17, 12:38] = picture[12:48, 33:38] = 20
    return picture


def encoded(picture, extension="PNG", **settings):
    file = io.BytesIO()
    picture.save(file, extension, **settings)
    return file.getvalue()


FILES = {extension: encoded(Image.fromarray(seven()), extension) for extension in FORMATS}


def read_or_refused(source):
    """The reading, of which everything can be asked, or None where it is refused in one clear line."""
    try:
        reading = READER.read(source)
    except (PictureError, OSError) as refusal:
        message = str(refusal)
        assert len(message.splitlines()) == 1
        return None
    assert isinstance(reading, Reading)
    assert 0 <= reading.probability <= 1
    assert "".join(reading.text.split()) == "".join(character.label for character in reading.characters)
    return reading


# Files.


@pytest.mark.parametrize("extension", FORMATS)
def test_a_whole_file_is_read(tmp_path, extension):
    (tmp_path / "seven").write_bytes(FILES[extension])
    for source in FILES[extension], tmp_path / "seven", str(tmp_path / "seven"):
        assert READER.read(source).text == "7"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "must be an undamaged picture file"),
        (b"a letter to a friend", "must be an undamaged picture file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "must be an undamaged picture file"),
        (FILES["PNG"][:-40], "is a damaged or impossible picture"),
        (FILES["JPEG"][:-300], "is a damaged or impossible picture"),
        (
            b"P5 9999 9999 255\n",
            "has more than 80,000,000 pixels, each of which takes 12 bytes of memory: make it smaller",
        ),
        (
            b"P5 99999 99999 255\n",
            "has more than 80,000,000 pixels, each of which takes 12 bytes of memory: make it smaller",
        ),
    ],
    ids=["empty", "text", "SVG", "cut PNG", "cut JPEG", "large", "huge"],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path, raw, message):
    path = tmp_path / "photo.png"
    path.write_bytes(raw)
    with pytest.raises(PictureError, match=r"photo\.png " + message):
        READER.read(path)
    with pytest.raises(PictureError, match="the picture " + message):
        READER.read(raw)
    readings = list(READER.read_many([path, FILES["PNG"], raw], workers=1))
    assert [reading.text for reading in readings] == ["", "7", ""]
    assert [message in (reading.error or "") for reading in readings] == [True, False, True]
    assert "\n" not in readings[0].error
    assert readings[0].size == (0, 0)


def test_a_folder_and_a_missing_file_are_refused_by_name(tmp_path):
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        READER.read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png"):
        READER.read(tmp_path / "nowhere.png")
    folder, missing, good = READER.read_many([tmp_path, str(tmp_path / "nowhere.png"), FILES["PNG"]], workers=2)
    assert folder.error == f"{tmp_path}: Is a directory"
    assert missing.error == f"{tmp_path / 'nowhere.png'}: No such file or directory"
    assert (good.error, good.text) == (None, "7")


def test_pictures_that_turn_out_damaged_when_loaded_are_refused():
    half = Image.open(io.BytesIO(FILES["BMP"][:-500]))
    assert "truncated" in next(READER.read_many([half], workers=1)).error


def test_many_pictures_may_be_none_at_all():
    assert list(READER.read_many([])) == []
    assert READER([]) == []


# Kinds of pictures.


@pytest.mark.parametrize("extension", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_moving_pictures_the_first_is_read(extension):
    frames = [Image.fromarray(seven()), Image.fromarray(np.full((60, 50), 235, np.uint8))]
    assert READER.read(encoded(frames[0], extension, save_all=True, append_images=frames[1:])).text == "7"


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "LA", "PA", "YCbCr", "HSV", "I", "F"])
def test_every_mode_of_pillow_is_read(mode):
    from_colour = Image.fromarray(seven()).convert("RGB")
    picture = (from_colour.convert("L") if mode in ("I", "F", "LA", "PA") else from_colour).convert(mode)
    assert READER.read(picture).text == "7"


@pytest.mark.parametrize("raw", [encoded(Image.fromarray(seven()).convert("CMYK"), "JPEG"), FILES["GIF"]])
def test_cmyk_and_palettes_are_read_from_files(raw):
    assert Image.open(io.BytesIO(raw)).mode in ("CMYK", "L", "P")
    assert READER.read(raw).text == "7"


def test_a_mode_that_cannot_be_converted_is_refused():
    with pytest.raises(PictureError):
        READER.read(Image.new("La", (5, 5)))


@pytest.mark.parametrize("values", [[np.nan, 1], [np.inf, 1]], ids=["NaN", "infinity"])
def test_floats_that_are_no_shades_are_refused(values):
    assert read_or_refused(encoded(Image.fromarray(np.array([values] * 2, np.float32)), "TIFF")) is None


@pytest.mark.parametrize("white", [1e-30, 1, 3e38])
def test_floats_of_any_range_are_stretched(white):
    shades = np.where(seven() > 128, white, -white).astype(np.float32)
    assert READER.read(encoded(Image.fromarray(shades), "TIFF")).text == "7"


@pytest.mark.parametrize("thing", [None, 7, [[0, 1]], bytearray(b"")], ids=repr)
def test_what_is_no_source_of_a_picture_is_refused(thing):
    with pytest.raises(PictureError, match=f"should be a path, bytes, .* got {type(thing).__name__}"):
        READER.read(thing)
    assert [bool(reading.error) for reading in READER.read_many([thing, np.full((30, 30), 255, np.uint8)])] == [
        True,
        False,
    ]


def test_a_path_with_a_null_byte_is_refused():
    assert read_or_refused("seven\0.png") is None


# Sizes and emptiness.


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (3, 3), (1, 500), (500, 1), (20, 20_000), (20_000, 20)])
def test_odd_sizes_have_a_reading(shape):
    picture = np.full(shape, 255, np.uint8)
    assert READER.read(picture).digits == ()
    picture[shape[0] // 3 : shape[0] // 2 + 1, shape[1] // 3 : shape[1] // 2 + 1] = 0
    assert read_or_refused(picture).size == shape[::-1]


@pytest.mark.parametrize("side", [60, 100])
def test_a_page_with_nothing_but_a_speck_is_empty(side):
    picture = np.full((side, side), 255, np.uint8)
    picture[side // 2, side // 2] = 0
    assert READER.read(picture).digits == ()


def test_a_grainy_empty_page_has_no_sure_digits(rng):
    picture = rng.normal(200, 3, (150, 200)).astype(np.uint8)
    assert READER.read(picture).text.strip("?\n") == ""


@pytest.mark.parametrize("shade", [0, 128, 255])
@pytest.mark.parametrize("shape", [(80, 100), (80, 100, 3), (28, 28), (0, 0), (0, 7), (7, 0, 3), (0, 0, 4)])
def test_a_page_of_one_shade_is_empty(shape, shade):
    reading = READER.read(np.full(shape, shade, np.uint8))
    assert (reading.digits, reading.lines, reading.text, reading.table, reading.error) == ((), (), "", None, None)
    assert reading.probability == 1
    assert reading.size == (shape[1], shape[0])


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "RGBA", "LA", "I", "F"])
def test_pillow_images_without_pixels_are_empty(mode):
    assert READER.read(Image.new(mode, (0, 5))).digits == ()


@pytest.mark.parametrize("dtype", [np.uint8, np.float64, bool])
def test_an_array_too_large_is_refused(dtype):
    huge = np.broadcast_to(dtype(0), (80_001, 1000))
    with pytest.raises(
        PictureError,
        match=r"^the array has more than 80,000,000 pixels, each of which takes 12 bytes of memory: make it smaller$",
    ):
        READER.read(huge)
    assert "80,000,000" in READER([huge])[0].error


# Fuzz: hypothesis tries to find what else may go wrong.


FEW = settings(max_examples=60, deadline=None)


@given(st.binary(max_size=400), st.sampled_from([b"", *(raw[:12] for raw in FILES.values()), b"P5 4 4 255\n"]))
@FEW
def test_random_bytes_are_read_or_refused(raw, start):
    read_or_refused(start + raw)


@pytest.mark.parametrize("extension", FORMATS)
@given(st.data())
@FEW
def test_damaged_files_are_read_or_refused(extension, data):
    raw = bytearray(FILES[extension])
    for _ in range(data.draw(st.integers(0, 8))):
        near = st.integers(0, min(60, len(raw) - 1)) | st.integers(0, len(raw) - 1)  # headers are the weak spot
        raw[data.draw(near)] = data.draw(st.integers(0, 255))
    stop = data.draw(st.just(len(raw)) | st.integers(0, len(raw)))
    read_or_refused(bytes(raw[:stop]))


dtypes = st.sampled_from(["u1", "u2", ">u2", "i4", "i8", "?", "f2", "f4", "f8", ">f4", "c8", "O", "U1", "m8[s]"])
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=40)
IMAGE_SHAPES = st.tuples(st.integers(1, 80), st.integers(1, 80)) | st.tuples(
    st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4])
)


@given(dtypes, shapes | IMAGE_SHAPES, st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 300]))
@FEW
def test_random_arrays_are_read_or_refused(dtype, shape, seed, top):
    noise = np.asarray(np.random.default_rng(seed).random(shape) * top)
    read_or_refused(np.asarray(noise.astype(int) if dtype == "m8[s]" else noise).astype(dtype))


@given(IMAGE_SHAPES, st.integers(0, 2**32 - 1), st.floats(0, 0.2))
@FEW
def test_random_dots_are_read_or_refused(shape, seed, share):
    dots = np.random.default_rng(seed).random(shape) > share
    assert read_or_refused(dots.repeat(2, axis=0).repeat(2, axis=1)) is not None
