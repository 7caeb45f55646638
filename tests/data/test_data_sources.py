"""Data sources: the forms that people have their data in, from files as they come; and files that are no such thing."""

import gzip
from itertools import product

import numpy as np
import pytest
from PIL import Image

from inkgrad.data import DataSource, load_data, read_class_names, write_idx
from inkgrad.data.data_source import kept_for_testing
from inkgrad.data.idx_set import IMAGES, LABELS
from inkgrad.errors import DataError

PIXELS = [f"pixel{k}" for k in range(784)]


@pytest.fixture(scope="module")
def images(digits):
    """Sixty digits of three classes, uint8 (60, 28, 28), and their class numbers."""
    few = np.concatenate([np.flatnonzero(digits.train.t == k)[:20] for k in range(3)])
    return digits.train.x[few, :, :, 0], digits.train.t[few].astype(int)


def write_table(path, rows, header=None, delimiter=","):
    lines = [delimiter.join(map(str, row)) for row in ([header] if header else []) + list(rows)]
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def rows_of(images, labels):
    return [[label, *image.ravel()] for image, label in zip(images, labels, strict=True)]


def write_set(folder, names, images, labels):
    """Write four IDX files, the test set being the first fifteen of the training set."""
    for name, array in zip(names, (images, labels, images[:15], labels[:15]), strict=True):
        write_idx(folder / name, np.ascontiguousarray(array))


def write_pictures(folder, images, labels, ending=".png"):
    for k, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"{k}{ending}")
    return folder


def on_paper(image, scale, paper=235, ink=40):
    """Return a digit as dark ink in a corner of a larger light picture."""
    large = Image.fromarray(image).resize((28 * scale, 28 * scale), Image.Resampling.BICUBIC)
    page = np.full((40 * scale, 50 * scale), paper, np.uint8)
    page[: 28 * scale, : 28 * scale] = paper - np.asarray(large) / 255 * (paper - ink)
    return page


# IDX files under their many names.


@pytest.mark.parametrize(
    "names",
    [
        [f"{name}.gz" for name in (IMAGES["train"], LABELS["train"], IMAGES["test"], LABELS["test"])],
        ["train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"],
        [
            f"{part}-{kind}.gz"
            for part, kind in product(("digits-train", "digits-test"), ("images-idx3-ubyte", "labels-idx1-ubyte"))
        ],
        ["train_images.idx", "train_labels.idx", "test_images.idx", "test_labels.idx"],
    ],
    ids=["as MNIST's", "as Windows unpacks them", "with a name before", "with their kind left out"],
)
def test_idx_files_are_found_under_any_of_their_names(tmp_path, images, names):
    x, t = images
    write_set(tmp_path, names, x, t.astype(np.uint8))
    found = load_data(tmp_path)
    np.testing.assert_array_equal(found.train.x[..., 0], x)
    assert found.test.t.tolist() == t[:15].tolist()
    assert found.about == f"{tmp_path.name}: 60 training and 15 test images in 10 classes, 28 × 28, grey"


def test_idx_files_may_lie_in_folders_of_their_own_names(tmp_path, images):
    x, t = images
    for name, array in (IMAGES["train"], x), (LABELS["train"], t), (IMAGES["test"], x), (LABELS["test"], t):
        (tmp_path / name).mkdir()
        write_idx(tmp_path / name / name, array.astype(np.uint8))
    assert len(load_data(tmp_path).test) == 60


def emnist_names(name):
    kinds = "images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"
    return [f"emnist-{name}-{part}-{kind}" for part in ("train", "test") for kind in kinds]


def test_letters_of_emnist_are_set_upright_and_counted_from_a(tmp_path, images):
    x, t = images
    letters = np.where(t == 2, 26, t + 1).astype(np.uint8)  # a, b and z: 1, 2 and 26
    write_set(tmp_path, emnist_names("letters"), x.swapaxes(1, 2), letters)
    found = load_data(tmp_path)
    np.testing.assert_array_equal(found.train.x[..., 0], x)
    assert "".join(found.labels) == "abcdefghijklmnopqrstuvwxyz"
    assert {found.labels[k] for k in found.train.t} == {"a", "b", "z"}
    assert found.about.endswith("mirrored at the diagonal, as EMNIST's are, and set upright; labels counted from 1")


def test_one_of_several_sets_in_a_folder_is_named(tmp_path, images):
    x, t = images
    for name in "balanced", "digits":
        write_set(tmp_path, emnist_names(name), x, t.astype(np.uint8))
    with pytest.raises(DataError, match=r"several sets, emnist-balanced, emnist-digits: name one, such as .*digits"):
        load_data(tmp_path)
    assert len(load_data(tmp_path / "emnist-digits").labels) == 10
    assert len(load_data(tmp_path / "emnist-balanced").labels) == 47
    assert len(load_data(tmp_path / emnist_names("balanced")[0]).labels) == 47


def test_a_file_of_a_set_that_is_missing_is_named_as_its_fellows(tmp_path, images):
    x, t = images
    names = ["train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"]
    write_set(tmp_path, names, x, t.astype(np.uint8))
    (tmp_path / names[3]).unlink()
    with pytest.raises(DataError, match=r"should hold t10k-labels\.idx1-ubyte or t10k-labels\.idx1-ubyte\.gz"):
        load_data(tmp_path)


def test_images_whose_number_comes_last_are_told_apart(tmp_path, images):
    x, t = images
    write_set(tmp_path, [IMAGES["train"], LABELS["train"], IMAGES["test"], LABELS["test"]], x, t.astype(np.uint8))
    write_idx(tmp_path / IMAGES["train"], np.ascontiguousarray(x.transpose(1, 2, 0)))
    with pytest.raises(DataError, match=r"are \(28, 28, 60, 1\), and their number should come first"):
        load_data(tmp_path)


def test_classes_that_idx_labels_have_not_are_asked_for(tmp_path, images):
    x, t = images
    write_set(tmp_path, [IMAGES["train"], LABELS["train"], IMAGES["test"], LABELS["test"]], x, t.astype(np.uint8) + 9)
    with pytest.raises(DataError, match=r"label 11 at index 40 is out of range: 10 .* name them, with `classes`"):
        load_data(tmp_path)
    assert load_data(tmp_path, 12).labels[-1] == "11"
    assert load_data(tmp_path, [*"ABCDEFGHIJKL"]).train.t.max() == 11


# Tables.


def test_a_table_as_of_kaggle_is_read_and_some_of_it_kept_for_testing(tmp_path, images):
    x, t = images
    found = load_data(write_table(tmp_path / "train.csv", rows_of(x, t), ["label", *PIXELS]), validation=0.2)
    assert (len(found.train), len(found.test), found.labels) == (48, 12, ("0", "1", "2"))
    assert np.bincount(found.test.t).tolist() == [4, 4, 4]
    together = np.concatenate([found.train.x, found.test.x])[..., 0]
    assert together.dtype == np.uint8
    assert sorted(map(bytes, together)) == sorted(map(bytes, x))
    assert found.about == "train.csv: 60 rows in 3 classes, 28 × 28, grey; 20 % kept for testing, 12"


@pytest.mark.parametrize(
    ("name", "header", "rows", "delimiter"),
    [
        ("a.csv", None, lambda x, t: rows_of(x, t), ","),
        ("a.csv.gz", ["label", *PIXELS], lambda x, t: rows_of(x, t), ","),
        ("a.tsv", ["label", *PIXELS], lambda x, t: rows_of(x, t), "\t"),
        ("a.csv", ["Label", *PIXELS], lambda x, t: rows_of(x, t), ";"),
        ("a.csv", [*PIXELS, "class"], lambda x, t: [[*row[1:], row[0]] for row in rows_of(x, t)], ","),
        ("a.csv", ["id", "label", *PIXELS], lambda x, t: [[f"n{row[0]}", *row] for row in rows_of(x, t)], ","),
        ("a.csv", ["what", *PIXELS], lambda x, t: rows_of(x, [f"{k}.0" for k in t]), ","),
        ("a.csv", None, lambda x, t: rows_of(x / 255, t), ","),
    ],
    ids=["no header", "gzipped", "tabs", "semicolons", "label last", "numbered rows", "another name", "from 0 to 1"],
)
def test_tables_come_in_many_forms(tmp_path, images, name, header, rows, delimiter):
    x, t = images
    found = load_data(write_table(tmp_path / name, rows(x, t), header, delimiter))
    assert (len(found.train), len(found.test), found.labels) == (54, 6, ("0", "1", "2"))
    first = found.train.x[found.train.t == 1][:, :, :, 0] / (255 if found.train.x.dtype == np.uint8 else 1)
    assert min(np.abs(first - x[20 + k] / 255).max(axis=(1, 2)).min() for k in range(3)) < 1e-6


def test_labels_may_be_words_or_whole_numbers_with_gaps(tmp_path, images):
    x, t = images
    words = load_data(write_table(tmp_path / "a.csv", rows_of(x, np.array(["ox", "ant", "bee"])[t])))
    assert words.labels == ("ant", "bee", "ox")
    gaps = load_data(write_table(tmp_path / "b.csv", rows_of(x, np.array([3, 10, 24])[t])))
    assert (gaps.labels, gaps.train.t.max()) == (("3", "10", "24"), 2)
    named = load_data(tmp_path / "b.csv", ["3", "10", "24", "25"])
    assert named.labels[int(named.train.t[-1])] == "24"
    counted = load_data(write_table(tmp_path / "c.csv", rows_of(x, t + 1)), ["one", "two", "three"])
    assert counted.labels[int(counted.train.t[-1])] == "three"
    assert counted.about.endswith("labels counted from 1")


def test_a_folder_with_a_training_table_is_read_and_a_test_table_without_labels_left_out(tmp_path, images):
    x, t = images
    write_table(tmp_path / "train.csv", rows_of(x, t), ["label", *PIXELS])
    write_table(tmp_path / "test.csv", [list(image.ravel()) for image in x], PIXELS)
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    found = load_data(tmp_path)
    assert len(found.test) == 6
    assert found.about.endswith("test.csv has no labels and is left out")
    with pytest.raises(DataError, match=r"test\.csv has 784 columns, which are pixels alone, and no labels: .*`valid"):
        load_data(tmp_path / "train.csv", test_data=tmp_path / "test.csv")
    write_table(tmp_path / "test.csv", rows_of(x, t), ["label", *PIXELS])
    assert len(load_data(tmp_path).test) == 60
    assert len(load_data(tmp_path / "train.csv", test_data=tmp_path / "test.csv").test) == 60


def changed(rows, row, column, value):
    rows = [list(each) for each in rows]
    rows[row][column] = value
    return rows


@pytest.mark.parametrize(
    ("header", "change", "message"),
    [
        (
            ["label", "class", *PIXELS[1:]],
            lambda rows: rows,
            r"a\.csv has 2 columns of labels, label and class: keep one",
        ),
        (None, lambda rows: [[1, *row] for row in rows], r"786 columns, and should .*, 2 would be labels: keep one"),
        (
            None,
            lambda rows: [row[:500] for row in rows],
            r"has 500 columns, and should have a column for the label and",
        ),
        (
            ["label", *PIXELS],
            lambda rows: changed(rows, 3, 5, "nan"),
            r"row 4: column pixel4 is no number: write 0 for",
        ),
        (
            ["label", *PIXELS],
            lambda rows: changed(rows, 3, 5, ""),
            r"row 4: column pixel4 should be a number .*, got ''",
        ),
        (
            ["label", *PIXELS],
            lambda rows: changed(rows, 3, 5, "x"),
            r"row 4: column pixel4 should be a number .* got 'x'",
        ),
        (["label", *PIXELS], lambda rows: changed(rows, 3, 5, 300), r"pixels are from 0, paper, to 255, .* 0 to 300"),
        (["label", *PIXELS], lambda rows: changed(rows, 3, 5, "inf"), r"pixels are finite numbers, got inf in image 3"),
        (
            ["label", *PIXELS],
            lambda rows: changed(rows, 3, 0, 2.5),
            r"labels are whole numbers or names, got 2\.5: is the",
        ),
        (["label", *PIXELS], lambda rows: changed(rows, 3, 0, ""), r"a\.csv has rows without a label: give them one"),
        (
            ["label", *PIXELS],
            lambda rows: [*rows[:2], rows[2][:-1]],
            r"row 3: it has 784 columns, and the first line 785",
        ),
        (["label", *PIXELS], lambda rows: [], r"a\.csv has no rows"),
        (None, lambda rows: [], r"a\.csv is empty: it should have a column for the label"),
        (
            ["label", *PIXELS],
            lambda rows: rows[::20],
            r"each class has a single example, .*, or others with `test_data`",
        ),
        (["label", *PIXELS], lambda rows: rows[:5], r"has one class only, 0: there are two or more to tell apart"),
    ],
)
def test_a_table_that_is_not_what_it_should_be_is_refused_in_one_line(tmp_path, images, header, change, message):
    path = write_table(tmp_path / "a.csv", change(rows_of(*images)), header)
    if not change(rows_of(*images)) and header is None:
        path.write_text("\n")
    with pytest.raises(DataError, match=message) as caught:
        load_data(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


# Arrays.


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("X_train", "y_train", "X_val", "y_val"),
    ],
)
def test_arrays_are_known_by_their_names(tmp_path, images, names):
    x, t = images
    arrays = x, t[:, np.newaxis], x[:15].reshape(15, 784), t[:15]
    np.savez(tmp_path / "a.npz", **dict(zip(names, arrays, strict=True)))
    found = load_data(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.train.x[..., 0], x)
    assert (len(found.test), found.test.input_shape, found.labels) == (15, (28, 28, 1), ("0", "1", "2"))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (lambda x, t: {"a": x, "b": t}, r"a\.npz should have arrays x_train and y_train, .*; it has a, b"),
        (lambda x, t: {"x": x}, r"has x and no labels with it"),
        (
            lambda x, t: {"x": x, "y": np.eye(3)[t]},
            r"y should hold a label for each .*\(60, 3\): save y\.argmax\(axis=1\)",
        ),
        (lambda x, t: {"x": x, "y": t + 0.5}, r"y should hold whole numbers or texts, got float64: 0\.5"),
        (lambda x, t: {"x": x.transpose(1, 2, 0), "y": t}, r"\(28, 28, 60\), .* their axes may be the wrong way round"),
        (lambda x, t: {"x": x.reshape(60, 784)[:, :700], "y": t}, r"700 pixels an image, which make no square"),
        (lambda x, t: {"x": x * 40.0, "y": t}, r"pixels are from 0, paper, to 255, or from 0 to 1, got 0 to 10200"),
        (lambda x, t: {"x": np.where(x > 0, np.nan, 0), "y": t}, r"x: pixels are finite numbers, got nan in image 0"),
        (lambda x, t: {"x": np.array([None, x], object), "y": t}, r"is no archive of plain arrays"),
    ],
)
def test_arrays_that_are_not_what_they_should_be_are_refused(tmp_path, images, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays(*images))
    with pytest.raises(DataError, match=message):
        load_data(tmp_path / "a.npz")


def test_dark_ink_is_turned_round_and_images_are_brought_to_a_size(tmp_path, images):
    x, t = images
    np.savez(tmp_path / "a.npz", x=255 - x, y=t)
    found = load_data(tmp_path / "a.npz", size=20)
    assert found.train.input_shape == (20, 20, 1)
    assert found.train.x.mean() == pytest.approx(x.mean(), rel=0.05)
    assert found.about.endswith("dark on light and turned round; of 28 × 28 pixels")


def test_images_that_lie_on_their_sides_are_set_upright_where_that_is_said(tmp_path, images):
    x, t = images
    np.savez(tmp_path / "a.npz", x_train=x.swapaxes(1, 2), y_train=t, x_test=x, y_test=t)
    np.testing.assert_array_equal(load_data(tmp_path / "a.npz", transposed=True).train.x[..., 0], x)


# Folders of pictures.


def test_pictures_of_the_right_size_are_taken_as_they_are(tmp_path, images):
    x, t = images
    found = load_data(write_pictures(tmp_path / "mine", x, t))
    assert sorted(map(bytes, np.concatenate([found.train.x, found.test.x]))) == sorted(map(bytes, x))
    assert found.about == (
        "mine: 60 pictures in 3 folders, 28 × 28, grey; 10 % kept for testing, 6; of 28 × 28 pixels; light on dark; "
        "scaled as a whole"
    )


def test_pictures_of_any_size_are_cut_to_their_ink_and_framed_as_mnist(tmp_path, images):
    x, t = images
    pages = [on_paper(image, 1 + k % 4) for k, image in enumerate(x)]
    found = load_data(write_pictures(tmp_path / "mine", pages, np.array(["ant", "bee", "ox"])[t], ".jpg"))
    assert found.labels == ("ant", "bee", "ox")
    assert "; of 40 to 160 pixels high, 50 to 200 wide; dark on light and turned round; cut to the ink" in found.about
    ours = np.concatenate([found.train.x, found.test.x])[..., 0].astype(float)
    apart = [np.abs(each - x).mean(axis=(1, 2)).min() for each in ours]
    assert np.median(apart) < 16  # of 255; another digit of the class is 30 or more apart


def test_folders_of_pictures_may_be_in_train_and_test_and_in_another_size(tmp_path, images):
    x, t = images
    write_pictures(tmp_path / "train", x, t)
    write_pictures(tmp_path / "test", x[::4], t[::4])
    found = load_data(tmp_path, size=32)
    assert (len(found.train), len(found.test), found.train.input_shape) == (60, 15, (32, 32, 1))


def test_classes_txt_orders_the_classes(tmp_path, images):
    x, t = images
    write_pictures(tmp_path, x, np.array(["ant", "bee", "ox"])[t])
    (tmp_path / "classes.txt").write_text("\ufeffox\nbee\n\nant\n")
    assert load_data(tmp_path).labels == read_class_names(tmp_path / "classes.txt") == ("ox", "bee", "ant")
    with pytest.raises(DataError, match="training label 'ant' is none of the classes ox, bee: say how many"):
        load_data(tmp_path, ["ox", "bee"])
    with pytest.raises(DataError, match="has 3 classes, got classes=4: leave it out"):
        load_data(tmp_path, 4)


def in_16_bits(folder):
    Image.fromarray(np.asarray(Image.open(folder / "0" / "0.png")).astype(np.uint16) * 257).save(folder / "0" / "0.png")


def in_rgba(folder):
    ink = Image.open(folder / "0" / "0.png")
    clear = Image.new("RGBA", ink.size, (0, 0, 0, 0))
    clear.putalpha(ink)  # black ink on nothing
    clear.save(folder / "0" / "0.png")


@pytest.mark.parametrize("change", [in_16_bits, in_rgba])
def test_pictures_of_16_bits_and_with_transparent_paper_are_read(tmp_path, images, change):
    x, t = images
    kept = 255 - x if change is in_rgba else x
    change(write_pictures(tmp_path, x if change is in_rgba else kept, t))
    if change is in_rgba:
        for path in tmp_path.glob("*/*.png"):
            if path.name != "0.png":
                Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    found = load_data(tmp_path)
    assert x[0].tobytes() in {image.tobytes() for image in np.concatenate([found.train.x, found.test.x])}


def empty_class(folder):
    (folder / "7").mkdir()


def text_among_them(folder):
    (folder / "0" / "notes.txt").write_text("a letter to a friend")


def text_called_png(folder):
    (folder / "0" / "letter.png").write_text("a letter to a friend")


def one_class(folder):
    for place in "1", "2":
        for path in (folder / place).iterdir():
            path.rename(folder / "0" / f"{place}-{path.name}")
        (folder / place).rmdir()


def no_pictures(folder):
    for path in folder.glob("*/*.png"):
        path.unlink()


def one_picture_each(folder):
    for path in folder.glob("*/*.png"):
        if path.stem not in ("0", "20", "40"):
            path.unlink()


def cut_off(folder):
    path = folder / "0" / "0.png"
    path.write_bytes(path.read_bytes()[:-60])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (empty_class, r"the class 7 has no pictures: put some into .*7, or take that folder away"),
        (
            text_called_png,
            r"letter\.png is no sound picture: take it out of the folder, or put a sound one in its place",
        ),
        (cut_off, r"0\.png is a damaged or impossible picture .*: take it out of the folder"),
        (one_class, r"has pictures in one folder only, 0: it should have a folder of pictures for each class"),
        (no_pictures, r"should hold four IDX files, a folder of pictures for each class, .*; it has 0, 1, 2"),
        (one_picture_each, r"each class has a single example, so that none can be kept for testing: give more, or"),
    ],
)
def test_silly_folders_get_one_clear_line(tmp_path, images, change, message):
    change(write_pictures(tmp_path, *images))
    with pytest.raises(DataError, match=message) as caught:
        load_data(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_text_file_among_the_pictures_is_left_out_and_that_is_said(tmp_path, images):
    text_among_them(write_pictures(tmp_path, *images))
    (tmp_path / "0" / ".DS_Store").write_bytes(b"\0")
    assert load_data(tmp_path).about.endswith("0/notes.txt is left out")


def test_an_empty_picture_is_refused_where_ink_is_cut_out(tmp_path, images):
    x, t = images
    write_pictures(tmp_path, [on_paper(image, 3) for image in x], t)
    Image.new("L", (90, 120), 235).save(tmp_path / "1" / "empty.png")
    with pytest.raises(
        DataError, match=r"no ink is seen in .*empty\.png: take it out .* `frame` can be whole"
    ) as caught:
        load_data(tmp_path)
    assert caught.value.setting == "frame"
    assert len(load_data(tmp_path, frame="whole").train) == 55


# What holds for all.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 0}, "a `size` is 1 to 1024 pixels, got 0"),
        ({"validation": 10}, r"`validation` is a share between 0 and 1, 0\.1 for a tenth, got 10"),
        ({"validation": float("nan")}, "`validation` is a share between 0 and 1, .* got nan"),
        ({"frame": "tight"}, "a `frame` is ink or whole, got 'tight'"),
        ({"classes": ["a", "b", "a"]}, "`classes` has the class 'a' twice"),
        ({"classes": 0}, "data have 1 to 10000 classes, got 0"),
        ({"validation": 0.1}, "MNIST has its own test set, so `validation` is for your own `data`"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(DataError, match=message):
        load_data(None, **settings)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("a.zip", b"PK", r"a\.zip is none of what data come in, .*: unpack it first"),
        ("a.txt", b"hello", r"a\.txt is none of what data come in, which are four IDX files"),
        ("a.csv", b"\xff\xfe\x00", r"a\.csv is no table in UTF-8, gzipped or not"),
        ("a.csv.gz", b"label", r"a\.csv\.gz is no table in UTF-8, gzipped or not"),
        ("a.npz", b"hello", r"a\.npz is no archive of plain arrays, as numpy\.savez writes"),
    ],
)
def test_files_of_other_kinds_are_refused(tmp_path, name, raw, message):
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError, match=message):
        load_data(tmp_path / name)


def test_what_is_kept_for_testing_is_always_the_same_and_grows_with_the_share():
    t = np.repeat([0, 1, 2], [100, 10, 1])
    some, more = kept_for_testing(t, 0.1), kept_for_testing(t, 0.3)
    assert (len(some), len(more)) == (11, 33)
    assert set(some) < set(more)
    assert np.bincount(t[some]).tolist() == [10, 1]
    assert 110 not in kept_for_testing(t, 0.99)  # the only one of its class


def test_a_source_tells_how_far_its_reading_is(tmp_path, images):
    told = []
    DataSource(write_pictures(tmp_path / "mine", *images)).load(told.append)
    assert told[-1] == f"60 of 60 pictures in {tmp_path / 'mine'}"
