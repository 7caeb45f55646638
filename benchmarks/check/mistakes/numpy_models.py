"""NumPy: long functions of models, a Kalman filter and a VAE."""

import numpy as np

from mistakes.case import Mistake, broken, gradient_call, same


@broken(
    Mistake(
        "kalman-gain-constant",
        "the gain that corrects the mean is taken for a constant: its way back to P is forgotten",
        "dgain = np.outer(dm, r) + dpost",
        "dgain = dpost",
        same("f p0 q noise", "term-missing"),
    ),
    Mistake(
        "kalman-quadratic-sign",
        "d(S⁻¹) = -S⁻¹ dS S⁻¹ without its minus, in the likelihood",
        "ds = 0.5 * dcost * (si.T - si.T @ np.outer(r, r) @ si.T)",
        "ds = 0.5 * dcost * (si.T + si.T @ np.outer(r, r) @ si.T)",
        same("f p0 q noise", "term-factor"),
    ),
    Mistake(
        "kalman-transition-once",
        "P = F P Fᵀ has F twice, and only the left one gets a gradient",
        "df += np.outer(dm, m_prev) + dp @ f @ p_prev.T + dp.T @ f @ p_prev",
        "df += np.outer(dm, m_prev) + dp @ f @ p_prev.T",
        {"f": "term-missing"},
    ),
)
def kalman_likelihood(rng):
    z = rng.normal(size=(4, 2))
    h = rng.normal(size=(2, 3))

    def cost(f, m0, p0, q, noise):
        m = m0
        p = p0
        total = 0.0
        for t in range(len(z)):
            # predict
            noises = np.diag(noise)
            m = f @ m
            fp = f @ p
            p = fp @ f.T
            p = p + q
            # innovation
            expected = h @ m
            r = z[t] - expected
            hp = h @ p
            ph = p @ h.T
            s = hp @ h.T
            s = s + noises
            si = np.linalg.inv(s)
            logdet = np.linalg.slogdet(s)[1]
            distance = r @ si @ r
            total = total + 0.5 * logdet
            total = total + 0.5 * distance
            # update
            gain = ph @ si
            step = gain @ r
            m = m + step
            keep = gain @ h
            taken = keep @ p
            p = p - taken
        # the last state has to be near the origin
        norm = m @ m
        total = total + 0.1 * norm
        spread = np.trace(p)
        total = total + 0.1 * spread
        return total / len(z)

    def filtered(f, m, p, q, noise):
        kept = []
        for zt in z:
            m_prev, p_prev = m, p
            m, p = f @ m, f @ p @ f.T + q
            r, s = zt - h @ m, h @ p @ h.T + np.diag(noise)
            kept.append((m_prev, p_prev, p, r, np.linalg.inv(s)))
            gain = p @ h.T @ kept[-1][-1]
            m, p = m + gain @ r, p - gain @ h @ p
        return kept, m, p

    def cost_gradient(f, m0, p0, q, noise):
        kept, m, p = filtered(f, m0, p0, q, noise)
        df, dq, dnoise = np.zeros_like(f), np.zeros_like(q), np.zeros_like(noise)
        dcost = 1 / len(z)
        dm, dp_new = 0.2 * dcost * m, 0.1 * dcost * np.eye(3)
        for m_prev, p_prev, p, r, si in reversed(kept):
            gain = p @ h.T @ si
            # p_new = p - gain h p
            dpost = -dp_new @ p.T @ h.T
            dp = dp_new - (gain @ h).T @ dp_new
            dgain = np.outer(dm, r) + dpost
            dr = gain.T @ dm + 0.5 * dcost * (si + si.T) @ r
            # gain = p hᵀ s⁻¹
            dp += dgain @ si.T @ h
            ds = 0.5 * dcost * (si.T - si.T @ np.outer(r, r) @ si.T)
            ds -= si.T @ (h @ p.T @ dgain) @ si.T
            dp += h.T @ ds @ h
            dnoise += np.diag(ds)
            dm = dm - h.T @ dr
            dq += dp
            df += np.outer(dm, m_prev) + dp @ f @ p_prev.T + dp.T @ f @ p_prev
            dm, dp_new = f.T @ dm, f.T @ dp @ f
        return df, dm, dp_new, dq, dnoise

    f, p0, q = rng.normal(size=(3, 3)) / 2, *(np.eye(3) + rng.normal(size=(2, 3, 3)) / 8)
    return gradient_call(cost, cost_gradient, f, rng.normal(size=3), p0, q, rng.uniform(0.5, 1, 2))


@broken(
    Mistake(
        "vae-half-of-log-variance",
        "sigma = exp(½ logvar): the ½ is forgotten on the way back through the sample",
        "dlogvar = 0.5 * dz * noise * sigma + beta * 0.5 * (np.exp(logvar) - 1) / n",
        "dlogvar = dz * noise * sigma + beta * 0.5 * (np.exp(logvar) - 1) / n",
        same("x we wv", "term-factor"),
    ),
    Mistake(
        "vae-beta-of-the-mean",
        "beta weighs the divergence, but in its gradient the variance's part alone",
        "dmu = dz + beta * mu / n",
        "dmu = dz + mu / n",
        same("x we wm", "term-factor"),
    ),
    Mistake(
        "vae-decoder-batch-norm",
        "in the decoder's norm the variance moves with the batch, and backward holds it fixed",
        "da = (dahat - dahat.mean(axis=0) - ahat * (dahat * ahat).mean(axis=0)) / s",
        "da = (dahat - dahat.mean(axis=0)) / s",
        same("x we wm wv wd", "statistics-constant term-missing"),
    ),
)
def vae_cost(rng):
    n, beta = 5, 0.4
    noise = rng.normal(size=(n, 2))

    def cost(x, we, wm, wv, wd, wo):
        # encoder
        hidden = x @ we
        hidden = np.tanh(hidden)
        mu = hidden @ wm
        logvar = hidden @ wv
        # a sample
        half = 0.5 * logvar
        sigma = np.exp(half)
        z = mu + sigma * noise
        # decoder
        a = z @ wd
        mean = a.mean(axis=0)
        centred = a - mean
        variance = centred**2
        variance = variance.mean(axis=0)
        s = np.sqrt(variance + 1e-3)
        ahat = centred / s
        active = np.maximum(ahat, 0.1 * ahat)
        logits = active @ wo
        # what it costs
        positive = np.maximum(logits, 0)
        tail = np.log1p(np.exp(-np.abs(logits)))
        target = 1 / (1 + np.exp(-x))
        cross = positive - logits * target
        cross = cross + tail
        reconstruction = cross.sum(axis=1)
        reconstruction = reconstruction.mean()
        variances = np.exp(logvar)
        kl = 1 + logvar
        kl = kl - mu**2
        kl = kl - variances
        kl = -0.5 * kl
        divergence = kl.sum(axis=1)
        divergence = divergence.mean()
        return reconstruction + beta * divergence

    def cost_gradient(x, we, wm, wv, wd, wo):
        hidden = np.tanh(x @ we)
        mu, logvar = hidden @ wm, hidden @ wv
        sigma = np.exp(0.5 * logvar)
        z = mu + sigma * noise
        a = z @ wd
        s = np.sqrt(a.var(axis=0) + 1e-3)
        ahat = (a - a.mean(axis=0)) / s
        active = np.maximum(ahat, 0.1 * ahat)
        logits = active @ wo
        target = 1 / (1 + np.exp(-x))

        dlogits = (1 / (1 + np.exp(-logits)) - target) / n
        dtarget = -logits / n
        dwo = active.T @ dlogits
        dahat = dlogits @ wo.T * np.where(ahat > 0, 1, 0.1)
        da = (dahat - dahat.mean(axis=0) - ahat * (dahat * ahat).mean(axis=0)) / s
        dwd = z.T @ da
        dz = da @ wd.T
        dmu = dz + beta * mu / n
        dlogvar = 0.5 * dz * noise * sigma + beta * 0.5 * (np.exp(logvar) - 1) / n
        dwm, dwv = hidden.T @ dmu, hidden.T @ dlogvar
        dhidden = (dmu @ wm.T + dlogvar @ wv.T) * (1 - hidden**2)
        dwe = x.T @ dhidden
        dx = dhidden @ we.T + dtarget * target * (1 - target)
        return dx, dwe, dwm, dwv, dwd, dwo

    x, shapes = rng.normal(size=(n, 7)), ((7, 3), (3, 2), (3, 2), (2, 11), (11, 7))
    return gradient_call(cost, cost_gradient, x, *(rng.normal(size=shape) / 1.5 for shape in shapes))
