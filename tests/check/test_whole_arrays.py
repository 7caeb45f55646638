"""Large arrays whose right gradient the framework knows: what is wrong with them as a whole has its name."""

import pytest

from inkgrad.check import check_torch

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


def function(forward, backward):
    """Return a Function of these, whose backward gets dy and what forward gets."""

    class Given(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *given):
            ctx.given = given
            return forward(*given)

        @staticmethod
        def backward(ctx, dy):
            return backward(dy, *ctx.given)

    return Given


def randn(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def symmetric_part(dy, x):
    g = dy @ x.T + x.T @ dy
    return (g + g.T) / 2


LABELS = torch.arange(37) % 80
FILTER = randn(1, 1, 3, 3)


def entropy(x):
    return torch.nn.functional.cross_entropy(x, LABELS)


def labels_from_one(dy, x):
    return dy * (x.softmax(1) - torch.nn.functional.one_hot((LABELS + 1) % 80, 80)) / 37


def mirrored(x):
    return torch.nn.functional.conv2d(torch.nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"), FILTER)


def cropped(dy, x):
    return torch.nn.functional.conv_transpose2d(dy, FILTER)[:, :, 1:-1, 1:-1]


@pytest.mark.parametrize(
    ("forward", "backward", "x", "kind"),
    [
        (lambda x: x @ x, symmetric_part, randn(60, 60), "symmetrised"),
        (lambda x: x @ x, lambda dy, x: (dy @ x.T + x.T @ dy).T, randn(60, 60), "transposed"),
        (torch.sin, lambda dy, x: (dy * x.cos()).flip(1), randn(60, 70), "reordered"),
        (torch.sin, lambda dy, x: (dy * x.cos()).sum(0).expand(x.shape), randn(60, 70), "summed-too-far"),
        (entropy, labels_from_one, randn(37, 80), "label-shift"),
        (mirrored, cropped, randn(2, 1, 32, 33), "border"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_mistake_of_a_whole_array_has_its_name(forward, backward, x, kind):
    (finding,) = check_torch(function(forward, backward), [x], raises=False).findings
    assert finding.kind == kind, finding
    assert "of it; the wrong numbers lie" in finding.message
