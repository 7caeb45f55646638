"""Trials one after another: what is kept, what is found, and going on after a stop."""

import csv
import json
import os
from contextlib import closing, nullcontext
from pathlib import Path

import numpy as np
import pytest
from support.sweeping import Seen, plan_of, sweep_in, without_seconds

from inkgrad import load
from inkgrad.data import load_data
from inkgrad.errors import DataError, Diverged, Interrupted, SettingError
from inkgrad.fast import Fast
from inkgrad.models import MODELS
from inkgrad.saving import FileKind, write_tensors
from inkgrad.sessions import Paths, start
from inkgrad.sweeps import (
    Choice,
    SweepPaths,
    Trial,
    TrialResult,
    TrialStatus,
    ValidationSplit,
    one_after_another,
    picture,
    ranked,
    resume_sweep,
    trial_training,
)
from inkgrad.sweeps.trial_training import worse
from inkgrad.training import Objective, Plain, Run, evaluate, read_checkpoint, save_checkpoint


def run(sweep, enough=lambda seen: False, engine=None):
    seen = Seen(enough)
    one_after_another(sweep, seen, seen.stop, engine)
    return seen


@pytest.fixture(scope="module")
def whole(tmp_path_factory, small_folder):
    """A sweep that nothing disturbed."""
    sweep = sweep_in(tmp_path_factory.mktemp("whole"), small_folder)
    run(sweep)
    return sweep


def outcome(number, accuracies, status=TrialStatus.RUNNING):
    rows = [
        {"epoch": k, "cost": 1.0, "validation_cost": 1.0, "validation_accuracy": each, "seconds": 0.1}
        for k, each in enumerate(accuracies, start=1)
    ]
    (trial, *_) = plan_of(trials=1).trials()
    return TrialResult(Trial(number, trial.settings), status, tuple(rows))


def test_validation_examples_are_training_examples_left_out_of_the_training(small_folder):
    dataset = load_data(small_folder)
    held = ValidationSplit.out_of(dataset, 0.1, seed=3)
    assert (len(held.train), len(held.validation)) == (900, 100)
    rows = [each.tobytes() for each in (*held.train.x, *held.validation.x)]
    assert sorted(rows) == sorted(each.tobytes() for each in dataset.train.x)


@pytest.mark.parametrize("fraction", [0.0001, 0.9999])
def test_too_few_examples_to_hold_out_are_refused(small_folder, fraction):
    with pytest.raises(DataError, match="training examples holds out"):
        ValidationSplit.out_of(load_data(small_folder), fraction, seed=0)


def test_a_trial_is_a_training_with_its_settings_judged_on_the_validation_examples(whole):
    settings, held = whole.results[2].trial.settings, whole.split
    recipe = MODELS["seed"]
    by_hand = Run(
        Objective(recipe.network(10), recipe.cost),
        recipe.optimizer(settings.lr, 0.9),
        settings.batch_size,
        engine=Plain(),
    )
    for _ in range(2):
        costs = [step.cost for step in by_hand.steps(held.train)]
    found = evaluate(by_hand.objective, by_hand.theta, held.validation, engine=Plain())
    row = whole.results[2].rows[1]
    assert row["validation_accuracy"] == pytest.approx(found.accuracy, abs=0.011)  # one digit, by float32's rounding
    assert (row["cost"], row["validation_cost"]) == pytest.approx((np.mean(costs), found.cost), rel=1e-3)


def test_the_best_is_the_one_that_is_most_often_right(whole):
    accuracies = {number: each.rows[-1]["validation_accuracy"] for number, each in whole.results.items()}
    assert whole.best().accuracy == max(accuracies.values())
    assert [each.status for each in whole.results.values()] == [TrialStatus.DONE] * 4


def test_the_saved_model_is_the_one_inkgrad_train_makes_of_the_best_settings(whole, small_folder, tmp_path):
    session = whole.session(Fast(1))
    for _ in session.steps():
        pass
    session.save_model()
    given = vars(whole.best().trial.settings).copy()
    other = start(Paths(tmp_path / "by_train.safetensors"), given, small_folder, engine=Fast(1))
    for _ in other.steps():
        pass
    other.save_model()
    assert (tmp_path / "by_train.safetensors").read_bytes() == whole.paths.model.read_bytes()
    card = load(whole.paths.model).card
    assert (card.n_train, card.n_test, card.recipe) == (1000, 200, "seed")


def test_more_threads_give_the_same_numbers(whole, tmp_path, small_folder):
    sweep = sweep_in(tmp_path, small_folder)
    run(sweep, engine=Fast(2))
    assert without_seconds(sweep.results) == without_seconds(whole.results)


@pytest.mark.parametrize("n_calls", [0, 5, 23, 40])
def test_a_sweep_that_was_stopped_goes_on_to_the_same_end_and_runs_nothing_twice(
    whole, tmp_path, small_folder, n_calls
):
    calls = iter(range(n_calls))
    first = sweep_in(tmp_path, small_folder)
    with pytest.raises(Interrupted):
        run(first, lambda seen: next(calls, None) is None)
    before = len(first.results)
    second = resume_sweep(first.paths, plan_of(), small_folder)
    seen = run(second)
    assert len(seen.ended) == 4 - before
    assert without_seconds(second.results) == without_seconds(whole.results)
    lines = [json.loads(line) for line in second.paths.journal.read_text().splitlines()]
    assert sorted(line["trial"] for line in lines[1:]) == [1, 2, 3, 4]
    assert not list(second.paths.folder.glob("*"))


def test_a_half_done_trial_goes_on_from_its_checkpoint(tmp_path, small_folder):
    first = sweep_in(tmp_path, small_folder)
    with pytest.raises(Interrupted):
        run(first, lambda seen: len(seen.shown) == 1)  # after one epoch of the first trial
    seconds = Seen()
    second = resume_sweep(first.paths, plan_of(), small_folder)
    second.store.save = None  # no epoch may be trained: the one that is done comes from the file
    with pytest.raises(TypeError):
        one_after_another(second, seconds)
    assert [each.epochs for each in seconds.shown] == [1]


@pytest.mark.parametrize(("n_calls", "place"), [(4, (0, 5)), (22, (2, 5))])
def test_a_trial_that_is_stopped_in_an_epoch_is_kept_at_that_step(tmp_path, small_folder, n_calls, place):
    calls = iter(range(n_calls))
    sweep = sweep_in(tmp_path, small_folder, plan_of(trials=1, epochs=3, space={"batch_size": Choice((100,))}))
    with pytest.raises(Interrupted):
        run(sweep, lambda seen: next(calls, None) is None)
    kept = sweep.store.load(1)
    assert (kept.place["epoch"], kept.place["step"], len(kept.notes["costs"])) == (*place, 5)


def test_a_trial_is_kept_each_minute_too(tmp_path, small_folder, monkeypatch):
    plan = plan_of(trials=1)
    whole = sweep_in(tmp_path, small_folder, plan, name="whole")
    run(whole)
    monkeypatch.setattr(trial_training, "CHECKPOINT_SECONDS", 0.0)  # as if each step took longer
    first = sweep_in(tmp_path, small_folder, plan)
    save, places = first.store.save, []

    def save_and_end(number, run, notes):
        save(number, run, notes)
        places.append((run.epoch, run.step))
        if len(places) == 5:
            raise KeyboardInterrupt

    first.store.save = save_and_end
    with pytest.raises(KeyboardInterrupt):
        run(first)
    assert places == [(0, step) for step in range(1, 6)]
    second = resume_sweep(first.paths, plan, small_folder)
    run(second)
    assert without_seconds(second.results) == without_seconds(whole.results)


@pytest.mark.parametrize("change", [{"rows": [{}]}, {"rows": 7}, {"costs": ["x"]}, {"seconds": None}, {"rows": []}])
def test_notes_of_a_trial_that_make_no_sense_are_not_used(whole, tmp_path, small_folder, change):
    first = sweep_in(tmp_path, small_folder)
    with pytest.raises(Interrupted):
        run(first, lambda seen: len(seen.shown) == 1)
    kept = first.store.load(1)
    (trial, *_) = plan_of().trials()
    first.store.save(1, trial.settings.run_from(kept, first.split.train), kept.notes | change)
    second = resume_sweep(first.paths, plan_of(), small_folder)
    run(second)
    assert without_seconds(second.results) == without_seconds(whole.results)
    assert [path.name for path in second.store.aside()] == [f"{first.store.path(1).name}.unusable"]


def test_a_sweep_stops_between_epochs_of_one_step(tmp_path, small_folder):
    plan = plan_of("grid", None, epochs=5, space={"batch_size": Choice((1000,))})
    seen = Seen(lambda seen: len(seen.shown) == 2)
    with pytest.raises(Interrupted, match="trial 1 was interrupted in epoch 2"):
        one_after_another(sweep_in(tmp_path, small_folder, plan), seen, seen.stop)
    assert [each.epochs for each in seen.shown] == [1, 2]


def test_a_checkpoint_that_cannot_be_used_is_put_aside_and_its_trial_begins_anew(whole, tmp_path, small_folder):
    first = sweep_in(tmp_path, small_folder)
    with pytest.raises(Interrupted):
        run(first, lambda seen: len(seen.shown) == 1)
    path = first.store.path(1)
    good = path.read_bytes()
    path.rename(first.store.path(2))  # of trial 1, found in the place of trial 2
    path.write_bytes(good[:-1])
    (first.paths.folder / f"{path.name}.unusable").write_bytes(b"of a time before")
    second = resume_sweep(first.paths, plan_of(), small_folder)
    run(second)
    assert without_seconds(second.results) == without_seconds(whole.results)
    kept = {each.name: each.read_bytes() for each in second.store.aside()}
    assert kept == {
        f"{path.name}.unusable": b"of a time before",
        f"{path.name}.unusable.2": good[:-1],
        f"{first.store.path(2).name}.unusable": good,
    }
    assert set(second.paths.folder.iterdir()) == second.store.aside()


def test_the_folder_of_a_sweep_is_cleared_of_nothing_but_its_own(tmp_path, small_folder):
    sweep = sweep_in(tmp_path, small_folder, plan_of(trials=1))
    sweep.paths.folder.mkdir()
    own = sweep.paths.folder / "trial-notes.txt"
    own.write_text("somebody's own")
    sweep.store.path(7).write_bytes(b"of an older sweep")
    (sweep.paths.folder / f".{sweep.store.path(8).name}.1a2b3c4d.part").write_bytes(b"half of it")
    run(sweep)
    sweep.finish(1, 2)
    assert list(sweep.paths.folder.iterdir()) == [own]
    own.unlink()
    sweep.store.clear()
    assert not sweep.paths.folder.exists()


@pytest.mark.parametrize("make", [os.mkfifo, Path.touch, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_folder_and_has_its_name_is_refused_before_the_work(tmp_path, small_folder, make):
    folder = tmp_path / "best.sweep"
    make(folder)
    with pytest.raises(NotADirectoryError, match=r"not a folder, choose another name: '.*best\.sweep'"):
        sweep_in(tmp_path, small_folder)
    assert os.listdir(tmp_path) == ["best.sweep"]


def test_a_trial_that_is_asked_to_stop_after_its_last_epoch_is_done(tmp_path, small_folder):
    sweep = sweep_in(tmp_path, small_folder, plan_of(trials=1))
    assert run(sweep, lambda seen: seen.shown and seen.shown[-1].epochs == 2).ended == [1]
    assert sweep.results[1].status == TrialStatus.DONE


def test_a_line_cut_short_by_a_kill_is_run_again(whole, tmp_path, small_folder):
    text = whole.paths.journal.read_text()
    paths = SweepPaths(tmp_path / "best.safetensors")
    paths.journal.write_text(text[: text.rindex('"rows"')])
    sweep = resume_sweep(paths, plan_of(), small_folder)
    assert sorted(sweep.results) == [1, 2, 3]
    assert run(sweep).ended == [4]
    assert without_seconds(sweep.results) == without_seconds(whole.results)


def test_more_trials_are_added_to_a_sweep_that_has_ended(whole, tmp_path, small_folder):
    paths = SweepPaths(tmp_path / "best.safetensors")
    paths.journal.write_bytes(whole.paths.journal.read_bytes())
    assert run(resume_sweep(paths, plan_of(trials=6), small_folder)).ended == [5, 6]
    with pytest.raises(SettingError, match="holds trial 6 already, got trials = 4"):
        resume_sweep(paths, plan_of(trials=4), small_folder)


def with_status(line, status):
    return json.dumps(json.loads(line) | {"status": status})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [*lines, lines[-1]], "line 6 is not what inkgrad sweep wrote"),
        (lambda lines: [lines[0], "{"], "line 2 is not what inkgrad sweep writes"),
        (lambda lines: lines[1:], "line 1 is not what inkgrad sweep writes"),
        (lambda lines: [lines[0], lines[1].replace('"epoch": 1', '"epoch": 2')], "line 2 is not what"),
        (lambda lines: [lines[0], lines[1].replace('"batch_size": ', '"batch_size": 7')], "line 2 is not what"),
        (lambda lines: [lines[0], with_status(lines[1], [])], "line 2 is not what inkgrad sweep wrote there"),
        (lambda lines: [lines[0], with_status(lines[1], {})], "line 2 is not what inkgrad sweep wrote there"),
        (lambda lines: [lines[0], with_status(lines[1], "running")], "line 2 is not what inkgrad sweep wrote there"),
        (lambda lines: [lines[0].replace('"seed": 0', '"seed": 1'), *lines[1:]], r"another sweep, \[search\] differs"),
        (lambda lines: [lines[0].replace('"high": 0.3', '"high": 3'), *lines[1:]], r"another sweep, \[space\] differs"),
        (lambda lines: [lines[0].replace('"data": "', '"data": "x'), *lines[1:]], "the same `data` as then"),
        (lambda lines: [], "is empty"),
    ],
)
def test_a_journal_that_is_not_of_this_sweep_is_refused(whole, tmp_path, small_folder, change, message):
    paths = SweepPaths(tmp_path / "best.safetensors")
    lines = change(whole.paths.journal.read_text().splitlines()[:5])
    paths.journal.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises((DataError, SettingError), match=message):
        resume_sweep(paths, plan_of(), small_folder)


def test_unfinished_work_is_not_lost_unless_told_so(tmp_path, small_folder):
    sweep = sweep_in(tmp_path, small_folder)
    sweep_in(tmp_path, small_folder)  # nothing was done yet: nothing is lost
    with pytest.raises(Interrupted):
        run(sweep, lambda seen: len(seen.ended) == 1)
    with pytest.raises(SettingError, match="an unfinished sweep, trials ended so far: 1; go on with `resume`, or"):
        sweep_in(tmp_path, small_folder)
    assert sweep_in(tmp_path, small_folder, anew=True).results == {}
    with pytest.raises(SettingError, match=r"no .*other\.sweep\.jsonl to go on from: leave out `resume`"):
        resume_sweep(SweepPaths(tmp_path / "other.safetensors"), plan_of(), small_folder)


def searched(folder, data):
    """A sweep whose trials have all ended."""
    sweep = sweep_in(folder, data, plan_of(trials=2, epochs=1))
    run(sweep)
    return sweep


def trained_a_little(sweep, folder, **given):
    """The training of the best settings of a sweep, broken off after a step; `given` changes them."""
    session = start(sweep.paths, vars(sweep.best().trial.settings) | given, folder)
    with closing(session.steps()) as steps:
        next(steps)
        session.save_checkpoint()


KEEPS = "move it away and go on with `resume`, which keeps the trials"


def of_no_optimizer(path):
    """Make a checkpoint lack what the optimizer remembers."""
    found = read_checkpoint(path)
    tensors = {name: array for name, array in found.tensors.items() if name == "theta"}
    write_tensors(path, tensors, {"run": found.place, "notes": found.notes}, FileKind("inkgrad checkpoint"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), f"; it may hold an unfinished training: {KEEPS}$"),
        (
            lambda path: path.write_bytes(path.read_bytes().replace(b"momentum", b"momentun")),
            f"was not made by this version of inkgrad train; it may hold an unfinished training: {KEEPS}$",
        ),
        (of_no_optimizer, f"lacks a part of where the training stood; {KEEPS}$"),
    ],
    ids=["damaged", "of another version", "without a part"],
)
def test_a_damaged_training_of_the_best_settings_does_not_cost_the_trials(tmp_path, small_folder, spoil, message):
    first = searched(tmp_path, small_folder)
    trained_a_little(first, small_folder)
    spoil(first.paths.checkpoint)
    second = resume_sweep(first.paths, first.plan, small_folder)
    with pytest.raises(SettingError, match=message) as caught:
        second.session(Fast(1))
    assert caught.value.setting == "resume"
    first.paths.checkpoint.rename(tmp_path / "away.safetensors")
    third = resume_sweep(first.paths, first.plan, small_folder)
    assert run(third).ended == []
    assert third.session(Fast(1)).steps_done == 0


@pytest.mark.parametrize("given", [{"seed": 7}, {"epochs": 2}])
def test_a_training_of_other_settings_that_came_in_between_does_not_cost_the_trials(tmp_path, small_folder, given):
    sweep = searched(tmp_path, small_folder)
    trained_a_little(sweep, small_folder, **given)
    with pytest.raises(SettingError, match=f"unfinished training that is none of this sweep: {KEEPS}") as caught:
        sweep.session(Fast(1))
    assert caught.value.setting == "resume"


def test_a_training_on_other_data_is_none_of_the_sweep(tmp_path, small_folder):
    sweep = searched(tmp_path, small_folder)
    trained_a_little(sweep, None)  # on MNIST
    with pytest.raises(SettingError, match="unfinished training that is none of this sweep"):
        sweep.session(Fast(1))


def test_a_line_of_the_journal_that_makes_no_sense_may_be_taken_out(whole, tmp_path, small_folder):
    paths = SweepPaths(tmp_path / "best.safetensors")
    lines = whole.paths.journal.read_text().splitlines(keepends=True)[:5]
    for wrong in "{", lines[3].replace('"epoch": 1', '"epoch": 2'):
        paths.journal.write_text("".join([*lines[:3], wrong.strip() + "\n", lines[4]]))
        with pytest.raises(DataError, match=r"line 4 is not .*: take it out, and its trial runs again"):
            resume_sweep(paths, plan_of(), small_folder)
        paths.journal.write_text("".join(lines[:3] + lines[4:]))
        assert sorted(resume_sweep(paths, plan_of(), small_folder).results) == [1, 2, 4]


def test_an_unfinished_training_of_the_same_name_is_not_lost(tmp_path, small_folder):
    session = start(Paths(tmp_path / "best.safetensors"), {"model": "seed"}, small_folder)
    next(session.steps())
    session.save_checkpoint()
    with pytest.raises(SettingError, match="holds an unfinished training: choose another `out`"):
        sweep_in(tmp_path, small_folder)


@pytest.mark.parametrize(("epochs", "is_lost"), [(1, True), (0, False), ("all", False)])
def test_an_unfinished_training_of_another_version_is_not_lost_either(tmp_path, small_folder, epochs, is_lost):
    session = start(Paths(tmp_path / "best.safetensors"), {"model": "seed"}, small_folder)
    notes = {"settings": {"epochs": epochs, "momentum": 0.9}}
    save_checkpoint(session.paths.checkpoint, session.run, notes)
    with pytest.raises(SettingError, match="holds an unfinished training") if is_lost else nullcontext():
        sweep_in(tmp_path, small_folder)


def test_a_trial_that_diverges_is_a_row_and_not_the_end(tmp_path, small_folder):
    plan = plan_of(trials=3, epochs=1, space={"lr": Choice((1e30, 0.05, 1e35))})
    sweep = sweep_in(tmp_path, small_folder, plan)
    run(sweep)
    assert sorted(each.status for each in sweep.results.values()) == [
        TrialStatus.DIVERGED,
        TrialStatus.DIVERGED,
        TrialStatus.DONE,
    ]
    assert sweep.best().trial.settings.lr == 0.05
    sweep.write_results()
    rows = list(csv.DictReader(sweep.paths.table.read_text().splitlines()))
    assert [row["status"] for row in rows] == [TrialStatus.DONE, TrialStatus.DIVERGED, TrialStatus.DIVERGED]
    assert (rows[0]["lr"], rows[1]["validation_accuracy"]) == ("0.05", "")


def test_when_all_diverge_there_is_no_best(tmp_path, small_folder):
    plan = plan_of(trials=2, epochs=1, space={"lr": Choice((1e30, 1e35))})
    sweep = sweep_in(tmp_path, small_folder, plan)
    run(sweep)
    sweep.write_results()
    with pytest.raises(Diverged, match="all 2 trials diverged: search smaller learning rates"):
        sweep.best()


def test_only_the_best_go_past_a_rung():
    outcomes = [outcome(k, [accuracy]) for k, accuracy in enumerate((0.3, 0.9, 0.5, 0.7, 0.1, 0.8, 0.6), start=1)]
    assert {each.trial.number for each in worse(outcomes, 1, 3)} == {1, 3, 4, 5, 7}  # 7 // 3 = 2 are kept: 0.9 and 0.8
    assert worse(outcomes[:1], 1, 3) == []
    assert worse([*outcomes[:1], outcome(9, [], TrialStatus.DIVERGED)], 1, 3) == []


def test_asha_stops_the_worse_trials_at_the_rungs_and_can_be_resumed(tmp_path, small_folder):
    plan = plan_of("asha", trials=6, epochs=5, factor=2)
    whole = sweep_in(tmp_path, small_folder, plan, name="whole")
    run(whole)
    epochs = sorted(each.epochs for each in whole.results.values())
    assert epochs == [1, 1, 1, 2, 2, 5]  # 6, then 3, then 1; at 4 it is alone
    assert {each.epochs for each in whole.results.values() if each.status == TrialStatus.STOPPED} == {1, 2}
    parts = sweep_in(tmp_path, small_folder, plan, name="parts")
    with pytest.raises(Interrupted):
        run(parts, lambda seen: len(seen.ended) >= 4)
    parts = resume_sweep(parts.paths, plan, small_folder)
    run(parts)
    assert without_seconds(parts.results) == without_seconds(whole.results)


def test_outcomes_are_ranked_by_how_they_ended_and_then_by_accuracy():
    found = ranked(
        [
            outcome(1, [0.5], TrialStatus.STOPPED),
            outcome(2, [], TrialStatus.DIVERGED),
            outcome(3, [0.1, 0.3], TrialStatus.DONE),
            outcome(4, [0.1, 0.6], TrialStatus.DONE),
            outcome(5, [0.9, 0.4], TrialStatus.STOPPED),
        ]
    )
    assert [each.trial.number for each in found] == [4, 3, 5, 1, 2]


def test_the_picture_has_the_curves_and_a_part_for_each_setting(whole):
    found = ranked(whole.results.values())
    figure = picture(found, whole.plan.space)
    curves, lr, batch_size = figure.axes
    assert len(curves.lines) == 4
    assert list(curves.lines[-1].get_ydata()) == pytest.approx(
        [100 * (1 - row["validation_accuracy"]) for row in found[0].rows]
    )
    assert (lr.get_xlabel(), lr.get_xscale(), batch_size.get_xlabel()) == ("lr", "log", "batch_size")
    assert [label.get_text() for label in batch_size.get_xticklabels()] == ["50", "100"]
    (legend,) = figure.legends
    assert "4 done" in [text.get_text() for text in legend.get_texts()]
