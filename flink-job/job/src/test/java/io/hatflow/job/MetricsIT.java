package io.hatflow.job;

import static java.util.stream.Collectors.toSet;
import static org.apache.kafka.common.IsolationLevel.READ_COMMITTED;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.events.Label;
import io.hatflow.events.LabelledDocument;
import io.hatflow.job.JobRun.Answer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What Prometheus and OpenTelemetry are told of a running job, by Flink's own reporters. */
@ExtendWith(SharedBroker.class)
@Timeout(300)
class MetricsIT {

    private static final String OURS = "flink_taskmanager_job_task_operator_";
    private static final int PORT = freePort();

    /** Ends after the cluster, which reports to the last. */
    @Order(1)
    @RegisterExtension
    static final StubCollector COLLECTOR = new StubCollector();

    @Order(2)
    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setConfiguration(reporters())
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    /** As docs/metrics.md writes them. */
    private static Configuration reporters() {
        return Configuration.fromMap(Map.of(
                "metrics.reporter.prom.factory.class",
                "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
                "metrics.reporter.prom.port",
                Integer.toString(PORT),
                "metrics.reporter.otel.factory.class",
                "org.apache.flink.metrics.otel.OpenTelemetryMetricReporterFactory",
                "metrics.reporter.otel.interval",
                "1 s",
                "metrics.reporter.otel.exporter.protocol",
                "HTTP",
                "metrics.reporter.otel.exporter.endpoint",
                COLLECTOR.url() + "/v1/metrics",
                "traces.reporter.otel.factory.class",
                "org.apache.flink.traces.otel.OpenTelemetryTraceReporterFactory",
                "traces.reporter.otel.exporter.protocol",
                "HTTP",
                "traces.reporter.otel.exporter.endpoint",
                COLLECTOR.url() + "/v1/traces"));
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        JobRun.cancelAll(flink);
    }

    @Test
    void reportersShowWhatThePageSays(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "measured");
        List<Sent> documents = new ArrayList<>(Sent.documents(0, 30, JobRun.PARTITIONS));
        documents.add(new Sent(0, "none", null));
        run.send(documents);
        var unused = run.start(run.settings("--cache.documents=100", "--checkpoint.interval=300 ms"), 2);
        run.await(READ_COMMITTED, answers -> answers.size() == 31);
        // The same text in a trace of its own.
        run.send(List.of(new Sent(2, "again", documents.get(29).value())));
        run.await(READ_COMMITTED, answers -> answers.size() == 32);
        run.assertExactlyOneAnswerForEveryRecord();

        PrometheusScrape scrape = PrometheusScrape.of(PORT);

        assertNamesAreThoseOfThePage(scrape);
        List<LabelledDocument> events = run.committed().stream()
                .map(Answer::labelled)
                .filter(Objects::nonNull)
                .toList();
        assertCounts(scrape);
        assertDistributions(scrape, events);
        assertLabels(scrape, events);
        assertCollected();
    }

    /** Ours are those of the operator that another of the job, which has none, does not have. */
    private static void assertNamesAreThoseOfThePage(PrometheusScrape scrape) throws IOException {
        Set<String> shown = new HashSet<>(scrape.names("classify"));
        shown.removeAll(scrape.names("route"));
        Set<String> documented = Pattern.compile("^\\| (`\\w+`(?:, `\\w+`)*) \\|", Pattern.MULTILINE)
                .matcher(Files.readString(Path.of("../../docs/metrics.md")))
                .results()
                .flatMap(row -> Stream.of(row.group(1).replace("`", "").split(", ")))
                .filter(name -> !name.contains("bitsPerByteHundredths")) // of language models alone
                .map(name -> OURS + name)
                .collect(toSet());
        assertThat(shown).isEqualTo(documented);
    }

    private static void assertCounts(PrometheusScrape scrape) {
        assertThat(scrape.sum(OURS + "received")).isEqualTo(32);
        assertThat(scrape.sum(OURS + "labelled")).isEqualTo(31);
        assertThat(scrape.sum(OURS + "cached")).isEqualTo(1);
        assertThat(scrape.sum(OURS + "rejected")).isEqualTo(1);
        assertThat(scrape.sum(OURS + "reason_rejectedFor", "reason", "NULL_VALUE"))
                .isEqualTo(1);
        assertThat(scrape.sum(OURS + "reason_rejectedFor")).isEqualTo(1);
        assertThat(scrape.series(
                        OURS + "model_version_precision_device_info",
                        "model",
                        "tiny_segments",
                        "version",
                        "1",
                        "precision",
                        "fp32",
                        "device",
                        "cpu"))
                .hasSize(2)
                .allSatisfy(info -> assertThat(info.value()).isEqualTo(1));
    }

    private static void assertDistributions(PrometheusScrape scrape, List<LabelledDocument> events) {
        for (String name :
                List.of("latencyMillis", "ageMillis", "documentSegments", "documentCharacters", "topScorePercent")) {
            assertThat(scrape.sum(OURS + "model_" + name + "_count")).as(name).isEqualTo(31);
            assertThat(scrape.sum(OURS + "model_le_" + name + "_bucket", "le", "Inf"))
                    .as(name)
                    .isEqualTo(31);
        }
        for (String name : List.of("queueMillis", "runMillis")) {
            assertThat(scrape.sum(OURS + "model_" + name + "_count")).as(name).isEqualTo(30);
        }
        assertThat(scrape.sum(OURS + "model_ageMillis_sum"))
                .isGreaterThanOrEqualTo(scrape.sum(OURS + "model_latencyMillis_sum"));
        assertDistribution(scrape, "documentSegments", List.of(1, 2, 4), events, event -> event.getAnswers()
                .get(0)
                .getSegments());
        assertDistribution(scrape, "documentCharacters", List.of(100, 300, 1000), events, event -> Sent.text(
                        Integer.parseInt(event.getDocumentId().substring(1)))
                .length());
        assertDistribution(scrape, "topScorePercent", List.of(10, 50, 60, 90), events, MetricsIT::topScorePercent);
        // Each task shows those of the model that both share.
        assertThat(scrape.series(OURS + "model_le_batchSegments_bucket", "le", "Inf"))
                .hasSize(2)
                .allSatisfy(all -> assertThat(all.value())
                        .isEqualTo(scrape.series(OURS + "model_batches")
                                .findFirst()
                                .orElseThrow()
                                .value()));
        assertThat(scrape.sum(OURS + "model_batchSegments_sum"))
                .isEqualTo(scrape.sum(OURS + "model_batchedSegments"))
                .isPositive();
    }

    private static void assertDistribution(
            PrometheusScrape scrape,
            String name,
            List<Integer> bounds,
            List<LabelledDocument> events,
            ToLongFunction<LabelledDocument> value) {
        for (int bound : bounds) {
            assertThat(scrape.sum(OURS + "model_le_" + name + "_bucket", "le", Integer.toString(bound)))
                    .as(name + " at most " + bound)
                    .isEqualTo(events.stream()
                            .filter(event -> value.applyAsLong(event) <= bound)
                            .count());
        }
        assertThat(scrape.sum(OURS + "model_" + name + "_sum"))
                .as(name)
                .isEqualTo(events.stream().mapToLong(value).sum());
    }

    private static long topScorePercent(LabelledDocument event) {
        return Math.round(
                100 * labels(event).stream().mapToDouble(Label::getScore).max().orElseThrow());
    }

    private static List<Label> labels(LabelledDocument event) {
        return event.getAnswers().get(0).getLabels();
    }

    private static void assertLabels(PrometheusScrape scrape, List<LabelledDocument> events) {
        for (Label label : labels(events.get(0))) {
            List<Label> given = events.stream()
                    .flatMap(event -> labels(event).stream())
                    .filter(each -> each.getName().equals(label.getName()))
                    .toList();
            String shown = label.getName().replaceAll("[^a-zA-Z0-9:_]", "_");
            assertThat(scrape.sum(OURS + "model_label_assigned", "model", "tiny_segments", "label", shown))
                    .isEqualTo(given.stream().filter(Label::getAboveThreshold).count());
            assertThat(scrape.sum(OURS + "model_label_scorePermille", "model", "tiny_segments", "label", shown))
                    .isEqualTo(given.stream()
                            .mapToLong(each -> Math.round(each.getScore() * 1e3))
                            .sum());
        }
        assertThat(scrape.sum(OURS + "model_label_assigned")).isPositive();
    }

    private static void assertCollected() {
        String ours = "flink.taskmanager.job.task.operator.";
        Awaitility.await().atMost(JobRun.LIMIT).untilAsserted(() -> {
            assertThat(COLLECTOR.counted())
                    .containsEntry(ours + "received", 32L)
                    .containsEntry(ours + "labelled", 31L)
                    .containsKey(ours + "model.version.precision.device.info");
            assertThat(COLLECTOR.counted().getOrDefault(ours + "model.le.latencyMillis_bucket", 0L))
                    .isGreaterThanOrEqualTo(31);
            assertThat(COLLECTOR.spans()).contains("Checkpoint");
        });
    }
}
