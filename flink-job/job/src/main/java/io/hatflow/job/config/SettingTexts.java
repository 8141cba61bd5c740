package io.hatflow.job.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * Finds the texts of settings in flags, environment and file, in this order of precedence. Knows keys and where they were
 * found, nothing of what they mean.
 */
final class SettingTexts {

    /** A text and where it stood, for messages. */
    record Found(String text, String place) {}

    private static final String FILE_FLAG = "config";

    private final Map<String, Found> byKey = new LinkedHashMap<>();
    private final List<String> problems;

    SettingTexts(List<String> problems) {
        this.problems = problems;
    }

    Map<String, Found> byKey() {
        return byKey;
    }

    /**
     * Reads the file that {@code --config} or {@code HATFLOW_CONFIG} names, then the environment, then the flags, so that
     * the last one stays.
     */
    void read(String[] arguments, Map<String, String> environment, SettingKeys keys) {
        Map<String, Found> flags = flags(arguments);
        Map<String, Found> variables = variables(environment, keys);
        Found file = flags.containsKey(FILE_FLAG) ? flags.get(FILE_FLAG) : variables.get(FILE_FLAG);
        flags.remove(FILE_FLAG);
        variables.remove(FILE_FLAG);
        if (file != null) {
            byKey.putAll(file(file));
        }
        byKey.putAll(variables);
        byKey.putAll(flags);
    }

    private Map<String, Found> flags(String[] arguments) {
        Map<String, Found> flags = new LinkedHashMap<>();
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            if (!argument.startsWith("--") || argument.length() == 2) {
                // What follows a secret that was not quoted is part of it.
                problems.add("\"" + SettingValues.shown(String.join(" ", arguments), argument)
                        + "\" is not a flag; expected --key value or --key=value");
                continue;
            }
            int equals = argument.indexOf('=');
            String key = equals < 0 ? argument.substring(2) : argument.substring(2, equals);
            String text;
            if (equals >= 0) {
                text = argument.substring(equals + 1);
            } else if (i + 1 < arguments.length && !arguments[i + 1].startsWith("--")) {
                text = arguments[++i];
            } else {
                problems.add("--" + key + " has no value; expected --key value or --key=value");
                continue;
            }
            add(flags, key, new Found(text, "--" + key));
        }
        return flags;
    }

    private Map<String, Found> variables(Map<String, String> environment, SettingKeys keys) {
        Map<String, Found> found = new LinkedHashMap<>();
        new TreeMap<>(environment).forEach((variable, text) -> {
            if (variable.startsWith(SettingValues.VARIABLE_PREFIX)) {
                String rest = variable.substring(SettingValues.VARIABLE_PREFIX.length())
                        .toLowerCase(Locale.ROOT);
                String key = rest.equals(FILE_FLAG) ? FILE_FLAG : keys.ofVariable(variable, rest);
                add(found, key, new Found(text, variable));
            }
        });
        return found;
    }

    private Map<String, Found> file(Found file) {
        Path path = Path.of(file.text());
        Map<String, Found> texts = new LinkedHashMap<>();
        BiConsumer<String, String> found = (key, text) -> add(texts, key, new Found(text, path + ": " + key));
        try {
            String content = PropertiesTexts.content(path);
            if (path.toString().endsWith(".properties")) {
                PropertiesTexts.read(content, found);
            } else {
                new YamlTexts(found, problem -> problems.add(path + problem)).read(content);
            }
        } catch (IllegalArgumentException e) {
            problems.add(path + " is not a valid .properties file: " + e.getMessage());
        } catch (IOException e) {
            problems.add(
                    path + " (" + file.place() + ") cannot be read: " + reason(e) + "; expected YAML or .properties");
        }
        return texts;
    }

    private void add(Map<String, Found> texts, String key, Found found) {
        if (texts.put(key, found) != null) {
            problems.add(found.place() + " is given more than once");
        }
    }

    private static String reason(IOException failure) {
        if (failure instanceof NoSuchFileException) {
            return "there is no such file";
        }
        if (failure instanceof AccessDeniedException) {
            return "its rights forbid it";
        }
        return failure instanceof CharacterCodingException ? "it is not UTF-8" : failure.toString();
    }
}
