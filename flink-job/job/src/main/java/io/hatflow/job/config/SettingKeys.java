package io.hatflow.job.config;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The keys that there are: settings, and prefixes under which every key is handed on to Kafka or Flink. */
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
        return settings.stream()
                .map(Setting::key)
                .min(Comparator.comparingInt(key -> distance(key, unknown)))
                .filter(key -> distance(key, unknown) <= Math.max(3, unknown.length() / 2));
    }

    /** Levenshtein's: insertions, deletions and replacements that turn one into the other. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
