"""Corrections: digits are found in pictures by what people say, and the reader learns from them without harm."""

import re
from dataclasses import replace
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from inkgrad.data import Dataset, Examples, Warps, apply_warps
from inkgrad.data.augmentation import affine_maps
from inkgrad.errors import DataError, SettingError
from inkgrad.fast import Fast
from inkgrad.models import load
from inkgrad.reader.corrections import (
    CorrectedDigits,
    CorrectedPicture,
    corrected_digits,
    read_corrections,
    write_corrections,
)
from inkgrad.reader.learning import LearningSettings, learn
from lab.synthetic.look import Look
from lab.synthetic.pages import write_line

QUICK = LearningSettings(n_steps=60, known_back=2_000)


@pytest.fixture(scope="module")
def models():
    return load("reader"), load("lines")


@pytest.fixture(scope="module")
def known(digits):
    """Some of MNIST: enough to see whether much of it is lost."""
    train, test = digits.train, digits.test
    return Dataset(Examples(train.x[-6_000:], train.t[-6_000:]), Examples(test.x[:1000], test.t[:1000]), digits.labels)


@pytest.fixture(scope="module")
def turned(digits):
    """600 test digits turned as far as nobody's are, in pictures of four, as they would be cut out of them."""
    n = 600
    warps = Warps(affine_maps(degrees=np.full(n, 35)), np.zeros((n, 0, 0, 2), np.float32), np.zeros(n, np.float32))
    return CorrectedDigits(
        apply_warps(digits.test.x[2000 : 2000 + n], warps), digits.test.t[2000 : 2000 + n].astype(int),
        np.arange(n) // 4, n // 4, 0,
    )  # fmt: skip


def written(folder, text, digits, name):
    """Return a picture of a line of digits, said to say something."""
    page = write_line(text, Look(height=40, gap=0.5), np.random.default_rng(3), digits)
    Image.fromarray(page.picture).save(folder / name)
    return folder / name


def test_digits_are_found_in_pictures_by_what_they_say(tmp_path, some, models):
    right, wrong = written(tmp_path, "3041", some, "a.png"), written(tmp_path, "77", some, "b.png")
    told = []
    pictures = [CorrectedPicture(right, "3041"), CorrectedPicture(wrong, "123456"), CorrectedPicture(right, "3041x")]
    found = corrected_digits(pictures, *models, told.append)
    assert (found.labels.tolist(), found.picture.tolist()) == ([3, 0, 4, 1], [0, 0, 0, 0])
    assert models[0].predict(found.images).tolist() == [3, 0, 4, 1]
    assert (found.n_pictures, found.n_left_out, told[-1]) == (1, 2, "3 of 3 corrections")


def test_a_digit_that_is_misread_is_found_where_a_person_says_what_it_is(tmp_path, some, models):
    picture = written(tmp_path, "3041", some, "a.png")
    found = corrected_digits([CorrectedPicture(picture, "3047")], *models)
    assert found.labels.tolist() == [3, 0, 4, 7]
    assert models[0].predict(found.images).tolist() == [3, 0, 4, 1]


def test_no_digits_in_any_picture_are_refused(tmp_path, models):
    Image.new("L", (90, 40), 255).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="no digits were found in the corrections"):
        corrected_digits([CorrectedPicture(tmp_path / "a.png", "12")], *models)


def test_a_new_hand_is_learned_and_what_was_known_is_kept(turned, known, models):
    found = learn(models[0], turned, Fast(1), known=known, settings=QUICK)
    assert found.held_out.n == 120
    assert found.held_out.points > 3
    assert found.known.points >= -0.1
    assert found.composed.points >= -0.1
    held_out = turned.of(np.random.default_rng(0).permutation(150)[15:45])
    assert found.n == 600 - 60 - 120
    assert found.model.evaluate(held_out).n_right == found.held_out.after
    assert models[0].evaluate(held_out).n_right == found.held_out.before


def test_nothing_is_chosen_by_what_is_reported(turned, known, models):
    """With other digits to report on, all that is learned is the same."""
    settings = replace(QUICK, n_steps=20, lr=0.002)
    wrong = replace(known, test=Examples(known.test.x, (known.test.t + 1) % 10))
    one, two = (learn(models[0], turned, Fast(1), known=each, settings=settings) for each in (known, wrong))
    assert (one.part, one.model.theta.tobytes()) == (two.part, two.model.theta.tobytes())
    assert one.part < 1
    assert one.known != two.known


def test_what_costs_too_much_of_what_was_known_is_refused(turned, known, models):
    wrong = replace(turned, labels=(turned.labels + 1) % 10)
    settings = replace(QUICK, n_steps=30, lr=0.01, parts=(1.0,))
    with pytest.raises(SettingError, match=r"instead of .*, a loss of more than 0\.1 points, so nothing was learned"):
        learn(models[0], wrong, Fast(1), known=known, settings=settings)


def test_few_corrections_and_models_of_other_things_are_refused(turned, known, models):
    few = replace(turned, n_pictures=3)
    with pytest.raises(DataError, match="there are 3 corrections with digits, and 10 are needed: correct more"):
        learn(models[0], few, Fast(1), known=known)
    with pytest.raises(SettingError, match='a reader learns digits, with the labels "0" to "9" and "none", got 0, 1,'):
        learn(load("cnn"), turned, Fast(1), known=known)


def test_corrections_are_read_from_a_table_or_its_companion(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "forms.csv").write_text("page,error\n1,\n")
    (tmp_path / "forms.corrections.csv").write_text("picture,text\na.png, 12 \na.png,\n,5\n")
    expected = [CorrectedPicture(tmp_path / "a.png", "12")]
    assert read_corrections(tmp_path / "forms.csv") == read_corrections(tmp_path / "forms.corrections.csv") == expected


def test_digits_that_a_network_saw_are_written_as_a_zip_file_and_read_as_they_are(tmp_path, digits, models):
    images, texts = digits.test.x[:3, :, :, 0], [str(label) for label in digits.test.t[:3]]
    with open(tmp_path / "mine.zip", "wb") as file:
        write_corrections(file, zip(images, texts, strict=True))
    found = corrected_digits(read_corrections(tmp_path / "mine.zip"), *models)
    assert np.array_equal(found.images[..., 0], images)
    assert found.labels.tolist() == digits.test.t[:3].tolist()


def test_a_zip_file_may_have_what_a_review_wrote(tmp_path, some, models):
    written(tmp_path, "3041", some, "a.png")
    with ZipFile(tmp_path / "mine.zip", "w") as file:
        file.writestr("scans/forms.csv", "page,error\n1,\n")
        file.writestr("scans/forms.corrections.csv", "picture,text\nforms.review/a.png,3041\n")
        file.write(tmp_path / "a.png", "scans/forms.review/a.png")
    found = corrected_digits(read_corrections(tmp_path / "mine.zip"), *models)
    assert found.labels.tolist() == [3, 0, 4, 1]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"mine\.zip should have a CSV file in it with the columns picture and text"),
        ({"a.csv": "x,y\n1,2\n"}, r"mine\.zip should have a CSV file in it with the columns picture and text"),
        ({"a.csv": "picture,text\nb.png,7\n"}, r"mine\.zip should have all pictures that its table names: .*b\.png"),
        ({"a.csv": b"\xff"}, r"a\.csv in .*mine\.zip is no CSV in UTF-8"),
    ],
)
def test_other_zip_files_are_refused(tmp_path, files, message):
    with ZipFile(tmp_path / "mine.zip", "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    with pytest.raises(DataError, match=message):
        read_corrections(tmp_path / "mine.zip")


def test_a_damaged_zip_file_is_refused(tmp_path, digits):
    with open(tmp_path / "mine.zip", "wb") as file:
        write_corrections(file, [(digits.test.x[0, :, :, 0], "7")])
    raw = (tmp_path / "mine.zip").read_bytes()
    (tmp_path / "mine.zip").write_bytes(raw.replace(b"IDAT", b"TADI"))
    with pytest.raises(DataError, match=r"mine\.zip is a zip file that cannot be read: Bad CRC-32"):
        read_corrections(tmp_path / "mine.zip")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a,b\n1,2\n", r"mine\.csv should have the columns picture and text, as mine\.corrections\.csv has, which"),
        (b"", r"mine\.csv should have the columns picture and text"),
        (b"picture,text\nb.png,12\n", r"names .*b\.png, which is not there: keep the pictures beside it"),
        (b"picture,text\n\xff,12\n", r"mine\.csv is no CSV in UTF-8"),
    ],
)
def test_other_tables_are_refused(tmp_path, raw, message):
    (tmp_path / "mine.csv").write_bytes(raw)
    with pytest.raises(DataError, match=message):
        read_corrections(tmp_path / "mine.csv")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--model cnn", "corrections are for --model reader, or what came of it before, got cnn"),
        ("", "corrections are for --model reader, or what came of it before, got none"),
        ("--model reader --epochs 3", "--epochs is for a training on data, and --from-corrections has its own"),
        ("--model reader --data x", "--data is for a training on data, and --from-corrections has its own"),
        ("--model reader", "nowhere.csv: No such file or directory"),
    ],
)
def test_the_command_says_what_corrections_are_for(tmp_path, monkeypatch, inkgrad_here, words, said):
    monkeypatch.chdir(tmp_path)
    found = inkgrad_here("train", "--from-corrections", "nowhere.csv", *words.split())
    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr
    assert found.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_command_writes_a_reader_that_has_learned(tmp_path, monkeypatch, inkgrad_here, some):
    monkeypatch.chdir(tmp_path)
    rng, look, rows = np.random.default_rng(5), Look(height=48, gap=0.5, slant=-40, pen=0.3), ["picture,text"]
    for k in range(60):
        page = write_line(4, look, rng, some)
        Image.fromarray(page.picture).save(f"{k}.png")
        rows.append(f"{k}.png,{page.text}")
    (tmp_path / "forms.corrections.csv").write_text("\n".join(rows) + "\n")
    found = inkgrad_here(
        "train", "--model", "reader", "--from-corrections", "forms.corrections.csv", "--out", "own.safetensors"
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("held-out corrections: accuracy ")
    assert re.match(r"It learned from 1\d\d corrected digits of forms", load("own.safetensors").card.notes)
    assert inkgrad_here("read", "--model", "own.safetensors", "0.png").returncode == 0


@pytest.mark.slow
def test_the_command_learns_from_what_the_playground_saves(tmp_path, monkeypatch, inkgrad_here, turned):
    monkeypatch.chdir(tmp_path)
    with open("corrections.zip", "wb") as file:
        write_corrections(file, zip(turned.images[:120, :, :, 0], map(str, turned.labels[:120]), strict=True))
    found = inkgrad_here(
        "train", "--model", "reader", "--from-corrections", "corrections.zip", "--out", "own.safetensors"
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("held-out corrections: accuracy ")
    assert "It learned from 84 corrected digits of corrections.zip" in load("own.safetensors").card.notes
