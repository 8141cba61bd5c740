package io.hatflow.inference;

/** A text of which the model sees nothing. */
final class RejectedTextException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final transient Rejection rejection;

    RejectedTextException(Rejection rejection) {
        super(rejection.message());
        this.rejection = rejection;
    }

    Rejection rejection() {
        return rejection;
    }
}
