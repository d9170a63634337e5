"""BERT, RoBERTa and their multilingual kin: biases everywhere, the norm after each block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relverify.attention.families.family import MAX_LAYERS, Architecture, Config, Family, LayerWeights

if TYPE_CHECKING:
    from relverify.attention.weights import Weights


def architecture(config: Config) -> Architecture:
    config.only("position_embedding_type", "absolute")
    config.only("is_decoder", False)
    width, heads = config.count("hidden_size"), config.count("num_attention_heads")
    return Architecture(
        model_type=config.get("model_type"),
        layers=config.count("num_hidden_layers", most=MAX_LAYERS),
        heads=heads,
        key_heads=heads,
        head_size=config.head_size(width, heads),
        width=width,
        norm="layer",
        positions=config.count("max_position_embeddings", default=512),
    )


def layer(weights: Weights, model: Architecture, number: int) -> LayerWeights:
    prefix = weights.prefix("embeddings.LayerNorm.weight", "", "bert.", "roberta.")
    size = model.heads * model.head_size
    here = f"{prefix}encoder.layer.{number}.attention.self"
    # the input of a layer is what the norm at the end of the one before it makes
    norm = "embeddings.LayerNorm" if number == 0 else f"encoder.layer.{number - 1}.output.LayerNorm"
    return LayerWeights(
        query=weights.tensor(f"{here}.query.weight", size, model.width),
        key=weights.tensor(f"{here}.key.weight", size, model.width),
        query_bias=weights.tensor(f"{here}.query.bias", size),
        key_bias=weights.tensor(f"{here}.key.bias", size),
        gain=weights.tensor(f"{prefix}{norm}.weight", model.width),
        shift=weights.tensor(f"{prefix}{norm}.bias", model.width),
    )


FAMILY = Family(
    ("bert", "roberta", "xlm-roberta", "camembert"),
    "norms after each block, biases, absolute positions",
    architecture,
    layer,
)
