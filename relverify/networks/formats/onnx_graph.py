"""ONNX graphs that are a chain of linear layers and one activation; ``onnx`` is imported when such a file is read.

Layers are Gemm, or MatMul with Add. Activations are Relu, Tanh, Sigmoid, Softplus, Sin, Gelu (exact), and the graphs by
which exporters write GELU (with Erf), SiLU (z·Sigmoid(z)) and the square (z·z). Everything else is refused by name, and
so are branches, functions, other domains, and data outside the file. A GELU written with a rounded √2 is read as the
exact function.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from relverify.errors import MissingDependency
from relverify.networks.formats import Content, Format, FormatError, check_count
from relverify.networks.mlp import MLP

_ACCEPTED = "an .onnx file of a chain of Gemm or MatMul and Add, and Relu, Tanh, Sigmoid, Softplus, Sin, Erf or Gelu"
_MAX_NODES = 10_000
_MAX_TREE = 40
_TYPES = {"FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16"}
_PLAIN = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Softplus": "softplus", "Sin": "sin"}
_ROOTS = {math.sqrt(2), float(np.float32(math.sqrt(2)))}
_INVERSES = {math.sqrt(0.5), float(np.float32(math.sqrt(0.5))), float(1 / np.float32(math.sqrt(2)))}

# a value is a tree over z, the output of the last linear layer: a name with its arguments, or a number
Tree = tuple[Any, ...]
_Z: Tree = ("z",)
_SCALED: Tree = ("z/sqrt(2)",)


def _product(*factors: Any) -> Tree:
    flat: list[Any] = []
    for factor in factors:
        flat.extend(factor[1:] if isinstance(factor, tuple) and factor[0] == "Mul" else [factor])
    if len(flat) == 2 and _Z in flat and any(isinstance(f, float) and f in _INVERSES for f in flat):
        return _SCALED
    return ("Mul", *sorted(flat, key=repr))


_KNOWN: dict[Tree, str] = {
    _Z: "identity",
    **{(name, _Z): activation for name, activation in _PLAIN.items()},
    ("Gelu", _Z): "gelu",
    _product(0.5, _Z, ("Add", 1.0, ("Erf", _SCALED))): "gelu",
    _product(_Z, ("Sigmoid", _Z)): "silu",
    _product(_Z, _Z): "square",
}


def _library() -> Any:
    try:
        return importlib.import_module("onnx")
    except ImportError as error:
        raise MissingDependency("onnx", "onnx") from error


@dataclass
class _Chain:
    """The layers met so far; `base` counts changes of z, so that values of an earlier z are recognised."""

    onnx: Any
    values: dict[str, Any] = field(default_factory=dict)  # constants, and pairs (base, tree)
    weights: list[np.ndarray] = field(default_factory=list)
    biases: list[np.ndarray | None] = field(default_factory=list)
    activations: list[str] = field(default_factory=list)
    base: int = 0

    def constant(self, name: str, tensor: Any) -> None:
        kind = self.onnx.TensorProto.DataType.Name(tensor.data_type)
        if tensor.data_location == self.onnx.TensorProto.EXTERNAL or len(tensor.external_data):
            raise FormatError(f"keeps {name[:60]!r} outside the file", "data inside the file")
        if kind not in _TYPES:
            raise FormatError(f"{name[:60]!r} has type {kind}", "floating-point numbers")
        check_count(name, tuple(tensor.dims))
        self.define(name, np.asarray(self.onnx.numpy_helper.to_array(tensor)).astype(np.float64))

    def define(self, name: str, value: Any) -> None:
        if not name or name in self.values:
            raise FormatError(f"defines {name[:60]!r} twice", "every name once")
        self.values[name] = value

    def tree(self, node: Any, value: Any) -> Tree:
        """The tree of a value, which must be one of the present z."""
        if not isinstance(value, tuple):
            raise FormatError(f"has {node.op_type} of constants", "constants as they are used")
        base, tree = value
        if base != self.base:
            raise FormatError(f"branches at {node.op_type} {node.name[:40]!r}", "a chain of layers")
        return tree

    def step(self, node: Any) -> None:
        if node.domain not in ("", "ai.onnx"):
            raise FormatError(f"has the operation {node.domain[:40]}.{node.op_type[:40]}", _ACCEPTED)
        if node.op_type not in _OPERATIONS:
            raise FormatError(f"has the operation {node.op_type[:40]}", _ACCEPTED)
        method, counts = _OPERATIONS[node.op_type]
        given = [name for name in node.input if name]
        if len(node.output) != 1 or len(given) not in counts:
            raise FormatError(f"has {node.op_type} with {len(given)} inputs, {len(node.output)} outputs", _ACCEPTED)
        unknown = [name for name in given if name not in self.values]
        if unknown:
            raise FormatError(f"uses {unknown[0][:60]!r} before it is computed", "sorted nodes")
        method(self, node, [self.values[name] for name in given])
        value = self.values[node.output[0]]
        # a value used twice doubles its tree, so that few operations could make it huge
        if isinstance(value, tuple) and _count(value[1]) > _MAX_TREE:
            raise FormatError(f"has the unknown activation {_shown(value[1])}", _ACCEPTED)

    def _linear(self, node: Any, value: Any, weight: np.ndarray, bias: np.ndarray | None) -> None:
        if not isinstance(value, tuple) or not isinstance(weight, np.ndarray):
            raise FormatError(f"has {node.op_type} {node.name[:40]!r} of other than a value and weights", _ACCEPTED)
        tree = self.tree(node, value)
        if weight.ndim != 2:
            raise FormatError(f"has weights with {weight.ndim} dimensions", "matrices")
        if self.weights:
            if tree not in _KNOWN:
                raise FormatError(f"has the unknown activation {_shown(tree)}", _ACCEPTED)
            self.activations.append(_KNOWN[tree])
        elif tree != _Z:
            raise FormatError(f"applies {_shown(tree)} to the input", "a linear layer first")
        self.weights.append(weight)
        self.biases.append(None if bias is None else self._spread(bias))
        self.base += 1
        self.define(node.output[0], (self.base, _Z))

    def _spread(self, bias: np.ndarray) -> np.ndarray:
        count = self.weights[-1].shape[0]
        if bias.ndim > 2 or bias.shape not in ((), (1,), (count,), (1, 1), (1, count)):
            raise FormatError(f"has a bias of shape {bias.shape}", f"({count},)")
        return np.broadcast_to(bias.reshape(-1), (count,))

    def _gemm(self, node: Any, inputs: list[Any]) -> None:
        options = self._options(node, {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0})
        if (options["alpha"], options["beta"], options["transA"]) != (1.0, 1.0, 0):
            raise FormatError("has Gemm with factors or a transposed input", "alpha = beta = 1, transA = 0")
        if not all(isinstance(v, np.ndarray) for v in inputs[1:]):
            raise FormatError("has Gemm whose weights are not constant", _ACCEPTED)
        weight = inputs[1] if options["transB"] else inputs[1].T
        self._linear(node, inputs[0], weight, inputs[2] if len(inputs) == 3 else None)

    def _matmul(self, node: Any, inputs: list[Any]) -> None:
        if not isinstance(inputs[1], np.ndarray):
            raise FormatError("has MatMul whose second factor is not constant", _ACCEPTED)
        self._linear(node, inputs[0], inputs[1].T, None)

    def _add(self, node: Any, inputs: list[Any]) -> None:
        constants = [v for v in inputs if isinstance(v, np.ndarray)]
        values = [v for v in inputs if isinstance(v, tuple)]
        if len(constants) != 1 or len(values) != 1:
            raise FormatError("adds two values", "a chain of layers without branches")
        tree = self.tree(node, values[0])
        if tree == _Z:
            if not self.weights or self.biases[-1] is not None:
                raise FormatError("has Add that follows no MatMul", _ACCEPTED)
            self.biases[-1] = self._spread(constants[0])
            self.base += 1
            self.define(node.output[0], (self.base, _Z))
        else:
            self.define(node.output[0], (self.base, ("Add", self._number(node, constants[0]), tree)))

    def _mul(self, node: Any, inputs: list[Any]) -> None:
        factors = [self._number(node, v) if isinstance(v, np.ndarray) else self.tree(node, v) for v in inputs]
        if all(isinstance(f, float) for f in factors):
            raise FormatError("multiplies constants", "constants as they are used")
        self.define(node.output[0], (self.base, _product(*factors)))

    def _div(self, node: Any, inputs: list[Any]) -> None:
        known = isinstance(inputs[0], tuple) and isinstance(inputs[1], np.ndarray)
        if not known or self.tree(node, inputs[0]) != _Z or self._number(node, inputs[1]) not in _ROOTS:
            raise FormatError("has Div other than by the square root of 2", _ACCEPTED)
        self.define(node.output[0], (self.base, _SCALED))

    def _number(self, node: Any, value: np.ndarray) -> float:
        if value.size != 1:
            raise FormatError(f"has {node.op_type} with an array", "numbers inside activations")
        return float(value.reshape(-1)[0])

    def _function(self, node: Any, inputs: list[Any]) -> None:
        self._options(node, {})
        self.define(node.output[0], (self.base, (node.op_type, self.tree(node, inputs[0]))))

    def _gelu(self, node: Any, inputs: list[Any]) -> None:
        if self._options(node, {"approximate": b"none"})["approximate"] != b"none":
            raise FormatError("has Gelu approximated by tanh", "the exact Gelu")
        self.define(node.output[0], (self.base, ("Gelu", self.tree(node, inputs[0]))))

    def _identity(self, node: Any, inputs: list[Any]) -> None:
        self.define(node.output[0], inputs[0])

    def _flatten(self, node: Any, inputs: list[Any]) -> None:
        if self._options(node, {"axis": 1})["axis"] != 1 or isinstance(inputs[0], np.ndarray):
            raise FormatError("has Flatten other than of the inputs", "axis = 1")
        self.define(node.output[0], inputs[0])

    def _transpose(self, node: Any, inputs: list[Any]) -> None:
        perm = self._options(node, {"perm": [1, 0]})["perm"]
        if not isinstance(inputs[0], np.ndarray) or inputs[0].ndim != 2 or list(perm) != [1, 0]:
            raise FormatError("has Transpose of other than weights", _ACCEPTED)
        self.define(node.output[0], inputs[0].T)

    def _constant(self, node: Any, inputs: list[Any]) -> None:
        found = self._options(node, {"value": None, "value_float": None, "value_floats": None})
        numbers = found["value_float"] if found["value_float"] is not None else found["value_floats"]
        if found["value"] is not None:
            self.constant(node.output[0], found["value"])
        elif numbers is not None:
            self.define(node.output[0], np.array(numbers, dtype=np.float64))
        else:
            raise FormatError("has a Constant of another type", "floating-point numbers")

    def _options(self, node: Any, defaults: dict[str, Any]) -> dict[str, Any]:
        found = dict(defaults)
        for attribute in node.attribute:
            if attribute.name not in defaults:
                raise FormatError(f"has {node.op_type} with the attribute {attribute.name[:40]!r}", _ACCEPTED)
            found[attribute.name] = self.onnx.helper.get_attribute_value(attribute)
        return found


# the methods, and the numbers of inputs that they take
_OPERATIONS: dict[str, tuple[Callable[[_Chain, Any, list[Any]], None], tuple[int, ...]]] = {
    "Gemm": (_Chain._gemm, (2, 3)), "MatMul": (_Chain._matmul, (2,)), "Add": (_Chain._add, (2,)),
    "Mul": (_Chain._mul, (2,)), "Div": (_Chain._div, (2,)), "Gelu": (_Chain._gelu, (1,)),
    "Identity": (_Chain._identity, (1,)), "Flatten": (_Chain._flatten, (1,)), "Constant": (_Chain._constant, (0,)),
    "Transpose": (_Chain._transpose, (1,)), **dict.fromkeys(("Erf", *_PLAIN), (_Chain._function, (1,))),
}  # fmt: skip


def _count(tree: Any) -> int:
    return 1 + sum(map(_count, tree[1:])) if isinstance(tree, tuple) else 1


def _shown(tree: Any) -> str:
    """A tree as text, cut to one short line."""
    if not isinstance(tree, tuple):
        return str(tree)
    text = tree[0] + (f"({', '.join(map(_shown, tree[1:]))})" if tree[1:] else "")
    return text if len(text) <= 80 else text[:77] + "..."


def _read(path: Path) -> Content:
    onnx = _library()
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except Exception as error:  # the class of errors depends on the implementation of protobuf
        raise FormatError(f"is corrupt or truncated ({type(error).__name__})") from error
    graph = model.graph
    if not graph.node or not graph.input:
        raise FormatError("holds no graph")
    if len(model.functions) or len(model.training_info) or len(graph.sparse_initializer):
        raise FormatError("has functions, training graphs or sparse weights", "a plain graph")
    if len(graph.node) > _MAX_NODES:
        raise FormatError(f"has {len(graph.node)} operations", f"at most {_MAX_NODES}")
    try:
        return _content(onnx, graph)
    except RecursionError as error:
        raise FormatError("is nested too deeply", _ACCEPTED) from error


def _content(onnx: Any, graph: Any) -> Content:
    chain = _Chain(onnx)
    for tensor in graph.initializer:
        chain.constant(tensor.name, tensor)
    inputs = [value.name for value in graph.input if value.name not in chain.values]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise FormatError(f"has {len(inputs)} inputs and {len(graph.output)} outputs", "one input and one output")
    chain.define(inputs[0], (0, _Z))
    for node in graph.node:
        chain.step(node)
    result = chain.values.get(graph.output[0].name)
    if not isinstance(result, tuple) or not chain.weights:
        raise FormatError("computes no network", _ACCEPTED)
    if result != (chain.base, _Z):
        raise FormatError(f"ends with {_shown(result[1])}, or a branch", "a linear layer at the end")
    kinds = sorted(set(chain.activations))
    if len(kinds) > 1:
        raise FormatError(f"mixes the activations {' and '.join(kinds)}", "one activation between all layers")
    found: dict[str, np.ndarray] = {}
    for k, (w, b) in enumerate(zip(chain.weights, chain.biases, strict=True)):
        found[f"{2 * k}.weight"] = w
        if b is not None:
            found[f"{2 * k}.bias"] = b
    return Content(found, kinds[0] if kinds else "identity")


_EXPORT: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "identity": (),
    "gelu": (("Gelu", ("z",)),),
    "silu": (("Sigmoid", ("z",)), ("Mul", ("z", "a"))),
    "square": (("Mul", ("z", "z")),),
    **{activation: ((name, ("z",)),) for name, activation in _PLAIN.items()},
}


def _write(mlp: MLP) -> bytes:
    """Gemm layers with float64 weights, operator set 20."""
    if mlp.activation not in _EXPORT:
        raise FormatError(f"cannot express {mlp.activation} exactly", ", ".join(sorted(_EXPORT)))
    onnx = _library()
    double = onnx.TensorProto.DOUBLE
    nodes, tensors, value = [], [], "x"
    for k, (w, b) in enumerate(zip(mlp.weights, mlp.biases, strict=True)):
        if k:
            names = {"z": value}
            for step, (operation, arguments) in enumerate(_EXPORT[mlp.activation]):
                value = f"a{k}_{step}"
                nodes.append(onnx.helper.make_node(operation, [names[a] for a in arguments], [value]))
                names["a"] = value
        pair = [f"{2 * k}.weight", f"{2 * k}.bias"]
        for name, array in zip(pair, (w, b), strict=True):
            tensors.append(onnx.numpy_helper.from_array(np.asarray(array, dtype=np.float64), name))
        nodes.append(onnx.helper.make_node("Gemm", [value, *pair], [f"z{k}"], transB=1))
        value = f"z{k}"
    ends = [
        onnx.helper.make_tensor_value_info(name, double, ["n", size])
        for name, size in (("x", mlp.in_features), (value, mlp.out_features))
    ]
    graph = onnx.helper.make_graph(nodes, "relverify", ends[:1], ends[1:], tensors)
    versions = [onnx.helper.make_opsetid("", 20)]
    model = onnx.helper.make_model(graph, producer_name="relverify", opset_imports=versions, ir_version=9)
    return bytes(model.SerializeToString(deterministic=True))


FORMAT = Format((".onnx",), _ACCEPTED, _read, _write, fixed=True)
