package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read from a file that holds no mistake; {@link WrongSettingsTest} has the others. */
class SettingsFileTest {

    private static final String NEEDED = "model.bundle: /b\nkafka.bootstrap-servers: b:1\n";

    @TempDir
    Path folder = Path.of("");

    private JobSettings read(String name, String content) throws IOException {
        Path file = Files.writeString(folder.resolve(name), content);
        return JobSettings.read(new String[] {"--config=" + file}, Map.of());
    }

    private JobSettings yaml(String content) throws IOException {
        return read("job.yaml", NEEDED + content);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "off",
                "no",
                "No",
                "on",
                "yes",
                "y",
                "n",
                "true",
                "False",
                "0123",
                "0o17",
                "0x1F",
                "0b101",
                "2024_10",
                "1_000",
                "1e3",
                ".5",
                "+1",
                "-0",
                "1.0",
                "1.50",
                ".inf",
                ".nan",
                "2024-10-01",
                "2024-10-01T12:00:00Z",
                "12:30:45",
                "190:20:30",
                "nil",
                "None",
                "nULL",
                "a#b",
                "a:b",
                "0",
                "007",
                "1.2.3",
                "%x",
                "=",
                "a b  c",
                "a,b"
            })
    void aValueIsTheTextThatWasWritten(String text) throws IOException {
        String quote = text.startsWith("%") ? "'" : "";
        assertThat(yaml("kafka.group-id: " + quote + text + quote).source().groupId())
                .isEqualTo(text);
        assertThat(yaml("kafka: {properties: {client.id: \"" + text + "\"}}").kafkaProperties())
                .containsEntry("client.id", text);
        assertThat(read("job.properties", "model.bundle=/b\nkafka.bootstrap-servers=b:1\nkafka.group-id=" + text)
                        .source()
                        .groupId())
                .isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "~", "null", "Null", "NULL", "# a comment", "''", "\"\""})
    void aValueIsEmptyWhereNothingOrNullIsWritten(String text) throws IOException {
        assertThat(yaml("kafka.properties.ssl.endpoint.identification.algorithm: " + text)
                        .kafkaProperties())
                .containsEntry("ssl.endpoint.identification.algorithm", "");
    }

    @Test
    void nullInQuotesIsAText() throws IOException {
        assertThat(yaml("kafka.group-id: 'null'\njob.name: \"~\"").source().groupId())
                .isEqualTo("null");
    }

    @Test
    void whatTheDocumentsGiveAsAnExampleIsRead() throws IOException {
        assertThat(yaml("dead-letters.max-ratio: off").rejectionLimit().maxRatio())
                .isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(yaml("dead-letters: {max-ratio: 0.25}").rejectionLimit().maxRatio())
                .isEqualTo(0.25);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"[a, b]| a,b", "[2024_10, off, 010]| 2024_10,off,010", "a, b| a,b", "[a]| a"})
    void aListIsWhatCommasWouldSeparate(String written, String topics) throws IOException {
        assertThat(yaml("kafka.input-topics: " + written).source().topics().names())
                .containsExactly(topics.split(","));
    }

    @Test
    void aListForFlinkIsSeparatedByItsSemicolons() throws IOException {
        String option = "classloader.parent-first-patterns.additional";

        assertThat(yaml("flink:\n  " + option + ":\n    - ai.onnxruntime\n    - ai.djl\n")
                        .flinkOptions())
                .containsEntry(option, "ai.onnxruntime;ai.djl");
    }

    @Test
    void whatAnAliasStandsForIsReadInItsPlace() throws IOException {
        JobSettings settings =
                yaml("job.name: &name clauses\nkafka: {group-id: *name, properties: &all {client.id: *name}}\n");

        assertThat(settings.source().groupId()).isEqualTo("clauses");
        assertThat(settings.kafkaProperties()).containsEntry("client.id", "clauses");
    }

    @Test
    void longTextsMayTakeSeveralLines() throws IOException {
        JobSettings settings = yaml(
                "kafka.properties:\n  sasl.jaas.config: >-\n    Module required\n    user=\"a\";\n  client.id: |-\n    a\n    b\n");

        assertThat(settings.kafkaProperties())
                .containsEntry("sasl.jaas.config", "Module required user=\"a\";")
                .containsEntry("client.id", "a\nb");
    }

    @ParameterizedTest
    @ValueSource(strings = {"job.yaml", "job.properties"})
    void aByteOrderMarkAndTheLineEndsOfWindowsDoNotMatter(String name) throws IOException {
        String content = "\uFEFFkafka.bootstrap-servers: b:1\r\nmodel.bundle: /b\r\nkafka.group-id: mine\r\n";

        assertThat(read(name, content).source().groupId()).isEqualTo("mine");
    }

    @Test
    void mappingsMayBeWrittenInPartsIfNoKeyComesTwice() throws IOException {
        JobSettings settings =
                yaml("kafka.properties.a: 1\nkafka.properties:\n  b: 2\nkafka:\n  properties:\n    c: 3\n");

        assertThat(settings.kafkaProperties()).containsOnlyKeys("a", "b", "c");
    }

    @Test
    void aFileOfJsonIsYaml() throws IOException {
        byte[] json = "{\"kafka\": {\"bootstrap-servers\": \"b:1\", \"group-id\": \"007\"}, \"model.bundle\": \"/b\"}"
                .getBytes(StandardCharsets.UTF_8);

        assertThat(read("job.json", new String(json, StandardCharsets.UTF_8))
                        .source()
                        .groupId())
                .isEqualTo("007");
    }

    @Test
    void aDocumentMayHaveItsMarks() throws IOException {
        assertThat(read("job.yaml", "---\n" + NEEDED + "kafka.group-id: on\n...\n")
                        .source()
                        .groupId())
                .isEqualTo("on");
    }
}
