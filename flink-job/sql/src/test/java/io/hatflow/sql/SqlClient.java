package io.hatflow.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Flink's SQL client in a JVM of its own, with the jar that is shipped and without any other class of ours.
 *
 * @param folder for scripts and the client's configuration
 * @param place where the jar lies
 * @param configuration of Flink, lines of YAML
 */
record SqlClient(Path folder, Place place, List<String> configuration) {

    /** How a client comes by the jar. */
    enum Place {
        /** In {@code lib/}. */
        LIB,
        /** By the option {@code -j}, which sends it to the cluster with each query. */
        OPTION
    }

    private static final long LIMIT_SECONDS = 180;

    private static final Pattern OURS =
            Pattern.compile("io/hatflow/[^/]+/[^/]+/[^/]+$|/ai/djl/|/onnxruntime/|/json-schema-validator/|/gson/");

    /** The jar that is shipped. */
    static Path jar() {
        try (Stream<Path> files = Files.list(Path.of("target"))) {
            return files.filter(file -> file.getFileName()
                            .toString()
                            .matches("flink-sql-model-hatflow-[0-9][^-]*(-SNAPSHOT)?\\.jar"))
                    .findFirst()
                    .orElseThrow()
                    .toAbsolutePath();
        } catch (IOException e) {
            throw new AssertionError("The jar lies in target once the module is packaged", e);
        }
    }

    /** Runs statements, and gives what the client prints. */
    String run(String... statements) throws IOException, InterruptedException {
        Path script = Files.writeString(folder.resolve("script.sql"), String.join("\n", statements));
        Files.write(folder.resolve("config.yaml"), configuration);
        Path output = folder.resolve("output.txt");
        ProcessBuilder builder =
                new ProcessBuilder(command(script)).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("FLINK_CONF_DIR", folder.toString());
        builder.environment().put("ORT_DISABLE_TELEMETRY", "1");
        Process client = builder.start();
        try {
            assertThat(client.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS))
                    .as(() -> "The client ends: " + read(output))
                    .isTrue();
        } finally {
            client.destroyForcibly();
        }
        return read(output);
    }

    private static String read(Path output) {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private List<String> command(Path script) {
        List<String> command = new ArrayList<>(
                List.of(ProcessHandle.current().info().command().orElseThrow(), "-Xmx1g", "-XX:TieredStopAtLevel=1"));
        for (String module : List.of("lang", "net", "nio", "time", "util", "util.concurrent")) {
            command.add("--add-opens=java.base/java." + module + "=ALL-UNNAMED");
        }
        command.addAll(List.of(
                // Where it keeps a history.
                "-Duser.home=" + folder,
                "-cp",
                place == Place.LIB ? flinkAlone() + File.pathSeparator + jar() : flinkAlone(),
                "org.apache.flink.table.client.SqlClient",
                "embedded",
                "-f",
                script.toString()));
        if (place == Place.OPTION) {
            command.addAll(List.of("-j", jar().toString()));
        }
        return command;
    }

    /** What a Flink distribution has, as far as the tests have it too. */
    private static String flinkAlone() {
        String own = Path.of("../..").toAbsolutePath().normalize().toString();
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.startsWith(own) && !OURS.matcher(entry).find())
                .collect(Collectors.joining(File.pathSeparator));
    }
}
