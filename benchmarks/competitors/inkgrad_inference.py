"""Probabilities of test digits in inkgrad, from bytes: Model.probabilities, or those of its prepared model."""

from compete import N_THREADS, again, compete
from workloads import IMAGE, answering, inference_options, start

from inkgrad.data import mnist
from inkgrad.fast import Fast
from inkgrad.models import Model
from inkgrad.training import Plain

options = inference_options(__doc__)
options.add_argument("--plain", action="store_true", help="NumPy alone")
options.add_argument("--prepared", action="store_true", help="Model.prepared, which takes one image")
settings = options.parse_args()
objective, dataset = answering(settings.widths), mnist()
model = Model(
    objective.network, objective.cost, start(objective), dataset.labels, IMAGE,
    engine=(Plain if settings.plain else Fast)(N_THREADS),
)  # fmt: skip
x = dataset.test.x[: settings.images]
answers = model.prepared() if settings.prepared else model
compete(again(lambda: answers.probabilities(x)))
