package io.hatflow.inference.text;

import java.util.ArrayList;
import java.util.List;

/**
 * From a text to its tokens and segments: cleaning, tokenization and segmentation as a bundle asks for them. Thread-safe.
 */
public record TextCutter(TextCleaning cleaning, Tokenization tokenization, Tokenizer tokenizer, Segmenter segmenter) {

    /** What joins the segments of a text that came in segments. */
    public static final String BETWEEN_SEGMENTS = "\n";

    /**
     * Tokens, with places in the text as received, and segments of tokens.
     *
     * @param segments runs that together hold every token exactly once
     */
    public record Cut(Tokens tokens, List<Span> segments) {

        public Cut {
            segments = List.copyOf(segments);
        }
    }

    /** Cut a text. */
    public Cut cut(String text) {
        CleanedText cleaned = cleaning.clean(text);
        Tokens tokens = tokenization.tokens(tokenizer, cleaned.text());
        return new Cut(cleaned.original(tokens), segmenter.segment(cleaned.text(), tokens));
    }

    /**
     * Cut a text that came in segments: each is cut as a text of its own, and none is cleaned, so no segment holds tokens of two.
     *
     * @return places are those in the given segments joined by {@link #BETWEEN_SEGMENTS}
     */
    public Cut cut(List<String> givenSegments) {
        List<Tokens> tokens = new ArrayList<>();
        List<Span> segments = new ArrayList<>();
        int place = 0;
        int count = 0;
        for (String given : givenSegments) {
            Tokens own = tokenization.tokens(tokenizer, given);
            for (Span span : segmenter.segment(given, own)) {
                segments.add(new Span(count + span.first(), count + span.end()));
            }
            tokens.add(own.moved(place));
            count += own.count();
            place += given.length() + BETWEEN_SEGMENTS.length();
        }
        return new Cut(Tokens.joined(tokens), segments);
    }
}
