"""Preparation of texts and normalization of vectors."""

import numpy as np

from broadsheet.encoders.vectors import encodable, unit_rows


def test_extreme_numbers_are_scaled_to_unit_length() -> None:
    rows = np.asarray([[1e300, 1e300], [1e-300, 0], [0, 0], [np.nan, 1], [np.inf, 1]])
    expected = [[0.5**0.5] * 2, [1, 0], [0, 0], [0, 0], [0, 0]]
    np.testing.assert_allclose(unit_rows(rows), expected, rtol=1e-6)


def test_no_rows_stay_no_rows() -> None:
    assert unit_rows(np.empty((0, 3))).shape == (0, 3)


def test_texts_are_truncated_and_freed_of_surrogates_and_outer_white_space() -> None:
    texts = [" kite\n", "ki\ud800te", "", " \t", "k" * 9_000]
    assert encodable(texts) == ["kite", "kite", "", "", "k" * 8_000]
    assert encodable(["kites"], max_chars=4) == ["kite"]
