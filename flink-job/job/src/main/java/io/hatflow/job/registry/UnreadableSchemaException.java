package io.hatflow.job.registry;

/** The registry has answered with a schema that is none, or lacks a part: whatever names it cannot be read. The registry itself is well. */
public final class UnreadableSchemaException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String sentence;

    /** @param sentence what was wrong, what was expected, what to do; without its full stop */
    public UnreadableSchemaException(String sentence) {
        super(sentence);
        this.sentence = sentence;
    }

    /** What was wrong, what was expected, what to do; without its full stop. */
    public String sentence() {
        return sentence;
    }
}
