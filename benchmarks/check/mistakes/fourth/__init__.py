"""A fourth set of mistakes, in other functions than the first three."""
