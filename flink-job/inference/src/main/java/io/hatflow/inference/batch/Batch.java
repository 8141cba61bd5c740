package io.hatflow.inference.batch;

/** Windows laid out for one run of a model. */
public interface Batch {

    /** What the time of a run grows with. */
    int rows();

    /** Tokens that are no padding. */
    long tokens();

    /** Token places that the model computes, padding included. */
    long tokenSlots();
}
