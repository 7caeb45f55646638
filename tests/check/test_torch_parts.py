"""The parts of a PyTorch model: every module that calls no other and every Function, each at what it really gets."""

import numpy as np
import pytest
import torch
from support.torch_slopes import disagreement
from torch import nn
from torch.autograd import Function

from inkgrad.check.pytorch import subject_of_torch


class BadGELU(Function):
    """Forgets a term of its derivative."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return nn.functional.gelu(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * 0.5 * (1 + torch.erf(x / 2**0.5))


bad_gelu = BadGELU.apply  # as many libraries keep it


class Act(nn.Module):
    def __init__(self, wrong):
        super().__init__()
        self.wrong = wrong

    def forward(self, x, *, scale=1.0):
        return scale * (bad_gelu(x) if self.wrong else nn.functional.gelu(x))


class Block(nn.Module):
    def __init__(self, wrong):
        super().__init__()
        self.norm, self.fc, self.act, self.proj = nn.LayerNorm(4), nn.Linear(4, 6), Act(wrong), nn.Linear(6, 4)

    def forward(self, x):
        return x + self.proj(self.act(self.fc(self.norm(x)), scale=2.0))


class Model(nn.Module):
    def __init__(self, wrong=()):
        super().__init__()
        self.embed, self.blocks = nn.Embedding(7, 4), nn.ModuleList(Block(k in wrong) for k in range(3))

    def forward(self, tokens):
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x)
        return x


TOKENS = torch.tensor([[1, 3, 3, 0, 6]])


def model(wrong=(), dtype=torch.float64):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Model(wrong).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_parts_of_a_model_come_from_the_last_to_the_first_and_the_wrong_one_is_wrong_alone(dtype):
    parts = list(subject_of_torch(model([1], dtype), [TOKENS]).parts())
    paths = [f"blocks.{k}.{at}" for k in (2, 1, 0) for at in ("proj", *["act.BadGELU"] * (k == 1), "act", "fc", "norm")]
    assert [part.path for part in parts] == [*paths, "embed"]
    assert {part.path: part.kind for part in parts}["blocks.1.act.BadGELU"] == "BadGELU"
    wrong = [part.path for part in parts if disagreement(part.subject) > 1e-4]
    assert wrong == ["blocks.1.act.BadGELU", "blocks.1.act"]


def test_a_part_gets_what_it_really_gets_with_its_keywords_and_names():
    net = model()
    parts = {part.path: part.subject for part in subject_of_torch(net, [TOKENS]).parts()}
    np.testing.assert_array_equal(parts["blocks.0.norm"].arrays["input"], net.embed(TOKENS).detach())
    x = torch.from_numpy(parts["blocks.2.act"].arrays["x"])
    np.testing.assert_array_equal(parts["blocks.2.act"].forward({"x": x.numpy()}), 2 * nn.functional.gelu(x))
    assert list(parts["embed"].arrays) == ["weight"]
    assert list(parts["blocks.2.fc"].arrays) == ["input", "weight", "bias"]


def test_the_parts_of_a_precise_subject_are_in_float64():
    net = model([0], torch.float32)
    parts = list(subject_of_torch(net, [TOKENS]).precise.parts())
    assert {array.dtype for part in parts for array in part.subject.arrays.values()} == {np.dtype(np.float64)}
    assert [p.path for p in parts if disagreement(p.subject) > 1e-4] == ["blocks.0.act.BadGELU", "blocks.0.act"]
    assert all(each.dtype == torch.float32 for each in net.parameters())


def test_a_model_is_left_without_hooks_and_its_functions_as_they_were():
    net, forward = model([1]), BadGELU.forward
    list(subject_of_torch(net, [TOKENS]).parts())
    assert BadGELU.forward is forward
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in net.modules())


def test_an_inherited_forward_is_put_back_too():
    class Heir(BadGELU):
        pass

    subject = subject_of_torch(lambda x: Heir.apply(x).sin(), [torch.ones(3)])
    assert [part.path for part in subject.parts()] == ["Heir"]
    assert "forward" not in vars(Heir)


def test_a_module_used_twice_is_visited_twice_and_what_changes_in_place_does_not_spoil_the_inputs():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.act = nn.ReLU(inplace=True)

        def forward(self, x):
            return self.act(self.act(x * 1) - 0.5)

    x = torch.tensor([-1.0, 0.2, 3.0])
    late, early = subject_of_torch(Twice(), [x]).parts()
    assert (late.path, early.path) == ("act (call 2)", "act")
    np.testing.assert_array_equal(early.subject.arrays["input"], x)
    np.testing.assert_array_equal(late.subject.arrays["input"], x.relu() - 0.5)


def test_a_module_whose_children_are_not_called_is_a_part_itself():
    class Around(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(4, 2)

        def forward(self, x):
            return self.attention(x, x, value=x)[0]

    (part,) = subject_of_torch(Around(), [torch.randn(3, 1, 4)]).parts()
    assert (part.path, part.kind) == ("attention", "MultiheadAttention")
    assert list(part.subject.arrays)[:3] == ["query", "key", "value"]


def test_modules_that_nothing_flows_back_through_are_no_parts():
    class Distilled(nn.Module):
        def __init__(self):
            super().__init__()
            self.teacher, self.student = nn.Linear(3, 2), nn.Linear(3, 2)

        def forward(self, x):
            with torch.no_grad():
                target = self.teacher(x)
            return self.student(x) - target

    assert [part.path for part in subject_of_torch(Distilled(), [torch.ones(1, 3)]).parts()] == ["student"]


def test_a_plain_function_has_the_parts_of_the_modules_that_it_knows():
    net = model([1])
    subject = subject_of_torch(lambda x: net(TOKENS) * bad_gelu(x), [torch.ones(1)])
    paths = [part.path for part in subject.parts()]
    assert (paths[0], paths[-1]) == ("BadGELU", "net.embed")
    assert "net.blocks.1.act.BadGELU" in paths


def test_what_a_function_is_told_to_leave_constant_is_constant_alone_too():
    class Masked(Function):
        @staticmethod
        def forward(ctx, x, mask):
            ctx.save_for_backward(mask)
            return x * mask

        @staticmethod
        def backward(ctx, dy):
            return dy * ctx.saved_tensors[0], None

    mask = torch.tensor([0.0, 1.0, 1.0])
    (part,) = subject_of_torch(lambda x: Masked.apply(x.sin(), mask), [torch.rand(3)]).parts()
    assert list(part.subject.arrays) == ["x"]
