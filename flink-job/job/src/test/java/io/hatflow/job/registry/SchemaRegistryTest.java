package io.hatflow.job.registry;

import static io.hatflow.job.registry.StubRegistry.ok;
import static io.hatflow.job.registry.StubRegistry.unknown;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.job.TroubleshootingPage;
import io.hatflow.job.registry.StubRegistry.Reply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.flink.runtime.throwable.ThrowableClassifier;
import org.apache.flink.runtime.throwable.ThrowableType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class SchemaRegistryTest {

    static final String CERTIFICATE =
            "The TLS certificate of the schema registry at … is not accepted: …. Expected one that names this host and that an"
                    + " authority in registry.properties.ssl.truststore.location has signed; give the truststore that holds the"
                    + " registry's authority";
    static final String LOGIN =
            "The schema registry at … refuses the login (status 401). Expected a user or a token that it knows; …"
                    + " registry.properties.basic.auth.user.info (USER:PASSWORD) or registry.properties.bearer.auth.token…";
    static final String REFUSED_SCHEMA =
            "The schema registry refuses the schema of … for the subject … (…). Expected a subject"
                    + " whose earlier versions it goes with; give another topic or another registry.subject-name-strategy, or delete what"
                    + " the subject holds";
    private static final String RIGHT =
            "The schema registry does not allow its user to … (status 403). Give the user that right, or log in as one that has"
                    + " it, by registry.properties.basic.auth.user.info or registry.properties.bearer.auth.token";
    private static final String NO_ANSWER =
            "The schema registry at … gives no answer to … within … s; at last, …. It must run"
                    + " and be reachable from here; check registry.url";
    private static final String NONSENSE =
            "… is answered with …, expected what Confluent's REST API says; check that registry.url is the address of the"
                    + " registry itself, with its path, such as /apis/ccompat/v7 of Apicurio";
    private static final String NO_SCHEMA =
            "… is answered with a schema of … characters that is no Avro schema (…); expected one"
                    + " that Avro can parse; look at it in the registry";
    private static final String NO_REFERENCE =
            "… is answered with …; expected the schema that another refers to; register it again";
    private static final String SECRET =
            "registry.properties.… refers to …, which is not there; expected ${file:PATH:KEY} with a"
                    + " key of that properties file, …";
    private static final String TOKEN =
            "registry.properties.bearer.auth.token holds a character that no header may have, expected the token alone";
    private static final String STORE =
            "registry.properties.ssl.…store.location is …, which cannot be used: …; check that file"
                    + " and registry.properties.ssl.…store.type and password";
    private static final String MISSING_SCHEMA =
            "The subject … of the schema registry does not hold the schema of … that this release writes, and"
                    + " events.register-schemas is false. Expected it to be there; register schemas/src/main/avro/….avsc of"
                    + " this release under that subject, or set events.register-schemas: true";

    private static final Patience PATIENCE = patience(Duration.ofSeconds(30), Duration.ofSeconds(20));

    /** Believes no "unknown" for any time. */
    private static final Patience FORGETFUL = new Patience(
            PATIENCE.limit(), PATIENCE.answerLimit(), PATIENCE.firstPause(), PATIENCE.longestPause(), Duration.ZERO);

    private static final Schema LETTER =
            SchemaBuilder.record("post.Letter").fields().requiredString("body").endRecord();

    private StubRegistry server;

    private static Patience patience(Duration limit, Duration answerLimit) {
        return new Patience(limit, answerLimit, Duration.ofMillis(1), Duration.ofMillis(2), Duration.ofHours(1));
    }

    @BeforeEach
    void start() throws IOException {
        server = StubRegistry.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static SchemaRegistry registry(Patience patience, Map<String, String> properties, String... urls) {
        return new SchemaRegistry(new RegistrySettings(List.of(urls), SubjectNameStrategy.TOPIC, properties), patience);
    }

    private SchemaRegistry registry() {
        return registry(PATIENCE, Map.of(), server.url());
    }

    private static ObjectNode json(Object schema) {
        return JsonNodeFactory.instance.objectNode().put("schema", schema.toString());
    }

    private static Reply answer(Object schema) {
        return ok(json(schema).toString());
    }

    /** An answer that refers to the first versions of subjects. */
    private static Reply answer(Object schema, String... subjects) {
        ObjectNode json = json(schema);
        for (String subject : subjects) {
            json.withArray("references")
                    .addObject()
                    .put("name", subject)
                    .put("subject", subject)
                    .put("version", 1);
        }
        return ok(json.toString());
    }

    /** What a message of that form matches. */
    static String of(String message) {
        return TroubleshootingPage.pattern(message).pattern();
    }

    private static boolean endsTheJob(Throwable failure) {
        return ThrowableClassifier.findThrowableOfThrowableType(failure, ThrowableType.NonRecoverableError)
                .isPresent();
    }

    /** A place where nobody listens. */
    private static String nowhere() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "http://127.0.0.1:" + free.getLocalPort();
        }
    }

    @Test
    void anIdIsAskedForOnce() {
        server.says("GET /schemas/ids/7", answer(LETTER));
        SchemaRegistry registry = registry();

        assertThat(registry.byId(7)).contains(LETTER);
        assertThat(registry.byId(7)).contains(LETTER);

        assertThat(server.questions()).containsExactly("GET /schemas/ids/7");
    }

    @Test
    void ofVeryManyIdsTheOneThatWasNeededLongestAgoIsForgotten() {
        for (int id = 0; id <= 1_000; id++) {
            server.says("GET /schemas/ids/" + id, answer(LETTER));
        }
        SchemaRegistry registry = registry();
        for (int id = 0; id < 1_000; id++) {
            registry.byId(id);
        }
        registry.byId(0);
        assertThat(server.asked()).hasSize(1_000);

        registry.byId(1_000);
        registry.byId(0);
        registry.byId(1);

        assertThat(server.questions()).hasSize(1_002).endsWith("GET /schemas/ids/1000", "GET /schemas/ids/1");
    }

    @Test
    void aGuidIsAskedForOnce() {
        UUID guid = UUID.nameUUIDFromBytes(new byte[] {1});
        server.says("GET /schemas/guids/" + guid, answer(LETTER));
        SchemaRegistry registry = registry();

        assertThat(registry.byGuid(guid)).contains(LETTER);
        assertThat(registry.byGuid(guid)).contains(LETTER);

        assertThat(server.asked()).hasSize(1);
    }

    @Test
    void anUnknownIdIsNotAskedForAgainAtOnce() {
        server.says("GET /schemas/ids/7", unknown(), unknown(), answer(LETTER));
        SchemaRegistry registry = registry();

        assertThat(registry.byId(7)).isEmpty();
        assertThat(registry.byId(7)).isEmpty();

        assertThat(server.asked()).hasSize(2);
    }

    @Test
    void anUnknownIdIsAskedForAgainAfterAWhile() {
        server.says("GET /schemas/ids/7", unknown(), unknown(), answer(LETTER));
        SchemaRegistry registry = registry(FORGETFUL, Map.of(), server.url());

        assertThat(registry.byId(7)).isEmpty();
        assertThat(registry.byId(7)).contains(LETTER);
    }

    /** It may be on its way to the replica that was asked. */
    @Test
    void anIdIsUnknownOnlyWhereItIsStillSoAfterAMoment() {
        server.says("GET /schemas/ids/7", unknown(), answer(LETTER));

        assertThat(registry().byId(7)).contains(LETTER);
    }

    @Test
    void anIdIsUnknownOnlyWhereNoAddressKnowsIt() throws IOException {
        server.says("GET /schemas/ids/7", answer(LETTER));
        server.says("GET /schemas/ids/8", unknown());
        try (StubRegistry behind = StubRegistry.start()) {
            behind.says("GET /schemas/ids/7", unknown());
            // As a server in between says it of everything, which is not the registry's word.
            behind.says("GET /schemas/ids/8", new Reply(404, "<html>"));
            SchemaRegistry registry = registry(PATIENCE, Map.of(), nowhere(), behind.url(), server.url());

            assertThat(registry.byId(7)).contains(LETTER);
            assertThat(registry.byId(8)).isEmpty();

            assertThat(behind.questions())
                    .containsExactly("GET /schemas/ids/7", "GET /schemas/ids/8", "GET /schemas/ids/8");
        }
    }

    @Test
    void whatIsNoIdIsNotAskedFor() {
        assertThat(registry().byId(-1)).isEmpty();
        assertThat(server.asked()).isEmpty();
    }

    @Test
    void aSchemaOfAnotherKindIsNone() {
        server.says("GET /schemas/ids/7", ok("{\"schemaType\": \"PROTOBUF\", \"schema\": \"message Letter {}\"}"));
        SchemaRegistry registry = registry();

        assertThat(registry.byId(7)).isEmpty();
        assertThat(registry.byId(7)).isEmpty();
        assertThat(server.asked()).hasSize(1);
    }

    @Test
    void whatASchemaRefersToIsReadEachOnce() {
        String wrapper = "{\"type\": \"record\", \"name\": \"%s\", \"fields\": [{\"name\": \"f\", \"type\": \"%s\"}]}";
        server.says(
                "GET /schemas/ids/7",
                answer(
                        "{\"type\": \"record\", \"name\": \"Post\", \"fields\": [{\"name\": \"a\", \"type\": \"A\"},"
                                + " {\"name\": \"b\", \"type\": \"B\"}]}",
                        "a/1",
                        "b"));
        server.says(
                "GET /subjects/a%2F1/versions/1?deleted=true", answer(wrapper.formatted("A", "post.Letter"), "letter"));
        server.says("GET /subjects/b/versions/1?deleted=true", answer(wrapper.formatted("B", "post.Letter"), "letter"));
        // Leads back to where it came from.
        server.says("GET /subjects/letter/versions/1?deleted=true", answer(LETTER, "a/1"));

        Schema post = registry().byId(7).orElseThrow();

        assertThat(post.getField("a").schema().getField("f").schema()).isEqualTo(LETTER);
        assertThat(post.getField("b").schema().getField("f").schema()).isEqualTo(LETTER);
        assertThat(server.questions()).hasSize(4).doesNotHaveDuplicates();
    }

    /** As where two schemas refer to different versions of a third. */
    @Test
    void aNameThatComesFromTwoPlacesIsTakenFromTheFirst() {
        server.says(
                "GET /schemas/ids/7",
                answer(
                        "{\"type\": \"record\", \"name\": \"Post\", \"fields\": [{\"name\": \"a\", \"type\": \"post.Letter\"}]}",
                        "post.Letter",
                        "b"));
        server.says("GET /subjects/post.Letter/versions/1?deleted=true", answer(LETTER));
        server.says(
                "GET /subjects/b/versions/1?deleted=true",
                ok(json("{\"type\": \"fixed\", \"name\": \"B\", \"size\": 1}")
                        .set(
                                "references",
                                JsonNodeFactory.instance
                                        .arrayNode()
                                        .add(JsonNodeFactory.instance
                                                .objectNode()
                                                .put("name", "post.Letter")
                                                .put("subject", "post.Letter")
                                                .put("version", 2)))
                        .toString()));

        assertThat(registry().byId(7).orElseThrow().getField("a").schema()).isEqualTo(LETTER);
        assertThat(server.questions()).hasSize(3);
    }

    @Test
    void referencesWithoutEndMakeNoSchema() {
        server.says("GET /schemas/ids/7", answer(LETTER, "s0"));
        for (int i = 0; i <= 600; i++) {
            server.says("GET /subjects/s" + i + "/versions/1?deleted=true", answer(LETTER, "s" + (i + 1)));
        }

        assertThatThrownBy(() -> registry().byId(7))
                .isInstanceOf(UnreadableSchemaException.class)
                .hasMessageEndingWith(
                        " is answered with a schema that refers, through others, to more than 500; expected no more;"
                                + " look at it in the registry");
    }

    @Test
    void aReferenceThatLeadsNowhereMakesNoSchema() {
        server.says("GET /schemas/ids/7", answer(LETTER, "gone"));
        server.says("GET /subjects/gone/versions/1?deleted=true", unknown());

        assertThatThrownBy(() -> registry().byId(7))
                .isInstanceOf(UnreadableSchemaException.class)
                .hasMessageContaining("/subjects/gone/versions/1")
                .hasMessageMatching(of(NO_REFERENCE));
    }

    @Test
    void aReferenceWithoutAnAnswerIsTheRegistrysFault() {
        server.says("GET /schemas/ids/7", answer(LETTER, "gone"));
        server.says("GET /subjects/gone/versions/1?deleted=true", new Reply(400, "{\"error_code\": 400}"));

        assertThatThrownBy(() -> registry().byId(7))
                .isInstanceOf(RegistryException.class)
                .hasMessageMatching(of(NONSENSE));
    }

    @Test
    void aSchemaWhoseDefaultsAreNoneIsRead() {
        server.says(
                "GET /schemas/ids/7",
                answer("{\"type\": \"record\", \"name\": \"L\", \"fields\": [{\"name\": \"n\", \"type\": \"int\","
                        + " \"default\": \"none\"}]}"));

        assertThat(registry().byId(7)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503, 429, 408})
    void whatMayPassIsTriedAgain(int status) {
        server.says("GET /schemas/ids/7", new Reply(status, "<html>"), new Reply(status, ""), answer(LETTER));

        assertThat(registry().byId(7)).contains(LETTER);
        assertThat(server.asked()).hasSize(3);
    }

    @Test
    void whereOneAddressDoesNotAnswerAnotherIsAskedAndStaysTheFirst() throws IOException {
        server.says("GET /schemas/ids/7", answer(LETTER));
        server.says("GET /schemas/ids/8", answer(LETTER));
        try (StubRegistry ill = StubRegistry.start()) {
            ill.says("GET /schemas/ids/7", new Reply(503, ""));
            SchemaRegistry registry = registry(PATIENCE, Map.of(), nowhere(), ill.url(), server.url());

            assertThat(registry.byId(7)).contains(LETTER);
            assertThat(registry.byId(8)).contains(LETTER);

            assertThat(ill.asked()).hasSize(1);
        }
    }

    @Test
    void anAddressThatTakesTooLongIsLeft() throws IOException {
        server.says("GET /schemas/ids/7", answer(LETTER));
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            SchemaRegistry registry = registry(
                    patience(Duration.ofSeconds(30), Duration.ofMillis(300)),
                    Map.of(),
                    "http://127.0.0.1:" + silent.getLocalPort(),
                    server.url());

            assertThat(registry.byId(7)).contains(LETTER);
        }
    }

    @Test
    void whereNoneAnswersItIsGivenUpAndTheTaskIsRestarted() throws IOException {
        String nowhere = nowhere();
        server.says("GET /subjects/ill/versions/latest", new Reply(503, "<html>"));
        RegistryException failure = catchThrowableOfType(RegistryException.class, () -> registry(
                        patience(Duration.ofMillis(100), Duration.ofMillis(50)), Map.of(), nowhere, server.url())
                .latest("ill"));
        assertThat(failure)
                .hasMessageStartingWith("The schema registry at " + nowhere + ", " + server.url()
                        + " gives no answer to GET /subjects/ill/versions/latest within 0.1 s; at last, ")
                .hasMessageMatching(of(NO_ANSWER));
        assertThat(endsTheJob(failure)).isFalse();
    }

    @Test
    void aTaskThatIsCancelledDoesNotWait() {
        server.says("GET /schemas/ids/7", new Reply(503, ""));
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> registry().byId(7))
                .isInstanceOf(RegistryException.class)
                .hasMessage("The task was ended while it waited for the schema registry");
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void aRefusedLoginEndsTheJobAndSaysWhatToSet() {
        server.says("GET /schemas/ids/7", new Reply(401, ""));

        RegistryException without =
                catchThrowableOfType(RegistryException.class, () -> registry().byId(7));
        RegistryException with = catchThrowableOfType(RegistryException.class, () -> registry(
                        PATIENCE, Map.of("basic.auth.user.info", "alice:hush"), server.url())
                .byId(7));

        assertThat(without)
                .hasMessageMatching(of(LOGIN))
                .hasMessageContaining("set registry.properties.basic.auth.user.info");
        assertThat(with)
                .hasMessageContaining("check registry.properties.basic.auth.user.info")
                .hasMessageMatching(of(LOGIN))
                .hasMessageNotContaining("hush");
        assertThat(List.of(without, with)).allMatch(SchemaRegistryTest::endsTheJob);
        assertThat(server.asked()).hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 302, 401, 403})
    void anAddressThatLetsNobodyInIsLeftForAnother(int status) throws IOException {
        server.says("GET /schemas/ids/7", answer(LETTER));
        try (StubRegistry closed = StubRegistry.start()) {
            closed.says("GET /schemas/ids/7", new Reply(status, "<html>"));

            assertThat(registry(PATIENCE, Map.of(), closed.url(), server.url()).byId(7))
                    .contains(LETTER);
        }
    }

    @Test
    void anAddressThatLetsNobodyInDoesNotEndTheJobWhileAnotherIsDown() throws IOException {
        server.says("GET /schemas/ids/7", new Reply(401, ""));

        RegistryException failure = catchThrowableOfType(RegistryException.class, () -> registry(
                        patience(Duration.ofSeconds(2), Duration.ofSeconds(1)), Map.of(), server.url(), nowhere())
                .byId(7));

        assertThat(failure)
                .hasMessageMatching(of(NO_ANSWER))
                .hasMessageContaining(
                        "; and The schema registry at " + server.url() + " refuses the login (status 401)");
        assertThat(endsTheJob(failure)).isFalse();
    }

    @Test
    void anAddressThatLetsNobodyInForAMomentIsAskedAgain() {
        server.says("GET /schemas/ids/7", new Reply(403, ""), answer(LETTER));

        assertThat(registry().byId(7)).contains(LETTER);
    }

    @Test
    void aMissingRightEndsTheJob() {
        server.says("POST /subjects/s/versions", new Reply(403, "{\"error_code\": 40301, \"message\": \"no\"}"));

        assertThatThrownBy(() -> registry().register("s", LETTER))
                .hasMessageContaining("to POST " + server.url() + "/subjects/s/versions")
                .hasMessageMatching(of(RIGHT))
                .matches(SchemaRegistryTest::endsTheJob);
    }

    @Test
    void aLoginIsReadFromWhereItIsKeptForEachRequest(@TempDir Path folder) throws IOException {
        server.says("GET /schemas/ids/1", answer(LETTER));
        server.says("GET /schemas/ids/2", answer(LETTER));
        Path file = Files.writeString(folder.resolve("login"), "alice:first\n");
        SchemaRegistry registry =
                registry(PATIENCE, Map.of("basic.auth.user.info", "${dir:" + folder + ":login}"), server.url());

        registry.byId(1);
        Files.writeString(file, "alice:second");
        registry.byId(2);

        assertThat(server.asked())
                .extracting(StubRegistry.Asked::login)
                .containsExactly(basic("alice:first"), basic("alice:second"));
    }

    private static String basic(String login) {
        return "Basic " + Base64.getEncoder().encodeToString(login.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Test
    void aTokenIsSent() {
        server.says("GET /schemas/ids/1", answer(LETTER));

        registry(PATIENCE, Map.of("bearer.auth.token", "abc"), server.url()).byId(1);

        assertThat(server.asked()).extracting(StubRegistry.Asked::login).containsExactly("Bearer abc");
    }

    @Test
    void aTokenThatNoHeaderCanCarryIsNotShown() {
        assertThatThrownBy(() -> registry(PATIENCE, Map.of("bearer.auth.token", "hu\nsh"), server.url())
                        .byId(1))
                .isInstanceOf(RegistryException.class)
                .hasMessage(TOKEN);
    }

    @Test
    void aSecretThatIsNotThereIsNamed() {
        assertThatThrownBy(() ->
                        registry(PATIENCE, Map.of("basic.auth.user.info", "${env:NO_SUCH_VARIABLE}"), server.url()))
                .isInstanceOf(RegistryException.class)
                .hasMessageContaining("basic.auth.user.info refers to ${env:NO_SUCH_VARIABLE}")
                .hasMessageMatching(of(SECRET))
                .matches(SchemaRegistryTest::endsTheJob);
    }

    @Test
    void aStoreThatCannotBeReadIsNamed(@TempDir Path folder) throws IOException {
        Path text = Files.writeString(folder.resolve("trust.p12"), "hush");
        for (String store : List.of(text.toString(), "/nowhere/trust.p12")) {
            assertThatThrownBy(() -> registry(PATIENCE, Map.of("ssl.truststore.location", store), server.url()))
                    .isInstanceOf(RegistryException.class)
                    .hasMessageStartingWith(
                            "registry.properties.ssl.truststore.location is " + store + ", which cannot be used: ")
                    .hasMessageMatching(of(STORE))
                    .matches(SchemaRegistryTest::endsTheJob);
        }
    }

    private record Nonsense(String name, Reply reply, String complaint) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Nonsense> nonsense() {
        return Stream.of(
                new Nonsense("a page", ok("<html>hush</html>"), "17 bytes of text/plain that are no JSON"),
                new Nonsense("nothing", ok(""), "0 bytes of text/plain that are no JSON"),
                new Nonsense("half of it", ok("{\"schema\": \"hush"), "that are no JSON"),
                new Nonsense("a number", ok("7"), "that are no JSON"),
                new Nonsense("a list", ok("[\"hush\"]"), "JSON that is no object"),
                new Nonsense("another object", ok("{\"hush\": 1}"), "JSON without a text \"schema\""),
                new Nonsense("a schema that is JSON itself", ok("{\"schema\": {}}"), "JSON without a text \"schema\""),
                new Nonsense("a deep answer", ok("[".repeat(50_000)), "that are no JSON"),
                new Nonsense(
                        "a reference to nothing",
                        ok("{\"schema\": \"\\\"int\\\"\", \"references\": [{}]}"),
                        "a reference"),
                new Nonsense("too much", ok("x".repeat((8 << 20) + 1)), "more than 8388608 bytes"),
                new Nonsense("a way elsewhere", new Reply(302, "hush"), "status 302"),
                new Nonsense("nothing here", new Reply(404, "<html>hush"), "status 404"),
                new Nonsense("no such path", new Reply(404, "{\"error_code\": 404}"), "status 404, error 404"),
                new Nonsense("no content", new Reply(204, ""), "status 204"),
                new Nonsense(
                        "a long complaint",
                        new Reply(400, "{\"error_code\": 400, \"message\": \"" + "x".repeat(301) + "\"}"),
                        "status 400, error 400: " + "x".repeat(300) + "…"));
    }

    @ParameterizedTest
    @MethodSource("nonsense")
    void nonsenseIsTheRegistrysFaultAndItsContentIsNotShown(Nonsense nonsense) {
        server.says("GET /schemas/ids/7", nonsense.reply());

        RegistryException failure =
                catchThrowableOfType(RegistryException.class, () -> registry().byId(7));

        assertThat(failure)
                .hasMessageStartingWith("GET " + server.url() + "/schemas/ids/7 is answered with ")
                .hasMessageContaining(nonsense.complaint())
                .hasMessageMatching(of(NONSENSE))
                .hasMessageNotContaining("hush");
        assertThat(failure.getMessage()).hasSizeLessThan(800);
        assertThat(endsTheJob(failure)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"hush {", "\"hush\"", "[{\"type\": \"fixed\", \"name\": \"hush\"}]", "DEEP", ""})
    void aSchemaThatIsNoneIsNotTheRegistrysFault(String schema) {
        server.says("GET /schemas/ids/7", answer(schema.replace("DEEP", "[".repeat(50_000))));
        SchemaRegistry registry = registry();

        for (int time = 0; time < 2; time++) {
            assertThatThrownBy(() -> registry.byId(7))
                    .isInstanceOf(UnreadableSchemaException.class)
                    .hasMessageStartingWith("GET " + server.url() + "/schemas/ids/7 is answered with a schema of ")
                    .hasMessageMatching(of(NO_SCHEMA))
                    .hasMessageNotContaining("hush")
                    .message()
                    .hasSizeLessThan(800);
        }
        assertThat(server.asked()).hasSize(1);
    }

    @Test
    void aSchemaThatIsNoneIsAskedForAgainAfterAWhile() {
        server.says("GET /schemas/ids/7", answer("hush {"), answer(LETTER));
        SchemaRegistry registry = registry(FORGETFUL, Map.of(), server.url());

        assertThatThrownBy(() -> registry.byId(7)).isInstanceOf(UnreadableSchemaException.class);
        assertThat(registry.byId(7)).contains(LETTER);
    }

    /** As other languages' writers give them. */
    @Test
    void namesThatAvroDoesNotAllowAreRead() {
        server.says(
                "GET /schemas/ids/7",
                answer("{\"type\": \"record\", \"name\": \"post-office.Letter\", \"fields\": [{\"name\": \"sent-at\","
                        + " \"type\": {\"type\": \"enum\", \"name\": \"2\", \"symbols\": [\"to-day\"]}}]}"));

        assertThat(registry().byId(7).orElseThrow().getField("sent-at").schema().getEnumSymbols())
                .containsExactly("to-day");
    }

    @Test
    void aRegistryWithoutGuidsKnowsNone() {
        server.says("GET /schemas/types", ok("[\"AVRO\"]"));

        assertThat(registry().byGuid(new UUID(1, 2))).isEmpty();
    }

    @Test
    void whatIsNoRegistryIsNotBelievedToKnowNoGuid() {
        assertThatThrownBy(() -> registry().byGuid(new UUID(1, 2)))
                .isInstanceOf(RegistryException.class)
                .hasMessageContaining("status 404");
    }

    @Test
    void theNewestSchemaOfASubjectIsAskedForEachTime() {
        server.says(
                "GET /subjects/a%20b%2Fc/versions/latest",
                unknown(), unknown(), answer(LETTER), answer(Schema.create(Schema.Type.INT)));
        SchemaRegistry registry = registry();

        assertThat(registry.latest("a b/c")).isEmpty();
        assertThat(registry.latest("a b/c")).contains(LETTER);
        assertThat(registry.latest("a b/c")).contains(Schema.create(Schema.Type.INT));
    }

    @Test
    void aSchemaIsLookedUpComparedAndRegistered() {
        server.says("POST /subjects/s", unknown(), unknown(), ok("{\"id\": 7, \"subject\": \"s\", \"version\": 1}"));
        server.says(
                "POST /compatibility/subjects/s/versions/latest?verbose=true",
                unknown(),
                unknown(),
                ok("{\"is_compatible\": true}"),
                ok("{\"is_compatible\": false, \"messages\": [\"one\\n thing\", \"" + "x".repeat(400) + "\"]}"),
                ok("{\"is_compatible\": false}"));
        server.says("POST /subjects/s/versions", ok("{\"id\": 7}"));
        SchemaRegistry registry = registry();

        assertThat(registry.lookUp("s", LETTER)).isEmpty();
        assertThat(registry.incompatibility("s", LETTER)).isEmpty();
        assertThat(registry.incompatibility("s", LETTER)).isEmpty();
        assertThat(registry.incompatibility("s", LETTER)).contains("one thing; " + "x".repeat(200) + "…");
        assertThat(registry.incompatibility("s", LETTER)).contains("it does not say why");
        assertThat(registry.register("s", LETTER)).isEqualTo(7);
        assertThat(registry.lookUp("s", LETTER)).hasValue(7);
        assertThat(server.asked())
                .allMatch(each -> each.body().equals(json(LETTER).toString()));
    }

    @Test
    void aSchemaThatIsRefusedEndsTheJob() {
        server.says("POST /subjects/s/versions", new Reply(409, "{\"error_code\": 409, \"message\": \"a changed\"}"));

        assertThatThrownBy(() -> registry().register("s", LETTER))
                .hasMessageContaining("(status 409, error 409: a changed)")
                .hasMessageMatching(of(REFUSED_SCHEMA))
                .matches(SchemaRegistryTest::endsTheJob);
    }

    @Test
    void whatIsThereIsWrittenUnderItsId() {
        server.says("POST /subjects/s", ok("{\"id\": 7}"));

        assertThat(registry().idToWrite("s", LETTER, false)).isEqualTo(7);
        assertThat(registry().idToWrite("s", LETTER, true)).isEqualTo(7);
        assertThat(server.questions()).containsOnly("POST /subjects/s");
    }

    @Test
    void whatIsNotThereIsComparedAndRegistered() {
        server.says("POST /subjects/s", unknown());
        server.says("POST /compatibility/subjects/s/versions/latest?verbose=true", ok("{\"is_compatible\": true}"));
        server.says("POST /subjects/s/versions", ok("{\"id\": 7}"));

        assertThat(registry().idToWrite("s", LETTER, true)).isEqualTo(7);
    }

    @Test
    void whatIsNotThereAndMayNotBeRegisteredEndsTheJob() {
        server.says("POST /subjects/s", unknown());

        assertThatThrownBy(() -> registry().idToWrite("s", LETTER, false))
                .hasMessageMatching(of(MISSING_SCHEMA))
                .matches(SchemaRegistryTest::endsTheJob);
    }

    @Test
    void whatWouldNotBeWrittenIsSaidWithoutRegisteringIt() {
        String compatibility = "POST /compatibility/subjects/s/versions/latest?verbose=true";
        server.says("POST /subjects/s", ok("{\"id\": 7}"), unknown());
        SchemaRegistry registry = registry();

        assertThat(registry.whyNotWritten("s", LETTER, true)).isEmpty();
        assertThat(registry.whyNotWritten("s", LETTER, false))
                .hasValueSatisfying(sentence -> assertThat(sentence).matches(of(MISSING_SCHEMA)));
        server.says(compatibility, ok("{\"is_compatible\": true}"));
        assertThat(registry.whyNotWritten("s", LETTER, true)).isEmpty();
        server.says(compatibility, ok("{\"is_compatible\": false, \"messages\": [\"a changed\"]}"));
        assertThat(registry.whyNotWritten("s", LETTER, true))
                .hasValueSatisfying(
                        sentence -> assertThat(sentence).contains("(a changed)").matches(of(REFUSED_SCHEMA)));
        assertThat(server.questions()).doesNotContain("POST /subjects/s/versions");
    }

    @Test
    void whatDoesNotGoWithTheLatestVersionIsNotRegistered() {
        server.says("POST /subjects/s", unknown());
        server.says(
                "POST /compatibility/subjects/s/versions/latest?verbose=true",
                ok("{\"is_compatible\": false, \"messages\": [\"a changed\"]}"));

        assertThatThrownBy(() -> registry().idToWrite("s", LETTER, true))
                .hasMessageContaining("(a changed)")
                .hasMessageMatching(of(REFUSED_SCHEMA))
                .matches(SchemaRegistryTest::endsTheJob);
        assertThat(server.questions()).doesNotContain("POST /subjects/s/versions");
    }

    @Test
    void thePageOnTroublesExplainsThem() {
        TroubleshootingPage.assertExplains(
                "The schema registry",
                Stream.of(
                        NO_ANSWER,
                        LOGIN,
                        RIGHT,
                        CERTIFICATE,
                        SECRET,
                        TOKEN,
                        STORE,
                        NONSENSE,
                        REFUSED_SCHEMA,
                        MISSING_SCHEMA));
    }

    @Test
    void answersAboutRegistrationsAreChecked() {
        server.says("POST /subjects/s", ok("{}"));
        server.says("POST /subjects/s/versions", ok("{\"id\": \"seven\"}"));
        server.says("POST /compatibility/subjects/s/versions/latest?verbose=true", ok("{}"));
        SchemaRegistry registry = registry();

        assertThatThrownBy(() -> registry.lookUp("s", LETTER)).hasMessageContaining("JSON without a number \"id\"");
        assertThatThrownBy(() -> registry.register("s", LETTER)).hasMessageContaining("JSON without a number \"id\"");
        assertThatThrownBy(() -> registry.incompatibility("s", LETTER))
                .hasMessageContaining("JSON without \"is_compatible\"");
    }

    @Test
    void subjectsFollowTheStrategy() {
        assertThat(Stream.of(SubjectNameStrategy.values()).map(each -> each.subject("post", "io.Letter")))
                .containsExactly("post-value", "io.Letter", "post-io.Letter");
    }

    @Test
    void nothingIsKnownOfWhatFailed() {
        server.says("GET /schemas/ids/7", ok("<html>"), ok("<html>"), answer(LETTER));
        SchemaRegistry registry = registry();

        assertThatThrownBy(() -> registry.byId(7)).isInstanceOf(RegistryException.class);
        assertThat(registry.byId(7)).isEqualTo(Optional.of(LETTER));
    }
}
