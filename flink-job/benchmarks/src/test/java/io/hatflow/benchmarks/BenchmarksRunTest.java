package io.hatflow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** The benchmarks' short form on a tiny model: that they still run and what they leave, not how fast anything is. */
class BenchmarksRunTest {

    private static final String BUNDLE = Path.of(
                    "..", "inference", "src", "test", "resources", "bundles", "tiny-segments")
            .toString();

    /** There if the Python half of the build has run before. */
    private static final Path PYTHON = Path.of("..", "..", "onnx-export", "target", "venv", "bin", "python");

    @Test
    void microBatchesRunOnATinyBundle() throws RunnerException {
        var results = new Runner(new OptionsBuilder()
                        .include(MicroBatchBenchmark.class.getName())
                        .param("bundle", BUNDLE)
                        .forks(0)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .measurementTime(TimeValue.milliseconds(100))
                        .shouldFailOnError(true)
                        .build())
                .run();
        assertThat(results).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "growth", "formats", "waiting", "checkpoints", "device"})
    void aCommandSaysWhatItCan(String command) {
        assertThat(Benchmarks.run(command, "--help")).isZero();
        assertThat(Benchmarks.run(command, "--hepl")).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "--hepl 2",
                "--only=pipelines 1",
                "--int8-bundle=src 1",
                "--repetitions=0 1",
                "--device=auto 1",
                "--only=naive,pipeline 0"
            })
    void aDryRunTellsOptionsThatMakeSenseFromOthers(String option, int exitCode, @TempDir Path folder) {
        Path output = folder.resolve("results.json");
        assertThat(Benchmarks.run(
                        "run",
                        "--dry-run",
                        "--bundle",
                        BUNDLE,
                        "--plain-graph",
                        "",
                        "--scripts",
                        "",
                        "--output",
                        output.toString(),
                        option))
                .isEqualTo(exitCode);
        assertThat(output).doesNotExist();
    }

    @Test
    void theComparisonYieldsEveryRatioAndLatencies(@TempDir Path folder) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "run",
                "--bundle",
                BUNDLE,
                // Not in int8, but the path of its contender is the same.
                "--int8-bundle",
                BUNDLE,
                "--plain-graph",
                "src/test/resources/plain/tiny-segments.onnx",
                "--scripts",
                "python",
                "--skip-beam",
                "--streams",
                "MIXED",
                "--documents",
                "2",
                "--repetitions",
                "1",
                "--close-repetitions",
                "1",
                "--loads",
                "70",
                "--latency-seconds",
                "1"));
        List<String> contenders = new ArrayList<>(List.of(
                "ceiling",
                "operator",
                "pipeline",
                "pipeline-int8",
                "async-per-record",
                "padded8-sorted",
                "padded8",
                "naive"));
        if (Files.isExecutable(PYTHON)) {
            arguments.addAll(List.of("--python", PYTHON.toString()));
            contenders.add("python-padded8");
        }
        JsonNode results = results(folder.resolve("results.json"), arguments);
        JsonNode mixed = results.path("throughput").path(0);
        assertThat(mixed.path("documentsPerSecond").fieldNames())
                .toIterable()
                .containsExactlyInAnyOrderElementsOf(contenders);
        assertThat(mixed.path("ratios").fieldNames())
                .toIterable()
                .contains(
                        "pipeline_vs_ceiling",
                        "operator_vs_ceiling",
                        "pipeline_vs_naive",
                        "pipeline_vs_padded",
                        "int8_vs_fp32");
        assertThat(mixed.path("ratios"))
                .allSatisfy(ratio -> assertThat(ratio.path("median").asDouble()).isPositive());
        assertThat(mixed.path("documentsPerSecond"))
                .allSatisfy(rates -> assertThat(rates).hasSize(1));
        assertThat(mixed.path("closeDocumentsPerSecond").fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("ceiling", "operator", "pipeline");
        assertThat(mixed.path("closeDocumentsPerSecond"))
                .allSatisfy(rates -> assertThat(rates).hasSize(1));
        assertThat(mixed.path("fill").path("ofDenseLayers").asDouble())
                .as("share of computed rows that are text; padding inside segments is squeezed out")
                .isEqualTo(1);
        assertThat(results.path("latency").path("p99At70OverLone").asDouble()).isPositive();
    }

    @Test
    void aDeviceComputesTheSameInAnyBatch(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("one.txt"), "The supplier delivers the goods.");
        Files.writeString(folder.resolve("many.txt"), "The supplier delivers the goods. ".repeat(50));
        JsonNode results = results(
                folder.resolve("device.json"),
                List.of(
                        "device",
                        "--bundle",
                        BUNDLE,
                        "--device",
                        "cpu",
                        "--reference",
                        BUNDLE,
                        "--texts",
                        folder.toString(),
                        "--copies",
                        "3"));
        assertThat(results.path("opened").path("budgetRows").asInt()).isPositive();
        assertThat(results.path("together").path("documents").asInt()).isEqualTo(6);
        assertThat(results.path("together").path("equal").asInt()).isEqualTo(6);
        assertThat(results.path("againstCpu").path("largest").asDouble(1)).isZero();
    }

    @Test
    void growthYieldsThreeCurves(@TempDir Path folder) throws IOException {
        JsonNode results = results(
                folder.resolve("growth.json"),
                List.of("growth", "--bundle", BUNDLE, "--longest", "100", "--documents", "500"));
        assertThat(results.path("length")).hasSize(5);
        assertThat(results.path("queue")).hasSize(7);
        assertThat(results.path("parallelism")).hasSize(7).allSatisfy(point -> assertThat(
                        point.path("blockedMicros").asDouble())
                .isNotNegative());
    }

    @Test
    void everyFormatIsComparedWithOurs(@TempDir Path folder) throws IOException {
        JsonNode results = results(
                folder.resolve("formats.json"),
                List.of("formats", "--bundle", BUNDLE, "--documents", "4", "--repetitions", "1"));
        assertThat(results.path("formats").fieldNames())
                .toIterable()
                .containsExactly("hatflow", "confluent-avro", "avro", "json", "text");
        assertThat(results.path("formats")).allSatisfy(format -> {
            assertThat(format.path("documentsPerSecond")).hasSize(1);
            assertThat(format.path("ofHatflow").path("median").asDouble()).isPositive();
            assertThat(format.path("decodingMicros").asDouble()).isPositive();
        });
    }

    @Test
    void shortDocumentsAmongLongOnesAreComparedWithThemselvesAlone(@TempDir Path folder) throws IOException {
        JsonNode waiting = results(
                        folder.resolve("waiting.json"),
                        List.of(
                                "waiting",
                                "--bundle",
                                BUNDLE,
                                "--documents",
                                "20",
                                "--one-in",
                                "10",
                                "--segments",
                                "50"))
                .path("waiting");
        assertThat(waiting.path("aloneMillis")).hasSize(8);
        assertThat(waiting.path("shortSlowdown").path("p99").asDouble()).isPositive();
        assertThat(waiting.path("longMillis")).hasSize(2);
        assertThat(waiting.path("startMillis").asDouble()).isPositive();
    }

    @Test
    void checkpointsOfAFullTaskAreTimed(@TempDir Path folder) throws IOException {
        JsonNode points = results(
                        folder.resolve("checkpoints.json"),
                        List.of(
                                "checkpoints",
                                "--bundle",
                                BUNDLE,
                                "--documents",
                                "1000",
                                "--one-in",
                                "20",
                                "--segments",
                                "500",
                                "--interval-millis",
                                "50"))
                .path("points");
        assertThat(points).hasSize(4).allSatisfy(point -> {
            assertThat(point.path("checkpoints").asInt()).isPositive();
            assertThat(point.path("millis").path("largest").asDouble()).isPositive();
            assertThat(point.path("longestAloneMillis").asDouble()).isPositive();
        });
    }

    @Test
    void fewerDocumentsThanATaskHoldsMakeNoFullTask(@TempDir Path folder) {
        Path output = folder.resolve("checkpoints.json");
        assertThat(Benchmarks.run(
                        "checkpoints", "--bundle", BUNDLE, "--documents", "128", "--output", output.toString()))
                .isEqualTo(1);
        assertThat(output).doesNotExist();
    }

    @Test
    void aLongDocumentInNoneIsRefused(@TempDir Path folder) {
        Path output = folder.resolve("waiting.json");
        assertThat(Benchmarks.run("waiting", "--bundle", BUNDLE, "--one-in", "0", "--output", output.toString()))
                .isEqualTo(1);
        assertThat(output).doesNotExist();
    }

    private static JsonNode results(Path file, List<String> command) throws IOException {
        List<String> arguments = new ArrayList<>(command);
        arguments.addAll(List.of("--output", file.toString()));
        assertThat(Benchmarks.run(arguments.toArray(String[]::new))).isZero();
        JsonNode results = new JsonMapper().readTree(file.toFile());
        assertThat(results.path("machine").path("processors").asInt()).isPositive();
        return results;
    }
}
