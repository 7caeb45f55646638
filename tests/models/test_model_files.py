"""Model files: older versions load, the card comes along, and the format is what its page says."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file
from support import ROOT, TESTS, commands

import inkgrad
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Examples, load_data
from inkgrad.errors import ModelFileError, SettingError
from inkgrad.fast import Fast
from inkgrad.interop.json import to_json
from inkgrad.layers import Chain, Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.models import Card, Model, calibrated, load
from inkgrad.models.header import MODEL
from inkgrad.saving import FileKind, open_tensors, read_tensors, write_tensors
from inkgrad.sessions import Paths, resume
from inkgrad.training import read_checkpoint

OLD = TESTS / "support" / "model-1.safetensors"
PAGE = ROOT / "docs" / "model-files.md"
CARD = Card(
    data="MNIST",
    fingerprint="ab" * 32,
    n_train=60_000,
    n_test=10_000,
    n_right=9936,
    recipe="cnn",
    optimizer="SGD(lr=0.1, momentum=0.9)",
    augmentation="Augmentation(shift=1)",
    epochs=4,
    batch_size=64,
    seed=0,
    made_by="inkgrad 0.1.0",
    date="2024-12-31",
    notes="The first line.\nThe second.",
)


def small(card=CARD, **changes):
    theta = np.arange(10, dtype=np.float32)
    model = Model(Dense(4, 2), SoftmaxCrossEntropy(), theta, ("no", "yes"), (4,), card=card, engine=Fast(1))
    return replace(model, **changes)


def header_of(path):
    with safe_open(path, framework="np") as file:
        return json.loads(file.metadata()["inkgrad"])


def test_a_file_of_version_1_still_answers_as_it_did():
    """The file and the numbers are of the first inkgrad, which wrote no cards."""
    assert header_of(OLD)["format"] == "inkgrad model 1"
    model = load(OLD)
    assert model.network == Chain((Conv2D(1, 2), ReLU(), MaxPool2D(), Flatten(), Dense(8, 3)))
    assert (model.labels, model.input_shape, model.card) == (("a", "b", "c"), (4, 4, 1), Card())
    found = model.probabilities(np.arange(32).reshape(2, 4, 4, 1) / 32)
    np.testing.assert_allclose(
        found, [[0.26754186, 0.2582995, 0.47415853], [0.20651463, 0.31612968, 0.47735566]], rtol=1e-5
    )


def test_what_is_written_is_of_the_latest_version(tmp_path):
    load(OLD).save(tmp_path / "m.safetensors")
    assert header_of(tmp_path / "m.safetensors")["format"] == str(MODEL) == "inkgrad model 2"
    np.testing.assert_array_equal(load(tmp_path / "m.safetensors").theta, load(OLD).theta)


def test_upgrades_are_made_one_after_another(tmp_path):
    kinds = [FileKind("inkgrad thing")]
    kinds.append(FileKind("inkgrad thing", {1: lambda header: header | {"two": header["one"] + 1}}))
    kinds.append(FileKind("inkgrad thing", {**kinds[1].upgrades, 2: lambda header: {"three": header["two"] + 1}}))
    path = tmp_path / "t.safetensors"
    for kind, header in zip(kinds, ({"one": 1}, {"one": 1, "two": 2}, {"three": 3}), strict=True):
        write_tensors(path, {}, header, kind)
        assert read_tensors(path, kinds[2])[1] == {"three": 3}
        with open_tensors(path, kind) as file:
            assert file.header == header
    with pytest.raises(ModelFileError, match=r"t\.safetensors is an inkgrad thing 3, made by a newer inkgrad"):
        read_tensors(path, kinds[1])


def test_the_card_comes_back_as_it_went(tmp_path):
    small().save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again.card == CARD
    assert again.card.accuracy == 0.9936


def test_a_card_that_says_little_takes_little(tmp_path):
    small(Card(seed=3, n_right=0, n_test=2)).save(tmp_path / "m.safetensors")
    assert header_of(tmp_path / "m.safetensors")["card"] == {"seed": 3, "n_right": 0, "n_test": 2}
    assert load(tmp_path / "m.safetensors").card == Card(seed=3, n_right=0, n_test=2)
    assert Card().accuracy is None


def test_the_card_makes_no_difference_to_what_a_model_does():
    x = np.random.default_rng(0).random((5, 4))
    np.testing.assert_array_equal(small().probabilities(x), small(Card()).probabilities(x))
    assert small().card == CARD
    assert "MNIST" not in repr(small())
    examples = Examples(x, np.array([0, 1, 0, 1, 1]))
    assert calibrated(replace(small(), network=Chain((Dense(4, 2),))), examples).card == CARD


def test_the_card_can_be_read():
    lines = str(CARD).splitlines()
    assert lines[0] == "data:           MNIST, 60000 to train on, 10000 to test on, SHA-256 abababababab..."
    assert lines[1].endswith("cnn, SGD(lr=0.1, momentum=0.9), Augmentation(shift=1), batch size 64, epochs 4, seed 0")
    assert lines[2] == "test accuracy:  0.9936 (9936 of 10000), 95 % interval 0.9918 to 0.9950"
    assert lines[3] == "made by:        inkgrad 0.1.0, 2024-12-31"
    assert lines[4:] == ["notes:          The first line.", "The second."]
    assert str(Card()) == "an empty card: nothing is said of how the model was made"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"n_train": -1}, "n_train is a whole number of 0 or more, got -1"),
        ({"n_train": 2.5}, "n_train is a whole number of 0 or more, got 2.5"),
        ({"seed": True}, "seed is a whole number of 0 or more, got True"),
        ({"n_test": 5, "n_right": 6}, "cannot have 6 right of 5 test examples"),
        ({"n_right": 6}, "cannot have 6 right of None test examples"),
        ({"data": 5}, "data is a text, got 5"),
        ({"data": "a\nb"}, r"data is plain text, got the character '\\n' in it"),
        ({"notes": "a\x1b[2J"}, r"notes is plain text, got the character '\\x1b' in it"),
        ({"recipe": "a" * 1001}, "recipe has at most 1000 characters, got 1001"),
    ],
)
def test_a_card_says_nothing_silly(said, message):
    with pytest.raises(SettingError, match=message):
        Card(**said)


def test_json_tells_of_a_model_in_the_same_words(tmp_path):
    small().save(tmp_path / "m.safetensors")
    said, also = header_of(tmp_path / "m.safetensors"), json.loads(to_json(small()))
    assert (said.pop("format"), also["format"]) == ("inkgrad model 2", "inkgrad json 1")
    assert said == small().header() == {name: also[name] for name in said}


def test_numbers_that_json_does_not_have_are_not_saved(tmp_path):
    with pytest.raises(ModelFileError, match=r"t\.safetensors could not be read again: .*NaN is not a number of JSON"):
        write_tensors(tmp_path / "t.safetensors", {}, {"x": float("nan")}, FileKind("inkgrad thing"))
    with pytest.raises(ModelFileError, match=r"a header of .* bytes; at most 50 are read"):
        write_tensors(tmp_path / "t.safetensors", {}, {"x": "x" * 50}, FileKind("inkgrad thing", longest=50))
    assert not list(tmp_path.iterdir())


def test_arrays_come_back_with_every_shape_and_type(tmp_path):
    arrays = {
        "scalar": np.array(3, np.int64),
        "none": np.zeros((0, 4), np.float32),
        "many": np.arange(24, dtype=np.float64).reshape(2, 3, 4),
        "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    }
    write_tensors(tmp_path / "t.safetensors", arrays, {}, FileKind("inkgrad thing"))
    found, theirs = (
        read_tensors(tmp_path / "t.safetensors", FileKind("inkgrad thing"))[0],
        load_file(tmp_path / "t.safetensors"),
    )
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, strict=True)
        np.testing.assert_array_equal(found[name], theirs[name], strict=True)


def train(folder, *more):
    """Train the small network for an epoch on few digits."""
    return commands.inkgrad("train", "--model", "seed", "--epochs", "1", "--threads", "1", *more, cwd=folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, small_folder):
    folder = tmp_path_factory.mktemp("trained")
    assert train(folder, "--data", str(small_folder)).returncode == 0
    return folder


def test_a_training_fills_in_the_card(trained, small_folder):
    model, data = load(trained / "digits.safetensors"), load_data(small_folder)
    card = model.card
    assert (card.data, card.fingerprint) == (small_folder.name, data.train.fingerprint())
    assert (card.n_train, card.n_test, card.n_right) == (1000, 200, model.evaluate(data.test).n_right)
    assert (card.recipe, card.epochs, card.batch_size, card.seed) == ("seed", 1, 100, 0)
    assert (card.optimizer, card.augmentation) == ("SGD(lr=0.05, momentum=0.9, weight_decay=0.0, l1=0.0)", "")
    assert card.made_by == f"inkgrad {inkgrad.__version__}"
    assert card.date == card.notes == ""
    assert str(small_folder.parent) not in (trained / "digits.safetensors").read_bytes().decode(errors="replace")


def test_two_trainings_with_the_same_seed_write_the_same_bytes(trained, small_folder, tmp_path):
    assert train(tmp_path, "--data", str(small_folder)).returncode == 0
    found = [(folder / "digits.safetensors").read_bytes() for folder in (trained, tmp_path)]
    assert found[0] == found[1]


NOTES = [
    ("settings", None),
    ("settings", {"model": "seed"}),
    ("settings.epochs", "many"),
    ("settings.epochs", True),
    ("settings.lr", [0.1]),
    ("settings.model", "os.system"),
    ("settings.classes", 2.5),
    ("folder", 5),
    ("source", None),
    ("source", "abc"),
    ("source", [""]),
    ("source", {"size": "28"}),
    ("source", {"kind": "csv"}),
    ("data", None),
    ("rows", 5),
    ("rows", [5]),
    ("rows", [{}]),
    ("rows", [{"epoch": "x", "seconds": 1}]),
    ("costs", "abc"),
    ("costs", [None]),
    ("seconds", "1"),
    ("seconds", True),
]


@pytest.mark.parametrize(("where", "what"), NOTES, ids=str)
def test_a_training_does_not_go_on_from_strange_notes(trained, tmp_path, where, what):
    with open_tensors(trained / "digits.checkpoint.safetensors", FileKind("inkgrad checkpoint")) as file:
        header = file.header
    *way, last = where.split(".")
    inside = header["notes"]
    for name in way:
        inside = inside[name]
    inside[last] = what
    path = tmp_path / "digits.checkpoint.safetensors"
    write_tensors(path, read_checkpoint(trained / path.name).tensors, header, FileKind("inkgrad checkpoint"))
    with pytest.raises(ModelFileError, match=r"was not made by this version of inkgrad train: start anew"):
        resume(Paths(tmp_path / "digits.safetensors"), {}, None)


BLOCK = r"<!-- tested -->\n```{}\n(.*?)```\n"


def test_the_page_has_python_that_reads_a_model_without_inkgrad(tmp_path):
    programs = re.findall(BLOCK.format("python"), PAGE.read_text(), re.DOTALL)
    programs[1] = f"import sys; sys.modules['inkgrad'] = None\n{programs[1]}"
    for program in programs:
        assert commands.output_of(program, cwd=tmp_path).strip() in PAGE.read_text()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_page_has_javascript_that_finds_the_header(tmp_path):
    (program,) = re.findall(BLOCK.format("js"), PAGE.read_text(), re.DOTALL)
    small().save(tmp_path / "digits.safetensors")
    found = commands.completed(["node", "-e", program], cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert "inkgrad model 2" in found.stdout


def test_the_page_names_every_field_of_the_header_and_of_the_card(tmp_path):
    small().save(tmp_path / "m.safetensors")
    header = header_of(tmp_path / "m.safetensors")
    for name in [*header, *header["card"]]:
        assert f"| `{name}` |" in PAGE.read_text(), name
    assert set(header["card"]) == set(vars(CARD))


def test_the_page_names_the_parameters_of_every_layer():
    from support.catalogue import LAYERS

    page = PAGE.read_text()
    for layer, _ in LAYERS:
        shapes = layer.shapes()
        if shapes and not isinstance(layer, Chain):
            assert f"| `{type(layer).__name__}` | {', '.join(f'`{name}`' for name in shapes)} |" in page
