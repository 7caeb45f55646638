"""Lessons: small networks and functions with one mistake each, to see what it does and what the checker says.

Every mistake here is one that people make, and what has it still runs; many of them even
still learn.  Those in `LAYERS` can be put into a network of one's own.  Nothing is printed here, so that a command,
a page or a test can show a lesson its own way.

    >>> from inkgrad.check import check_network
    >>> right, wrong = LESSONS["bias-mean"].make()[0].pair
    >>> check_network(*right, raises=False).ok
    True
    >>> [finding.kind for finding in check_network(*wrong, raises=False).findings]
    ['factor']
"""

from inkgrad.check.lessons import (
    attention_unscaled,
    batch_twice,
    bias_mean,
    cost_sum_not_mean,
    derivative_at_output,
    derivative_forgotten,
    derivative_twice,
    dropout_unscaled,
    embedding_overwritten,
    gradient_forgotten,
    ignored_labels,
    last_example_only,
    lstm_carry,
    relu_mask_inverted,
    rmsnorm_constant,
    rope_turned,
    sign_flipped,
    smoothing_forgotten,
    softmax_diagonal,
    softmax_twice,
    swiglu_gate,
    target_shifted,
    weight_decay,
    weights_transposed,
)
from inkgrad.check.lessons.lesson import ByHand, Exhibit, Lesson, checked, two_gradients
from inkgrad.check.network import Problem

__all__ = ["LAYERS", "LESSONS", "ByHand", "Exhibit", "Lesson", "Problem", "checked", "two_gradients"]

LESSONS = {
    each.LESSON.name: each.LESSON
    for each in (
        softmax_diagonal,
        softmax_twice,
        bias_mean,
        batch_twice,
        weights_transposed,
        gradient_forgotten,
        sign_flipped,
        derivative_forgotten,
        derivative_at_output,
        derivative_twice,
        relu_mask_inverted,
        dropout_unscaled,
        last_example_only,
        weight_decay,
        target_shifted,
        cost_sum_not_mean,
        attention_unscaled,
        rmsnorm_constant,
        rope_turned,
        lstm_carry,
        swiglu_gate,
        embedding_overwritten,
        ignored_labels,
        smoothing_forgotten,
    )
}
LAYERS = {name: each for name, each in LESSONS.items() if each.wrong}
