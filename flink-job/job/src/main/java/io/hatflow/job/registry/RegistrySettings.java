package io.hatflow.job.registry;

import io.hatflow.job.config.References;
import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import io.hatflow.job.config.Spelling;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the schema registry is, how to log in there, and under which subjects events are registered.
 *
 * @param urls addresses of one registry, each without a slash at its end; none where there is no registry
 * @param subjectNames subjects of the schemas that the job registers
 * @param properties login and TLS, by Confluent's names without the prefix; may hold references, which travel as they are and are replaced
 *     in the process that asks the registry
 */
public record RegistrySettings(List<String> urls, SubjectNameStrategy subjectNames, Map<String, String> properties)
        implements Serializable {

    /** Under this are the properties. */
    public static final String PREFIX = "registry.properties.";

    static final String USER_INFO = "basic.auth.user.info";
    static final String USER_INFO_SOURCE = "basic.auth.credentials.source";
    static final String TOKEN = "bearer.auth.token";
    static final String TOKEN_SOURCE = "bearer.auth.credentials.source";
    static final String TRUST_STORE = "ssl.truststore.";
    static final String KEY_STORE = "ssl.keystore.";
    static final String LOCATION = "location";
    static final String PASSWORD = "password";
    static final String TYPE = "type";
    static final String KEY_PASSWORD = "ssl.key.password";

    private static final Set<String> SECRETS =
            Set.of(USER_INFO, TOKEN, TRUST_STORE + PASSWORD, KEY_STORE + PASSWORD, KEY_PASSWORD);

    private static final Set<String> PLAIN = Set.of(
            USER_INFO_SOURCE,
            TOKEN_SOURCE,
            TRUST_STORE + LOCATION,
            TRUST_STORE + TYPE,
            KEY_STORE + LOCATION,
            KEY_STORE + TYPE);

    private static final Pattern USER_AND_PASSWORD = Pattern.compile("[^:]+:.*", Pattern.DOTALL);

    private static final Setting<String> URL = Setting.optionalText(
            "registry.url",
            "Schema registry that speaks Confluent's REST API, such as `https://registry:8081`; several addresses of one"
                    + " registry separated by commas. Without it there is no registry. See [registry](registry.md).");
    private static final Setting<SubjectNameStrategy> SUBJECT_NAME_STRATEGY = Setting.choice(
            "registry.subject-name-strategy",
            SubjectNameStrategy.class,
            SubjectNameStrategy.TOPIC,
            "Subjects of the schemas that the job registers: `topic` is TOPIC-value, `record` the record's full name,"
                    + " `topic-record` TOPIC-NAME.");

    /** Everything that can be set here, but the properties. */
    public static final List<Setting<?>> SETTINGS = List.of(URL, SUBJECT_NAME_STRATEGY);

    public RegistrySettings {
        urls = List.copyOf(urls);
        properties = Map.copyOf(properties);
    }

    /** Reads the settings; mistakes are noted in the values. */
    public static RegistrySettings from(SettingValues values) {
        List<String> urls = Arrays.stream(values.get(URL).split(",", -1))
                .map(url -> url.strip().replaceFirst("/+$", ""))
                .toList();
        RegistrySettings settings = new RegistrySettings(
                urls.equals(List.of("")) ? List.of() : urls, values.get(SUBJECT_NAME_STRATEGY), values.under(PREFIX));
        settings.urls.forEach(url -> noteWrongUrl(values, url));
        settings.noteUnknownProperties(values);
        settings.noteWrongLogin(values);
        return settings;
    }

    private static void noteWrongUrl(SettingValues values, String url) {
        URI uri = parsed(url);
        // Not shown: what is no URL may hold a password in the wrong place.
        if (uri == null || (uri.getRawUserInfo() == null && url.contains("@"))) {
            values.problem(URL.key() + " is no URL, expected such as https://registry:8081, separated by commas");
        } else if (uri.getRawUserInfo() != null) {
            values.problem(URL.key() + " holds a user; give that as " + PREFIX + USER_INFO);
        } else if (!Set.of("http", "https").contains(String.valueOf(uri.getScheme()))
                || uri.getHost() == null
                || uri.getRawQuery() != null
                || uri.getRawFragment() != null) {
            values.problem(
                    URL.key() + " holds \"" + url
                            + "\", expected http:// or https:// and a host, such as https://registry:8081, separated by commas");
        }
    }

    private static @Nullable URI parsed(String url) {
        try {
            return new URI(url);
        } catch (URISyntaxException e) {
            return null;
        }
    }

    private void noteUnknownProperties(SettingValues values) {
        Set<String> known = new TreeSet<>(SECRETS);
        known.addAll(PLAIN);
        new TreeSet<>(properties.keySet())
                .stream()
                        .filter(name -> !known.contains(name))
                        .forEach(name -> values.problem(PREFIX + name + " is not known"
                                + Spelling.nearest(name, known)
                                        .map(near -> "; did you mean " + PREFIX + near + "?")
                                        .orElse("; docs/registry.md lists the properties")));
    }

    private void noteWrongLogin(SettingValues values) {
        noteSource(values, USER_INFO_SOURCE, "USER_INFO", USER_INFO);
        noteSource(values, TOKEN_SOURCE, "STATIC_TOKEN", TOKEN);
        String user = properties.get(USER_INFO);
        if (user != null && properties.containsKey(TOKEN)) {
            values.problem(PREFIX + USER_INFO + " and " + PREFIX + TOKEN
                    + " are both given, but a request carries one login; leave one of them out");
        }
        if (user != null
                && !References.in(user)
                && !USER_AND_PASSWORD.matcher(user).matches()) {
            values.problem(PREFIX + USER_INFO + " is no login, expected USER:PASSWORD, or a reference to that");
        }
    }

    private void noteSource(SettingValues values, String source, String only, String login) {
        String given = properties.getOrDefault(source, only);
        if (!given.equals(only)) {
            values.problem(PREFIX + source + " is \"" + given + "\", expected " + only + ", with " + PREFIX + login);
        } else if (properties.containsKey(source) && !properties.containsKey(login)) {
            values.problem(PREFIX + source + " is " + only + ", but " + PREFIX + login + " is missing; give it");
        }
    }

    /** Whether there is a registry. */
    public boolean isGiven() {
        return !urls.isEmpty();
    }

    /** Full keys of secrets that are given as they are: these travel with the job wherever Flink keeps it. */
    public List<String> openSecrets() {
        return new TreeMap<>(properties)
                .entrySet().stream()
                        .filter(entry -> SECRETS.contains(entry.getKey()) && !References.in(entry.getValue()))
                        .map(entry -> PREFIX + entry.getKey())
                        .toList();
    }

    /** For logs: secrets are not shown. */
    @Override
    public String toString() {
        Map<String, String> shown = new TreeMap<>(properties);
        shown.replaceAll((name, text) -> PLAIN.contains(name) ? text : "******");
        return "RegistrySettings[urls=" + urls + ", subjectNames=" + subjectNames + ", properties=" + shown + "]";
    }
}
