"""Lessons: small networks with one mistake each, to see what it does and what the checker says.

Every mistake here is one that people make, and the network with it still runs; many of them even
still learn.  Nothing is printed here, so that a command, a page or a test can show a lesson its own way.

    >>> from inkgrad.check import check_network
    >>> right, wrong = LESSONS["bias-mean"].make()[0].pair
    >>> check_network(*right, raises=False).ok
    True
    >>> [finding.kind for finding in check_network(*wrong, raises=False).findings]
    ['factor']
"""

from inkgrad.check.lessons import (
    batch_twice,
    bias_mean,
    cost_sum_not_mean,
    derivative_at_output,
    derivative_forgotten,
    derivative_twice,
    dropout_unscaled,
    gradient_forgotten,
    last_example_only,
    relu_mask_inverted,
    sign_flipped,
    softmax_diagonal,
    softmax_twice,
    target_shifted,
    weight_decay,
    weights_transposed,
)
from inkgrad.check.lessons.lesson import Exhibit, Lesson, two_gradients
from inkgrad.check.network import Problem

__all__ = ["LESSONS", "Exhibit", "Lesson", "Problem", "two_gradients"]

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
    )
}
