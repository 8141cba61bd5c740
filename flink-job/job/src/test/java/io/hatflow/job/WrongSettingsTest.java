package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.hatflow.job.config.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Settings with one mistake each, and what a person sees. In messages {@code …} stands for what differs from case to case. */
class WrongSettingsTest {

    private static final String COUNT = "expected a whole number from 1 to 2147483647";
    private static final String DURATION = "expected a duration such as 500 ms, 10 s, 15 min or 1 h";

    private static final String DOCUMENT = "../../schemas/src/main/avro/Document.avsc";

    /** Flags beside the two that must be given. */
    static Stream<Wrong> wrongFlags() {
        return Stream.of(
                // Keys.
                flags(
                        "a misspelt key",
                        "--kafka.input-topic is not known; did you mean kafka.input-topics?",
                        "--kafka.input-topic=a"),
                flags(
                        "a key like no other",
                        "--xyzzy is not known; docs/configuration.md lists the settings",
                        "--xyzzy=1"),
                flags("a key twice", "--job.name is given more than once", "--job.name=a", "--job.name=b"),
                flags(
                        "a key without a value",
                        "--job.name has no value; expected --key value or --key=value",
                        "--job.name"),
                flags("a word", "\"now\" is not a flag; expected --key value or --key=value", "now"),
                flags("one dash", "\"-job.name=a\" is not a flag; expected --key value or --key=value", "-job.name=a"),
                flags(
                        "a property that has a setting",
                        "kafka.properties.group.id has a setting of its own here; see docs/configuration.md",
                        "--kafka.properties.group.id=a"),
                flags(
                        "an option that has a setting",
                        "flink.execution.checkpointing.interval would have no effect; set checkpoint.interval instead",
                        "--flink.execution.checkpointing.interval=1 min"),
                flags(
                        "a misspelt property of the registry",
                        "registry.properties.basic.auth.userinfo is not known; did you mean"
                                + " registry.properties.basic.auth.user.info?",
                        "--registry.properties.basic.auth.userinfo=a:b"),
                flags(
                        "a property like no other of the registry",
                        "registry.properties.x is not known; docs/registry.md lists the properties",
                        "--registry.properties.x=1"),
                // Values.
                flags(
                        "a registry without a scheme",
                        "registry.url holds \"registry:8081\", expected http:// or https:// and a host, such as"
                                + " https://registry:8081, separated by commas",
                        "--registry.url=registry:8081"),
                flags(
                        "a registry that is no URL",
                        "registry.url is no URL, expected such as https://registry:8081, separated by commas",
                        "--registry.url=https://one two"),
                flags(
                        "a user in the registry's URL",
                        "registry.url holds a user; give that as registry.properties.basic.auth.user.info",
                        "--registry.url=https://alice:secret@registry:8081"),
                flags(
                        "a user without a password",
                        "registry.properties.basic.auth.user.info is no login, expected USER:PASSWORD, or a reference to that",
                        "--registry.properties.basic.auth.user.info=alice"),
                flags(
                        "a source of logins that there is not",
                        "registry.properties.basic.auth.credentials.source is \"URL\", expected USER_INFO, with"
                                + " registry.properties.basic.auth.user.info",
                        "--registry.properties.basic.auth.credentials.source=URL"),
                flags(
                        "a source of logins without one",
                        "registry.properties.bearer.auth.credentials.source is STATIC_TOKEN, but"
                                + " registry.properties.bearer.auth.token is missing; give it",
                        "--registry.properties.bearer.auth.credentials.source=STATIC_TOKEN"),
                flags("no number", "--classify.capacity is \"many\", " + COUNT, "--classify.capacity=many"),
                flags("nothing in flight", "--classify.capacity is \"0\", " + COUNT, "--classify.capacity=0"),
                flags("fewer than none", "--model.max-characters is \"-1\", " + COUNT, "--model.max-characters=-1"),
                flags(
                        "more than an int",
                        "--model.max-characters is \"3000000000\", " + COUNT,
                        "--model.max-characters=3000000000"),
                flags(
                        "half a span",
                        "--model.evidence-per-label is \"1.5\", " + COUNT,
                        "--model.evidence-per-label=1.5"),
                flags("no attempt", "--quarantine.attempts is \"0\", " + COUNT, "--quarantine.attempts=0"),
                flags(
                        "batches of nothing",
                        "--model.batch-segments is \"0\", " + COUNT + ", or auto",
                        "--model.batch-segments=0"),
                flags(
                        "no threads",
                        "--model.inference-threads is \"none\", " + COUNT + ", or all",
                        "--model.inference-threads=none"),
                flags(
                        "a duration without a unit",
                        "--checkpoint.interval is \"10\", " + DURATION,
                        "--checkpoint.interval=10"),
                flags("no time", "--model.batch-target is \"0 s\", " + DURATION, "--model.batch-target=0 s"),
                flags(
                        "a duration of years",
                        "--model.run-timeout is \"900 d\", " + DURATION,
                        "--model.run-timeout=900 d"),
                flags(
                        "a guarantee that there is not",
                        "--kafka.guarantee is \"at-most-once\", expected exactly-once or at-least-once",
                        "--kafka.guarantee=at-most-once"),
                flags(
                        "an order that there is not",
                        "--classify.order is \"random\", expected ordered or ordered-by-key or unordered",
                        "--classify.order=random"),
                flags(
                        "a start that there is not",
                        "--kafka.start-from is \"yesterday\", expected committed or earliest or latest",
                        "--kafka.start-from=yesterday"),
                flags(
                        "half of the long documents",
                        "--model.long-documents is \"half\", expected window or truncate or reject",
                        "--model.long-documents=half"),
                flags(
                        "a share above all",
                        "--dead-letters.max-ratio is \"1.5\", expected a number above 0 and up to 1, or off",
                        "--dead-letters.max-ratio=1.5"),
                flags(
                        "percent",
                        "--dead-letters.max-ratio is \"50%\", expected a number above 0 and up to 1, or off",
                        "--dead-letters.max-ratio=50%"),
                flags(
                        "neither yes nor no",
                        "--events.register-schemas is \"maybe\", expected true or false",
                        "--events.register-schemas=maybe"),
                flags("a blank name", "--job.name is \" \", expected text", "--job.name= "),
                flags(
                        "no topic",
                        "--kafka.input-topics is \",\", expected texts separated by commas",
                        "--kafka.input-topics=,"),
                flags(
                        "a format that there is not",
                        "--document.format is \"xml\", expected hatflow or confluent-avro or avro or json or text",
                        "--document.format=xml"),
                flags(
                        "a path with an empty name",
                        "--document.text is \"payload..body\", expected paths such as payload.body, each once, separated by"
                                + " commas, or nothing",
                        "--document.format=json",
                        "--document.segments=a",
                        "--document.text=payload..body"),
                flags(
                        "a path twice",
                        "--document.metadata is \"a,a\", expected paths such as payload.body, each once, separated by commas,"
                                + " or nothing",
                        "--document.format=json",
                        "--document.text=a",
                        "--document.metadata=a,a"),
                flags(
                        "a path that ends in a dot",
                        "--document.title is \"a.\", expected a path such as payload.body, or nothing",
                        "--document.title=a."),
                flags(
                        "an id without a name",
                        "--document.id is \".\", expected key, position or a path such as payload.number",
                        "--document.id=."),
                flags(
                        "a separator with an unknown escape",
                        "--document.text-separator is \"\\r\", expected text, in which \\n is a line feed, \\t a tab and"
                                + " \\\\ a backslash",
                        "--document.text-separator=\\r"),
                // Contradictions.
                flags(
                        "fields of a Document",
                        "document.text has no effect with document.format: hatflow; leave it out, or set document.format"
                                + " to confluent-avro or avro or json",
                        "--document.text=body"),
                flags(
                        "a separator of nothing",
                        "document.text-separator has no effect with document.format: text; leave it out, or set"
                                + " document.format to confluent-avro or avro or json",
                        "--document.format=text",
                        "--document.text-separator=,"),
                flags(
                        "a unit of times in a text",
                        "document.time-unit has no effect with document.format: text; leave it out, or set document.format"
                                + " to confluent-avro or avro or json",
                        "--document.format=text",
                        "--document.time-unit=seconds"),
                flags(
                        "an unknown unit of times",
                        "--document.time-unit is \"minutes\", expected milliseconds or seconds or microseconds or nanoseconds",
                        "--document.format=json",
                        "--document.text=body",
                        "--document.time-unit=minutes"),
                flags(
                        "an id for a Document",
                        "document.id has no effect with document.format: hatflow; leave it out, or set document.format to"
                                + " confluent-avro or avro or json or text",
                        "--document.id=key"),
                flags(
                        "an id in a text",
                        "document.id is \"number\", but with document.format: text a value has no fields; expected key,"
                                + " position or nothing",
                        "--document.format=text",
                        "--document.id=number"),
                flags(
                        "older schemas of JSON",
                        "document.writer-schemas has no effect with document.format: text; leave it out, or set"
                                + " document.format to hatflow",
                        "--document.format=text",
                        "--document.writer-schemas=/old"),
                flags(
                        "a schema of JSON",
                        "document.schema has no effect with document.format: json; leave it out, or set document.format to"
                                + " avro",
                        "--document.format=json",
                        "--document.text=body",
                        "--document.schema=/letters.avsc"),
                flags(
                        "Avro without a schema",
                        "document.schema is missing, which document.format: avro needs; name the file of the schema that"
                                + " records are written with",
                        "--document.format=avro",
                        "--document.text=body"),
                flags(
                        "a registry that is not named",
                        "registry.url is missing, which document.format: confluent-avro needs; give the address of the"
                                + " schema registry",
                        "--document.format=confluent-avro",
                        "--document.text=body"),
                flags(
                        "a schema that is not there",
                        "document.schema: /nowhere/letters.avsc cannot be read:"
                                + " java.nio.file.NoSuchFileException: /nowhere/letters.avsc; expected a file of an Avro"
                                + " schema",
                        "--document.format=avro",
                        "--document.text=body",
                        "--document.schema=/nowhere/letters.avsc"),
                flags(
                        "a schema that is none",
                        "document.schema: ../../README.md is not an Avro schema: …",
                        "--document.format=avro",
                        "--document.text=body",
                        "--document.schema=../../README.md"),
                flags(
                        "a field that the schema does not have",
                        "document.text is \"txt\", which the schema io.hatflow.events.Document does not have; it has text,"
                                + " id, title, segments",
                        "--document.format=avro",
                        "--document.text=txt",
                        "--document.schema=" + DOCUMENT),
                flags(
                        "a field of another type",
                        "document.segments is \"title\", which is a string in the schema io.hatflow.events.Document,"
                                + " expected an array of texts; it has segments",
                        "--document.format=avro",
                        "--document.segments=title",
                        "--document.schema=" + DOCUMENT),
                flags(
                        "JSON without a text",
                        "document.text is missing, which document.format: json needs; name the field that holds the text",
                        "--document.format=json"),
                flags(
                        "a priority field among ordered events",
                        "document.priority is \"urgency\", but with classify.order: ordered no document can overtake"
                                + " another; set classify.order: unordered or ordered-by-key, or leave the field out",
                        "--document.format=json",
                        "--document.text=body",
                        "--document.priority=urgency"),
                flags(
                        "transactions that end before their checkpoint",
                        "kafka.transaction-timeout is 60.0 s, expected more than checkpoint.interval + checkpoint.timeout"
                                + " = 310.0 s: the broker would abort transactions before their checkpoint ends",
                        "--kafka.transaction-timeout=1 min"),
                flags(
                        "an output that is an input",
                        "kafka.input-topics [a, dead-letters] holds an output topic: the job would read its own events;"
                                + " give the output a topic of its own",
                        "--kafka.input-topics=a,dead-letters"),
                flags(
                        "one topic for both events",
                        "kafka.labelled-topic events and kafka.dead-letter-topic events would be one topic; they hold different events"
                                + " and must be two topics",
                        "--kafka.labelled-topic=events",
                        "--kafka.dead-letter-topic=events"),
                flags(
                        "one topic for both events of some input",
                        "kafka.labelled-topic {topic}-out and kafka.dead-letter-topic b-out would be one topic; they hold different"
                                + " events and must be two topics",
                        "--kafka.labelled-topic={topic}-out",
                        "--kafka.dead-letter-topic=b-out",
                        "--kafka.input-topic-pattern=[ab]"),
                flags(
                        "names and a pattern",
                        "kafka.input-topics and kafka.input-topic-pattern are both given; expected one of the two",
                        "--kafka.input-topics=a",
                        "--kafka.input-topic-pattern=b.*"),
                flags(
                        "a pattern that is none",
                        "--kafka.input-topic-pattern is \"a(\", expected a regular expression, or nothing",
                        "--kafka.input-topic-pattern=a("),
                flags(
                        "an output topic that would be the input",
                        "--kafka.labelled-topic is \"{topic}\", expected a topic's name, in which {topic} may stand for the input"
                                + " topic's",
                        "--kafka.labelled-topic={topic}"),
                flags(
                        "a name that stands for nothing",
                        "--kafka.dead-letter-topic is \"{Topic}-dead\", expected a topic's name, in which {topic} may stand for the input"
                                + " topic's",
                        "--kafka.dead-letter-topic={Topic}-dead"),
                flags(
                        "registered events without a registry",
                        "events.format is confluent-avro, but there is no registry; give registry.url, or choose another format",
                        "--events.format=confluent-avro"),
                flags(
                        "two logins",
                        "registry.properties.basic.auth.user.info and registry.properties.bearer.auth.token are both given,"
                                + " but a request carries one login; leave one of them out",
                        "--registry.properties.basic.auth.user.info=a:b",
                        "--registry.properties.bearer.auth.token=c"),
                flags(
                        "priority among ordered events",
                        "classify.priority-header is \"urgency\", but with classify.order: ordered no document can overtake"
                                + " another; set classify.order: unordered or ordered-by-key, or leave the header out",
                        "--classify.priority-header=urgency"));
    }

    /** What must be given, and is not as it should be. */
    static Stream<Wrong> wrongNeeds() {
        return Stream.of(
                flags(
                        "no brokers",
                        "kafka.bootstrap-servers is missing; give it as --kafka.bootstrap-servers, as"
                                + " HATFLOW_KAFKA_BOOTSTRAP_SERVERS or in the file: Brokers of the Kafka cluster, host:port,"
                                + " separated by commas.",
                        "--model.bundle=/b"),
                flags(
                        "no bundle",
                        "model.bundle is missing; give it as --model.bundle, as HATFLOW_MODEL_BUNDLE or in the file: Folder"
                                + " of the model bundle, at the same path on every machine that runs tasks.",
                        "--kafka.bootstrap-servers=a:1"),
                flags(
                        "a broker without a port",
                        "kafka.bootstrap-servers holds \"broker-1\", expected host:port, such as broker-1:9092, separated by"
                                + " commas",
                        "--model.bundle=/b",
                        "--kafka.bootstrap-servers=broker-1"),
                flags(
                        "brokers separated by a semicolon",
                        "kafka.bootstrap-servers holds \"a:1;b:1\", expected host:port, such as broker-1:9092, separated by commas",
                        "--model.bundle=/b",
                        "--kafka.bootstrap-servers=a:1;b:1"),
                flags(
                        "a comma at the end of the brokers",
                        "kafka.bootstrap-servers holds \"\", expected host:port, such as broker-1:9092, separated by commas",
                        "--model.bundle=/b",
                        "--kafka.bootstrap-servers=a:1,"),
                flags(
                        "a file that is not there",
                        "/nowhere/job.yaml (--config) cannot be read: there is no such file; expected YAML or .properties",
                        "--model.bundle=/b",
                        "--kafka.bootstrap-servers=a:1",
                        "--config=/nowhere/job.yaml"));
    }

    /** Contents of {@code job.yaml}. */
    static Stream<Wrong> wrongFiles() {
        return Stream.of(
                file("a list", "…job.yaml is not a YAML mapping of keys to values", "- a\n- b\n"),
                file("a word", "…job.yaml is not a YAML mapping of keys to values", "kafka.group-id=a\n"),
                file(
                        "a key twice in a file",
                        "…job.yaml: kafka.group-id is given more than once",
                        "kafka.group-id: a\nkafka.group-id: a\n"),
                file(
                        "a key twice, within another",
                        "…job.yaml: kafka.group-id is given more than once",
                        "kafka:\n  group-id: a\n  group-id: b\n"),
                file(
                        "a key twice, nested and with dots",
                        "…job.yaml: kafka.properties.client.id is given more than once",
                        "kafka.properties.client.id: a\nkafka:\n  properties:\n    client:\n      id: b\n"),
                file(
                        "a mapping twice",
                        "…job.yaml: kafka is given more than once",
                        "kafka: {group-id: a}\njob.name: b\nkafka: {start-from: latest}\n"),
                file(
                        "a key twice, once in quotes",
                        "…job.yaml: job.name is given more than once",
                        "job.name: a\n\"job.name\": b\n"),
                file(
                        "two documents",
                        "…job.yaml is not valid YAML: but found another document (line 2)",
                        "job.name: a\n---\njob.name: b\n"),
                file(
                        "a tab for indentation",
                        "…job.yaml is not valid YAML: found character '\\t(TAB)' that cannot start any token. (Do not use"
                                + " \\t(TAB) for indentation) (line 2)",
                        "kafka:\n\tgroup-id: a\n"),
                file(
                        "a merge",
                        "…job.yaml merges a mapping with <<, which is not supported; write its keys out (line 2)",
                        "kafka.properties: &all {a: 1}\nflink: {<<: *all, b: 2}\n"),
                file(
                        "an alias within itself",
                        "…job.yaml has an alias within what it stands for; write its keys out (line 1)",
                        "kafka.properties: &all\n  a: *all\n"),
                file(
                        "an alias of nothing",
                        "…job.yaml is not valid YAML: found undefined alias; quote a value that begins with * or ! (line 1)",
                        "kafka.properties.ssl.key.password: *hush\n"),
                file(
                        "a tag",
                        "…job.yaml has a tag, which would change what a value is; leave it out, or quote a value that begins"
                                + " with ! (line 1)",
                        "kafka.group-id: !!int 5\n"),
                file(
                        "a tag of one's own",
                        "…job.yaml has a tag, which would change what a value is; leave it out, or quote a value that begins"
                                + " with ! (line 1)",
                        "kafka.group-id: !hush\n"),
                file(
                        "a key that is a list",
                        "…job.yaml has a key that is a list or a mapping; expected a text (line 1)",
                        "? [a, b]\n: c\n"),
                file(
                        "a list in a list",
                        "…job.yaml: kafka.input-topics holds a list or a mapping within a list; expected a text (line 1)",
                        "kafka.input-topics: [a, [b]]\n"),
                file(
                        "a comma in an item",
                        "…job.yaml: kafka.input-topics has an item that holds \",\", which separates items; give each item"
                                + " of its own",
                        "kafka.input-topics: ['a,b', c]\n"),
                file(
                        "a character that no text has",
                        "…job.yaml is not valid YAML: it holds the character U+0000 (line 2)",
                        "job.name: a\nkafka.group-id: a\0b\n"),
                file("nothing for a name", "…job.yaml: job.name is \"\", expected text", "job.name: ~\n"),
                file(
                        "a number with underscores",
                        "…job.yaml: classify.capacity is \"1_000\", " + COUNT,
                        "classify.capacity: 1_000"),
                file(
                        "YAML that is none",
                        "…job.yaml is not valid YAML: mapping values are not allowed here (line 1)",
                        "a: b: c"),
                file(
                        "a misspelt key in a file",
                        "…job.yaml: kafka.start-form is not known; did you mean kafka.start-from?",
                        "kafka:\n  start-form: latest\n"),
                file(
                        "a list for a number",
                        "…job.yaml: classify.capacity is \"1,2\", " + COUNT,
                        "classify.capacity: [1, 2]"));
    }

    record Wrong(String name, String message, List<String> flags, String file) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Wrong flags(String name, String message, String... flags) {
        return new Wrong(name, message, List.of(flags), "");
    }

    private static Wrong file(String name, String message, String content) {
        return new Wrong(name, message, List.of(), content);
    }

    @ParameterizedTest
    @MethodSource("wrongFlags")
    void aWrongFlagIsNamed(Wrong wrong) {
        assertSays(wrong, Stream.concat(needed(), wrong.flags().stream()), Map.of());
    }

    @ParameterizedTest
    @MethodSource("wrongNeeds")
    void whatMustBeGivenIsAskedFor(Wrong wrong) {
        assertSays(wrong, wrong.flags().stream(), Map.of());
    }

    @ParameterizedTest
    @MethodSource("wrongFiles")
    void aWrongFileIsNamed(Wrong wrong, @TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("job.yaml"), wrong.file());
        assertSays(wrong, Stream.concat(needed(), Stream.of("--config=" + file)), Map.of());
    }

    /** Contents of {@code job.properties}. */
    static Stream<Wrong> wrongProperties() {
        return Stream.of(
                file(
                        "a key twice in properties",
                        "…job.properties: kafka.group-id is given more than once",
                        "kafka.group-id=a\nkafka.group-id: a\n"),
                file(
                        "a broken escape",
                        "…job.properties is not a valid .properties file: Malformed \\uxxxx encoding.",
                        "job.name=C:\\users\n"));
    }

    @ParameterizedTest
    @MethodSource("wrongProperties")
    void aWrongFileOfPropertiesIsNamed(Wrong wrong, @TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("job.properties"), wrong.file());
        assertSays(wrong, Stream.concat(needed(), Stream.of("--config=" + file)), Map.of());
    }

    @Test
    void twoVariablesOfOneKeyAreAMistake() {
        assertSays(
                flags("a variable twice", "HATFLOW_… is given more than once"),
                needed(),
                Map.of("HATFLOW_KAFKA_PROPERTIES_CLIENT_ID", "a", "HATFLOW_kafka_properties_client_id", "b"));
    }

    @Test
    void aWrongVariableIsNamed() {
        assertSays(wrongVariable(), needed(), Map.of("HATFLOW_CLASSIFY_ODER", "unordered"));
    }

    private static Wrong wrongVariable() {
        return flags("a variable", "HATFLOW_CLASSIFY_ODER is not known; did you mean classify.order?");
    }

    @Test
    void thePageOnTroublesExplainsThem() {
        TroubleshootingPage.assertExplains(
                "Settings of the job",
                Stream.of(wrongFlags(), wrongNeeds(), wrongFiles(), wrongProperties(), Stream.of(wrongVariable()))
                        .flatMap(each -> each)
                        .map(Wrong::message));
    }

    private static Stream<String> needed() {
        return Stream.of("--kafka.bootstrap-servers=broker:9092", "--model.bundle=/bundle");
    }

    private static void assertSays(Wrong wrong, Stream<String> flags, Map<String, String> environment) {
        SettingsException mistake = catchThrowableOfType(
                SettingsException.class, () -> JobSettings.read(flags.toArray(String[]::new), environment));
        assertThat(mistake).isNotNull().hasMessageStartingWith("The settings have a mistake:\n  - ");
        assertThat(mistake.problems()).singleElement().asString().matches(TroubleshootingPage.pattern(wrong.message()));
    }
}
