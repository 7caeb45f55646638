"""One epoch of scikit-learn's MLPClassifier: the same sizes and optimizer, with ReLU, as it has no ELU."""

import sys

try:
    from sklearn.neural_network import MLPClassifier
except ImportError:
    sys.exit(0)
import numpy as np
from race import compete

from inkgrad.data import as_inputs, mnist
from inkgrad.models import MODELS

recipe = MODELS["seed"]
examples = mnist().train
x = as_inputs(examples.x).reshape(-1, 784)
network = MLPClassifier(
    (100,), solver="sgd", alpha=0, batch_size=recipe.batch_size, learning_rate_init=recipe.lr,
    momentum=recipe.momentum, nesterovs_momentum=False,
)  # fmt: skip
compete(lambda: network.partial_fit(x, examples.t, classes=np.arange(10)))
