package io.hatflow.job.kafka;

import io.hatflow.job.config.Setting;
import java.io.Serializable;
import java.util.Collection;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where events of one kind go: one topic for all, or one for each input topic.
 *
 * @param template a topic's name, in which {@code {topic}} may stand for that of the input topic
 */
public record OutputTopic(String template) implements Serializable {

    private static final String INPUT = "{topic}";
    private static final Pattern EXPECTED =
            Pattern.compile("[A-Za-z0-9._-]+|(?!\\{topic\\}$)[A-Za-z0-9._-]*\\{topic\\}[A-Za-z0-9._-]*");

    /** A setting that holds one. */
    public static Setting<OutputTopic> setting(String key, String defaultText, String meaning) {
        return new Setting<>(
                key, "a topic's name, in which {topic} may stand for the input topic's", defaultText, meaning, text -> {
                    if (!EXPECTED.matcher(text.strip()).matches()) {
                        throw new IllegalArgumentException("no name of a topic");
                    }
                    return new OutputTopic(text.strip());
                });
    }

    /** Whether each input topic has one of its own. */
    public boolean followsInput() {
        return template.contains(INPUT);
    }

    /** Where the events of an input topic go. */
    public String of(String inputTopic) {
        return template.replace(INPUT, inputTopic);
    }

    /** Where the events of some input topics go, and those that hold the events of every input topic. */
    public Stream<String> of(Collection<String> inputTopics) {
        return followsInput() ? inputTopics.stream().map(this::of) : Stream.of(template);
    }

    /** The input topic whose events a topic holds; empty where it holds none, or those of every input topic. */
    Optional<String> inputOf(String topic) {
        int begin = template.indexOf(INPUT);
        if (begin < 0) {
            return Optional.empty();
        }
        String before = template.substring(0, begin);
        String after = template.substring(begin + INPUT.length());
        return topic.length() > before.length() + after.length() && topic.startsWith(before) && topic.endsWith(after)
                ? Optional.of(topic.substring(before.length(), topic.length() - after.length()))
                : Optional.empty();
    }
}
