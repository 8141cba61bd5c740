package io.hatflow.cli.score;

import io.hatflow.events.LabelledDocument;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** How far a run is, and what a language model has found. Numbers may be read by other threads. */
final class ScoreCount {

    private final @Nullable WorstPassages passages;

    private final LongAdder documents = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final LongAdder segments = new LongAdder();

    /** Null where the model is not a language model. */
    ScoreCount(@Nullable WorstPassages passages) {
        this.passages = passages;
    }

    void countLabelled(LabelledDocument event) {
        documents.increment();
        if (passages != null) {
            passages.see(event);
        }
        event.getAnswers().forEach(answer -> segments.add(answer.getSegments()));
    }

    /** In lines for a person; for the thread that counts. */
    List<String> garbled() {
        return passages == null ? List.of() : passages.lines();
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

    long records() {
        return documents() + rejected();
    }

    long segments() {
        return segments.sum();
    }
}
