package io.hatflow.job.format;

import static io.hatflow.job.format.AvroBytes.afterId;
import static io.hatflow.job.format.AvroBytes.encoded;
import static io.hatflow.job.format.AvroBytes.schema;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.Reason;
import io.hatflow.job.Sent;
import io.hatflow.job.format.FormatSettings.Format;
import io.hatflow.job.registry.RegisteredSchemas;
import io.hatflow.job.source.SourceRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.flink.util.InstantiationUtil;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each format refuses records for reasons of a closed set, each of which is seen here, and which {@code docs/formats.md} lists. */
class ReasonsTest {

    private static final Schema TICKET = schema("{'type': 'record', 'name': 'Ticket', 'fields': [{'name': 'id', 'type':"
            + " ['null', 'string', 'Ticket']}, {'name': 'body', 'type': ['null', 'string', 'int']}, {'name': 'pages',"
            + " 'type': {'type': 'array', 'items': 'string'}}]}");
    private static final byte[] NOT_UTF8 = {'"', (byte) 0x80, '"'};
    private static final byte[] KEY = {'k'};

    private static final class OneSchema implements RegisteredSchemas {
        @Override
        public Optional<Schema> byId(int id) {
            return id == 1 ? Optional.of(TICKET) : Optional.empty();
        }

        @Override
        public Optional<Schema> byGuid(UUID guid) {
            return Optional.empty();
        }

        @Override
        public Optional<Schema> latest(String subject) {
            return Optional.empty();
        }
    }

    /** A record, and why it is refused; null if it is not. */
    private record Case(SourceRecord record, @Nullable Reason reason) {}

    private static Case value(byte @Nullable [] value, @Nullable Reason reason) {
        return new Case(Given.record(value), reason);
    }

    private static Case json(String value, @Nullable Reason reason) {
        return value(value.getBytes(UTF_8), reason);
    }

    private static byte[] ticket(@Nullable String id, Object body, List<String> pages) {
        Map<String, @Nullable Object> fields = new HashMap<>();
        fields.put("id", id);
        fields.put("body", body);
        fields.put("pages", pages);
        return encoded(TICKET, fields);
    }

    private static List<Case> tickets(UnaryOperator<byte[]> framed) {
        byte[] fine = ticket("7", "text", List.of());
        return List.of(
                value(framed.apply(fine), null),
                value(framed.apply(Arrays.copyOf(fine, fine.length + 1)), Reason.MALFORMED_DOCUMENT),
                value(framed.apply(ticket("7", "text", List.of("page"))), Reason.MALFORMED_DOCUMENT),
                value(framed.apply(ticket(" ", "text", List.of())), Reason.INVALID_ID),
                value(framed.apply(ticket(null, "text", List.of())), Reason.MISSING_FIELD),
                value(framed.apply(ticket("7", 5, List.of())), Reason.WRONG_TYPE),
                value(null, Reason.NULL_VALUE));
    }

    private static List<Case> documents() {
        byte[] document = Sent.encoded("7", "text");
        byte[] unknown = document.clone();
        unknown[5] ^= 0x55;
        return List.of(
                value(document, null),
                value(new byte[] {1}, Reason.NOT_AVRO),
                value(unknown, Reason.UNKNOWN_SCHEMA),
                value(Arrays.copyOf(document, document.length - 1), Reason.MALFORMED_DOCUMENT),
                value(Sent.encoded(" ", "text"), Reason.INVALID_ID),
                value(null, Reason.NULL_VALUE));
    }

    private static List<Case> confluent() {
        List<Case> cases = new ArrayList<>(tickets(value -> afterId(1, value)));
        cases.add(value(new byte[] {1}, Reason.NOT_AVRO));
        cases.add(value(afterId(2, new byte[0]), Reason.UNKNOWN_SCHEMA));
        return cases;
    }

    private static List<Case> objects() {
        return List.of(
                json("{\"id\": 7, \"body\": \"x\"}", null),
                json("{\"id\": 7, \"body\": \"x\"", Reason.NOT_JSON),
                json("{\"id\": 7, \"body\": 5}", Reason.WRONG_TYPE),
                json("{\"id\": 7}", Reason.MISSING_FIELD),
                json("{\"id\": \"\", \"body\": \"x\"}", Reason.INVALID_ID),
                json("{\"id\": 7, \"body\": \"x\", \"pages\": [\"y\"]}", Reason.MALFORMED_DOCUMENT),
                value(NOT_UTF8, Reason.NOT_UTF8),
                value(null, Reason.NULL_VALUE));
    }

    /** Where the id is the key. */
    private static List<Case> keyed(byte[] fine) {
        return List.of(
                new Case(Given.keyed(KEY, fine), null),
                new Case(Given.keyed(KEY, null), Reason.NULL_VALUE),
                new Case(Given.keyed(null, fine), Reason.MISSING_FIELD),
                new Case(Given.keyed(new byte[0], fine), Reason.INVALID_ID),
                new Case(Given.keyed(NOT_UTF8, fine), Reason.NOT_UTF8));
    }

    /** As a task has it, which the format has travelled to. */
    private static DocumentDecoder decoder(Format format, String... settings) {
        DocumentFormat submitted = DocumentFormat.of(Settings.of(written(format), settings), OneSchema::new);
        try {
            return InstantiationUtil.clone(submitted).decoder();
        } catch (IOException | ClassNotFoundException e) {
            throw new AssertionError("The format does not travel", e);
        }
    }

    private static String written(Format format) {
        return format.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Set<Reason> seen(DocumentDecoder decoder, List<Case> cases) {
        Set<Reason> seen = EnumSet.noneOf(Reason.class);
        for (Case each : cases) {
            Refusal refusal = decoder.decode(each.record()).refusal();
            assertThat(refusal == null ? null : refusal.reason())
                    .as("%s", refusal)
                    .isEqualTo(each.reason());
            if (each.reason() != null) {
                seen.add(each.reason());
            }
        }
        return seen;
    }

    private static Set<Reason> reasons(Format format, Path folder) throws IOException {
        String file = "schema=" + Files.writeString(folder.resolve("ticket.avsc"), TICKET.toString());
        Set<Reason> reasons =
                switch (format) {
                    case HATFLOW -> seen(decoder(format), documents());
                    case CONFLUENT_AVRO -> seen(decoder(format, "text=body", "segments=pages", "id=id"), confluent());
                    case AVRO ->
                        seen(
                                decoder(format, "text=body", "segments=pages", "id=id", file),
                                tickets(UnaryOperator.identity()));
                    case JSON -> seen(decoder(format, "text=body", "segments=pages", "id=id"), objects());
                    case TEXT -> seen(decoder(format), List.of(value(NOT_UTF8, Reason.NOT_UTF8)));
                };
        byte[] fine = ticket(null, "text", List.of());
        reasons.addAll(
                switch (format) {
                    case HATFLOW -> Set.of();
                    case CONFLUENT_AVRO -> seen(decoder(format, "text=body", "id=key"), keyed(afterId(1, fine)));
                    case AVRO -> seen(decoder(format, "text=body", "id=key", file), keyed(fine));
                    case JSON -> seen(decoder(format, "text=t", "id=key"), keyed("{\"t\": \"x\"}".getBytes(UTF_8)));
                    case TEXT -> seen(decoder(format, "id=key"), keyed("x".getBytes(UTF_8)));
                });
        return reasons;
    }

    @ParameterizedTest
    @EnumSource
    void aFormatHasTheReasonsThatItsRowLists(Format format, @TempDir Path folder) throws IOException {
        String row = reasons(format, folder).stream()
                .map(reason -> "`" + reason + "`")
                .collect(Collectors.joining(", ", "| `" + written(format) + "` | ", " |"));
        assertThat(Files.readString(Path.of("../../docs/formats.md"))).contains(row);
    }
}
