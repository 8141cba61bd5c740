package io.hatflow.inference.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * Cuts a text into the tokens that Python's {@code tokenizers} gives for the same {@code tokenizer.json}.
 *
 * <p>The only class that touches the native tokenizer library, whose defaults it undoes: no truncation, no padding, no special
 * tokens, offsets in UTF-16 code units instead of code points. Thread-safe.
 */
public final class Tokenizer implements AutoCloseable {

    static {
        // The library reports usage and fetches native builds over the network unless told not to; its pool of threads
        // per
        // call would fight with the model's. Only where the user has not said otherwise.
        setUnlessSet("OPT_OUT_TRACKING", "true");
        setUnlessSet("RUST_FLAVOR", "cpu");
        setUnlessSet("ai.djl.offline", "true");
    }

    private final HuggingFaceTokenizer tokenizer;

    private Tokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Load a tokenizer.
     *
     * @throws UncheckedIOException if the file cannot be read
     * @throws IllegalArgumentException if it is no tokenizer
     */
    public static Tokenizer open(Path tokenizerJson) {
        // The library looks for its native code through the context class loader, which in a Flink task is the job's.
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(Tokenizer.class.getClassLoader());
        try {
            return new Tokenizer(HuggingFaceTokenizer.builder()
                    .optTokenizerPath(tokenizerJson)
                    .optAddSpecialTokens(false)
                    .optTruncation(false)
                    .optPadding(false)
                    .build());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + tokenizerJson + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    tokenizerJson + " is not a tokenizer in the Hugging Face tokenizers format: " + e.getMessage(), e);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /**
     * The tokens of {@code text}, without special tokens.
     *
     * <p>A surrogate without its partner is no character; like every decoder, this sees U+FFFD in its place.
     */
    public Tokens tokenize(String text) {
        String characters = withoutLoneSurrogates(text);
        Encoding encoding = tokenizer.encode(characters, false, false);
        long[] ids = encoding.getIds();
        CharSpan[] spans = encoding.getCharTokenSpans();
        int[] narrow = new int[ids.length];
        int[] starts = new int[ids.length];
        int[] ends = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            narrow[i] = Math.toIntExact(ids[i]);
            starts[i] = spans[i].getStart();
            ends[i] = spans[i].getEnd();
        }
        if (characters.codePointCount(0, characters.length()) < characters.length()) {
            int[] units = codeUnitOfCodePoint(characters);
            for (int i = 0; i < ids.length; i++) {
                starts[i] = units[starts[i]];
                ends[i] = units[ends[i]];
            }
        }
        return new Tokens(narrow, starts, ends);
    }

    /** For every code point of {@code text}, and for its end, the index of its first UTF-16 code unit. */
    private static int[] codeUnitOfCodePoint(String text) {
        int[] units = new int[text.codePointCount(0, text.length()) + 1];
        int unit = 0;
        for (int point = 0; point < units.length; point++) {
            units[point] = unit;
            unit += unit < text.length() ? Character.charCount(text.codePointAt(unit)) : 0;
        }
        return units;
    }

    private static String withoutLoneSurrogates(String text) {
        StringBuilder mended = null;
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (Character.charCount(text.codePointAt(i)) == 2) {
                i++;
                continue;
            }
            if (mended == null) {
                mended = new StringBuilder(text);
            }
            mended.setCharAt(i, '\uFFFD');
        }
        return mended == null ? text : mended.toString();
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
