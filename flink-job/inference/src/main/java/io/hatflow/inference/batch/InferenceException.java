package io.hatflow.inference.batch;

/** A run of the model that failed, with what the runtime said of it. */
public final class InferenceException extends Exception {

    private static final long serialVersionUID = 1L;

    private final boolean outOfMemory;

    public InferenceException(String message, Throwable cause, boolean outOfMemory) {
        super(message, cause);
        this.outOfMemory = outOfMemory;
    }

    /** Whether memory ran out, of the host or of the device: a smaller batch may go through. */
    public boolean isOutOfMemory() {
        return outOfMemory;
    }
}
