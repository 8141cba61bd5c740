package io.hatflow.benchmarks.contender;

import io.hatflow.benchmarks.document.Slice;

/**
 * A contender that is loaded anew for each run. ONNX Runtime keeps the memory of the largest batch that it has seen, gigabytes where
 * windows of a contract are padded: half a dozen models that keep theirs while others run are more than a machine has.
 *
 * @param name of the contender
 */
public record Reloaded(String name, Opening opening) implements Contender {

    /** Loads a contender. */
    @FunctionalInterface
    public interface Opening {
        Contender open() throws Exception;
    }

    @Override
    public Run run(Slice slice) throws Exception {
        try (Contender opened = opening.open()) {
            return opened.run(slice);
        }
    }
}
