"""A forward of PyTorch taken apart: its gradient beside torch.autograd, and random numbers as they were."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from inkgrad.check import check_torch  # noqa: E402
from inkgrad.check.pytorch import subject_of_torch  # noqa: E402
from inkgrad.check.tape import TapeError  # noqa: E402

RNG = np.random.default_rng(0)


def numbers(*shape):
    return torch.from_numpy(RNG.normal(size=shape))


def made(module):
    """Return a module with parameters of its own in float64."""
    generator = torch.Generator().manual_seed(0)
    module = module.double()
    with torch.no_grad():
        for each in module.parameters():
            each.copy_(torch.randn(each.shape, generator=generator, dtype=torch.float64) * 0.5)
    return module


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return 2 * x * dy


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(4), nn.Linear(4, 6), nn.Linear(6, 4, bias=False)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        h = F.gelu(self.up(self.norm(x)))
        return x + self.drop(self.down(Square.apply(h)))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(4, 12)

    def forward(self, x):
        q, k, v = self.qkv(x).view(2, 3, 3, 4).unbind(2)
        scores = torch.einsum("nid,njd->nij", q, k) / 2
        scores = scores.masked_fill(torch.ones(3, 3).triu(1).bool(), float("-inf"))
        return scores.softmax(-1) @ v + F.scaled_dot_product_attention(q, k, v, is_causal=True)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.Linear(6, 2)

    def forward(self, x):
        h = torch.zeros(2, 2, dtype=x.dtype)
        states = []
        for t in range(3):
            h = torch.tanh(self.cell(torch.cat([x[:, t], h], dim=1))) + 0.5 * h
            states.append(h)
        return torch.stack(states, 1), h


class Embedded(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(5, 4)

    def forward(self, x):
        return self.table(torch.tensor([[0, 3, 3], [1, 0, 4]])) * x


def pictures(x):
    y = F.pad(x.reshape(1, 2, 3, 4), (1, 1, 1, 1), mode="reflect")
    return F.max_pool2d(y, 2), F.avg_pool2d(y, 2).flatten(1), F.interpolate(y, scale_factor=2, mode="nearest")


def parts(x):
    a, b = x.chunk(2, dim=-1)
    top, _ = torch.topk(x, 2, dim=1)
    return a * b.sigmoid(), top, x.sort(dim=-1).values.cumsum(1), torch.where(x > 0, x, x.exp()), x.norm(dim=-1)


def scattered(x):
    index = torch.tensor([0, 2, 0])
    y = torch.zeros(2, 3, 4, dtype=x.dtype).index_add(1, index, x**2)
    return y, x.gather(1, torch.zeros(2, 1, 4, dtype=torch.long)), x.clamp(-0.5, 0.5).amax(-1), x.var(dim=0)


def in_place(x):
    y = x * 1
    y += 1
    y.mul_(2)
    y[0] = y[1] * 2
    return y.relu_()


def by_view(x):
    y = x * 1
    y[0].mul_(2)
    y.view(-1)[3:] *= x.flatten()[3:]
    return y**2


def by_view_of_zeros(x):
    y = torch.zeros(3, 4, 4, dtype=x.dtype)
    inner = y[:2, :3]
    inner += x
    return y**2


def by_numpy(x):
    return x * float(x.detach()[0, 0, 0]) ** 2


def by_out(x):
    y = torch.empty_like(x)
    torch.mul(x.detach(), x.detach(), out=y)
    return y * x


def drawn(x):
    return F.dropout(x, 0.5) * torch.rand(4, dtype=x.dtype)


def spectra(x):
    spectrum = torch.fft.rfft(x, 6)
    power = spectrum.real**2 + spectrum.imag**2
    return power, torch.fft.irfft(spectrum * spectrum.conj(), 6), torch.polar(x.exp(), x).angle(), spectrum.abs()


X = numbers(2, 3, 4)
SLOW = "block", "attention"
FOLLOWED = {
    "block": Block(),
    "attention": Attention(),
    "recurrent": Recurrent(),
    "embedding": Embedded(),
    "convolution": nn.Sequential(
        nn.Conv1d(3, 2, 3, padding=1), nn.GroupNorm(1, 2), nn.SiLU(), nn.ConvTranspose1d(2, 3, 2)
    ),
    "batch norm": nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)),
    "pictures": pictures,
    "parts": parts,
    "scattered": scattered,
    "in place": in_place,
    "drawn": drawn,
    "spectra": spectra,
    "function": lambda x: Square.apply(x).sum(1),
}
VIEWS = by_view, by_view_of_zeros, by_numpy, by_out


def subject_of(f):
    return subject_of_torch(made(f) if isinstance(f, nn.Module) else f, [X])


def both(f):
    """Return the gradients by a tape and those by PyTorch."""
    subject = subject_of(f)
    with np.errstate(all="ignore"):
        return _both(subject)


def _both(subject):
    tape = subject.unfold(subject.copies())
    y = subject.forward(subject.copies())
    dy = np.random.default_rng(1).normal(size=y.shape)
    found = tape.gradients(tape.back(dy))
    np.testing.assert_allclose(np.concatenate([tape.values[k].ravel() for k in tape.outputs]), y.ravel(), rtol=1e-9)
    return found, subject.backward(subject.copies(), dy, 0.0)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in FOLLOWED])
def test_the_gradient_of_a_tape_is_that_of_torch(name):
    found, wanted = both(FOLLOWED[name])
    assert found.keys() == wanted.keys()
    for array, mine in found.items():
        np.testing.assert_allclose(mine, wanted[array], rtol=1e-6, atol=1e-6 * abs(wanted[array]).max())


@pytest.mark.parametrize("f", VIEWS)
def test_views_that_are_changed_are_not_believed_or_right(f):
    try:
        found, wanted = both(f)
    except (TapeError, AssertionError):
        pass
    else:
        off = abs(found["x"] - wanted["x"]).max()
        assert off > 1e-3 or off < 1e-6
    check_torch(f, [X]) if f in (by_view, by_view_of_zeros) else None


@pytest.mark.parametrize("name", ["block", "drawn"])
def test_random_numbers_are_as_they_were(name):
    subject = subject_of(FOLLOWED[name])
    before = torch.get_rng_state()
    tape = subject.unfold(subject.copies())
    tape.back(np.ones(subject.forward(subject.copies()).shape))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_module_is_as_it_was():
    module = FOLLOWED["batch norm"]
    subject = subject_of(module)
    before = {name: each.clone() for name, each in module.state_dict().items()}
    subject.unfold(subject.copies())
    assert all(torch.equal(each, before[name]) for name, each in module.state_dict().items())
    assert all(each.grad is None and each.requires_grad for each in module.parameters())


def test_operations_stand_in_the_users_lines_under_the_users_names():
    subject = subject_of(FOLLOWED["recurrent"])
    steps = [each for each in subject.unfold(subject.copies()).steps if each.operation == "tanh"]
    assert len({each.place.key for each in steps}) == 1
    assert steps[0].place.statement.startswith("h = torch.tanh(self.cell(")
    (product, *_) = [each for each in subject.unfold(subject.copies()).steps if each.place.expression == "0.5 * h"]
    assert product.place.names == ("h",)


@pytest.mark.parametrize("kind", [torch.float32, torch.complex128])
def test_other_numbers_are_not_taken_apart_but_judged(kind):
    x = torch.arange(1, 5).to(kind)
    subject = subject_of_torch(lambda x: x * x, [x])
    with pytest.raises(TapeError):
        subject.unfold(subject.copies())
    check_torch(lambda x: x * x, [x])
