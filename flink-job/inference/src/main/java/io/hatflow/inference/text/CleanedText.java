package io.hatflow.inference.text;

import java.util.Arrays;
import java.util.List;

/**
 * A text as it is tokenized and segmented, and where each of its characters comes from. Mirrored in Python's {@code text/cleaning.py}.
 *
 * <p>Positions are UTF-16 code units.
 */
public final class CleanedText {

    private static final int[] UNCHANGED = {};

    private final String text;
    /** For every code unit of the text the first of those as received that it stands for; empty where nothing was changed. */
    private final int[] starts;
    /** As {@link #starts}, after the last one. */
    private final int[] ends;

    private CleanedText(String text, int[] starts, int[] ends) {
        this.text = text;
        this.starts = starts;
        this.ends = ends;
    }

    static CleanedText of(String received) {
        return new CleanedText(received, UNCHANGED, UNCHANGED);
    }

    public String text() {
        return text;
    }

    /** The same tokens at their places in the text as received. */
    public Tokens original(Tokens tokens) {
        if (unchanged()) {
            return tokens;
        }
        int[] tokenStarts = new int[tokens.count()];
        int[] tokenEnds = new int[tokens.count()];
        for (int i = 0; i < tokenStarts.length; i++) {
            int start = tokens.starts()[i];
            int end = tokens.ends()[i];
            tokenStarts[i] = start < starts.length ? starts[start] : ends[ends.length - 1];
            tokenEnds[i] = start == end ? tokenStarts[i] : ends[end - 1];
        }
        return new Tokens(tokens.ids(), tokenStarts, tokenEnds);
    }

    private boolean unchanged() {
        return starts.length == 0;
    }

    /** This text after edits in ascending order, none of which overlap. */
    CleanedText edited(List<Edit> edits) {
        if (edits.isEmpty()) {
            return this;
        }
        int length = text.length()
                + edits.stream()
                        .mapToInt(edit -> edit.replacement().length() - (edit.end() - edit.start()))
                        .sum();
        StringBuilder edited = new StringBuilder(length);
        int[] newStarts = new int[length];
        int[] newEnds = new int[length];
        int place = 0;
        for (Edit edit : edits) {
            keep(place, edit.start(), edited, newStarts, newEnds);
            if (!edit.replacement().isEmpty()) {
                int at = edited.length();
                edited.append(edit.replacement());
                Arrays.fill(newStarts, at, edited.length(), unchanged() ? edit.start() : starts[edit.start()]);
                Arrays.fill(newEnds, at, edited.length(), unchanged() ? edit.end() : ends[edit.end() - 1]);
            }
            place = edit.end();
        }
        keep(place, text.length(), edited, newStarts, newEnds);
        return new CleanedText(edited.toString(), newStarts, newEnds);
    }

    private void keep(int first, int end, StringBuilder edited, int[] newStarts, int[] newEnds) {
        for (int i = first; i < end; i++) {
            newStarts[edited.length()] = unchanged() ? i : starts[i];
            newEnds[edited.length()] = unchanged() ? i + 1 : ends[i];
            edited.append(text.charAt(i));
        }
    }

    /** What stands in the place of the code units from {@code start} to {@code end}, of which there is at least one. */
    record Edit(int start, int end, String replacement) {

        static Edit delete(int start, int end) {
            return new Edit(start, end, "");
        }
    }
}
