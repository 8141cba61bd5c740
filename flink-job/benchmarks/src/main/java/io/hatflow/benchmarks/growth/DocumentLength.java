package io.hatflow.benchmarks.growth;

import io.hatflow.benchmarks.document.DocumentStream;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.inference.Classification;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** What one document costs, from one segment to thousands: it should be linear, with windows from N segments on. */
final class DocumentLength {

    /**
     * One document.
     *
     * @param computedSegments of all its windows, those in overlaps counted twice
     * @param tokenizeMillis of {@code millis}, tokenizing and segmenting
     */
    record Point(int segments, int computedSegments, double millis, double tokenizeMillis) {}

    private static final long SEED = 99;

    private DocumentLength() {}

    static List<Point> measure(Path bundle, TextReader reader, int longest, Progress progress) {
        List<Integer> lengths = new ArrayList<>();
        for (int length = 1; length <= longest; length *= 10) {
            lengths.add(length);
            if (3 * length <= longest) {
                lengths.add(3 * length);
            }
        }
        lengths.forEach(length -> progress.plan(step(length), 1));
        List<Point> points = new ArrayList<>();
        DocumentStream stream = new DocumentStream(reader);
        // A text of 10,000 segments has some six million characters, still below the job's limit.
        try (DocumentClassifier classifier = DocumentClassifier.open(bundle, ClassifierSettings.defaults())) {
            for (int length : lengths) {
                String text = stream.text(length, new Random(SEED));
                long begun = System.nanoTime();
                Classification answer =
                        (Classification) classifier.classify(text).join();
                long nanos = System.nanoTime() - begun;
                int computed = reader.read(text).windows().stream()
                        .mapToInt(window -> window.segments().size())
                        .sum();
                Point point = new Point(
                        answer.segments(),
                        computed,
                        nanos / 1e6,
                        answer.timings().tokenizeMicros() / 1e3);
                points.add(point);
                progress.done(
                        step(length),
                        Duration.ofNanos(nanos),
                        String.format(Locale.ROOT, "%.2f ms a segment", point.millis() / length));
            }
        }
        return points;
    }

    private static String step(int segments) {
        return "a document of " + segments + " segments";
    }
}
