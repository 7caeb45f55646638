"""Sweeps: what is found, what is kept, going on after a stop or a kill, and several processes at one sweep."""

import csv
import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import optuna
import pytest
from support.sweeping import Seen, SweepsIn, choice, plan_of, without_seconds

from inkgrad import load
from inkgrad.errors import DataError, Diverged, Interrupted, SettingError
from inkgrad.fast import Fast
from inkgrad.models import MODELS
from inkgrad.plots import search_picture
from inkgrad.sessions import Paths, start
from inkgrad.sweeps import TrialResult
from inkgrad.training import Objective, Plain, Run, evaluate


def run(sweep, enough=lambda seen: False, engine=None):
    seen = Seen(enough)
    sweep.run(seen, seen.stop, engine)
    return seen


def stopped_after(sweep, n_calls):
    """Run a sweep until it has asked so often whether to stop."""
    calls = iter(range(n_calls))
    with pytest.raises(Interrupted):
        run(sweep, lambda seen: next(calls, None) is None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, small_folder):
    """A sweep that nothing disturbed."""
    sweep = SweepsIn(tmp_path_factory.mktemp("whole"), small_folder).open()
    run(sweep)
    return sweep


def result(number, accuracies, status="running"):
    return TrialResult(number, status, plan_of().settings({}), tuple(accuracies))


def test_a_trial_is_a_training_with_its_settings_judged_on_the_validation_examples(whole):
    (second,) = (each for each in whole.results() if each.number == 2)
    recipe, settings = MODELS["seed"], second.settings
    by_hand = Run(
        Objective(recipe.network(10), recipe.cost),
        recipe.optimizer(settings.lr, 0.9),
        settings.batch_size,
        engine=Plain(),
    )
    for _ in range(2):
        list(by_hand.steps(whole.train))
    found = evaluate(by_hand.objective, by_hand.theta, whole.validation, engine=Plain())
    assert second.accuracy == pytest.approx(found.accuracy, abs=0.011)  # one digit, by float32's rounding


def test_the_best_is_the_one_that_is_most_often_right(whole):
    assert whole.results()[0].accuracy == max(each.accuracy for each in whole.results())
    assert [each.status for each in whole.results()] == ["done"] * 4


def test_the_saved_model_is_the_one_inkgrad_train_makes_of_the_best_settings(whole, small_folder, tmp_path):
    session = whole.session(Fast(1))
    for _ in session.steps():
        pass
    session.save_model()
    given = vars(whole.results()[0].settings).copy()
    other = start(Paths(tmp_path / "by_train.safetensors"), given, small_folder, engine=Fast(1))
    for _ in other.steps():
        pass
    other.save_model()
    assert (tmp_path / "by_train.safetensors").read_bytes() == whole.paths.model.read_bytes()
    card = load(whole.paths.model).card
    assert (card.n_train, card.n_test, card.recipe) == (1000, 200, "seed")


def test_more_threads_give_the_same_numbers(whole, tmp_path, small_folder):
    sweep = SweepsIn(tmp_path, small_folder).open()
    run(sweep, engine=Fast(2))
    assert without_seconds(sweep) == without_seconds(whole)


@pytest.mark.parametrize("n_calls", [0, 5, 23, 40])
def test_a_sweep_that_was_stopped_goes_on_to_the_same_end(whole, tmp_path, small_folder, n_calls):
    sweeps = SweepsIn(tmp_path, small_folder)
    first = sweeps.open()
    stopped_after(first, n_calls)
    ended = {each.number: each for each in first.results() if each.status == "done"}
    second = sweeps.open(resume=True)
    run(second)
    assert without_seconds(second) == without_seconds(whole)
    assert ended.items() <= {each.number: each for each in second.results()}.items()  # not run again: the same seconds


@pytest.mark.parametrize(
    ("how", "pruner", "trials", "epochs"),
    [("tpe", "none", 12, 1), ("random", "halving", 7, 3), ("tpe", "hyperband", 12, 3)],
)
def test_whatever_draws_and_stops_the_trials_a_stop_changes_nothing(
    tmp_path, small_folder, how, pruner, trials, epochs
):
    plan = plan_of(how, trials, epochs, pruner=pruner, factor=2)
    whole = SweepsIn(tmp_path, small_folder, plan, name="whole").open()
    run(whole)
    parts = SweepsIn(tmp_path, small_folder, plan, name="parts")
    stopped_after(parts.open(), 15)
    stopped_after(parts.open(resume=True), 83)
    sweep = parts.open(resume=True)
    run(sweep)
    assert without_seconds(sweep) == without_seconds(whole)
    stopped = {len(each.accuracies) for each in sweep.results() if each.status == "stopped"}
    assert stopped <= {1, 2}
    assert bool(stopped) == (pruner != "none")


def test_tpe_draws_nearer_to_what_was_good_than_random_does():
    def mean_distance(how):
        plan = plan_of(how, space={"lr": optuna.distributions.FloatDistribution(1e-4, 1, log=True)})
        study, distances = optuna.create_study(direction="maximize"), []
        for k in range(40):
            study.add_trial(plan.new_trial(study, k))
            distances.append(abs(np.log10(study.trials[k].params["lr"] / 0.05)))
            study.tell(k, -distances[-1])
        return np.mean(distances[20:])

    assert mean_distance("tpe") < 0.7 * mean_distance("random")


def test_a_trial_that_was_begun_anew_is_not_judged_twice(tmp_path, small_folder):
    sweeps = SweepsIn(tmp_path, small_folder, plan_of(trials=1, epochs=3, space={"batch_size": choice(100)}))
    stopped_after(sweeps.open(), 15)  # in the second epoch
    sweep = sweeps.open(resume=True)
    asked = []
    run(sweep, lambda seen: bool(asked.append(1)))
    lines = [json.loads(line) for line in sweep.paths.journal.read_text().splitlines()]
    assert [line["step"] for line in lines if "intermediate_value" in line] == [1, 2, 3]
    assert len(asked) == 27  # as often as there are steps, of which an epoch has nine: it began at the start
    assert len(sweep.results()[0].accuracies) == 3


def test_the_folder_of_a_sweep_is_cleared_of_nothing_but_its_own(tmp_path, small_folder):
    sweep = SweepsIn(tmp_path, small_folder, plan_of(trials=1)).open()
    own = sweep.paths.folder / "notes.txt"
    own.write_text("somebody's own")
    run(sweep)
    sweep.finish()
    assert list(sweep.paths.folder.iterdir()) == [own]


@pytest.mark.parametrize("make", [os.mkfifo, Path.touch, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_folder_and_has_its_name_is_refused_before_the_work(tmp_path, small_folder, make):
    make(tmp_path / "best.sweep")
    (tmp_path / "best.sweep.jsonl").write_text("an older one")
    with pytest.raises(FileExistsError, match=r"File exists: '.*best\.sweep'"):
        SweepsIn(tmp_path, small_folder).open(anew=True)
    assert (tmp_path / "best.sweep.jsonl").read_text() == "an older one"


def test_a_line_cut_short_by_a_kill_is_dropped(whole, tmp_path, small_folder):
    sweeps = SweepsIn(tmp_path, small_folder)
    lines = whole.paths.journal.read_bytes().splitlines(keepends=True)
    half = next(k for k, line in enumerate(lines) if b'"trial_id":2' in line and b'"intermediate_value"' in line)
    sweeps.paths.journal.write_bytes(b"".join(lines[:half]) + lines[half][:20])
    sweep = sweeps.open(resume=True)
    run(sweep)
    assert without_seconds(sweep) == without_seconds(whole)


def test_more_trials_are_added_to_a_sweep_that_has_ended(whole, tmp_path, small_folder):
    sweeps = SweepsIn(tmp_path, small_folder)
    sweeps.paths.journal.write_bytes(whole.paths.journal.read_bytes())
    sweep = sweeps.open(plan_of(trials=6), resume=True)
    run(sweep)
    assert without_seconds(whole).items() < without_seconds(sweep).items()
    assert len(sweep.results()) == 6
    fewer = sweeps.open(resume=True)
    run(fewer)
    assert without_seconds(fewer) == without_seconds(sweep)


OLD_JOURNAL = b'{"sweep": {"fixed": {"model": "seed"}}}\n{"trial": 1, "status": "done", "settings": {}}\n'


@pytest.mark.parametrize("how", [{}, {"resume": True}])
@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (OLD_JOURNAL, "is of an older inkgrad, whose sweeps cannot be gone on with: move it away, or begin with anew"),
        (b"no journal\nat all\n", "is damaged, or no sweep's: move it away, or begin with anew"),
        (b'{"op_code": 0}\n[]\n', "is damaged"),
        (b'{"op_code": 4, "worker_id": "x", "study_id": 3, "datetime_start": "x"}\n', "is damaged"),
        (b"\xff\x00\n\n", "is damaged"),
        (
            b'{"op_code": 0, "worker_id": "x", "study_name": "sweep", "directions": [2]}\n{"op_code": 4, \n',
            "is damaged",
        ),
    ],
)
def test_a_file_that_is_no_journal_of_ours_is_refused_and_kept(tmp_path, small_folder, raw, message, how):
    sweeps = SweepsIn(tmp_path, small_folder)
    sweeps.paths.journal.write_bytes(raw)
    with pytest.raises((DataError, SettingError), match=message):
        sweeps.open(**how)
    assert sweeps.paths.journal.read_bytes() == raw
    run(sweeps.open(plan_of(trials=1), anew=True))


@pytest.mark.parametrize("change", [{"seed": 1}, {"space": {"lr": choice(0.1, 0.2, 0.3, 0.4)}}, {"epochs": 3}])
def test_another_plan_does_not_go_on(whole, tmp_path, small_folder, change):
    sweeps = SweepsIn(tmp_path, small_folder)
    sweeps.paths.journal.write_bytes(whole.paths.journal.read_bytes())
    with pytest.raises(SettingError, match="of a sweep with another plan: give the same as then, or begin with anew"):
        sweeps.open(plan_of(**change), resume=True)


def test_too_few_to_judge_on_or_to_train_on_are_refused(tmp_path, small_folder):
    for part in (0.0, 0.001, 1.0):
        with pytest.raises(DataError, match=f"validation_fraction = {part:g} of 1000 training examples holds out"):
            SweepsIn(tmp_path, small_folder, plan_of(validation_fraction=part), f"{part}").open()


def test_other_data_do_not_go_on(whole, tmp_path):
    sweeps = SweepsIn(tmp_path, None)
    sweeps.paths.journal.write_bytes(whole.paths.journal.read_bytes())
    with pytest.raises(SettingError, match="of a sweep with another data: give the same as then"):
        sweeps.open(resume=True)


def test_unfinished_work_is_not_lost_unless_told_so(tmp_path, small_folder):
    sweeps = SweepsIn(tmp_path, small_folder)
    sweeps.open()
    sweep = sweeps.open()  # nothing was done yet: nothing is lost
    with pytest.raises(Interrupted):
        run(sweep, lambda seen: len(seen.ended) == 1)
    with pytest.raises(SettingError, match="an unfinished sweep, trials begun so far: 1; go on with `resume`, or"):
        sweeps.open()
    assert sweeps.open(anew=True).results() == []
    other = SweepsIn(tmp_path, small_folder, name="other")
    with pytest.raises(SettingError, match=r"no .*other\.sweep\.jsonl to go on from: leave out `resume`"):
        other.open(resume=True)
    with pytest.raises(SettingError, match=r"no sweep under way in .*other\.sweep\.jsonl: leave out `join`"):
        other.join()


KEEPS = "move it away and go on with `resume`, which keeps the trials"


def searched(folder, data):
    """Sweeps whose trials have all ended, and the last of them."""
    sweeps = SweepsIn(folder, data, plan_of(trials=2, epochs=1))
    sweep = sweeps.open()
    run(sweep)
    return sweeps, sweep


def trained_a_little(sweep, folder, **given):
    """The training of the best settings of a sweep, broken off after a step; `given` changes them."""
    session = start(sweep.paths, vars(sweep.results()[0].settings) | given, folder, lock=sweep.lock)
    with closing(session.steps()) as steps:
        next(steps)
        session.save_checkpoint()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), f"; it may hold an unfinished training: {KEEPS}$"),
        (
            lambda path: path.write_bytes(path.read_bytes().replace(b"momentum", b"momentun")),
            f"was not made by this version of inkgrad train; it may hold an unfinished training: {KEEPS}$",
        ),
    ],
    ids=["damaged", "of another version"],
)
def test_a_damaged_training_of_the_best_settings_does_not_cost_the_trials(tmp_path, small_folder, spoil, message):
    sweeps, first = searched(tmp_path, small_folder)
    trained_a_little(first, small_folder)
    spoil(first.paths.checkpoint)
    with pytest.raises(SettingError, match=message) as caught:
        sweeps.open(resume=True).session(Fast(1))
    assert caught.value.setting == "resume"
    first.paths.checkpoint.rename(tmp_path / "away.safetensors")
    assert sweeps.open(resume=True).session(Fast(1)).steps_done == 0


@pytest.mark.parametrize("given", [{"seed": 7}, {"epochs": 2}])
def test_a_training_of_other_settings_that_came_in_between_is_not_lost(tmp_path, small_folder, given):
    _, sweep = searched(tmp_path, small_folder)
    trained_a_little(sweep, small_folder, **given)
    with pytest.raises(SettingError, match=f"an unfinished training of others: {KEEPS}") as caught:
        sweep.session(Fast(1))
    assert caught.value.setting == "resume"


def test_the_training_of_the_best_settings_goes_on_where_it_stopped(tmp_path, small_folder):
    sweeps, sweep = searched(tmp_path, small_folder)
    trained_a_little(sweep, small_folder)
    assert sweeps.open(resume=True).session(Fast(1)).steps_done == 1


def test_an_unfinished_training_of_the_same_name_is_not_lost(tmp_path, small_folder):
    session = start(Paths(tmp_path / "best.safetensors"), {"model": "seed"}, small_folder)
    next(session.steps())
    session.save_checkpoint()
    session.lock.release()
    with pytest.raises(SettingError, match="holds an unfinished training, 0 of 5 epochs: choose another `out`"):
        SweepsIn(tmp_path, small_folder).open()


def test_a_trial_that_diverges_is_a_row_and_not_the_end(tmp_path, small_folder):
    plan = plan_of("grid", trials=3, epochs=1, space={"lr": choice(1e30, 0.05, 1e35)})
    sweep = SweepsIn(tmp_path, small_folder, plan).open()
    run(sweep)
    assert [each.status for each in sweep.results()] == ["done", "diverged", "diverged"]
    assert sweep.results()[0].settings.lr == 0.05
    sweep.write_results()
    rows = list(csv.DictReader(sweep.paths.table.read_text().splitlines()))
    assert [row["status"] for row in rows] == ["done", "diverged", "diverged"]
    assert (rows[0]["lr"], rows[1]["validation_accuracy"]) == ("0.05", "")


def test_when_all_diverge_there_is_no_best(tmp_path, small_folder):
    plan = plan_of("grid", trials=2, epochs=1, space={"lr": choice(1e30, 1e35)})
    sweep = SweepsIn(tmp_path, small_folder, plan).open()
    run(sweep)
    sweep.write_results()
    with pytest.raises(Diverged, match="all 2 trials diverged: search smaller learning rates"):
        sweep.session(Fast(1))


def test_a_grid_is_run_in_the_order_of_the_file(tmp_path, small_folder):
    plan = plan_of("grid", trials=None, epochs=1, space={"lr": choice(0.1, 0.2), "batch_size": choice(50, 100, 200)})
    sweep = SweepsIn(tmp_path, small_folder, plan).open()
    run(sweep)
    found = [each.settings for each in sorted(sweep.results(), key=lambda each: each.number)]
    assert [(each.lr, each.batch_size) for each in found] == [(lr, n) for lr in (0.1, 0.2) for n in (50, 100, 200)]


def test_any_reader_of_optuna_journals_reads_ours(whole):
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(whole.paths.journal)))
    study = optuna.load_study(study_name="sweep", storage=storage)
    assert study.best_value == whole.results()[0].accuracy
    assert study.best_trial.number == whole.results()[0].number - 1


def test_results_are_ranked_by_how_they_ended_and_then_by_accuracy():
    found = [
        result(1, [0.5], "stopped"),
        result(2, [], "diverged"),
        result(3, [0.1, 0.3], "done"),
        result(4, [0.1, 0.6], "done"),
        result(5, [0.9, 0.4], "stopped"),
        result(6, [0.9], "running"),
    ]
    assert [each.number for each in sorted(found, key=lambda each: each.rank)] == [4, 3, 6, 5, 1, 2]


def test_the_picture_has_the_curves_and_a_part_for_each_setting(whole):
    found = whole.results()
    figure = search_picture(found, whole.plan.space)
    curves, lr, batch_size = figure.axes
    assert len(curves.lines) == 4
    assert list(curves.lines[-1].get_ydata()) == pytest.approx([100 * (1 - each) for each in found[0].accuracies])
    assert (lr.get_xlabel(), lr.get_xscale(), batch_size.get_xlabel()) == ("lr", "log", "batch_size")
    assert [label.get_text() for label in batch_size.get_xticklabels()] == ["50", "100"]
    (legend,) = figure.legends
    assert "4 done" in [text.get_text() for text in legend.get_texts()]


# Several processes


def test_workers_find_what_one_process_finds(whole, tmp_path, small_folder):
    sweep = SweepsIn(tmp_path, small_folder).open()
    seen = Seen()
    sweep.run(seen, seen.stop, n_workers=2)
    assert without_seconds(sweep) == without_seconds(whole)
    assert sorted(seen.ended) == [1, 2, 3, 4]


JOIN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from support.sweeping import SweepsIn, plan_of
SweepsIn(Path(sys.argv[2]), Path(sys.argv[3]), plan_of(trials=12)).join().run()
"""


def joined(folder, data):
    tests = Path(__file__).parents[1]
    return subprocess.Popen([sys.executable, "-c", JOIN, str(tests), str(folder), str(data)], stderr=subprocess.PIPE)


def workers_in(journal):
    """Who ran each trial: Optuna names the process in each line that it writes."""
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return [line["worker_id"] for line in lines if line["op_code"] == 4]  # a trial is begun


def test_two_processes_at_one_sweep_run_each_trial_once(tmp_path, small_folder):
    plan = plan_of(trials=12)
    alone = SweepsIn(tmp_path, small_folder, plan, name="alone").open()
    run(alone)
    sweep = SweepsIn(tmp_path, small_folder, plan).open()
    helpers = [joined(tmp_path, small_folder) for _ in range(2)]
    for helper in helpers:
        assert helper.wait(120) == 0, helper.stderr.read()
        helper.stderr.close()
    run(sweep)
    begun = workers_in(sweep.paths.journal)
    assert len(begun) == 12
    assert without_seconds(sweep) == without_seconds(alone)


def test_a_trial_whose_process_is_killed_begins_anew_in_another(tmp_path, small_folder):
    plan = plan_of(trials=12)
    alone = SweepsIn(tmp_path, small_folder, plan, name="alone").open()
    run(alone)
    sweep = SweepsIn(tmp_path, small_folder, plan).open()
    helper = joined(tmp_path, small_folder)
    while not any(each.accuracies for each in sweep.results()):
        assert helper.poll() is None, helper.stderr.read()
    helper.send_signal(signal.SIGKILL)
    helper.communicate()
    run(sweep)
    assert len(workers_in(sweep.paths.journal)) == 12
    assert without_seconds(sweep) == without_seconds(alone)
