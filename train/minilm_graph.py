"""The ONNX graph of all-MiniLM-L6-v2, built from its weights with 8-bit matrices."""

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray

LAYERS, HEADS, DIM = 6, 12, 384
IDS, VECTOR = "ids", "vector"
_NORM_EPSILON = 1e-12
# Supported by onnxruntime since 1.17: the two operator sets and the version of the file format.
_OPSET, _MICROSOFT, _IR_VERSION = 20, "com.microsoft", 9

Weights = Mapping[str, NDArray[np.float32]]
_Array = NDArray[np.float32] | NDArray[np.int8] | NDArray[np.int64]


def build_graph(weights: Weights) -> bytes:
    """Build the ONNX model.

    The input is token ids, shape (1, tokens); the output is one row of unit length, shape
    (1, 384): the mean of the last layer over all tokens. There is no attention mask, so texts
    must not be padded. Matrices have 8 bits with one scale per column, activations 8 bits with
    one scale per call.

    Parameters
    ----------
    weights : mapping of str to ndarray of float32
        The tensors of a BERT model, by name.

    Returns
    -------
    bytes
        A serialised ONNX model.

    Raises
    ------
    KeyError
        If a weight is missing.
    """
    graph = _Graph(weights)
    states = _embed(graph)
    for layer in range(LAYERS):
        states = _layer(graph, states, f"encoder.layer.{layer}.")
    mean = graph.add("ReduceMean", [states, graph.integer(1)], keepdims=0)
    graph.add("LpNormalization", [mean], out=[VECTOR], axis=-1, p=2)
    return graph.serialise()


class _Graph:
    """Nodes and constants in the order of creation; their names are running numbers."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[object] = []
        self._constants: list[object] = []

    def weight(self, name: str) -> NDArray[np.float32]:
        return self._weights[name]

    def constant(self, values: _Array) -> str:
        name = f"c{len(self._constants)}"
        tensor = onnx.numpy_helper.from_array(np.ascontiguousarray(values), name)
        self._constants.append(tensor)
        return name

    def integer(self, value: int) -> str:
        return self.constant(np.asarray([value], dtype=np.int64))

    def add(
        self,
        operator: str,
        inputs: list[str],
        out: list[str] | None = None,
        domain: str = "",
        **attributes: int | float,
    ) -> str:
        outputs = out or [f"n{len(self._nodes)}"]
        node = onnx.helper.make_node(operator, inputs, outputs, domain=domain, **attributes)
        self._nodes.append(node)
        return outputs[0]

    def serialise(self) -> bytes:
        helper, types = onnx.helper, onnx.TensorProto
        ids = helper.make_tensor_value_info(IDS, types.INT64, [1, "tokens"])
        vector = helper.make_tensor_value_info(VECTOR, types.FLOAT, [1, DIM])
        graph = helper.make_graph(self._nodes, "minilm", [ids], [vector], self._constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        return bytes(model.SerializeToString())


def _embed(graph: _Graph) -> str:
    values, scales = _quantize(graph.weight("embeddings.word_embeddings.weight"), axis=1)
    words = graph.add("Gather", [graph.constant(values), IDS])
    words = graph.add("Cast", [words], to=onnx.TensorProto.FLOAT)
    words = graph.add("Mul", [words, graph.add("Gather", [graph.constant(scales), IDS])])
    token_type = graph.weight("embeddings.token_type_embeddings.weight")[0]
    positions = graph.constant(graph.weight("embeddings.position_embeddings.weight") + token_type)
    length = graph.add("Shape", [IDS], start=1)
    positions = graph.add("Slice", [positions, graph.integer(0), length, graph.integer(0)])
    return _normalize(graph, graph.add("Add", [words, positions]), "embeddings.LayerNorm.")


def _layer(graph: _Graph, states: str, name: str) -> str:
    parts = [f"{name}attention.self.{part}." for part in ("query", "key", "value")]
    joined = _linear(graph, states, parts)
    split = [f"{name}{part}" for part in ("q", "k", "v")]
    graph.add("Split", [joined], out=split, axis=-1, num_outputs=3)
    attended = graph.add("MultiHeadAttention", split, domain=_MICROSOFT, num_heads=HEADS)
    attended = _linear(graph, attended, [f"{name}attention.output.dense."])
    # One fused operator does both in eight times the time of these two (onnxruntime 1.31).
    states = graph.add("Add", [attended, states])
    states = _normalize(graph, states, f"{name}attention.output.LayerNorm.")
    wide = _linear(graph, states, [f"{name}intermediate.dense."])
    wide = graph.add("Gelu", [wide], domain=_MICROSOFT)
    narrow = _linear(graph, wide, [f"{name}output.dense."])
    return _normalize(graph, graph.add("Add", [narrow, states]), f"{name}output.LayerNorm.")


def _linear(graph: _Graph, states: str, names: list[str]) -> str:
    matrix = np.concatenate([graph.weight(f"{name}weight") for name in names]).T
    bias = np.concatenate([graph.weight(f"{name}bias") for name in names])
    values, scales = _quantize(matrix, axis=0)
    zero_points = np.zeros(len(bias), dtype=np.int8)
    parts: tuple[_Array, ...] = (values, scales.ravel(), zero_points, bias)
    constants = [graph.constant(part) for part in parts]
    return graph.add("DynamicQuantizeMatMul", [states, *constants], domain=_MICROSOFT)


def _normalize(graph: _Graph, states: str, name: str) -> str:
    parts = [graph.constant(graph.weight(f"{name}{part}")) for part in ("weight", "bias")]
    return graph.add("LayerNormalization", [states, *parts], axis=-1, epsilon=_NORM_EPSILON)


def _quantize(
    matrix: NDArray[np.float32], axis: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    scales = np.abs(matrix).max(axis=axis, keepdims=True) / 127
    return np.round(matrix / scales).astype(np.int8), scales.astype(np.float32)
