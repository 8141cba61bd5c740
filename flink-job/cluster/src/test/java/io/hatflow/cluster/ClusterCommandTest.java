package io.hatflow.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.cluster.ClusterSettings.Ports;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Mistakes of a person who has no cluster yet; those with one are in the script's integration test. */
class ClusterCommandTest {

    @TempDir
    private Path home = Path.of("");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "status | No cluster runs in HOME; start one with deploy/hatflow cluster start",
                "stop | No cluster runs in HOME; start one with deploy/hatflow cluster start",
                "stop --job | No cluster runs in HOME; start one with deploy/hatflow cluster start",
                "submit --checkout=. | No cluster runs in HOME; start one with deploy/hatflow cluster start",
                "run --checkout=. --kafka-port=0 | --kafka-port is 0, expected 1 to 65535",
                "run --checkout=. --web-port=70000 | --web-port is 70000, expected 1 to 65535",
                "run --checkout=. --web-port=9092"
                        + " | --kafka-port and --web-port are both 9092, expected two ports, one for each",
            })
    void isRefusedInASentence(String command, String sentence) {
        assertSaid(command, sentence.replace("HOME", home.toString()));
    }

    @Test
    void aPortThatIsTakenIsNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertSaid(
                    "run --checkout=. --kafka-port=" + Ports.anyFree().kafka() + " --web-port=" + taken.getLocalPort(),
                    "Port " + taken.getLocalPort() + " for Flink's web page is taken (Address already in use); end the"
                            + " process that has it, or give another port with --kafka-port or --web-port");
        }
    }

    private void assertSaid(String command, String sentence) {
        StringWriter said = new StringWriter();
        CommandLine line = ClusterCommand.line();
        line.setErr(new PrintWriter(said, true));

        assertThat(line.execute((command + " --home=" + home).split(" ", -1))).isEqualTo(1);
        assertThat(said.toString().strip()).isEqualTo(sentence);
    }
}
