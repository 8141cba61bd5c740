package io.hatflow.cli;

import io.hatflow.job.config.PropertiesTexts;
import io.hatflow.job.config.References;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command reaches Kafka. */
final class KafkaOptions {

    @Option(names = "--bootstrap-servers", required = true, description = "brokers, host:port, separated by commas")
    private String bootstrapServers = "";

    @Option(
            names = "--command-config",
            description =
                    "properties file for Kafka's client, such as for security; secrets as references, see docs/configuration.md")
    private @Nullable Path file;

    /**
     * For any client.
     *
     * @throws IllegalArgumentException if the file refers to what is not there
     */
    Map<String, Object> properties() {
        Map<String, String> given = new LinkedHashMap<>();
        if (file != null) {
            try {
                given.putAll(PropertiesTexts.of(file));
            } catch (IOException e) {
                throw new IllegalArgumentException(
                        "--command-config " + file + " is not a readable file; expected properties of Kafka's client",
                        e);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("--command-config " + file + ": " + e.getMessage(), e);
            }
        }
        References.requireAll(given);
        Map<String, Object> properties = new LinkedHashMap<>(References.resolvable(given));
        properties.put("bootstrap.servers", bootstrapServers);
        return properties;
    }
}
