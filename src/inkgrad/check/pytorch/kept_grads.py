"""KeptGrads: the `grad` of tensors that a backward may add to, kept out of its way and put back after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from inkgrad.check.pytorch.tensor_trees import tensors_of

GATHERS = "torch::autograd::AccumulateGrad"  # the node that adds to the `grad` of a leaf


class KeptGrads(TorchDispatchMode):  # type: ignore[misc]
    """Within it backward finds each leaf without a `grad`; after it all have their own again.

    These are the leaves of the graph, and those that a backward that runs forward again gets by then.
    """

    def __init__(self, nodes: Iterable[Any], leaves: Iterable[Any]) -> None:
        super().__init__()
        self._own = WeakTensorKeyDictionary()  # what is made on the way is not kept alive
        for leaf in leaves:
            self._keep(leaf)
        for node in nodes:
            if node.name() == GATHERS:
                self._keep(node.variable)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Say no, as else torch imports its compiler at the first operation, which takes seconds."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Keep the `grad` of the leaves among the inputs of an operation of a forward that is run again."""
        for _, each in tensors_of([args, kwargs or {}]):
            if each.is_leaf and each.requires_grad:
                self._keep(each)
        return func(*args, **(kwargs or {}))

    def __exit__(self, *error: Any) -> None:
        """Put back what was kept."""
        super().__exit__(*error)
        for leaf, gradient in self._own.items():
            leaf.grad = gradient

    def _keep(self, leaf: Any) -> None:
        if leaf not in self._own:
            self._own[leaf] = leaf.grad
            leaf.grad = None
