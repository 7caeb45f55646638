"""Sessions: found where there is one to go on from, and not lost by mistake."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from inkgrad.errors import ModelFileError, SettingError
from inkgrad.sessions import Paths, SweepPaths, find_session, resume, start, usual_settings
from inkgrad.training import read_checkpoint, save_checkpoint


@pytest.fixture
def paths(tmp_path):
    return Paths(tmp_path / "digits.safetensors")


def after_steps(paths, folder, n, **given):
    """A session of 20 steps, of which n are done and saved."""
    session = start(paths, {"model": "seed", "epochs": 2, **given}, folder)
    with closing(session.steps()) as steps:
        for _ in range(n):
            next(steps)
        session.save_checkpoint()
    return session


def start_session(out, folder):
    return start(Paths(out), {"model": "seed"}, folder)


def start_sweep_of_one(out, folder):
    sweeping = pytest.importorskip("support.sweeping", reason="Optuna, an extra, is not installed")
    paths = SweepPaths(out)
    return sweeping.Sweep(
        paths, sweeping.plan_of("grid", None, space={"lr": sweeping.choice(0.1)}), folder, paths.take()
    )


def test_there_is_no_session_to_go_on_from_where_nothing_was_saved(paths):
    assert find_session(paths) is None


def test_a_checkpoint_that_is_none_is_no_session(paths):
    paths.checkpoint.write_bytes(b"something else")
    assert find_session(paths) is None


@pytest.mark.parametrize(("n", "epochs", "is_unfinished"), [(7, 0, True), (10, 1, True), (20, 2, False)])
def test_a_saved_session_tells_how_far_it_is(paths, small_folder, n, epochs, is_unfinished):
    session = after_steps(paths, small_folder, n)
    saved = find_session(paths)
    assert (saved.settings, saved.data, saved.rows) == (session.settings, session.fingerprint, session.rows)
    assert (saved.epochs_done, saved.is_unfinished) == (epochs, is_unfinished)
    assert len(saved.costs) == n % 10


def test_an_unfinished_training_is_not_lost_by_mistake(paths, small_folder):
    after_steps(paths, small_folder, 7)
    with pytest.raises(SettingError, match=r"an unfinished training, 0 of 2 epochs: go on with `resume`") as caught:
        start(paths, {"model": "seed"}, small_folder)
    assert caught.value.setting == "anew"
    assert start(paths, {"model": "seed"}, small_folder, anew=True).steps_done == 0


def test_a_session_that_was_never_begun_is_let_go_by_its_lock(paths, small_folder):
    first = start(paths, {"model": "seed"}, small_folder)
    with pytest.raises(SettingError, match=r"release its lock \(session\.lock\.release\(\)\), or choose another"):
        start(paths, {"model": "seed"}, small_folder)  # the cell of a notebook, run again
    first.lock.release()
    second = start(paths, {"model": "seed"}, small_folder)
    with pytest.raises(SettingError, match="is held by this process"):
        next(first.steps())
    del second  # as does its last reference
    next(first.steps())
    assert not paths.lock.exists()


@pytest.mark.parametrize("begin", [start_session, start_sweep_of_one], ids=["session", "sweep"])
def test_the_data_are_not_written_over(small_folder, tmp_path, begin):
    data = Path(shutil.copytree(small_folder, tmp_path / "data"))
    before = {path: path.read_bytes() for path in data.iterdir()}
    for path in before:
        with pytest.raises(FileExistsError, match=rf"this file is read here, .*: '.*{path.name}'"):
            begin(path, data)
    assert {path: path.read_bytes() for path in data.iterdir()} == before


def test_what_may_be_a_training_and_cannot_be_read_is_not_lost(paths, small_folder):
    after_steps(paths, small_folder, 7)
    good = paths.checkpoint.read_bytes()
    for bad in (
        b"",
        good[:-1],
        good.replace(b"momentum", b"momentun"),
        good.replace(b"inkgrad checkpoint", b"inkgrad chequepoint"),
    ):
        paths.checkpoint.write_bytes(bad)
        with pytest.raises(SettingError, match=r"it may hold an unfinished training: move it away, or begin") as caught:
            start(paths, {"model": "seed"}, small_folder)
        assert str(paths.checkpoint) in str(caught.value)
        assert caught.value.setting == "anew"
        assert paths.checkpoint.read_bytes() == bad
    assert start(paths, {"model": "seed"}, small_folder, anew=True).steps_done == 0


def test_a_training_of_another_version_that_has_ended_may_be_written_over(paths, small_folder):
    session = start(paths, {"model": "seed"}, small_folder, anew=True)
    save_checkpoint(paths.checkpoint, session.run, {"settings": {"epochs": 0}})
    del session
    assert start(paths, {"model": "seed"}, small_folder).steps_done == 0


@pytest.mark.parametrize("name", ["seed", "batch_size", "epochs", "classes"])
def test_a_number_that_a_checkpoint_could_not_hold_is_refused_before_the_training(paths, small_folder, name):
    with pytest.raises(SettingError, match=f"a `{name}` is at most 9223372036854775807, as 64 bits hold it") as caught:
        start(paths, {"model": "seed", name: 2**63}, small_folder)
    assert caught.value.setting == name
    assert not list(paths.model.parent.iterdir())


def test_the_largest_seed_and_batch_are_gone_on_with(paths, small_folder):
    largest = {"seed": 2**63 - 1, "batch_size": 2**63 - 1, "epochs": 2**63 - 1}
    after_steps(paths, small_folder, 1, **largest)
    session = resume(paths, {}, small_folder)
    assert session.steps_done == 1
    assert next(session.steps()) is not None


def test_a_checkpoint_is_saved_each_minute_too(paths, small_folder):
    session = start(paths, {"model": "seed", "epochs": 2}, small_folder)
    assert session.loop.checkpoint_seconds == 60
    session.loop.checkpoint_seconds = 0  # as if each step took longer
    with closing(session.steps()) as steps:
        for n_saved in range(5):
            next(steps)
            assert read_checkpoint(paths.checkpoint).place["step"] == n_saved


def test_what_killed_saves_left_goes_when_a_session_begins(paths, small_folder):
    left = [path.with_name(f".{path.name}.0123abcd.part") for path in paths.all]
    for path in left:
        path.write_bytes(b"half of it")
    start(paths, {"model": "seed"}, small_folder)
    assert not list(paths.model.parent.iterdir())


def test_a_session_goes_on_at_the_step_where_it_stopped(paths, small_folder):
    costs = after_steps(paths, small_folder, 13).loop.costs
    session = resume(paths, {}, small_folder)
    assert (session.steps_done, session.run.epoch, session.run.step) == (13, 1, 3)
    assert session.loop.costs == costs
    assert len(list(session.steps())) == 7


def test_a_checkpoint_knows_after_how_many_steps_workers_meet(paths, small_folder):
    session = after_steps(paths, small_folder, 7)
    assert resume(paths, {}, small_folder).sync_every == 1
    session.sync_every = 3
    session.save_checkpoint()
    assert resume(paths, {}, small_folder).sync_every == 3
    notes = read_checkpoint(paths.checkpoint).notes
    for bad in 0, True, 1.5, "3":
        save_checkpoint(paths.checkpoint, session.run, notes | {"sync_every": bad})
        with pytest.raises(ModelFileError, match="was not made by this version of inkgrad train"):
            resume(paths, {}, small_folder)


def test_a_model_that_there_is_not_has_no_usual_settings():
    with pytest.raises(SettingError, match="there is no model 'transformer', only cnn, "):
        usual_settings("transformer")


def test_lines_are_not_learned_from_single_digits(paths, small_folder):
    with pytest.raises(SettingError, match=r"the lines network learns from lines .*scripts.make_lines"):
        start(paths, {"model": "lines"}, small_folder)
    assert not list(paths.model.parent.iterdir())
