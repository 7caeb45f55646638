"""Kind: the mistakes that have a name, each with the sentence that explains it."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What is wrong with a gradient, in a word; `sentence` explains it.

    A kind is its word, also where it is printed or compared:

    >>> Kind.sign, Kind.sign == "sign", Kind.sign.sentence
    ('sign', True, 'the gradient is right but for its sign')
    """

    sentence: str

    def __new__(cls, word: str, sentence: str) -> Kind:
        """Make a kind of its word and what explains it."""
        member = str.__new__(cls, word)
        member._value_, member.sentence = word, sentence
        return member

    @property
    def page(self) -> str:
        """The page of the documentation that explains it, from where that begins."""
        return f"mistakes/{self.value}.html"

    def __repr__(self) -> str:
        return repr(self.value)

    # What backward does beside its numbers.
    mutated = "mutated", "an array that belongs to others is changed in place, or the parameters before their time"
    random = "random", "forward or backward gives something else when it is called again"
    accumulated = "accumulated", "backward adds to what a gradient held before instead of setting it"
    nonlinear = "nonlinear", "backward is not linear in dy: something is clipped, or a mask is taken from dy"
    dy_ignored = "dy-ignored", "backward gives the same whatever dy is"
    dy_partly_ignored = "dy-partly-ignored", "a part of the gradient is not multiplied by dy, and is there for dy = 0"
    layout = "layout", "backward gives something else for arrays that lie otherwise in memory, or are called otherwise"
    not_finite = "not-finite", "there is NaN or infinity in the outputs or in a gradient"

    # Right numbers in the wrong amount.
    zero = "zero", "the gradient is all zero: it is forgotten, or never written"
    missing = "missing", "a part of the gradient is zero, or left out of the sum, and the rest is right"
    sign = "sign", "the gradient is right but for its sign"
    factor = "factor", "the gradient is the same multiple of the right one everywhere"
    factor_per_row = "factor-per-row", "each row of the gradient is multiplied by a number of its own"
    factor_per_column = "factor-per-column", "each column of the gradient is multiplied by a number of its own"
    one_example = "one-example", "the examples of the batch do not count once each, as with = where += is meant"
    part_of_dy = "part-of-dy", "the dy of some outputs never arrives"
    overwritten = "overwritten", "each entry holds what the last output that it touches adds, = where += is meant"
    summed_too_far = "summed-too-far", "the gradient is summed over an axis too many"
    not_summed = "not-summed", "the gradient is not summed over an axis over which its array is broadcast"
    weight_decay = "weight-decay", "a multiple of the parameter is added, for which the cost has no term"
    imprecise = "imprecise", "the gradient is right up to the rounding of a coarser type"

    # Right numbers in the wrong places.
    transposed = "transposed", "two axes of the gradient are exchanged"
    swapped = "swapped", "the gradient is that of another array of the same shape"
    symmetrised = "symmetrised", "the gradient is that for symmetric matrices: a symmetric part, or one triangle's"
    reordered = "reordered", "the numbers are right, but flipped, shifted or otherwise in the wrong places"

    # The Jacobian used in a wrong way.
    diagonal_jacobian = "diagonal-jacobian", "only the diagonal of a full Jacobian is used"
    off_diagonal_jacobian = "off-diagonal-jacobian", "the diagonal of the Jacobian is left out"
    jacobian_not_transposed = "jacobian-not-transposed", "the Jacobian is used untransposed, J dy for dy J"
    derivative_forgotten = "derivative-forgotten", "dy is passed on as it came"
    derivative_twice = "derivative-twice", "the derivative of the layer is applied twice"
    derivative_at_output = "derivative-at-output", "the derivative is taken at the output y instead of the input x"
    input_for_output = "input-for-output", "something else stands where the input of this forward belongs"
    wrong_mask = "wrong-mask", "dy passes, or is stopped, in the wrong places"
    mask_forgotten = "mask-forgotten", "the gradient is right but where the slope is 0, and there it is not 0"
    border = "border", "right inside and wrong near the border, as the backward of another padding is, or of none"
    wrong_formula = "wrong-formula", "the gradient equals a short formula, which is not the derivative"
    statistics_constant = "statistics-constant", "the mean or the variance of a normalisation is taken for a constant"

    # One operation inside forward.
    term_missing = "term-missing", "a part of the gradient is left out, as if a factor or a branch were constant"
    term_factor = "term-factor", "a part of the gradient counts a wrong number of times, or with the wrong sign"
    carry_lost = "carry-lost", "what one step of a recurrence hands on to the next is left out"
    wrong_argument = "wrong-argument", "the derivative of an operation is taken at another value than forward's"
    wrong_axis = "wrong-axis", "a sum, a mean or a softmax is taken over another axis, group or block"

    # What only a cost can have wrong.
    label_shift = "label-shift", "the labels are counted from another number than in the cost"
    target_only = "target-only", "only the output of the true class gets a gradient"
    fused_twice = "fused-twice", "the gradient is that of a cost with the softmax or sigmoid in it, or without"

    # The whole.
    forward_mode = "forward-mode", "forward mode, a jvp, gives other slopes than forward has"
    second_order = "second-order", "the gradient is right, and the gradient of the gradient is not"
    wiring = "wiring", "each part is right alone, and put together they are wrong"
    surrogate = "surrogate", "forward is flat where backward is not, or the gradient is not what it was declared to be"
    unknown = "unknown", "the gradient is wrong, and fits no pattern that is known"
