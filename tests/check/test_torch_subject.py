"""What PyTorch differentiates, as subjects: right ones agree with differences, wrong ones do not, nothing is spoilt."""

import random
from collections import namedtuple
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from support.torch_slopes import disagreement
from torch import nn

from inkgrad.check import check_torch
from inkgrad.check.pytorch import subject_of_torch
from inkgrad.check.pytorch.tensor_call import LARGE
from inkgrad.errors import CheckError

RIGHT = 1e-7  # of differences in float64, here some 1e-10
WRONG = 1e-3


def randn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def seeded(make, dtype=torch.float64):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make().to(dtype)


def scaled_by(factor):
    """Return a Function that does nothing, and whose backward multiplies by `factor`: 1 is right."""

    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, dy):
            return factor * dy

    return Scaled.apply


Pair = namedtuple("Pair", ["values", "labels"])


@dataclass
class Output:
    logits: torch.Tensor
    loss: torch.Tensor | None = None


def sine_of_squares(first, second):
    return (first * first * second).sin()


INPUTS = {  # name: (function of the inputs and a last step, inputs, keyword arguments, names of the arrays)
    "one tensor": (lambda x, last: last(x.sin()), [randn(3)], {}, ["x"]),
    "two names": (lambda w, v, last: last(sine_of_squares(w, v)), [randn(3), randn(3, seed=1)], {}, ["w", "v"]),
    "keywords": (lambda x, last, b: last(x * b), [randn(3)], {"b": randn(3, seed=1)}, ["x", "b"]),
    "a list": (lambda xs, last: last(xs[0] * xs[1]), [[randn(3), randn(3, seed=1)]], {}, ["xs[0]", "xs[1]"]),
    "a dict": (lambda p, last: last(p["a"] * p["k"]), [{"a": randn(3), "k": torch.arange(3)}], {}, ["p['a']"]),
    "a named tuple": (lambda p, last: last(p.values[p.labels]), [Pair(randn(3), torch.arange(2))], {}, ["p.values"]),
    "a dataclass": (lambda p, last: last(p.logits.sin()), [Output(randn(3))], {}, ["p.logits"]),
    "other objects": (lambda x, n, flag, last: last(x**n if flag else x), [randn(3), 3, True], {}, ["x"]),
    "integers": (lambda x, k, last: last(x[k]), [randn(5), torch.tensor([0, 0, 3])], {}, ["x"]),
    "complex": (lambda z, last: last((z * z).abs()), [torch.complex(randn(3), randn(3, seed=1))], {}, ["z"]),
    "no number of axes": (lambda x, last: last(x.exp()), [randn()], {}, ["x"]),
    "expanded": (lambda x, last: last(x.exp()), [randn(1).expand(4)], {}, ["x"]),
}


@pytest.mark.parametrize("name", INPUTS)
def test_inputs_of_every_sort_move(name):
    function, inputs, kwargs, arrays = INPUTS[name]
    for factor in (1, 1.01):
        subject = subject_of_torch(function, inputs, kwargs | {"last": scaled_by(factor)})
        assert list(subject.arrays) == arrays
        assert disagreement(subject) < RIGHT if factor == 1 else disagreement(subject) > WRONG


OUTPUTS = {
    "a tuple": lambda y: (y.sin(), y.cos()),
    "a dict": lambda y: {"logits": y.sin(), "labels": y > 0},
    "a dataclass": lambda y: Output(y.sin()),
    "the largest and where": lambda y: torch.max(y * y, 1),
    "None among them": lambda y: (None, y.sin(), [None]),
    "complex": lambda y: torch.fft.fft(y),
    "several types": lambda y: (y.sin(), torch.polar(y.exp(), y)),
    "a metric that is detached": lambda y: (y.sin(), y.detach().mean()),
    "minus infinity": lambda y: y.masked_fill(torch.tensor([True, False, False]), -torch.inf).log_softmax(1),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_of_every_sort_are_one_row_of_numbers(name):
    for factor in (1, 1.01):
        last = scaled_by(factor)
        subject = subject_of_torch(lambda x, last=last: OUTPUTS[name](last(x)), [randn(4, 3)])
        assert np.isfinite(subject.forward(subject.copies())).all()
        assert disagreement(subject) < RIGHT if factor == 1 else disagreement(subject) > WRONG


def test_models_of_transformers_give_dicts_that_are_dataclasses():
    from collections import OrderedDict

    @dataclass
    class ModelOutput(OrderedDict):
        logits: torch.Tensor

        def __post_init__(self):
            self["logits"] = self.logits

    assert disagreement(subject_of_torch(lambda x: ModelOutput(logits=x.sin()), [randn(3)])) < RIGHT


def test_a_detached_function_has_a_gradient_of_zero():
    subject = subject_of_torch(lambda x: x.detach().tanh(), [randn(3)])
    assert not subject.backward(subject.copies(), np.ones(3), 0.0)["x"].any()
    assert disagreement(subject) > WRONG


def test_inputs_that_are_said_to_need_no_gradient_are_constants_where_others_need_one():
    x, w = randn(3).requires_grad_(), randn(3, seed=1)
    assert list(subject_of_torch(torch.mul, [x, w]).arrays) == ["x"]
    assert list(subject_of_torch(torch.mul, [x.detach(), w]).arrays) == ["x", "x1"]


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.again = nn.Linear(5, 4, bias=False), nn.Linear(5, 4, bias=False)
        self.again.weight = self.embed.weight

    def forward(self, x):
        return self.embed(x).tanh() + self.again(x)


class Residual(nn.Module):
    """u'' + u, as physics-informed networks have it."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1))

    def forward(self, x):
        x = x if x.requires_grad else x.detach().requires_grad_()
        u = self.net(x)
        (du,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        (ddu,) = torch.autograd.grad(du.sum(), x, create_graph=True)
        return ddu + u


class AsksForParameters(nn.Module):
    """As adjoint solvers and penalties do."""

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(3, 3)

    def forward(self, x):
        return self.net(x) + sum(each.square().sum() for each in self.parameters())


MODULES = {
    "linear": (lambda: nn.Linear(3, 2), randn(4, 3)),
    "lstm": (lambda: nn.LSTM(3, 4, num_layers=2), randn(5, 2, 3)),
    "encoder layer": (lambda: nn.TransformerEncoderLayer(4, 2, 8), randn(2, 3, 4)),
    "encoder layer, evaluating": (lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval(), randn(2, 3, 4)),
    "batch norm": (lambda: nn.BatchNorm1d(5), randn(7, 5)),
    "dropout": (lambda: nn.Sequential(nn.Linear(5, 5), nn.Dropout(0.5)), randn(7, 5)),
    "tied weights": (Tied, randn(7, 5)),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(5, 3)), randn(7, 5)),
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(5, 3)).eval(), randn(7, 5)),
    "embedding": (lambda: nn.Embedding(11, 3), torch.tensor([1, 4, 4, 0])),
    "sparse gradients": (lambda: nn.Embedding(11, 3, sparse=True), torch.tensor([1, 4, 4, 0])),
    "in place first": (lambda: nn.Sequential(nn.ReLU(inplace=True), nn.Linear(5, 2), nn.Tanh()), randn(7, 5)),
    "physics-informed": (Residual, randn(4, 1)),
    "asks for parameters": (AsksForParameters, randn(4, 3)),
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", MODULES)
def test_modules_of_every_sort_agree_and_are_left_as_they_are(name, dtype):
    make, x = MODULES[name]
    module, x = seeded(make, dtype), x.to(dtype) if x.is_floating_point() else x
    state = {key: each.clone() for key, each in module.state_dict().items()}
    places = {key: each.data_ptr() for key, each in module.state_dict().items()}
    given, chance = x.clone(), torch.get_rng_state()
    subject = subject_of_torch(module, [x])
    assert disagreement(subject) < (RIGHT if dtype == torch.float64 else 1e-5)
    assert all(torch.equal(each, state[key]) for key, each in module.state_dict().items())
    assert {key: each.data_ptr() for key, each in module.state_dict().items()} == places
    assert all(each.dtype == dtype and each.grad is None for each in module.parameters())
    assert torch.equal(x, given)
    assert torch.equal(torch.get_rng_state(), chance)


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"embedding", "sparse gradients"}))
def test_a_wrong_module_disagrees(name):
    make, x = MODULES[name]
    module = seeded(make)

    def run(x):
        y = module(scaled_by(1.1)(x))
        return y[0] if isinstance(y, tuple) else y

    assert disagreement(subject_of_torch(run, [x])) > 1e-4


def test_frozen_parameters_are_left_out_and_a_method_moves_those_of_its_module():
    module = seeded(lambda: nn.Linear(5, 3))
    module.weight.requires_grad_(False)
    assert list(subject_of_torch(module, [randn(7, 5)]).arrays) == ["input", "bias"]
    assert list(subject_of_torch(module.forward, [randn(7, 5)]).arrays) == ["input", "bias"]


def test_a_module_is_left_as_it_is_where_it_raises():
    class Fails(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.calls = nn.BatchNorm1d(3), 0

        def forward(self, x):
            self.calls += 1
            y = self.norm(x)
            if (x > 5).any():
                raise ValueError("too large\nby far")
            return y

    module = Fails().double()
    subject = subject_of_torch(module, [randn(4, 3)])
    with pytest.raises(CheckError, match=r"^Fails, forward: ValueError: too large$"):
        subject.forward({name: array + 9 for name, array in subject.arrays.items()})
    assert (module.calls, int(module.norm.num_batches_tracked)) == (0, 0)
    assert torch.equal(module.norm.weight.detach(), torch.ones(3, dtype=torch.float64))
    assert not module.norm.running_mean.any()


def test_random_numbers_are_the_same_at_each_call_and_go_on_after_it():
    def noisy(x):
        return x * torch.rand(3) * random.random() * np.random.rand()

    np.random.seed(3)
    random.seed(3)
    expected = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    subject = subject_of_torch(noisy, [randn(3)], seed=5)
    np.testing.assert_array_equal(subject.forward(subject.copies()), subject.forward(subject.copies()))
    assert disagreement(subject) < RIGHT
    assert torch.equal(torch.get_rng_state(), expected[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == expected[1:]
    other = subject_of_torch(noisy, [randn(3)], seed=6)
    assert not np.array_equal(subject.forward(subject.copies()), other.forward(other.copies()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_coarse_types_have_a_subject_in_float64_at_the_same_numbers(dtype):
    subject = subject_of_torch(seeded(lambda: nn.Linear(4, 3), dtype), [randn(5, 4, dtype=dtype)])
    eps = torch.finfo(dtype).eps
    assert subject.unit == subject.eps == eps
    assert subject.precise.unit == np.finfo(float).eps
    for name, array in subject.arrays.items():
        assert subject.precise.arrays[name].dtype == np.float64
        np.testing.assert_array_equal(array, subject.precise.arrays[name])
    assert disagreement(subject) < 4 * eps


def test_casts_inside_and_numbers_of_its_own_are_float64_too_where_it_is_precise():
    w = randn(3, 3, dtype=torch.float32)
    for function in (
        lambda x: (x.float() @ w).to(x.dtype),
        lambda x: (x.to(torch.bfloat16) @ w.bfloat16()).exp(),
        lambda x: x.double().float().half().sin() * torch.ones(3, dtype=torch.float32),
    ):
        for dtype in (torch.float32, torch.float64):
            subject = subject_of_torch(function, [randn(4, 3, dtype=dtype)])
            assert subject.unit >= np.finfo(np.float32).eps
            assert subject.precise.forward(subject.precise.copies()).dtype == np.float64
            assert disagreement(subject) < 10 * subject.unit


def test_what_takes_its_own_type_alone_has_no_subject_in_float64():
    class Kernel(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            if x.dtype != torch.float32:
                raise TypeError("float32 alone")
            return x.clone()

        @staticmethod
        def backward(ctx, dy):
            return dy

    subject = subject_of_torch(Kernel.apply, [randn(3, dtype=torch.float32)])
    assert subject.precise is None
    assert subject.unit == np.finfo(np.float32).eps


def test_the_main_array_is_the_first_unless_others_are_like_it():
    attention, x = seeded(lambda: nn.MultiheadAttention(4, 2)), randn(3, 2, 4)
    assert subject_of_torch(attention, [x, x, x]).main is None
    assert subject_of_torch(seeded(lambda: nn.Linear(4, 3)), [x]).main == "input"
    assert subject_of_torch(nn.functional.linear, [x, randn(5, 4)]).main == "x"


def test_gradients_of_a_module_do_not_gather_in_its_grad():
    module = seeded(lambda: nn.Linear(3, 2))
    module(randn(4, 3)).sum().backward()
    before = module.weight.grad.clone()
    subject = subject_of_torch(module, [randn(4, 3)])
    subject.backward(subject.copies(), np.ones((4, 2)), 0.0)
    assert torch.equal(module.weight.grad, before)


@pytest.mark.parametrize("n", [3, LARGE + 1])
def test_what_backward_changes_in_place_shows(n):
    class Spoils(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return dy * x.cos_()

    subject = subject_of_torch(Spoils.apply, [randn(n)])
    arrays = subject.copies()
    subject.backward(arrays, np.ones(n), 0.0)
    assert not np.array_equal(arrays["x"], subject.arrays["x"])


@pytest.mark.parametrize(
    ("function", "inputs", "message"),
    [
        (lambda a: a, [torch.eye(3).to_sparse()], "a has the layout sparse_coo: check a function of its values"),
        (lambda x: x.to_sparse(), [torch.eye(3)], "gives a sparse or quantised tensor"),
        (lambda x: x, [torch.ones(3, device="meta")], "x is on the device meta"),
        (lambda x: x, [torch.arange(3)], "there is no tensor of floating-point numbers to check"),
        (lambda x: x > 0, [torch.ones(3)], "should give a tensor of floating-point numbers, got bool"),
        (lambda x: None, [torch.ones(3)], "should give a tensor of floating-point numbers, got None"),
        (lambda x: {}, [torch.ones(3)], "should give a tensor of floating-point numbers, got a dict"),
        (lambda x: 3, [torch.ones(3)], "should give a tensor of floating-point numbers, got an int"),
        (torch.sin, [np.ones(3)], "^sin: there is no tensor of floating-point numbers to check; of arrays of NumPy"),
        (torch.nn.Linear, [torch.ones(3)], r"^Linear is a class of modules: check one that is made, Linear\(...\)"),
        (nn.LazyLinear(2), [torch.ones(4, 3)], "weight has no shape yet: call the module once before it is checked"),
        (lambda x: x.view(5), [torch.ones(3)], "forward: RuntimeError: .*shape"),
        (lambda x: x.nope, [torch.ones(3)], "forward: AttributeError"),
        (lambda x, y: x, [torch.ones(3)], "forward: TypeError: .*argument"),
    ],
)
def test_what_cannot_be_checked_is_said_in_one_line(function, inputs, message):
    with pytest.raises(CheckError, match=message) as error:
        subject_of_torch(function, inputs)
    assert "\n" not in str(error.value)


def test_outputs_that_change_their_shape_are_refused():
    subject = subject_of_torch(lambda x: x[x > 0], [randn(9)])
    with pytest.raises(CheckError, match="other shapes when its inputs move"):
        subject.forward({"x": -subject.arrays["x"] + 0.1})


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_quantised_tensors_are_refused():
    x = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    with pytest.raises(CheckError, match="x is quantised"):
        subject_of_torch(lambda x: x, [x])


def test_complex_numbers_may_lie_in_memory_in_any_way():
    z = torch.complex(randn(3, 4), randn(3, 4, seed=1))
    for each in (z[:1, :1], z.T, z[:, ::2], z[1, 2], z[:0], z.conj()):
        assert (
            disagreement(subject_of_torch(lambda z: (z.exp(), z.real.sin(), z.mT if z.ndim > 1 else z), [each])) < RIGHT
        )


def test_modules_among_the_arguments_move_too():
    def solve(field, x, *, steps, last):
        for _ in range(steps):
            x = x + 0.1 * last(field(x))
        return x

    for factor in (1, 1.01):
        field = nn.Sequential(nn.Linear(3, 3), nn.Tanh()).double()
        last = scaled_by(factor)
        subject = subject_of_torch(solve, [field, randn(4, 3)], {"steps": 2, "last": last})
        assert list(subject.arrays) == ["x", "field.0.weight", "field.0.bias"]
        assert (disagreement(subject, of="field.0.weight") < RIGHT) == (factor == 1)


def test_modules_that_a_plain_function_knows_are_left_as_they_are():
    norm = nn.BatchNorm1d(3)
    subject = subject_of_torch(lambda x: norm(x), [randn(4, 3, dtype=torch.float32)])
    assert list(subject.arrays) == ["x"]
    assert disagreement(subject) < 1e-5
    assert (int(norm.num_batches_tracked), norm.running_mean.any()) == (0, False)


def test_a_method_with_arguments_filled_in_moves_its_module():
    module = seeded(lambda: nn.MultiheadAttention(4, 2))
    subject = subject_of_torch(partial(module.forward, need_weights=False), [randn(3, 1, 4)] * 3)
    assert list(subject.arrays)[:4] == ["query", "key", "value", "in_proj_weight"]
    assert disagreement(subject) < RIGHT


def test_reentrant_checkpoints_are_checked_too():
    from torch.utils.checkpoint import checkpoint

    class Checkpointed(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)

        def forward(self, x):
            x = checkpoint(lambda x: self.first(x).tanh(), x, use_reentrant=True)
            return checkpoint(lambda x: self.second(last(x)), x, use_reentrant=True)

    for factor in (1, 1.01):
        module, last = seeded(Checkpointed), scaled_by(factor)
        module.first.weight.grad = randn(3, 3)
        subject = subject_of_torch(module, [randn(4, 3)])
        assert (disagreement(subject) < RIGHT) == (factor == 1)
        assert torch.equal(module.first.weight.grad, randn(3, 3))
        assert module.second.weight.grad is None


def test_a_reentrant_checkpoint_leaves_every_grad_as_it_is():
    from torch.utils.checkpoint import checkpoint

    net, inner, outer = seeded(lambda: nn.Linear(3, 3)), randn(3, 3).requires_grad_(), randn(3, 3).requires_grad_()
    filled = randn(3, 3).requires_grad_()
    filled.grad = torch.ones_like(filled)
    tensors = {"weight": net.weight, "bias": net.bias, "inner": inner, "outer": outer}
    hidden = [net]  # so that nobody sees that the function knows a module
    subject = subject_of_torch(
        lambda x: checkpoint(lambda x: hidden[0](x) @ inner * filled, x, use_reentrant=True) @ outer, [randn(3, 3)]
    )
    assert disagreement(subject) < RIGHT
    assert {name: each.grad for name, each in tensors.items()} == dict.fromkeys(tensors)
    assert torch.equal(filled.grad, torch.ones_like(filled))


def test_infinities_of_an_input_stay_and_a_gradient_that_is_not_a_number_there_shows():
    x = randn(3, 5)
    x[:, 4] = -torch.inf
    for factor in (1, 1.01):
        last = scaled_by(factor)
        subject = subject_of_torch(lambda x, last=last: last(x).logsumexp(1), [x])
        assert not subject.arrays["x"][:, 4].any()
        assert (disagreement(subject) < RIGHT) == (factor == 1)
    subject = subject_of_torch(lambda x: x.exp().log().clamp(min=-9), [x])
    assert np.isnan(subject.backward(subject.copies(), np.ones((3, 5)), 0.0)["x"][:, 4]).all()


def test_numbers_that_are_made_complex_are_refused():
    subject = subject_of_torch(torch.sin, [randn(3)])
    with pytest.raises(CheckError, match="pairs of real"):
        subject.forward({"x": subject.arrays["x"] + 1e-30j})


def test_a_large_input_stays_as_it_is_whatever_backward_and_calls_without_gradients_do():
    class Spoils(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sum(0)

        @staticmethod
        def backward(ctx, dy):
            ctx.saved_tensors[0].mul_(2)
            return dy.expand(LARGE // 10 + 1, 10)

    def only_without_a_graph(x):
        return (torch.relu(x) if torch.is_grad_enabled() else x.relu_()).sum(0)

    for function in (Spoils.apply, only_without_a_graph):
        x = randn(LARGE // 10 + 1, 10)
        given = x.clone()
        report = check_torch(function, (x,), raises=False)
        assert torch.equal(x, given)
        assert [each.kind for each in report.findings] == ([] if function is only_without_a_graph else ["mutated"])


def test_a_large_input_is_copied_for_each_call_unless_forward_leaves_it_alone():
    def past_torch(x):
        x.detach().numpy()[:] *= 3
        return x + 0

    x = randn(LARGE + 1)
    given = x.clone()
    for function in (lambda x: 3 * x, lambda x: x.mul_(3), past_torch):
        subject = subject_of_torch(function, [x])
        for _ in range(3):
            np.testing.assert_array_equal(subject.forward(subject.arrays), 3 * given.numpy())
        assert torch.equal(x, given)
