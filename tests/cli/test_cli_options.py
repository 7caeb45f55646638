"""Options: pairs that do not go together, and messages of the library, which name the option."""

import sys
from contextlib import closing

import pytest

from inkgrad.cli import main
from inkgrad.sessions import Paths, start

TRAIN_ALONE = "is for a training on several workers: say how many with --workers"
NEEDS_OUT = "is for answers that go to a file: add --out results.csv"
NOTHING_CHECKED = "--explain checks nothing: leave"
OWN_NETWORK = "--break brings a network of its own: leave"


@pytest.fixture
def ask(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder; return the one line that it says."""

    def asked(words):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["inkgrad", *words.split()])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert (ended.value.code, out, err.count("\n"), list(tmp_path.iterdir())) == (2, "", 1, [])
        return err.removeprefix("inkgrad: ").rstrip("\n")

    return asked


@pytest.mark.parametrize(
    ("words", "message"),
    {
        "train --resume --anew": "--resume goes on and --anew begins anew: choose one of them",
        "train --workers 2 --check-every 5": "--check-every needs every step in this process: leave it out, or",
        "train --ray 10.0.0.1:6379": f"--ray {TRAIN_ALONE}",
        "train --sync-every 2": f"--sync-every {TRAIN_ALONE}",
        "sweep sweep.toml --resume --anew": "--resume goes on and --anew begins anew: choose one of them",
        "read a.png --out a.csv --resume --anew": "a reading goes on, or begins anew, not both: leave --resume or",
        "read a.png --out a.csv --boxes a.png": "--boxes does not go with --out, which only writes a table",
        "read a.png --out a.csv --seen a.png": "--seen does not go with --out, which only writes a table",
        "read a.png --out a.csv --table --rows lines": "--rows lines does not go with --table",
        "read a.png --out a.csv --format json": "--format json does not go with --out, whose name says the format",
        "read - --out a.csv": "standard input does not go with --out, which has a row for each picture",
        "read a.png --out a.csv --ray 10.0.0.1:6379": "--ray takes --workers with it",
        "read a.png --ray 10.0.0.1:6379": f"--ray {NEEDS_OUT}",
        "read a.png --column image": f"--column {NEEDS_OUT}",
        "read a.png --names name": f"--names {NEEDS_OUT}",
        "read a.png --resume": f"--resume {NEEDS_OUT}",
        "read a.png --anew": f"--anew {NEEDS_OUT}",
        "check seed --break bias-mean": f"{OWN_NETWORK} seed out",
        "check --break bias-mean --input-shape 4": f"{OWN_NETWORK} --input-shape out",
        "check --break bias-mean --set n=4": f"{OWN_NETWORK} --set out",
        "check --break bias-mean --examples 4": f"{OWN_NETWORK} --examples out",
        "check --break bias-mean --data digits": f"{OWN_NETWORK} --data out",
        "check --break bias-mean --seed 1": f"{OWN_NETWORK} --seed out",
        "check --break bias-mean --exact": f"{OWN_NETWORK} --exact out",
        "check seed --explain factor": f"{NOTHING_CHECKED} seed out",
        "check --explain factor --seed 1": f"{NOTHING_CHECKED} --seed out",
        "check --explain factor --break bias-mean": f"{NOTHING_CHECKED} --break out",
        "check --explain factor --plot a.png": f"{NOTHING_CHECKED} --plot out",
        "check --explain fctor": "there is no mistake of the name 'fctor': did you mean factor?",
        "check --explain Diagonal_Jacobian": "there is no mistake of the name 'Diagonal_Jacobian': did you mean",
        "check --explain zzz": "there is no mistake of the name 'zzz': `inkgrad check --explain list` lists them",
        "check --break list --plot a.png": "--plot draws one lesson: name it in the place of list",
    }.items(),
)
def test_pairs_that_do_not_go_together_are_refused_in_one_line(ask, words, message):
    assert ask(words).startswith(message)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train --epochs 0", "a training takes at least 1 epoch, got --epochs 0"),
        ("train --classes 9", "MNIST has 10 classes, got 9: give your own data with --data"),
        ("train --resume", "there is no digits.checkpoint.safetensors to go on from: leave out --resume to start a"),
        (f"sweep {__file__}", f"{__file__}: this is not TOML: "),
    ],
)
def test_a_message_of_the_library_names_the_option(ask, words, message):
    said = ask(words)
    assert said.startswith(message)
    assert "TOML" not in said or said.endswith("; --example shows how it looks")


@pytest.mark.parametrize("name", ["lr=0.1", "epochs=2", "anew=True", "runs/anew=True", "(anew=1.5", "-anew=1"])
def test_a_message_leaves_the_name_of_a_file_alone(capsys, monkeypatch, tmp_path, small_folder, name):
    monkeypatch.chdir(tmp_path)
    out = tmp_path.joinpath(f"{name}.safetensors").relative_to(tmp_path)
    out.parent.mkdir(exist_ok=True)
    session = start(Paths(out), {"model": "seed"}, small_folder)
    with closing(session.steps()) as steps:
        next(steps)
        session.save_checkpoint()
    monkeypatch.setattr(sys, "argv", ["inkgrad", "train", f"--out={out}"])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().err
    assert said.startswith(f"inkgrad: {name}.checkpoint.safetensors holds an unfinished training, 0 of ")
    assert said.endswith("go on with --resume, or begin with --anew, which drops it\n")
