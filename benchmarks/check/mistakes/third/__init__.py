"""A third set of mistakes, in other functions than the first two."""
