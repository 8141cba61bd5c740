package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.hatflow.flink.operator.OperatorSettings.Order;
import io.hatflow.inference.BatchSize;
import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import io.hatflow.job.classify.ClassifySettings;
import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingsException;
import io.hatflow.job.format.EpochUnit;
import io.hatflow.job.format.FieldMapping;
import io.hatflow.job.format.FieldPath;
import io.hatflow.job.format.FormatSettings.Format;
import io.hatflow.job.format.IdSource;
import io.hatflow.job.registry.RegistrySettings;
import io.hatflow.job.registry.SubjectNameStrategy;
import io.hatflow.job.sink.EventFormat.Encoding;
import io.hatflow.job.sink.SinkSettings.Guarantee;
import io.hatflow.job.source.SourceSettings.LostRecords;
import io.hatflow.job.source.SourceSettings.StartFrom;
import io.hatflow.job.source.SourceSettings.Until;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class JobSettingsTest {

    private static final String[] REQUIRED = {"--kafka.bootstrap-servers", "broker:9092", "--model.bundle", "/bundle"};

    private static JobSettings read(String... more) {
        return JobSettings.read(
                Stream.concat(Stream.of(REQUIRED), Stream.of(more)).toArray(String[]::new), Map.of());
    }

    /** Every setting: its key, its default, another value, what that is read as, and where it is found. */
    static Stream<Arguments> everySetting() {
        return Stream.of(
                of("kafka.bootstrap-servers", "broker:9092", "a:1,b:2", "a:1,b:2", JobSettings::bootstrapServers),
                of("kafka.input-topics", List.of("documents"), "a, b", List.of("a", "b"), s -> s.source()
                        .topics()
                        .names()),
                of(
                        "kafka.input-topic-pattern",
                        "kafka.input-topics [documents]",
                        "a.*",
                        "kafka.input-topic-pattern a.*",
                        s -> s.source().topics().toString()),
                of("kafka.group-id", "hatflow", "mine", "mine", s -> s.source().groupId()),
                of("kafka.start-from", StartFrom.COMMITTED, "latest", StartFrom.LATEST, s -> s.source()
                        .startFrom()),
                of("kafka.until", Until.CANCELLED, "caught-up", Until.CAUGHT_UP, s -> s.source()
                        .until()),
                of("kafka.lost-records", LostRecords.FAIL, "skip", LostRecords.SKIP, s -> s.source()
                        .lostRecords()),
                of(
                        "kafka.partition-discovery-interval",
                        Duration.ofSeconds(30),
                        "5 s",
                        Duration.ofSeconds(5),
                        s -> s.source().partitionDiscoveryInterval()),
                of("document.writer-schemas", "", "/old", "/old", s -> s.format()
                        .writerSchemas()),
                of("document.format", Format.HATFLOW, "text", Format.TEXT, s -> s.format()
                        .format()),
                // A file needs to be of Avro.
                of("document.schema", "", " ", "", s -> s.format().schema()),
                // Fields need another format as well, see fieldsOfTheUsersOwnRecordsAreNamed.
                of("document.text", List.of(), " ", List.of(), s -> s.format()
                        .mapping()
                        .text()),
                of("document.text-separator", "\n\n", "\n\\n", "\n\n", s -> s.format()
                        .mapping()
                        .separator()),
                of(
                        "document.segments",
                        Optional.empty(),
                        " ",
                        Optional.empty(),
                        s -> Optional.ofNullable(s.format().mapping().segments())),
                of("document.id", IdSource.Kind.KEY_OR_POSITION, " ", IdSource.Kind.KEY_OR_POSITION, s -> s.format()
                        .mapping()
                        .id()
                        .kind()),
                of(
                        "document.title",
                        Optional.empty(),
                        " ",
                        Optional.empty(),
                        s -> Optional.ofNullable(s.format().mapping().title())),
                of(
                        "document.time",
                        Optional.empty(),
                        " ",
                        Optional.empty(),
                        s -> Optional.ofNullable(s.format().mapping().time())),
                of("document.time-unit", EpochUnit.MILLISECONDS, "milliseconds", EpochUnit.MILLISECONDS, s -> s.format()
                        .mapping()
                        .timeUnit()),
                of(
                        "document.priority",
                        Optional.empty(),
                        " ",
                        Optional.empty(),
                        s -> Optional.ofNullable(s.format().mapping().priority())),
                of("document.metadata", List.of(), " ", List.of(), s -> s.format()
                        .mapping()
                        .metadata()),
                of("registry.url", List.of(), "http://r/", List.of("http://r"), s -> s.registry()
                        .urls()),
                of(
                        "registry.subject-name-strategy",
                        SubjectNameStrategy.TOPIC,
                        "record",
                        SubjectNameStrategy.RECORD,
                        s -> s.registry().subjectNames()),
                of("kafka.labelled-topic", "labelled-documents", "l", "l", s -> s.sink()
                        .topics()
                        .labelled()
                        .template()),
                of("kafka.dead-letter-topic", "dead-letters", "d", "d", s -> s.sink()
                        .topics()
                        .deadLetters()
                        .template()),
                of("kafka.guarantee", Guarantee.EXACTLY_ONCE, "at-least-once", Guarantee.AT_LEAST_ONCE, s -> s.sink()
                        .guarantee()),
                of("kafka.transactional-id-prefix", "hatflow", "p", "p", s -> s.sink()
                        .transactionalIdPrefix()),
                of("kafka.transaction-timeout", Duration.ofMinutes(15), "1 h", Duration.ofHours(1), s -> s.sink()
                        .transactionTimeout()),
                of("events.format", Encoding.HATFLOW, "json", Encoding.JSON, s -> s.events()
                        .encoding()),
                of("events.register-schemas", true, "False", false, s -> s.events()
                        .registerSchemas()),
                of("model.bundle", "/bundle", "/other", "/other", s -> s.classify()
                        .classifier()
                        .bundle()),
                // A file needs to be there, see aPublicKeyIsReadWhereTheJobIsSubmitted.
                of(
                        "model.public-key",
                        Optional.empty(),
                        " ",
                        Optional.empty(),
                        s -> Optional.ofNullable(s.classify().classifier().signer())),
                of("model.long-documents", LongDocuments.WINDOW, "truncate", LongDocuments.TRUNCATE, s -> s.classify()
                        .classifier()
                        .longDocuments()),
                of("model.max-characters", 10_000_000, "7", 7, s -> s.classify()
                        .classifier()
                        .maxCharacters()),
                of("model.batch-segments", BatchSize.learned(), "8", new BatchSize.Fixed(8), s -> s.classify()
                        .classifier()
                        .batchSize()),
                of(
                        "model.batch-target",
                        BatchSize.learned(),
                        "500 ms",
                        new BatchSize.Learned(Duration.ofMillis(500)),
                        s -> s.classify().classifier().batchSize()),
                of("model.device", Device.AUTO, "CUDA:1", Device.parse("cuda:1"), s -> s.classify()
                        .classifier()
                        .device()),
                of("model.device-memory", Device.AUTO, "2 gb", Device.AUTO.limitedTo(2L << 30), s -> s.classify()
                        .classifier()
                        .device()),
                of("model.inference-threads", 0, "2", 2, s -> s.classify()
                        .classifier()
                        .inferenceThreads()),
                of("model.evidence-per-label", 3, "1", 1, s -> s.classify()
                        .classifier()
                        .evidencePerLabel()),
                of("classify.order", Order.ORDERED, "unordered", Order.UNORDERED, s -> s.classify()
                        .order()),
                // A name needs another order as well, see aPriorityHeaderNeedsUnorderedEvents.
                of("classify.priority-header", "", " ", "", s -> s.classify().priorityHeader()),
                of("classify.capacity", 128, "9", 9, s -> s.classify().capacity()),
                of("classify.capacity-memory", 32L << 20, "1 gb", 1L << 30, s -> s.classify()
                        .capacityBytes()),
                of("cache.documents", 0, "1000", 1000, s -> s.classify().cachedDocuments()),
                of("model.run-timeout", Duration.ofMinutes(5), "500 ms", Duration.ofMillis(500), s -> s.classify()
                        .classifier()
                        .runTimeout()),
                of("quarantine.attempts", 3, "5", 5, s -> s.quarantine().attempts()),
                of("quarantine.directory", "", "/shared", "/shared", s -> s.quarantine()
                        .folder()),
                of("dead-letters.max-ratio", 0.5, "off", Double.POSITIVE_INFINITY, s -> s.rejectionLimit()
                        .maxRatio()),
                of("dead-letters.window", 1000, "10", 10, s -> s.rejectionLimit()
                        .window()),
                of("checkpoint.interval", Duration.ofSeconds(10), "1 min", Duration.ofMinutes(1), s -> s.checkpoint()
                        .interval()),
                of("checkpoint.timeout", Duration.ofMinutes(5), "3min", Duration.ofMinutes(3), s -> s.checkpoint()
                        .timeout()),
                of("job.name", "hatflow", "clauses", "clauses", JobSettings::name));
    }

    private static Arguments of(
            String key, Object byDefault, String text, Object value, Function<JobSettings, Object> where) {
        return Arguments.of(key, byDefault, text, value, where);
    }

    @ParameterizedTest
    @MethodSource("everySetting")
    void aSettingHasItsDefault(
            String key, Object byDefault, String text, Object value, Function<JobSettings, Object> where) {
        assertThat(where.apply(read())).isEqualTo(byDefault);
    }

    @ParameterizedTest
    @MethodSource("everySetting")
    void aSettingIsReadFromItsFlagAndFromItsVariable(
            String key, Object byDefault, String text, Object value, Function<JobSettings, Object> where) {
        String[] others = key.startsWith("kafka.boot") || key.startsWith("model.bundle") ? new String[0] : REQUIRED;
        String[] flags = Stream.concat(
                        Stream.of("--kafka.bootstrap-servers=b:1", "--model.bundle=/b")
                                .filter(flag -> others.length == 0 && !flag.startsWith("--" + key)),
                        Stream.of(others))
                .toArray(String[]::new);
        String variable = "HATFLOW_" + key.toUpperCase(java.util.Locale.ROOT).replaceAll("[.-]", "_");

        assertThat(where.apply(JobSettings.read(flags, Map.of(variable, text)))).isEqualTo(value);
        String[] withFlag =
                Stream.concat(Stream.of(flags), Stream.of("--" + key, text)).toArray(String[]::new);
        assertThat(where.apply(JobSettings.read(withFlag, Map.of()))).isEqualTo(value);
    }

    @Test
    void noSettingIsLeftOutHere() {
        assertThat(everySetting().map(arguments -> arguments.get()[0]))
                .containsExactlyInAnyOrderElementsOf(
                        JobSettings.SETTINGS.stream().map(Setting::key).toList());
    }

    @Test
    void fieldsOfTheUsersOwnRecordsAreNamed(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("job.yaml"), """
                document:
                  format: json
                  text: [payload.subject, payload.body]
                  text-separator: "\\n"
                  segments: payload.paragraphs
                  id: payload.caseNumber
                  title: payload.sub\\.title
                  time: payload.sent
                  time-unit: seconds
                  priority: payload.urgency
                  metadata: payload.language, payload.court\\, state
                classify.order: unordered
                """);

        FieldMapping mapping = read("--config=" + file).format().mapping();

        assertThat(mapping.text()).hasToString("[payload.subject, payload.body]");
        assertThat(mapping.separator()).isEqualTo("\n");
        assertThat(mapping.segments()).hasToString("payload.paragraphs");
        assertThat(mapping.id()).isEqualTo(new IdSource(IdSource.Kind.FIELD, path("payload", "caseNumber")));
        assertThat(mapping.title()).isEqualTo(path("payload", "sub.title"));
        assertThat(mapping.time()).isEqualTo(path("payload", "sent"));
        assertThat(mapping.timeUnit()).isEqualTo(EpochUnit.SECONDS);
        assertThat(mapping.priority()).isEqualTo(path("payload", "urgency"));
        assertThat(mapping.metadata()).containsExactly(path("payload", "language"), path("payload", "court, state"));
    }

    private static FieldPath path(String... names) {
        return new FieldPath(List.of(names));
    }

    @Test
    void flagsPrevailOverVariablesAndVariablesOverTheFile(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("job.yaml"), """
                kafka:
                  bootstrap-servers: file:1
                  group-id: file
                  input-topics: [a, b]
                  labelled-topic: file
                model.bundle: /from/file
                """);
        JobSettings settings = JobSettings.read(
                new String[] {"--config", file.toString(), "--kafka.labelled-topic=flag"},
                Map.of("HATFLOW_KAFKA_LABELLED_TOPIC", "variable", "HATFLOW_KAFKA_GROUP_ID", "variable"));

        assertThat(settings.sink().topics().labelled().template()).isEqualTo("flag");
        assertThat(settings.source().groupId()).isEqualTo("variable");
        assertThat(settings.bootstrapServers()).isEqualTo("file:1");
        assertThat(settings.source().topics().names()).containsExactly("a", "b");
        assertThat(settings.classify().classifier().bundle()).isEqualTo("/from/file");
    }

    @Test
    void aPropertiesFileWillDo(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(
                folder.resolve("job.properties"),
                "kafka.bootstrap-servers=p:1\nmodel.bundle=/b\nclassify.capacity=5\n");

        JobSettings settings = JobSettings.read(new String[0], Map.of("HATFLOW_CONFIG", file.toString()));

        assertThat(settings.classify().capacity()).isEqualTo(5);
    }

    @Test
    void aPriorityHeaderNeedsUnorderedEvents() {
        ClassifySettings settings =
                TinyBundle.settings("--classify.priority-header=urgency", "--classify.order=unordered");
        assertThat(settings.priorityHeader()).isEqualTo("urgency");
    }

    @Test
    void allMistakesAreReportedAtOnce(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(
                folder.resolve("job.yaml"), "kafka:\n  start-form: latest\nclassify.capacity: none\n");

        SettingsException mistakes = catchThrowableOfType(
                SettingsException.class,
                () -> JobSettings.read(
                        new String[] {
                            "--config=" + file,
                            "--kafka.guarantee",
                            "at-most-once",
                            "--checkpoint.interval=20 min",
                            "--model.batch-segments=0",
                            "--model.device=gpu",
                            "--model.device-memory=0",
                            "--classify.priority-header=priority",
                            "--kafka.input-topics=a,dead-letters",
                            "--kafka.labelled-topic=dead-letters",
                            "stray",
                            "--job.name"
                        },
                        Map.of("HATFLOW_CLASSIFY_ODER", "unordered")));

        assertThat(mistakes.problems())
                .anySatisfy(problem -> assertThat(problem).contains("start-form", "did you mean kafka.start-from?"))
                .anySatisfy(problem -> assertThat(problem).contains("classify.capacity", "\"none\"", "whole number"))
                .anySatisfy(
                        problem -> assertThat(problem).contains("--kafka.guarantee", "exactly-once or at-least-once"))
                .anySatisfy(problem -> assertThat(problem).contains("kafka.transaction-timeout is 900.0 s", "1500.0 s"))
                .anySatisfy(problem -> assertThat(problem).contains("--model.batch-segments is \"0\""))
                .anySatisfy(problem -> assertThat(problem).contains("--model.device is \"gpu\"", "auto, cpu or cuda:N"))
                .anySatisfy(problem -> assertThat(problem)
                        .contains(
                                "--model.device-memory is \"0\"", "an amount of memory such as 512 mb or 8 gb, or all"))
                .anySatisfy(problem -> assertThat(problem).contains("classify.priority-header", "unordered"))
                .anySatisfy(problem -> assertThat(problem).contains("would read its own events"))
                .anySatisfy(problem -> assertThat(problem).contains("must be two topics"))
                .anySatisfy(problem -> assertThat(problem).contains("\"stray\" is not a flag"))
                .anySatisfy(problem -> assertThat(problem).contains("--job.name has no value"))
                .anySatisfy(problem ->
                        assertThat(problem).contains("HATFLOW_CLASSIFY_ODER", "did you mean classify.order?"))
                .anySatisfy(problem -> assertThat(problem).contains("kafka.bootstrap-servers is missing"))
                .anySatisfy(problem -> assertThat(problem).contains("model.bundle is missing"))
                .hasSize(15);
        assertThat(mistakes).hasMessageContaining("15 mistakes").hasMessageContaining("stray");
    }

    @Test
    void aFileThatCannotBeReadIsAMistake() {
        assertThatThrownBy(() -> read("--config=/nowhere/job.yaml"))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("/nowhere/job.yaml (--config) cannot be read");
    }

    @Test
    void theTransactionTimeoutDoesNotMatterWithoutTransactions() {
        assertThat(read("--kafka.guarantee=at-least-once", "--kafka.transaction-timeout=1 s")
                        .sink()
                        .guarantee())
                .isEqualTo(Guarantee.AT_LEAST_ONCE);
    }

    @Test
    void propertiesOfKafkaAndOptionsOfFlinkAreHandedOn() {
        JobSettings settings = JobSettings.read(
                REQUIRED,
                Map.of(
                        "HATFLOW_KAFKA_PROPERTIES_SASL_JAAS_CONFIG", "password=hush",
                        "HATFLOW_FLINK_REST_PORT", "0"));

        assertThat(settings.kafkaProperties()).containsExactly(Map.entry("sasl.jaas.config", "password=hush"));
        assertThat(settings.flinkOptions()).containsExactly(Map.entry("rest.port", "0"));
    }

    @Test
    void propertiesThatTheJobOwnsAreRefused() {
        for (String owned : List.of("group.id", "auto.offset.reset", "partition.discovery.interval.ms")) {
            assertThatThrownBy(() -> read("--kafka.properties." + owned + "=other"))
                    .hasMessageContaining("kafka.properties." + owned + " has a setting of its own");
        }
    }

    @Test
    void aPublicKeyIsReadWhereTheJobIsSubmitted(@TempDir Path folder) throws Exception {
        SignersKey given = SignersKey.in(folder);

        SignerKey signer = read("--model.public-key=" + given.file())
                .classify()
                .classifier()
                .signer();

        assertThat(signer).isNotNull();
        assertThat(signer.key().getEncoded()).isEqualTo(given.key().getEncoded());
        assertThatThrownBy(() -> read("--model.public-key=/nowhere/key.pem"))
                .hasMessageContaining("model.public-key: /nowhere/key.pem cannot be read");
    }

    @Test
    void whatASettingRefersToIsRead(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("topics.properties"), "input=a,b\n");
        JobSettings settings = JobSettings.read(
                new String[] {
                    "--kafka.bootstrap-servers=${env:BROKERS}",
                    "--model.bundle=/bundle",
                    "--kafka.input-topics=${file:" + file + ":input}"
                },
                Map.of("BROKERS", "broker:1"));

        assertThat(settings.bootstrapServers()).isEqualTo("broker:1");
        assertThat(settings.source().topics().names()).containsExactly("a", "b");
        assertThatThrownBy(() -> read("--job.name=${env:NO_SUCH_VARIABLE}"))
                .hasMessageContaining("job.name refers to ${env:NO_SUCH_VARIABLE}, which is not there");
    }

    @Test
    void whatKafkaPropertiesReferToIsLeftToKafka() {
        String reference = "${file:/run/secrets/kafka:password}";

        JobSettings settings = read("--kafka.properties.ssl.key.password=" + reference);

        assertThat(settings.kafkaProperties()).containsEntry("ssl.key.password", reference);
        assertThat(settings.openSecrets()).isEmpty();
    }

    @Test
    void theRegistryHasAddressesSubjectsAndProperties() {
        String reference = "${file:/run/secrets/registry:login}";

        RegistrySettings registry = read(
                        "--registry.url=https://one:8081/, http://two/apis/ccompat/v7",
                        "--registry.subject-name-strategy=topic-record",
                        "--registry.properties.basic.auth.user.info=" + reference,
                        "--registry.properties.basic.auth.credentials.source=USER_INFO")
                .registry();

        assertThat(registry.urls()).containsExactly("https://one:8081", "http://two/apis/ccompat/v7");
        assertThat(registry.subjectNames()).isEqualTo(SubjectNameStrategy.TOPIC_RECORD);
        assertThat(registry.properties()).containsEntry("basic.auth.user.info", reference);
        assertThat(registry.openSecrets()).isEmpty();
        assertThat(read().registry().isGiven()).isFalse();
    }

    @Test
    void flinkCannotBeGivenReferences() {
        assertThatThrownBy(() -> read("--flink.s3.secret-key=${env:SECRET}"))
                .hasMessageContaining("flink.s3.secret-key holds a reference")
                .hasMessageContaining("configuration of the cluster");
    }

    @Test
    void secretsThatAreGivenAsTheyAreAreNamed() {
        assertThat(read(
                                "--kafka.properties.ssl.key.password=hush",
                                "--flink.s3.secret-key=hush",
                                "--registry.properties.basic.auth.user.info=alice:hush",
                                "--registry.properties.ssl.truststore.password=hush",
                                "--kafka.properties.security.protocol=SSL")
                        .openSecrets())
                .containsExactlyInAnyOrder(
                        "kafka.properties.ssl.key.password",
                        "flink.s3.secret-key",
                        "registry.properties.basic.auth.user.info",
                        "registry.properties.ssl.truststore.password");
    }

    @Test
    void mistakesDoNotShowSecrets(@TempDir Path folder) throws IOException {
        // Its quotes were lost, so that the shell has made several arguments of it.
        assertThatThrownBy(() -> read("--kafka.properties.sasl.jaas.config", "Module", "required", "password=hush;"))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("is not a flag")
                .hasMessageNotContaining("hush");
        assertThatThrownBy(() -> read(
                        "--registry.url=https://alice:hush@one, https://alice:hu sh@two, https://al:ice:hush@three",
                        "--registry.properties.basic.auth.user.info=hush",
                        "--registry.properties.bearer.auth.tokens=hush"))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("registry.url holds a user")
                .hasMessageContaining("registry.url is no URL")
                .hasMessageNotContaining("hush");
        Path file =
                Files.writeString(folder.resolve("job.yaml"), "kafka.properties.ssl.key.password: \"hush\nkafka: {\n");
        assertThatThrownBy(() -> read("--config=" + file))
                .hasMessageContaining("is not valid YAML")
                .hasMessageNotContaining("hush");
    }

    @Test
    void secretsAreNotShown() {
        JobSettings settings = read(
                "--kafka.properties.sasl.jaas.config=hush",
                "--kafka.properties.ssl.key.password=hush",
                "--flink.s3.secret-key=hush",
                "--registry.properties.basic.auth.user.info=alice:hush",
                "--registry.properties.ssl.truststore.location=/trust.p12",
                "--kafka.properties.security.protocol=SASL_SSL");

        assertThat(settings.toString()).contains("ssl.truststore.location=/trust.p12");
        assertThat(settings.toString()).doesNotContain("hush").contains("security.protocol=SASL_SSL", "broker:9092");
    }
}
