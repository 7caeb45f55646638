"""The estimators' own promises: what scikit-learn's checks do not look at."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_moons
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support import name_of
from support.commands import last_line, python

import inkgrad
from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.errors import DataError, Diverged, SettingError, ShapeError
from inkgrad.fast import Fast
from inkgrad.interop.sklearn import NetworkClassifier, NetworkRegressor
from inkgrad.interop.sklearn.penalised_objective import OneLogitCrossEntropy, PenalisedObjective
from inkgrad.layers import ELU, Chain, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, ReLU, Sigmoid, Softmax, Tanh

unfinished = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
pytestmark = unfinished
NAMES = ["thin", "round", "broad"]


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), np.array(NAMES)[y]


def quick(**settings):
    return NetworkClassifier(
        **dict(hidden_layer_sizes=(20,), learning_rate_init=0.02, max_iter=30, random_state=0) | settings
    )


@pytest.mark.parametrize(("ours", "theirs"), [(NetworkClassifier, MLPClassifier), (NetworkRegressor, MLPRegressor)])
def test_arguments_and_defaults_are_those_of_scikit_learns_network(ours, theirs):
    mine = ours().get_params()
    for name, value in theirs().get_params().items():
        assert name == "loss" or mine[name] == value  # MLPRegressor's other loss is not ours


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cost", [SoftmaxCrossEntropy(), SquaredError()], ids=str)
def test_the_gradient_of_the_weighted_cost_with_its_penalty_is_right(cost, weighted, rng):
    network = Chain((Dense(3, 5), Tanh(), Dense(5, 2)))
    objective = PenalisedObjective(network, cost, alpha=0.7, weighted=weighted)
    x, t, theta = rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), rng.normal(size=objective.layout.size)
    weights = rng.uniform(0, 3, 6) if weighted else None
    gradient, numerical = np.empty_like(theta), np.empty_like(theta)
    objective.at(theta, gradient)(x, t, None, weights)
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = 1e-6
        up, down = (objective.at(theta + h, np.empty_like(theta))(x, t, None, weights) for h in (step, -step))
        numerical[i] = (up - down) / 2e-6
    np.testing.assert_allclose(gradient, numerical, rtol=1e-6, atol=1e-8)


def test_the_weighted_cost_is_the_weighted_mean_of_losses_and_the_penalty_leaves_biases_alone(rng):
    x, t, theta = rng.normal(size=(4, 3)), np.array([0, 1, 1, 0]), rng.normal(size=8)
    weights = np.array([2.0, 0, 1, 0.5])
    objective = PenalisedObjective(Dense(3, 2), SoftmaxCrossEntropy(), alpha=0.3, weighted=True)
    found = objective.at(theta, np.empty_like(theta))(x, t, None, weights)
    y = x @ theta[:6].reshape(3, 2) + theta[6:]
    losses = np.log(np.exp(y).sum(axis=1)) - y[np.arange(4), t]
    assert found == pytest.approx((weights @ losses + 0.15 * np.sum(theta[:6] ** 2)) / 3.5, rel=1e-12)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weight_2_is_twice_the_example_and_weight_0_is_none(iris, solver, rng):
    X, y = iris
    weights = rng.integers(0, 4, len(y))
    settings = dict(solver=solver, batch_size=1000, alpha=0.1)
    weighted = quick(**settings).fit(X, y, weights)
    repeated = quick(**settings).fit(X.repeat(weights, axis=0), y.repeat(weights))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-6)
    assert np.abs(weighted.predict_proba(X) - quick(**settings).fit(X, y).predict_proba(X)).max() > 1e-3


def test_one_number_is_the_weight_of_each_example(iris):
    X, y = iris
    np.testing.assert_array_equal(quick().fit(X, y, 2.0).theta_, quick().fit(X, y, np.full(150, 2.0)).theta_)


def test_examples_of_weight_0_change_no_batch(iris):
    X, y = iris
    weights = np.arange(len(y)) % 3 > 0
    with_them = quick(batch_size=16).fit(X, y, weights.astype(float))
    without = quick(batch_size=16).fit(X[weights], y[weights], np.ones(weights.sum()))
    np.testing.assert_array_equal(with_them.theta_, without.theta_)


def test_labels_are_words_and_columns_have_names(iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    classifier = quick(max_iter=200).fit(frame, pd.Series(y, dtype="category"))
    assert classifier.classes_.tolist() == sorted(NAMES)
    assert classifier.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert classifier.score(frame, y) > 0.95
    assert set(classifier.predict(frame)) == set(NAMES)
    assert not quick().fit(X, y).__dict__.get("feature_names_in_")
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(frame.rename(columns={"a": "z"}))


def test_the_attributes_tell_the_course_of_the_training(iris):
    X, y = iris
    classifier = quick(hidden_layer_sizes=(7, 5)).fit(X, y)
    assert [w.shape for w in classifier.coefs_] == [(4, 7), (7, 5), (5, 3)]
    assert [b.shape for b in classifier.intercepts_] == [(7,), (5,), (3,)]
    assert np.shares_memory(classifier.coefs_[0], classifier.theta_)
    assert classifier.n_iter_ == len(classifier.loss_curve_) == 30
    assert classifier.loss_ == classifier.loss_curve_[-1] < 0.5 * classifier.loss_curve_[0]
    assert classifier.t_ == 30 * 150
    assert (classifier.n_outputs_, classifier.n_features_in_) == (3, 4)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(iris):
    X, y = iris
    first, second, other = (quick(batch_size=20, random_state=seed).fit(X, y).theta_ for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_two_halves_of_a_training_are_the_whole_with_partial_fit(iris):
    X, y = iris
    whole = quick(max_iter=8, batch_size=20).fit(X, y)
    steps = quick(batch_size=20)
    for _ in range(4):
        steps.partial_fit(X, y, classes=NAMES)
    steps = pickle.loads(pickle.dumps(steps))
    for _ in range(4):
        steps.partial_fit(X, y)
    np.testing.assert_array_equal(whole.theta_, steps.theta_)
    assert whole.loss_curve_ == steps.loss_curve_


def test_partial_fit_may_see_some_classes_late(iris):
    X, y = iris
    classifier = quick()
    for _ in range(40):
        for name in NAMES:
            classifier.partial_fit(X[y == name], y[y == name], classes=NAMES)
    assert classifier.score(X, y) > 0.6
    assert classifier.predict_proba(X).shape == (150, 3)


def test_warm_start_goes_on_and_a_cold_one_begins_anew(iris):
    X, y = iris
    cold, warm = quick().fit(X, y), quick(warm_start=True).fit(X, y)
    first = cold.loss_
    assert warm.fit(X, y).loss_curve_[30] < first
    assert warm.n_iter_ == 60
    assert cold.fit(X, y).loss_ == first
    assert cold.n_iter_ == 30


def test_settings_changed_between_warm_fits_count(iris):
    X, y = iris
    first = quick(warm_start=True).fit(X, y)
    second = clone(first).fit(X, y)
    first.set_params(activation="tanh", max_iter=1).fit(X, y)
    second.set_params(max_iter=1).fit(X, y)
    assert not np.array_equal(first.theta_, second.theta_)
    hidden = np.tanh(X @ first.coefs_[0] + first.intercepts_[0])
    outputs = hidden @ first.coefs_[1] + first.intercepts_[1]
    np.testing.assert_allclose(first.predict_proba(X), softmax(outputs, axis=1), rtol=1e-9)
    second.set_params(hidden_layer_sizes=(9,))
    for go_on in second.fit, second.partial_fit:
        with pytest.raises(SettingError, match="want parameters of other shapes: fit a clone"):
            go_on(X, y)
    assert second.set_params(warm_start=False).fit(X, y).coefs_[0].shape == (4, 9)


def test_the_best_cost_or_score_is_told_as_in_mlp_classifier(iris):
    X, y = iris
    plain = quick(learning_rate_init=0.5).fit(X, y)
    assert (plain.best_loss_, plain.best_validation_score_) == (min(plain.loss_curve_), None)
    stopped = quick(early_stopping=True).fit(X, y)
    assert (stopped.best_loss_, stopped.best_validation_score_) == (None, max(stopped.validation_scores_))
    assert quick(solver="lbfgs", early_stopping=True).fit(X, y).validation_scores_ is None
    again = stopped.set_params(early_stopping=False, warm_start=True).fit(X, y)
    assert (again.best_loss_, again.validation_scores_) == (min(again.loss_curve_), None)
    with pytest.raises(NotFittedError):
        _ = quick().best_loss_


def test_early_stopping_keeps_the_best_epoch(iris, rng):
    X, y = iris
    y = np.where(rng.random(150) < 0.3, rng.permutation(y), y)  # there is something to learn by heart
    settings = dict(early_stopping=True, hidden_layer_sizes=(100,), learning_rate_init=0.05, validation_fraction=0.3)
    classifier = quick(max_iter=500, **settings).fit(X, y)
    scores = classifier.validation_scores_
    assert len(scores) == classifier.n_iter_ < 500
    assert scores[-1] < max(scores)
    assert scores[-11:] == [score for score in scores[-11:] if score < max(scores) + classifier.tol]
    shorter = quick(max_iter=int(np.argmax(scores)) + 1, **settings)
    np.testing.assert_array_equal(shorter.fit(X, y).theta_, classifier.theta_)


def test_it_works_in_pipelines_searches_and_processes(iris):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), quick())
    assert cross_val_score(pipeline, X, y, cv=3, n_jobs=2).mean() > 0.9
    search = GridSearchCV(pipeline, {"networkclassifier__alpha": [1e-3, 1000.0]}, cv=3, n_jobs=2).fit(X, y)
    assert search.best_params_ == {"networkclassifier__alpha": 1e-3}


@pytest.mark.parametrize("store", ["pickle", "joblib"])
def test_a_stored_classifier_answers_the_same(iris, tmp_path, store):
    X, y = iris
    classifier, path = quick().fit(X, y), tmp_path / "stored"
    module = pickle if store == "pickle" else joblib
    if store == "pickle":
        path.write_bytes(pickle.dumps(classifier))
        again = pickle.loads(path.read_bytes())
    else:
        joblib.dump(classifier, path)
        again = module.load(path)
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))


def test_a_clone_has_the_settings_and_nothing_learned(iris):
    fresh = clone(quick(activation=ELU(0.5), network=Dense(4, 3)).fit(*iris))
    assert fresh.get_params()["activation"] == ELU(0.5)
    assert not hasattr(fresh, "theta_")
    with pytest.raises(NotFittedError):
        fresh.predict(iris[0])


def test_float32_stays_float32_and_answers_alike(iris):
    X, y = iris
    narrow, wide = quick().fit(X.astype(np.float32), y), quick().fit(X, y)
    assert (narrow.theta_.dtype, wide.theta_.dtype) == (np.float32, np.float64)
    assert narrow.predict_proba(X).dtype == np.float32
    np.testing.assert_allclose(narrow.predict_proba(X), wide.predict_proba(X), atol=1e-3)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_sparse_inputs_do_what_dense_ones_do(iris, solver):
    X, y = iris
    X = np.where(X > 0, X, 0)
    dense = quick(solver=solver, batch_size=40).fit(X, y)
    for form in sparse.csr_matrix, sparse.csc_array:
        thin = quick(solver=solver, batch_size=40).fit(form(X), y)
        np.testing.assert_array_equal(thin.theta_, dense.theta_)
        np.testing.assert_array_equal(thin.predict_proba(form(X)), dense.predict_proba(X))


def test_many_targets_are_learned_together():
    X, y = load_diabetes(return_X_y=True, scaled=True)
    y = np.stack([(y - y.mean()) / y.std(), 10 * X[:, 2]], axis=1)
    regressor = NetworkRegressor(learning_rate_init=0.01, random_state=0).fit(X, y)
    assert regressor.predict(X).shape == y.shape
    assert regressor.score(X, y) > 0.5
    assert regressor.set_params(early_stopping=True).fit(X, y).score(X, y) > 0.4


def test_sparse_targets_of_a_regressor_are_what_dense_ones_are(iris):
    X, _ = iris
    t = np.where(X[:, :2] > 0, X[:, :2], 0)
    thin, dense = (NetworkRegressor(max_iter=3, random_state=0).fit(X, y) for y in (sparse.csr_array(t), t))
    np.testing.assert_array_equal(thin.theta_, dense.theta_)


@pytest.mark.parametrize("n", [1, 2])
def test_few_examples_are_learned_by_heart(n):
    X = np.eye(2)[:n]
    assert quick(max_iter=200).fit(X, ["a", "b"][:n]).predict(X).tolist() == ["a", "b"][:n]
    regressor = NetworkRegressor(solver="lbfgs", random_state=0).fit(X, np.full(n, 3.0))
    np.testing.assert_allclose(regressor.predict(X), 3.0, atol=0.01)


def test_one_class_is_predicted_for_sure():
    classifier = quick().fit(np.eye(3), ["only"] * 3)
    assert classifier.predict_proba(np.ones((2, 3))).tolist() == [[1.0], [1.0]]


def own(n_inputs, n_outputs):
    return Chain((Dense(n_inputs, 16), ELU(), Dropout(0.1), Dense(16, n_outputs)))


@pytest.mark.parametrize("network", [own, own(4, 3), Chain((Dense(4, 9), Tanh(), Dense(9, 3), Softmax()))], ids=name_of)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_any_network_may_be_trained(iris, network, solver):
    X, y = iris
    classifier = quick(network=network, solver=solver, max_iter=100).fit(X, y)
    assert classifier.score(X, y) > 0.95
    np.testing.assert_allclose(classifier.predict_proba(X).sum(axis=1), 1)
    again = quick(network=network, solver=solver, max_iter=100).fit(X, y)
    np.testing.assert_array_equal(again.theta_, classifier.theta_)


def test_softmax_in_the_network_is_answered_with_cross_entropy(iris):
    network = Chain((Dense(4, 3), Softmax()))
    assert isinstance(quick(network=network).fit(*iris).cost_, CrossEntropy)


def convolutional(n_inputs, n_outputs):
    return Chain((Conv2D(1, 8), ReLU(), MaxPool2D(), Flatten(), Dense(14 * 14 * 8, n_outputs)))


def test_images_are_rows_of_pixels_as_bytes_or_floats(some):
    X, y = some.x[:1500].reshape(1500, -1), some.t[:1500]
    settings = dict(network=convolutional, input_shape=(28, 28, 1), max_iter=5, random_state=0, learning_rate_init=0.01)
    classifier = NetworkClassifier(**settings).fit(X[:1000], y[:1000])
    assert classifier.theta_.dtype == np.float32
    assert classifier.score(X[1000:], y[1000:]) > 0.85
    floats = NetworkClassifier(**settings).fit((X[:1000] / 255).astype(np.float32), y[:1000])
    np.testing.assert_allclose(floats.predict_proba(X[1000:]), classifier.predict_proba(X[1000:]), atol=0.01)
    with pytest.raises(DataError, match=r"X holds pixels: uint8, or floats .* got float64 from 0 to 255"):
        NetworkClassifier(**settings).fit(X.astype(int), y)


def test_a_fitted_classifier_gives_a_model_that_is_saved_and_answers_the_same(iris, tmp_path):
    X, y = iris
    classifier = quick().fit(X, y)
    classifier.to_model().save(tmp_path / "iris.safetensors")
    model = inkgrad.load(tmp_path / "iris.safetensors")
    assert [model.labels[k] for k in model.predict(X)] == classifier.predict(X).tolist()
    np.testing.assert_allclose(model.probabilities(X), classifier.predict_proba(X), rtol=1e-12)


def test_the_model_of_two_classes_has_two_logits_and_answers_the_same(iris):
    X, y = iris
    classifier = quick(hidden_layer_sizes=(6, 5), batch_size=30).fit(X, y == "round")
    model = classifier.to_model()
    assert (classifier.coefs_[-1].shape, model.labels) == ((5, 1), ("False", "True"))
    np.testing.assert_allclose(model.probabilities(X), classifier.predict_proba(X), rtol=1e-12)
    assert model.cost.value_and_gradient(np.log(model.probabilities(X)), (y == "round").astype(int))[0] < 0.5


@pytest.mark.parametrize("fast", [False, True])
def test_one_logit_has_the_cost_of_two_classes(fast):
    y, t = np.array([[-800.0], [-2], [0], [3], [800]]), np.array([0, 1, 1, 0, 0])
    cost = OneLogitCrossEntropy().on(Fast(1)) if fast else OneLogitCrossEntropy()
    value, dy = cost.value_and_gradient(y, t)
    p = expit(y[:, 0])
    losses = np.logaddexp(0, np.where(t == 1, -1, 1) * y[:, 0])
    assert value == pytest.approx(losses.mean(), rel=1e-12)
    np.testing.assert_allclose(dy[:, 0], (p - t) / 5, rtol=1e-12)
    np.testing.assert_allclose(OneLogitCrossEntropy().losses(y, t), losses, rtol=1e-12)
    np.testing.assert_allclose(OneLogitCrossEntropy().probabilities(y), np.stack([expit(-y[:, 0]), p], axis=1))


@pytest.mark.parametrize(("activation", "factor"), [("relu", 6), ("logistic", 2), (Tanh(), 6)])
def test_first_values_are_as_wide_as_in_mlp_classifier(activation, factor, rng):
    X = rng.normal(size=(10, 40))
    ours = quick(hidden_layer_sizes=(60, 60), activation=activation, max_iter=1, learning_rate_init=1e-12)
    ours.fit(X, np.arange(10) % 2)
    for part, sizes in zip(ours.coefs_ + ours.intercepts_, 2 * [(40, 60), (60, 60), (60, 1)], strict=True):
        r = np.sqrt(factor / sum(sizes))
        assert np.abs(part).max() < r + 1e-9
        if part.size > 50:
            assert part.std() == pytest.approx(r / np.sqrt(3), rel=0.2)


def test_it_says_how_far_it_is_and_when_it_ends_too_soon(iris, capsys):
    with pytest.warns(ConvergenceWarning, match=r"NetworkClassifier: 2 epochs \(max_iter\) are over"):
        quick(max_iter=2, verbose=True, early_stopping=True).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" = ")[0] for line in lines[::2]] == ["Iteration 1, loss", "Iteration 2, loss"]
    assert lines[1].startswith("Validation score: 0.")
    with pytest.warns(ConvergenceWarning, match="lbfgs ended with .*ITERATIONS"):
        quick(max_iter=3, verbose=True, solver="lbfgs").fit(*iris)
    assert len(capsys.readouterr().out.splitlines()) == 3
    quick(max_iter=2000, verbose=True).fit(*iris)
    assert "Stopping" in capsys.readouterr().out.splitlines()[-1]


class Interrupting(Layer):
    """The identity, until Ctrl-C is pressed in the 25th batch."""

    def __init__(self):
        self.n = 0

    def forward(self, p, x, rng=None):
        self.n += rng is not None
        if rng is not None and self.n == 25:
            raise KeyboardInterrupt
        return x, None

    def backward(self, p, g, cache, dy):
        return dy


def test_ctrl_c_keeps_what_was_learned(iris):
    X, y = iris
    classifier = quick(network=Chain((Dense(4, 3), Interrupting())), batch_size=15)
    with pytest.warns(UserWarning, match="Ctrl-C ended the training"):
        classifier.fit(X, y)
    assert classifier.n_iter_ == 2
    assert classifier.score(X, y) > 0.6


def test_a_cost_that_is_no_number_is_an_error_that_says_what_to_do(iris):
    X, _ = iris
    regressor = NetworkRegressor(solver="sgd", learning_rate_init=100.0)
    with pytest.raises(Diverged, match=r"NetworkRegressor: .* in epoch \d+: scale .* smaller learning_rate_init"):
        regressor.fit(1000 * X, X[:, 0] * 1e5)
    with pytest.raises(Diverged, match=r"after 0 iterations: scale the inputs and targets \(StandardScaler\)$"):
        NetworkRegressor(solver="lbfgs").fit(X * 1e200, X[:, 0] * 1e200)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(alpha=10**309), r"takes as alpha a finite number of 0 or more, got 1\.0e309$"),
        (dict(solver="rmsprop"), "takes as solver one of 'adam', 'sgd', 'lbfgs', got 'rmsprop'"),
        (dict(hidden_layer_sizes=(3, 0)), r"takes as hidden_layer_sizes whole numbers of 1 or more, got \(3, 0\)"),
        (dict(hidden_layer_sizes=""), "takes as hidden_layer_sizes whole numbers of 1 or more, got ''"),
        (dict(hidden_layer_sizes={7}), r"takes as hidden_layer_sizes whole numbers of 1 or more, got \{7\}"),
        (dict(hidden_layer_sizes=7.0), "takes as hidden_layer_sizes whole numbers of 1 or more, got 7.0"),
        (dict(early_stopping="no"), "takes as early_stopping True or False, got 'no'"),
        (dict(shuffle=1), "takes as shuffle True or False, got 1"),
        (dict(warm_start=None), "takes as warm_start True or False, got None"),
        (dict(nesterovs_momentum="yes"), "takes as nesterovs_momentum True or False, got 'yes'"),
        (dict(verbose="loud"), "takes as verbose True, False or a whole number, got 'loud'"),
        (dict(activation="swish"), "takes as activation an Activation or one of 'identity', .* got 'swish'"),
        (dict(activation=ReLU), "takes as activation an Activation or one of"),
        (dict(alpha=float("nan")), "takes as alpha a finite number of 0 or more, got nan"),
        (dict(batch_size=0), "takes as batch_size 'auto' or a whole number of 1 or more, got 0"),
        (dict(batch_size=np.array([1, 2])), "takes as batch_size 'auto'"),
        (dict(max_iter=True), "takes as max_iter a whole number of 1 or more, got True"),
        (dict(momentum=1), "takes as momentum a number from 0 to below 1, got 1"),
        (dict(validation_fraction=1.0), "takes as validation_fraction a number above 0 and below 1, got 1.0"),
        (dict(network=Dense), "takes as network a layer, .* got <class"),
        (dict(network=Dense(4, 5)), r"outputs of shape \(3,\), one for each class or target, got \(5,\)"),
        (
            dict(network=lambda n_inputs, n_outputs: 7),
            "given to NetworkClassifier .* return a layer, got 7",
        ),
        (dict(network=Chain((Dense(4, 3), Sigmoid()))), r"should end in Dense \(for logits\) or Softmax"),
        (dict(input_shape=(2, 2)), "takes an input_shape with a network of your own"),
        (dict(input_shape=4), "takes as input_shape a tuple of sizes, got 4"),
        (dict(input_shape=np.int64(4)), "takes as input_shape a tuple of sizes, got"),
        (dict(input_shape=()), r"takes as input_shape a tuple of sizes, got \(\)"),
    ],
    ids=name_of,
)
def test_settings_that_make_no_sense_are_refused_by_name(iris, settings, message):
    with pytest.raises(SettingError, match=message):
        NetworkClassifier(**settings).fit(*iris)


def test_data_that_make_no_sense_are_refused(iris):
    X, y = iris
    with pytest.raises(ShapeError, match=r"input_shape=\(3, 3\), 9 numbers, but X has 4 features"):
        quick(network=own, input_shape=(3, 3)).fit(X, y)
    with pytest.raises(DataError, match=r"gives each example one label, but y has 2: .*MultiOutputClassifier"):
        quick().fit(X, np.stack([y, y], axis=1))
    for weights in -np.ones(150), np.zeros(150):
        with pytest.raises(
            DataError, match="sample_weight should be numbers of 0 or more, and at least one of them not zero"
        ):
            quick().fit(X, y, weights)
    for weights, shape in (np.ones(3), r"\(3,\)"), (np.ones((150, 1)), r"\(150, 1\)"):
        with pytest.raises(ShapeError, match=rf"sample_weight should be \(150,\), one for each example, got {shape}"):
            quick().fit(X, y, weights)
    with pytest.raises(ValueError, match="Input sample_weight contains NaN"):
        quick().fit(X, y, np.full(150, np.nan))
    with pytest.raises(ValueError, match="could not convert string to float: 'balanced'"):
        quick().fit(X, y, "balanced")
    with pytest.raises(DataError, match="the first partial_fit needs all classes there will be"):
        quick().partial_fit(X, y)
    with pytest.raises(DataError, match=r"labels that are none of the classes \['broad' 'thin'\]: \['round'\]"):
        quick().partial_fit(X, y, classes=["thin", "broad"])
    with pytest.raises(DataError, match=r"the classes were .* when the network was made, now they are"):
        quick().partial_fit(X, y, classes=NAMES).partial_fit(X, y, classes=["thin"])
    with pytest.raises(SettingError, match="partial_fit goes through the examples once"):
        quick(early_stopping=True).partial_fit(X, y, classes=NAMES)
    with pytest.raises(DataError, match="early_stopping cannot hold out examples"):
        quick(early_stopping=True).fit(X[:4], list("abcd"))
    with pytest.raises(DataError, match="which are 1: make validation_fraction larger"):
        NetworkRegressor(early_stopping=True).fit(X[:5], X[:5, 0])
    with pytest.raises(DataError, match="made for 1 targets an example, y has 2"):
        NetworkRegressor(max_iter=1).partial_fit(X, X[:, 0]).partial_fit(X, X[:, :2])


@pytest.mark.parametrize("as_form", [np.asarray, sparse.csr_array, pd.DataFrame], ids=["array", "sparse", "frame"])
def test_a_hole_in_the_inputs_is_refused_by_fit_and_by_predict(iris, as_form):
    X, y = iris
    classifier, holed = quick().fit(as_form(X), y), X.copy()
    holed[3, 2] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        quick().fit(as_form(holed), y)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        classifier.predict(as_form(holed))
    with pytest.raises(ValueError, match="Input y contains NaN"):
        NetworkRegressor().fit(X, holed[:, 2])


def test_missing_and_mixed_labels_are_refused_in_words(iris):
    X, _ = iris
    for mixed, kinds in (["a", None], "NoneType, str"), (["a", 1], "int, str"):
        with pytest.raises(DataError, match=f"labels of one kind, all words or all numbers, got {kinds}$"):
            quick().fit(X, np.array(mixed * 75, dtype=object))
    for kind, label in ("string", "a"), ("Int64", 1), ("category", "a"), (object, "a"):
        with pytest.raises(DataError, match="y has missing values, 75 of 150: leave out the examples"):
            quick().fit(X, pd.Series([label, pd.NA] * 75, dtype=kind))


def test_columns_in_another_order_are_refused(iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        quick().fit(frame, y).predict(frame[["d", "c", "b", "a"]])


def test_images_that_are_no_rows_are_refused_with_the_way_out(some):
    message = r"takes X of shape \(n_examples, n_features\), got \(10, 28, 28, 1\): give it X\.reshape\(len\(X\), -1\)"
    settings = dict(network=convolutional, input_shape=(28, 28, 1), max_iter=1)
    with pytest.raises(ShapeError, match=message):
        quick(**settings).fit(some.x[:10], some.t[:10])
    with pytest.raises(ShapeError, match=message):
        quick(**settings).fit(some.x[:10].reshape(10, -1), some.t[:10]).predict(some.x[:10])


def test_a_silly_value_in_a_search_is_named_at_once(iris):
    with pytest.raises(SettingError, match="takes as solver one of 'adam', 'sgd', 'lbfgs', got 'rmsprop'"):
        GridSearchCV(quick(), {"solver": ["rmsprop"]}, cv=2, error_score="raise").fit(*iris)


def test_a_function_in_a_search_reaches_other_processes(iris):
    search = GridSearchCV(quick(), {"network": [own, None]}, cv=2, n_jobs=2).fit(*iris)
    assert search.best_score_ > 0.8


@pytest.mark.parametrize(
    ("classes", "labels"), [([0, 1, 2], ["0", "1", "2"]), (["0", "1", "2"], [0, 1, 2])], ids=["words", "numbers"]
)
def test_numbers_are_not_taken_for_words_among_the_classes(iris, classes, labels):
    with pytest.raises(DataError, match="y has labels that are none of the classes"):
        quick().partial_fit(iris[0], np.resize(labels, 150), classes=classes)


def test_lbfgs_has_no_partial_fit(iris):
    assert not hasattr(quick(solver="lbfgs"), "partial_fit")
    assert not hasattr(NetworkRegressor(solver="lbfgs"), "partial_fit")


def test_several_labels_an_example_are_for_scikit_learns_wrapper():
    X, y = make_moons(100, random_state=0)
    wrapped = MultiOutputClassifier(quick(max_iter=200)).fit(X, np.stack([y, X[:, 0] > 0.5], axis=1))
    assert wrapped.score(X, np.stack([y, X[:, 0] > 0.5], axis=1)) > 0.8


def test_without_scikit_learn_the_extra_is_named():
    program = "import sys; sys.modules['sklearn'] = None\nimport inkgrad.estimator"
    said = last_line(python(program).stderr)
    assert said.endswith("needs scikit-learn, which is not installed: pip install 'inkgrad[sklearn]'")
