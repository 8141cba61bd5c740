package io.hatflow.job.score;

import io.hatflow.events.LabelledDocument;
import java.util.concurrent.atomic.LongAdder;

/**
 * How far the run of this JVM is. Flink's own counters arrive seconds late; the tasks of a local run are in the same JVM as
 * the terminal, so they count here. One run at a time. Thread-safe.
 */
final class ScoreCount {

    static final ScoreCount OF_THIS_JVM = new ScoreCount();

    private final LongAdder documents = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final LongAdder segments = new LongAdder();

    private ScoreCount() {}

    void reset() {
        documents.reset();
        rejected.reset();
        segments.reset();
    }

    void countLabelled(LabelledDocument event) {
        documents.increment();
        segments.add(event.getSegments());
    }

    void countRejected() {
        rejected.increment();
    }

    long documents() {
        return documents.sum();
    }

    long rejected() {
        return rejected.sum();
    }

    long segments() {
        return segments.sum();
    }
}
