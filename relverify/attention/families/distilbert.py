"""DistilBERT: as BERT, under other names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relverify.attention.families.family import MAX_LAYERS, Architecture, Config, Family, LayerWeights

if TYPE_CHECKING:
    from relverify.attention.weights import Weights


def architecture(config: Config) -> Architecture:
    width, heads = config.count("dim"), config.count("n_heads")
    return Architecture(
        model_type=config.get("model_type"),
        layers=config.count("n_layers", most=MAX_LAYERS),
        heads=heads,
        key_heads=heads,
        head_size=config.head_size(width, heads),
        width=width,
        norm="layer",
        positions=config.count("max_position_embeddings", default=512),
    )


def layer(weights: Weights, model: Architecture, number: int) -> LayerWeights:
    prefix = weights.prefix("embeddings.LayerNorm.weight", "", "distilbert.")
    here = f"{prefix}transformer.layer.{number}.attention"
    norm = "embeddings.LayerNorm" if number == 0 else f"transformer.layer.{number - 1}.output_layer_norm"
    return LayerWeights(
        query=weights.tensor(f"{here}.q_lin.weight", model.width, model.width),
        key=weights.tensor(f"{here}.k_lin.weight", model.width, model.width),
        query_bias=weights.tensor(f"{here}.q_lin.bias", model.width),
        key_bias=weights.tensor(f"{here}.k_lin.bias", model.width),
        gain=weights.tensor(f"{prefix}{norm}.weight", model.width),
        shift=weights.tensor(f"{prefix}{norm}.bias", model.width),
    )


FAMILY = Family(("distilbert",), "as BERT, under other names", architecture, layer)
