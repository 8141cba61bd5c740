package io.hatflow.job.format;

import io.hatflow.events.Reason;

/** Ends the decoding of a record that is no document. Says so where it is thrown, and never leaves its decoder. */
final class RefusalException extends Exception {

    private static final long serialVersionUID = 1L;

    private final Reason reason;
    private final String sentence;

    RefusalException(Reason reason, String sentence) {
        // It is a result: a stack trace would cost more than the decoding.
        super(sentence, null, false, false);
        this.reason = reason;
        this.sentence = sentence;
    }

    Reason reason() {
        return reason;
    }

    String sentence() {
        return sentence;
    }
}
