"""Operations of PyTorch that are several in one: written out they give the same, and what is between gets its name."""

from math import sqrt

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from inkgrad.check import check_torch  # noqa: E402
from inkgrad.check.pytorch import subject_of_torch  # noqa: E402
from inkgrad.check.pytorch.composites import COMPOSITES  # noqa: E402
from inkgrad.check.pytorch.torch_tape import TensorTracer, Watch  # noqa: E402

RNG = np.random.default_rng(0)


def numbers(*shape):
    return torch.from_numpy(RNG.normal(size=shape))


X, IMAGES = numbers(3, 6), numbers(2, 4, 3, 3)
Q, K, V = numbers(2, 4, 3, 5), numbers(2, 4, 6, 5), numbers(2, 4, 6, 7)
HIDDEN = torch.ones(3, 6, dtype=torch.bool).tril(2)
CALLS = {
    "gelu": (F.gelu, (X,), {}),
    "gelu by tanh": (F.gelu, (X,), {"approximate": "tanh"}),
    "silu": (F.silu, (X,), {}),
    "mish": (F.mish, (X,), {}),
    "hardswish": (F.hardswish, (3 * X,), {}),
    "glu": (F.glu, (X,), {}),
    "glu along the batch": (F.glu, (numbers(4, 3), 0), {}),
    "layer_norm": (F.layer_norm, (X, (6,)), {}),
    "layer_norm of two axes": (F.layer_norm, (IMAGES, (3, 3), numbers(3, 3), numbers(3, 3), 0.1), {}),
    "rms_norm": (F.rms_norm, (X, (6,), numbers(6)), {}),
    "group_norm": (F.group_norm, (IMAGES, 2, numbers(4), numbers(4)), {}),
    "batch_norm": (F.batch_norm, (IMAGES, None, None, numbers(4), numbers(4), True), {}),
    "batch_norm as kept": (F.batch_norm, (X, numbers(6), numbers(6).abs()), {"eps": 0.1}),
    "normalize": (F.normalize, (X,), {}),
    "normalize to sums": (F.normalize, (X, 1.0, 0), {}),
    "attention": (F.scaled_dot_product_attention, (Q, K, V), {}),
    "attention of what is before": (F.scaled_dot_product_attention, (Q, K, V), {"is_causal": True}),
    "attention with a mask": (F.scaled_dot_product_attention, (Q, K, V, HIDDEN), {}),
    "attention with numbers added": (F.scaled_dot_product_attention, (Q, K, V, numbers(3, 6)), {"scale": 0.3}),
    "attention of groups": (F.scaled_dot_product_attention, (Q, K[:, :2], V[:, :2]), {"enable_gqa": True}),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_composite_gives_what_its_operation_gives(name):
    operation, args, kwargs = CALLS[name]
    torch.testing.assert_close(COMPOSITES[operation](*args, **kwargs), operation(*args, **kwargs))


@pytest.mark.parametrize("name", CALLS)
def test_its_parts_are_on_the_tape_and_give_the_gradient_of_autograd(name):
    operation, (x, *others), kwargs = CALLS[name]
    x = x.clone().requires_grad_()
    subject = subject_of_torch(lambda x: operation(x, *others, **kwargs), [x])
    tape = subject.unfold(subject.copies())
    assert len(tape.steps) > 1
    dy = RNG.normal(size=subject.forward(subject.copies()).shape)
    (wanted,) = torch.autograd.grad(operation(x, *others, **kwargs), x, torch.from_numpy(dy))
    (found,) = tape.gradients(tape.back(dy)).values()
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("f", "n_steps"),
    [
        (lambda x: F.scaled_dot_product_attention(x, x, x, dropout_p=0.4), 1),
        (lambda x: F.silu(x * 1, inplace=True), 2),
    ],
)
def test_what_gives_something_else_written_out_is_one_step(f, n_steps):
    torch.manual_seed(0)
    subject = subject_of_torch(f, [X[None].clone()])
    assert len(subject.unfold(subject.copies()).steps) == n_steps


class Gelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return F.gelu(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * torch.special.ndtr(x)


class Silu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return F.silu(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return dy * (s - x * s * (1 - s))


class LayerNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.deviation = torch.sqrt(x.var(-1, unbiased=False, keepdim=True) + 1e-5)
        return F.layer_norm(x, x.shape[-1:])

    @staticmethod
    def backward(ctx, dy):
        return (dy - dy.mean(-1, keepdim=True)) / ctx.deviation


class RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return F.rms_norm(x, x.shape[-1:])

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy / torch.sqrt((x * x).mean(-1, keepdim=True) + torch.finfo(x.dtype).eps)


class Normalize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return F.normalize(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy / x.norm(dim=1, keepdim=True)


class Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v):
        ctx.save_for_backward(q, k, v)
        return F.scaled_dot_product_attention(q, k, v)

    @staticmethod
    def backward(ctx, dy):
        q, k, v = ctx.saved_tensors
        n = sqrt(q.shape[-1])
        p = (q @ k.mT / n).softmax(-1)
        scores = p * (1 - p) * (dy @ v.mT)
        return scores @ k / n, scores.mT @ q / n, p.mT @ dy


WRONG = {
    Gelu: ((X,), "x", "term-missing", "goes through gate of F.gelu(x) is missing", "return F.gelu(x)"),
    Silu: ((X,), "x", "term-factor", "through gate of F.silu(x) counts with the wrong sign", "return F.silu(x)"),
    LayerNorm: ((X,), "x", "statistics-constant"),
    RmsNorm: ((X,), "x", "term-missing", "rms of F.rms_norm(x, x.shape[-1:]) is missing"),
    Normalize: ((X,), "x", "term-missing", "norm of F.normalize(x) is missing"),
    Attention: ((Q[0], K[0], V[0]), "q k", "diagonal-jacobian", "weights of F.scaled_dot_product_attention(q, k, v)"),
}


def test_what_is_taken_back_leaves_nothing_with_the_recorder():
    """Written out, silu makes complex values on the way; what comes after has their numbers, and may be real."""
    tracer, z = TensorTracer(), torch.complex(X, X)
    tracer.follow(z, tracer.value(z.numpy()))
    with Watch(tracer):
        F.silu(z, inplace=True)
    assert [step.operation for step in tracer.steps] == ["silu"]
    assert tracer.pairs == {0, 1}
    assert tracer.n_numbers == sum(each.size for each in tracer.values)


@pytest.mark.parametrize("function", WRONG)
def test_a_mistake_within_is_named_by_what_is_between(function):
    arrays, wrong, kind, *words = WRONG[function]
    findings = check_torch(function.apply, arrays, raises=False).findings
    assert [each.array for each in findings] == wrong.split()
    for finding in findings:
        assert finding.kind == kind
        assert all(word in finding.message for word in words)


def test_a_large_array_has_its_parts_named_too():
    (finding,) = check_torch(Gelu.apply, [numbers(8, 3072)], raises=False).findings
    assert finding.kind == "term-missing"
