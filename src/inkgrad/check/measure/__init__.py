"""Measuring: what the gradient is by differences, how sure that is, and what backward says beside it."""
