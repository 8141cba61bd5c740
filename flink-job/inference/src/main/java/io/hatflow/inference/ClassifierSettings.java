package io.hatflow.inference;

import io.hatflow.inference.onnx.Device;
import java.time.Duration;

/**
 * How documents are classified; everything that the bundle does not decide.
 *
 * @param longDocuments what to do with a document of more than the bundle's N segments
 * @param maxCharacters UTF-16 code units beyond which a text is rejected before it is tokenized
 * @param batchSegments segment budget of a micro-batch, one window larger than it runs alone; 0 to learn it from the time that runs take
 * @param batchTarget time that a run shall not exceed where the budget is learned
 * @param runTimeout a run of the model that takes longer hangs
 * @param device where the model runs
 * @param inferenceThreads threads that one run of the model uses
 * @param evidencePerLabel most spans that a label carries as evidence
 */
public record ClassifierSettings(
        LongDocuments longDocuments,
        int maxCharacters,
        int batchSegments,
        Duration batchTarget,
        Duration runTimeout,
        Device device,
        int inferenceThreads,
        int evidencePerLabel) {

    /** What happens to a document of more than N segments. */
    public enum LongDocuments {
        /** All of it is seen, in overlapping windows. */
        WINDOW,
        /** The first N segments are seen. */
        TRUNCATE,
        /** It becomes a {@link Rejection}. */
        REJECT
    }

    public ClassifierSettings {
        requirePositive("maxCharacters", maxCharacters);
        if (batchSegments < 0) {
            throw new IllegalArgumentException(
                    "batchSegments is " + batchSegments + ", expected at least 1, or 0 to learn it");
        }
        requirePositive("batchTarget", batchTarget);
        requirePositive("runTimeout", runTimeout);
        requirePositive("inferenceThreads", inferenceThreads);
        requirePositive("evidencePerLabel", evidencePerLabel);
    }

    /** Windows for long documents, 10 million characters, batches learned and of at most 2 s, runs of at most 5 minutes, a GPU if it can be used, all processors, 3 spans a label. */
    public static ClassifierSettings defaults() {
        return new ClassifierSettings(
                LongDocuments.WINDOW,
                10_000_000,
                0,
                Duration.ofSeconds(2),
                Duration.ofMinutes(5),
                Device.AUTO,
                Runtime.getRuntime().availableProcessors(),
                3);
    }

    private static void requirePositive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + " is " + value + ", expected above 0");
        }
    }

    private static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + ", expected at least 1");
        }
    }
}
