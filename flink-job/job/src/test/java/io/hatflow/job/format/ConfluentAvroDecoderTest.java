package io.hatflow.job.format;

import static io.hatflow.job.format.AvroBytes.afterId;
import static io.hatflow.job.format.AvroBytes.encoded;
import static io.hatflow.job.format.AvroBytes.schema;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.events.Reason;
import io.hatflow.job.registry.RegisteredSchemas;
import io.hatflow.job.registry.RegistryException;
import io.hatflow.job.registry.UnreadableSchemaException;
import io.hatflow.job.source.RecordHeader;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

class ConfluentAvroDecoderTest {

    private static final Schema FIRST = schema("{'type': 'record', 'name': 'Ticket', 'fields': [{'name': 'n', 'type':"
            + " 'int'}, {'name': 'body', 'type': 'string'}]}");
    private static final Schema SECOND = schema("{'type': 'record', 'name': 'Ticket', 'fields': [{'name': 'language',"
            + " 'type': ['null', 'string']}, {'name': 'body', 'type': 'string'}, {'name': 'n', 'type': 'string'}]}");
    private static final Schema WITHOUT_BODY =
            schema("{'type': 'record', 'name': 'Ticket', 'fields': [{'name': 'n', 'type': 'int'}]}");
    private static final int NO_SCHEMA = 99;
    private static final UUID GUID = UUID.fromString("89791762-2336-4186-9674-299b90a802e2");

    /** A registry in memory that counts what it is asked. */
    private static final class Known implements RegisteredSchemas {

        private final Map<Object, Schema> schemas = new HashMap<>();
        private int asked;
        private boolean down;

        private Optional<Schema> get(Object name) {
            asked++;
            if (down) {
                throw new RegistryException("The registry does not answer", null);
            }
            if (name.equals(NO_SCHEMA) || name.equals("none-value")) {
                throw new UnreadableSchemaException("It is no schema");
            }
            return Optional.ofNullable(schemas.get(name));
        }

        @Override
        public Optional<Schema> byId(int id) {
            return get(id);
        }

        @Override
        public Optional<Schema> byGuid(UUID guid) {
            return get(guid);
        }

        @Override
        public Optional<Schema> latest(String subject) {
            return get(subject);
        }
    }

    private final Known registry = new Known();
    private final DocumentDecoder decoder = DocumentFormat.of(
                    Settings.of("confluent-avro", "text=body", "id=n", "metadata=language"), () -> registry)
            .decoder();

    private Decoded decode(byte[] value, RecordHeader... headers) {
        return decoder.decode(Given.record(value, headers));
    }

    private Refusal refusal(byte[] value, RecordHeader... headers) {
        return decode(value, headers).requireRefusal();
    }

    private static RecordHeader header(byte... value) {
        return new RecordHeader("__value_schema_id", value);
    }

    private static byte[] first(String body) {
        return encoded(FIRST, Map.of("n", 7, "body", body));
    }

    @Test
    void aRecordIsReadByTheSchemaThatItsIdNames() {
        registry.schemas.put(1, FIRST);
        registry.schemas.put(-2, SECOND);

        assertThat(decode(afterId(1, first("One."))).document())
                .hasFieldOrPropertyWithValue("id", "7")
                .hasFieldOrPropertyWithValue("text", "One.")
                .hasFieldOrPropertyWithValue("metadata", Map.of());
        byte[] second = encoded(SECOND, Map.of("n", "8", "body", "Zwei.", "language", "de"));
        assertThat(decode(afterId(-2, second)).document())
                .hasFieldOrPropertyWithValue("id", "8")
                .hasFieldOrPropertyWithValue("text", "Zwei.")
                .hasFieldOrPropertyWithValue("metadata", Map.of("language", "de"));
        decode(afterId(1, first("Again.")));
        decode(afterId(-2, second));
        assertThat(registry.asked).isEqualTo(2);
    }

    @Test
    void aRecordIsReadByTheSchemaThatItsHeaderNames() {
        registry.schemas.put(GUID, FIRST);
        registry.schemas.put(1, FIRST);
        RecordHeader guid = header(AvroBytes.header(GUID));

        assertThat(decode(first("One."), guid).document()).hasFieldOrPropertyWithValue("text", "One.");
        assertThat(decode(first("One."), header((byte) 0, (byte) 9), guid).document())
                .isNotNull();
        assertThat(decode(first("One."), header(afterId(1, new byte[0]))).document())
                .isNotNull();
        assertThat(decode(afterId(1, first("One.")), new RecordHeader("__key_schema_id", AvroBytes.header(GUID)))
                        .document())
                .isNotNull();
        // The header has the say, as it has with Confluent's deserializers.
        assertThat(refusal(afterId(1, first("One.")), guid).reason()).isEqualTo(Reason.MALFORMED_DOCUMENT);
    }

    @Test
    void whatNamesNoSchemaIsRefused() {
        for (byte[] value :
                List.of(new byte[0], new byte[] {0, 0, 0, 0}, new byte[] {1, 0, 0, 0, 1, 2}, first("One."))) {
            assertThat(refusal(value).reason()).isEqualTo(Reason.NOT_AVRO);
        }
        for (byte[] name :
                List.of(new byte[0], new byte[17], new byte[] {1, 0, 0, 0, 1}, new byte[] {0, 0, 0, 0, 1, 2})) {
            Refusal refusal = refusal(afterId(1, first("One.")), header(name));
            assertThat(refusal.reason()).isEqualTo(Reason.NOT_AVRO);
            assertThat(refusal.message()).contains("__value_schema_id names no schema");
        }
        assertThat(refusal(first("One."), new RecordHeader("__value_schema_id", null))
                        .reason())
                .isEqualTo(Reason.NOT_AVRO);
        assertThat(decoder.decode(Given.record((byte[]) null)).requireRefusal().reason())
                .isEqualTo(Reason.NULL_VALUE);
        assertThat(registry.asked).isZero();
    }

    @Test
    void aSchemaThatTheRegistryDoesNotKnowIsAskedForAgain() {
        byte[] value = afterId(300, first("One."));
        assertThat(refusal(value)).satisfies(refusal -> {
            assertThat(refusal.reason()).isEqualTo(Reason.UNKNOWN_SCHEMA);
            assertThat(refusal.message()).contains("the id 300;", "registry.url");
        });
        assertThat(refusal(first("One."), header(AvroBytes.header(GUID))).message())
                .contains("the GUID " + GUID);

        registry.schemas.put(300, FIRST);
        assertThat(decode(value).document()).isNotNull();
    }

    @Test
    void aRegistryThatDoesNotAnswerIsNotTheRecordsFault() {
        registry.schemas.put(1, FIRST);
        decode(afterId(1, first("One.")));
        registry.down = true;
        assertThatThrownBy(() -> decode(afterId(2, first("Two.")))).isInstanceOf(RegistryException.class);
        assertThat(decode(afterId(1, first("One."))).document()).isNotNull();
    }

    @Test
    void aSchemaThatIsNoneIsTheRecordsFault() {
        registry.schemas.put(1, FIRST);
        assertThat(refusal(afterId(NO_SCHEMA, first("One."))))
                .isEqualTo(new Refusal(Reason.UNKNOWN_SCHEMA, "It is no schema.", null));
        assertThat(decode(afterId(1, first("One."))).document()).isNotNull();
    }

    @Test
    void aNewSchemaMayLackTheText() {
        registry.schemas.put(3, WITHOUT_BODY);
        Refusal refusal = refusal(afterId(3, encoded(WITHOUT_BODY, Map.of("n", 9))));
        assertThat(refusal.reason()).isEqualTo(Reason.MISSING_FIELD);
        assertThat(refusal.message()).startsWith("body is missing or null");
        assertThat(refusal.documentId()).isEqualTo("9");
    }

    @Test
    void aRecordAfterABadOneIsReadAsIfItStoodAlone() {
        registry.schemas.put(1, FIRST);
        byte[] good = afterId(1, first("One."));
        for (byte[] bad :
                List.of(Arrays.copyOf(good, good.length + 3), Arrays.copyOf(good, good.length - 2), new byte[] {
                    0, 0, 0, 0, 1, 14
                })) {
            assertThat(refusal(bad).reason()).isEqualTo(Reason.MALFORMED_DOCUMENT);
            assertThat(decode(good).document()).hasFieldOrPropertyWithValue("text", "One.");
        }
    }

    @Test
    void theNewestSchemaOfATopicIsLookedAtBeforeTheJobIsSubmitted() {
        FormatSettings settings = Settings.of("confluent-avro", "text=bdy", "title=n");
        registry.schemas.put("tickets-value", FIRST);

        assertThat(settings.problems(registry, List.of("tickets", "not-there")))
                .containsExactly(
                        "document.text is \"bdy\", which the schema Ticket does not have; it has body (subject tickets-value)");
        registry.schemas.put("numbers-value", WITHOUT_BODY);
        assertThat(settings.problems(registry, List.of("tickets", "numbers", "not-there")))
                .containsExactly("document.text is \"bdy\", which the schema Ticket does not have; it has body (subject"
                        + " tickets-value and 1 more)");
        assertThat(settings.problems(registry, List.of("none")))
                .containsExactly("It is no schema (subject none-value)");
        assertThat(Settings.of("json", "text=bdy").problems(registry, List.of("tickets")))
                .isEmpty();
    }
}
