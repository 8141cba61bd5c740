package io.hatflow.cli;

import io.hatflow.job.config.PropertiesTexts;
import io.hatflow.job.config.SettingValues;
import io.hatflow.job.registry.RegisteredSchemas;
import io.hatflow.job.registry.RegistrySettings;
import io.hatflow.job.registry.SchemaRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command reaches the schema registry, where the job has written its events with one. */
final class RegistryOptions {

    @Option(
            names = "--registry-url",
            description = "schema registry of events that were written with events.format: confluent-avro")
    private @Nullable String url;

    @Option(
            names = "--registry-config",
            description = "properties file for the registry's client, such as for a login; see docs/registry.md")
    private @Nullable Path file;

    /**
     * The registry's schemas.
     *
     * @return null where no registry is given
     * @throws IllegalArgumentException if it is not given as it should, with all mistakes
     */
    @Nullable
    RegisteredSchemas schemas() {
        if (url == null) {
            if (file != null) {
                throw new IllegalArgumentException(
                        "--registry-config is given without --registry-url; give the address of the registry, too");
            }
            return null;
        }
        List<String> settings = new ArrayList<>(List.of("--registry.url=" + url));
        properties().forEach((name, text) -> settings.add("--" + RegistrySettings.PREFIX + name + "=" + text));
        SettingValues values = new SettingValues(
                settings.toArray(String[]::new), Map.of(), RegistrySettings.SETTINGS, List.of(RegistrySettings.PREFIX));
        RegistrySettings registry = RegistrySettings.from(values);
        values.throwMistakes();
        return SchemaRegistry.interactive(registry);
    }

    private Map<String, String> properties() {
        if (file == null) {
            return Map.of();
        }
        try {
            return PropertiesTexts.of(file);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "--registry-config " + file
                            + " is not a readable file; expected properties of the registry's client",
                    e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--registry-config " + file + ": " + e.getMessage(), e);
        }
    }
}
