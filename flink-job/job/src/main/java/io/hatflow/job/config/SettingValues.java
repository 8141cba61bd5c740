package io.hatflow.job.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Typed values of settings from flags, environment, file and defaults, in this order of precedence. Mistakes are
 * collected, not thrown: {@link #throwMistakes} throws once for all of them. Used by one thread while the job starts.
 */
public final class SettingValues {

    /** Stands in for a text that must be given and is not, so that the other mistakes are found too. */
    public static final String MISSING = "(missing)";

    static final String VARIABLE_PREFIX = "HATFLOW_";

    private static final List<String> SECRET = List.of(
            "password",
            "secret",
            "jaas",
            "token",
            "credential",
            "keystore.key",
            "apikey",
            "api-key",
            "access-key",
            "user.info");

    private final List<String> problems = new ArrayList<>();
    private final Map<String, SettingTexts.Found> texts;
    private final Map<String, String> environment;

    /**
     * Finds all texts and notes every key that nobody knows.
     *
     * @param settings everything that can be set
     * @param prefixes each ends with a dot; every key under them is known
     */
    public SettingValues(
            String[] arguments, Map<String, String> environment, List<Setting<?>> settings, List<String> prefixes) {
        this.environment = environment;
        SettingKeys keys = new SettingKeys(settings, prefixes);
        SettingTexts found = new SettingTexts(problems);
        found.read(arguments, environment, keys);
        texts = found.byKey();
        texts.forEach((key, text) -> {
            if (!keys.knows(key)) {
                problems.add(text.place() + " is not known"
                        + keys.nearest(key)
                                .map(near -> "; did you mean " + near + "?")
                                .orElse("; docs/configuration.md lists the settings"));
            }
        });
    }

    /** The value of a setting. Where it is missing or wrong, the mistake is noted and a stand-in is returned. */
    public <T> T get(Setting<T> setting) {
        String standIn = setting.defaultText() == null ? MISSING : setting.defaultText();
        SettingTexts.Found found = texts.get(setting.key());
        if (found == null) {
            if (setting.defaultText() == null) {
                problems.add(setting.key() + " is missing; give it as --" + setting.key() + ", as " + setting.variable()
                        + " or in the file: " + setting.meaning());
            }
            return setting.parser().apply(standIn);
        }
        String text = standIn;
        try {
            text = References.replace(setting.key(), found.text(), environment);
        } catch (IllegalArgumentException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        try {
            return setting.parser().apply(text);
        } catch (IllegalArgumentException e) {
            problems.add(found.place() + " is \"" + found.text() + "\", expected " + setting.expected());
            return setting.parser().apply(standIn);
        }
    }

    /** Whether a setting is more than its default. */
    public boolean isGiven(Setting<?> setting) {
        return texts.containsKey(setting.key());
    }

    /** All keys under a prefix, without it, with their texts. */
    public Map<String, String> under(String prefix) {
        Map<String, String> under = new TreeMap<>();
        texts.forEach((key, found) -> {
            if (key.startsWith(prefix) && key.length() > prefix.length()) {
                under.put(key.substring(prefix.length()), found.text());
            }
        });
        return under;
    }

    /** Notes a mistake that lies in no single setting. */
    public void problem(String problem) {
        problems.add(problem);
    }

    /**
     * Ends the reading.
     *
     * @throws SettingsException if there was any mistake, with all of them
     */
    public void throwMistakes() {
        if (!problems.isEmpty()) {
            throw new SettingsException(problems);
        }
    }

    /** A text that may be shown: of a key that sounds secret, only that it was given. */
    public static String shown(String key, String text) {
        return soundsSecret(key) ? "******" : text;
    }

    /** Whether what a key holds is likely to be a secret. */
    public static boolean soundsSecret(String key) {
        String lower = key.toLowerCase(Locale.ROOT);
        return SECRET.stream().anyMatch(lower::contains);
    }
}
