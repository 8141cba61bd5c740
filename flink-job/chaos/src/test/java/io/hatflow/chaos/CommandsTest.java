package io.hatflow.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.cluster.CommandLines;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What would end at once and look like success is refused. */
class CommandsTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "chaos | --seconds=0 | --seconds is 0.0, expected more than 0",
                "chaos | --guarantee=perhaps | --guarantee is \"perhaps\", expected exactly-once or at-least-once",
                "chaos | --format=avro | --format is \"avro\", expected hatflow or confluent-avro",
                "chaos | --faults=REGISTRY_KILLED | --faults names REGISTRY_KILLED, which needs --format confluent-avro; give that, or"
                        + " leave it out",
                "soak | --minutes=20 | --minutes is 20.0, expected at least 30.0: --warm-up, which is not judged, and --restarts",
                "soak | --minutes=60 --every=0 | --every is 0.0, expected more than 0",
                "soak | --minutes=60 --restarts=-1 | --restarts is -1.0, expected more than 0",
            })
    void isRefusedInASentence(String command, String options, String sentence) {
        StringWriter said = new StringWriter();
        CommandLine line = CommandLines.of(command.equals("soak") ? new SoakCommand() : new ChaosCommand());
        line.setErr(new PrintWriter(said, true));

        assertThat(line.execute((options + " --checkout=.").split(" ", -1))).isEqualTo(1);
        assertThat(said.toString().strip()).isEqualTo(sentence);
    }
}
