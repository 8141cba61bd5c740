package io.hatflow.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.inference.Classification;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.label.LabelScore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;
import org.apache.flink.util.ExceptionUtils;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Queries over real but tiny models. */
@Timeout(120)
@SuppressWarnings("try") // the iterator may throw InterruptedException when it closes
class HatflowPredictFunctionTest {

    private static final String TEXT = "The parties \uD83D\uDE00 agree to pay within thirty days. ".repeat(20);

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(4)
            .build());

    private final StreamTableEnvironment tables =
            StreamTableEnvironment.create(StreamExecutionEnvironment.getExecutionEnvironment());

    @AfterEach
    void everyModelIsClosed() {
        Awaitility.await().until(() -> ClassifierPool.open() == 0);
    }

    private List<Row> rows(String query) throws Exception {
        List<Row> rows = new ArrayList<>();
        try (CloseableIterator<Row> results = tables.executeSql(query).collect()) {
            results.forEachRemaining(rows::add);
        }
        return rows;
    }

    private void texts(String... texts) {
        StringBuilder values = new StringBuilder();
        for (int i = 0; i < texts.length; i++) {
            values.append(i == 0 ? "" : ", ")
                    .append("(")
                    .append(i)
                    .append(", '")
                    .append(texts[i])
                    .append("')");
        }
        tables.executeSql("CREATE VIEW tickets AS SELECT * FROM (VALUES " + values + ") AS t (id, body)");
    }

    @Test
    void aRowHoldsWhatTheModelSays() throws Exception {
        texts(TEXT);
        tables.executeSql(Model.create(
                "m",
                "tiny-documents",
                "score DOUBLE, error STRING, scores MAP<STRING, DOUBLE>, label STRING, coverage STRING, model STRING, "
                        + Model.LABELS));

        Row row = rows("SELECT * FROM ML_PREDICT(TABLE tickets, MODEL m, DESCRIPTOR(body))")
                .get(0);

        try (DocumentClassifier classifier =
                DocumentClassifier.open(Model.bundle("tiny-documents"), ClassifierSettings.defaults())) {
            Classification expected = (Classification) classifier.classify(TEXT).get();
            LabelScore best = expected.labels().stream()
                    .max((one, other) -> Float.compare(one.score(), other.score()))
                    .orElseThrow();
            assertThat(row.getField("label")).isEqualTo(best.label());
            assertThat((Double) row.getField("score")).isCloseTo(best.score(), within(1e-5));
            assertThat(row.getField("error")).isNull();
            assertThat(row.getField("coverage")).isEqualTo(expected.coverage().name());
            assertThat(row.getField("model"))
                    .isEqualTo(classifier.bundle().name() + " "
                            + classifier.bundle().version());
            Map<?, ?> scores = (Map<?, ?>) row.getField("scores");
            Row[] labels = (Row[]) row.getField("labels");
            assertThat(labels).hasSameSizeAs(expected.labels());
            for (int i = 0; i < labels.length; i++) {
                LabelScore label = expected.labels().get(i);
                assertThat(labels[i].getField("label")).isEqualTo(label.label());
                assertThat((Double) labels[i].getField("score")).isCloseTo(label.score(), within(1e-5));
                assertThat(labels[i].getField("present")).isEqualTo(label.aboveThreshold());
                assertThat((Row[]) labels[i].getField("evidence"))
                        .hasSameSizeAs(label.evidence())
                        .allSatisfy(evidence -> assertThat((String) evidence.getField("excerpt"))
                                .isNotEmpty());
                assertThat((Double) scores.get(label.label())).isCloseTo(label.score(), within(1e-5));
            }
        }
    }

    @Test
    void placesAreCountedAsSqlCountsThem() throws Exception {
        texts(TEXT, "Plain text of one sentence.");
        tables.executeSql(Model.create("m", "tiny-segments", Model.LABELS));

        List<Row> rows = rows("SELECT SUBSTRING(body FROM start_index + 1 FOR end_index - start_index), excerpt"
                + " FROM ML_PREDICT(TABLE tickets, MODEL m, DESCRIPTOR(body))"
                + " CROSS JOIN UNNEST(labels) AS l (label, label_score, present, evidence)"
                + " CROSS JOIN UNNEST(evidence) AS e (start_index, end_index, excerpt, score)");

        assertThat(rows).isNotEmpty().allSatisfy(row -> assertThat(row.getField(0))
                .isEqualTo(row.getField(1)));
    }

    @Test
    void aRejectedTextIsARowWithAReason() throws Exception {
        texts("", "   ", "far too long for a model that is told to take ten characters");
        tables.executeSql("CREATE VIEW more AS SELECT * FROM tickets UNION ALL SELECT 3, CAST(NULL AS STRING)");
        tables.executeSql(Model.create(
                "m", "tiny-documents", "label STRING, error STRING, model STRING", "'max-characters' = '10'"));

        List<Row> rows = rows("SELECT id, label, error, model FROM ML_PREDICT(TABLE more, MODEL m, DESCRIPTOR(body))");

        assertThat(rows).hasSize(4).allSatisfy(row -> {
            assertThat(row.getField("label")).isNull();
            assertThat((String) row.getField("model")).startsWith("tiny-documents ");
            assertThat((String) row.getField("error"))
                    .startsWith((int) row.getField("id") == 2 ? "TEXT_TOO_LONG: " : "EMPTY_TEXT: ");
        });
    }

    private static final String NOISE = "Q7xZ+/9kVbJ2Gq8ZxXK0WvQ4jZ7Hq9T+zJ".repeat(30);

    @Test
    void aLanguageModelSaysWhatIsGarbledAndWhere() throws Exception {
        String clean = "The parties \uD83D\uDE00 agree that each of them shall pay its own costs. ".repeat(20);
        texts(clean, clean + NOISE + clean);
        tables.executeSql(Model.create(
                "m",
                "tiny-quality",
                "label STRING, score DOUBLE, bits_per_byte DOUBLE, scores MAP<STRING, DOUBLE>, coverage STRING, "
                        + Model.LABELS));

        List<Row> rows = rows("SELECT id, label, score, bits_per_byte, scores['garbled-passage'], coverage,"
                + " labels[1].present, labels[2].present, labels[2].evidence[1].excerpt, labels[2].evidence[1].start_index"
                + " FROM ML_PREDICT(TABLE tickets, MODEL m, DESCRIPTOR(body))");

        Row first = rows.get(0);
        assertThat((Double) first.getField(3)).isBetween(2.0, 5.0);
        assertThat(first.getField(6)).isEqualTo(false);
        assertThat(first.getField(7)).isEqualTo(false);
        Row second = rows.get(1);
        assertThat(second.getField(1)).isEqualTo("garbled-passage");
        assertThat(second.getField(2)).isEqualTo(second.getField(4));
        assertThat((Double) second.getField(4)).isGreaterThan(2);
        assertThat(second.getField(5)).isEqualTo("SAMPLED");
        assertThat(second.getField(6)).isEqualTo(false);
        assertThat(second.getField(7)).isEqualTo(true);
        assertThat(NOISE).contains((String) second.getField(8));
        assertThat((Integer) second.getField(9)).isGreaterThanOrEqualTo(clean.codePointCount(0, clean.length()));
    }

    @Test
    void aLanguageModelStandsBeforeAClassifierAsAGate() throws Exception {
        String clean = "The parties agree that each of them shall pay its own costs. ".repeat(20);
        texts(clean, NOISE, clean + NOISE, "", "We agree to pay within thirty days.");
        tables.executeSql(Model.create("quality", "tiny-quality", Model.LABELS));
        tables.executeSql(Model.create("kinds", "tiny-documents", "label STRING, error STRING"));
        tables.executeSql("CREATE VIEW readable AS SELECT id, body"
                + " FROM ML_PREDICT(TABLE tickets, MODEL quality, DESCRIPTOR(body))"
                + " WHERE NOT labels[1].present AND NOT labels[2].present");

        List<Row> rows = rows("SELECT id, label, error FROM ML_PREDICT(TABLE readable, MODEL kinds, DESCRIPTOR(body))");

        assertThat(rows).extracting(row -> row.getField("id")).containsExactlyInAnyOrder(0, 4);
        assertThat(rows)
                .allSatisfy(row -> assertThat((String) row.getField("label")).isNotEmpty());
    }

    @Test
    void anEmbeddingBundleGivesVectors() throws Exception {
        texts(TEXT, "");
        tables.executeSql(Model.create("m", "tiny-vectors", "`vector` ARRAY<FLOAT>, coverage STRING, error STRING"));

        List<Row> rows =
                rows("SELECT id, `vector`, coverage, error FROM ML_PREDICT(TABLE tickets, MODEL m, DESCRIPTOR(body))");

        assertThat((Float[]) rows.get(0).getField("vector")).isNotEmpty().doesNotContainNull();
        assertThat(rows.get(0).getField("coverage")).isNotNull();
        assertThat(rows.get(1).getField("vector")).isNull();
        assertThat((String) rows.get(1).getField("error")).startsWith("EMPTY_TEXT");
    }

    @Test
    void aBundleThatGivesSomethingElseEndsTheQuery() {
        texts(TEXT);
        tables.executeSql(Model.create("m", "tiny-vectors", "label STRING"));
        assertThatThrownBy(() -> rows("SELECT label FROM ML_PREDICT(TABLE tickets, MODEL m, DESCRIPTOR(body))"))
                .hasStackTraceContaining(
                        "its task is embedding, expected document-classification or segment-classification or token-classification or language-model")
                .satisfies(failure ->
                        assertThat(ExceptionUtils.stringifyException(failure)).doesNotContain("thirty days"));
    }

    /** From a file, whose rows reach the operator as they are, with a text that Flink's messages would show. */
    @Test
    void aFailureOfTheMachineDoesNotSayWhatTheTextWas(@TempDir Path folder) throws Exception {
        Path posts = Files.createDirectories(folder.resolve("posts"));
        Files.writeString(posts.resolve("one.json"), "{\"body\": \"" + TEXT.repeat(200) + "\"}");
        tables.executeSql(
                // Watched, as Flink loses the reason of a task that fails before it has been told that there are no
                // more files.
                "CREATE TABLE posts (body STRING) WITH ('connector' = 'filesystem', 'format' = 'json',"
                        + " 'source.monitor-interval' = '1 h', 'path' = '" + posts.toUri() + "')");
        tables.executeSql(Model.create("m", "tiny-segments", "label STRING", "'run-timeout' = '1 ms'"));
        tables.getConfig().set("restart-strategy.type", "none");
        try (LogFile log = LogFile.in(folder)) {
            assertThatThrownBy(() -> rows("SELECT label FROM ML_PREDICT(TABLE posts, MODEL m, DESCRIPTOR(body))"))
                    .hasStackTraceContaining("has not returned within 1 ms")
                    .satisfies(failure -> assertThat(ExceptionUtils.stringifyException(failure))
                            .doesNotContain("thirty days"));
            assertThat(log.text()).contains("has not returned within 1 ms").doesNotContain("thirty days");
        }
    }

    @Test
    void aQueryThatHoldsTooFewTextsToFillBatchesIsToldSo(@TempDir Path folder) throws Exception {
        tables.executeSql("CREATE TABLE posts (body STRING) WITH ('connector' = 'datagen', 'number-of-rows' = '3000')");
        tables.executeSql(Model.create("m", "tiny-documents", "label STRING", "'batch-segments' = '500'"));
        tables.getConfig().set("parallelism.default", "1");
        try (LogFile log = LogFile.in(folder)) {
            rows(
                    "SELECT label FROM ML_PREDICT(TABLE posts, MODEL m, DESCRIPTOR(body), MAP['max-concurrent-operations', '7'])");
            assertThat(log.text()).containsOnlyOnce("A task of this query waits for 7 texts");
        }
    }

    @Test
    void twoQueriesShareOneModel() throws Exception {
        tables.executeSql("CREATE TABLE posts (body STRING) WITH ('connector' = 'datagen', 'rows-per-second' = '20')");
        tables.executeSql(Model.create("m", "tiny-documents", "label STRING, error STRING"));
        String from = " FROM ML_PREDICT(TABLE posts, MODEL m, DESCRIPTOR(body))";
        try (CloseableIterator<Row> labels =
                        tables.executeSql("SELECT label" + from).collect();
                CloseableIterator<Row> errors =
                        tables.executeSql("SELECT error" + from).collect()) {
            labels.next();
            errors.next();
            assertThat(ClassifierPool.open()).isEqualTo(1);
        }
    }
}
