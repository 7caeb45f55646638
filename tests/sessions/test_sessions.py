"""Sessions: found where there is one to go on from, and not lost by mistake."""

from contextlib import closing

import pytest

from inkgrad.errors import SettingError
from inkgrad.sessions import Paths, find_session, resume, start, usual_settings


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


def test_a_session_goes_on_at_the_step_where_it_stopped(paths, small_folder):
    costs = after_steps(paths, small_folder, 13).loop.costs
    session = resume(paths, {}, small_folder)
    assert (session.steps_done, session.run.epoch, session.run.step) == (13, 1, 3)
    assert session.loop.costs == costs
    assert len(list(session.steps())) == 7


def test_a_model_that_there_is_not_has_no_usual_settings():
    with pytest.raises(SettingError, match="there is no model 'transformer', only cnn, "):
        usual_settings("transformer")
