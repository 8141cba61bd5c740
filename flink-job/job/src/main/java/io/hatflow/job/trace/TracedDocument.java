package io.hatflow.job.trace;

import io.hatflow.events.LabelledDocument;

/** An event of a labelled document and the trace that it belongs to. A dead letter has its own: all headers of its record. */
public record TracedDocument(LabelledDocument event, TraceContext trace) {}
