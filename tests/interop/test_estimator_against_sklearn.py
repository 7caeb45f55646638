"""The estimators beside scikit-learn: its own checks, and the steps of its MLPClassifier and MLPRegressor."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.estimator_checks import estimator_checks_generator

from inkgrad.interop.sklearn import NetworkClassifier, NetworkRegressor

SOLVERS = {  # epsilon stands elsewhere in their Adam, so it must be next to nothing
    "adam": dict(learning_rate_init=0.01, epsilon=1e-13),
    "adam with other betas": dict(learning_rate_init=0.01, beta_1=0.8, beta_2=0.99, epsilon=1e-13),
    "sgd": dict(solver="sgd", learning_rate_init=0.1, momentum=0),
    "momentum": dict(solver="sgd", learning_rate_init=0.02, nesterovs_momentum=False),
    "nesterov": dict(solver="sgd", learning_rate_init=0.1),
    "invscaling": dict(solver="sgd", learning_rate_init=0.1, learning_rate="invscaling", power_t=0.3),
    "adaptive": dict(solver="sgd", learning_rate_init=0.02, learning_rate="adaptive", tol=1, n_iter_no_change=3),
}
every_solver = pytest.mark.parametrize("settings", SOLVERS.values(), ids=SOLVERS)
unfinished = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


CHECKED = NetworkClassifier(), NetworkRegressor(), NetworkClassifier(solver="lbfgs")
CHECKS = [each for estimator in CHECKED for each in estimator_checks_generator(estimator)]  # none is expected to fail
names_of_checks = [f"{estimator}-{check.func.__name__}" for estimator, check in CHECKS]


@unfinished
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=names_of_checks)
def test_scikit_learns_own_checks_pass_whole(estimator, check):
    check(estimator)


def iris():
    X, y = load_iris(return_X_y=True)
    mixed = np.random.default_rng(0).permutation(len(y))  # as batches of a single class make the training unstable
    return ((X - X.mean(axis=0)) / X.std(axis=0))[mixed], y[mixed]


def two_classes():
    X, y = iris()
    return X, y == 1


def friedman(n_outputs=1):
    X, y = make_friedman1(150, random_state=0)
    y = (y - y.mean()) / y.std()
    return X, y if n_outputs == 1 else np.stack([y, X[:, 0]], axis=1)


def go_on_together(theirs, ours, X, y, n_epochs=15, **weights):
    """Train both for an epoch, give ours their parameters, and train both on."""
    theirs.set_params(max_iter=1).fit(X, y)
    ours.set_params(max_iter=1).fit(X, y)
    layers = zip(theirs.coefs_, theirs.intercepts_, strict=True)
    ours.theta_ = np.concatenate([part.ravel() for layer in layers for part in layer])
    theirs.best_loss_, theirs._no_improvement_count = np.inf, 0  # ours begins to wait anew
    for each in theirs, ours:
        each.set_params(max_iter=n_epochs, warm_start=True).fit(X, y, **weights)


def assert_same_parameters(theirs, ours, rtol=1e-5):
    for found, wanted in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)


def both(theirs, ours, **settings):
    common = dict(hidden_layer_sizes=(12, 7), alpha=0.5, batch_size=32, shuffle=False, random_state=0)
    settings = common | dict(n_iter_no_change=1000) | settings
    return theirs(**settings), ours(**settings)


@unfinished
@every_solver
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("data", [iris, two_classes])
def test_a_classifier_takes_the_steps_of_mlp_classifier(settings, activation, data):
    X, y = data()
    theirs, ours = both(MLPClassifier, NetworkClassifier, activation=activation, **settings)
    go_on_together(theirs, ours, X, y)
    assert_same_parameters(theirs, ours)
    np.testing.assert_allclose(ours.loss_curve_[1:], theirs.loss_curve_[1:], rtol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@unfinished
@every_solver
@pytest.mark.parametrize("data", [iris, two_classes])
def test_weights_of_examples_do_what_they_do_in_mlp_classifier(settings, data, rng):
    X, y = data()
    theirs, ours = both(MLPClassifier, NetworkClassifier, **settings)
    go_on_together(theirs, ours, X, y, sample_weight=rng.uniform(0.1, 5, len(y)))
    assert_same_parameters(theirs, ours)


@unfinished
@every_solver
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_a_regressor_takes_the_steps_of_mlp_regressor(settings, n_outputs):
    X, y = friedman(n_outputs)
    theirs, ours = both(MLPRegressor, NetworkRegressor, **settings)
    go_on_together(theirs, ours, X, y)
    assert_same_parameters(theirs, ours)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-4)


@unfinished
@pytest.mark.parametrize("data", [iris, two_classes])
def test_lbfgs_walks_as_that_of_mlp_classifier_does(data):
    theirs, ours = both(MLPClassifier, NetworkClassifier, solver="lbfgs", activation="tanh", tol=1e-9)
    go_on_together(theirs, ours, *data(), n_epochs=12)
    assert_same_parameters(theirs, ours, rtol=1e-4)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-7)


def test_it_stops_when_mlp_classifier_stops():
    theirs, ours = both(MLPClassifier, NetworkClassifier, tol=1e-3, n_iter_no_change=4, **SOLVERS["adam"])
    with pytest.warns(ConvergenceWarning):  # of the first epoch
        go_on_together(theirs, ours, *iris(), n_epochs=1000)
    assert 20 < theirs.n_iter_ < 1000
    assert ours.n_iter_ - 1 == theirs.n_iter_
