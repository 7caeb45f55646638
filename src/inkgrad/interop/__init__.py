"""Interop: models to the files and the libraries of others, and back; each library is a part of its own."""

from inkgrad.interop.load import ending_of, load

__all__ = ["ending_of", "load"]
