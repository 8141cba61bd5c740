package io.hatflow.inference.onnx;

import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A process that ends while the model works on a long document. */
final class ExitsInMidRun {

    static final int CODE = 7;

    private ExitsInMidRun() {}

    /** Ends the JVM so many milliseconds after it has asked. */
    public static void main(String[] arguments) throws Exception {
        DocumentClassifier classifier = DocumentClassifier.open(Path.of(arguments[0]), ClassifierSettings.defaults());
        CompletableFuture<?> answer =
                classifier.classify("This Agreement is governed by the laws of the State of New York. ".repeat(5_000));
        try {
            answer.get(Long.parseLong(arguments[1]), TimeUnit.MILLISECONDS);
            System.exit(1); // it was no long document
        } catch (java.util.concurrent.TimeoutException underWay) {
            System.exit(CODE);
        }
    }
}
