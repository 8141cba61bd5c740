package io.hatflow.inference.onnx;

/** A device that cannot be used on this machine. The message says what was asked for, what is missing, and what to do. */
public final class DeviceException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public DeviceException(String message) {
        super(message);
    }

    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
