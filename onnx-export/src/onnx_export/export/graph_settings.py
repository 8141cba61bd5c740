"""What a graph must know that neither its checkpoint nor its sample documents say."""

from __future__ import annotations

from dataclasses import dataclass

from onnx_export.contract import PadSegment, Precision
from onnx_export.hat.config import HatConfig
from onnx_export.onnx.packing import PackedLayout
from onnx_export.onnx.storage import Storage


@dataclass(frozen=True)
class GraphSettings:
    """How documents are padded, whether D blocks add segment positions, and in which numbers weights lie and products are computed."""

    pad_segment: PadSegment
    segment_positions: bool
    storage: Storage = "fp32"
    precision: Precision = "fp32"

    def layout(self, config: HatConfig) -> PackedLayout:
        """How windows are packed for a graph with these settings."""
        return PackedLayout(config.segment_length, config.max_segments, config.first_id, config.pad_id, self.pad_segment)
