import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.encoders.static import StaticEncoder, load_encoder

FOLDER = Path(str(files("broadsheet.encoders"))) / "static_data"
TEXTS = [
    "Attention is all you need: the transformer, a network built on attention mechanisms",
    "Deep residual learning for image recognition",
    "protein folding",
]


@pytest.fixture(scope="module")
def encoder() -> StaticEncoder:
    return load_encoder()


def test_rows_have_the_told_shape_and_unit_length(encoder: StaticEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_no_texts_give_no_rows(encoder: StaticEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_a_text_encodes_alike_alone_and_in_a_crowd(encoder: StaticEncoder) -> None:
    crowd = encoder.encode(["noise about graphs"] * 1500 + TEXTS)
    np.testing.assert_array_equal(crowd[1500:], np.vstack([encoder.encode([t]) for t in TEXTS]))


def test_another_process_gives_the_same_name_and_vectors(encoder: StaticEncoder) -> None:
    code = (
        "from broadsheet.encoders.static import load_encoder; e = load_encoder();"
        f"print(e.name, e.encode({TEXTS!r}).tobytes().hex())"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert told == [encoder.name, encoder.encode(TEXTS).tobytes().hex()]


@pytest.mark.parametrize("text", ["", " \n\t", "\0", "\0\0\0", "!?—…", "\ud800", "$$ {} \\ $$"])
def test_a_text_without_a_token_is_the_zero_row(encoder: StaticEncoder, text: str) -> None:
    assert not encoder.encode([text]).any()


@pytest.mark.parametrize("text", ["神经网络", "Обучение с подкреплением", "تعلم الآلة", "🧠🔥"])
def test_other_scripts_are_taken(encoder: StaticEncoder, text: str) -> None:
    assert np.isfinite(encoder.encode([text])).all()


def test_a_huge_text_counts_by_its_beginning(encoder: StaticEncoder) -> None:
    vectors = encoder.encode(["graph " * 10, "graph " * 1_000_000, "x" * 5_000_000])
    assert np.isfinite(vectors).all()
    assert vectors[0] @ vectors[1] == pytest.approx(1, abs=1e-5)


def test_case_accents_and_nul_bytes_do_not_matter(encoder: StaticEncoder) -> None:
    plain, odd = encoder.encode(["poincare embeddings", "Poin\0caré\u00a0EMBEDDINGS"])
    assert plain @ odd == pytest.approx(1, abs=1e-5)


@given(st.lists(st.text(st.characters(), max_size=200), max_size=5))
def test_any_text_has_length_one_or_zero(texts: list[str]) -> None:
    lengths = np.linalg.norm(load_encoder_once().encode(texts), axis=1)
    assert lengths.shape == (len(texts),)
    assert np.all(np.isclose(lengths, 1, atol=1e-4) | (lengths == 0))


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("large language models", "pretraining transformers on text corpora", "galaxy clusters"),
        ("reinforcement learning", "policy gradient for an agent's reward", "graph colouring"),
        ("medical imaging", "segmentation of tumours in MRI scans", "speech synthesis of voices"),
        ("quantum computing", "error correction for qubits", "recommendation of news articles"),
        ("black holes", "gravitational waves of a binary merger", "sentiment analysis of tweets"),
    ],
)
def test_related_texts_are_nearer(encoder: StaticEncoder, query: str, near: str, far: str) -> None:
    asked, related, unrelated = encoder.encode([query, near, far])
    assert asked @ related > asked @ unrelated


def test_the_files_fit_in_sixteen_megabytes() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 16_000_000


def test_the_name_changes_with_the_weights(encoder: StaticEncoder, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "other")
    with np.load(FOLDER / "table.npz") as stored:
        np.savez(tmp_path / "other" / "table.npz", rows=stored["rows"], scales=stored["scales"] * 2)
    assert load_encoder(tmp_path / "other").name != encoder.name


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file table\.npz"):
        load_encoder(tmp_path)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "other")
    (tmp_path / "other" / "table.npz").write_bytes(b"torn")
    with pytest.raises(ValueError, match="damaged"):
        load_encoder(tmp_path / "other")


def test_a_tokenizer_of_another_table_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "other")
    with np.load(FOLDER / "table.npz") as stored:
        np.savez(tmp_path / "other" / "table.npz", rows=stored["rows"][1:], scales=[1.0])
    with pytest.raises(ValueError, match="differ in their token count"):
        load_encoder(tmp_path / "other")


_loaded: list[StaticEncoder] = []


def load_encoder_once() -> StaticEncoder:
    if not _loaded:
        _loaded.append(load_encoder())
    return _loaded[0]
