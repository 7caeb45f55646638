"""Train with an optimizer of SciPy: an Objective is the function with its gradient that it wants.

python examples/minimise_with_scipy.py
"""

import numpy as np
from scipy.optimize import minimize

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import spirals
from inkgrad.layers import Chain, Dense, Tanh
from inkgrad.models import Model
from inkgrad.training import Objective

data = spirals()
network = Chain((Dense(2, 16), Tanh(), Dense(16, 16), Tanh(), Dense(16, 2)))
objective = Objective(network, SoftmaxCrossEntropy())
start = objective.init(np.random.default_rng(0), np.float64)

batch = data.train.x.astype(np.float64), data.train.t  # all of it, as L-BFGS wants the same function each time
found = minimize(objective, start, args=batch, jac=True, method="L-BFGS-B")

model = Model(network, objective.cost, found.x, data.labels, input_shape=(2,))
print(f"{start.size} parameters, {found.nit} steps: cost {objective(start, *batch)[0]:.3f} -> {found.fun:.1e}")
print(f"{model.evaluate(data.test).n_right} of {len(data.test)} test examples are right")
