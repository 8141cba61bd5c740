package io.hatflow.inference.batch;

/** A model's answer for one window. */
public interface Answer {

    /** Whether every number is one. */
    boolean isFinite();
}
