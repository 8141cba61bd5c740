package io.hatflow.inference;

/** How a document ended: labelled, or rejected for a reason that lies in the document itself. */
public sealed interface Outcome permits Classification, Rejection {}
