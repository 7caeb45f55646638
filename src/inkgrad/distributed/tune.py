"""on_ray(): the trials of a sweep, several at a time, on Ray Tune."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ray
from ray import tune
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from inkgrad.distributed.cluster import connect
from inkgrad.errors import Diverged, Interrupted
from inkgrad.fast import limit_threads
from inkgrad.files import replacing
from inkgrad.sweeps import Show, Sweep, Trial, TrialFolder, TrialResult, TrialStatus, ValidationSplit, train_trial
from inkgrad.training import Checkpoint, Row, Run

MORE_TRIES = 3
"""How often a trial is tried again whose worker died."""
ACCURACY = "validation_accuracy"
QUIET_TUNE = {name: "1" for name in ("TUNE_DISABLE_SIGINT_HANDLER", "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS")} | {
    "RAY_AIR_NEW_OUTPUT": "0"  # it has no other way to be told
}


def on_ray(
    sweep: Sweep,
    show: Show,
    stop: Callable[[], bool] = lambda: False,
    n_workers: int | None = None,
    address: str | None = None,
) -> None:
    """Run the trials of a sweep that have not ended, `n_workers` at a time, each on one core of a Ray cluster.

    Without a number of workers there is one for each core.  A trial whose worker dies is tried again, from its
    last epoch.  With rungs (Plan.rungs) it is Ray's ASHA: a trial that comes to a rung stops there unless it is
    among the best of those that came there before.

    Raises SettingError as connect() does; Interrupted once `stop()` is true, or when trials were lost with
    their workers again and again.
    """
    with (
        sweep.locked(),
        connect(address, 1 if n_workers is None else n_workers) as cluster,
        tempfile.TemporaryDirectory() as litter,
    ):
        sweep.begin()
        watch = _Watch(sweep, show, stop)
        left = [number for number in watch.going if number not in sweep.results]
        if not left:
            return
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        keeper = ray.remote(_Keeper).options(num_cpus=0, scheduling_strategy=here).remote(sweep.paths.folder.resolve())
        trials = {number: watch.going[number].trial for number in left}
        work = tune.with_parameters(_train, trials=trials, split=sweep.split, keeper=keeper)
        tuner = tune.Tuner(
            tune.with_resources(work, {"cpu": 1}),
            param_space={"number": tune.grid_search(left)},
            tune_config=tune.TuneConfig(
                scheduler=scheduler_of(sweep), max_concurrent_trials=n_workers or cluster.n_cores, reuse_actors=True
            ),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=litter,
                verbose=0,
                callbacks=[watch],
                stop=_Stop(stop),
                failure_config=tune.FailureConfig(max_failures=MORE_TRIES),
            ),
        )
        with _silence():
            tuner.fit()
    if stop():
        raise Interrupted("the sweep was interrupted")
    lost = [number for number in left if number not in sweep.results]
    if lost:
        raise Interrupted(
            f"{len(lost)} trials were lost, each with {MORE_TRIES + 1} workers, such as trial {lost[0]}: {watch.why}"
        )


def _train(config: dict[str, Any], trials: dict[int, Trial], split: ValidationSplit, keeper: Any) -> None:
    """Train one trial in a worker; report its rows, also those from before it was interrupted."""
    trial = trials[config["number"]]
    epoch = 0
    try:
        with limit_threads(1), tempfile.TemporaryDirectory() as folder:
            for row in train_trial(trial, split, _Far(Path(folder), keeper)):
                epoch = row["epoch"]
                tune.report({"row": row, "epoch": epoch, ACCURACY: row[ACCURACY]})
    except Diverged:
        tune.report({"row": None, "epoch": epoch + 1, ACCURACY: 0.0})


class _Keeper:
    """Keeps the files of a TrialFolder where the sweep was started, for workers that may be anywhere."""

    def __init__(self, folder: Path) -> None:
        self.store = TrialFolder(folder)

    def save(self, number: int, raw: bytes) -> None:
        self.store.folder.mkdir(exist_ok=True)
        with replacing(self.store.path(number)) as file:
            file.write(raw)

    def load(self, number: int) -> bytes | None:
        path = self.store.path(number)
        return path.read_bytes() if path.exists() else None

    def put_aside(self, number: int) -> None:
        self.store.put_aside(number)


class _Far(TrialFolder):
    """A TrialFolder whose files are with a keeper; the folder is only for passing them on."""

    def __init__(self, folder: Path, keeper: Any) -> None:
        super().__init__(folder)
        self.keeper = keeper

    def save(self, number: int, run: Run, notes: dict[str, Any]) -> None:
        super().save(number, run, notes)
        ray.get(self.keeper.save.remote(number, self.path(number).read_bytes()))

    def load(self, number: int) -> Checkpoint | None:
        raw = ray.get(self.keeper.load.remote(number))
        if raw is None:
            return None
        self.path(number).write_bytes(raw)
        return super().load(number)

    def put_aside(self, number: int) -> None:
        ray.get(self.keeper.put_aside.remote(number))


class _Bound:
    """What stays in this process: Tune pickles all it is given, to restore it later, for which we have the journal."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class _Watch(_Bound, tune.Callback):  # type: ignore[misc]  # Ray's is not typed
    """Follows the trials, shows each row, and writes down how each trial ended."""

    def __init__(self, sweep: Sweep, show: Show, stop: Callable[[], bool]) -> None:
        self.sweep, self.show, self.stop = sweep, show, stop
        self.going = sweep.going()
        self.why = ""

    def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any) -> None:
        found = self._of(trial)
        row: Row | None = result.get("row")
        grown = replace(found, status=TrialStatus.DIVERGED) if row is None else found.grown(row)
        self.going[found.trial.number] = grown
        if grown.epochs > found.epochs:
            self.show(grown)

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        found = self._of(trial)
        if found.epochs == found.trial.settings.epochs:
            self._end(replace(found, status=TrialStatus.DONE))
        elif found.status == TrialStatus.DIVERGED:
            self._end(found)
        elif not self.stop():
            self._end(replace(found, status=TrialStatus.STOPPED))

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        told = Path(trial.error_file) if trial.error_file else None  # Tune's own answer may come too late
        lines = told.read_text().strip().splitlines() if told and told.exists() else []
        self.why = lines[-1] if lines else "Ray gives no reason"

    def _of(self, trial: Any) -> TrialResult:
        return self.going[trial.config["number"]]

    def _end(self, result: TrialResult) -> None:
        self.going[result.trial.number] = result
        self.sweep.record(result)
        self.show(result)


class _Stop(_Bound, tune.Stopper):  # type: ignore[misc]
    """Stops all trials on request."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self.stop = stop

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self.stop()


def scheduler_of(sweep: Sweep) -> Any:
    """Return Ray's ASHA, which has seen the trials that ended before; nothing where trials are not stopped."""
    if not sweep.plan.rungs:
        return None
    from ray.tune.schedulers import ASHAScheduler

    search = sweep.plan.search
    scheduler = ASHAScheduler(
        time_attr="epoch",
        metric=ACCURACY,
        mode="max",
        max_t=sweep.trials[0].settings.epochs,
        grace_period=search.first_rung,
        reduction_factor=search.factor,
    )
    for number, result in sweep.results.items():
        before = SimpleNamespace(trial_id=f"before-{number}")
        scheduler.on_trial_add(None, before)
        for row in result.rows:
            scheduler.on_trial_result(None, before, {"epoch": row["epoch"], ACCURACY: row[ACCURACY]})
    return scheduler


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Tune from talking, and from taking Ctrl-C, inside a with block: we do both."""
    logger, before = logging.getLogger("ray.tune"), {name: os.environ.get(name) for name in QUIET_TUNE}
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    os.environ.update(QUIET_TUNE)
    try:
        yield
    finally:
        logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
