"""Quantized vectors."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.index.vectors import QuantizedVectors, quantize

DIM = 16


@given(st.lists(st.floats(-1, 1, width=32), min_size=DIM, max_size=DIM))
def test_quantization_error_is_at_most_half_a_step(values: list[float]) -> None:
    vector = np.asarray(values, dtype=np.float32)
    quantized, scale = quantize(vector)
    assert np.abs(quantized * scale - vector).max() <= scale * 0.51 + 1e-30


def test_cosines_are_those_of_the_vectors_before_quantization() -> None:
    rows = np.random.default_rng(0).normal(size=(50, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    values, scales = zip(*(quantize(row) for row in rows), strict=True)
    vectors = QuantizedVectors(np.stack(values), np.asarray(scales, dtype=np.float32))
    np.testing.assert_allclose(vectors.cosines(rows[3]), rows @ rows[3], atol=0.02)
    np.testing.assert_allclose(vectors.dequantized(), rows, atol=0.01)
    assert not vectors.cosines(np.zeros(DIM, dtype=np.float32)).any()


def test_no_vectors_have_no_cosines() -> None:
    empty = QuantizedVectors.empty(DIM)
    assert len(empty) == len(empty.cosines(np.ones(DIM, dtype=np.float32))) == 0
    assert empty.dequantized().shape == (0, DIM)
