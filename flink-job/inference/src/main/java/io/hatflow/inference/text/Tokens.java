package io.hatflow.inference.text;

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

    public int count() {
        return ids.length;
    }
}
