"""Pictures without a screen."""

from __future__ import annotations

from typing import Any


def pyplot() -> Any:
    """matplotlib's module of that name, drawing to files; imported late, since it takes a second and few commands draw."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as module

    return module
