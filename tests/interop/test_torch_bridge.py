"""To PyTorch and back: the same outputs, and the same ten steps of training, to the last digits."""

import re
import sys

import numpy as np
import pytest
import torch
from support.catalogue import LAYERS, batch

import inkgrad
from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.errors import SettingError, ShapeError
from inkgrad.interop.torch import from_torch, to_torch
from inkgrad.layers import (
    ELU,
    GELU,
    AveragePool2D,
    Chain,
    Conv2D,
    Dense,
    Flatten,
    Frames,
    GroupNorm,
    LayerNorm,
    MaxPool2D,
    Noise,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    leaves,
)
from inkgrad.models import MODELS
from inkgrad.optimizers import SGD, Adam, Averaged, Constant, Cosine, OneCycle, StepDecay
from inkgrad.training import Objective, train

functional, schedulers, optim = torch.nn.functional, torch.optim.lr_scheduler, torch.optim

N_STEPS = 10
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-10}  # absolute: the parameters are of the size of 1
# In ten steps a network takes two million numbers through a ReLU.  In float32 one of them may lie so near to its kink
# that rounding decides the side, differently here and there; of which digits that is so depends on the processor.
N_DRAWS = 3  # of digits, of which one at least must agree
ROUNDING = 1e-7  # of float32, for numbers of the size of 1: only where a kink is nearer may a draw disagree

every_type = pytest.mark.parametrize("dtype", TOLERANCE, ids=lambda dtype: dtype.__name__)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Products so small only wait for one another's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def rows(y, t):
    """Return targets as PyTorch's costs on rows take them."""
    return t if t.shape == y.shape else functional.one_hot(t, y.shape[1]).to(y.dtype)


THEIR_COSTS = {
    SquaredError(): lambda y, t: 0.5 * functional.mse_loss(y, rows(y, t), reduction="sum") / len(y),
    CrossEntropy(): lambda y, t: functional.binary_cross_entropy(y, rows(y, t), reduction="sum") / len(y),
    SoftmaxCrossEntropy(): functional.cross_entropy,
}


def optimizers(eps):
    """Return ours, theirs, and their schedule, by name."""
    return {
        "SGD": (SGD(0.03), lambda p: optim.SGD(p, lr=0.03), None),
        "momentum": (SGD(Constant(0.01), 0.9), lambda p: optim.SGD(p, lr=0.01, momentum=0.9), None),
        "Adam": (Adam(0.002, eps=eps), lambda p: optim.Adam(p, lr=0.002, eps=eps), None),
        "other betas": (
            Adam(0.002, 0.8, 0.99, eps),
            lambda p: optim.Adam(p, lr=0.002, betas=(0.8, 0.99), eps=eps),
            None,
        ),
        "AdamW": (
            Adam(0.002, eps=eps, weight_decay=0.3),
            lambda p: optim.AdamW(p, lr=0.002, eps=eps, weight_decay=0.3),
            None,
        ),
        "StepDecay": (
            SGD(StepDecay(0.01, 3, 0.5), 0.9),
            lambda p: optim.SGD(p, lr=0.01, momentum=0.9),
            lambda o: schedulers.StepLR(o, 3, 0.5),
        ),
        "Cosine": (
            Adam(Cosine(0.003, N_STEPS, 0.001), eps=eps),
            lambda p: optim.Adam(p, lr=0.003, eps=eps),
            lambda o: schedulers.CosineAnnealingLR(o, N_STEPS, 0.001),
        ),
        "OneCycle": (
            Adam(OneCycle(0.01, N_STEPS), eps=eps, weight_decay=0.1),
            lambda p: optim.AdamW(p, lr=0.01, eps=eps, weight_decay=0.1),
            lambda o: schedulers.OneCycleLR(o, 0.01, total_steps=N_STEPS, cycle_momentum=False),
        ),
    }


# Adam divides each gradient by its size.  Where that is no more than float32's rounding, PyTorch and we
# go ways that only rounding chose, unless eps drowns it.
EPS = {np.float32: 1e-4, np.float64: 1e-8}


def channels_first(x):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x


def as_theirs(t, network):
    """Return targets in the order of PyTorch's outputs, in which lines of frames have their channels first."""
    has_lines = any(isinstance(leaf.layer, Frames) for leaf in leaves(network))
    return np.ascontiguousarray(t.transpose(0, 2, 1)) if t.ndim == 3 and has_lines else channels_first(t)


def stream_of(step):
    """Return the random numbers of one step, the same for both."""
    return np.random.default_rng(100 + step)


def share_random_numbers(module, rng):
    """Have PyTorch's dropouts leave out the units that NumPy's generator says."""
    for each in module.modules():
        if isinstance(each, torch.nn.Dropout):
            each.forward = lambda x, rate=each.p: x * torch.tensor(rng.random(tuple(x.shape)) >= rate) / (1 - rate)


def their_training(network, theta, batches, cost, optimizer, schedule, input_shape):
    """Yield the cost and theta after each of PyTorch's steps, theta as from_torch reads it."""
    module = to_torch(network, theta, input_shape)
    steps = optimizer(module.parameters())
    rate = schedule and schedule(steps)
    for k, (x, t) in enumerate(batches):
        share_random_numbers(module, stream_of(k))
        steps.zero_grad()
        loss = THEIR_COSTS[cost](module(torch.tensor(channels_first(x))), torch.tensor(as_theirs(t, network)))
        loss.backward()
        steps.step()
        if rate and k + 1 < len(batches):
            rate.step()
        yield loss.item(), from_torch(module, input_shape)[1]


def start_of(objective, dtype):
    theta = objective.init(np.random.default_rng(0), dtype)
    return theta + np.random.default_rng(1).normal(0, 0.05, theta.size).astype(dtype)  # biases of zero hide mistakes


def nearest_kink(network, batches, cost, optimizer):
    """Return how near to 0 a number comes to a ReLU in the same steps from the same start, in float64."""
    objective, nearest = Objective(network, cost), np.inf
    theta = start_of(objective, np.float32).astype(np.float64)
    examples = [(x.astype(np.float64), t, None) for x, t in batches]
    for (x, _, _), step in zip(examples, train(objective, theta.copy(), iter(examples), optimizer), strict=True):
        passed = network.trace(objective.layout.views(theta), x)
        nearest = min([nearest, *(abs(each.x).min() for each in passed if isinstance(each.layer, ReLU))])
        theta = step.theta.copy()
    return nearest


def assert_same_steps(network, shape, batches, cost, dtype, ours=None, theirs=None, schedule=None):
    """Train both for the same batches from the same start, and compare after each step."""
    ours, theirs = ours or SGD(0.01, 0.9), theirs or (lambda p: optim.SGD(p, lr=0.01, momentum=0.9))
    objective = Objective(network, cost)
    theta = start_of(objective, dtype)
    here = train(objective, theta, ((x, t, stream_of(k)) for k, (x, t) in enumerate(batches)), ours)
    there = their_training(network, theta, batches, cost, theirs, schedule, shape)
    for step, (loss, found) in zip(here, there, strict=True):
        assert found.dtype == dtype
        assert step.cost == pytest.approx(loss, rel=TOLERANCE[dtype], abs=TOLERANCE[dtype])
        np.testing.assert_allclose(step.theta, found, rtol=0, atol=TOLERANCE[dtype])
    assert np.abs(step.theta - theta).max() > 1e-3  # they did move


def around(layer, shape):
    """Return the layer with others about it: one in front, in which is seen what it gives back, and an end."""
    front, end = [], []
    if len(shape) == 3:
        front = [Conv2D(shape[2], shape[2], kernel=1)]
    elif len(shape) == 1:
        front = [Dense(shape[0], shape[0])]
    (n, *others) = layer.output_shape(shape)
    if len(shape) == 3 and not others:  # flattened: a Dense takes up the other order
        end = [Dense(n, 3)]
    return Chain((*front, layer, *end))


def has_twin(layer, shape):
    """Whether PyTorch has the layer; test_against_torch.py has LayerNorm on images, as a function."""
    if isinstance(layer, Chain):
        return all(has_twin(each, shape) for each in layer.layers)
    return not isinstance(layer, Noise) and not (isinstance(layer, LayerNorm) and len(shape) == 3)


TWINS = [(layer, shape) for layer, shape in LAYERS if has_twin(layer, shape)]


def test_the_layers_that_have_no_ten_steps_are_few_and_known():
    strangers = [layer for layer, shape in LAYERS if not has_twin(layer, shape)]
    assert {str(layer) for layer in strangers if not isinstance(layer, Chain)} == {str(LayerNorm(4)), str(Noise(0.3))}
    assert sum(isinstance(layer, Chain) for layer in strangers) == 1  # one with Noise in it


@every_type
@pytest.mark.parametrize(("layer", "shape"), TWINS, ids=str)
def test_a_layer_takes_the_same_ten_steps(layer, shape, dtype):
    network, rng = around(layer, shape), np.random.default_rng(2)
    y_shape = (7, *network.output_shape(shape))
    batches = [(batch(shape, seed=k).astype(dtype), rng.normal(size=y_shape).astype(dtype)) for k in range(N_STEPS)]
    assert_same_steps(network, shape, batches, SquaredError(), dtype)


@every_type
@pytest.mark.parametrize("kind", ["rows", "class numbers"])
@pytest.mark.parametrize("cost", THEIR_COSTS, ids=str)
def test_a_cost_takes_the_same_ten_steps(cost, kind, dtype):
    network, rng = Chain((Dense(4, 5), Tanh(), Dense(5, 3), Sigmoid())), np.random.default_rng(2)
    t = [rng.dirichlet(np.ones(3), 7).astype(dtype) if kind == "rows" else rng.integers(0, 3, 7) for _ in range(10)]
    batches = [(batch(seed=k).astype(dtype), t[k]) for k in range(N_STEPS)]
    assert_same_steps(network, (4,), batches, cost, dtype)


@every_type
def test_the_average_of_ten_steps_is_the_same(dtype):
    network, shape = Chain((Dense(4, 5), Tanh(), Dense(5, 3))), (4,)
    objective, rng = Objective(network, SquaredError()), np.random.default_rng(2)
    batches = [(batch(seed=k).astype(dtype), rng.normal(size=(7, 3)).astype(dtype)) for k in range(N_STEPS)]
    theta = objective.init(np.random.default_rng(0), dtype)
    module = to_torch(network, theta, shape)
    average_of = optim.swa_utils.get_ema_multi_avg_fn(0.15)  # below 2 / 11, where ours begins to keep less
    average, steps = optim.swa_utils.AveragedModel(module, multi_avg_fn=average_of), optim.SGD(module.parameters(), 0.1)
    average.update_parameters(module)  # theirs begins with the first theta that it is shown
    for step, (x, t) in zip(train(objective, theta, batches, Averaged(SGD(0.1), 0.15)), batches, strict=True):
        steps.zero_grad()
        THEIR_COSTS[SquaredError()](module(torch.tensor(x)), torch.tensor(t)).backward()
        steps.step()
        average.update_parameters(module)
        found = from_torch(average.module, shape)[1]
        np.testing.assert_allclose(step.state["average"], found, rtol=0, atol=TOLERANCE[dtype])
    assert np.abs(step.state["average"] - step.theta).max() > 1e-4


NETWORKS = {
    "seed": (MODELS["seed"].network(10), (28, 28, 1), CrossEntropy()),
    "cnn": (MODELS["cnn"].network(10), (28, 28, 1), SoftmaxCrossEntropy()),
    "small": (
        Chain((Conv2D(1, 4, padding="valid"), SiLU(), MaxPool2D(), Flatten(), Dense(676, 10), Sigmoid())),
        (28, 28, 1),
        CrossEntropy(),
    ),
    "line": (
        Chain(
            (
                Conv2D(1, 4, (1, 5)),
                MaxPool2D((2, 1)),
                Conv2D(4, 3, (5, 3), (2, 1), "valid"),
                AveragePool2D((1, 13)),
                Flatten(),
                Dense(30, 10),
            )
        ),
        (28, 28, 1),
        SoftmaxCrossEntropy(),
    ),
    "norms": (
        Chain(
            (
                AveragePool2D(2),
                Chain((Conv2D(1, 4, stride=2), GroupNorm(2, 4), ELU())),
                Flatten(),
                LayerNorm(196),
                Tanh(),
                Dense(196, 20),
                LayerNorm(20),
                GELU(),
                Dense(20, 10),
                Softmax(),
            )
        ),
        (28, 28, 1),
        SquaredError(),
    ),
}


@every_type
@pytest.mark.parametrize("optimizer", optimizers(0.1))
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_takes_the_same_ten_steps_on_digits(name, optimizer, dtype, some):
    network, shape, cost = NETWORKS[name]
    for draw in range(N_DRAWS):
        digits = slice(160 * draw, 160 * draw + 160)
        x, numbers = (some.x[digits] / 255).astype(dtype), some.t[digits].astype(np.int64)
        t = numbers if cost == SoftmaxCrossEntropy() else np.eye(10, dtype=dtype)[numbers]
        batches = list(zip(x.reshape(N_STEPS, 16, *shape), t.reshape(N_STEPS, 16, *t.shape[1:]), strict=True))
        ours, theirs, schedule = optimizers(EPS[dtype])[optimizer]
        try:
            assert_same_steps(network, shape, batches, cost, dtype, ours, theirs, schedule)
            break
        except AssertionError:
            last = dtype == np.float64 or draw + 1 == N_DRAWS
            if last or nearest_kink(network, batches, cost, ours) > ROUNDING:
                raise


@pytest.mark.parametrize("name", ["cnn", "reader"])
def test_a_trained_model_answers_the_same_there(name, some):
    model = inkgrad.load(name)
    module = to_torch(model.network, model.theta, model.input_shape).eval()
    x = some.x[:20] / np.float32(255)
    with torch.no_grad():
        found = torch.softmax(module(torch.tensor(channels_first(x))), dim=1).numpy()
    np.testing.assert_allclose(found, model.probabilities(x), atol=1e-5)


@pytest.mark.parametrize(("layer", "shape"), TWINS, ids=str)
def test_there_and_back_is_where_it_was(layer, shape):
    network = around(layer, shape)
    theta = np.random.default_rng(0).normal(size=Objective(network, SquaredError()).layout.size)
    back, found = from_torch(to_torch(network, theta, shape), shape)
    assert str(back) == re.sub("glorot|lecun", "he", str(network))  # how weights start is not told there
    np.testing.assert_array_equal(found, theta)


def test_no_luck_of_pytorch_is_used_up_and_nothing_is_shared():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    theta = np.ones(21)
    module = to_torch(Chain((Dense(4, 3), LayerNorm(3))), theta, (4,))
    assert torch.equal(torch.get_rng_state(), before)
    theta[:] = 0
    assert module[0].weight.min() == 1
    _, copy = from_torch(module, (4,))
    copy[:] = 2
    assert module[0].weight.max() == 1


def test_what_torch_people_write_is_read():
    """Settings in pairs, no bias before a norm, and types of 16 bits."""
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv2d(2, 4, (3, 3), stride=(2, 2), padding="valid", bias=False),
        nn.GroupNorm(2, 4, affine=False),
        nn.AvgPool2d((2, 2)),
        nn.Softmax(dim=-3),
        nn.Flatten(),
        nn.LayerNorm(24, elementwise_affine=False),
        nn.Linear(24, 3, bias=False),
        nn.Softplus(),
        nn.Softmax(dim=-1),
    ).bfloat16()
    network, theta = from_torch(module, (9, 13, 2))
    assert network.layers[0] == Conv2D(2, 4, 3, 2, "valid")
    assert theta.dtype == np.float32
    x = batch((9, 13, 2)).astype(np.float32)
    y, _ = network.forward(Objective(network, SquaredError()).layout.views(theta), x)
    with torch.no_grad():
        np.testing.assert_allclose(module.float()(torch.tensor(channels_first(x))), y, rtol=1e-5)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(Noise(0.1), (4,)), (LayerNorm(4), (2, 3, 4)), (Chain((Dense(4, 4), Chain((Noise(0.1),)))), (4,))],
    ids=str,
)
def test_a_layer_that_pytorch_does_not_have_is_named(layer, shape):
    theta = np.zeros(Objective(layer, SquaredError()).layout.size)
    with pytest.raises(SettingError, match=r"^(Noise|LayerNorm)\(.*\) has no twin in PyTorch"):
        to_torch(layer, theta, shape)


def test_a_layer_made_from_one_of_ours_is_not_taken_for_it():
    class Twice(Dense):
        def forward(self, p, x, rng=None):
            return 2 * (x @ p.W + p.b), x

    with pytest.raises(SettingError, match="has no twin in PyTorch"):
        to_torch(Twice(2, 2), np.zeros(6), (2,))


nn = torch.nn


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (nn.BatchNorm2d(2), (9, 9, 2), r"BatchNorm2d\(2, .*\) has no twin in inkgrad$"),
        (nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), (4,), r"ParametrizedLinear\(.*\) has no twin"),
        (nn.BatchNorm1d(4), (4,), r"BatchNorm1d\(4, .*\) has no twin in inkgrad$"),
        (nn.Conv2d(2, 2, 3, dilation=2), (9, 9, 2), r"Conv2d\(.* its dilation must be \(1, 1\), got \(2, 2\)"),
        (nn.Conv2d(2, 2, 3, groups=2), (9, 9, 2), "its groups must be 1, got 2"),
        (nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), (9, 9, 2), "padding_mode must be 'zeros'"),
        (nn.Conv2d(2, 2, 3, padding=2), (9, 9, 2), "its padding must be 0 or 1"),
        (nn.Conv2d(2, 2, (3, 5), padding=1), (9, 9, 2), r"its padding must be 0 or \(1, 2\)"),
        (nn.Conv2d(2, 2, 4), (9, 9, 2), "needs an odd kernel"),
        (nn.MaxPool2d(3, stride=2), (9, 9, 2), "its stride must be its kernel_size, got 2"),
        (nn.MaxPool2d(3, padding=1), (9, 9, 2), "its padding must be 0, got 1"),
        (nn.AvgPool2d(2, ceil_mode=True), (9, 9, 2), "its ceil_mode must be False"),
        (nn.AvgPool2d(2, divisor_override=3), (9, 9, 2), "divisor_override must be None, got 3"),
        (nn.MaxPool2d(2, return_indices=True), (9, 9, 2), "return_indices must be False"),
        (nn.Flatten(0), (4,), "start_dim must be 1, got 0"),
        (nn.GELU(), (4,), "approximate must be 'tanh', got 'none'"),
        (nn.Softplus(beta=2), (4,), "beta must be 1, got 2"),
        (nn.Softplus(threshold=1), (4,), "threshold must be 20 or more"),
        (nn.Softmax(dim=0), (4,), "here its dim must be 1 or -1, got 0"),
        (nn.Softmax(dim=-1), (9, 9, 2), "here its dim must be 1 or -3, got -1"),
        (nn.LayerNorm(9), (9, 9, 2), "ours is over the last axis, which in images is that of the channels"),
        (nn.LayerNorm((5, 3)), (5, 3), "ours is over the last axis"),
    ],
    ids=str,
)
def test_a_module_that_we_do_not_have_is_named(module, shape, message):
    with pytest.raises(SettingError, match=message) as caught:
        from_torch(nn.Sequential(module), shape)
    assert "\n" not in str(caught.value)


def test_what_is_no_sequential_is_refused():
    with pytest.raises(SettingError, match=r"from_torch takes a torch.nn.Sequential, got Linear"):
        from_torch(nn.Linear(2, 2), (2,))


def test_a_class_of_the_users_own_is_not_taken_for_pytorchs():
    class Linear(nn.Linear):
        pass

    with pytest.raises(SettingError, match="has no twin in inkgrad"):
        from_torch(nn.Sequential(Linear(2, 2)), (2,))


def test_a_network_may_not_end_where_the_order_of_numbers_is_another():
    network = Chain((Conv2D(1, 2), Flatten(), ReLU()))
    theta = np.zeros(20)
    with pytest.raises(SettingError, match="must have a Dense layer behind it"):
        to_torch(network, theta, (4, 4, 1))
    with pytest.raises(SettingError, match="must have a Dense layer behind it"):
        from_torch(nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Flatten(), nn.ReLU()), (4, 4, 1))
    assert len(to_torch(Chain((Flatten(), ReLU())), np.zeros(0), (4, 4, 1))) == 2  # one channel: the same order


def test_lines_of_frames_are_read_from_any_name_of_their_axes():
    lines = Chain((Conv2D(1, 2), Frames()))
    for axes in (2, 3), (-2, -1):
        module = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Flatten(*axes))
        assert from_torch(module, (1, 4, 1))[0] == lines
    with pytest.raises(ShapeError, match="one pixel high"):
        from_torch(module, (2, 4, 1))
    with pytest.raises(SettingError, match="start_dim must be 1, got 2"):
        from_torch(nn.Sequential(nn.Flatten(2, 3)), (4,))


def test_flattened_lines_of_frames_have_the_order_of_theirs():
    network, x = Chain((Frames(), Flatten(), Dense(12, 2))), batch((1, 4, 3)).astype(np.float32)
    objective = Objective(network, SquaredError())
    theta = objective.init(np.random.default_rng(0))
    y = network.forward(objective.layout.views(theta), x)[0]
    module = to_torch(network, theta, (1, 4, 3))
    np.testing.assert_allclose(module(torch.tensor(channels_first(x))).detach(), y, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(from_torch(module, (1, 4, 3))[1], theta)


def test_shapes_that_do_not_fit_are_refused():
    network = Chain((Flatten(), Dense(16, 2)))
    with pytest.raises(ShapeError, match=r"Dense\(n_in=16, .* takes inputs of shape \(16,\), got \(25,\)"):
        to_torch(network, np.zeros(34), (5, 5, 1))
    with pytest.raises(ShapeError, match="this network has 34 parameters, got"):
        to_torch(network, np.zeros(33), (4, 4, 1))
    with pytest.raises(ShapeError, match=r"takes inputs of shape \(16,\), got \(25,\)"):
        from_torch(nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), (5, 5, 1))
    for strange in (), (0, 4), (2.5,), "four", 4, None:
        with pytest.raises(ShapeError, match="input_shape is the shape of one input"):
            to_torch(network, np.zeros(34), strange)


@pytest.mark.parametrize("dtype", [np.int64, np.complex128, np.longdouble, ">f8"], ids=str)
def test_types_of_numbers_that_pytorch_does_not_have_are_refused(dtype):
    with pytest.raises(SettingError, match=r"of type float16, float32, float64, got \S+$"):
        to_torch(Dense(2, 2), np.zeros(6, dtype), (2,))


def test_float16_becomes_float16_there_and_float32_here():
    module = to_torch(Dense(2, 2), np.arange(6, dtype=np.float16) / 7, (2,))
    assert module[0].weight.dtype == torch.float16
    _, theta = from_torch(module, (2,))
    assert theta.dtype == np.float32
    np.testing.assert_array_equal(theta, np.arange(6, dtype=np.float16) / 7)


def test_what_is_no_network_is_refused():
    with pytest.raises(SettingError, match=r"to_torch takes a network, such as model\.network, got Model"):
        to_torch(inkgrad.load("cnn"), np.zeros(6), (2,))


def test_parameters_that_are_no_numbers_of_ours_are_refused():
    odd = nn.Linear(2, 2)
    odd.weight = nn.Parameter(torch.ones(3, 3))
    with pytest.raises(ShapeError, match=r"Linear\(.*\) should have parameters of shape \(2, 2\), got \(3, 3\)"):
        from_torch(nn.Sequential(odd), (2,))
    with pytest.raises(SettingError, match=r"its parameters are of torch.complex64 on device cpu"):
        from_torch(nn.Sequential(nn.Linear(2, 2, dtype=torch.complex64)), (2,))
    with pytest.raises(SettingError, match=r"its parameters are of torch.float32 on device meta"):
        from_torch(nn.Sequential(nn.Linear(2, 2, device="meta")), (2,))


def test_without_pytorch_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    with pytest.raises(SettingError, match=r"to_torch needs torch, .*: pip install 'inkgrad\[torch\]'"):
        to_torch(Dense(2, 2), np.zeros(6), (2,))
