"""torch: the cost of a critic, with a penalty on the slope of the critic itself, in a long function."""

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "critic-tanh-of-the-penalty",
        "the penalty looks at the slope of tanh, whose own slope has the tanh in it, and its slope once more",
        "dz = -2 * h * slope * dslope",
        "dz = -2 * h * dslope",
        same("real fake w b", "derivative-forgotten wrong-formula"),
    ),
    Mistake(
        "critic-long-slopes-alone",
        "slopes are pushed to 1 from both sides, and backward pushes the long ones alone",
        "dsize = 2 * strength * (size - 1) / len(real)",
        "dsize = 2 * strength * (size - 1).clamp(min=0) / len(real)",
        same("real fake w b out", "missing term-missing wrong-mask wrong-formula"),
    ),
    Mistake(
        "critic-penalty-as-constant-for-out",
        "the last weights stand in the slope too, and get a gradient from the scores alone",
        "dout = dout + (dsteep * slope).sum(dim=0)",
        "dout = dout + 0",
        {"out": "term-missing missing"},
    ),
    Mistake(
        "critic-share-of-the-fake",
        "what lies between is a share of the real and the rest of the fake, and the fake gets the share of the real",
        "dfake = dfake + (1 - share) * dbetween",
        "dfake = dfake + share * dbetween",
        {"fake": "wrong-argument"},
    ),
    Mistake(
        "critic-real-lifted-by-itself",
        "the cost falls with the scores of the real ones, and backward lets it rise",
        "dreal_scores = torch.full_like(real[:, 0], -1 / len(real))",
        "dreal_scores = torch.full_like(real[:, 0], 1 / len(real))",
        same("real w b out", "term-factor"),
    ),
)
def critic_with_penalty(rng):
    strength = 2.0
    share = torch.from_numpy(rng.uniform(size=(6, 1)))

    class Critic(torch.autograd.Function):
        @staticmethod
        def forward(ctx, real, fake, w, b, out):
            n = len(real)
            # the scores of both
            z = real @ w
            z = z + b
            units = z.tanh()
            real_scores = units @ out
            z = fake @ w
            z = z + b
            units = z.tanh()
            fake_scores = units @ out
            gap = fake_scores.sum() - real_scores.sum()
            gap = gap / n
            # points between, and the slope of the critic there
            near = share * real
            rest = 1 - share
            far = rest * fake
            between = near + far
            z = between @ w
            z = z + b
            h = z.tanh()
            square = h * h
            slope = 1 - square
            steep = slope * out
            turned = w.T
            g = steep @ turned
            squares = g * g
            size = squares.sum(dim=1)
            size = size + 1e-8
            size = size.sqrt()
            # which should be 1
            off = size - 1
            off = off * off
            penalty = off.mean()
            ctx.save_for_backward(real, fake, w, b, out)
            return gap + strength * penalty

        @staticmethod
        def backward(ctx, dy):
            real, fake, w, b, out = ctx.saved_tensors
            dreal_scores = torch.full_like(real[:, 0], -1 / len(real))
            dfake_scores = torch.full_like(fake[:, 0], 1 / len(fake))
            of_real, of_fake = torch.tanh(real @ w + b), torch.tanh(fake @ w + b)
            dout = of_real.T @ dreal_scores + of_fake.T @ dfake_scores
            dz_real = torch.outer(dreal_scores, out) * (1 - of_real**2)
            dz_fake = torch.outer(dfake_scores, out) * (1 - of_fake**2)
            dw, db = real.T @ dz_real + fake.T @ dz_fake, dz_real.sum(dim=0) + dz_fake.sum(dim=0)
            dreal, dfake = dz_real @ w.T, dz_fake @ w.T
            between = share * real + (1 - share) * fake
            h = torch.tanh(between @ w + b)
            slope = 1 - h**2
            g = (slope * out) @ w.T
            size = ((g * g).sum(dim=1) + 1e-8).sqrt()
            dsize = 2 * strength * (size - 1) / len(real)
            dg = (dsize / size)[:, None] * g
            dw = dw + dg.T @ (slope * out)
            dsteep = dg @ w
            dout = dout + (dsteep * slope).sum(dim=0)
            dslope = dsteep * out
            dz = -2 * h * slope * dslope
            dw, db = dw + between.T @ dz, db + dz.sum(dim=0)
            dbetween = dz @ w.T
            dreal = dreal + share * dbetween
            dfake = dfake + (1 - share) * dbetween
            return dy * dreal, dy * dfake, dy * dw, dy * db, dy * dout

    real, fake, w = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.normal(size=(3, 4)) / 3
    return torch_call(Critic, Critic.forward, real, fake, w, rng.normal(size=4) / 2, 0.6 * rng.normal(size=4))
