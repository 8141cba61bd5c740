package io.hatflow.job.kafka;

import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/**
 * Which topics hold documents: those with a name, or all whose name matches a pattern, also those that come later. What the job writes is
 * never among the latter.
 *
 * @param names empty where there is a pattern
 * @param pattern of the whole name; null where there are names
 * @param written where the job's events go
 */
public record InputTopics(List<String> names, @Nullable Pattern pattern, OutputTopics written) implements Serializable {

    private static final Setting<List<String>> NAMES = Setting.texts(
            "kafka.input-topics",
            "documents",
            "Topics of documents, read as one stream. A topic that you take out is no longer"
                    + " read, also by a job that continues from a checkpoint; if you add it again, the job"
                    + " continues there where it was.");
    private static final Setting<String> PATTERN = new Setting<>(
            "kafka.input-topic-pattern",
            "a regular expression, or nothing",
            "",
            "In place of `kafka.input-topics`: every topic whose whole name matches this Java regular expression, also those that are"
                    + " created while the job runs. Kafka's internal topics and those that the job writes to are left out.",
            text -> Pattern.compile(text.strip()).pattern());

    /** Everything that can be set here. */
    public static final List<Setting<?>> SETTINGS = List.of(NAMES, PATTERN);

    public InputTopics {
        names = List.copyOf(names);
    }

    /**
     * Reads the settings; mistakes are noted in the values.
     *
     * @param written where the job's events go
     */
    public static InputTopics from(SettingValues values, OutputTopics written) {
        String pattern = values.get(PATTERN);
        if (!pattern.isEmpty()) {
            if (values.isGiven(NAMES)) {
                values.problem(NAMES.key() + " and " + PATTERN.key() + " are both given; expected one of the two");
            }
            return new InputTopics(List.of(), Pattern.compile(pattern), written);
        }
        InputTopics named = new InputTopics(values.get(NAMES), null, written);
        for (String name : named.names) {
            if (written.of(name).anyMatch(output -> named.names.contains(output.topic()))) {
                values.problem(
                        NAMES.key() + " " + named.names
                                + " holds an output topic: the job would read its own events; give the output a topic of its own");
                break;
            }
        }
        return named;
    }

    /** Whether a topic is one of them. */
    public boolean holds(String topic) {
        return matches(topic) && (pattern == null || !written.hold(topic, this));
    }

    /** Whether it is named, or matches the pattern. */
    boolean matches(String topic) {
        return pattern == null ? names.contains(topic) : pattern.matcher(topic).matches();
    }

    /**
     * Those that Kafka has now; with names, whether it has them or not.
     *
     * @throws ExecutionException if Kafka does not say
     */
    public Set<String> now(Admin admin) throws ExecutionException {
        if (pattern == null) {
            return new TreeSet<>(names);
        }
        try {
            return admin.listTopics().names().get().stream()
                    .filter(this::holds)
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** Key of the setting that says which topics they are, for messages. */
    public String key() {
        return (pattern == null ? NAMES : PATTERN).key();
    }

    /** For messages: the setting and its value. */
    @Override
    public String toString() {
        return key() + " " + (pattern == null ? names.toString() : pattern.pattern());
    }
}
