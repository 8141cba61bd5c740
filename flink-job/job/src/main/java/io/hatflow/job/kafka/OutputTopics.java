package io.hatflow.job.kafka;

import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import java.io.Serializable;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where events go.
 *
 * @param labelled topics of labelled documents
 * @param deadLetters topics of dead letters
 */
public record OutputTopics(OutputTopic labelled, OutputTopic deadLetters) implements Serializable {

    private static final Setting<OutputTopic> LABELLED = OutputTopic.setting(
            "kafka.labelled-topic",
            "labelled-documents",
            "Topic of labelled documents. `{topic}` in it stands for the name of the input topic, as in `{topic}-labelled`.");
    private static final Setting<OutputTopic> DEAD_LETTERS = OutputTopic.setting(
            "kafka.dead-letter-topic",
            "dead-letters",
            "Topic of dead letters. `{topic}` in it stands for the name of the input topic.");

    /** Everything that can be set here. */
    public static final List<Setting<?>> SETTINGS = List.of(LABELLED, DEAD_LETTERS);

    /** Reads the settings; mistakes are noted in the values. */
    public static OutputTopics from(SettingValues values) {
        return new OutputTopics(values.get(LABELLED), values.get(DEAD_LETTERS));
    }

    /** Those of an input topic, with the key of the setting that says so. */
    Stream<Named> of(String inputTopic) {
        return Stream.of(
                new Named(LABELLED.key(), labelled.of(inputTopic)),
                new Named(DEAD_LETTERS.key(), deadLetters.of(inputTopic)));
    }

    /** Those of some input topics, and those that hold the events of every input topic. */
    public Stream<Named> of(Collection<String> inputTopics) {
        return Stream.concat(
                labelled.of(inputTopics).map(topic -> new Named(LABELLED.key(), topic)),
                deadLetters.of(inputTopics).map(topic -> new Named(DEAD_LETTERS.key(), topic)));
    }

    /**
     * A topic that a setting names.
     *
     * @param key of the setting
     */
    public record Named(String key, String topic) {}

    /** Whether a topic is one of them, of some input topic among those that match. */
    boolean hold(String topic, InputTopics inputs) {
        return Stream.of(labelled, deadLetters)
                .anyMatch(output -> output.template().equals(topic)
                        || output.inputOf(topic).filter(inputs::matches).isPresent());
    }

    /** Notes where both kinds of events would go to one topic. */
    public void noteCollisions(SettingValues values, InputTopics inputs) {
        Stream<OutputTopic> fixed = Stream.of(labelled, deadLetters).filter(output -> !output.followsInput());
        boolean collide = labelled.equals(deadLetters)
                || (labelled.followsInput() != deadLetters.followsInput()
                        && fixed.allMatch(output -> Stream.of(labelled, deadLetters)
                                .anyMatch(other -> other.inputOf(output.template())
                                        .filter(inputs::matches)
                                        .isPresent())));
        if (collide) {
            values.problem(LABELLED.key() + " " + labelled.template() + " and " + DEAD_LETTERS.key() + " "
                    + deadLetters.template()
                    + " would be one topic; they hold different events and must be two topics");
        }
    }
}
