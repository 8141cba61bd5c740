"""How much a model computes: floating-point operations of its matrix products, of which a multiplication and an addition are two.

What a layer costs, n elements of width d, a = H · e, F inside feed-forward blocks: 8nda for the projections, 4ndF for the feed-forward
block, 6n²a for scores by content, scores by position and the mean of values. All pairs count, also those that a causal mask hides, for
they are computed. Projections of positions, norms and softmax are left out.
"""

from __future__ import annotations

from onnx_export.hourglass.config import HourglassConfig, Level


def operations(config: HourglassConfig, length: int) -> int:
    """Of one window of so many symbols, by a language model or encoder of trax's structure; the length is a multiple of its factor.

    Raises:
        ValueError: for the other structure, where groups depend on the text.
    """
    if config.groups is not None:
        raise ValueError("what it computes depends on the text, expected a model of trax's structure")
    if length % config.factor:
        raise ValueError(f"a window has {length} symbols, expected a multiple of {config.factor}")
    outer = (config.before + config.after) * _layer(config, length)
    head = 2 * config.width * config.outputs * (length if config.causal else 1)
    return outer + _levels(config, 0, length) + head


def _levels(config: HourglassConfig, index: int, n: int) -> int:
    if index == len(config.levels):
        return 0
    level = config.levels[index]
    shortened = n // level.factor
    inner = index + 1 < len(config.levels)
    layers = level.layers * (2 if inner else 1) * _layer(config, shortened)
    return layers + _resampling(config, level, shortened) + _levels(config, index + 1, shortened)


def _layer(config: HourglassConfig, n: int) -> int:
    attention = config.heads * config.head_width
    return 8 * n * config.width * attention + 4 * n * config.width * config.inner_width + 6 * n * n * attention


def _resampling(config: HourglassConfig, level: Level, shortened: int) -> int:
    """Down to so many elements, and up again."""
    n, d, attention = shortened * level.factor, config.width, config.heads * config.head_width
    count = 0
    for kind, queries, keys in ((level.down, shortened, n), (level.up, n, shortened)):
        if kind.linear:
            count += 2 * n * d * d
        if kind.attention:
            projections = 4 * (queries + keys) * d * attention
            count += projections + 4 * queries * d * config.inner_width + 6 * n * shortened * attention
    return count
