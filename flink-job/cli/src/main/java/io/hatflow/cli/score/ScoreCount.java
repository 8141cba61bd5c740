package io.hatflow.cli.score;

import io.hatflow.events.LabelledDocument;
import java.util.concurrent.atomic.LongAdder;

/** How far a run is. Thread-safe. */
final class ScoreCount {

    private final LongAdder documents = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final LongAdder segments = new LongAdder();

    void countLabelled(LabelledDocument event) {
        documents.increment();
        event.getAnswers().forEach(answer -> segments.add(answer.getSegments()));
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

    long lines() {
        return documents() + rejected();
    }

    long segments() {
        return segments.sum();
    }
}
