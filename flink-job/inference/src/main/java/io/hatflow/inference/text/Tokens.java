package io.hatflow.inference.text;

import java.util.List;
import java.util.stream.IntStream;

/**
 * The tokens of a text, in order.
 *
 * @param ids [T] token ids
 * @param starts [T] first UTF-16 code unit of each token in the text, ascending
 * @param ends [T] UTF-16 code unit after the last of each token
 */
@SuppressWarnings("ArrayRecordComponent") // hundreds of thousands of ints; never compared, never changed
public record Tokens(int[] ids, int[] starts, int[] ends) {

    public Tokens {
        if (ids.length != starts.length || ids.length != ends.length) {
            throw new IllegalArgumentException("ids, starts and ends have %d, %d and %d entries, expected equal counts"
                    .formatted(ids.length, starts.length, ends.length));
        }
    }

    /** Those of several texts, one after the other. */
    static Tokens joined(List<Tokens> parts) {
        return new Tokens(
                parts.stream().flatMapToInt(part -> IntStream.of(part.ids)).toArray(),
                parts.stream().flatMapToInt(part -> IntStream.of(part.starts)).toArray(),
                parts.stream().flatMapToInt(part -> IntStream.of(part.ends)).toArray());
    }

    /** The same tokens in a text that has so many more code units before theirs. */
    Tokens moved(int codeUnits) {
        return new Tokens(
                ids,
                IntStream.of(starts).map(start -> start + codeUnits).toArray(),
                IntStream.of(ends).map(end -> end + codeUnits).toArray());
    }

    public int count() {
        return ids.length;
    }
}
