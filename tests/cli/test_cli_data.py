"""Data of the user's own, on the command line: each form trained on in one command, and what is said of it."""

import numpy as np
import pytest
from PIL import Image
from support.commands import assert_refused

from inkgrad import load
from inkgrad.data import write_idx

TRAIN = "train", "--model", "seed", "--epochs", 3, "--threads", 1


@pytest.fixture
def images(digits):
    """120 digits of three classes, uint8 (120, 28, 28), and their class numbers."""
    few = np.concatenate([np.flatnonzero(digits.train.t == k)[:40] for k in range(3)])
    return digits.train.x[few, :, :, 0], digits.train.t[few].astype(int)


@pytest.fixture
def folder(tmp_path, monkeypatch, images):
    """The folder that a test works in, with pictures of three classes in `animals`."""
    monkeypatch.chdir(tmp_path)
    for k, (image, name) in enumerate(zip(images[0], np.array(["ant", "bee", "ox"])[images[1]], strict=True)):
        (tmp_path / "animals" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - image).save(tmp_path / "animals" / name / f"{k}.png")
    return tmp_path


def right_of(found):
    """Return how many of how many test examples a training ended with."""
    assert found.returncode == 0, found.stderr
    right, _, all_ = found.stdout.partition("(")[2].rstrip(")\n").partition(" of ")
    return int(right), int(all_)


def write_letters(images):
    x, t = images
    for part, n in ("train", 120), ("test", 40):
        write_idx(f"emnist-letters-{part}-images-idx3-ubyte.gz", np.ascontiguousarray(x[::-1].swapaxes(1, 2)[:n]))
        write_idx(f"emnist-letters-{part}-labels-idx1-ubyte.gz", (t[::-1][:n] + 24).astype(np.uint8))
    return "emnist-letters", "wxyz"


def write_csv(images):
    rows = [",".join(map(str, [label, *image.ravel()])) for image, label in zip(*images, strict=True)]
    header = ",".join(["label", *(f"pixel{k}" for k in range(784))])
    with open("train.csv", "w") as file:
        file.write("\n".join([header, *rows]) + "\n")
    return "train.csv", "012"


def write_arrays(images):
    x, t = images
    np.savez("mine.npz", x=x[:, ::2, ::2] / 255, y=t)
    return "mine.npz", "012"


@pytest.mark.parametrize("write", [write_letters, write_csv, write_arrays])
def test_each_form_of_data_is_trained_on_in_one_command(folder, images, inkgrad_here, write):
    data, names = write(images)
    right, n = right_of(inkgrad_here(*TRAIN, "--data", data))
    assert right > 0.8 * n
    model = load("digits.safetensors")
    assert set(names) <= set(model.labels)
    evaluated = inkgrad_here("evaluate", "digits.safetensors", "--data", data)
    assert evaluated.stdout.startswith(f"accuracy {right / n:.4f} ({right} of {n})")


def test_names_of_folders_stand_in_the_model_and_the_confusion_matrix(folder, inkgrad_here):
    found = inkgrad_here(*TRAIN, "--data", "animals", "--validation", 0.25, "--size", 20)
    right, n = right_of(found)
    assert n == 30
    assert right > 20
    assert found.stderr.startswith(
        "inkgrad: animals: 120 pictures in 3 folders, 20 × 20, grey; 25 % kept for testing, 30; of 28 × 28 pixels; "
        "dark on light and turned round; scaled as a whole\n"
    )
    model = load("digits.safetensors")
    assert (model.labels, model.input_shape) == (("ant", "bee", "ox"), (20, 20, 1))
    (folder / "animals" / "bee").rename(folder / "bee")  # a class may be missing where a model knows its name
    evaluated = inkgrad_here("evaluate", "digits.safetensors", "--test-data", "animals")
    assert "of 80), 95 % interval" in evaluated.stdout
    assert [line.split()[1] for line in evaluated.stdout.splitlines() if line.startswith("│")] == ["ant", "bee", "ox"]


def test_a_training_on_pictures_goes_on_from_where_it_stopped(folder, inkgrad_here):
    words = "--data", "animals", "--classes", "ox,bee,ant", "--frame", "ink"
    inkgrad_here(*TRAIN[:3], "--epochs", 1, *words)
    found = inkgrad_here("train", "--resume", "--epochs", 2)
    assert right_of(found)[1] == 12
    assert load("digits.safetensors").labels == ("ox", "bee", "ant")
    other = inkgrad_here("train", "--resume", "--epochs", 3, "--data", "animals", "--size", 20)
    assert_refused(other, "is of a training on other data: give the same --data as then")


def test_show_draws_what_a_network_sees(folder, inkgrad_here):
    found = inkgrad_here("show", 3, "--data", "animals", "--size", 16)
    lines = found.stdout.splitlines()
    assert lines[0].startswith("┌─ ant ─")
    assert (len(lines), len(lines[0])) == (18, 34)
    assert lines[1] == f"│{32 * ' '}│"  # paper is light no more
    assert "16 × 16" in found.stderr


def test_names_of_classes_come_from_a_file(folder, images, inkgrad_here):
    write_csv(images)
    (folder / "names.txt").write_text("nil\none\ntwo\n")
    found = inkgrad_here("show", 0, "--data", "train.csv", "--classes", "names.txt")
    assert found.stdout.startswith("┌─ nil ─")


def test_networks_are_checked_on_data_of_any_size(folder, inkgrad_here):
    np.savez("small.npz", x=np.random.default_rng(0).integers(0, 200, (40, 8, 8)), y=np.arange(40) % 2)
    found = inkgrad_here("check", "cnn", "--data", "small.npz")
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train --data animals --size 2000", "a --size is 1 to 1024 pixels, got 2000"),
        ("train --data animals --validation 10", "--validation is a share between 0 and 1, 0.1 for a tenth, got 10"),
        ("train --data animals --classes 4", "animals has 3 classes, got --classes 4: leave it out"),
        (
            "train --data animals --classes a,b",
            "none of the classes a, b: say how many classes there are, or name them",
        ),
        ("train --data animals --classes no.txt", "no.txt: No such file or directory"),
        ("train --data animals --frame tight", "a --frame is ink or whole, got 'tight'"),
        ("train --data animals/ant", "should hold four IDX files, a folder of pictures for each class, a table (.csv)"),
        ("train --test-data animals", "MNIST has its own test set, so --test-data is for your own --data"),
        ("train --data animals --test-data animals/ant", "animals/ant should hold"),
        ("train --data animals/ant/0.png", "animals/ant/0.png is none of what data come in"),
        (
            "evaluate cnn --data animals",
            "'ant' is none of the classes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9; cnn knows no others",
        ),
        ("show --data animals --test --validation 2", "--validation is a share"),
    ],
)
def test_silly_data_get_one_clear_line(folder, inkgrad_here, words, said):
    found = inkgrad_here(*words.split())
    assert_refused(found, said)
