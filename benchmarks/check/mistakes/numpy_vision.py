"""NumPy: long functions of pictures, a small convolutional net and the cost of a detector."""

import numpy as np

from mistakes.case import Mistake, broken, gradient_call, same, vjp_call


@broken(
    Mistake(
        "convnet-columns-assigned",
        "patches overlap, and each sets its part of the picture instead of adding to it",
        "dpadded[:, :, i : i + 3, j : j + 3] += np.einsum(",
        "dpadded[:, :, i : i + 3, j : j + 3] = np.einsum(",
        {"x": "overwritten"},
    ),
    Mistake(
        "convnet-crop-shifted",
        "the padding is cut off at the end alone",
        "dx = dpadded[:, :, 1:-1, 1:-1]",
        "dx = dpadded[:, :, :-2, :-2]",
        {"x": "reordered"},
    ),
    Mistake(
        "convnet-relu-after-the-norm",
        "the ReLU's mask is read off the convolution, before its bias and scale",
        "da = da * (a > 0)",
        "da = da * (z > 0)",
        same("x k scale bias", "wrong-mask wrong-argument"),
    ),
)
def small_conv_net(rng):
    n, c_in, c_out, size = 2, 2, 3, 5

    def net(x, k, scale, bias, w, b):
        padded = np.zeros((n, c_in, size + 2, size + 2), dtype=x.dtype)
        padded[:, :, 1:-1, 1:-1] = x
        rows = []
        for i in range(size):
            row = []
            for j in range(size):
                patch = padded[:, :, i : i + 3, j : j + 3]
                patch = patch.reshape(n, -1)
                row.append(patch @ k.reshape(c_out, -1).T)
            rows.append(np.stack(row, axis=1))
        z = np.stack(rows, axis=1)
        a = z * scale
        a = a + bias
        r = np.maximum(a, 0)
        # the last row and column are too few for a window
        top = r[:, :4]
        top = top[:, :, :4]
        top = top.reshape(n, 2, 2, 2, 2, c_out)
        pooled = top.max(axis=4)
        pooled = pooled.max(axis=2)
        flat = pooled.reshape(n, -1)
        logits = flat @ w
        logits = logits + b
        shift = logits.max(axis=1, keepdims=True)
        e = np.exp(logits - shift)
        total = e.sum(axis=1, keepdims=True)
        logp = logits - shift - np.log(total)
        entropy = -(np.exp(logp) * logp)
        confidence = np.exp(logp).max(axis=1)
        penalty = 0.1 * entropy.sum(axis=1)
        score = confidence - penalty
        return logp + score[:, None]

    def net_vjp(dy, x, k, scale, bias, w, b):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        z = np.einsum("ncijuv,ocuv->nijo", windows, k)
        a = z * scale + bias
        tiles = np.maximum(a, 0)[:, :4, :4].reshape(n, 2, 2, 2, 2, c_out)
        pooled = tiles.max(axis=(2, 4))
        flat = pooled.reshape(n, -1)
        logits = flat @ w + b
        logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        p = np.exp(logp)

        dscore = dy.sum(axis=1, keepdims=True)
        dlogp = dy + dscore * p * (p == p.max(axis=1, keepdims=True))
        dlogp = dlogp + 0.1 * dscore * p * (logp + 1)
        dlogits = dlogp - p * dlogp.sum(axis=1, keepdims=True)
        dw, db = flat.T @ dlogits, dlogits.sum(axis=0)
        dpooled = (dlogits @ w.T).reshape(pooled.shape)
        dtiles = (tiles == pooled[:, :, None, :, None]) * dpooled[:, :, None, :, None]
        da = np.zeros_like(a)
        da[:, :4, :4] = dtiles.reshape(n, 4, 4, c_out)
        da = da * (a > 0)
        dscale, dbias = (da * z).sum(axis=(0, 1, 2)), da.sum(axis=(0, 1, 2))
        dz = da * scale
        dk = np.einsum("nijo,ncijuv->ocuv", dz, windows)
        dpadded = np.zeros_like(padded)
        for i in range(size):
            for j in range(size):
                dpadded[:, :, i : i + 3, j : j + 3] += np.einsum("no,ocuv->ncuv", dz[:, i, j], k)
        dx = dpadded[:, :, 1:-1, 1:-1]
        return dx, dk, dscale, dbias, dw, db

    x, k, scale = rng.normal(size=(n, c_in, size, size)), rng.normal(size=(c_out, c_in, 3, 3)), rng.uniform(0.5, 2, 3)
    return vjp_call(net, net_vjp, x, k, scale, rng.normal(size=c_out), rng.normal(size=(12, 5)) / 2, rng.normal(size=5))


@broken(
    Mistake(
        "detection-union-constant",
        "the overlap is divided by a union that is taken for a constant",
        "dunion = -diou * overlap / union**2",
        "dunion = np.zeros_like(union)",
        {"deltas": "term-missing statistics-constant"},
    ),
    Mistake(
        "detection-focal-weight",
        "the focal weight (1 - pt)^γ is taken for a constant",
        "dpt = alpha * (gamma * (1 - pt) ** (gamma - 1) * np.log(pt) - (1 - pt) ** gamma / pt) / n_positive",
        "dpt = -alpha * (1 - pt) ** gamma / pt / n_positive",
        {"logits": "term-missing"},
    ),
    Mistake(
        "detection-width-through-exp",
        "the width is exp of what the net says, and its own derivative is left out",
        "dw = (0.5 * (dx2 - dx1) + darea * h) * w",
        "dw = 0.5 * (dx2 - dx1) + darea * h",
        {"deltas": "derivative-forgotten"},
    ),
    Mistake(
        "detection-box-weight",
        "the boxes' part of the cost is weighted by 2, its gradient by 1",
        "diou = -weight * positive / n_positive",
        "diou = -positive / n_positive",
        {"deltas": "factor term-factor"},
    ),
)
def detection_cost(rng):
    centres = [[3, 4], [6, 5], [9, 2], [4, 9], [8, 8], [2, 7], [6, 3.0]]
    anchors = np.hstack([centres, [[4, 3], [5, 6], [3, 4], [6, 5], [4, 4], [3, 5], [5, 3]]])
    truth = anchors + rng.uniform(-0.8, 0.8, size=anchors.shape)
    positive = np.array([1, 0, 1, 1, 0, 1, 1.0])
    alpha, gamma, weight = 0.25, 2.0, 2.0

    def cost(logits, deltas):
        # which anchors hold something
        p = 1 / (1 + np.exp(-logits))
        pt = np.where(positive > 0, p, 1 - p)
        nll = -np.log(pt)
        focal = alpha * (1 - pt) ** gamma
        focal = focal * nll
        n_positive = positive.sum()
        classes = focal.sum() / n_positive
        # boxes, decoded from the anchors
        cx = anchors[:, 0] + deltas[:, 0] * anchors[:, 2]
        cy = anchors[:, 1] + deltas[:, 1] * anchors[:, 3]
        w = anchors[:, 2] * np.exp(deltas[:, 2])
        h = anchors[:, 3] * np.exp(deltas[:, 3])
        x1 = cx - w / 2
        x2 = cx + w / 2
        y1 = cy - h / 2
        y2 = cy + h / 2
        tx1 = truth[:, 0] - truth[:, 2] / 2
        tx2 = truth[:, 0] + truth[:, 2] / 2
        ty1 = truth[:, 1] - truth[:, 3] / 2
        ty2 = truth[:, 1] + truth[:, 3] / 2
        # how much they overlap
        left = np.maximum(x1, tx1)
        right = np.minimum(x2, tx2)
        top = np.maximum(y1, ty1)
        bottom = np.minimum(y2, ty2)
        wide = np.maximum(right - left, 0)
        high = np.maximum(bottom - top, 0)
        overlap = wide * high
        area = w * h
        truth_area = truth[:, 2] * truth[:, 3]
        union = area + truth_area - overlap
        iou = overlap / union
        boxes = (positive * (1 - iou)).sum() / n_positive
        return classes + weight * boxes

    def cost_gradient(logits, deltas):
        n_positive = positive.sum()
        p = 1 / (1 + np.exp(-logits))
        pt = np.where(positive > 0, p, 1 - p)
        dpt = alpha * (gamma * (1 - pt) ** (gamma - 1) * np.log(pt) - (1 - pt) ** gamma / pt) / n_positive
        dlogits = np.where(positive > 0, dpt, -dpt) * p * (1 - p)

        cx, cy = (anchors[:, :2] + deltas[:, :2] * anchors[:, 2:]).T
        w, h = (anchors[:, 2:] * np.exp(deltas[:, 2:])).T
        x1, x2, y1, y2 = cx - w / 2, cx + w / 2, cy - h / 2, cy + h / 2
        tx1, tx2 = truth[:, 0] - truth[:, 2] / 2, truth[:, 0] + truth[:, 2] / 2
        ty1, ty2 = truth[:, 1] - truth[:, 3] / 2, truth[:, 1] + truth[:, 3] / 2
        wide = np.maximum(np.minimum(x2, tx2) - np.maximum(x1, tx1), 0)
        high = np.maximum(np.minimum(y2, ty2) - np.maximum(y1, ty1), 0)
        overlap = wide * high
        union = w * h + truth[:, 2] * truth[:, 3] - overlap

        diou = -weight * positive / n_positive
        dunion = -diou * overlap / union**2
        doverlap = diou / union - dunion
        darea = dunion
        dx2 = doverlap * high * (wide > 0) * (x2 < tx2)
        dx1 = -doverlap * high * (wide > 0) * (x1 > tx1)
        dy2 = doverlap * wide * (high > 0) * (y2 < ty2)
        dy1 = -doverlap * wide * (high > 0) * (y1 > ty1)
        dw = (0.5 * (dx2 - dx1) + darea * h) * w
        dh = (0.5 * (dy2 - dy1) + darea * w) * h
        dcx, dcy = (dx1 + dx2) * anchors[:, 2], (dy1 + dy2) * anchors[:, 3]
        return dlogits, np.stack([dcx, dcy, dw, dh], axis=1)

    return gradient_call(cost, cost_gradient, rng.normal(size=7), rng.normal(size=(7, 4)) / 5)
