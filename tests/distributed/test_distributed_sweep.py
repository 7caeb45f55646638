"""Trials on a real Ray of four cores: the same as one after another, whatever dies on the way."""

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.sweeping import Seen, plan_of, sweep_in, without_seconds

from inkgrad.distributed import tune
from inkgrad.errors import Interrupted, SettingError
from inkgrad.sweeps import Choice, TrialStatus, one_after_another, resume_sweep


def run(sweep, enough=lambda seen: False, **how):
    seen = Seen(enough)
    tune.on_ray(sweep, seen, seen.stop, **({"n_workers": 2} | how))
    return seen


def trials_in(journal):
    return sorted(json.loads(line)["trial"] for line in journal.read_text().splitlines()[1:])


@pytest.fixture(scope="module")
def alone(tmp_path_factory, small_folder):
    """A sweep of trials one after another."""
    sweep = sweep_in(tmp_path_factory.mktemp("alone"), small_folder)
    one_after_another(sweep, Seen())
    return sweep


def ancestors(pid):
    while pid > 1:
        yield pid
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def kill_a_trial():
    """Kill, without a word, a worker of our own Ray that trains."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, ours = (folder / "cmdline").read_bytes(), os.getpid() in ancestors(int(folder.name))
        except OSError:
            continue  # it ended meanwhile
        if ours and name.startswith(b"ray::ImplicitFunc"):  # as Tune calls a worker
            os.kill(int(folder.name), signal.SIGKILL)
            return True
    return False


def test_trials_on_ray_are_the_trials_one_after_another(local_ray, tmp_path, small_folder, monkeypatch, capfd):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    plan = plan_of("grid", trials=None, space={"lr": Choice((0.03, 1e30, 0.1)), "batch_size": Choice((50,))})
    alone, sweep = sweep_in(tmp_path, small_folder, plan, name="alone"), sweep_in(tmp_path, small_folder, plan)
    one_after_another(alone, Seen())
    seen = run(sweep)
    assert sorted(each.status for each in sweep.results.values()) == [
        TrialStatus.DIVERGED,
        TrialStatus.DONE,
        TrialStatus.DONE,
    ]
    assert without_seconds(sweep.results) == without_seconds(alone.results)
    assert sorted(seen.ended) == trials_in(sweep.paths.journal) == [1, 2, 3]
    assert not (tmp_path / "home").exists()
    assert capfd.readouterr().out == ""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are looked for as Linux shows them")
def test_a_trial_whose_worker_is_killed_is_tried_again_and_counted_once(local_ray, alone, tmp_path, small_folder):
    sweep, killed = sweep_in(tmp_path, small_folder), []

    class Killer(Seen):
        def __call__(self, result):
            super().__call__(result)
            if result.epochs == 1 and not killed:
                killed.append(kill_a_trial())

    tune.on_ray(sweep, Killer(), n_workers=2)
    assert killed == [True]
    assert without_seconds(sweep.results) == without_seconds(alone.results)
    assert trials_in(sweep.paths.journal) == [1, 2, 3, 4]


def test_a_sweep_that_is_stopped_goes_on_with_ray_and_without(local_ray, alone, tmp_path, small_folder):
    first, some = sweep_in(tmp_path, small_folder), Seen(lambda seen: len(seen.shown) >= 4)  # one and a half trials
    with pytest.raises(Interrupted):
        one_after_another(first, some, some.stop)
    second = resume_sweep(first.paths, plan_of(), small_folder)
    with pytest.raises(Interrupted, match="was interrupted"):
        run(second, lambda seen: bool(seen.ended))
    assert 1 < len(second.results) < 4
    third = resume_sweep(first.paths, plan_of(), small_folder)
    one_after_another(third, Seen())
    assert without_seconds(third.results) == without_seconds(alone.results)
    assert trials_in(third.paths.journal) == [1, 2, 3, 4]


def test_a_checkpoint_that_cannot_be_used_is_put_aside_where_the_sweep_was_started(
    local_ray, alone, tmp_path, small_folder
):
    sweep = sweep_in(tmp_path, small_folder)
    sweep.begin()
    sweep.store.folder.mkdir()
    path = sweep.store.path(3)
    path.write_bytes(b"damaged")
    run(sweep)
    assert without_seconds(sweep.results) == without_seconds(alone.results)
    assert {each.name: each.read_bytes() for each in sweep.store.aside()} == {f"{path.name}.unusable": b"damaged"}


def test_asha_on_ray_stops_at_the_rungs_that_we_stop_at(local_ray, tmp_path, small_folder):
    plan = plan_of("asha", trials=5, epochs=5, factor=2, seed=1)  # whose later trials are the worse ones
    sweep = sweep_in(tmp_path, small_folder, plan)
    run(sweep, n_workers=1)  # one at a time: whether a trial is stopped depends on who came before
    results = sweep.results.values()
    assert plan.rungs == [1, 2, 4]
    assert {each.epochs for each in results if each.status == TrialStatus.STOPPED} <= {1, 2, 4}
    assert {each.epochs for each in results if each.status == TrialStatus.DONE} == {5}
    assert sum(each.epochs for each in results) < 5 * 5


def test_asha_remembers_the_trials_from_before_it_was_interrupted(tmp_path, small_folder):
    sweep = sweep_in(tmp_path, small_folder, plan_of("asha", trials=3, epochs=5, factor=2))
    one_after_another(sweep, Seen())
    scheduler, new = tune.scheduler_of(sweep), SimpleNamespace(trial_id="new")
    scheduler.on_trial_add(None, new)
    best = max(each.after(1) for each in sweep.results.values())
    assert scheduler.on_trial_result(None, new, {"epoch": 1, tune.ACCURACY: best / 2}) == "STOP"


def test_a_trial_lost_again_and_again_is_said(local_ray, tmp_path, small_folder, monkeypatch):
    monkeypatch.setattr(tune, "MORE_TRIES", 0)
    sweep = sweep_in(tmp_path, small_folder)
    sweep.store.folder.write_text("a file where the folder of checkpoints belongs")
    with pytest.raises(Interrupted, match=r"4 trials were lost, each with 1 workers, such as trial 1: .*FileExists"):
        run(sweep)
    assert sweep.results == {}


def test_more_workers_than_cores_are_refused(local_ray, tmp_path, small_folder):
    with pytest.raises(SettingError, match="the workers ask for 9 cores, and there are 4"):
        run(sweep_in(tmp_path, small_folder), n_workers=9)


def test_no_workers_are_refused(local_ray, tmp_path, small_folder):
    with pytest.raises(SettingError, match="work takes at least 1 worker, got n_workers=0"):
        run(sweep_in(tmp_path, small_folder), n_workers=0)
