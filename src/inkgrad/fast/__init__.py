"""Fast: layers, costs and optimizers in C++ that stand in for plain ones; the numbers are the same."""

from inkgrad.fast.augment import warp
from inkgrad.fast.conv_relu_pool import FastConvReLUPool
from inkgrad.fast.convolution import FastConv
from inkgrad.fast.dense_activation import FastDense
from inkgrad.fast.fuse import REPLACEMENTS, Fast, fuse, fuse_cost, fuse_optimizer, takes_bytes
from inkgrad.fast.kernels import instruction_set
from inkgrad.fast.max_pool import FastMaxPool
from inkgrad.fast.norm_relu_pool import FastGroupNorm
from inkgrad.fast.optimizer_steps import FastAdam, FastSGD
from inkgrad.fast.prepared import prepare, prepare_probabilities
from inkgrad.fast.softmax_cost import FastSoftmaxCrossEntropy
from inkgrad.fast.threads import available_threads, limit_threads, refuse_bad_threads

__all__ = [
    "REPLACEMENTS",
    "Fast",
    "FastAdam",
    "FastConv",
    "FastConvReLUPool",
    "FastDense",
    "FastGroupNorm",
    "FastMaxPool",
    "FastSGD",
    "FastSoftmaxCrossEntropy",
    "available_threads",
    "fuse",
    "fuse_cost",
    "fuse_optimizer",
    "instruction_set",
    "limit_threads",
    "prepare",
    "prepare_probabilities",
    "refuse_bad_threads",
    "takes_bytes",
    "warp",
]
