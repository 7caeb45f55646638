"""What an autograd.Function brings: a forward that autograd can differentiate, a jvp, and a backward for any layout."""

import numpy as np
import pytest
import torch
from support.torch_slopes import disagreement
from torch.autograd import Function

from inkgrad.check.pytorch import subject_of_torch
from inkgrad.errors import CheckError


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class OldStyle(Function):
    """x w, with a factor on the gradient of w; forward takes ctx."""

    @staticmethod
    def forward(ctx, x, w, times, factor=1.0):
        ctx.save_for_backward(x, w)
        ctx.times, ctx.factor = times, factor
        assert ctx.needs_input_grad[0]
        return times * x * w

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        return ctx.times * dy * w, ctx.factor * ctx.times * dy * x, None, None


class NewStyle(Function):
    """The same with setup_context, and a jvp."""

    @staticmethod
    def forward(x, w, times, factor=1.0):
        return times * x * w

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, w, ctx.times, ctx.factor = inputs
        ctx.save_for_backward(x, w)
        ctx.save_for_forward(x, w)

    backward = OldStyle.backward

    @staticmethod
    def jvp(ctx, dx, dw, *others):
        x, w = ctx.saved_tensors
        return ctx.times * (dx * w + ctx.factor * dw * x)


@pytest.mark.parametrize("kind", [OldStyle, NewStyle])
def test_the_class_of_a_function_and_its_apply_are_the_same(kind):
    for function in (kind, kind.apply):
        subject = subject_of_torch(function, [randn(3), randn(3, seed=1), 2.0, 1.0])
        assert (subject.name, list(subject.arrays)) == (kind.__name__, ["x", "w"])
        assert disagreement(subject) < 1e-8


@pytest.mark.parametrize("kind", [OldStyle, NewStyle])
def test_the_reference_is_right_whatever_backward_says(kind):
    subject = subject_of_torch(kind.apply, [randn(3), randn(3, seed=1), 2.0, 1.1])
    assert disagreement(subject) > 1e-3
    assert disagreement(subject, pull=subject.reference) < 1e-8
    assert subject_of_torch(torch.nn.Tanh(), [randn(3)]).reference is None
    assert subject_of_torch(torch.tanh, [randn(3)]).reference is None


def test_a_forward_that_hides_from_autograd_has_a_reference_that_differences_refuse():
    class Hidden(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.detach().sin() + x

        @staticmethod
        def backward(ctx, dy):
            return dy * (ctx.saved_tensors[0].cos() + 1)

    class ByNumPy(Hidden):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.from_numpy(np.sin(x.numpy()) + x.numpy())

    hidden, by_numpy = (subject_of_torch(kind, [randn(3)]) for kind in (Hidden, ByNumPy))
    assert disagreement(hidden) < 1e-8
    assert disagreement(hidden, pull=hidden.reference) > 1e-3
    with pytest.raises(CheckError, match=r"ByNumPy, backward: RuntimeError: Can't call numpy\(\)"):
        by_numpy.reference(by_numpy.copies(), np.ones(3))


def test_the_jvp_of_a_function_gives_the_slopes_along_a_direction():
    for factor in (1.0, 1.1):
        subject = subject_of_torch(NewStyle, [randn(3), randn(3, seed=1), 2.0, factor])
        x, w = subject.arrays.values()
        found = subject.pushforward(subject.copies(), {"x": np.ones(3), "w": 2 * np.ones(3)})
        np.testing.assert_allclose(found, 2 * (w + factor * 2 * x))
    assert subject_of_torch(OldStyle, [randn(3), randn(3, seed=1), 2.0, 1.0]).pushforward is None


def flat_memory(dy):
    """Return dy as a kernel reads it that takes for granted that it is contiguous."""
    count = dy.untyped_storage().nbytes() // dy.element_size() - dy.storage_offset()
    flat = torch.as_strided(dy, (min(count, dy.numel()),), (1,), dy.storage_offset())
    return torch.cat([flat, flat.new_full((dy.numel() - len(flat),), 1e3)]).reshape(dy.shape)


class ReadsMemory(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, dy):
        return flat_memory(dy) * ctx.saved_tensors[0].cos()


@pytest.mark.parametrize("shape", [(7,), (4, 3), (2, 3, 4)])
@pytest.mark.parametrize("variant", ["dy transposed", "dy expanded"])
def test_a_backward_that_reads_dy_as_contiguous_gives_something_else_for_another_layout(variant, shape):
    for function, same in ((ReadsMemory, False), (torch.sin, True)):
        subject = subject_of_torch(function, [randn(*shape)])
        dy = np.full(shape, 0.7) if variant == "dy expanded" else randn(*shape, seed=1).numpy()
        plain = subject.backward(subject.copies(), dy, 0.0)["x"]
        assert np.allclose(plain, np.cos(subject.arrays["x"]) * dy)
        assert np.allclose(subject.variants[variant](subject.copies(), dy, 0.0)["x"], plain) == same


def test_inputs_keep_the_strides_that_they_came_with_in_a_variant_of_their_own():
    class ReadsX(ReadsMemory):
        @staticmethod
        def backward(ctx, dy):
            return dy * flat_memory(ctx.saved_tensors[0]).cos()

    for x in (randn(4, 6)[:, 2], randn(4, 3).T):
        for function, same in ((ReadsX, False), (torch.sin, True)):
            subject = subject_of_torch(function, [x])
            dy = np.ones(x.shape)
            found = subject.variants["inputs with their own strides"](subject.copies(), dy, 0.0)["x"]
            assert np.allclose(found, subject.backward(subject.copies(), dy, 0.0)["x"]) == same
    assert "inputs with their own strides" not in subject_of_torch(torch.sin, [randn(4, 3)]).variants
    assert "inputs with their own strides" not in subject_of_torch(torch.sin, [randn(1).expand(3)]).variants


class Sum(Function):
    """The sum over the last axis, with a rule for vmap that may be one axis off."""

    off = 0

    @staticmethod
    def forward(x):
        return x.sum(-1, keepdim=True)

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def vmap(info, in_dims, x):
        return x.movedim(in_dims[0], 0).sum(Sum.off - 1, keepdim=True), 0


class Centred(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x - x.mean(-1, keepdim=True)

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, dy):
        return dy - Sum.apply(dy) / dy.shape[-1]


def test_a_function_that_vmap_may_take_has_a_backward_that_does_not_notice_a_batch(monkeypatch):
    subject = subject_of_torch(Centred, [randn(4, 4)])
    dy = randn(4, 4, seed=1).numpy()
    plain = subject.backward(subject.copies(), dy, 0.0)["x"]
    for off in (0, -1):
        monkeypatch.setattr(Sum, "off", off)
        batch = subject.variants["dy in a batch"](subject.copies(), dy, 0.0)["x"]
        assert np.allclose(batch, plain) == (off == 0)
    assert "dy in a batch" not in subject_of_torch(ReadsMemory, [randn(3)]).variants


def test_a_function_of_several_outputs_gets_the_dy_of_one_at_a_time():
    class SinCos(Function):
        @staticmethod
        def forward(ctx, x, right):
            ctx.set_materialize_grads(False)
            ctx.save_for_backward(x)
            ctx.right = right
            return x.sin(), x.cos()

        @staticmethod
        def backward(ctx, dsin, dcos):
            (x,) = ctx.saved_tensors
            if not ctx.right and dsin is None:
                return None, None
            dx = x.new_zeros(x.shape) if dsin is None else dsin * x.cos()
            return dx if dcos is None else dx - dcos * x.sin(), None

    for right in (True, False):
        subject = subject_of_torch(SinCos, [randn(3), right])
        assert disagreement(subject) < 1e-8
        dy = randn(6, seed=1).numpy()
        found = subject.variants["dy of one output at a time"](subject.copies(), dy, 0.0)["x"]
        assert np.allclose(found, subject.backward(subject.copies(), dy, 0.0)["x"]) == right
