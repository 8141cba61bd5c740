package io.hatflow.job.registry;

import org.jspecify.annotations.Nullable;

/** The registry does not answer as it should, or does not let us in. No record is at fault. */
public final class RegistryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** What went wrong, what was expected, what to do. */
    public RegistryException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
