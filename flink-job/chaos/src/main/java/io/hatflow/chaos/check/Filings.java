package io.hatflow.chaos.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;

/**
 * A record that knows nothing of hatflow, as users have them, with more in it than a document. Its schema has any number of versions, each
 * fully compatible with all others: fields come and go, so that who reads a record by another version reads something
 * else.
 */
final class Filings {

    /** What a job must be told to find its documents in them. */
    static final Map<String, String> MAPPING = new TreeMap<>(Map.of(
            "document.text", "payload.body",
            "document.id", "payload.caseNumber",
            "document.title", "payload.subject",
            "document.time", "payload.filed",
            "document.metadata", "payload.language,payload.writer"));

    private static final long FIRST_FILED = 1_700_000_000_000L;
    private static final List<String> LANGUAGES = List.of("de", "en", "fr");

    private Filings() {}

    /** A version, from 0. */
    static Schema schema(int version) {
        List<Schema.Field> payload = new ArrayList<>();
        payload.add(field("caseNumber", text()));
        for (int round = 1; round <= version; round++) {
            payload.add(optional("round" + round, Schema.create(Schema.Type.LONG)));
        }
        // Behind it, as no union has as many branches as this text has characters.
        payload.add(new Schema.Field("writer", text(), null, ""));
        payload.add(optional("language", text()));
        payload.add(optional("subject", text()));
        if (version % 2 == 1) {
            payload.add(new Schema.Field("urgent", Schema.create(Schema.Type.BOOLEAN), null, false));
        }
        payload.add(field("filed", LogicalTypes.timestampMillis().addToSchema(Schema.create(Schema.Type.LONG))));
        payload.add(new Schema.Field("attachments", Schema.createArray(attachment()), null, List.of()));
        payload.add(field("body", text()));
        return record("Filing", field("sender", text()), field("payload", record("Payload", payload)));
    }

    private static Schema text() {
        return Schema.create(Schema.Type.STRING);
    }

    private static Schema.Field field(String name, Schema schema) {
        return new Schema.Field(name, schema);
    }

    private static Schema.Field optional(String name, Schema schema) {
        return new Schema.Field(
                name,
                Schema.createUnion(Schema.create(Schema.Type.NULL), schema),
                null,
                Schema.Field.NULL_DEFAULT_VALUE);
    }

    private static Schema attachment() {
        return SchemaBuilder.record("court.Attachment")
                .fields()
                .requiredString("name")
                .requiredLong("bytes")
                .endRecord();
    }

    private static Schema record(String name, Schema.Field... fields) {
        return record(name, List.of(fields));
    }

    private static Schema record(String name, List<Schema.Field> fields) {
        return Schema.createRecord(name, null, "court", false, fields);
    }

    /** Another record, in which a mapping for filings finds an id and no text. */
    static Schema receipts() {
        return record("Receipt", field("payload", record("Payment", field("caseNumber", text()))));
    }

    /** A filing by a version's schema. */
    static GenericRecord filing(Schema schema, Which which, String id, String text) {
        Stated stated = stated(which, id);
        Schema payload = schema.getField("payload").schema();
        GenericRecord inner = new GenericData.Record(payload);
        inner.put("caseNumber", id);
        inner.put("writer", stated.metadata().get("payload.writer"));
        inner.put("language", stated.metadata().get("payload.language"));
        inner.put("subject", stated.title());
        inner.put("filed", stated.time());
        inner.put("attachments", attachments(payload.getField("attachments").schema(), which));
        inner.put("body", text);
        for (int round = 1; round <= which.version(); round++) {
            inner.put("round" + round, (long) which.number());
        }
        if (payload.getField("urgent") != null) {
            inner.put("urgent", which.number() % 5 == 0);
        }
        return new GenericRecordBuilder(schema)
                .set("sender", "office-" + which.number() % 7)
                .set("payload", inner)
                .build();
    }

    private static List<GenericRecord> attachments(Schema array, Which which) {
        List<GenericRecord> attachments = new ArrayList<>();
        for (int i = 0; i < which.number() % 4; i++) {
            attachments.add(new GenericRecordBuilder(array.getElementType())
                    .set("name", "Anlage " + i + ".pdf")
                    .set("bytes", 1L << (8 * i + 5))
                    .build());
        }
        return attachments;
    }

    /** A receipt; what it lacks is the text. */
    static GenericRecord receipt(String id) {
        Schema schema = receipts();
        return new GenericRecordBuilder(schema)
                .set(
                        "payload",
                        new GenericRecordBuilder(schema.getField("payload").schema())
                                .set("caseNumber", id)
                                .build())
                .build();
    }

    /** Some fields are null now and then. */
    static Stated stated(Which which, String id) {
        SplittableRandom random = new SplittableRandom(which.number());
        Map<String, String> metadata = new TreeMap<>();
        metadata.put("payload.writer", "version " + which.version());
        if (random.nextInt(4) > 0) {
            metadata.put("payload.language", LANGUAGES.get(random.nextInt(LANGUAGES.size())));
        }
        return new Stated(
                id, random.nextInt(3) > 0 ? "On " + id : null, FIRST_FILED + 1000L * which.number(), metadata);
    }
}
