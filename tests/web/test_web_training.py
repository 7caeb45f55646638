"""Training in the playground: the same numbers as everywhere else, steered while it goes."""

import re
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, replace

import numpy as np
import pytest
from support.playground import LIBRARY, SOON, Page, as_bytes, opened, wait_until

from inkgrad import sessions
from inkgrad.check import check_network
from inkgrad.check.layer import random_parameters
from inkgrad.check.lessons import LAYERS
from inkgrad.costs import CrossEntropy
from inkgrad.data import circles
from inkgrad.data.features import features
from inkgrad.errors import Diverged, SettingError
from inkgrad.layers import Dense, Softmax
from inkgrad.layout import Layout
from inkgrad.training import Objective, Run, evaluate
from inkgrad.web.playground_settings import ACTIVATIONS, COSTS, DEFAULTS, parsed
from inkgrad.web.trainer import Trainer
from inkgrad.web.visitors import Visitors

DENSE = {"kind": "dense", "size": 6, "activation": "Tanh"}
RELU = DENSE | {"activation": "ReLU"}
CONV = {"kind": "conv", "size": 2, "activation": "ReLU"}
TOO_FAST = {"lr": 100, "layers": [DENSE | {"activation": "LeakyReLU"}] * 4, "cost": "SoftmaxCrossEntropy"}


@pytest.fixture
def page(client):
    page = Page(client)
    visitor = page.visitor
    yield page
    visitor.close()  # nothing trains on behind the next test


@contextmanager
def training(which="points", told=lambda: None, **settings):
    """A trainer with the usual settings but for these."""
    before = threads()
    trainer = Trainer(parsed(settings, which), LIBRARY.digits)
    trainer.listeners.add(told)
    yield trainer
    trainer.close()
    wait_until(lambda: threads() <= before)


def threads():
    """The threads of all trainers."""
    return {thread for thread in threading.enumerate() if thread.name == "training"}


def theta(trainer):
    return trainer.objective()[1].tobytes()


def wait_for(trainer, condition=lambda state: not state["running"]):
    """The state, all that was asked being done, once a condition holds."""
    wait_until(lambda: trainer.is_up_to_date and condition(trainer.state(-1, 0)))
    return trainer.state(-1, 0)


def run_of(settings, examples, n_epochs, n_steps=0):
    """The same training by the library itself."""
    run = Run(
        Objective(*settings.network_and_cost()),
        settings.optimizer_(),
        settings.batch_size,
        settings.seed,
        augmentation=settings.augmentation_(),
    )
    for _ in range(n_epochs):
        for _ in run.steps(examples):
            pass
    steps = run.steps(examples)
    for _ in range(n_steps):
        next(steps)
    return run


# The same numbers.


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"data": "xor", "optimizer": "Adam", "seed": 7},
        {"data": "spirals", "noise": 0.1, "dropout": 0.2, "classes": 3},
        {"data": "own", "points": [[0, 0.5, 0], [1, 0.25, 1], [0.5, 1, 0]], "batch_size": 2},
        {"broken": "bias-mean", "cost": "SquaredError"},
        {"data": "circles", "features": ["x1x1", "sin2", "x1"]},
        {"data": "xor", "data_noise": 0.1, "share": 0.5, "weight_decay": 0.01, "l1": 0.001},
        {"data": "curve", "curve": "y = x^2", "data_noise": 0.01},
        {"data": "plane", "layers": []},
        {"data": "gaussians", "optimizer": "Adam", "data_noise": 0.01, "share": 0.5, "dropout": 0.1},
    ],
    ids=str,
)
def test_the_same_settings_give_the_same_theta_as_the_library_to_the_last_bit(settings):
    with training(**settings) as trainer:
        trainer.goto(7)
        state = wait_for(trainer, lambda state: state["epoch"] == 7)
        run = run_of(trainer.settings, trainer.dataset.train, 7)
        assert theta(trainer) == run.theta.tobytes()
        assert [row[1] for row in state["rows"]] == [1, 2, 3, 4, 5, 6, 7]


def test_digits_that_are_changed_in_training_give_the_same_theta_too():
    with training("digits", layers=[CONV], augmentation=True, dropout=0.3, noise=0.05) as trainer:
        for _ in range(3):
            trainer.step()
        wait_for(trainer, lambda state: state["step"] == 3)
        assert theta(trainer) == run_of(trainer.settings, trainer.dataset.train, 0, 3).theta.tobytes()


def test_the_seed_network_learns_as_on_the_command_line(tmp_path):
    own = sessions.start(sessions.Paths(tmp_path / "m.safetensors"), {"model": "seed", "epochs": 1}, None)
    for _ in own.steps():
        pass
    with training("digits") as trainer:
        trainer.goto(1)
        state = wait_for(trainer, lambda state: state["epoch"] == 1)
        assert theta(trainer) == own.run.theta.tobytes()
        assert [row[4] for row in state["rows"]] == [row["quick_accuracy"] for row in own.rows]
        np.testing.assert_allclose([row[2] for row in state["rows"]], [row["cost"] for row in own.rows])


def test_another_seed_gives_another_theta():
    with training() as one, training(seed=1) as other:
        assert theta(one) != theta(other)


def test_stops_and_single_steps_do_not_change_the_numbers():
    with training() as trainer:
        trainer.step()
        trainer.step()
        trainer.epoch()
        wait_for(trainer, lambda state: state["epoch"] == 1 and not state["running"])
        trainer.start()
        wait_for(trainer, lambda state: state["epoch"] > 3)
        trainer.pause()
        trainer.step()
        state = wait_for(trainer)
        epochs, steps = divmod(state["step"], state["steps_in_epoch"])
        assert theta(trainer) == run_of(trainer.settings, trainer.dataset.train, epochs, steps).theta.tobytes()


def test_each_order_for_an_epoch_is_an_epoch():
    """Three come before the first is obeyed."""
    with training() as trainer:
        with trainer.busy:
            for _ in range(3):
                trainer.epoch()
        wait_for(trainer, lambda state: state["epoch"] == 3 and not state["running"])


def test_a_reset_goes_back_to_the_first_theta():
    with training() as trainer:
        first = theta(trainer)
        trainer.epoch()
        wait_for(trainer, lambda state: state["epoch"] == 1)
        assert theta(trainer) != first
        trainer.reset()
        state = wait_for(trainer, lambda state: state["epoch"] == 0)
        assert theta(trainer) == first
        assert state["rows"] == []


# Steering, as the page does.


def test_a_training_starts_pauses_steps_and_ends_an_epoch(page):
    with page.training() as line:
        first = line.state()
        assert (first["first"], first["running"], first["step"], first["rows"]) == (True, False, 0, [])
        line.tell("step")
        assert line.state(lambda state: state["step"] == 1)["rows"][0][0] == 1
        line.tell("epoch")
        state = line.state(lambda state: state["epoch"] == 1 and not state["running"])
        assert state["step"] == state["steps_in_epoch"] == 8
        line.tell("start")
        line.state(lambda state: state["running"] and state["epoch"] > 2)
        line.tell("pause")
        assert line.state(lambda state: not state["running"])["epoch"] > 2


def test_a_link_leads_to_the_same_place(page):
    with page.training() as line:
        line.tell("goto", epoch=30)
        state = line.state(lambda state: state["epoch"] == 30)
        assert not state["running"]
    first = page.visitor.trainers["points"]
    assert [row[1] for row in first.rows] == list(range(1, 31))
    with training() as other:
        other.goto(30)
        wait_for(other, lambda state: state["epoch"] == 30)
        assert theta(other) == theta(first)


def test_a_link_to_the_start_trains_nothing():
    with training() as trainer:
        first = theta(trainer)
        trainer.epoch()
        trainer.goto(0)
        state = wait_for(trainer)
        assert (theta(trainer), state["step"]) == (first, 0)


@pytest.mark.parametrize(("which", "most"), [("points", 5000), ("digits", 20)])
def test_a_link_leads_only_so_far(which, most):
    refused = pytest.raises(SettingError, match=f"a link goes to an epoch from 0 to {most}, got {most + 1}")
    with training(which) as trainer, refused:
        trainer.goto(most + 1)


KNOBS = [
    {"lr": 0.1},
    {"momentum": 0.5},
    {"optimizer": "Adam", "lr": 0.001},
    {"batch_size": 7},
    {"noise": 0.2},
    {"dropout": 0.5},
    {"weight_decay": 0.1},
    {"l1": 0.01},
    {"broken": "sign-flipped"},
]
NEW = [
    {"data": "xor"},
    {"layers": [DENSE]},
    {"cost": "SquaredError"},
    {"classes": 3},
    {"seed": 3},
    {"features": ["x2"]},
    {"data_noise": 0.1},
    {"share": 0.3},
    {"data": "curve"},
]


@pytest.mark.parametrize("knob", KNOBS, ids=str)
def test_a_knob_may_be_turned_and_theta_stays(knob):
    with training() as trainer:
        trainer.goto(2)
        wait_for(trainer, lambda state: state["epoch"] == 2)
        trainer.step()
        wait_for(trainer, lambda state: state["step"] == 17)
        before, rows = theta(trainer), list(trainer.rows)
        trainer.change(parsed(knob, "points"))
        state = wait_for(trainer, lambda state: state["settings"] != DEFAULTS["points"].as_message())
        assert (theta(trainer), trainer.rows) == (before, rows)
        assert state["settings"] | knob == state["settings"]
        trainer.epoch()
        wait_for(trainer, lambda state: state["epoch"] == 3)
        assert theta(trainer) != before


@pytest.mark.parametrize("knob", [*KNOBS, {"augmentation": True}], ids=str)
@pytest.mark.parametrize("which", ["points", "digits"])
def test_a_knob_may_be_turned_while_training_and_it_goes_on(page, which, knob):
    small = {"layers": [DENSE]}
    with page.training(which) as line:
        line.tell("change", settings=small)
        line.tell("start")
        step = line.state(lambda state: state["step"] > 20)["step"]
        line.tell("change", settings=small | knob)
        changed = parsed(small | knob, which).as_message()
        state = line.state(lambda state: state["settings"]["lr"] == changed["lr"] and state["step"] > step + 20)
        assert state["running"]
        assert not state["first"]


@pytest.mark.parametrize("new", NEW, ids=str)
def test_other_data_or_another_network_begin_anew(new):
    with training() as trainer:
        trainer.epoch()
        wait_for(trainer, lambda state: state["epoch"] == 1)
        trainer.change(parsed(new, "points"))
        state = wait_for(trainer, lambda state: state["step"] == 0)
        assert state["rows"] == []
        assert theta(trainer) == run_of(trainer.settings, trainer.dataset.train, 0).theta.tobytes()


def test_back_to_the_old_knobs_is_back_on_the_old_way():
    with training() as trainer:
        for _ in range(3):
            trainer.step()
        trainer.change(parsed({"lr": 0.5}, "points"))
        trainer.change(parsed({}, "points"))
        for _ in range(10):
            trainer.step()
        wait_for(trainer, lambda state: state["step"] == 13)
        assert theta(trainer) == run_of(trainer.settings, trainer.dataset.train, 1, 5).theta.tobytes()


# What is learned, and what is not.


def test_xor_is_learned_without_a_mistake():
    with training(data="xor", lr=0.5, batch_size=4) as trainer:
        trainer.goto(500)
        state = wait_for(trainer, lambda state: state["epoch"] == 500)
        assert state["rows"][-1][3:] == (1, 1)


@pytest.mark.parametrize("data", ["animals", "circles", "spirals"])
def test_points_are_learned(data):
    with training(data=data, layers=[DENSE | {"size": 16}] * 2, optimizer="Adam", lr=0.01) as trainer:
        trainer.goto(200)
        state = wait_for(trainer, lambda state: state["epoch"] == 200)
        assert state["rows"][-1][4] > 0.95


def suitable(lesson):
    """Settings of a network which has what a lesson breaks."""
    for activation in ACTIVATIONS:
        for cost in COSTS:
            layers = [DENSE | {"activation": activation}] * 2
            try:
                return parsed({"layers": layers, "cost": cost, "dropout": 0.3, "broken": lesson}, "points")
            except SettingError:
                continue
    raise AssertionError(f"{lesson} breaks no network")


@pytest.mark.parametrize("lesson", LAYERS)
def test_every_mistake_can_be_made_and_is_found_by_its_name(lesson):
    settings = suitable(lesson)
    train, rng = settings.dataset(LIBRARY.digits).train, np.random.default_rng(0)
    x, t = train.x[:7].astype(np.float64), train.t[:7]
    for broken, kinds in (lesson, {LAYERS[lesson].kind}), (None, set()):
        network, cost = replace(settings, broken=broken).network_and_cost()
        start = random_parameters(network, rng)
        report = check_network(network, cost, x, t, start, raises=False)
        assert {finding.kind for finding in report.findings} == kinds


@pytest.mark.parametrize("lesson", LAYERS)
def test_a_broken_network_trains_as_far_as_it_can(lesson):
    settings = asdict(suitable(lesson)) | {"layers": [asdict(layer) for layer in suitable(lesson).layers]}
    with training(**settings) as trainer:
        trainer.goto(3)
        problem = None
        end = time.monotonic() + SOON
        while time.monotonic() < end and problem is None and trainer.state(-1, 0)["epoch"] < 3:
            problem = trainer.error()
        assert "the cost is no longer a number" in (problem or "") or trainer.state(-1, 0)["epoch"] == 3


@pytest.mark.parametrize("lesson", [name for name, each in LAYERS.items() if each.right is not Dense or each.is_square])
def test_a_mistake_that_the_network_cannot_have_is_refused(lesson):
    cost = "SoftmaxCrossEntropy" if LAYERS[lesson].right in (CrossEntropy, Softmax) else "CrossEntropy"
    with pytest.raises(SettingError, match=f"{lesson} needs {LAYERS[lesson].needs}, which this network lacks"):
        parsed({"layers": [DENSE | {"activation": "ELU"}], "cost": cost, "broken": lesson}, "points")


# When it goes wrong.


def assert_diverged(line):
    problem = line.error()
    assert re.match("the (cost is|outputs are) no longer (a number|numbers)", problem)
    assert problem.endswith("try a smaller learning rate")
    assert "\n" not in problem


def test_a_training_that_diverges_says_so_and_another_begins(page):
    with page.training() as line:
        line.tell("change", settings=TOO_FAST)
        line.tell("start")
        assert_diverged(line)
        assert not line.state()["running"]
        line.tell("change", settings={})
        line.tell("epoch")
        line.state(lambda state: state["settings"]["lr"] == 0.05 and state["epoch"] == 1)


def test_regression_that_diverges_says_so(page):
    with page.training() as line:
        line.tell("change", settings={"data": "plane", "layers": [RELU], "lr": 100})
        line.tell("start")
        assert "try a smaller learning rate" in line.error()


def test_a_training_that_diverged_and_is_started_again_says_so_again(page):
    with page.training() as line:
        line.tell("change", settings=TOO_FAST)
        for order in "start", "start":
            line.tell(order)
            assert_diverged(line)
        line.tell("reset")
        line.state(lambda state: state["step"] == 0 and state["first"])
        line.tell("change", settings=TOO_FAST | {"lr": 0.01})
        line.tell("epoch")
        line.state(lambda state: state["epoch"] == 1)


def test_a_training_that_diverges_while_its_details_are_watched_says_so(page):
    with page.training() as line:
        line.tell("details", wanted=True)
        line.tell("change", settings=TOO_FAST)
        line.tell("start")
        assert_diverged(line)
        line.tell("details", wanted=False)
        line.tell("reset")
        line.state(lambda state: state["step"] == 0)


def test_a_training_that_diverges_just_after_knobs_were_turned_lives_on():
    slow, showing = TOO_FAST | {"lr": 1e-6, "optimizer": "Adam"}, threading.Lock()
    with training(told=lambda: showing.acquire() and showing.release(), **slow) as trainer:
        for _ in range(7):  # of 8 in an epoch
            trainer.step()
        wait_for(trainer, lambda state: state["step"] == 7)
        with showing:  # so that the thread shows no state between these
            trainer.change(parsed(TOO_FAST | {"batch_size": 40}, "points"))  # 2 in an epoch
            for _ in range(9):
                trainer.step()
        wait_until(trainer.error)
        trainer.step()  # the optimizer has the state that it needs
        wait_for(trainer, lambda state: state["step"] == 1)
        assert trainer.error() is None
        trainer.change(parsed(slow | {"batch_size": 40}, "points"))
        trainer.epoch()
        wait_for(trainer, lambda state: state["epoch"] >= 1 and not state["running"])


def test_all_that_was_asked_is_not_called_done_before_it_is():
    with training() as trainer:
        with trainer.busy:  # so that the thread takes the order and cannot follow it
            trainer.step()
            time.sleep(0.1)
            assert not trainer.is_up_to_date
        wait_for(trainer, lambda state: state["step"] == 1)


def test_what_diverged_still_answers_in_one_line(page):
    with page.training() as line:
        line.tell("change", settings=TOO_FAST)
        line.tell("start")
        assert_diverged(line)
    answer = page.post("/api/check", {"which": "points"})
    assert answer.status_code == 200 or len(answer.json()["error"].splitlines()) == 1


# The socket.


def test_a_socket_that_was_killed_comes_back_to_everything(page):
    with page.training() as line:
        line.tell("goto", epoch=25)
        last = line.state(lambda state: state["epoch"] == 25)
    with page.training() as line:
        state = line.state()
        assert state["first"]
        assert len(state["rows"]) == 25
        assert len(state["points"]) == 80
        assert (state["step"], state["settings"]) == (last["step"], last["settings"])


def test_a_training_goes_on_while_nobody_looks(page):
    with page.training() as line:
        line.tell("start")
        line.state(lambda state: state["step"] > 0)
    trainer = page.visitor.trainers["points"]
    step = trainer.state(-1, 0)["step"]
    wait_until(lambda: trainer.state(-1, 0)["step"] > step + 50)
    with page.training() as line:
        assert line.state()["running"]


def test_the_rows_of_all_states_are_each_row_once(page):
    rows, state = [], {"running": True}
    with page.training() as line:
        line.tell("start")
        while len(rows) < 60 or state["running"]:
            state = line.state()
            rows = state["rows"] if state["first"] else rows + state["rows"]
            if len(rows) > 60 and state["running"]:
                line.tell("pause")
    assert [row[1] for row in rows] == list(range(1, len(rows) + 1))


def test_two_windows_of_a_visitor_show_the_same_training(page):
    with page.training() as one, page.training() as other:
        one.tell("goto", epoch=3)
        assert one.state(lambda state: state["epoch"] == 3)["step"] == 24
        assert other.state(lambda state: state["epoch"] == 3)["step"] == 24


def test_there_are_at_most_ten_states_a_second(page):
    with page.training() as line:
        line.tell("start")
        line.state(lambda state: state["running"])
        start = time.monotonic()
        for _ in range(5):
            line.state()
        assert time.monotonic() - start > 0.35  # the first may have been on its way


def test_a_state_that_was_asked_for_does_not_grow_by_itself():
    with training() as trainer:
        trainer.goto(3)
        rows = wait_for(trainer, lambda state: state["epoch"] == 3)["rows"]
        trainer.epoch()
        wait_for(trainer, lambda state: state["epoch"] == 4)
        assert len(rows) == 3


def test_the_training_of_a_visitor_stands_aside_for_their_check(page):
    """It takes four steps a second meanwhile, where else it goes through a hundred epochs of eight steps."""
    trainer, way = page.visitor.trainers["points"], page.visitor.way
    trainer.start()
    wait_until(lambda: len(trainer.rows) > 5)
    checking = threading.Thread(target=page.ask, args=("/api/check", {"which": "digits"}))
    checking.start()
    wait_until(lambda: way.is_taken)
    before, start = len(trainer.rows), time.monotonic()
    wait_until(lambda: not way.is_taken)
    assert len(trainer.rows) - before <= 3 + (time.monotonic() - start)
    checking.join(SOON)


def test_training_digits_leaves_time_for_those_who_ask():
    with training("digits") as trainer:
        trainer.start()
        wait_until(lambda: trainer.running)
        for _ in range(10):
            for ask in (lambda: trainer.state(-1, 0)), trainer.model, trainer.objective, trainer.error:
                start = time.monotonic()
                ask()
                assert time.monotonic() - start < 1  # a slice is 0.05 s


# What is shown.


def test_the_histograms_count_every_weight_and_every_gradient():
    with training("digits", layers=[CONV, DENSE]) as trainer:
        trainer.want_details(True)
        layers = wait_for(trainer, lambda state: state["layers"])["layers"]
        objective, parameters = trainer.objective()
        sizes = [sum(array.size for array in parts) for parts in _by_layer(objective, parameters)]
        assert [sum(layer["weights"]["counts"]) for layer in layers] == sizes
        assert [sum(layer["gradients"]["counts"]) for layer in layers] == sizes
        assert sum(sizes) == parameters.size
        for layer, parts in zip(layers, _by_layer(objective, parameters), strict=True):
            numbers = np.concatenate([array.ravel() for array in parts])
            assert layer["weights"]["from"] == pytest.approx(numbers.min(), rel=1e-3)
            assert layer["weights"]["to"] == pytest.approx(numbers.max(), rel=1e-3)


def _by_layer(objective, parameters):
    parts = Layout(objective.network.shapes()).parts(parameters)
    names = dict.fromkeys(path.split(".")[0] for path in parts)
    return [[array for path, array in parts.items() if path.split(".")[0] == name] for name in names]


def test_dead_units_are_counted():
    with training(layers=[RELU, RELU]) as trainer:
        objective, parameters = trainer.objective()
        p = Layout(objective.network.shapes()).views(parameters)
        p["0"].b = np.array([-99, 9, -99, 9, -99, 9], np.float32)  # inputs are in [0, 1]
        trainer.put(parameters)
        trainer.want_details(True)
        first, second, last = wait_for(trainer, lambda state: state["layers"])["layers"]
        assert (first["dead"], first["units"]) == (3, 6)
        assert second["units"] == 6
        assert last["units"] is None


def test_gradients_that_are_no_numbers_are_said_and_end_nothing():
    with training("digits", layers=[RELU, RELU]) as trainer:
        trainer.put(np.full_like(trainer.objective()[1], 3e38))
        trainer.want_details(True)
        first = wait_for(trainer, lambda state: state["layers"])["layers"][0]
        assert first["weights"]["counts"]
        assert first["gradients"] is None
        trainer.step()
        wait_for(trainer, lambda state: trainer.error())


def test_what_makes_no_numbers_is_not_put_in():
    with training(layers=[RELU, RELU]) as trainer:
        before = theta(trainer)
        with pytest.raises(Diverged, match="no longer numbers"):
            trainer.put(np.full_like(trainer.objective()[1], 3e38))
        assert theta(trainer) == before


def test_what_was_learnt_of_another_network_is_not_put_in():
    with training() as trainer:
        before = theta(trainer)
        with pytest.raises(SettingError, match="the network was changed meanwhile: ask it again"):
            trainer.put(np.zeros(7, np.float32))
        assert theta(trainer) == before


def test_what_was_put_in_stays_when_the_training_diverges():
    with training(**TOO_FAST) as trainer:
        first = trainer.objective()[1]
        trainer.put(first + np.float32(0.25))
        trainer.start()
        wait_for(trainer, lambda state: trainer.error())
        assert np.isfinite(trainer.objective()[1]).all()
        assert not np.array_equal(trainer.objective()[1], first)


def test_the_picture_of_the_square_shows_what_the_network_says():
    with training(data="circles") as trainer:
        trainer.goto(20)
        state = wait_for(trainer, lambda state: state["epoch"] == 20)
        shown, model = state["boundary"], trainer.model()
        n = shown["n"]
        classes, sure = (as_bytes(shown[name], n, n) for name in ("class", "sure"))
        for row, column in (0, 0), (0, n - 1), (n - 1, 0), (20, 41):
            p = model.probabilities(np.array([column, row], np.float32) / (n - 1))[0]  # row 0 is below
            assert classes[row, column] == p.argmax()
            assert sure[row, column] == pytest.approx(255 * p.max(), abs=0.6)
        assert [len(units) for units in shown["layers"]] == [8]


def test_the_picture_of_a_network_has_its_own_numbers():
    layers = [DENSE | {"size": 20}, DENSE]
    with training(data="xor", layers=layers, classes=3, features=["x2", "x1x2", "sin1"]) as trainer:
        trainer.goto(5)
        shown = wait_for(trainer, lambda state: state["epoch"] == 5)["boundary"]
        objective, parameters = trainer.objective()
        p, model, n = Layout(objective.network.shapes()).views(parameters), trainer.model(), shown["unit_n"]
        for weights, biases, path in zip(shown["weights"], shown["biases"], "024", strict=True):
            np.testing.assert_allclose(weights, p[path].W[:16, :16], rtol=1e-3)  # of a large layer the first ones
            np.testing.assert_allclose(biases, p[path].b[:16], rtol=1e-3)
        assert [len(units) for units in shown["layers"]] == [16, 6]
        for row, column in (0, 0), (3, 17), (n - 1, n - 1):
            x = features(np.array([[column, row]], np.float32) / (n - 1), trainer.settings.features)  # row 0 is below
            steps = objective.network.trace(p, x)
            unit = as_bytes(shown["layers"][1][2], n, n).astype(int)
            assert np.sign(unit[row, column] - 128) == np.sign(steps[3].y[0, 2])
            probabilities = [as_bytes(text, n, n)[row, column] / 255 for text in shown["outputs"]]
            assert probabilities == pytest.approx(model.probabilities(x)[0], abs=0.003)


def test_a_network_without_hidden_layers_learns_circles_from_squares_alone():
    """A line in x1, x2 and their squares may be a circle."""
    with training(data="circles", layers=[], lr=3, batch_size=120, features=["x1", "x2", "x1x1", "x2x2"]) as trainer:
        trainer.goto(50)
        assert wait_for(trainer, lambda state: state["epoch"] == 50)["rows"][-1][4] == 1
        assert trainer.state(-1, 0)["points"] == [[*map(pytest.approx, x), t] for x, t in _circles()]


def test_l1_leaves_fewer_weights_and_the_points_are_learned_all_the_same():
    with training(l1=0.003) as trainer:
        trainer.goto(100)
        state = wait_for(trainer, lambda state: state["epoch"] == 100)
    assert state["rows"][-1][4] > 0.95
    weights = np.concatenate([np.ravel(each) for each in state["boundary"]["weights"]])
    assert 5 < (weights == 0).sum() < len(weights)


def test_linear_layers_are_one_linear_layer():
    """Their product is one matrix, so circles stay unlearned, and the plane is cut by a straight line."""
    linear = DENSE | {"activation": "Linear"}
    with training(data="circles", layers=[linear] * 2) as trainer:
        trainer.goto(50)
        state = wait_for(trainer, lambda state: state["epoch"] == 50)
        objective, parameters = trainer.objective()
        p = Layout(objective.network.shapes()).parts(parameters)
    W = p["0.W"] @ p["1.W"] @ p["2.W"]
    b = (p["0.b"] @ p["1.W"] + p["1.b"]) @ p["2.W"] + p["2.b"]
    x = trainer.dataset.test.x
    np.testing.assert_allclose(trainer.model().probabilities(x), Softmax().value(x @ W + b), atol=1e-5)
    assert state["rows"][-1][4] < 0.7
    assert [len(units) for units in state["boundary"]["layers"]] == [6, 6]


def _circles():
    train = circles().train
    return [([round(float(number), 4) for number in x], int(t)) for x, t in zip(train.x, train.t, strict=True)]


# By hand.


def test_a_weight_and_a_bias_are_set_and_the_accuracy_is_measured_again(page):
    with page.training() as line:
        line.tell("epoch")
        line.state(lambda state: state["epoch"] == 1)
        line.tell("set", layer=0, row=1, column=2, value=-3.5)
        line.tell("set", layer=1, column=0, value=50)
        state = line.state(lambda state: state["n_by_hand"] == 2)
        assert state["boundary"]["weights"][0][1][2] == -3.5
        assert state["boundary"]["biases"][1][0] == 50
        trainer = page.visitor.trainers["points"]
        assert trainer.rows[-1][3] == 0.5  # all are of the first class now
        assert trainer.rows[-1][4] == evaluate(*trainer.objective(), trainer.dataset.test).accuracy


def test_what_was_done_by_hand_is_undone_in_turn_and_the_rest_stays():
    with training() as trainer:
        trainer.goto(2)
        wait_for(trainer, lambda state: state["epoch"] == 2)
        before = theta(trainer)
        trainer.set_weight(0, 0, 0, 7)
        trainer.turn_unit(0, 3)
        trainer.turn_unit(0, 3)
        state = wait_for(trainer, lambda state: state["n_by_hand"] == 3)
        assert state["out"] == []
        for n_left, out in (2, [[0, 3]]), (1, []), (0, []):
            trainer.undo()
            assert wait_for(trainer, lambda state, n_left=n_left: state["n_by_hand"] == n_left)["out"] == out
        assert theta(trainer) == before
        trainer.undo()
        wait_for(trainer)
        assert theta(trainer) == before


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_unit_that_is_out_stays_out_while_it_trains_and_comes_back(optimizer):
    with training(layers=[DENSE, DENSE], optimizer=optimizer, weight_decay=0.01) as trainer:
        trainer.turn_unit(0, 4)
        trainer.epoch()
        state = wait_for(trainer, lambda state: state["epoch"] == 1)
        weights = state["boundary"]["weights"]
        assert weights[1][4] == [0] * 6
        assert np.ptp(state["boundary"]["weights"][1][3]) > 0
        trainer.turn_unit(0, 4)
        assert wait_for(trainer, lambda state: not state["out"])["boundary"]["weights"][1][4] != [0] * 6


def test_the_last_20_changes_by_hand_can_be_undone_and_none_before():
    with training() as trainer:
        for value in range(1, 31):
            trainer.set_weight(0, 0, 0, value)
        state = wait_for(trainer, lambda state: state["boundary"]["weights"][0][0][0] == 30)
        assert state["n_by_hand"] == 20
        for _ in range(25):
            trainer.undo()
        state = wait_for(trainer, lambda state: state["n_by_hand"] == 0)
        assert state["boundary"]["weights"][0][0][0] == 10  # as the first 10 left it


def test_a_reset_forgets_what_was_done_by_hand():
    with training() as trainer:
        first = theta(trainer)
        trainer.turn_unit(0, 1)
        trainer.reset()
        state = wait_for(trainer)
        assert (state["out"], state["n_by_hand"], theta(trainer)) == ([], 0, first)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"do": "set", "layer": 2, "row": 0, "column": 0, "value": 1}, "there are 2 layers with weights, counted"),
        ({"do": "set", "layer": 0, "row": 2, "column": 0, "value": 1}, r"layer 0 has weights \(2, 8\)"),
        ({"do": "set", "layer": 0, "row": 0, "column": 0, "value": 1e9}, "value is a number from -100 to 100"),
        ({"do": "turn", "layer": 0, "unit": 8}, r"has weights \(8, 2\), so there is none at"),
        ({"do": "turn", "layer": 1, "unit": 0}, "there are 2 layers with weights"),
    ],
    ids=str,
)
def test_what_is_not_there_cannot_be_changed_by_hand(page, order, message):
    with page.training() as line:
        line.session.send_json(order)
        assert re.search(message, line.error())


def test_the_weights_of_digits_are_not_set_by_hand(page):
    with page.training("digits") as line:
        line.tell("undo")
        assert line.error() == "weights are set by hand in the network of points"


# Points to learn from, and points to test.


def own_points(n):
    return [[k / 100, 0.5, k % 2] for k in range(n)]


def test_of_own_points_every_fourth_of_a_class_tests():
    with training(data="own", points=own_points(20)) as trainer:
        trainer.goto(1)
        state = wait_for(trainer, lambda state: state["epoch"] == 1)
        assert [round(100 * x) for x, _, _ in state["test_points"]] == [6, 7, 14, 15]
        assert len(state["points"]) == 16
        assert state["share"] == 0.8
        n_right = evaluate(*trainer.objective(), trainer.dataset.test).n_right
        assert state["rows"][-1][4] == n_right / 4


def test_too_few_own_points_have_no_test_accuracy():
    with training(data="own", points=own_points(6)) as trainer:
        trainer.goto(1)
        state = wait_for(trainer, lambda state: state["epoch"] == 1)
        assert state["rows"][-1][3] is not None
        assert state["rows"][-1][4] is None
        assert state["test_points"] == []


@pytest.mark.parametrize(
    ("settings", "n_train", "n_test"),
    [
        ({}, 80, 40),
        ({"share": 0.1}, 12, 108),
        ({"data_noise": 0.2}, 80, 40),
        ({"data": "xor"}, 4, 0),
        ({"data": "xor", "share": 0.5}, 4, 0),
        ({"data": "xor", "data_noise": 0.1}, 76, 24),
        ({"data": "xor", "data_noise": 0.1, "share": 0.5}, 50, 50),
        ({"data": "gaussians", "data_noise": 0.1}, 160, 80),
        ({"data": "plane", "share": 0.9}, 216, 24),
    ],
    ids=str,
)
def test_so_many_points_are_learned_from(settings, n_train, n_test):
    with training(**settings) as trainer:
        state = trainer.state(-1, 0)
        assert (len(state["points"]), len(state["test_points"])) == (n_train, n_test)


# Regression.


def test_a_network_without_hidden_layers_finds_the_least_squares():
    with training(data="gaussians", layers=[], lr=0.3, batch_size=160) as trainer:
        trainer.goto(400)
        state = wait_for(trainer, lambda state: state["epoch"] == 400)
        train, test = trainer.dataset.train, trainer.dataset.test
        found = theta_of(trainer, ("0.W", "0.b"))
    wanted, *_ = np.linalg.lstsq(np.column_stack([train.x, np.ones(160)]), train.t[:, 0], rcond=None)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    errors = [np.mean((part.x @ wanted[:2] + wanted[2] - part.t[:, 0]) ** 2) for part in (train, test)]
    np.testing.assert_allclose(state["rows"][-1][3:], errors, rtol=1e-4)


def theta_of(trainer, names):
    objective, parameters = trainer.objective()
    parts = Layout(objective.network.shapes()).parts(parameters)
    return np.concatenate([parts[name].ravel() for name in names])


def test_a_step_of_regression_goes_against_the_gradient_by_central_differences():
    """C = ½ mean (tanh(x W + b) V + c - t)², by NumPy alone."""
    settings = {"data": "gaussians", "layers": [DENSE], "lr": 0.5, "momentum": 0, "batch_size": 160}
    names = ("0.W", "0.b", "2.W", "2.b")
    with training(**settings) as trainer:
        train, before = trainer.dataset.train, theta_of(trainer, names).astype(float)
        trainer.step()
        wait_for(trainer, lambda state: state["step"] == 1)
        after = theta_of(trainer, names)

    def cost(theta):
        W, b, V, c = np.split(theta, [12, 18, 24])
        return 0.5 * np.mean((np.tanh(train.x @ W.reshape(2, 6) + b) @ V + c - train.t[:, 0]) ** 2)

    slopes = [(cost(before + h) - cost(before - h)) / 2e-5 for h in 1e-5 * np.eye(len(before))]
    np.testing.assert_allclose(before - 0.5 * np.array(slopes), after, atol=1e-6)


@pytest.mark.parametrize("data", ["plane", "gaussians"])
def test_a_surface_is_learned(data):
    with training(data=data, layers=[DENSE | {"size": 8}] * 2, optimizer="Adam", lr=0.01) as trainer:
        trainer.goto(300)
        state = wait_for(trainer, lambda state: state["epoch"] == 300)
        assert state["targets"] == "numbers"
        assert state["labels"] == []
        assert state["rows"][-1][4] < 0.05


def test_regression_is_checked_and_a_broken_layer_of_it_is_found(page):
    with page.training() as line:
        for broken in None, "bias-mean":
            line.tell("change", settings={"data": "gaussians", "broken": broken})
            line.state(
                lambda state, broken=broken: state["settings"]["broken"] == broken and state["targets"] == "numbers"
            )
            assert page.ask("/api/check", {"which": "points"})["ok"] == (broken is None)
        for broken, needs in (
            ("softmax-diagonal", "a softmax layer"),
            ("target-shifted", "the cost SoftmaxCrossEntropy"),
        ):
            line.tell("change", settings={"data": "plane", "cost": "SoftmaxCrossEntropy", "broken": broken})
            assert line.error().endswith(
                f"{broken} needs {needs}, and regression has the squared error, without a softmax: "
                "take the mistake out first"
            )


def test_the_picture_of_regression_shows_the_number_that_the_network_gives():
    with training(data="plane") as trainer:
        trainer.goto(3)
        state = wait_for(trainer, lambda state: state["epoch"] == 3)
        shown, (objective, parameters) = state["boundary"], trainer.objective()
        p = Layout(objective.network.shapes()).views(parameters)
        assert "class" not in shown
        assert len(shown["outputs"]) == 1
        for n, text in (shown["n"], shown["value"]), (shown["unit_n"], shown["outputs"][0]):
            values = (as_bytes(text, n, n).astype(float) - 128) / 127
            for row, column in (0, 0), (0, n - 1), (n // 2, n // 3):
                y, _ = objective.network.forward(p, np.array([[column, row]], np.float32) / (n - 1))  # row 0 is below
                assert values[row, column] == pytest.approx(np.clip(y[0, 0], -1, 1), abs=0.005)
        train = trainer.dataset.train
        assert state["points"][4] == [*map(pytest.approx, train.x[4].round(4)), pytest.approx(train.t[4, 0], abs=1e-4)]


def test_after_regression_the_cost_of_classes_is_the_one_that_was_chosen():
    with training(data="plane", cost="SoftmaxCrossEntropy", classes=3) as trainer:
        trainer.change(replace(trainer.settings, data="circles"))
        state = wait_for(trainer, lambda state: state["targets"] == "classes")
        assert [layer["kind"] for layer in state["network"]] == ["Dense", "Tanh", "Dense"]
        assert state["labels"] == ["disc", "ring", "neither"]


def test_a_weight_of_regression_is_set_and_the_error_is_measured_again():
    with training(data="plane", layers=[]) as trainer:
        for row, value in (0, 1), (1, 1), (None, -1):
            trainer.set_weight(0, row, 0, value)
        state = wait_for(trainer, lambda state: len(state["rows"]) == 3)
        assert max(state["rows"][-1][2:]) < 1e-10  # x1 + x2 - 1 is the plane itself


# Visitors who leave.


def test_a_visitor_who_leaves_is_forgotten_and_the_training_ends():
    before = threads()
    with opened(Visitors(LIBRARY, grace=0.05)) as client:
        page = Page(client)
        with page.training() as line:
            line.tell("start")
            line.state(lambda state: state["running"])
            client.visitors.clean()
            assert len(client.visitors) == 1
        wait_until(lambda: len(client.visitors) == 0)
        wait_until(lambda: threads() <= before)
        assert client.get("/api/digits/0", headers=page.headers).status_code == 404


def test_a_visitor_who_only_watched_for_long_may_be_away_for_a_moment_too(page):
    visitor = page.visitor
    with page.training() as line:
        line.state()
        visitor.seen -= 10_000  # seconds since the last word
    wait_until(lambda: visitor.n_sockets == 0)
    page.client.visitors.clean()
    assert Page(page.client, page.token).resumed


def test_a_training_that_is_closed_tests_no_more_digits(monkeypatch):
    with training("digits") as trainer:
        n_tested = []

        def closing(objective, theta, examples, **named):
            n_tested.append(len(examples))
            trainer.close()
            return evaluate(objective, theta, examples, **named)

        monkeypatch.setattr("inkgrad.web.visitor_training.evaluate", closing)
        trainer.step()
        trainer.join(SOON)
    assert n_tested == [100]  # of 1,000


def test_no_thread_is_left_when_the_server_ends():
    before = threads()
    with opened() as client:
        page = Page(client)
        for which in "points", "digits":
            with page.training(which) as line:
                line.tell("start")
                line.state(lambda state: state["running"])
        assert threads() - before
    wait_until(lambda: threads() <= before)
