package io.hatflow.cli.demo;

import io.hatflow.events.Answer;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.Evidence;
import io.hatflow.events.Label;
import io.hatflow.events.LabelledDocument;
import java.io.PrintStream;
import java.text.BreakIterator;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Shows events to a person.
 *
 * @param texts the documents' texts by id, which the evidence is cut from
 */
record DemoReport(PrintStream out, Map<String, String> texts) {

    private static final int LABELS_SHOWN = 4;
    private static final int EXCERPT_LENGTH = 96;
    private static final int STEM_LENGTH = 4;
    private static final Pattern NOT_A_LETTER = Pattern.compile("[^a-z]+");

    private static final boolean COLOUR = System.getenv("NO_COLOR") == null && Boolean.getBoolean("hatflow.colour");

    void print(List<LabelledDocument> labelled, List<DeadLetter> deadLetters, double seconds) {
        out.println();
        labelled.stream()
                .sorted(Comparator.comparing(LabelledDocument::getDocumentId))
                .forEach(this::print);
        out.println(bold("Dead letters"));
        for (DeadLetter event : deadLetters) {
            out.printf(
                    "  offset %d  %s at %s: %s%n",
                    event.getProvenance().getOffset(), event.getReason(), event.getStage(), event.getMessage());
        }
        int segments = labelled.stream()
                .flatMap(event -> event.getAnswers().stream())
                .mapToInt(Answer::getSegments)
                .sum();
        out.println();
        out.printf(
                Locale.ROOT,
                "%s %d documents labelled, %d dead letters, %,d segments in %.1f s%n",
                bold("Summary:"),
                labelled.size(),
                deadLetters.size(),
                segments,
                seconds);
        out.flush();
    }

    /** What a language model says of the same documents: those that are garbled, and where each is worst. */
    void printQuality(List<LabelledDocument> events) {
        List<LabelledDocument> garbled = events.stream()
                .filter(event -> answer(event).getLabels().stream().anyMatch(Label::getAboveThreshold))
                .sorted(Comparator.comparing(LabelledDocument::getDocumentId))
                .toList();
        out.println();
        out.printf(
                "%s %d of %d documents, says a second job with a language model%n",
                bold("Garbled:"), garbled.size(), events.size());
        for (LabelledDocument event : garbled) {
            Answer answer = answer(event);
            Evidence worst = answer.getLabels().get(0).getEvidence().get(0);
            out.printf(
                    Locale.ROOT,
                    "%s  %.2f bits per byte, and %.2f from character %,d to %,d:%n    %s%n",
                    bold(event.getDocumentId()),
                    answer.getBitsPerByte(),
                    worst.getBitsPerByte(),
                    worst.getStart(),
                    worst.getEnd(),
                    dim(excerpt(event.getDocumentId(), worst)));
        }
        out.flush();
    }

    private static Answer answer(LabelledDocument event) {
        return event.getAnswers().get(0);
    }

    private String excerpt(String documentId, Evidence place) {
        String text = texts.get(documentId);
        return text == null
                ? ""
                : shortened(text.substring(place.getStart(), place.getEnd())
                        .replaceAll("\\s+", " ")
                        .strip());
    }

    private void print(LabelledDocument event) {
        event.getAnswers().forEach(answer -> print(event.getDocumentId(), answer));
    }

    private void print(String documentId, Answer answer) {
        List<Label> present = answer.getLabels().stream()
                .filter(Label::getAboveThreshold)
                .sorted(Comparator.comparing(Label::getScore).reversed())
                .toList();
        out.printf(
                Locale.ROOT,
                "%s  %,d tokens, %d %s, %d of %d labels%n",
                bold(documentId),
                answer.getTokensTotal(),
                answer.getSegments(),
                answer.getSegments() == 1 ? "segment" : "segments",
                present.size(),
                answer.getLabels().size());
        for (Label label : present.stream().limit(LABELS_SHOWN).toList()) {
            out.printf(
                    Locale.ROOT,
                    "    %.2f  %-34s %s%n",
                    label.getScore(),
                    label.getName(),
                    dim(excerpt(documentId, label)));
        }
        if (present.size() > LABELS_SHOWN) {
            out.println("          and " + (present.size() - LABELS_SHOWN) + " more");
        }
        out.println();
    }

    private String excerpt(String documentId, Label label) {
        String text = texts.get(documentId);
        if (text == null || label.getEvidence().isEmpty()) {
            return "";
        }
        Evidence best = label.getEvidence().get(0);
        String sentence = fromNearestSentence(text.substring(best.getStart(), best.getEnd()), label.getName())
                .replaceAll("\\s+", " ")
                .strip();
        return shortened(sentence);
    }

    private static String shortened(String sentence) {
        if (sentence.length() <= EXCERPT_LENGTH) {
            return "“" + sentence + "”";
        }
        // Not through the middle of a character that takes two.
        int end = Character.isHighSurrogate(sentence.charAt(EXCERPT_LENGTH - 1)) ? EXCERPT_LENGTH - 1 : EXCERPT_LENGTH;
        return "“" + sentence.substring(0, end).strip() + " …”";
    }

    /**
     * The span from the sentence on that shares most words with the label's name, or from the first. For the eye alone: what
     * the model scored is the whole span.
     */
    private static String fromNearestSentence(String span, String label) {
        List<String> stems = NOT_A_LETTER
                .splitAsStream(label.toLowerCase(Locale.ROOT))
                .filter(word -> word.length() >= STEM_LENGTH - 1)
                .map(word -> word.substring(0, Math.min(word.length(), STEM_LENGTH)))
                .toList();
        BreakIterator sentences = BreakIterator.getSentenceInstance(Locale.ENGLISH);
        sentences.setText(span);
        String nearest = "";
        long most = -1;
        int start = sentences.first();
        for (int end = sentences.next(); end != BreakIterator.DONE; start = end, end = sentences.next()) {
            String sentence = span.substring(start, end).toLowerCase(Locale.ROOT);
            long shared = stems.stream().filter(sentence::contains).count();
            if (shared > most) {
                most = shared;
                nearest = span.substring(start);
            }
        }
        return nearest;
    }

    private static String bold(String text) {
        return COLOUR ? "\u001b[1m" + text + "\u001b[0m" : text;
    }

    private static String dim(String text) {
        return COLOUR ? "\u001b[2m" + text + "\u001b[0m" : text;
    }
}
