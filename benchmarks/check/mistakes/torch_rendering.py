"""torch: a long Function that marches along rays, and one of which the gradient's gradient is asked."""

import numpy as np
import torch

from inkgrad.check import check_torch
from mistakes.case import Call, Mistake, broken, torch_call


@broken(
    Mistake(
        "rays-sum-includes-itself",
        "what lies behind a sample is summed from the sample on, and not from the one after it",
        "behind = torch.flip(torch.cumsum(torch.flip(dw * w, (1,)), 1), (1,)) - dw * w",
        "behind = torch.flip(torch.cumsum(torch.flip(dw * w, (1,)), 1), (1,))",
        {"density": ""},
    ),
    Mistake(
        "rays-background-forgotten",
        "the background shines through what the ray has left, and the samples are not told",
        "dw = dw - (dcolour * background).sum(dim=1, keepdim=True)",
        "pass",
        {"density": "term-missing"},
    ),
    Mistake(
        "rays-softplus-shift",
        "density is softplus of raw - 1; its slope is taken at raw",
        "ddensity = dsigma * torch.sigmoid(density - 1)",
        "ddensity = dsigma * torch.sigmoid(density)",
        {"density": "wrong-argument"},
    ),
    Mistake(
        "rays-depth-of-the-end",
        "the depth's dy is multiplied by the far end of an interval, and not by its middle",
        "middle = 0.5 * (places[1:] + places[:-1])",
        "middle = places[1:]",
        {"density": "wrong-argument"},
    ),
    Mistake(
        "rays-colours-sigmoid",
        "the colours go through a sigmoid that backward does not know",
        "dcolours = dcolours * shown * (1 - shown)",
        "pass",
        {"colours": "derivative-forgotten"},
    ),
    Mistake(
        "rays-early-stop",
        "where little light is left backward stops, as a kernel does to save time; forward went on",
        "dtau = dw * left - behind",
        "dtau = (dw * left - behind) * (left > 0.1)",
        {"density": "missing wrong-mask"},
    ),
)
def ray_marching(rng):
    places = torch.from_numpy(np.array([0.5, 0.8, 1.2, 1.5, 2.1, 2.4, 3.0, 3.3]))

    class March(torch.autograd.Function):
        @staticmethod
        def forward(ctx, density, colours, background):
            n_rays, n_samples = density.shape
            colour = torch.zeros(n_rays, 3, dtype=density.dtype)
            depth = torch.zeros(n_rays, dtype=density.dtype)
            covered = torch.zeros(n_rays, dtype=density.dtype)
            light = torch.ones(n_rays, dtype=density.dtype)
            weights = []
            lefts = []
            for s in range(n_samples):
                near = places[s]
                far = places[s + 1]
                delta = far - near
                middle = near + far
                middle = 0.5 * middle
                shifted = density[:, s] - 1
                grown = torch.exp(shifted)
                sigma = torch.log1p(grown)
                tau = sigma * delta
                passed = torch.exp(-tau)
                alpha = 1 - passed
                w = light * alpha
                shown = torch.sigmoid(colours[:, s])
                part = w[:, None] * shown
                colour = colour + part
                depth = depth + w * middle
                covered = covered + w
                light = light * passed
                weights.append(w)
                lefts.append(light)
            rest = 1 - covered
            behind = rest[:, None] * background
            colour = colour + behind
            w = torch.stack(weights, dim=1)
            left = torch.stack(lefts, dim=1)
            ctx.save_for_backward(density, colours, background, w, left)
            return colour, depth

        @staticmethod
        def backward(ctx, dcolour, ddepth):
            density, colours, background, w, left = ctx.saved_tensors
            delta = places[1:] - places[:-1]
            middle = 0.5 * (places[1:] + places[:-1])
            shown = torch.sigmoid(colours)
            dw = (dcolour[:, None] * shown).sum(dim=2) + ddepth[:, None] * middle
            dw = dw - (dcolour * background).sum(dim=1, keepdim=True)
            behind = torch.flip(torch.cumsum(torch.flip(dw * w, (1,)), 1), (1,)) - dw * w
            dtau = dw * left - behind
            dsigma = dtau * delta
            ddensity = dsigma * torch.sigmoid(density - 1)
            dcolours = dcolour[:, None] * w[:, :, None]
            dcolours = dcolours * shown * (1 - shown)
            dbackground = dcolour * (1 - w.sum(dim=1, keepdim=True))
            return ddensity, dcolours, dbackground

    density, colours = rng.normal(size=(3, 7)) + 1, rng.normal(size=(3, 7, 3))
    return torch_call(March, March.forward, density, colours, rng.uniform(size=(3, 3)))


@broken(
    Mistake(
        "tanh-saved-detached",
        "y is kept without its graph, so that the gradient of the gradient lacks what goes through it",
        "y = torch.tanh(x)",
        "y = torch.tanh(x).detach()",
        {"x": "second-order zero term-missing"},
    ),
)
def twice_differentiable(rng):
    class Tanh(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            y = torch.tanh(x)
            return dy * (1 - y**2)

    x = torch.from_numpy(rng.normal(size=(3, 5)))
    return Call(lambda: check_torch(Tanh, [x], order=2, raises=False), (Tanh.forward,))
