"""Torch packages: Functions whose backward is the derivative, or was meant to be."""

from __future__ import annotations

from functools import partial

from package_case import Built, Case, Known, normal, several


def entmax(name: str) -> Built:
    import entmax as package
    import torch

    function = getattr(package, name)
    if name in ("normmax_bisect", "entmax_bisect"):
        return partial(function, n_iter=60), [normal(4, 7)]
    if name == "budget_bisect":
        return partial(function, budget=2, n_iter=60), [normal(4, 7)]
    if name.endswith("_loss"):
        return function, [normal(4, 7), torch.tensor([0, 3, 6, 2])]
    return function, [normal(4, 7)]


def entmax_alpha() -> Built:
    import torch
    from entmax import entmax_bisect

    return (lambda X, alpha: entmax_bisect(X, alpha, n_iter=60)), [
        normal(4, 7),
        torch.tensor([[1.2], [1.5], [1.8], [2.5]], dtype=torch.float64),
    ]


def sparsemax() -> Built:
    from sparsemax import Sparsemax

    return Sparsemax(dim=-1), [normal(4, 7)]


def dct(name: str) -> Built:
    import torch_dct

    return getattr(torch_dct, name), [normal(4, 7)]


def wavelets(kind: str, mode: str, n: int) -> Built:
    import pytorch_wavelets as package

    if kind == "DWT1DForward":
        transform, x = package.DWT1DForward(J=1, wave="db2", mode=mode), normal(1, 2, n)
    else:
        transform, x = package.DWTForward(J=1, wave="db2", mode=mode), normal(1, 2, n, n)
    return transform.double(), [x]


def wavelets_inverse(mode: str) -> Built:
    import pytorch_wavelets as package

    forward = package.DWTForward(J=1, wave="db2", mode=mode).double()
    inverse = package.DWTInverse(wave="db2", mode=mode).double()
    low, (high,) = forward(normal(1, 2, 9, 9))
    return (lambda low, high: inverse((low, [high]))), [low, high]


def dual_tree() -> Built:
    import pytorch_wavelets as package

    return package.DTCWTForward(J=2).double(), [normal(1, 1, 8, 8)]


def scattering() -> Built:
    import pytorch_wavelets as package

    return package.ScatLayer(magbias=0.1).double(), [normal(1, 1, 8, 8)]


def focal() -> Built:
    import torch
    from kornia.losses import focal_loss

    target = torch.tensor([[0, 1, 2], [2, 0, 1]])
    return (lambda pred: focal_loss(pred, target, alpha=0.5, gamma=2.0, reduction="none")), [normal(2, 3, 3)]


def essential() -> Built:
    from kornia.geometry.epipolar.essential import _NullSpaceBasis

    def spanned(X):
        basis = _NullSpaceBasis.apply(X)[0]
        return basis @ basis.mT  # the subspace, whatever its basis

    return spanned, [normal(2, 5, 9)]


def modulus() -> Built:
    from kymatio.backend.torch_backend import ModulusStable

    return ModulusStable, [normal(5, 3, 2)]


def scattering_1d() -> Built:
    from kymatio.scattering1d.frontend.torch_frontend import ScatteringTorch1D

    return ScatteringTorch1D(J=2, shape=32, Q=2).double(), [normal(2, 32)]


def invertible(kind: str) -> Built:
    import memcnn
    import torch
    from memcnn.models.affine import AffineAdapterSigmoid

    torch.manual_seed(0)
    is_affine = kind == "AffineCoupling"
    inner = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh(), torch.nn.Linear(3, 6 if is_affine else 3))
    adapter = {"adapter": AffineAdapterSigmoid} if is_affine else {}
    coupling = getattr(memcnn, kind)(inner, **adapter)
    return memcnn.InvertibleModuleWrapper(fn=coupling.double(), keep_input=True), [normal(4, 6)]


def nufft(name: str) -> Built:
    import torch
    import torchkbnufft

    omega = (normal(2, 6).clamp(-3, 3)) * 0.9
    if name == "KbInterp":
        ob = torchkbnufft.KbInterp(im_size=(4, 4), grid_size=(8, 8), dtype=torch.complex128)
        return (lambda image: ob(image, omega)), [torch.complex(normal(1, 1, 8, 8), normal(1, 1, 8, 8, seed=1))]
    if name == "KbNufft":
        ob = torchkbnufft.KbNufft(im_size=(4, 4), grid_size=(8, 8), dtype=torch.complex128)
        return (lambda image: ob(image, omega)), [torch.complex(normal(1, 1, 4, 4), normal(1, 1, 4, 4, seed=1))]
    ob = torchkbnufft.KbInterpAdjoint(im_size=(4, 4), grid_size=(8, 8), dtype=torch.complex128)
    return (lambda data: ob(data, omega)), [torch.complex(normal(1, 1, 6), normal(1, 1, 6, seed=1))]


def adam(name: str) -> Built:
    from torchopt.accelerated_op.adam_op import AdamOp

    if name == "UpdatesOp":
        settings = (0.9, 0.999, 1e-8, 1e-6, 3)
        return (lambda mu, nu: AdamOp.UpdatesOp.apply(mu, nu, settings)), [normal(5), normal(5, seed=1).abs()]
    return (lambda updates, moment: getattr(AdamOp, name).apply(updates, moment, 0.9)), [normal(5), normal(5, seed=1)]


def soft_dtw() -> Built:
    from tslearn.metrics import SoftDTWLossPyTorch

    return SoftDTWLossPyTorch(gamma=0.5), [normal(2, 5, 2), normal(2, 4, 2, seed=1)]


def swish() -> Built:
    from efficientnet_pytorch.utils import SwishImplementation

    return SwishImplementation, [normal(5, 3)]


def of_wavelets(transform: str) -> list[Case]:
    return [
        Case("pytorch-wavelets", f"{transform}, {mode}, {n}", partial(wavelets, transform, mode, n), *(
            (Known.right, "") if mode == "zero" or n % 2 == 0 else (Known.mistake, DISCRETE)
        ))
        for mode, n in MODES
    ]  # fmt: skip


INVERSE = "backward is the forward transform, whose border is mirrored: that of the inverse is cut off"
EPS_ROOT = "1 / (1 - b2^t + eps_root) stands where 1 / (1 - b2^t) belongs"
DISCRETE = "backward is the inverse transform, cropped: the mirrored or wrapped border is not folded back"
MODES = ("zero", 9), ("symmetric", 9), ("reflect", 9), ("periodization", 9), ("periodization", 8), ("periodic", 9)
ENTMAX = (
    "sparsemax", "entmax15", "sparsemax_bisect", "entmax_bisect", "normmax_bisect", "budget_bisect", "sparsemax_loss",
    "entmax15_loss", "entmax_bisect_loss",
)  # fmt: skip
CASES = (
    *several("entmax", ENTMAX, entmax),
    Case("entmax", "entmax_bisect, alpha too", entmax_alpha),
    Case("sparsemax", "Sparsemax", sparsemax),
    *several("torch-dct", ("dct", "idct", "dct1", "idct1", "dct_2d"), dct),
    *of_wavelets("DWTForward"),
    *of_wavelets("DWT1DForward"),
    Case("pytorch-wavelets", "DWTInverse, zero", partial(wavelets_inverse, "zero")),
    Case("pytorch-wavelets", "DWTInverse, symmetric", partial(wavelets_inverse, "symmetric"), Known.mistake, INVERSE),
    Case("pytorch-wavelets", "DWTInverse, reflect", partial(wavelets_inverse, "reflect"), Known.mistake, INVERSE),
    Case("pytorch-wavelets", "DTCWTForward", dual_tree),
    Case("pytorch-wavelets", "ScatLayer", scattering),
    Case("kornia", "focal_loss", focal),
    Case("kornia", "_NullSpaceBasis", essential),
    Case("kymatio", "ModulusStable", modulus),
    Case("kymatio", "Scattering1D", scattering_1d),
    *several("memcnn", ("AdditiveCoupling", "AffineCoupling"), invertible),
    *several("torchkbnufft", ("KbInterp", "KbInterpAdjoint", "KbNufft"), nufft),
    *several("torchopt", ("MuOp", "NuOp"), adam),
    Case("torchopt", "UpdatesOp, eps_root=1e-6", partial(adam, "UpdatesOp"), Known.mistake, EPS_ROOT),
    Case("tslearn", "SoftDTWLossPyTorch", soft_dtw, note="works in float32 inside"),
    Case("efficientnet-pytorch", "SwishImplementation", swish),
)
