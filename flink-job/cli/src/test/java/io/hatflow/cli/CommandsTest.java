package io.hatflow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** {@code deploy/hatflow} as a whole: what it lists, and what bash completes. */
class CommandsTest {

    private static String output(String... arguments) {
        StringWriter output = new StringWriter();
        CommandLine line = Commands.line().setOut(new PrintWriter(output));
        assertThat(line.execute(arguments)).isZero();
        return output.toString();
    }

    @Test
    void theVersionIsThatOfTheBuild() {
        assertThat(output("--version"))
                .matches("hatflow \\d+\\.\\d+\\.\\d+\\S*\\RFlink \\d\\S*, ONNX Runtime \\d\\S*\\R");
        assertThat(output("score", "--version")).isEqualTo(output("--version"));
    }

    @Test
    void everyCommandIsListedWithWhatItDoes() {
        String help = output("--help");
        for (String command :
                List.of("demo", "score", "run", "send", "read", "replay", "cluster", "chaos", "soak", "completion")) {
            assertThat(help).containsPattern("(?m)^  " + command + " +[A-Z].{20}");
        }
    }

    @ParameterizedTest
    @CsvSource({"hatflow sc, score", "hatflow score --ov, --overwrite", "hatflow cl, cluster"})
    void bashCompletesCommandsAndOptions(String typed, String completed, @TempDir Path folder)
            throws IOException, InterruptedException {
        Path script = Files.writeString(folder.resolve("completion"), output("completion"));
        Path said = folder.resolve("said");
        String words = "source '" + script + "'; COMP_WORDS=(" + typed + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
                + "COMP_LINE='" + typed + "'; COMP_POINT=${#COMP_LINE}; _complete_hatflow; echo \"${COMPREPLY[@]}\"";
        Process bash = new ProcessBuilder("bash", "-c", words)
                // where bash says that it is not completing, just now
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .redirectOutput(said.toFile())
                .start();

        assertThat(bash.waitFor()).isZero();
        assertThat(Files.readString(said, StandardCharsets.UTF_8).strip()).isEqualTo(completed);
    }
}
