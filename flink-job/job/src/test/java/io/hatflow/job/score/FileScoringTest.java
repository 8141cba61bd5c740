package io.hatflow.job.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.job.TinyBundle;
import io.hatflow.job.classify.ClassifySettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real pipeline over a file, with a tiny bundle. */
@Timeout(120)
class FileScoringTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PrintStream NOBODY =
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);

    private final ClassifySettings settings = TinyBundle.settings(
            "--classify.capacity=4", "--model.inference-threads=1", "--model.long-documents=truncate");

    @TempDir
    private Path folder = Path.of("");

    private Path input = Path.of("");
    private Path output = Path.of("");

    @BeforeEach
    void nameFiles() {
        input = folder.resolve("docs.jsonl");
        output = folder.resolve("events.jsonl");
    }

    private static String line(String id, String text) throws IOException {
        return JSON.writeValueAsString(Map.of("id", id, "text", text));
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private List<Path> filesOfTheRun() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(each -> !each.equals(input)).sorted().toList();
        }
    }

    @Test
    void everyLineEndsInOneOfTheTwoFilesInItsOrder() throws Exception {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            lines.add(line("d" + i, "The parties agree on this. ".repeat(1 + 60 * (i % 3))));
        }
        lines.set(3, "{bad");
        lines.set(5, "{\"id\": \"x\"}");
        lines.set(7, "{\"id\": 7, \"text\": \"text\"}");
        lines.set(9, "");
        lines.set(11, line("e", " \n"));
        lines.set(13, line(" ", "text"));
        lines.set(15, "[1]");
        // Megabytes, most of which cost the model nothing.
        lines.add(line("long", "Zwölf 😀 Boxkämpfer." + "\u00a0".repeat(2_000_000) + "The end."));
        Files.writeString(input, String.join("\n", lines));

        FileScoring.Summary summary = new FileScoring(settings, input, output, false).run(NOBODY);

        assertThat(summary.documents()).isEqualTo(54);
        assertThat(summary.rejected()).isEqualTo(7);
        List<JsonNode> events = lines(output);
        assertThat(events).hasSize(54);
        assertThat(events.stream().map(event -> event.get("id").textValue()).limit(4))
                .containsExactly("d0", "d1", "d2", "d4");
        assertThat(events.get(53).get("id").textValue()).isEqualTo("long");
        JsonNode event = events.get(0);
        assertThat(event.get("model").textValue()).isEqualTo("tiny-documents:1");
        assertThat(event.get("labels")).hasSize(3).allSatisfy(label -> {
            assertThat(label.get("label").isTextual()).isTrue();
            assertThat(label.get("score").isNumber()).isTrue();
            assertThat(label.get("above_threshold").isBoolean()).isTrue();
            assertThat(label.get("evidence")).isNotEmpty().allSatisfy(span -> assertThat(
                            span.get("end").intValue())
                    .isGreaterThan(span.get("start").intValue()));
        });
        assertThat(lines(summary.rejectedFile()).stream()
                        .map(each -> each.get("line") + " " + each.get("reason").textValue()))
                .containsExactly(
                        "4 MALFORMED_DOCUMENT",
                        "6 MALFORMED_DOCUMENT",
                        "8 MALFORMED_DOCUMENT",
                        "10 MALFORMED_DOCUMENT",
                        "12 EMPTY_TEXT",
                        "14 INVALID_ID",
                        "16 MALFORMED_DOCUMENT");
        assertThat(filesOfTheRun()).containsExactly(output, summary.rejectedFile());
    }

    @Test
    void textThatIsNotUtf8IsRejected() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes("{\"id\": \"a\", \"text\": \"".getBytes(StandardCharsets.UTF_8));
        bytes.write(0xE4);
        bytes.writeBytes("\"}\n".getBytes(StandardCharsets.UTF_8));
        Files.write(input, bytes.toByteArray());

        FileScoring.Summary summary = new FileScoring(settings, input, output, false).run(NOBODY);

        assertThat(lines(summary.rejectedFile()).get(0).get("message").textValue())
                .contains("not UTF-8");
        assertThat(Files.size(output)).isZero();
    }

    @Test
    void filesOfAnEarlierRunAreOnlyReplacedOnDemand() throws Exception {
        Files.writeString(input, line("d", "A text.") + "\n");
        Files.writeString(output, "earlier");
        Path earlierRejected = Files.writeString(folder.resolve("events.jsonl.rejected.jsonl"), "earlier");

        assertThatThrownBy(() -> new FileScoring(settings, input, output, false).run(NOBODY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("events.jsonl exists")
                .hasMessageContaining("--overwrite");
        assertThat(output).hasContent("earlier");

        new FileScoring(settings, input, output, true).run(NOBODY);
        assertThat(lines(output)).hasSize(1);
        assertThat(earlierRejected).doesNotExist();
    }

    @Test
    void aRefusedBundleLeavesNoFile() throws Exception {
        Files.writeString(input, line("d", "A text."));

        assertThatThrownBy(() -> new FileScoring(TinyBundle.settings("--model.bundle=" + folder), input, output, false)
                        .run(NOBODY))
                .isInstanceOf(BundleException.class);
        assertThat(filesOfTheRun()).isEmpty();
    }

    @Test
    void anEmptyFileIsScoredToAnEmptyFile() throws Exception {
        Files.writeString(input, "");

        assertThat(new FileScoring(settings, input, output, false).run(NOBODY).documents())
                .isZero();
        assertThat(output).isEmptyFile();
    }
}
