package io.hatflow.inference;

import io.hatflow.inference.onnx.Device;
import java.time.Duration;

/**
 * How a model runs, whatever it answers.
 *
 * @param batchSize segments that one run takes together
 * @param runTimeout a run of the model that takes longer hangs
 * @param device where the model runs
 * @param inferenceThreads threads that one run of the model uses
 */
public record ModelSettings(BatchSize batchSize, Duration runTimeout, Device device, int inferenceThreads) {

    public ModelSettings {
        Positive.require("runTimeout", runTimeout);
        Positive.require("inferenceThreads", inferenceThreads);
    }

    /** Batches learned and of at most 2 s, runs of at most 5 minutes, a GPU if it can be used, all processors. */
    public static ModelSettings defaults() {
        return new ModelSettings(
                BatchSize.learned(),
                Duration.ofMinutes(5),
                Device.AUTO,
                Runtime.getRuntime().availableProcessors());
    }
}
