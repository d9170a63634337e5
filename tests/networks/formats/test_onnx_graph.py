"""ONNX: chains of layers in the forms that exporters write, exact weights; everything else is refused by name."""

import math

import numpy as np
import pytest

from relverify.activations import activations
from relverify.errors import InputError
from relverify.networks import files
from relverify.networks.mlp import MLP

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
from onnx import helper, numpy_helper  # noqa: E402

EXPORTED = sorted(set(activations()) - {"leaky_relu"})
W = np.array([[1.0, -2.0, 0.1], [0.5, 3.0, 1e-3]])  # (in, out) of MatMul


def write(path, nodes, tensors=(), inputs=("x",), outputs=("y",), **options):
    def info(name):
        return helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, ["n", None])

    initial = [numpy_helper.from_array(np.asarray(v), k) for k, v in dict(tensors).items()]
    graph = helper.make_graph(nodes, "g", [info(n) for n in inputs], [info(n) for n in outputs], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], **options)
    path.write_bytes(model.SerializeToString())
    return path


def node(operation, inputs, output, **attributes):
    return helper.make_node(operation, inputs.split(), [output], **attributes)


def refused(path, word, activation=None):
    with pytest.raises(InputError, match=word) as caught:
        files.load(path, activation, "phi")
    assert "\n" not in str(caught.value) and str(caught.value).startswith("phi: ")


def layers(middle, last="a"):
    """x W + b, some nodes from z to a, and a second layer."""
    return [node("MatMul", "x W", "m"), node("Add", "m b", "z"), *middle, node("Gemm", f"{last} V c", "y")]


TENSORS = {"W": W, "b": np.array([1.0, 2.0, 3.0]), "V": np.ones((3, 2)), "c": np.zeros(2)}
NUMBERS = {"half": np.array(0.5), "one": np.array(1.0), "root": np.array(math.sqrt(2)),
           "root32": np.array(math.sqrt(2), dtype=np.float32), "inverse": np.array(math.sqrt(0.5)),
           "three": np.array(3.0)}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTED)
def test_round_trip_is_exact(tmp_path, name):
    rng = np.random.default_rng(1)
    weights = tuple(rng.normal(size=shape) for shape in ((4, 2), (3, 4), (2, 3)))
    net = MLP(weights, tuple(rng.normal(size=len(w)) for w in weights), name)
    path = files.save(net, tmp_path / "net.onnx")
    assert files.load(path) == net and files.load(path, name) == net
    assert files.save(net, tmp_path / "again.onnx").read_bytes() == path.read_bytes()
    onnx.checker.check_model(onnx.load(path), full_check=True)


@pytest.mark.parametrize("name", EXPORTED)
def test_the_reference_evaluator_computes_the_same_function(tmp_path, name):
    from onnx.reference import ReferenceEvaluator

    rng = np.random.default_rng(2)
    net = MLP((rng.normal(size=(4, 2)), rng.normal(size=(2, 4))), (rng.normal(size=4), rng.normal(size=2)), name)
    x = rng.normal(size=(7, 2))
    (found,) = ReferenceEvaluator(onnx.load(files.save(net, tmp_path / "net.onnx"))).run(None, {"x": x})
    # the evaluator expands Gelu to a graph with a root of 2 in float32
    assert np.abs(found - net(x)).max() < (1e-6 if name == "gelu" else 1e-12)


def test_leaky_relu_has_no_exact_form_and_the_activation_cannot_be_replaced(tmp_path):
    with pytest.raises(InputError, match="cannot express leaky_relu"):
        files.save(MLP(([[1.0]],), ([0.0],), "leaky_relu"), tmp_path / "net.onnx")
    path = files.save(MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "tanh"), tmp_path / "net.onnx")
    refused(path, "computes tanh, not relu", "relu")


GELUS = {
    "div": [node("Div", "z root", "s"), node("Erf", "s", "e"), node("Add", "e one", "f"), node("Mul", "z f", "g"),
            node("Mul", "g half", "a")],
    "float32 root": [node("Div", "z root32", "s"), node("Erf", "s", "e"), node("Add", "one e", "f"),
                     node("Mul", "half z", "g"), node("Mul", "f g", "a")],
    "product": [node("Mul", "inverse z", "s"), node("Erf", "s", "e"), node("Add", "e one", "f"),
                node("Mul", "f half", "g"), node("Mul", "g z", "a")],
    "operation": [node("Gelu", "z", "a", approximate="none")],
}  # fmt: skip


@pytest.mark.parametrize("form", GELUS)
def test_forms_of_gelu(tmp_path, form):
    net = files.load(write(tmp_path / "net.onnx", layers(GELUS[form]), TENSORS | NUMBERS))
    assert net.activation == "gelu" and np.array_equal(net.weights[0], W.T) and net.biases[0].tolist() == [1, 2, 3]
    assert np.array_equal(net.weights[1], np.ones((2, 3)))


def test_forms_of_layers(tmp_path):
    middle = [node("Relu", "z", "r"), node("Identity", "r", "a")]
    half = {k: v.astype(np.float16 if k == "W" else np.float32) for k, v in TENSORS.items()}
    net = files.load(write(tmp_path / "net.onnx", layers(middle), half))
    assert net.activation == "relu" and net.weights[0].tolist() == W.T.astype(np.float16).astype(float).tolist()
    constants = [node("Constant", "", "k", value=numpy_helper.from_array(W.T)), node("Transpose", "k", "W")]
    nodes = [*constants, node("Flatten", "x", "f"), node("MatMul", "f W", "y")]
    net = files.load(write(tmp_path / "one.onnx", nodes))
    assert net.activation == "identity" and np.array_equal(net.weights[0], W.T) and not net.biases[0].any()


@pytest.mark.parametrize(
    ("middle", "word"),
    [
        ([node("LeakyRelu", "z", "a", alpha=0.01)], "operation LeakyRelu"),
        ([node("Linear", "z", "a")], "operation Linear"),
        ([node("Softmax", "z", "a")], "operation Softmax"),
        ([helper.make_node("Relu", ["z"], ["a"], domain="com.evil")], r"operation com.evil.Relu"),
        ([node("Gelu", "z", "a", approximate="tanh")], "approximated by tanh"),
        ([node("Relu", "z", "r"), node("Add", "r z", "a")], "adds two values"),
        ([node("Relu", "z", "r"), node("Mul", "r three", "a")], r"unknown activation Mul\("),
        ([node("Div", "z three", "a")], "Div other than"),
        ([node("Erf", "z", "a")], r"unknown activation Erf\(z\)"),
        ([node("Relu", "later", "a")], "before it is computed"),
        ([node("Relu", "z", "z")], "twice"),
        ([node("Relu", "z one", "a")], "with 2 inputs"),
        ([node("Mul", "one three", "a")], "constants"),
        ([node("Gelu", "one", "a")], "constants"),
        ([node("MatMul", "z z", "a")], "not constant"),
        ([node("Relu", "z", "a"), node("Gemm", "m V", "q")], "branches"),
        ([node("Gemm", "z V", "q"), node("Relu", "z", "a")], "branches"),
        ([node("Gemm", "z V c", "a", alpha=0.5)], "factors"),
        ([node("Gemm", "z V c", "a", speed=1)], "attribute 'speed'"),
        ([node("Relu", "z", "r"), node("Gemm", "r Q", "t"), node("Tanh", "t", "a")], "mixes the activations"),
        ([node("MatMul", "z W3", "a")], "3 dimensions"),
        ([node("Add", "z b", "a")], "follows no MatMul"),
        ([node("Constant", "", "k", value_string="x"), node("Relu", "z", "a")], "attribute 'value_string'"),
        ([node("Relu", "z", f"t{0}"), *(node("Mul", f"t{k} t{k}", f"t{k + 1}") for k in range(60)),
          node("Relu", "t60", "a")], "unknown activation"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_by_name(tmp_path, middle, word):
    tensors = TENSORS | NUMBERS | {"Q": np.eye(3), "W3": np.ones((1, 3, 3))}
    refused(write(tmp_path / "net.onnx", layers(middle), tensors), word)


@pytest.mark.parametrize(
    ("tensors", "word"),
    [
        ({"b": np.ones(2)}, "bias of shape"),
        ({"W": np.ones((2, 3), dtype=np.int64)}, "type INT64"),
        ({"W": np.full((2, 3), np.nan)}, "NaN"),
        ({"V": np.ones((4, 2))}, "columns"),
    ],
)
def test_wrong_weights(tmp_path, tensors, word):
    refused(write(tmp_path / "net.onnx", layers([node("Tanh", "z", "a")]), TENSORS | tensors), word)


def test_ends_of_the_graph(tmp_path):
    gemm, tail = node("Gemm", "x W", "z"), node("Tanh", "z", "y")
    refused(write(tmp_path / "net.onnx", [gemm, tail], TENSORS), r"ends with Tanh\(z\)")
    refused(write(tmp_path / "net.onnx", [node("Tanh", "x", "t"), node("Gemm", "t W", "y")], TENSORS), "to the input")
    refused(write(tmp_path / "net.onnx", [gemm], TENSORS, inputs=("x", "u"), outputs=("z",)), "2 inputs")
    refused(write(tmp_path / "net.onnx", [gemm], TENSORS, outputs=("z", "x")), "2 outputs")
    refused(write(tmp_path / "net.onnx", [gemm], TENSORS, outputs=("q",)), "computes no network")
    refused(write(tmp_path / "net.onnx", [gemm], TENSORS, outputs=("W",)), "computes no network")


def test_data_outside_the_file_is_never_read(tmp_path):
    path = write(tmp_path / "net.onnx", layers([node("Tanh", "z", "a")]), TENSORS)
    model = onnx.load(path)
    (tmp_path / "secret").write_bytes(W.tobytes())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    path.write_bytes(model.SerializeToString())
    refused(path, "outside the file")


def test_announced_sizes_are_not_believed(tmp_path):
    path = write(tmp_path / "net.onnx", layers([node("Tanh", "z", "a")]), TENSORS)
    model = onnx.load(path)
    model.graph.initializer[0].dims[:] = [2**40, 2**40]
    path.write_bytes(model.SerializeToString())
    refused(path, "shape")
    model.graph.initializer[0].dims[:] = [5, 7]
    path.write_bytes(model.SerializeToString())
    refused(path, "corrupt")


def test_functions_are_refused(tmp_path):
    path = write(tmp_path / "net.onnx", layers([node("Tanh", "z", "a")]), TENSORS)
    model = onnx.load(path)
    model.functions.add(name="Relu", domain="local")
    path.write_bytes(model.SerializeToString())
    refused(path, "functions")


def test_truncated_and_damaged_files(tmp_path):
    net = MLP((np.ones((3, 1)), np.ones((2, 3))), (np.ones(3), np.ones(2)), "tanh")
    data = files.save(net, tmp_path / "a.onnx").read_bytes()
    path = tmp_path / "net.onnx"
    for size in range(0, len(data), 11):
        path.write_bytes(data[:size])
        refused(path, "phi")
    rng = np.random.default_rng(3)
    for where in rng.integers(0, len(data), size=300):
        changed = bytearray(data)
        changed[where] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            files.load(path, argument="phi")
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.torch
@pytest.mark.parametrize("dynamo", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("module", "name"),
    [("ReLU", "relu"), ("Tanh", "tanh"), ("GELU", "gelu"), ("Softplus", "softplus"), ("SiLU", "silu")],
)
@pytest.mark.filterwarnings("ignore")
def test_graphs_that_torch_exports(tmp_path, module, name, dynamo):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if dynamo:
        pytest.importorskip("onnxscript", reason="the newer exporter of PyTorch needs onnxscript")
    torch.manual_seed(0)
    layer, between = torch.nn.Linear, getattr(torch.nn, module)
    model = torch.nn.Sequential(layer(2, 5), between(), layer(5, 4), between(), layer(4, 3))
    torch.onnx.export(model, (torch.zeros(1, 2),), str(tmp_path / "net.onnx"), dynamo=dynamo, external_data=False)
    if dynamo and name == "softplus":  # written as torch computes it, which is linear from 20 on
        refused(tmp_path / "net.onnx", "operation Greater")
        return
    net = files.load(tmp_path / "net.onnx")
    assert net.activation == name
    for k, w in enumerate(net.weights):
        assert w.tolist() == model[2 * k].weight.detach().double().tolist()
        assert net.biases[k].tolist() == model[2 * k].bias.detach().double().tolist()
