"""A second set of mistakes, in other functions than the first."""
