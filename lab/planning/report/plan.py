"""The plan in numbers: from planning.json to what lab.planning takes."""

from typing import Any

from lab.planning import Link, Machines, Tree, Workload

CORES = 2
FAN_IN = 8  # of the tree of actors in which workers added when their link was measured
WIRES = {
    "1 Gbit/s": (1, 1e-4),
    "10 Gbit/s": (10, 3e-5),
    "100 Gbit/s": (100, 5e-6),
}  # Gbit/s, assumed seconds of latency
LARGE_BATCH = 8192
RESTART = 30.0  # seconds, assumed
MTBF = 30 * 86400.0  # seconds between deaths of one worker, assumed


def workload(numbers: dict[str, Any], name: str) -> Workload:
    """Return a network's workload."""
    found = numbers["networks"][name]
    return Workload(found["n_parameters"], found["fixed"], found["per_example"])


def link(numbers: dict[str, Any], where: str) -> Link:
    """Return the link that was measured there."""
    found = numbers["links"][where]
    return Link(found["alpha"], found["beta"])


def this_machine(numbers: dict[str, Any]) -> Machines:
    """Return the machine that was measured on."""
    return Machines(link(numbers, "one node"), Tree(FAN_IN), numbers["gamma"], cores=CORES)


def networks_of_machines(numbers: dict[str, Any]) -> dict[str, Machines]:
    """Return machines of one core each, without a wire and with the three."""
    base = link(numbers, "two nodes")
    links = {"no wire": base} | {name: base.over(*wire) for name, wire in WIRES.items()}
    return {name: Machines(each, Tree(FAN_IN), numbers["gamma"]) for name, each in links.items()}
