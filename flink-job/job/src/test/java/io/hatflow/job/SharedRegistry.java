package io.hatflow.job;

import io.hatflow.job.registry.RegistrySettings;
import io.hatflow.job.registry.SchemaRegistry;
import io.hatflow.job.registry.SubjectNameStrategy;
import io.hatflow.registry.LocalRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives tests one schema registry, as {@link SharedBroker} gives them a broker, and what it takes to be let in. */
public final class SharedRegistry implements ParameterResolver {

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == LocalRegistry.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        // The store closes what it holds.
        return context.getRoot()
                .getStore(Namespace.create(SharedRegistry.class))
                .getOrComputeIfAbsent(LocalRegistry.class, key -> start(), LocalRegistry.class);
    }

    private static LocalRegistry start() {
        try {
            return LocalRegistry.start(Path.of("target"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while the registry started", e);
        }
    }

    /** The flags by which a job reaches the registry. */
    static List<String> flags(LocalRegistry registry) {
        List<String> flags = new ArrayList<>(List.of("--registry.url=" + registry.url()));
        registry.clientProperties()
                .forEach((property, value) -> flags.add("--registry.properties." + property + "=" + value));
        return flags;
    }

    /** A client that may do everything there. */
    static SchemaRegistry client(LocalRegistry registry) {
        return new SchemaRegistry(
                new RegistrySettings(List.of(registry.url()), SubjectNameStrategy.TOPIC, registry.clientProperties()));
    }

    /** Who may do everything there, as Confluent's clients are told. */
    static String login() {
        return LocalRegistry.USER + ":" + LocalRegistry.PASSWORD;
    }
}
