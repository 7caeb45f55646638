"""A plan to start from, as a file has it."""

EXAMPLE = """\
# What `inkgrad sweep` tries. Before the first [part]: settings of `inkgrad train` that all trials share.
model = "seed"
epochs = 3

[search]
how = "random"  # or "grid": every combination of lists; or "asha": random, and the worse trials stop early
trials = 20
seed = 0        # where the drawn settings come from

[space]         # other settings of `inkgrad train`: lists of values, or ranges
lr = {low = 0.005, high = 0.5, log = true}
batch_size = [32, 64, 128]
momentum = {low = 0.5, high = 0.99}
"""
