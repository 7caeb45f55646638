"""Images: the former name of inkgrad.pictures, kept."""

from inkgrad.pictures import *  # noqa: F403  # every name is kept
from inkgrad.pictures import __all__ as __all__
