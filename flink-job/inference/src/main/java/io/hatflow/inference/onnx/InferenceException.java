package io.hatflow.inference.onnx;

/** A run of the model that failed, with what ONNX Runtime said of it. */
public final class InferenceException extends Exception {

    private static final long serialVersionUID = 1L;

    public InferenceException(String message, Throwable cause) {
        super(message, cause);
    }
}
