"""The script that trains the recogniser of lines: it saves a model, and goes on from its checkpoint."""

import numpy as np
import pytest

from inkgrad import load
from inkgrad.training import read_checkpoint
from lab.synthetic.lines import LABELS
from scripts.make_lines import main

FEW = "--epochs", "1", "--lines", "40", "--n-validation", "20"


@pytest.mark.slow
def test_a_model_of_lines_is_trained_and_saved_and_goes_on(tmp_path, capsys):
    out = tmp_path / "lines.safetensors"
    main([str(out), *FEW])
    model = load(out)
    assert (model.reads_lines, model.labels) == (True, LABELS)
    assert "epoch 1 of 1: cost " in capsys.readouterr().err
    assert read_checkpoint(f"{out}.checkpoint").place["epoch"] == 1
    main([str(out), *FEW, "--resume"])  # there is nothing left to do
    np.testing.assert_array_equal(load(out).theta, model.theta)


@pytest.mark.parametrize(
    ("out", "options", "words"),
    [
        ("none/lines.safetensors", [], "there is no such folder, make it first"),
        ("lines.safetensors", ["--epochs", "0"], "--epochs is 1 or more, got 0"),
        ("lines.safetensors", ["--n-validation", "-1"], "--n-validation is 1 or more, got -1"),
        ("lines.safetensors", ["--resume"], "there is no checkpoint to go on from"),
    ],
)
def test_what_cannot_end_well_is_refused_before_it_begins(tmp_path, capsys, out, options, words):
    with pytest.raises(SystemExit):
        main([str(tmp_path / out), *options])
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
