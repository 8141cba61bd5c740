package io.hatflow.cli.score;

import io.hatflow.events.Answer;
import io.hatflow.events.Evidence;
import io.hatflow.events.Label;
import io.hatflow.events.LabelledDocument;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * What a language model says of a file, for a person: how many documents are garbled, and the passages that are worst. Its two labels are
 * the document's and its worst passage's.
 */
final class WorstPassages {

    private static final int SHOWN = 5;

    private static final Comparator<Passage> WORST_FIRST =
            Comparator.comparingDouble(Passage::surprise).reversed();

    private final List<Passage> worst = new ArrayList<>();
    private int documents;
    private int garbled;
    private int garbledPassages;

    private record Passage(String documentId, int start, int end, float surprise, float bitsPerByte, float ofDocument) {

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "  surprise %.3f, %5.2f bits per byte  %s, characters %,d to %,d; all of it %.2f",
                    surprise,
                    bitsPerByte,
                    documentId,
                    start,
                    end,
                    ofDocument);
        }
    }

    void see(LabelledDocument event) {
        Answer answer = event.getAnswers().get(0);
        List<Label> labels = answer.getLabels();
        Label document = labels.get(0);
        Label passage = labels.get(1);
        documents++;
        garbled += document.getAboveThreshold() ? 1 : 0;
        garbledPassages += passage.getAboveThreshold() ? 1 : 0;
        Evidence place = passage.getEvidence().get(0);
        worst.add(new Passage(
                event.getDocumentId(),
                place.getStart(),
                place.getEnd(),
                passage.getScore(),
                Objects.requireNonNull(place.getBitsPerByte()), // as it is of a language model
                Objects.requireNonNull(answer.getBitsPerByte())));
        worst.sort(WORST_FIRST);
        if (worst.size() > SHOWN) {
            worst.remove(SHOWN);
        }
    }

    /** None before a document was seen. */
    List<String> lines() {
        if (documents == 0) {
            return List.of();
        }
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "Garbled: %,d of %,d documents of this run; with a garbled passage: %,d. Worst passages:",
                garbled,
                documents,
                garbledPassages));
        worst.forEach(passage -> lines.add(passage.toString()));
        return lines;
    }
}
