"""Apache Beam's RunInference with its ONNX handler, on Beam's own runner for one machine.

--padding model: the stock handler. It stacks the arrays of a batch, which must be of one shape, so every window is padded to the
                 model's N segments.
--padding batch: with the smallest inference function of one's own, which pads a batch of 8 to its longest.

The clock runs from when the first measured window enters RunInference until the last has left it. Beam starts a pipeline and loads
the model anew for each run; that, and padding to N, happen before. The handler cannot be given a number of threads (Beam pickles it,
session options cannot be pickled), so the process is given as many processors.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import apache_beam as beam
import protocol
from apache_beam.ml.inference.base import RunInference
from apache_beam.ml.inference.onnx_inference import OnnxModelHandlerNumpy
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from beam_steps import Run, entering, leaving, pad_to_longest
from protocol import BATCH, Logits, Slice

options = protocol.arguments(padding=["model", "batch"])
to_model = options.padding == "model"
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])


def prepare(slice: Slice) -> Callable[[], tuple[int, Logits]]:
    # A batch of Beam's holds 8 elements, so the warm-up fills one.
    windows = [slice.warm_up[i % len(slice.warm_up)] for i in range(BATCH)] + slice.measured
    elements = [slice.padded([each], slice.max_segments if to_model else len(each.segments))[0] for each in windows]
    handler = OnnxModelHandlerNumpy(
        model_uri=options.graph,
        providers=["CPUExecutionProvider"],
        min_batch_size=BATCH,
        max_batch_size=BATCH,
        **({} if to_model else {"inference_fn": pad_to_longest}),
    )

    def run() -> tuple[int, Logits]:
        Run.begin(BATCH, slice.pad)
        with beam.Pipeline(FnApiRunner(), options=PipelineOptions([])) as pipeline:
            (
                pipeline
                | beam.Create(elements, reshuffle=False)
                | "enter" >> beam.Map(entering)
                | RunInference(handler)
                | "leave" >> beam.Map(leaving)
            )
        rows = Run.answers[BATCH:]
        return Run.clock.nanos, [each[: len(window.segments)] for window, each in zip(slice.measured, rows, strict=True)]

    return run


protocol.answer(prepare)
