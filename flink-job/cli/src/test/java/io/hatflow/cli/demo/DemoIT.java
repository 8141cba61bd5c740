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

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);

    @Test
    void theDemoShowsEveryDocumentAndBothDeadLettersAndEnds(@TempDir Path samples) throws Exception {
        Files.writeString(samples.resolve("a.txt"), "The parties agree. ".repeat(100));
        Files.writeString(samples.resolve("b.txt"), "Dear sirs, this letter complains.");

        assertThat(new Demo(TinyBundle.PATH, samples, false, out).run()).isTrue();

        assertThat(shown.toString(StandardCharsets.UTF_8))
                .contains("a.txt", "b.txt", "NOT_AVRO", "EMPTY_TEXT")
                .contains("2 documents labelled, 2 dead letters")
                .doesNotContain("\u001b");
    }

    @Test
    void aMissingBundleIsSaidBeforeAnythingStarts(@TempDir Path samples) throws Exception {
        Files.writeString(samples.resolve("a.txt"), "text");

        assertThatThrownBy(() -> new Demo(samples.resolve("none"), samples, false, out).run())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--bundle");
    }
}
