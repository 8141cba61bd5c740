package io.hatflow.job.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

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
            file(file);
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
                        + "\" is no flag; expected --key value or --key=value");
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
            if (flags.put(key, new Found(text, "--" + key)) != null) {
                problems.add("--" + key + " is given more than once");
            }
        }
        return flags;
    }

    private static Map<String, Found> variables(Map<String, String> environment, SettingKeys keys) {
        Map<String, Found> found = new LinkedHashMap<>();
        new TreeMap<>(environment).forEach((variable, text) -> {
            if (variable.startsWith(SettingValues.VARIABLE_PREFIX)) {
                String rest = variable.substring(SettingValues.VARIABLE_PREFIX.length())
                        .toLowerCase(Locale.ROOT);
                String key = rest.equals(FILE_FLAG) ? FILE_FLAG : keys.ofVariable(variable, rest);
                found.put(key, new Found(text, variable));
            }
        });
        return found;
    }

    private void file(Found file) {
        Path path = Path.of(file.text());
        try {
            String content = Files.readString(path);
            if (path.toString().endsWith(".properties")) {
                Properties properties = new Properties();
                properties.load(new StringReader(content));
                new TreeMap<>(properties)
                        .forEach((key, text) ->
                                byKey.put(key.toString(), new Found(text.toString(), path + ": " + key)));
            } else {
                JsonNode root = new YAMLMapper().readTree(content);
                if (root.isObject()) {
                    flatten(path, "", root);
                } else if (!root.isMissingNode() && !root.isNull()) {
                    problems.add(path + " is no YAML mapping of keys to values");
                }
            }
        } catch (JsonProcessingException e) {
            // After its first line, the message quotes the file, which may hold a secret.
            problems.add(path + " is not valid YAML: "
                    + e.getOriginalMessage().lines().findFirst().orElse("") + " (line "
                    + (e.getLocation() == null ? "unknown" : e.getLocation().getLineNr()) + ")");
        } catch (IOException e) {
            problems.add(
                    path + " (" + file.place() + ") cannot be read: " + reason(e) + "; expected YAML or .properties");
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

    /** Nested mappings and dotted keys mean the same, so that people may write either. */
    private void flatten(Path path, String prefix, JsonNode node) {
        node.properties().forEach(entry -> {
            String key = prefix + entry.getKey();
            JsonNode value = entry.getValue();
            if (value.isObject()) {
                flatten(path, key + ".", value);
            } else if (value.isArray()) {
                List<String> texts = new ArrayList<>();
                value.forEach(each -> texts.add(each.asText()));
                byKey.put(key, new Found(String.join(",", texts), path + ": " + key));
            } else {
                byKey.put(key, new Found(value.isNull() ? "" : value.asText(), path + ": " + key));
            }
        });
    }
}
