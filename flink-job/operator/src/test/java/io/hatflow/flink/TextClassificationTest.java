package io.hatflow.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.inference.BatchSize;
import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.Rejection;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.onnx.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.CloseableIterator;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams of somebody's own elements, with a real but tiny model. */
@Timeout(120)
@SuppressWarnings("try") // the iterator may throw InterruptedException when it closes
class TextClassificationTest {

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    /** An element as a job of one's own may have it. */
    public record Ticket(long number, @Nullable String body) {}

    private static final List<Ticket> TICKETS = List.of(
            new Ticket(1, "The parties agree to pay within thirty days."),
            new Ticket(2, ""),
            new Ticket(3, null),
            new Ticket(4, "This agreement is governed by the laws of Norway. ".repeat(60)));

    private static StreamExecutionEnvironment environment() {
        Configuration options = new Configuration();
        options.set(PipelineOptions.GENERIC_TYPES, false);
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(options);
        environment.setParallelism(2);
        return environment;
    }

    private static List<Classified<Ticket>> classified(
            Function<DataStream<Ticket>, TextClassification<Ticket>> classification) throws Exception {
        return classified(Bundles.TINY, classification);
    }

    private static List<Classified<Ticket>> classified(
            Path bundle, Function<DataStream<Ticket>, TextClassification<Ticket>> classification) throws Exception {
        DataStream<Ticket> tickets = environment().fromData(TICKETS);
        SingleOutputStreamOperator<Classified<Ticket>> classified =
                classification.apply(tickets).bundle(bundle.toString()).classify();
        List<Classified<Ticket>> found = new ArrayList<>();
        // Over the network, so that what leaves is serialized.
        try (CloseableIterator<Classified<Ticket>> results =
                classified.rebalance().filter(each -> true).executeAndCollect()) {
            results.forEachRemaining(found::add);
        }
        return found;
    }

    private static Classified<Ticket> of(List<Classified<Ticket>> classified, long number) {
        return classified.stream()
                .filter(each -> each.element().number() == number)
                .findFirst()
                .orElseThrow();
    }

    @AfterEach
    void nothingIsLeftOpen() {
        Awaitility.await().untilAsserted(() -> assertThat(ClassifierPool.open()).isZero());
    }

    @Test
    void eachElementLeavesWithItsLabelsOrTheReasonWhyThereAreNone() throws Exception {
        List<Classified<Ticket>> classified = classified(tickets -> TextClassification.of(tickets, Ticket::body));

        assertThat(classified).extracting(Classified::element).containsExactlyInAnyOrderElementsOf(TICKETS);
        try (DocumentClassifier alone = DocumentClassifier.open(Bundles.TINY, ClassifierSettings.defaults())) {
            for (Classified<Ticket> each : classified) {
                String body = each.element().body();
                Outcome expected = alone.classify(body == null ? "" : body).get(30, TimeUnit.SECONDS);
                if (expected instanceof Rejection rejection) {
                    assertThat(each.rejection()).isEqualTo(rejection);
                    assertThat(each.isRejected()).isTrue();
                    assertThat(each.labels()).isEmpty();
                } else {
                    assertThat(each.isRejected()).isFalse();
                    assertThat(each.labels())
                            .usingRecursiveFieldByFieldElementComparator()
                            .hasSameSizeAs(alone.bundle().labels())
                            .allMatch(label -> !label.evidence().isEmpty());
                    assertThat(each.present()).allMatch(LabelScore::aboveThreshold);
                }
                assertThat(each.model().digest()).isEqualTo(alone.bundle().digest());
            }
        }
        assertThat(of(classified, 2).rejection()).extracting(Rejection::reason).isEqualTo(Rejection.Reason.EMPTY_TEXT);
    }

    @Test
    void settingsReachTheClassifier() throws Exception {
        List<Classified<Ticket>> classified = classified(tickets -> TextClassification.of(tickets, Ticket::body)
                .unordered()
                .capacity(2)
                .capacityMemory(100)
                .urgent(ticket -> ticket.number() == 4)
                .device(Device.CPU)
                .inferenceThreads(1)
                .batchSize(new BatchSize.Fixed(2))
                .longDocuments(LongDocuments.TRUNCATE)
                .evidencePerLabel(1));

        assertThat(of(classified, 4).classification())
                .satisfies(seen -> assertThat(seen.coverage()).isEqualTo(Coverage.TRUNCATED));
        assertThat(of(classified, 1).labels())
                .allSatisfy(label -> assertThat(label.evidence()).hasSize(1));
    }

    @Test
    void aTextThatComesInSegmentsKeepsThem() throws Exception {
        List<Classified<Ticket>> classified = classified(tickets -> TextClassification.ofSegments(
                tickets, ticket -> ticket.number() == 1 ? List.of("Pay.", "Soon.") : List.of()));

        assertThat(of(classified, 1).classification())
                .satisfies(seen -> assertThat(seen.segments()).isEqualTo(2));
        assertThat(of(classified, 2).isRejected()).isTrue();
    }

    @Test
    void aBundleThatIsRefusedEndsTheJobInsteadOfRestartingItForEver() {
        StreamExecutionEnvironment environment = environment();
        Configuration restarts = new Configuration();
        restarts.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
        restarts.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, Integer.MAX_VALUE);
        environment.configure(restarts);
        TextClassification.of(environment.fromData(TICKETS), Ticket::body)
                .bundle("/nowhere")
                .classify()
                .sinkTo(new DiscardingSink<>());

        assertThatThrownBy(environment::execute).hasStackTraceContaining("there is no such folder");
    }

    @Test
    void whatIsMissingOrOutOfRangeIsSaidBeforeTheJobRuns() {
        TextClassification<Ticket> classification =
                TextClassification.of(environment().fromData(TICKETS), Ticket::body);
        assertThatThrownBy(classification::classify)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no bundle is set; expected bundle(");
        assertThatThrownBy(() -> classification.bundle("/models/a").capacity(0).classify())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("capacity is 0, expected at least 1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-documents", "tiny-quality"})
    void classifiedElementsKeepEverythingWhenTheyAreSerialized(String bundle) throws Exception {
        for (Classified<Ticket> each :
                classified(Bundles.named(bundle), tickets -> TextClassification.of(tickets, Ticket::body))) {
            TypeSerializer<Classified<Ticket>> serializer = Classified.type(
                            environment().fromData(TICKETS).getType())
                    .createSerializer(environment().getConfig().getSerializerConfig());
            DataOutputSerializer bytes = new DataOutputSerializer(64);
            serializer.serialize(each, bytes);

            assertThat(serializer.deserialize(new DataInputDeserializer(bytes.getCopyOfBuffer())))
                    .isEqualTo(each);
        }
    }
}
