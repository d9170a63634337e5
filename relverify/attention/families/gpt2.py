"""GPT-2: queries, keys and values in one matrix, stored as inputs by outputs; the norm before each block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relverify.attention.families.family import MAX_LAYERS, Architecture, Config, Family, LayerWeights
from relverify.errors import InputError

if TYPE_CHECKING:
    from relverify.attention.weights import Weights


def architecture(config: Config) -> Architecture:
    width, heads, layers = config.count("n_embd"), config.count("n_head"), config.count("n_layer", most=MAX_LAYERS)
    config.only("scale_attn_weights", True)
    by_layer = config.get("scale_attn_by_inverse_layer_idx", False)
    if not isinstance(by_layer, bool):
        raise InputError("config", "scale_attn_by_inverse_layer_idx is no truth value", "true or false")
    return Architecture(
        model_type=config.get("model_type"),
        layers=layers,
        heads=heads,
        key_heads=heads,
        head_size=config.head_size(width, heads),
        width=width,
        norm="layer",
        positions=config.count("n_positions", "n_ctx", default=1024),
        divisors=tuple(range(1, layers + 1)) if by_layer else (),
    )


def layer(weights: Weights, model: Architecture, number: int) -> LayerWeights:
    prefix = weights.prefix("h.0.ln_1.weight", "", "transformer.")
    here, width = f"{prefix}h.{number}", model.width
    fused = weights.tensor(f"{here}.attn.c_attn.weight", width, 3 * width)
    bias = weights.tensor(f"{here}.attn.c_attn.bias", 3 * width)
    return LayerWeights(
        query=fused[:, :width].T,
        key=fused[:, width : 2 * width].T,
        query_bias=bias[:width],
        key_bias=bias[width : 2 * width],
        gain=weights.tensor(f"{here}.ln_1.weight", width),
        shift=weights.tensor(f"{here}.ln_1.bias", width),
    )


FAMILY = Family(("gpt2",), "one matrix for queries, keys and values, absolute positions", architecture, layer)
