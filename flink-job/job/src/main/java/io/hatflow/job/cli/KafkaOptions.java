package io.hatflow.job.cli;

import io.hatflow.job.config.References;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
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
        Properties read = new Properties();
        if (file != null) {
            try (Reader reader = Files.newBufferedReader(file)) {
                read.load(reader);
            } catch (IOException e) {
                throw new IllegalArgumentException(
                        "--command-config " + file + " is no readable file; expected properties of Kafka's client", e);
            }
        }
        Map<String, String> given = new LinkedHashMap<>();
        read.forEach((key, value) -> given.put(key.toString(), value.toString()));
        References.requireAll(given);
        Map<String, Object> properties = new LinkedHashMap<>(References.resolvable(given));
        properties.put("bootstrap.servers", bootstrapServers);
        return properties;
    }
}
