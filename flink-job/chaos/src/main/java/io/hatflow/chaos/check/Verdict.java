package io.hatflow.chaos.check;

import java.util.List;

/**
 * What came out, compared with what was sent.
 *
 * @param documents records that were sent, poison included
 * @param labelled records that were answered with labels
 * @param deadLettered records that were answered with a dead letter
 * @param lost records without an answer
 * @param duplicated answers beyond a record's first
 * @param wrong answers that are not what an undisturbed run gives, or that answer nothing that was sent
 * @param examples a few sentences on what was lost, duplicated or wrong
 */
public record Verdict(
        int documents, int labelled, int deadLettered, int lost, int duplicated, int wrong, List<String> examples) {

    public Verdict {
        examples = List.copyOf(examples);
    }

    /** Whether the guarantee held. */
    public boolean holds(boolean exactlyOnce) {
        return lost == 0 && wrong == 0 && (duplicated == 0 || !exactlyOnce);
    }

    @Override
    public String toString() {
        return "documents=" + documents + " labelled=" + labelled + " dead_lettered=" + deadLettered + " lost=" + lost
                + " duplicated=" + duplicated + " wrong=" + wrong;
    }
}
