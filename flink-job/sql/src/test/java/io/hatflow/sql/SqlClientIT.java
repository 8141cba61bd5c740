package io.hatflow.sql;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.sql.SqlClient.Place;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** From Kafka through {@code ML_PREDICT} to Kafka, by the real SQL client with the jar that is shipped. */
@Timeout(600)
class SqlClientIT {

    private static final Path SHIPPED =
            Path.of("../../deploy/bundles/contract-clauses").toAbsolutePath().normalize();
    private static final Pattern SQL = Pattern.compile("```sql\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern JOB = Pattern.compile("Job ID: ([0-9a-f]{32})");

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setConfiguration(new Configuration().set(RestOptions.PORT, 0))
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    private static LocalBroker broker;

    private final Path folder;

    SqlClientIT(@TempDir Path folder) {
        this.folder = folder;
    }

    @BeforeAll
    static void startABroker() throws Exception {
        Path data = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "broker-");
        broker = LocalBroker.start(data.toAbsolutePath());
    }

    @AfterAll
    static void stopTheBroker() {
        broker.close();
    }

    /** A client of the cluster of this test, which has our classes as if their jar lay in its {@code lib/}. */
    private SqlClient client(MiniCluster flink) throws Exception {
        return new SqlClient(
                folder,
                Place.LIB,
                List.of(
                        "execution.target: remote",
                        "rest.address: 127.0.0.1",
                        "rest.port: " + flink.getRestAddress().get().getPort(),
                        "execution.checkpointing.interval: 300 ms",
                        "execution.checkpointing.savepoint-dir: "
                                + folder.resolve("savepoints").toUri()));
    }

    /** The statements that the README shows, for this broker and the shipped bundle. */
    private static String readme(String topics) throws Exception {
        Matcher shown = SQL.matcher(Files.readString(Path.of("../../README.md")));
        assertThat(shown.find()).isTrue();
        return shown.group(1)
                .replace("localhost:9092", broker.bootstrapServers())
                .replace("/models/contract-clauses", SHIPPED.toString())
                .replace("'topic' = '", "'topic' = '" + topics + "-");
    }

    private static void send(String topic, String id, String body) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            String json = "{\"id\": \"%s\", \"body\": \"%s\"}".formatted(id, body);
            producer.send(new ProducerRecord<>(topic, json)).get();
        }
    }

    private static List<String> records(String topic) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_committed"),
                new StringDeserializer(),
                new StringDeserializer())) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = requireNonNull(consumer.endOffsets(List.of(partition)).get(partition));
            List<String> records = new ArrayList<>();
            while (consumer.position(partition) < end) {
                for (ConsumerRecord<String, String> each : consumer.poll(Duration.ofMillis(100))) {
                    records.add(each.value());
                }
            }
            return records;
        }
    }

    /** A model is loaded, and its golden inputs are replayed. */
    private static ConditionFactory await() {
        return Awaitility.await().atMost(Duration.ofMinutes(2));
    }

    private static String job(String output) {
        Matcher submitted = JOB.matcher(output);
        assertThat(submitted.find()).as(output).isTrue();
        return submitted.group(1);
    }

    private static final String LAW =
            "This Agreement shall be governed by and construed in accordance with the laws of the State of"
                    + " New York, without regard to its conflict of laws principles.";

    @Test
    void whatTheReadmeShowsLabelsContracts(@InjectMiniCluster MiniCluster flink) throws Exception {
        broker.createTopics(1, List.of("readme-contracts", "readme-labels"));
        send("readme-contracts", "c1", LAW);
        send("readme-contracts", "c2", "");
        SqlClient client = client(flink);

        String job = job(client.run(readme("readme")));

        await().untilAsserted(() -> assertThat(records("readme-labels"))
                .satisfiesExactlyInAnyOrder(
                        labelled -> assertThat(labelled)
                                .contains("\"id\":\"c1\"", "\"label\":\"Governing Law\"", "\"error\":null"),
                        rejected -> assertThat(rejected).contains("\"id\":\"c2\"", "EMPTY_TEXT")));
        client.run("STOP JOB '" + job + "';");
    }

    /** Documents of many windows among short ones; stopped, and a TaskManager lost, while they are in flight. */
    @Test
    void everyRowLeavesOnce(@InjectMiniCluster MiniCluster flink) throws Exception {
        broker.createTopics(1, List.of("once-posts", "once-labels"));
        SqlClient client = client(flink);
        String query = kafka("posts", "once-posts", "id STRING, body STRING", "'scan.startup.mode' = 'earliest-offset'")
                + kafka(
                        "labels",
                        "once-labels",
                        "id STRING, label STRING, error STRING",
                        "'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'once',"
                                + " 'properties.transaction.timeout.ms' = '600000'")
                + Model.create("m", "tiny-documents", "label STRING, error STRING")
                + ";\nINSERT INTO labels SELECT id, label, error FROM ML_PREDICT(TABLE posts, MODEL m, DESCRIPTOR(body));\n";
        sendPosts(0, 40);
        String job = job(client.run(query));
        await().until(() -> !records("once-labels").isEmpty());

        String stopped = client.run("STOP JOB '" + job + "' WITH SAVEPOINT;");
        Matcher savepoint = Pattern.compile("file:\\S+/savepoint-\\S+").matcher(stopped);
        assertThat(savepoint.find()).as(stopped).isTrue();
        int before = records("once-labels").size();
        sendPosts(40, 120);
        job = job(client.run("SET 'execution.state-recovery.path' = '" + savepoint.group() + "';", query));
        await().until(() -> records("once-labels").size() > before);
        flink.terminateTaskManager(0).get();
        flink.startTaskManager();

        await().untilAsserted(() -> assertThat(records("once-labels"))
                .extracting(SqlClientIT::id)
                .containsExactlyInAnyOrder(
                        IntStream.range(0, 120).mapToObj(i -> "p" + i).toArray(String[]::new)));
        assertThat(records("once-labels"))
                .filteredOn(record -> id(record).endsWith("9"))
                .allSatisfy(record -> assertThat(record).contains("\"label\":null", "EMPTY_TEXT"));
        client.run("STOP JOB '" + job + "';");
    }

    private static String kafka(String table, String topic, String columns, String more) {
        return """
                CREATE TABLE %s (%s) WITH ('connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s',
                  'format' = 'json', %s);
                """.formatted(table, columns, topic, broker.bootstrapServers(), more);
    }

    private static void sendPosts(int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            // Some of many windows, and one that is rejected among each ten.
            String body = i % 10 == 9 ? " " : "We agree to pay within thirty days. ".repeat(i % 10 == 5 ? 500 : 1);
            send("once-posts", "p" + i, body);
        }
    }

    private static String id(String record) {
        return record.replaceAll("\\{\"id\":\"([^\"]+)\".*", "$1");
    }

    /** In a cluster inside the client, whose only classes of ours are those of the jar. */
    @ParameterizedTest
    @EnumSource
    void theJarIsComplete(Place place) throws Exception {
        SqlClient alone = new SqlClient(folder, place, List.of("execution.target: local"));
        String output = alone.run(
                "SET 'execution.runtime-mode' = 'batch';",
                "SET 'sql-client.execution.result-mode' = 'tableau';",
                "CREATE VIEW posts AS SELECT * FROM (VALUES ('We agree to pay.'), ('')) AS t (body);",
                Model.create("m", "tiny-documents", "model STRING, error STRING") + ";",
                "EXPLAIN SELECT error FROM ML_PREDICT(TABLE posts, MODEL m, DESCRIPTOR(body));",
                "SHOW CREATE MODEL m;",
                "SELECT model, error FROM ML_PREDICT(TABLE posts, MODEL m, DESCRIPTOR(body));");

        assertThat(output)
                .contains(
                        "MLPredictTableFunction",
                        "'provider' = 'hatflow'",
                        "tiny-documents ",
                        "EMPTY_TEXT",
                        "2 rows in set");
    }

    /** Each query of such a client has a cluster and a class loader of its own, in one JVM. */
    @Test
    void aSecondQueryByTheOptionSaysWhereTheJarBelongs() throws Exception {
        SqlClient alone = new SqlClient(folder, Place.OPTION, List.of("execution.target: local"));
        String query = "SELECT error FROM ML_PREDICT(TABLE posts, MODEL m, DESCRIPTOR(body));";
        String output = alone.run(
                "SET 'execution.runtime-mode' = 'batch';",
                "SET 'sql-client.execution.result-mode' = 'tableau';",
                "CREATE VIEW posts AS SELECT * FROM (VALUES ('We agree to pay.'), ('')) AS t (body);",
                Model.create("m", "tiny-documents", "error STRING") + ";",
                query,
                query);
        assertThat(output)
                .containsOnlyOnce("2 rows in set")
                .contains("The native libraries of ONNX Runtime and the tokenizer cannot be loaded: ", "Flink's lib/");
    }

    @Test
    void theClientShowsWhatIsWrong() throws Exception {
        SqlClient alone = new SqlClient(folder, Place.OPTION, List.of("execution.target: local"));
        String output = alone.run(
                "CREATE TABLE posts (body STRING) WITH ('connector' = 'datagen');",
                Model.create("m", "tiny-documents", "tone STRING") + ";",
                "SELECT tone FROM ML_PREDICT(TABLE posts, MODEL m, DESCRIPTOR(body));");
        assertThat(output).contains("OUTPUT has a column tone, expected some of these: labels ARRAY<ROW<");

        output = alone.run(
                "CREATE TABLE posts (body STRING) WITH ('connector' = 'datagen');",
                Model.create("m", "tiny-documents", "label STRING", "'capacity' = '5'") + ";",
                "SELECT label FROM ML_PREDICT(TABLE posts, MODEL m, DESCRIPTOR(body));");
        assertThat(output).contains("Unsupported options found for 'hatflow'", "capacity");
    }
}
