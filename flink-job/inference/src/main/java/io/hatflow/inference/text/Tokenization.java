package io.hatflow.inference.text;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How much of a text a tokenizer sees at once: {@code docs/segmentation.md}. */
public enum Tokenization {
    /** All of it. */
    @JsonProperty("whole-text")
    WHOLE_TEXT {
        @Override
        Tokens tokens(Tokenizer tokenizer, String text) {
            return tokenizer.tokenize(text);
        }
    },
    /** A sentence, without the white space around it. */
    @JsonProperty("per-sentence")
    PER_SENTENCE {
        @Override
        Tokens tokens(Tokenizer tokenizer, String text) {
            int[] sentenceStarts = Sentences.starts(text);
            int[] starts = Arrays.copyOf(sentenceStarts, sentenceStarts.length + 1);
            starts[sentenceStarts.length] = text.length();
            List<Tokens> sentences = new ArrayList<>();
            for (int i = 0; i + 1 < starts.length; i++) {
                int first = starts[i];
                int end = starts[i + 1];
                while (first < end && Characters.isWhite(text.charAt(first))) {
                    first++;
                }
                while (end > first && Characters.isWhite(text.charAt(end - 1))) {
                    end--;
                }
                sentences.add(tokenizer.tokenize(text.substring(first, end)).moved(first));
            }
            return Tokens.joined(sentences);
        }
    };

    /** The tokens of a text, with places in it. */
    abstract Tokens tokens(Tokenizer tokenizer, String text);
}
