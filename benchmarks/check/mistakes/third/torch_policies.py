"""torch: long functions, the cost of PPO and the likelihood of a Gaussian process."""

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "ppo-entropy-of-logs-alone",
        "the slope of the entropy has the entropy itself beside the logarithm",
        "dz = dz + bonus / n * p * (logs + entropy[:, None])",
        "dz = dz + bonus / n * p * logs",
        same("x actor", "term-missing missing"),
    ),
    Mistake(
        "ppo-stopped-outside-of-the-range",
        "the smaller of two is taken, and that may be the one that is not clipped though the ratio is out of range",
        "passes = ratio * gains <= clipped * gains",
        "passes = (ratio > 1 - reach) & (ratio < 1 + reach)",
        same("x actor", "wrong-mask missing term-missing"),
    ),
    Mistake(
        "ppo-ratio-as-a-logarithm",
        "the ratio is the exponential of a difference, and gets the gradient of the difference",
        "dlog = -gains * ratio * passes / n",
        "dlog = -gains * passes / n",
        same("x actor", "derivative-forgotten"),
    ),
    Mistake(
        "ppo-values-in-the-shared-input",
        "actor and critic see the same numbers, and only what the actor says of them comes back",
        "dx = dz @ actor.T + dvalue[:, None] * critic",
        "dx = dz @ actor.T",
        {"x": "term-missing missing"},
    ),
    Mistake(
        "ppo-value-of-the-smaller",
        "of two errors of the values the larger counts, and the smaller is taken back",
        "direct = plain >= bounded",
        "direct = plain < bounded",
        same("x critic", "wrong-mask"),
    ),
)
def policy_cost(rng):
    n, reach, bonus = 6, 0.1, 0.3
    actions = torch.from_numpy(rng.integers(3, size=n))
    old_logs, gains, returns, old_values = torch.from_numpy(rng.normal(size=(4, n)))
    old_logs = 0.4 * old_logs - 1

    class PolicyCost(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, actor, critic):
            ctx.save_for_backward(x, actor, critic)
            z = x @ actor
            values = x @ critic
            largest = z.max(dim=1, keepdim=True).values
            z = z - largest
            e = z.exp()
            total = e.sum(dim=1, keepdim=True)
            logs = z - total.log()
            p = e / total
            picked = torch.arange(n)
            said = logs[picked, actions]
            # how much likelier an action has become, and not more than a little
            change = said - old_logs
            ratio = change.exp()
            clipped = ratio.clamp(1 - reach, 1 + reach)
            first = ratio * gains
            second = clipped * gains
            smaller = torch.minimum(first, second)
            policy = -smaller.mean()
            # the values, which may not move far either
            moved = values - old_values
            moved = moved.clamp(-reach, reach)
            near = old_values + moved
            plain = values - returns
            plain = plain**2
            bounded = near - returns
            bounded = bounded**2
            worse = torch.maximum(plain, bounded)
            value = worse.mean() / 2
            # and a bonus for trying
            entropy = p * logs
            entropy = -entropy.sum(dim=1)
            tried = entropy.mean()
            tried = bonus * tried
            return policy + value - tried

        @staticmethod
        def backward(ctx, dy):
            x, actor, critic = ctx.saved_tensors
            logs, values = torch.log_softmax(x @ actor, dim=1), x @ critic
            p = logs.exp()
            one_hot = torch.eye(3, dtype=x.dtype)[actions]
            ratio = ((logs * one_hot).sum(dim=1) - old_logs).exp()
            clipped = ratio.clamp(1 - reach, 1 + reach)
            passes = ratio * gains <= clipped * gains
            dlog = -gains * ratio * passes / n
            dz = dlog[:, None] * (one_hot - p)
            entropy = -(p * logs).sum(dim=1)
            dz = dz + bonus / n * p * (logs + entropy[:, None])
            moved = values - old_values
            near = old_values + moved.clamp(-reach, reach)
            plain, bounded = (values - returns) ** 2, (near - returns) ** 2
            direct = plain >= bounded
            dvalue = torch.where(direct, values - returns, (near - returns) * (moved.abs() < reach)) / n
            dx = dz @ actor.T + dvalue[:, None] * critic
            return dy * dx, dy * (x.T @ dz), dy * (x.T @ dvalue)

    inputs = rng.normal(size=(n, 4)), rng.normal(size=(4, 3)), rng.normal(size=4)
    return torch_call(PolicyCost, PolicyCost.forward, *inputs)


@broken(
    Mistake(
        "gp-volume-forgotten",
        "the likelihood has the determinant of the covariance in it, which is taken for a constant",
        "dcov = (inverse - torch.outer(weights, weights)) / 2",
        "dcov = -torch.outer(weights, weights) / 2",
        same("x log_length noise", "term-missing missing"),
    ),
    Mistake(
        "gp-volume-not-halved",
        "the logarithm of the determinant counts half, and its gradient counts whole",
        "dcov = (inverse - torch.outer(weights, weights)) / 2",
        "dcov = inverse - torch.outer(weights, weights) / 2",
        same("x log_length noise", "term-factor"),
    ),
    Mistake(
        "gp-one-end-of-each-pair",
        "a place is in a row of the covariance and in a column, and only the row comes back",
        "dx = dscaled.sum(dim=1) - dscaled.sum(dim=0)",
        "dx = dscaled.sum(dim=1)",
        {"x": "factor term-missing missing"},
    ),
    Mistake(
        "gp-noise-as-its-logarithm",
        "the noise goes through a softplus into the diagonal, and comes back as through an exponential",
        "dnoise = torch.diagonal(dcov) * torch.sigmoid(noise)",
        "dnoise = torch.diagonal(dcov) * noise.exp()",
        {"noise": "wrong-formula"},
    ),
)
def gaussian_process(rng):
    n = 5

    class Likelihood(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y, log_length, noise):
            gap = (x[:, None] - x[None]) / log_length.exp()
            kernel = torch.exp(-(gap**2).sum(dim=2) / 2)
            cov = kernel + torch.diag(torch.nn.functional.softplus(noise))
            factor = torch.linalg.cholesky(cov)
            weights = torch.cholesky_solve(y[:, None], factor)[:, 0]
            ctx.save_for_backward(gap, kernel, factor, weights, log_length, noise)
            return y @ weights / 2 + torch.diagonal(factor).log().sum()

        @staticmethod
        def backward(ctx, dy):
            gap, kernel, factor, weights, log_length, noise = ctx.saved_tensors
            inverse = torch.cholesky_inverse(factor)
            dcov = (inverse - torch.outer(weights, weights)) / 2
            dnoise = torch.diagonal(dcov) * torch.sigmoid(noise)
            dgap = -(dcov * kernel)[:, :, None] * gap
            dlog_length = -(dgap * gap).sum(dim=(0, 1))
            dscaled = dgap / log_length.exp()
            dx = dscaled.sum(dim=1) - dscaled.sum(dim=0)
            return dy * dx, dy * weights, dy * dlog_length, dy * dnoise

    inputs = rng.normal(size=(n, 2)), rng.normal(size=n), 0.3 * rng.normal(size=2), rng.normal(size=n)
    return torch_call(Likelihood, Likelihood.forward, *inputs)
