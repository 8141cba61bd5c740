package io.hatflow.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.ValidationException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is found out while a query is planned, without a bundle. */
class HatflowModelProviderFactoryTest {

    private final TableEnvironment tables = TableEnvironment.create(EnvironmentSettings.inStreamingMode());

    @BeforeEach
    void makeATable() {
        tables.executeSql("CREATE TABLE tickets (id INT, body STRING) WITH ('connector' = 'datagen')");
    }

    private void plan(String model) {
        tables.executeSql(model);
        tables.explainSql("SELECT * FROM ML_PREDICT(TABLE tickets, MODEL m, DESCRIPTOR(body))");
    }

    private static String model(String output, String options) {
        return "CREATE MODEL m INPUT (body STRING) OUTPUT (%s) WITH ('provider' = 'hatflow', 'bundle' = '/not/there'%s)"
                .formatted(output, options);
    }

    @Test
    void aQueryIsPlannedWithoutABundle() {
        tables.executeSql(model("label STRING, error STRING", ", 'device' = 'cuda:0', 'batch-target' = '500 ms'"));
        assertThat(
                        tables.explainSql(
                                "SELECT id, label FROM ML_PREDICT(TABLE tickets, MODEL m, DESCRIPTOR(body)) WHERE error IS NULL"))
                .contains("MLPredictTableFunction");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "label STRING, tone STRING | OUTPUT has a column tone, expected some of these: labels ARRAY<ROW<`label` STRING,",
                "labels ARRAY<STRING> | OUTPUT column labels is ARRAY<STRING>, expected ARRAY<ROW<`label` STRING, `score` DOUBLE,",
                "score FLOAT | OUTPUT column score is FLOAT, expected DOUBLE",
                "label STRING NOT NULL | OUTPUT column label is NOT NULL, but it is null where a text is rejected; leave NOT NULL out",
                "error STRING NOT NULL | OUTPUT column error is NOT NULL, but it is null where a text is not rejected; leave NOT NULL out",
                "label STRING, `vector` ARRAY<FLOAT> | but a bundle gives labels or a vector, never both; make a model of each",
            })
    void aWrongOutputIsRefused(String output, String message) {
        assertThatThrownBy(() -> plan(model(output, ""))).rootCause().hasMessageContaining(message);
    }

    @Test
    void nothingInsideALabelIsNullSoThatItMaySaySo() {
        plan(model(
                "labels ARRAY<ROW<label STRING NOT NULL, score DOUBLE NOT NULL, present BOOLEAN NOT NULL, evidence ARRAY<ROW<start_index"
                        + " INT NOT NULL, end_index INT, excerpt STRING, score DOUBLE> NOT NULL>> NOT NULL>, scores MAP<STRING NOT NULL,"
                        + " DOUBLE NOT NULL>",
                ""));
    }

    @Test
    void theModelThatAnswersIsAlwaysThere() {
        plan(model("model STRING NOT NULL, error STRING", ""));
    }

    @Test
    void whatOnlyLabelsHaveIsRefusedForVectors() {
        assertThatThrownBy(() -> plan(model("`vector` ARRAY<FLOAT>", ", 'evidence-per-label' = '1'")))
                .hasStackTraceContaining(
                        "evidence-per-label is set, but a vector is always of the whole text and has no evidence; leave it out");
    }

    @Test
    void aColumnThatTheTableHasTooGetsAZeroBehindItsName() {
        tables.executeSql("CREATE TABLE named (label STRING, body STRING) WITH ('connector' = 'datagen')");
        tables.executeSql(model("label STRING", ""));
        assertThat(tables.sqlQuery("SELECT * FROM ML_PREDICT(TABLE named, MODEL m, DESCRIPTOR(body))")
                        .getResolvedSchema()
                        .getColumnNames())
                .containsExactly("label", "body", "label0");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a INT | INPUT is (a INT), expected one column of texts, such as INPUT (body STRING)",
                "a STRING, b STRING | INPUT is (a STRING, b STRING), expected one column of texts",
            })
    void aWrongInputIsRefused(String input, String message) {
        tables.executeSql("CREATE MODEL m INPUT (" + input
                + ") OUTPUT (label STRING) WITH ('provider' = 'hatflow', 'bundle' = '/not/there')");
        String columns = input.contains(",") ? "body, body" : "id";
        assertThatThrownBy(() -> tables.explainSql(
                        "SELECT * FROM ML_PREDICT(TABLE tickets, MODEL m, DESCRIPTOR(" + columns + "))"))
                .rootCause()
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'max-characters' = '0' | max-characters is 0, expected a whole number from 1",
                "'batch-segments' = 'many' | many",
                "'run-timeout' = '0 s' | run-timeout is PT0S, expected a duration such as 500 ms, 10 s, 15 min or 1 h",
                "'device' = 'tpu' | device is \"tpu\", expected auto, cpu or cuda:N, such as cuda:0",
                "'long-documents' = 'cut' | WINDOW",
                "'public-key' = '/not/there.pem' | public-key: ",
                "'capacity' = '5' | Unsupported options found for 'hatflow'",
            })
    void aWrongOptionIsRefused(String option, String message) {
        assertThatThrownBy(() -> plan(model("label STRING", ", " + option)))
                .isInstanceOf(ValidationException.class)
                .hasStackTraceContaining(message);
    }

    @Test
    void aModelWithoutABundleIsRefused() {
        assertThatThrownBy(() ->
                        plan("CREATE MODEL m INPUT (body STRING) OUTPUT (label STRING) WITH ('provider' = 'hatflow')"))
                .hasStackTraceContaining("bundle");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "capacity | 100 | ML_PREDICT is given [capacity], expected keys among [async, max-concurrent-operations, output-mode,",
                "max-concurrent-operations | 0 | max-concurrent-operations is 0, expected a whole number from 1",
                "async | false | Require sync",
            })
    void aWrongSettingOfAQueryIsRefused(String key, String value, String message) {
        tables.executeSql(model("label STRING", ""));
        assertThatThrownBy(() ->
                        tables.explainSql("SELECT * FROM ML_PREDICT(TABLE tickets, MODEL m, DESCRIPTOR(body), MAP['"
                                + key + "', '" + value + "'])"))
                .hasStackTraceContaining(message);
    }

    @Test
    void aTableWhoseRowsChangeIsRefused() {
        tables.executeSql("CREATE VIEW latest AS SELECT body, MAX(id) AS id FROM tickets GROUP BY body");
        tables.executeSql(model("label STRING", ""));
        assertThatThrownBy(() -> tables.explainSql("SELECT * FROM ML_PREDICT(TABLE latest, MODEL m, DESCRIPTOR(body))"))
                .hasStackTraceContaining("doesn't support consuming update changes");
    }
}
