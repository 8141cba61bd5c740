package io.hatflow.job.format;

import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import io.hatflow.job.source.SourceRecord;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.specific.SpecificDatumReader;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether bytes are a document: Avro's single-object encoding (0xC3 0x01, the fingerprint of the writer's schema,
 * the record), nothing missing and nothing after it, and an id. Not thread-safe.
 */
final class SingleObjectDecoder implements DocumentDecoder {

    private static final int HEADER_BYTES = 10;
    private static final int MAGIC_1 = 0xC3;
    private static final int MAGIC_2 = 0x01;

    private final Map<Long, SpecificDatumReader<Document>> readers = new HashMap<>();

    SingleObjectDecoder(WriterSchemas schemas) {
        schemas.parsed()
                .forEach((fingerprint, writer) ->
                        readers.put(fingerprint, new SpecificDatumReader<>(writer, Document.getClassSchema())));
    }

    @Override
    public Decoded decode(SourceRecord record) {
        byte[] value = record.value();
        if (value == null) {
            return Decoded.refused(
                    Reason.NULL_VALUE, "The record has no value; expected a Document in Avro single-object encoding.");
        }
        if (value.length < HEADER_BYTES || (value[0] & 0xFF) != MAGIC_1 || value[1] != MAGIC_2) {
            return Decoded.refused(
                    Reason.NOT_AVRO,
                    "The value of " + value.length
                            + " bytes is not in Avro single-object encoding; expected C3 01, then 8"
                            + " bytes of schema fingerprint, then the Document.");
        }
        long fingerprint =
                ByteBuffer.wrap(value, 2, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
        SpecificDatumReader<Document> reader = readers.get(fingerprint);
        if (reader == null) {
            return Decoded.refused(
                    Reason.UNKNOWN_SCHEMA,
                    String.format(
                            "No schema with the fingerprint %016x is known; put the writer's .avsc into the folder that"
                                    + " document.writer-schemas names.",
                            fingerprint));
        }
        return decode(reader, value);
    }

    private static Decoded decode(SpecificDatumReader<Document> reader, byte[] value) {
        StrictDecoder decoder = new StrictDecoder(value, HEADER_BYTES, value.length - HEADER_BYTES);
        try {
            @Nullable Document none = null;
            Document document = reader.read(none, decoder);
            if (decoder.remaining() > 0) {
                return Decoded.refused(
                        Reason.MALFORMED_DOCUMENT, decoder.remaining() + " bytes follow the Document; expected none.");
            }
            if (document.getId().isBlank()) {
                return Decoded.refused(
                        Reason.INVALID_ID, "The Document's id is blank; expected what its sender knows it by.");
            }
            if (!document.getText().isEmpty() && !document.getSegments().isEmpty()) {
                return Decoded.refused(
                        Reason.MALFORMED_DOCUMENT,
                        "The Document has a text and segments; expected one of them, and an empty text beside segments.");
            }
            return Decoded.of(document);
        } catch (EOFException e) {
            return Decoded.refused(
                    Reason.MALFORMED_DOCUMENT, "The value of " + value.length + " bytes ends within the Document.");
        } catch (CharacterCodingException e) {
            return Decoded.refused(Reason.MALFORMED_DOCUMENT, "A text within the Document is not UTF-8.");
        } catch (IOException | AvroRuntimeException | IndexOutOfBoundsException | UnsupportedOperationException e) {
            // The last is Avro's for an array or a map of more items than Java's may have.
            return Decoded.refused(
                    Reason.MALFORMED_DOCUMENT,
                    "The bytes do not follow the schema that their fingerprint names: " + e.getMessage() + ".");
        }
    }
}
