"""A visitor's training without its thread, and what is published of it."""

import numpy as np
import pytest
from support.playground import LIBRARY

from inkgrad.data import Examples
from inkgrad.errors import Diverged, Interrupted, SettingError
from inkgrad.training import evaluate, silent_numpy
from inkgrad.web.limits import SHOWN
from inkgrad.web.playground_settings import parsed
from inkgrad.web.publisher import Publisher
from inkgrad.web.right_of_way import RightOfWay
from inkgrad.web.visitor_training import VisitorTraining


def a_training(is_closed=lambda: False, **settings):
    return VisitorTraining(parsed(settings, "points"), LIBRARY.digits, RightOfWay(), is_closed)


def trained_to(training, epoch):
    training.go(epoch)
    while training.running:
        training.train_a_while(1)
    return training


def test_it_trains_to_its_goal_and_pauses():
    training = trained_to(a_training(), 3)
    assert (training.run.epoch, [row[1] for row in training.rows]) == (3, [1, 2, 3])
    training.go_epoch()
    assert training.running
    assert trained_to(training, 4).run.epoch == 4


@pytest.mark.parametrize("data", ["animals", "plane"])
def test_nobody_is_waited_for_who_has_gone(data):
    training = a_training(is_closed=lambda: True, data=data)
    training.go()
    training.train_a_while(1)
    assert (training.run.step, training.running) == (0, True)
    with pytest.raises(Interrupted):
        training.change_by_hand(lambda hand, theta: hand.set(theta, 0, 0, 0, 1.0))


def test_other_knobs_go_on_and_another_network_begins_anew():
    training = trained_to(a_training(), 2)
    theta, generation = training.run.theta.copy(), training.generation
    training.change(parsed({"lr": 0.01}, "points"))
    assert np.array_equal(training.run.theta, theta)
    assert (training.run.epoch, training.generation) == (2, generation)
    training.change(parsed({"layers": [{"kind": "dense", "size": 3, "activation": "Tanh"}]}, "points"))
    assert (training.run.epoch, training.generation, training.rows) == (0, generation + 1, [])


def test_parameters_of_another_network_are_not_put():
    training = a_training()
    before = training.run.theta
    with pytest.raises(SettingError, match="the network was changed meanwhile"):
        training.put(np.zeros(7, np.float32))
    assert training.run.theta is before
    assert training.put(before + 1) is before


def test_it_goes_back_to_what_was_published():
    training = trained_to(a_training(), 1)
    last = Publisher(training).snapshot
    theta, n_rows, generation = training.run.theta.copy(), len(training.rows), training.generation
    trained_to(training, 3)
    training.go_back(last)
    assert np.array_equal(training.run.theta, theta)
    assert (training.run.epoch, len(training.rows), training.generation) == (1, n_rows, generation + 1)


def test_a_young_snapshot_stays_unless_another_is_wanted_at_once(monkeypatch):
    training = a_training()
    publisher, told = Publisher(training), []
    publisher.listeners.add(lambda: told.append(1))
    first = publisher.snapshot
    monkeypatch.setattr("inkgrad.web.publisher.time.perf_counter", lambda: publisher._published)
    publisher.publish(training, at_once=False)
    assert (publisher.snapshot is first, told) == (True, [])
    publisher.publish(training, at_once=True)
    assert (publisher.snapshot is first, told) == (False, [1])
    young = publisher.snapshot
    later = publisher._published + 1.01 * SHOWN.seconds_between_states
    monkeypatch.setattr("inkgrad.web.publisher.time.perf_counter", lambda: later)
    publisher.publish(training, at_once=False)
    assert publisher.snapshot is not young


def test_histograms_are_made_for_those_who_look_at_them():
    publisher = Publisher(training := a_training())
    assert publisher.snapshot.state["layers"] is None
    publisher.wants_details = True
    publisher.publish(training, at_once=True)
    assert publisher.snapshot.state["layers"]


def test_outputs_that_are_no_numbers_are_not_published():
    publisher = Publisher(training := a_training())
    last = publisher.snapshot
    training.put(np.full_like(training.run.theta, 3e38))
    with silent_numpy(), pytest.raises(Diverged):
        publisher.publish(training, at_once=True)
    assert publisher.snapshot is last


def test_a_change_by_hand_that_diverges_changes_nothing():
    training = trained_to(a_training(), 1)
    theta, rows, done = training.run.theta.copy(), list(training.rows), len(training.hand.done)

    def spoil(hand, theta):
        theta[:] = np.inf

    with silent_numpy(), pytest.raises(Diverged):
        training.change_by_hand(spoil)
    assert np.array_equal(training.run.theta, theta)
    assert (training.rows, len(training.hand.done)) == (rows, done)


def test_a_change_by_hand_that_diverges_on_the_test_data_alone_changes_nothing():
    training = a_training(data="plane", layers=[])
    training._quick = Examples(np.full((1, 2), 3e38, np.float32), np.zeros((1, 1), np.float32))
    theta, hand = training.run.theta.copy(), training.hand

    def add(hand, theta):
        hand.set(theta, 0, 0, 0, 2.0)

    with silent_numpy(), pytest.raises(Diverged):
        training.change_by_hand(add)
    assert np.array_equal(training.run.theta, theta)
    assert (training.hand is hand, training.rows) == (True, [])


def test_a_row_has_the_accuracy_of_what_stands():
    training = trained_to(a_training(), 2)
    found = evaluate(training.run.objective, training.run.answer, training.dataset.train)
    assert training.rows[-1][3] == found.accuracy
