package io.hatflow.flink.pool;

import io.hatflow.inference.BatchSize;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.ModelSettings;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import java.io.Serializable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Which bundle classifies, and how. Travels from where the job is submitted to its tasks.
 *
 * @param bundle path of the bundle's folder, the same on every machine that runs tasks
 * @param signer who must have signed the bundle; null if no signature is required
 * @param longDocuments see {@link ClassifierSettings}, like the two that follow
 * @param batchSize see {@link ModelSettings}, like the rest
 * @param inferenceThreads 0 for all processors of the machine that classifies
 */
public record ClassifierOptions(
        String bundle,
        @Nullable SignerKey signer,
        LongDocuments longDocuments,
        int maxCharacters,
        int evidencePerLabel,
        BatchSize batchSize,
        Duration runTimeout,
        Device device,
        int inferenceThreads)
        implements Serializable {

    /** What {@link ClassifierSettings#defaults} says, with all processors of the machine that classifies. */
    public static ClassifierOptions defaults(String bundle) {
        ClassifierSettings defaults = ClassifierSettings.defaults();
        return new ClassifierOptions(
                bundle,
                null,
                defaults.longDocuments(),
                defaults.maxCharacters(),
                defaults.evidencePerLabel(),
                defaults.model().batchSize(),
                defaults.model().runTimeout(),
                defaults.model().device(),
                0);
    }

    /**
     * What the classifier is told; to be called on the machine that classifies, whose processors it counts.
     *
     * @param chosen device in place of the one that is set
     */
    ClassifierSettings settings(Device chosen) {
        int threads = inferenceThreads == 0 ? Runtime.getRuntime().availableProcessors() : inferenceThreads;
        return new ClassifierSettings(
                longDocuments,
                maxCharacters,
                evidencePerLabel,
                new ModelSettings(batchSize, runTimeout, chosen, threads));
    }
}
