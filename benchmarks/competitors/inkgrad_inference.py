"""Probabilities of test digits by the convolutional network in inkgrad: Model.probabilities, from bytes."""

from compete import N_THREADS, again, compete
from workloads import IMAGE, cnn, inference_options, start

from inkgrad.data import mnist
from inkgrad.fast import Fast
from inkgrad.models import Model
from inkgrad.training import Plain

options = inference_options(__doc__)
options.add_argument("--plain", action="store_true", help="NumPy alone")
settings = options.parse_args()
objective, dataset = cnn(*settings.channels), mnist()
model = Model(
    objective.network, objective.cost, start(objective), dataset.labels, IMAGE,
    engine=(Plain if settings.plain else Fast)(N_THREADS),
)  # fmt: skip
x = dataset.test.x[: settings.images]
compete(again(lambda: model.probabilities(x)))
