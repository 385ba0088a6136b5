"""The shipped encoder."""

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

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


def test_batches_do_not_change_the_last_bit(encoder: StaticEncoder) -> None:
    crowd = encoder.encode(["noise about graphs"] * 1500 + TEXTS)
    np.testing.assert_array_equal(crowd[1500:], np.vstack([encoder.encode([t]) for t in TEXTS]))


def test_another_process_returns_the_same_name_and_vectors(encoder: StaticEncoder) -> None:
    code = (
        "from broadsheet.encoders.static import load_encoder; e = load_encoder();"
        f"print(e.name, e.encode({TEXTS!r}).tobytes().hex())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [encoder.name, encoder.encode(TEXTS).tobytes().hex()]


@pytest.mark.parametrize("text", ["\0", "\0\0\0", "!?—…", "\ud800", "$$ {} \\ $$"])
def test_a_text_without_a_token_returns_the_zero_row(encoder: StaticEncoder, text: str) -> None:
    assert not encoder.encode([text]).any()


def test_case_accents_and_nul_do_not_matter(encoder: StaticEncoder) -> None:
    plain, odd = encoder.encode(["poincare embeddings", "Poin\0caré\u00a0EMBEDDINGS"])
    assert plain @ odd == pytest.approx(1, abs=1e-5)


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
def test_related_texts_have_a_higher_cosine(
    encoder: StaticEncoder, query: str, near: str, far: str
) -> None:
    vector, related, unrelated = encoder.encode([query, near, far])
    assert vector @ related > vector @ unrelated


def test_the_files_take_at_most_16_megabytes() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 16_000_000


def test_the_name_changes_with_the_weights(encoder: StaticEncoder, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "other")
    with np.load(FOLDER / "table.npz") as stored:
        np.savez(tmp_path / "other" / "table.npz", rows=stored["rows"], scales=stored["scales"] * 2)
    assert load_encoder(tmp_path / "other").name != encoder.name


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file 'table\.npz'"):
        load_encoder(tmp_path)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "other")
    (tmp_path / "other" / "table.npz").write_bytes(b"torn")
    with pytest.raises(ValueError, match="damaged"):
        load_encoder(tmp_path / "other")


def test_a_table_and_a_tokenizer_of_different_sizes_are_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "other")
    with np.load(FOLDER / "table.npz") as stored:
        np.savez(tmp_path / "other" / "table.npz", rows=stored["rows"][1:], scales=[1.0])
    with pytest.raises(ValueError, match="differ in their token count"):
        load_encoder(tmp_path / "other")
