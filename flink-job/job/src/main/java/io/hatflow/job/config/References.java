package io.hatflow.job.config;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigTransformer;
import org.apache.kafka.common.config.provider.ConfigProvider;
import org.apache.kafka.common.config.provider.DirectoryConfigProvider;
import org.apache.kafka.common.config.provider.EnvVarConfigProvider;
import org.apache.kafka.common.config.provider.FileConfigProvider;

/**
 * References to values that are kept elsewhere, in Kafka's form and by Kafka's own providers: {@code ${file:PATH:KEY}}, a key of a
 * properties file; {@code ${dir:FOLDER:NAME}}, the content of a file; {@code ${env:NAME}}, a variable. Where a Kafka client gets a
 * reference, the client replaces it, in its own process and nowhere else.
 */
public final class References {

    private static final String PROVIDERS = "config.providers";
    private static final Pattern REFERENCE = Pattern.compile("\\$\\{(?:file|dir|env):[^}]*}");

    private References() {}

    /** The properties with what lets a Kafka client replace references. Whoever names providers has those instead. */
    public static Map<String, String> resolvable(Map<String, String> properties) {
        Map<String, String> resolvable = new HashMap<>(properties);
        if (!properties.containsKey(PROVIDERS)) {
            resolvable.put(PROVIDERS, "file,dir,env");
            resolvable.put(PROVIDERS + ".file.class", FileConfigProvider.class.getName());
            resolvable.put(PROVIDERS + ".dir.class", DirectoryConfigProvider.class.getName());
            resolvable.put(PROVIDERS + ".env.class", EnvVarConfigProvider.class.getName());
        }
        return resolvable;
    }

    /** Whether a text holds a reference. */
    public static boolean in(String text) {
        return REFERENCE.matcher(text).find();
    }

    /**
     * Checks that a Kafka client will find what its properties refer to.
     *
     * @throws IllegalArgumentException if it will not, with the reference and never with a value
     */
    public static void requireAll(Map<String, String> properties) {
        if (!properties.containsKey(PROVIDERS)) {
            properties.forEach((key, text) -> replace(key, text, System.getenv()));
        }
    }

    /**
     * The properties with what their references stand for, for a client that does not replace them itself.
     *
     * @throws IllegalArgumentException if one of them stands for nothing, with the reference and never with a value
     */
    public static Map<String, String> resolved(Map<String, String> properties) {
        Map<String, String> resolved = new HashMap<>(properties);
        resolved.replaceAll((key, text) -> replace(key, text, System.getenv()));
        return resolved;
    }

    /**
     * The text with what its references stand for.
     *
     * @throws IllegalArgumentException if one of them stands for nothing, with the reference and never with a value
     */
    static String replace(String key, String text, Map<String, String> environment) {
        if (!in(text)) {
            return text;
        }
        Map<String, ConfigProvider> providers = Map.of(
                "file", new FileConfigProvider(),
                "dir", new DirectoryConfigProvider(),
                "env", new EnvVarConfigProvider(environment));
        providers.values().forEach(provider -> provider.configure(Map.of()));
        String replaced;
        try {
            replaced = Objects.requireNonNull(new ConfigTransformer(providers)
                    .transform(Map.of(key, text))
                    .data()
                    .get(key));
        } catch (ConfigException e) {
            throw new IllegalArgumentException(key + " refers to what cannot be read here: " + e.getMessage()
                    + "; the file must be there, and this process must be allowed to read it");
        }
        // What a secret holds is not looked at: only references that stood in the text itself and still do.
        Matcher references = REFERENCE.matcher(text);
        while (references.find()) {
            if (replaced.contains(references.group())) {
                throw new IllegalArgumentException(
                        key + " refers to " + references.group()
                                + ", which is not there; expected ${file:PATH:KEY} with a key of that properties file,"
                                + " ${dir:FOLDER:NAME} with a file of that folder, or ${env:NAME} with a variable of this process");
            }
        }
        return replaced;
    }
}
