"""NumPy: functions of places in space, a picture warped by a flow, points turned, and points seen by a camera."""

import numpy as np

from mistakes.case import Mistake, broken, same, vjp_call


@broken(
    Mistake(
        "warp-flow-order",
        "the flow's numbers are down and across, and their gradients come as across and down",
        "dflow = np.stack([ddown, dacross], axis=2)",
        "dflow = np.stack([dacross, ddown], axis=2)",
        {"flow": "reordered"},
    ),
    Mistake(
        "warp-clamped-places-move",
        "a place outside is moved to the edge, and its flow has a slope all the same",
        "inside = (down == r) & (across == c), (down == r), (across == c)",
        "inside = True, True, True",
        {"flow": "mask-forgotten wrong-mask"},
    ),
    Mistake(
        "warp-corners-added-by-index",
        "pixels that are read by several places get the last one's part, by += with indices",
        "np.add.at(dimage, (rows, columns), part[:, :, None] * dy)",
        "dimage[rows, columns] += part[:, :, None] * dy",
        {"image": "overwritten missing"},
    ),
    Mistake(
        "warp-flow-by-central-differences",
        "the flow's gradient is that of the picture as one sees it, by central differences",
        "dflow = np.stack([ddown, dacross], axis=2)",
        "dflow = np.stack([(dy * g).sum(axis=2) for g in np.gradient(image, axis=(0, 1))], axis=2)",
        {"flow": ""},
    ),
)
def warp(rng):
    h, w = 4, 5
    i, j = np.meshgrid(np.arange(h), np.arange(w), indexing="ij")

    def places(flow):
        r, c = i + flow[:, :, 0], j + flow[:, :, 1]
        down, across = np.clip(r, 0, h - 1), np.clip(c, 0, w - 1)
        top = np.minimum(np.floor(down), h - 2).astype(int)
        left = np.minimum(np.floor(across), w - 2).astype(int)
        return r, c, down, across, top, left

    def warped(image, flow):
        _, _, down, across, top, left = places(flow)
        a, b = (down - top)[:, :, None], (across - left)[:, :, None]
        upper = (1 - b) * image[top, left] + b * image[top, left + 1]
        lower = (1 - b) * image[top + 1, left] + b * image[top + 1, left + 1]
        return (1 - a) * upper + a * lower

    def warped_vjp(dy, image, flow):
        r, c, down, across, top, left = places(flow)
        a, b = down - top, across - left
        dimage = np.zeros_like(image)
        corners = (0, 0, (1 - a) * (1 - b)), (0, 1, (1 - a) * b), (1, 0, a * (1 - b)), (1, 1, a * b)
        for below, beside, part in corners:
            rows, columns = top + below, left + beside
            np.add.at(dimage, (rows, columns), part[:, :, None] * dy)
        nw, ne = image[top, left], image[top, left + 1]
        sw, se = image[top + 1, left], image[top + 1, left + 1]
        inside = (down == r) & (across == c), (down == r), (across == c)
        ddown = (dy * ((1 - b)[:, :, None] * (sw - nw) + b[:, :, None] * (se - ne))).sum(axis=2) * inside[1]
        dacross = (dy * ((1 - a)[:, :, None] * (ne - nw) + a[:, :, None] * (se - sw))).sum(axis=2) * inside[2]
        dflow = np.stack([ddown, dacross], axis=2)
        return dimage, dflow

    return vjp_call(warped, warped_vjp, rng.normal(size=(h, w, 2)), rng.normal(size=(h, w, 2)))


@broken(
    Mistake(
        "quaternion-any-length",
        "the quaternion is made of length 1, and its gradient is not freed of what goes along it",
        "du = (du - u * (u * du).sum(axis=1, keepdims=True)) / length",
        "du = du / length",
        {"q": "term-missing statistics-constant"},
    ),
    Mistake(
        "quaternion-turned-on",
        "the gradient of the points is turned on, instead of back",
        "dpoints = turned(dy, u * np.array([1, -1, -1, -1]))",
        "dpoints = turned(dy, u)",
        {"points": "jacobian-not-transposed"},
    ),
    Mistake(
        "quaternion-small-angle",
        "the slope is that of a small turn, 2 v x p, as robots have it",
        "daxis = 2 * s[:, None] * cross + 2 * around",
        "daxis = 2 * cross",
        {"q": ""},
    ),
)
def rotation(rng):
    def turned(points, u):
        s, v = u[:, :1, None], u[:, None, 1:]
        t = 2 * np.cross(v, points)
        return points + s * t + np.cross(v, t)

    def rotate(q, points):
        length = np.sqrt((q * q).sum(axis=1, keepdims=True))
        u = q / length
        s, v = u[:, :1, None], u[:, None, 1:]
        t = 2 * np.cross(v, points)
        return points + s * t + np.cross(v, t)

    def rotate_vjp(dy, q, points):
        length = np.sqrt((q * q).sum(axis=1, keepdims=True))
        u = q / length
        s, v = u[:, 0], u[:, None, 1:]
        t = np.cross(v, points)
        ds = 2 * (dy * t).sum(axis=(1, 2))
        cross = np.cross(points, dy).sum(axis=1)
        around = (np.cross(t, dy) + np.cross(points, np.cross(dy, v))).sum(axis=1)
        daxis = 2 * s[:, None] * cross + 2 * around
        du = np.concatenate([ds[:, None], daxis], axis=1)
        du = (du - u * (u * du).sum(axis=1, keepdims=True)) / length
        dpoints = turned(dy, u * np.array([1, -1, -1, -1]))
        return du, dpoints

    return vjp_call(rotate, rotate_vjp, rng.normal(size=(4, 4)), rng.normal(size=(4, 5, 3)))


@broken(
    Mistake(
        "camera-depth-constant",
        "what a point's distance does to its place in the picture is left out",
        "dz = -(dflat * flat).sum(axis=1) / z",
        "dz = np.zeros_like(z)",
        {**same("points shift", "term-missing missing"), "turn": "term-missing"},
    ),
    Mistake(
        "camera-distortion-half",
        "the lens bends by r squared, of which the slope is taken to be the place and not twice the place",
        "dflat = dbent * bend[:, None] + 2 * dbend[:, None] * slope[:, None] * flat",
        "dflat = dbent * bend[:, None] + dbend[:, None] * slope[:, None] * flat",
        same("points turn shift", "term-factor"),
    ),
    Mistake(
        "camera-focal-before-the-lens",
        "the focal length multiplies the bent places, and its gradient has those before the lens",
        "dfocal = (dy * bent).sum(axis=0)",
        "dfocal = (dy * flat).sum(axis=0)",
        {"focal": "wrong-argument input-for-output"},
    ),
)
def camera(rng):
    def seen(points, turn, shift, focal, centre, lens):
        p = points @ turn.T + shift
        flat = p[:, :2] / p[:, 2:]
        r2 = (flat**2).sum(axis=1, keepdims=True)
        bent = flat * (1 + lens[0] * r2 + lens[1] * r2**2)
        return focal * bent + centre

    def seen_vjp(dy, points, turn, shift, focal, centre, lens):
        p = points @ turn.T + shift
        z = p[:, 2]
        flat = p[:, :2] / p[:, 2:]
        r2 = (flat**2).sum(axis=1)
        bend, slope = 1 + lens[0] * r2 + lens[1] * r2**2, lens[0] + 2 * lens[1] * r2
        bent = flat * bend[:, None]
        dfocal = (dy * bent).sum(axis=0)
        dbent = dy * focal
        dbend = (dbent * flat).sum(axis=1)
        dlens = np.array([(dbend * r2).sum(), (dbend * r2**2).sum()])
        dflat = dbent * bend[:, None] + 2 * dbend[:, None] * slope[:, None] * flat
        dz = -(dflat * flat).sum(axis=1) / z
        dp = np.concatenate([dflat / p[:, 2:], dz[:, None]], axis=1)
        return dp @ turn, dp.T @ points, dp.sum(axis=0), dfocal, dy.sum(axis=0), dlens

    points, turn = rng.normal(size=(7, 3)), np.eye(3) + 0.3 * rng.normal(size=(3, 3))
    rest = rng.normal(size=3) + np.array([0, 0, 5]), rng.uniform(1, 2, 2), rng.normal(size=2), rng.normal(size=2)
    return vjp_call(seen, seen_vjp, points, turn, *rest)
