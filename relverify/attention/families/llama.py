"""Llama, Mistral and Qwen2: RMSNorm before each block, rotary positions, key heads shared by groups of query heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from relverify.attention.families.family import MAX_LAYERS, Architecture, Config, Family, LayerWeights
from relverify.errors import InputError

if TYPE_CHECKING:
    from relverify.attention.weights import Weights


def architecture(config: Config) -> Architecture:
    config.only("partial_rotary_factor", 1, 1.0)
    width, heads = config.count("hidden_size"), config.count("num_attention_heads")
    key_heads = config.count("num_key_value_heads", default=heads)
    if heads % key_heads:
        raise InputError("config", f"{key_heads} key heads do not divide {heads} heads", "a divisor")
    size = config.count("head_dim", default=0) or config.head_size(width, heads)
    if size % 2:
        raise InputError("config", f"rotary positions of heads of size {size}", "an even size")
    rotary = config.get("rope_parameters", {})
    scaling = config.get("rope_scaling", {})
    for entry in (rotary, scaling):
        kind = entry.get("rope_type", entry.get("type", "default")) if isinstance(entry, dict) else entry
        if kind != "default":
            raise InputError("config", f"rotary positions of the type {str(kind)[:40]!r}", "default")
    return Architecture(
        model_type=config.get("model_type"),
        layers=config.count("num_hidden_layers", most=MAX_LAYERS),
        heads=heads,
        key_heads=key_heads,
        head_size=size,
        width=width,
        norm="rms",
        positions=config.count("max_position_embeddings", default=2048),
        biases=config.get("model_type") == "qwen2" or config.get("attention_bias") is True,
        rotary=(Config(rotary) if "rope_theta" in rotary else config).rational("rope_theta", 10000),
    )


def layer(weights: Weights, model: Architecture, number: int) -> LayerWeights:
    prefix = weights.prefix("layers.0.input_layernorm.weight", "model.", "")
    here = f"{prefix}layers.{number}"
    sizes = {"q": model.heads * model.head_size, "k": model.key_heads * model.head_size}
    biases = {
        name: weights.tensor(f"{here}.self_attn.{name}_proj.bias", size)
        if model.biases or f"{here}.self_attn.{name}_proj.bias" in weights
        else np.zeros(size)
        for name, size in sizes.items()
    }
    return LayerWeights(
        query=weights.tensor(f"{here}.self_attn.q_proj.weight", sizes["q"], model.width),
        key=weights.tensor(f"{here}.self_attn.k_proj.weight", sizes["k"], model.width),
        query_bias=biases["q"],
        key_bias=biases["k"],
        gain=weights.tensor(f"{here}.input_layernorm.weight", model.width),
        shift=np.zeros(model.width),
    )


FAMILY = Family(
    ("llama", "mistral", "qwen2"), "RMSNorm, rotary positions, groups of heads share their keys", architecture, layer
)
