package io.hatflow.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.job.TinyBundle;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(150)
class DemoIT {

    private static final Path QUALITY = Path.of("../inference/src/test/resources/bundles/tiny-quality");
    private static final String NOISE = "Q7xZ+/9kVbJ2Gq8ZxXK0WvQ4jZ7Hq9T+zJ".repeat(30);

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);

    @Test
    void theDemoShowsEveryDocumentAndBothDeadLettersAndEnds(@TempDir Path samples) throws Exception {
        Files.writeString(samples.resolve("a.txt"), "The parties agree. ".repeat(100));
        Files.writeString(samples.resolve("b.txt"), "Dear sirs, this letter complains.");
        Files.writeString(samples.resolve("c.txt"), "We agree to pay. ".repeat(30) + NOISE);

        assertThat(new Demo(TinyBundle.PATH, QUALITY, samples, false, out).run())
                .isTrue();

        assertThat(shown.toString(StandardCharsets.UTF_8))
                .contains("a.txt", "b.txt", "NOT_AVRO", "EMPTY_TEXT")
                .contains("3 documents labelled, 2 dead letters")
                .contains("Garbled: 1 of 3 documents")
                .containsPattern(
                        "c\\.txt {2}\\d\\.\\d\\d bits per byte, and \\d+\\.\\d\\d from character [\\d,]+ to [\\d,]+:\\n {4}“")
                .doesNotContain("\u001b");
    }

    @Test
    void aClassifierIsNoLanguageModel(@TempDir Path samples) throws Exception {
        Files.writeString(samples.resolve("a.txt"), "text");

        assertThatThrownBy(() -> new Demo(TinyBundle.PATH, TinyBundle.PATH, samples, false, out).run())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not a language model")
                .hasMessageContaining("--quality-bundle");
    }

    @Test
    void aMissingBundleIsSaidBeforeAnythingStarts(@TempDir Path samples) throws Exception {
        Files.writeString(samples.resolve("a.txt"), "text");

        assertThatThrownBy(() -> new Demo(samples.resolve("none"), null, samples, false, out).run())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--bundle");
        assertThatThrownBy(() -> new Demo(TinyBundle.PATH, samples.resolve("none"), samples, false, out).run())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--quality-bundle");
    }
}
