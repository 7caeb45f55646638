"""What `inkgrad check` can check: a model, a named network, or something in a file of the user's."""

from inkgrad.cli.targets.checked import Checked, examine
from inkgrad.cli.targets.named_networks import names_of
from inkgrad.cli.targets.request import SIZES, Request

__all__ = ["SIZES", "Checked", "Request", "examine", "names_of"]
