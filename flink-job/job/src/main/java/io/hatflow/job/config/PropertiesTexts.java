package io.hatflow.job.config;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.function.BiConsumer;

/** The texts in a {@code .properties} file, of which {@link Properties} would keep the last where a key stands twice. */
public final class PropertiesTexts {

    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private PropertiesTexts() {}

    /**
     * Reads a file of properties for Kafka's clients.
     *
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if a key stands there twice, or the form is wrong; as the end of a sentence
     */
    public static Map<String, String> of(Path file) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        read(content(file), (key, text) -> {
            if (texts.put(key, text) != null) {
                throw new IllegalArgumentException(key + " is given more than once");
            }
        });
        return texts;
    }

    /** The text of a file in UTF-8; some editors put a byte order mark before it. */
    static String content(Path file) throws IOException {
        String content = Files.readString(file);
        return content.startsWith(BYTE_ORDER_MARK) ? content.substring(BYTE_ORDER_MARK.length()) : content;
    }

    /**
     * Reads properties.
     *
     * @param found is given each key and its text, in the file's order
     * @throws IllegalArgumentException if the form is wrong, with Java's words for it
     */
    static void read(String content, BiConsumer<String, String> found) {
        Properties each = new Properties() {
            private static final long serialVersionUID = 1L;

            @Override
            public synchronized Object put(Object key, Object text) {
                found.accept(key.toString(), text.toString());
                return "";
            }
        };
        try {
            each.load(new StringReader(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
    }
}
