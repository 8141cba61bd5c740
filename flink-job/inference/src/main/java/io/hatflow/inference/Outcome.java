package io.hatflow.inference;

/** How a document ended: with what the model says of it, or rejected for a reason that lies in the document itself. */
public sealed interface Outcome permits Classification, Embedding, Likelihood, Rejection {}
