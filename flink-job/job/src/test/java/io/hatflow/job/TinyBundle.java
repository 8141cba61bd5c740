package io.hatflow.job;

import io.hatflow.job.classify.ClassifySettings;
import io.hatflow.job.config.SettingValues;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;

/** A real bundle with a real but tiny model, shared with the tests of the inference module. */
public final class TinyBundle {

    /** The bundle's folder. */
    public static final Path PATH = Path.of("../inference/src/test/resources/bundles/tiny-documents")
            .toAbsolutePath()
            .normalize();

    private TinyBundle() {}

    /** Defaults, and whatever flags say. */
    public static ClassifySettings settings(String... flags) {
        boolean other = Arrays.stream(flags).anyMatch(flag -> flag.startsWith("--model.bundle="));
        Stream<String> bundle = other ? Stream.of() : Stream.of("--model.bundle=" + PATH);
        return ClassifySettings.from(new SettingValues(
                Stream.concat(bundle, Stream.of(flags)).toArray(String[]::new),
                Map.of(),
                ClassifySettings.SETTINGS,
                java.util.List.of()));
    }
}
