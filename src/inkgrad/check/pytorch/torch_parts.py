"""The parts of what PyTorch differentiates: modules that call no others, and Functions, each at what it really gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from inspect import isbuiltin, isfunction
from typing import Any

import torch

from inkgrad.check.measure.subject import Component, Subject
from inkgrad.check.pytorch.argument_names import has_context
from inkgrad.check.pytorch.tensor_call import TensorCall, blamed
from inkgrad.check.pytorch.tensor_trees import tensors_of, with_tensors
from inkgrad.check.pytorch.vector_product import nodes_of
from inkgrad.errors import CheckError


@dataclass
class Visit:
    """A module or a Function that was called, where, and with what."""

    path: str
    function: Any
    inputs: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    calls_others: bool = False

    @property
    def kind(self) -> str:
        """What it is: the name of its class."""
        return str((self.function if isinstance(self.function, type) else type(self.function)).__name__)

    @property
    def differentiates(self) -> bool:
        """Whether a gradient flows through it."""
        given = (tensor for _, tensor in tensors_of([self.inputs, dict(self.kwargs)]))
        own = () if isinstance(self.function, type) else self.function.parameters()
        return any(tensor.requires_grad for tensor in (*given, *own))

    @property
    def stands_alone(self) -> bool:
        """Whether what it gives depends on what it gets: a Function that gets a module reads its parameters too."""
        return not isinstance(self.function, type) or not any(map(_holds_more, self.inputs))


@dataclass
class Journey:
    """All visits of one call in their order, the modules being called, and whether any was called without gradients."""

    visits: list[Visit] = field(default_factory=list)
    inside: list[Visit] = field(default_factory=list)
    is_interrupted: bool = False

    def enter(self, path: str, module: Any, inputs: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Note a module that begins; what it gets is copied, as it may be changed in place."""
        for outer in self.inside:
            outer.calls_others, outer.inputs, outer.kwargs = True, (), {}
        inputs, kwargs = (_copied(inputs), _copied(dict(kwargs))) if torch.is_grad_enabled() else ((), {})
        self.inside.append(Visit(path, module, inputs, kwargs))
        self.is_interrupted = self.is_interrupted or not torch.is_grad_enabled()
        if torch.is_grad_enabled():  # else nothing flows back through it
            self.visits.append(self.inside[-1])

    def leave(self) -> None:
        """Note that the module called last has ended."""
        self.inside.pop()

    def pass_through(self, kind: Any, inputs: tuple[Any, ...]) -> None:
        """Note a Function that is called."""
        outer = self.inside[-1].path if self.inside else ""
        self.visits.append(Visit(f"{outer}.{kind.__name__}".lstrip("."), kind, _copied(inputs), {}))


def parts_of(call: TensorCall, build: Callable[[TensorCall], Subject]) -> Callable[[], Iterable[Component]]:
    """Return a function that yields the parts of a call from the last to the first, each built when it is asked for.

    What cannot be checked alone, such as a module that gives no numbers, is no part.
    """

    def parts() -> Iterator[Component]:
        visits = [each for each in _visits(call) if not each.calls_others and each.differentiates and each.stands_alone]
        while visits:
            visit = visits.pop()  # what it keeps is given back as soon as it was looked at
            again = TensorCall(visit.function, visit.inputs, visit.kwargs, call.seed, call.wide, call.widening)
            try:
                subject = build(again)
            except CheckError:
                continue
            yield Component(visit.path, visit.kind, subject)

    return parts


def rests_on_constants(call: TensorCall) -> bool:
    """Return whether modules are called without gradients in it, such as a frozen teacher: then inputs that require
    none are constants, if there are parameters to check."""
    inputs = [slot.own for slot in call.slots if not slot.parameter]
    if len(inputs) == len(call.slots) or not inputs or any(each.requires_grad for each in inputs):
        return False
    if len(call.modules) == 1:
        return False
    journey, outputs = _run(call, [], learn=True)
    calls_again = any(hasattr(node, "_forward_cls") for node in nodes_of(outputs))  # with gradients, as checkpoints do
    return journey.is_interrupted and not calls_again


def _visits(call: TensorCall) -> list[Visit]:
    """Run the call and return what it visits, twice where there are Functions: which these are says the first graph."""
    journey, outputs = _run(call, [])
    kinds = _functions(outputs)
    visits = _run(call, kinds)[0].visits if kinds else journey.visits
    seen: Counter[str] = Counter()
    for visit in visits:
        seen[visit.path] += 1
        if seen[visit.path] > 1:
            visit.path += f" (call {seen[visit.path]})"
    return visits


def _run(call: TensorCall, kinds: list[Any], learn: bool = False) -> tuple[Journey, list[Any]]:
    journey = Journey()
    arrays = {slot.name: slot.array() for slot in call.slots}
    with (
        blamed(call.owner, "forward"),
        torch.enable_grad(),
        call.moved(arrays, True, learn) as leaves,
        ExitStack() as stack,
    ):
        for path, module in call.modules.items():
            if not path or isinstance(module, torch.jit.ScriptModule):  # which takes no hooks
                continue
            stack.callback(module.register_forward_pre_hook(_entering(journey, path), with_kwargs=True).remove)
            stack.callback(module.register_forward_hook(_leaving(journey), always_call=True).remove)
        for kind in kinds:
            stack.enter_context(_recorded(kind, journey))
        outputs = call.outputs(call.passed(leaves), leaves)
    return journey, outputs


def _entering(journey: Journey, path: str) -> Callable[..., None]:
    return lambda module, inputs, kwargs: journey.enter(path, module, inputs, kwargs)


def _leaving(journey: Journey) -> Callable[..., None]:
    return lambda module, inputs, output: journey.leave()


@contextmanager
def _recorded(kind: Any, journey: Journey) -> Iterator[None]:
    """Let the forward of a Function note what it gets: however its `apply` is called, it comes by here."""
    own, forward = vars(kind).get("forward"), kind.forward

    def recording(*inputs: Any, **kwargs: Any) -> Any:
        journey.pass_through(kind, inputs[has_context(kind) :])
        return forward(*inputs, **kwargs)

    kind.forward = staticmethod(recording)
    try:
        yield
    finally:
        if own is None:
            del kind.forward
        else:
            kind.forward = own


def _functions(outputs: list[Any]) -> list[Any]:
    """Return the Functions in the graph of the outputs, but for those of torch itself."""
    kinds = (getattr(node, "_forward_cls", None) for node in nodes_of(outputs))
    return list(dict.fromkeys(kind for kind in kinds if kind and not kind.__module__.startswith("torch.")))


def _holds_more(value: Any) -> bool:
    """Return whether a value can be called and may hold tensors: a module, a method or a closure."""
    return callable(value) and not isbuiltin(value) and (not isfunction(value) or value.__closure__ is not None)


def _copied(tree: Any) -> Any:
    """Return a tree with copies of its tensors, which require a gradient where these do; parameters are not copied."""
    copies = (
        (each.detach() if isinstance(each, torch.nn.Parameter) else each.detach().clone())
        for _, each in tensors_of(tree)
    )
    marked = (copy.requires_grad_(each.requires_grad) for copy, (_, each) in zip(copies, tensors_of(tree), strict=True))
    return with_tensors(tree, marked)
