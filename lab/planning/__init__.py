"""Planning: how long a step takes on n workers, before there are n workers.

Numbers in, numbers out: nothing here starts a process or sends a byte.
"""

from lab.planning.failures import (
    daly_interval,
    expected_seconds,
    group_mtbf,
    optimum_interval,
    simulated_seconds,
    young_interval,
)
from lab.planning.laws import amdahl, gustafson
from lab.planning.links import Link
from lab.planning.reductions import Halving, Reduction, Ring, Tree
from lab.planning.steps import Machines, Workload, best_number, efficiency, speed_up, step_seconds
from lab.planning.stragglers import expected_maximum, harmonic, lognormal_cdf, simulated_slowdown

__all__ = [
    "Halving",
    "Link",
    "Machines",
    "Reduction",
    "Ring",
    "Tree",
    "Workload",
    "amdahl",
    "best_number",
    "daly_interval",
    "efficiency",
    "expected_maximum",
    "expected_seconds",
    "group_mtbf",
    "gustafson",
    "harmonic",
    "lognormal_cdf",
    "optimum_interval",
    "simulated_seconds",
    "simulated_slowdown",
    "speed_up",
    "step_seconds",
    "young_interval",
]
