"""What is judged on a test set, from what a network says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.evaluation import judged

SAID = arrays(np.float32, (5, 4), elements=st.floats(2**-7, 1, width=32)).map(
    lambda rows: rows / rows.sum(axis=1, keepdims=True)
)
LABELS = np.array([0, 1, 2, 0, 1])


@given(SAID)
def test_no_digit_is_left_out_and_the_others_keep_their_ratios(said):
    evaluation = judged(LABELS, said, 3)
    assert evaluation.probabilities.shape == (5, 3)
    for row, all_of_it in zip(evaluation.probabilities, said, strict=True):
        expected = [each / sum(all_of_it[:3].tolist()) for each in all_of_it[:3].tolist()]
        assert np.allclose(row, expected, atol=1e-6)


@given(SAID)
def test_what_knows_only_the_classes_is_judged_as_it_is(said):
    assert np.array_equal(judged(LABELS, said, 4).probabilities, said)


def test_who_is_sure_of_no_digit_is_judged_without_dividing_by_nothing():
    said = np.zeros((1, 4), np.float32)
    said[0, 3] = 1
    assert np.array_equal(judged(LABELS[:1], said, 3).probabilities, np.zeros((1, 3)))
