package io.hatflow.inference.text;

import java.util.ArrayList;
import java.util.List;

/**
 * Decides where a segment ends: {@code docs/segmentation.md}, mirrored in Python's {@code segmentation.py}.
 *
 * <p>The segments of a document, one after the other, hold each of its tokens exactly once.
 */
public final class Segmenter {

    /** The kinds of segmenter that a bundle can ask for. */
    public enum Kind {
        /** Whole sentences, grouped. */
        SENTENCE,
        /** Runs of equal length. */
        UNIFORM
    }

    private final Kind kind;
    /** Tokens of the text that a segment holds at most: K without the CLS token. */
    private final int room;

    /** {@code segmentLength} is K, the CLS token included. */
    public Segmenter(Kind kind, int segmentLength) {
        if (segmentLength < 2) {
            throw new IllegalArgumentException("segmentLength is " + segmentLength
                    + ", but a segment needs the CLS token and at least one more, so at least 2");
        }
        this.kind = kind;
        this.room = segmentLength - 1;
    }

    /** For every segment the run of tokens that it holds, at most K−1. */
    public List<Span> segment(String text, Tokens tokens) {
        return switch (kind) {
            case SENTENCE -> grouped(sentenceLengths(Sentences.starts(text), tokens));
            case UNIFORM -> consecutive(tokens.count());
        };
    }

    private List<Span> consecutive(int tokenCount) {
        List<Span> segments = new ArrayList<>();
        for (int first = 0; first < tokenCount; first += room) {
            segments.add(new Span(first, Math.min(first + room, tokenCount)));
        }
        return segments;
    }

    /** Tokens per sentence that has any; a token belongs to the sentence in which its first character lies. */
    private static List<Integer> sentenceLengths(int[] sentenceStarts, Tokens tokens) {
        List<Integer> lengths = new ArrayList<>();
        int sentence = 0;
        int length = 0;
        for (int start : tokens.starts()) {
            int before = sentence;
            while (sentence + 1 < sentenceStarts.length && sentenceStarts[sentence + 1] <= start) {
                sentence++;
            }
            if (sentence != before && length > 0) {
                lengths.add(length);
                length = 0;
            }
            length++;
        }
        if (length > 0) {
            lengths.add(length);
        }
        return lengths;
    }

    private List<Span> grouped(List<Integer> sentenceLengths) {
        List<Span> segments = new ArrayList<>();
        int first = 0;
        int end = 0;
        for (int length : sentenceLengths) {
            if (length <= room && end - first + length > room) {
                segments.add(new Span(first, end));
                first = end;
            }
            end += length;
            while (end - first > room) { // only a sentence longer than a segment
                segments.add(new Span(first, first + room));
                first += room;
            }
        }
        if (end > first) {
            segments.add(new Span(first, end));
        }
        return segments;
    }
}
