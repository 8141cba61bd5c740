package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.hatflow.broker.LocalBroker;
import io.hatflow.job.format.AvroBytes;
import io.hatflow.job.registry.SchemaRegistry;
import io.hatflow.job.registry.StubRegistry;
import io.hatflow.registry.LocalRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.DeploymentOptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Jobs that could only fail, and what is said before they are submitted. */
@ExtendWith({SharedBroker.class, SharedRegistry.class})
@Timeout(180)
class SubmissionCheckIT {

    private static final String BUNDLES = "../inference/src/test/resources/bundles/";
    private static final Configuration FLINK = new Configuration()
            .set(
                    CheckpointingOptions.CHECKPOINTS_DIRECTORY,
                    Path.of("target/check-checkpoints").toUri().toString());
    private static final String[] HASTY = {
        "--kafka.properties.default.api.timeout.ms=300", "--kafka.properties.request.timeout.ms=300"
    };

    @BeforeAll
    static void makeTopics(LocalBroker broker) throws InterruptedException {
        broker.createTopics(1, List.of("check-documents", "check-labelled", "check-dead-letters", "check-taken"));
    }

    static Stream<Wrong> wrongJobs() {
        return Stream.of(
                wrong(
                        "kafka.input-topics: the topic check-documets is not there; make it (docs/delivery.md says how), or correct"
                                + " its name",
                        "--kafka.input-topics=check-documents,check-documets"),
                wrong(
                        "kafka.labelled-topic: the topic labels is not there; make it (docs/delivery.md says how), or correct its"
                                + " name",
                        "--kafka.labelled-topic=labels"),
                wrong(
                        "kafka.dead-letter-topic: the topic letters is not there; make it (docs/delivery.md says how), or correct"
                                + " its name",
                        "--kafka.dead-letter-topic=letters"),
                wrong(
                        "kafka.transaction-timeout is 3600.0 s, but the brokers allow 900.0 s; lower it, or raise"
                                + " transaction.max.timeout.ms there",
                        "--kafka.transaction-timeout=1 h"),
                wrong(
                        "kafka.bootstrap-servers: no broker answers at 127.0.0.1:1: …; start one there, or correct the address",
                        "--kafka.bootstrap-servers=127.0.0.1:1",
                        HASTY[0],
                        HASTY[1]),
                wrong(
                        "kafka.properties.…: Kafka's client refuses them: Invalid value soon for configuration linger.ms: Not a"
                                + " number of type LONG",
                        "--kafka.properties.linger.ms=soon"),
                wrong(
                        "kafka.properties.…: Kafka's client refuses them: Must set acks to all in order to use the idempotent"
                                + " producer. Otherwise we cannot guarantee idempotence.",
                        "--kafka.properties.acks=1"),
                wrong(
                        "model.bundle: The model bundle …/tiny-choices cannot be used:\n  - its task is multiple-choice,"
                                + " expected document-classification or segment-classification or token-classification or language-model; give the folder of a bundle"
                                + " that was exported from a checkpoint with such a head",
                        "--model.bundle=" + BUNDLES + "tiny-choices"),
                wrong(
                        "model.bundle is \"s3://bucket/bundle\", expected a path, such as /opt/bundles/contract-clauses: the model is"
                                + " opened from the machine's own files",
                        "--model.bundle=s3://bucket/bundle"));
    }

    /** What the newest schema of a topic in Confluent's Avro does not have. */
    static Stream<Wrong> wrongPaths() {
        return Stream.of(
                wrong(
                        "document.text is \"payload.text\", which the schema post.Letter does not have; it has …payload.body…"
                                + " (subject check-documents-value)",
                        "--document.text=payload.text"),
                wrong(
                        "document.id is \"payload\", which is a record in the schema post.Letter, expected a text, a number or"
                                + " another single value; it has …payload.number… (subject check-documents-value)",
                        "--document.id=payload"));
    }

    /** Registries that do not let this job in, or are none; SERVER stands for the address without its path. */
    static Stream<Wrong> wrongRegistries() {
        return Stream.of(
                wrong(
                        "The schema registry at … refuses the login (status 401). Expected a user or a token that it knows; …"
                                + " registry.properties.basic.auth.user.info (USER:PASSWORD) or"
                                + " registry.properties.bearer.auth.token…",
                        "--registry.properties.basic.auth.user.info=" + LocalRegistry.USER + ":hush"),
                wrong(
                        "… is answered with …, expected what Confluent's REST API says; check that registry.url is the address"
                                + " of the registry itself, with its path, such as /apis/ccompat/v7 of Apicurio",
                        "--registry.url=SERVER"));
    }

    /** Options of Flink and folders that cannot be used: key, value, and what is said of them. */
    static Stream<Arguments> wrongFolders() {
        String key = "execution.checkpointing.dir";
        return Stream.of(
                arguments(
                        key,
                        "",
                        "execution.checkpointing.dir is not set: checkpoints would lie in the JobManager's memory, which takes no state"
                                + " above 5 MiB, and the job would restart for ever; set it in Flink's configuration or as"
                                + " flink.execution.checkpointing.dir, such as file:///shared/checkpoints, in a file system that all"
                                + " processes reach"),
                arguments(
                        key,
                        "/data/checkpoints",
                        "execution.checkpointing.dir is \"/data/checkpoints\", which names no file system; expected a URI, such as"
                                + " file:///data/checkpoints"),
                arguments(
                        key,
                        "checkpoints",
                        "execution.checkpointing.dir is \"checkpoints\", which names no file system; expected a URI, such as"
                                + " file:///…/checkpoints"),
                arguments(
                        key,
                        "file:DIR/file",
                        "execution.checkpointing.dir is \"file:…/file\", which is a file; expected a folder"),
                arguments(
                        key,
                        "file:DIR/file/checkpoints",
                        "execution.checkpointing.dir is \"file:…/file/checkpoints\", but …/file is a file; expected a folder"),
                arguments(
                        key,
                        "s3://bucket/checkpoints",
                        "execution.checkpointing.dir is \"s3://bucket/checkpoints\", but this Flink has no file system for s3://; put"
                                + " its plugin into Flink's plugins folder, or give a folder of another file system"),
                arguments(
                        key,
                        "fille:///checkpoints",
                        "execution.checkpointing.dir is \"fille:///checkpoints\", but this Flink has no file system for fille://; put"
                                + " its plugin into Flink's plugins folder, or give a folder of another file system"),
                arguments(
                        key,
                        ":",
                        "execution.checkpointing.dir is \":\", which is not a URI (…); expected one such as"
                                + " file:///shared/checkpoints"),
                arguments(
                        key,
                        "file://data/checkpoints",
                        "execution.checkpointing.dir is \"file://data/checkpoints\", which cannot be written: … Did you forget a"
                                + " slash? …; give a folder that this process may write to, or correct its rights"),
                arguments(
                        key,
                        "file:///proc/checkpoints",
                        "execution.checkpointing.dir is \"file:///proc/checkpoints\", which cannot be written: …; give a folder that"
                                + " this process may write to, or correct its rights"),
                arguments(
                        "execution.checkpointing.savepoint-dir",
                        "/savepoints",
                        "execution.checkpointing.savepoint-dir is \"/savepoints\", which names no file system; expected a URI, such as"
                                + " file:///savepoints"),
                arguments(
                        "quarantine.directory",
                        "s3://bucket/attempts",
                        "quarantine.directory is \"s3://bucket/attempts\", but this Flink has no file system for s3://; put its plugin"
                                + " into Flink's plugins folder, or give a folder of another file system"),
                arguments(
                        "quarantine.directory",
                        "DIR/file",
                        "quarantine.directory is \"…/file\", which is a file; expected a folder"));
    }

    @ParameterizedTest
    @MethodSource("wrongFolders")
    void aFolderThatCannotBeUsedIsNamed(String key, String value, String problem, @TempDir Path folder)
            throws IOException {
        Files.writeString(folder.resolve("file"), "");
        Configuration flink = new Configuration();
        if (!key.startsWith("execution.checkpointing.dir")) {
            flink.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, folder.toUri().toString());
        }
        String given = value.replace("DIR", folder.toString());
        if (key.startsWith("execution.") && !given.isEmpty()) {
            flink.setString(key, given);
        }

        assertThat(new FlinkFolders(flink, key.startsWith("quarantine") ? given : "").problems())
                .singleElement()
                .asString()
                .matches(TroubleshootingPage.pattern(problem));
    }

    @Test
    void aFolderThatCanBeUsedIsMade(@TempDir Path folder) {
        Path checkpoints = folder.resolve("a b/c");
        Configuration flink =
                new Configuration().set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + checkpoints);

        assertThat(new FlinkFolders(flink, folder.resolve("attempts").toString()).problems())
                .isEmpty();
        assertThat(checkpoints).isEmptyDirectory();
    }

    /** A client may lack what the JobManager has. */
    @Test
    void foldersAreLookedAtWhereTheJobManagerIs(LocalBroker broker) {
        Configuration nothing = new Configuration();
        Configuration embedded = new Configuration().set(DeploymentOptions.TARGET, "embedded");
        Configuration remote = new Configuration().set(DeploymentOptions.TARGET, "remote");

        assertThatCode(() -> new SubmissionCheck(settings(broker), false, remote).run())
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> new SubmissionCheck(settings(broker), false, embedded).run())
                .hasMessageContaining("execution.checkpointing.dir is not set");
        assertThatThrownBy(() -> new SubmissionCheck(settings(broker), true, nothing).run())
                .hasMessageContaining("execution.checkpointing.dir is not set");
    }

    record Wrong(String problem, List<String> flags) {
        @Override
        public String toString() {
            return problem;
        }
    }

    private static Wrong wrong(String problem, String... flags) {
        return new Wrong(problem, List.of(flags));
    }

    @ParameterizedTest
    @MethodSource("wrongJobs")
    void aJobThatCouldOnlyFailIsNotSubmitted(Wrong wrong, LocalBroker broker) {
        assertThatThrownBy(() ->
                        new SubmissionCheck(settings(broker, wrong.flags().toArray(String[]::new)), true, FLINK).run())
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .matches(TroubleshootingPage.pattern("The job cannot run:\n  - " + wrong.problem()));
    }

    /** A job on a topic in Confluent's Avro, whose writers have renamed the text. */
    private static SubmissionCheck checkWithRegistry(LocalBroker broker, LocalRegistry registry, Wrong wrong) {
        SchemaRegistry client = SharedRegistry.client(registry);
        for (String text : List.of("text", "body")) {
            client.register(
                    "check-documents-value",
                    AvroBytes.schema("{'type': 'record', 'name': 'post.Letter', 'fields': [{'name': 'payload', 'type':"
                            + " {'type': 'record', 'name': 'Payload', 'fields': [{'name': 'number', 'type': 'long'},"
                            + " {'name': '" + text + "', 'type': ['null', 'string']}]}}]}"));
        }
        String server = registry.url().replace("/apis/ccompat/v7", "");
        String[] flags = Stream.of(
                        Stream.of("--document.format=confluent-avro", "--document.text=payload.body"),
                        SharedRegistry.flags(registry).stream(),
                        wrong.flags().stream().map(flag -> flag.replace("SERVER", server)))
                .flatMap(each -> each)
                .toArray(String[]::new);
        return new SubmissionCheck(settings(broker, flags), true, FLINK);
    }

    @ParameterizedTest
    @MethodSource({"wrongPaths", "wrongRegistries"})
    void aJobThatDoesNotGoWithItsRegistryIsNotSubmitted(Wrong wrong, LocalBroker broker, LocalRegistry registry) {
        assertThatThrownBy(() -> checkWithRegistry(broker, registry, wrong).run())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("hush")
                .message()
                .matches(TroubleshootingPage.pattern("The job cannot run:\n  - " + wrong.problem()));
    }

    /** What the newest version of a topic's subject is answered with, and what is said of it. */
    static Stream<Arguments> wrongSchemas() {
        return Stream.of(
                arguments(
                        "{\"schema\": \"hush {\"}",
                        "… is answered with a schema of … characters that is no Avro schema (…); expected one that Avro can"
                                + " parse; look at it in the registry (subject …)"),
                arguments(
                        "{\"schema\": \"\\\"int\\\"\", \"references\": [{\"subject\": \"gone\", \"version\": 1}]}",
                        "… is answered with …; expected the schema that another refers to; register it again (subject …)"));
    }

    @ParameterizedTest
    @MethodSource("wrongSchemas")
    void aTopicWhoseNewestSchemaCannotBeReadIsNamed(String answer, String problem, LocalBroker broker)
            throws IOException {
        try (StubRegistry registry = StubRegistry.start()) {
            registry.says("GET /subjects/check-documents-value/versions/latest", StubRegistry.ok(answer));
            registry.says("GET /subjects/gone/versions/1?deleted=true", StubRegistry.unknown());
            JobSettings settings = settings(
                    broker,
                    "--document.format=confluent-avro",
                    "--document.text=body",
                    "--registry.url=" + registry.url());

            assertThatThrownBy(() -> new SubmissionCheck(settings, true, FLINK).run())
                    .hasMessageNotContaining("hush")
                    .message()
                    .endsWith(" (subject check-documents-value)")
                    .matches(TroubleshootingPage.pattern("The job cannot run:\n  - " + problem));
        }
    }

    /** And nothing is registered by asking. */
    @Test
    void aJobWhoseEventsTheRegistryWouldNotTakeIsNotSubmitted(LocalBroker broker, LocalRegistry registry)
            throws Exception {
        SchemaRegistry client = SharedRegistry.client(registry);
        client.register(
                "check-taken-value",
                AvroBytes.schema(
                        "{'type': 'record', 'name': 'Other', 'fields': [{'name': 'number', 'type': 'long'}]}"));
        registry.setCompatibility("check-taken-value", "BACKWARD");
        String events = "--events.format=confluent-avro";
        String taken = "--kafka.labelled-topic=check-taken";

        assertThatThrownBy(() -> checkWithRegistry(broker, registry, wrong("taken", events, taken))
                        .run())
                .message()
                .matches(
                        TroubleshootingPage.pattern("The job cannot run:\n  - The schema registry refuses the schema of"
                                + " io.hatflow.events.LabelledDocument for the subject check-taken-value (…). Expected a subject"
                                + " whose earlier versions it goes with; …"));
        assertThatThrownBy(() -> checkWithRegistry(
                                broker, registry, wrong("absent", events, "--events.register-schemas=false"))
                        .run())
                .hasMessageContainingAll(
                        "The subject check-labelled-value of the schema registry does not hold",
                        "The subject check-dead-letters-value of the schema registry does not hold");
        assertThatCode(() -> checkWithRegistry(broker, registry, wrong("fine", events))
                        .run())
                .doesNotThrowAnyException();
        assertThat(client.latest("check-dead-letters-value")).isEmpty();
    }

    @Test
    void aJobThatGoesWithItsRegistryIsSubmitted(LocalBroker broker, LocalRegistry registry) {
        assertThatCode(() ->
                        checkWithRegistry(broker, registry, wrong("nothing")).run())
                .doesNotThrowAnyException();
    }

    @Test
    void aJobThatCanRunIsSubmitted(LocalBroker broker) {
        assertThatCode(() -> new SubmissionCheck(settings(broker), true, FLINK).run())
                .doesNotThrowAnyException();
    }

    @Test
    void aBundleThatNobodyHasSignedIsRefusedWhereAKeyIsGiven(LocalBroker broker, @TempDir Path folder)
            throws Exception {
        Path file = SignersKey.in(folder).file();

        assertThatThrownBy(() -> new SubmissionCheck(settings(broker, "--model.public-key=" + file), true, FLINK).run())
                .hasMessageContaining("it is not signed: manifest.json.sig is missing, but a signature by the key");
    }

    @Test
    void whatThisMachineDoesNotSeeIsLeftToTheTasks(LocalBroker broker) {
        JobSettings settings = settings(
                broker, "--model.bundle=/nowhere", "--kafka.bootstrap-servers=127.0.0.1:1", HASTY[0], HASTY[1]);

        assertThatCode(() -> new SubmissionCheck(settings, false, FLINK).run()).doesNotThrowAnyException();
        assertThatThrownBy(() -> new SubmissionCheck(settings, true, FLINK).run())
                .hasMessageContaining("there is no such folder")
                .hasMessageContaining("no broker answers");
    }

    @Test
    void thePageOnTroublesExplainsThem() {
        TroubleshootingPage.assertExplains(
                "Starting the job",
                Stream.concat(
                        Stream.concat(wrongJobs(), wrongPaths())
                                .map(wrong -> wrong.problem().replaceFirst("\n(?s).*", "")),
                        Stream.concat(
                                        wrongFolders().map(each -> each.get()[2]),
                                        wrongSchemas().map(each -> each.get()[1]))
                                .map(Object::toString)));
    }

    /** The last of two flags with one key counts. */
    private static JobSettings settings(LocalBroker broker, String... more) {
        Map<String, String> flags = new LinkedHashMap<>();
        Stream.concat(
                        Stream.of(
                                "--kafka.bootstrap-servers=" + broker.bootstrapServers(),
                                "--kafka.input-topics=check-documents",
                                "--kafka.labelled-topic=check-labelled",
                                "--kafka.dead-letter-topic=check-dead-letters",
                                "--model.bundle=" + BUNDLES + "tiny-segments"),
                        Stream.of(more))
                .forEach(flag -> flags.put(flag.split("=", 2)[0], flag));
        return JobSettings.read(flags.values().toArray(String[]::new), Map.of());
    }
}
