package io.hatflow.cli;

import static org.apache.kafka.common.acl.AclOperation.READ;
import static org.apache.kafka.common.acl.AclOperation.WRITE;
import static org.apache.kafka.common.resource.ResourceType.GROUP;
import static org.apache.kafka.common.resource.ResourceType.TOPIC;
import static org.apache.kafka.common.resource.ResourceType.TRANSACTIONAL_ID;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.job.SecuredBroker;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands with a broker that demands TLS, a login and rights. */
@Timeout(180)
class SecuredCommandsIT {

    private static SecuredBroker kafka;

    @BeforeAll
    static void start() throws Exception {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "commands-");
        kafka = SecuredBroker.start(folder.toAbsolutePath());
        kafka.broker.createTopics(1, List.of("documents", "letters", "forbidden"));
        kafka.addUser("alice", "password-of-alice");
        kafka.allow("alice", TOPIC, "documents", READ, WRITE);
        kafka.allow("alice", TOPIC, "letters", READ);
        kafka.allow("alice", GROUP, "hatflow-replay-", READ);
        kafka.allow("alice", TRANSACTIONAL_ID, "hatflow-replay-", WRITE);
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    /** How a command ended, and what it had to say about it. */
    private record Ended(int code, String said) {}

    private static Ended run(Map<String, String> client, Path folder, String command, String... more)
            throws IOException {
        StringBuilder properties = new StringBuilder();
        client.forEach(
                (key, value) -> properties.append(key).append('=').append(value).append('\n'));
        Path file = Files.writeString(folder.resolve("client.properties"), properties);
        List<String> arguments = new ArrayList<>(
                List.of(command, "--bootstrap-servers", kafka.servers(), "--command-config", file.toString()));
        arguments.addAll(List.of(more));
        StringWriter said = new StringWriter();
        CommandLine line = Commands.line().setErr(new PrintWriter(said, true));
        return new Ended(line.execute(arguments.toArray(String[]::new)), said.toString());
    }

    @Test
    void everyCommandLogsIn(@TempDir Path folder) throws IOException {
        Map<String, String> alice = kafka.client("alice", "password-of-alice");
        Path document = Files.writeString(folder.resolve("a.txt"), "A document.");

        assertThat(run(alice, folder, "send", document.toString())).isEqualTo(new Ended(0, ""));
        assertThat(run(alice, folder, "read", "--topic", "letters", "--dead-letters"))
                .isEqualTo(new Ended(0, ""));
        assertThat(run(alice, folder, "replay", "--dead-letters", "letters", "--reason", "NOT_AVRO"))
                .isEqualTo(new Ended(0, ""));
    }

    @Test
    void aRefusalIsOneSentence(@TempDir Path folder) throws IOException {
        Map<String, String> alice = kafka.client("alice", "password-of-alice");
        String document =
                Files.writeString(folder.resolve("a.txt"), "A document.").toString();

        assertSaid(run(alice, folder, "send", "--topic", "forbidden", document), "topic forbidden", "kafka-acls");
        assertSaid(run(alice, folder, "read", "--topic", "forbidden"), "topic forbidden", "kafka-acls");
        kafka.writeSecret("alice", "another");
        for (String[] command : new String[][] {
            {"send", document}, {"read"}, {"replay", "--dead-letters", "letters", "--reason", "NOT_AVRO"}
        }) {
            String[] more = List.of(command).subList(1, command.length).toArray(String[]::new);
            assertSaid(run(alice, folder, command[0], more), "refuses the login", "sasl.jaas.config");
        }
        Files.delete(kafka.writeSecret("alice", "gone"));
        assertSaid(run(alice, folder, "read"), "sasl.jaas.config refers to what cannot be read here", "must be there");
        kafka.writeSecret("alice", "password-of-alice");
    }

    private static void assertSaid(Ended ended, String... parts) {
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.said()).contains(parts).doesNotContain("\tat ", "password-of-", "another");
        assertThat(ended.said().strip().lines()).hasSize(1);
    }
}
