package io.hatflow.cli.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.hatflow.cli.files.Input;
import io.hatflow.cli.score.FileScoring.Start;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.job.TinyBundle;
import io.hatflow.job.classify.ClassifySettings;
import io.hatflow.job.config.SettingValues;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.format.FormatSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    private static FileScoring scoring(ClassifySettings settings, Path input, Path output, Start start) {
        return new FileScoring(
                settings, new Input(input, Input.Format.JSON, ','), DocumentFormat.lines(), output, start);
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
        lines.set(7, "{\"id\": {}, \"text\": \"text\"}");
        lines.set(9, "");
        lines.set(11, line("e", " \n"));
        lines.set(13, line(" ", "text"));
        lines.set(15, "[1]");
        // Megabytes, most of which cost the model nothing.
        lines.add(line("long", "Zwölf 😀 Boxkämpfer." + "\u00a0".repeat(2_000_000) + "The end."));
        Files.writeString(input, String.join("\n", lines));

        FileScoring.Summary summary =
                scoring(settings, input, output, Start.NEW).run(NOBODY);

        assertThat(summary.documents()).isEqualTo(54);
        assertThat(summary.rejected()).isEqualTo(7);
        List<JsonNode> events = lines(output);
        assertThat(events).hasSize(54);
        assertThat(events.stream()
                        .map(event -> event.get("document_id").textValue())
                        .limit(4))
                .containsExactly("d0", "d1", "d2", "d4");
        assertThat(events.get(53).get("document_id").textValue()).isEqualTo("long");
        assertThat(events.get(0).get("answers")).hasSize(1);
        JsonNode answer = events.get(0).at("/answers/0");
        assertThat(answer.at("/model/name").textValue()).isEqualTo("tiny-documents");
        assertThat(answer.at("/model/version").textValue()).isEqualTo("1");
        assertThat(answer.get("coverage").textValue()).isEqualTo("COMPLETE");
        assertThat(answer.get("labels")).hasSize(3).allSatisfy(label -> {
            assertThat(label.get("name").isTextual()).isTrue();
            assertThat(label.get("score").isNumber()).isTrue();
            assertThat(label.get("above_threshold").isBoolean()).isTrue();
            assertThat(label.get("evidence")).isNotEmpty().allSatisfy(span -> assertThat(
                            span.get("end").intValue())
                    .isGreaterThan(span.get("start").intValue()));
        });
        assertThat(lines(summary.rejectedFile()).stream()
                        .map(each ->
                                each.get("record") + " " + each.get("reason").textValue()))
                .containsExactly(
                        "4 NOT_JSON",
                        "6 MISSING_FIELD",
                        "8 WRONG_TYPE",
                        "10 NOT_JSON",
                        "12 EMPTY_TEXT",
                        "14 INVALID_ID",
                        "16 WRONG_TYPE");
        assertThat(filesOfTheRun()).containsExactly(output, summary.rejectedFile());
    }

    @Test
    void aLanguageModelSaysWhichPassagesAreWorst() throws Exception {
        String clean = "The parties agree that each of them shall pay its own costs. ".repeat(40);
        String noise = "Q7xZ+/9kVbJ2Gq8ZxXK0WvQ4jZ7Hq9T+zJ".repeat(30);
        Files.write(
                input,
                List.of(
                        line("clean", clean),
                        line("damaged", clean.substring(0, 1_000) + noise + clean.substring(1_000)),
                        line("empty", ""),
                        line("noise", noise)));
        ClassifySettings quality = TinyBundle.settings(
                "--model.bundle=" + TinyBundle.PATH.resolveSibling("tiny-quality"), "--model.inference-threads=1");

        FileScoring.Summary summary = scoring(quality, input, output, Start.NEW).run(NOBODY);

        assertThat(summary.garbled()).hasSize(4);
        assertThat(summary.garbled().get(0))
                .isEqualTo("Garbled: 1 of 3 documents of this run; with a garbled passage: 2. Worst passages:");
        assertThat(summary.garbled().subList(1, 3))
                .anySatisfy(
                        line -> assertThat(line)
                                .matches(
                                        "  surprise \\d\\.\\d{3}, +\\d+\\.\\d\\d bits per byte  damaged, characters 1,\\d+ to 1,\\d+; all of it \\d\\.\\d\\d"));
        assertThat(summary.garbled().get(3)).contains("bits per byte  clean, characters ");
        JsonNode damaged = lines(output).get(1).at("/answers/0");
        assertThat(damaged.get("coverage").textValue()).isEqualTo("SAMPLED");
        assertThat(damaged.get("bits_per_byte").doubleValue()).isBetween(4.0, 8.0);
        assertThat(damaged.at("/labels/1/evidence/0/bits_per_byte").doubleValue())
                .isGreaterThan(8);
        assertThat(damaged.at("/labels/1/name").textValue()).isEqualTo("garbled-passage");
        assertThat(damaged.at("/labels/1/above_threshold").booleanValue()).isTrue();

        assertThat(scoring(settings, input, output, Start.OVERWRITE).run(NOBODY).garbled())
                .isEmpty();
    }

    @Test
    void textThatIsNotUtf8IsRejected() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes("{\"id\": \"a\", \"text\": \"".getBytes(StandardCharsets.UTF_8));
        bytes.write(0xE4);
        bytes.writeBytes("\"}\n".getBytes(StandardCharsets.UTF_8));
        Files.write(input, bytes.toByteArray());

        FileScoring.Summary summary =
                scoring(settings, input, output, Start.NEW).run(NOBODY);

        assertThat(lines(summary.rejectedFile()).get(0).get("message").textValue())
                .contains("not UTF-8");
        assertThat(Files.size(output)).isZero();
    }

    @Test
    void filesOfAnEarlierRunAreOnlyReplacedOnDemand() throws Exception {
        Files.writeString(input, line("d", "A text.") + "\n");
        Files.writeString(output, "earlier");
        Path earlierRejected = Files.writeString(folder.resolve("events.jsonl.rejected.jsonl"), "earlier");

        assertThatThrownBy(() -> scoring(settings, input, output, Start.NEW).run(NOBODY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("events.jsonl exists")
                .hasMessageContaining("--overwrite");
        assertThat(output).hasContent("earlier");

        scoring(settings, input, output, Start.OVERWRITE).run(NOBODY);
        assertThat(lines(output)).hasSize(1);
        assertThat(earlierRejected).doesNotExist();
    }

    @Test
    void aRefusedBundleLeavesNoFile() throws Exception {
        Files.writeString(input, line("d", "A text."));

        assertThatThrownBy(() -> scoring(TinyBundle.settings("--model.bundle=" + folder), input, output, Start.NEW)
                        .run(NOBODY))
                .isInstanceOf(BundleException.class);
        assertThat(filesOfTheRun()).isEmpty();
    }

    @Test
    void fieldsOfOnesOwnAreRead() throws Exception {
        Path rows = Files.writeString(
                folder.resolve("posts.csv"), "no,body,lang\n17,\"They agree,\nto pay.\",en\n18,,de\n19,a,b,c\n");
        String[] flags = {
            "--document.format=json", "--document.text=body", "--document.id=no", "--document.metadata=lang"
        };
        SettingValues values = new SettingValues(flags, Map.of(), FormatSettings.SETTINGS, List.of());
        DocumentFormat mapped = DocumentFormat.of(FormatSettings.from(values, false), null);
        values.throwMistakes();

        FileScoring.Summary summary = new FileScoring(
                        settings, new Input(rows, Input.Format.CSV, ','), mapped, output, Start.NEW)
                .run(NOBODY);

        assertThat(lines(output)).singleElement().satisfies(event -> {
            assertThat(event.get("record").intValue()).isEqualTo(1);
            assertThat(event.get("document_id").textValue()).isEqualTo("17");
        });
        assertThat(lines(summary.rejectedFile()).stream()
                        .map(each ->
                                each.get("record") + " " + each.get("reason").textValue()))
                .containsExactly("2 EMPTY_TEXT", "3 MALFORMED_DOCUMENT");
    }

    @Test
    void aFolderOfTextsIsScoredUnderTheirNames() throws Exception {
        Path texts = Files.createDirectories(folder.resolve("texts"));
        Files.writeString(texts.resolve("b.txt"), "They agree to pay.");
        Files.writeString(texts.resolve(".a"), "Within thirty days.");
        Files.write(texts.resolve("c.bin"), new byte[] {1, (byte) 0xC3, 2});

        FileScoring.Summary summary = new FileScoring(
                        settings, new Input(texts, Input.Format.TEXT, ','), DocumentFormat.text(), output, Start.NEW)
                .run(NOBODY);

        assertThat(lines(output).stream().map(event -> event.get("document_id").textValue()))
                .containsExactly(".a", "b.txt");
        assertThat(lines(summary.rejectedFile()).stream()
                        .map(each -> each.get("document_id").textValue() + " "
                                + each.get("reason").textValue()))
                .containsExactly("c.bin NOT_UTF8");
    }

    /** Wherever a run was cut off, be it within a line or between its two files. */
    @Test
    void aRunThatWasCutOffGoesOnWhereItWas() throws Exception {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            lines.add(i % 4 == 1 ? "{bad" : line("d" + i, "The parties agree on this, in line " + i + ". Zwölf."));
        }
        Files.writeString(input, String.join("\n", lines));
        FileScoring.Summary whole = scoring(settings, input, output, Start.NEW).run(NOBODY);
        byte[] scored = Files.readAllBytes(output);
        byte[] rejected = Files.readAllBytes(whole.rejectedFile());
        Random random = new Random(5);
        for (int round = 0; round < 12; round++) {
            Files.delete(output);
            Files.delete(whole.rejectedFile());
            // The last round has nothing to go on with.
            int share = round == 11 ? 0 : random.nextInt(1 + scored.length);
            int rejectedShare = round == 11 ? 0 : random.nextInt(1 + rejected.length);
            Files.write(folder.resolve("events.jsonl.part"), Arrays.copyOf(scored, share));
            Files.write(folder.resolve("events.jsonl.rejected.jsonl.part"), Arrays.copyOf(rejected, rejectedShare));

            FileScoring.Summary summary =
                    scoring(settings, input, output, Start.RESUME).run(NOBODY);

            assertThat(summary.documents()).isEqualTo(30);
            assertThat(summary.rejected()).isEqualTo(10);
            assertThat(Files.readAllBytes(output)).isEqualTo(scored);
            assertThat(Files.readAllBytes(summary.rejectedFile())).isEqualTo(rejected);
            assertThat(filesOfTheRun()).containsExactly(output, summary.rejectedFile());
        }
    }

    @Test
    void aRunDoesNotGoOnWithAnotherInputOrModelAndNotOnceItIsWhole() throws Exception {
        Files.writeString(input, line("a", "A text.") + "\n" + line("b", "A text."));
        scoring(settings, input, output, Start.NEW).run(NOBODY);
        assertThatThrownBy(() -> scoring(settings, input, output, Start.RESUME).run(NOBODY))
                .hasMessageContaining("nothing to resume");

        Path part = folder.resolve("events.jsonl.part");
        Files.move(output, part);
        Files.writeString(input, line("c", "A text.") + "\n" + line("d", "A text."));
        assertThatThrownBy(() -> scoring(settings, input, output, Start.RESUME).run(NOBODY))
                .hasMessageContaining("record 2 had the id \"b\", now it is \"d\"");
        assertThatThrownBy(() -> scoring(settings, input, output, Start.NEW).run(NOBODY))
                .hasMessageContaining("--resume");
        Files.writeString(part, Files.readString(part).replaceAll("digest\":\"....", "digest\":\"0000"));
        assertThatThrownBy(() -> scoring(settings, input, output, Start.RESUME).run(NOBODY))
                .hasMessageContaining("was scored by a bundle with the digest 0000");
        assertThat(lines(part)).hasSize(2);
    }

    /** 4 MB of text take a run longer than a millisecond, which is all that the model is given here. */
    @Test
    void whatWasScoredBeforeTheMachineFailedStays() throws Exception {
        Files.writeString(
                input,
                line("a", "A text.") + "\n" + line("b", "A long text. ".repeat(300_000)) + "\n" + line("c", "Last."));
        ClassifySettings impatient =
                TinyBundle.settings("--classify.capacity=1", "--model.run-timeout=1 ms", "--model.batch-segments=4096");

        assertThatThrownBy(() -> scoring(impatient, input, output, Start.NEW).run(NOBODY))
                .hasStackTraceContaining("The model hangs");
        assertThat(lines(folder.resolve("events.jsonl.part"))).hasSizeBetween(0, 1);

        ClassifySettings patient = TinyBundle.settings("--model.long-documents=truncate");
        FileScoring.Summary summary =
                scoring(patient, input, output, Start.RESUME).run(NOBODY);
        assertThat(summary.documents()).isEqualTo(3);
        assertThat(lines(output).stream().map(event -> event.get("record").intValue()))
                .containsExactly(1, 2, 3);
    }

    /** Other readers of files take such names for hidden, or for compressed. */
    @ParameterizedTest
    @ValueSource(strings = {".docs.jsonl", "_docs", "docs.gz", "docs.jsonl.bz2", "doc s%20.jsonl", "~docs#1"})
    void anyNameWillDo(String name) throws Exception {
        Path named = Files.writeString(folder.resolve(name), line("d", "A text."));

        assertThat(scoring(settings, named, output, Start.NEW).run(NOBODY).documents())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aByteOrderMarkAndCompressionCostNoDocument(boolean compressed) throws Exception {
        byte[] text = ("\uFEFF" + line("a", "A text.") + "\n" + line("b", "A text.")).getBytes(StandardCharsets.UTF_8);
        try (OutputStream out =
                compressed ? new GZIPOutputStream(Files.newOutputStream(input)) : Files.newOutputStream(input)) {
            out.write(text);
        }
        assertThat(scoring(settings, input, output, Start.NEW).run(NOBODY).documents())
                .isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"UTF-16", "UTF-16LE", "UTF-16BE", "X-UTF-16LE-BOM", "UTF-32LE", "UTF-32BE", "X-UTF-32LE-BOM"})
    void aFileInAnotherEncodingIsNamed(String encoding) throws Exception {
        Files.write(input, (line("a", "A text.") + "\n").getBytes(Charset.forName(encoding)));

        assertThatThrownBy(() -> scoring(settings, input, output, Start.NEW).run(NOBODY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "docs.jsonl is " + (encoding.contains("16") ? "UTF-16" : "UTF-32") + ", expected UTF-8")
                .hasMessageContaining("iconv");
        assertThat(filesOfTheRun()).isEmpty();
    }

    @Test
    void anEmptyFileIsScoredToAnEmptyFile() throws Exception {
        Files.writeString(input, "");

        assertThat(scoring(settings, input, output, Start.NEW).run(NOBODY).documents())
                .isZero();
        assertThat(output).isEmptyFile();
    }
}
