package io.hatflow.job.config;

import java.util.List;
import java.util.Optional;

/** The keys that there are: settings, and prefixes under which every key is handed on to another program. */
final class SettingKeys {

    private final List<Setting<?>> settings;
    private final List<String> prefixes;

    /**
     * Takes what there is.
     *
     * @param prefixes each ends with a dot, such as {@code kafka.properties.}
     */
    SettingKeys(List<Setting<?>> settings, List<String> prefixes) {
        this.settings = settings;
        this.prefixes = prefixes;
    }

    boolean knows(String key) {
        return settings.stream().anyMatch(setting -> setting.key().equals(key))
                || prefixes.stream().anyMatch(prefix -> key.startsWith(prefix) && key.length() > prefix.length());
    }

    /**
     * The key that an environment variable sets. Under a prefix each underscore stands for a dot: Kafka's keys have no
     * hyphens, and Flink's that have one can be given by file or flag.
     *
     * @param lowerCased the variable's name in lower case without what all of them begin with
     */
    String ofVariable(String variable, String lowerCased) {
        for (Setting<?> setting : settings) {
            if (setting.variable().equals(variable)) {
                return setting.key();
            }
        }
        for (String prefix : prefixes) {
            if (lowerCased.startsWith(prefix.replace('.', '_').replace('-', '_'))) {
                return prefix + lowerCased.substring(prefix.length()).replace('_', '.');
            }
        }
        return lowerCased.replace('_', '.');
    }

    /** The key most like an unknown one, if any is like it at all. */
    Optional<String> nearest(String unknown) {
        return Spelling.nearest(unknown, settings.stream().map(Setting::key).toList());
    }
}
