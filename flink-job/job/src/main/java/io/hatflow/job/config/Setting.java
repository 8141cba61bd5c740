package io.hatflow.job.config;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.flink.configuration.MemorySize;
import org.jspecify.annotations.Nullable;

/**
 * One setting of the job: its key, what it means, its default and how its text is read. The documentation, the names of
 * environment variables and the list of known keys all follow from these.
 *
 * @param key dotted, lower case, words joined by hyphens, such as {@code kafka.input-topic}
 * @param expected what a value looks like, for people
 * @param defaultText default as a person would write it; null where the setting has none and must be given
 * @param meaning a sentence for people
 * @param parser throws {@link IllegalArgumentException} for a text that is no such value
 */
public record Setting<T>(
        String key, String expected, @Nullable String defaultText, String meaning, Function<String, T> parser) {

    /** Any text that is not blank. */
    public static Setting<String> text(String key, @Nullable String defaultText, String meaning) {
        return new Setting<>(key, "text", defaultText, meaning, text -> {
            if (text.isBlank()) {
                throw new IllegalArgumentException("blank");
            }
            return text.strip();
        });
    }

    /** Any text; empty means that the thing is not there. */
    public static Setting<String> optionalText(String key, String meaning) {
        return new Setting<>(key, "text, or nothing", "", meaning, String::strip);
    }

    /** Texts separated by commas. */
    public static Setting<List<String>> texts(String key, @Nullable String defaultText, String meaning) {
        return new Setting<>(key, "texts separated by commas", defaultText, meaning, text -> {
            List<String> texts = Arrays.stream(text.split(",", -1))
                    .map(String::strip)
                    .filter(each -> !each.isEmpty())
                    .toList();
            if (texts.isEmpty()) {
                throw new IllegalArgumentException("none");
            }
            return texts;
        });
    }

    /** Yes or no. */
    public static Setting<Boolean> flag(String key, boolean defaultValue, String meaning) {
        return new Setting<>(key, "true or false", Boolean.toString(defaultValue), meaning, text -> {
            String word = text.strip().toLowerCase(Locale.ROOT);
            if (!word.equals("true") && !word.equals("false")) {
                throw new IllegalArgumentException("neither");
            }
            return Boolean.valueOf(word);
        });
    }

    /** A whole number from 1. */
    public static Setting<Integer> count(String key, String defaultText, String meaning) {
        return new Setting<>(key, "a whole number from 1 to 2147483647", defaultText, meaning, text -> {
            int count = Integer.parseInt(text.strip());
            if (count < 1) {
                throw new IllegalArgumentException("below 1");
            }
            return count;
        });
    }

    /** A whole number from 1, or {@code word}, the default, which is read as 0. */
    public static Setting<Integer> countOr(String word, String key, String meaning) {
        Setting<Integer> count = count(key, "1", meaning);
        return new Setting<>(
                key,
                count.expected + ", or " + word,
                word,
                meaning,
                text -> text.strip().equalsIgnoreCase(word) ? Integer.valueOf(0) : count.parser.apply(text));
    }

    /** A number above 0 and up to 1, or {@code word}, which is read as infinity. */
    public static Setting<Double> shareOr(String word, String key, String defaultText, String meaning) {
        return new Setting<>(key, "a number above 0 and up to 1, or " + word, defaultText, meaning, text -> {
            if (text.strip().equalsIgnoreCase(word)) {
                return Double.POSITIVE_INFINITY;
            }
            double share = Double.parseDouble(text.strip());
            if (!(share > 0 && share <= 1)) {
                throw new IllegalArgumentException("not a share");
            }
            return share;
        });
    }

    /** An amount of memory in bytes. */
    public static Setting<Long> memory(String key, String defaultText, String meaning) {
        return new Setting<>(key, "an amount of memory such as 512 mb or 8 gb", defaultText, meaning, text -> {
            long bytes = MemorySize.parseBytes(text.strip());
            if (bytes < 1) {
                throw new IllegalArgumentException("none");
            }
            return bytes;
        });
    }

    /** An amount of memory in bytes, or {@code word}, the default, which is read as 0. */
    public static Setting<Long> memoryOr(String word, String key, String meaning) {
        Setting<Long> memory = memory(key, "1 b", meaning);
        return new Setting<>(
                key,
                memory.expected + ", or " + word,
                word,
                meaning,
                text -> text.strip().equalsIgnoreCase(word) ? Long.valueOf(0) : memory.parser.apply(text));
    }

    /** A positive duration of whole milliseconds, such as {@code 500 ms}, {@code 10 s}, {@code 15 min} or {@code 1 h}. */
    public static Setting<Duration> duration(String key, String defaultText, String meaning) {
        return new Setting<>(
                key, "a duration such as 500 ms, 10 s, 15 min or 1 h", defaultText, meaning, Durations::parse);
    }

    /** One of the constants of an enum, written in lower case with hyphens. */
    public static <E extends Enum<E>> Setting<E> choice(String key, Class<E> type, E defaultValue, String meaning) {
        String expected =
                Arrays.stream(type.getEnumConstants()).map(Setting::written).collect(Collectors.joining(" or "));
        return new Setting<>(
                key,
                expected,
                written(defaultValue),
                meaning,
                text -> Enum.valueOf(type, text.strip().toUpperCase(Locale.ROOT).replace('-', '_')));
    }

    /** The environment variable that sets this. */
    public String variable() {
        return SettingValues.VARIABLE_PREFIX
                + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    private static String written(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
