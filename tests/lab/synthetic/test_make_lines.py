"""The script that trains the recogniser of lines: it saves a model, and goes on from its checkpoint."""

import re

import numpy as np
import pytest

from inkgrad import load
from inkgrad.layout import Layout
from inkgrad.models import MODELS, Card, Model
from inkgrad.training import Objective, read_checkpoint
from lab.synthetic.lines import LABELS
from scripts.make_lines import main

LAST_CONVOLUTION = "24"
FEW = "--epochs", "1", "--lines", "40", "--n-validation", "20"


@pytest.mark.slow
def test_a_model_of_lines_is_trained_and_saved_and_goes_on(tmp_path, capsys):
    out = tmp_path / "lines.safetensors"
    main([str(out), *FEW])
    model = load(out)
    assert (model.reads_lines, model.labels) == (True, LABELS)
    assert "epoch 1 of 1: cost " in capsys.readouterr().err
    assert read_checkpoint(f"{out}.checkpoint").place["epoch"] == 1
    assert (model.card.recipe, model.card.epochs, model.card.n_test) == ("lines", 1, 20)
    assert f"python -m scripts.make_lines {out.name} --epochs 1 --lines 40 " in model.card.notes
    assert "trained in " in model.card.notes
    main([str(out), *FEW, "--resume"])  # there is nothing left to do but to calibrate
    np.testing.assert_array_equal(load(out).theta, model.theta)
    assert load(out).card == model.card


@pytest.mark.slow
def test_a_model_that_is_there_is_calibrated(tmp_path, capsys):
    out, recipe = tmp_path / "lines.safetensors", MODELS["lines"]
    network = recipe.network(len(LABELS))
    theta = Objective(network, recipe.cost).init(np.random.default_rng(0))
    Model(network, recipe.cost, theta, LABELS, recipe.input_shape, card=Card(seed=5)).save(out)
    main([str(out), "--calibrate-only", "--n-validation", "20"])
    said = capsys.readouterr().err
    assert re.search(r"calibration error before: \S+% of characters, \S+% of lines\ncalibration error after: ", said)
    after = load(out)
    changed = Layout(network.shapes()).parts(after.theta != theta)
    assert {name.rpartition(".")[0] for name, part in changed.items() if part.any()} == {LAST_CONVOLUTION}
    assert (after.card.seed, after.card.n_test) == (5, 20)


@pytest.mark.parametrize(
    ("out", "options", "words"),
    [
        ("none/lines.safetensors", [], "there is no such folder, make it first"),
        ("lines.safetensors", ["--epochs", "0"], "--epochs is 1 or more, got 0"),
        ("lines.safetensors", ["--n-validation", "-1"], "--n-validation is 1 or more, got -1"),
        ("lines.safetensors", ["--resume"], "there is no checkpoint to go on from"),
        ("lines.safetensors", ["--calibrate-only"], "there is no model to calibrate"),
        ("lines.safetensors", ["--begin-with", "none.safetensors"], "--begin-with: "),
        ("lines.safetensors", ["--begin-with", "cnn"], "--begin-with takes a model of the recipe lines, got cnn"),
    ],
)
def test_what_cannot_end_well_is_refused_before_it_begins(tmp_path, capsys, out, options, words):
    with pytest.raises(SystemExit):
        main([str(tmp_path / out), *options])
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
