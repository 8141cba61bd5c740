package io.hatflow.job.format;

import io.hatflow.events.Reason;
import io.hatflow.job.source.SourceRecord;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;

/** Makes documents of values in Avro's binary form, by the schema that they were written with. Not thread-safe. */
final class AvroValues {

    private final MappedFields fields;

    AvroValues(FieldMapping mapping) {
        fields = new MappedFields(mapping);
    }

    /** How values of a schema are read here. */
    AvroFields by(Schema writer) {
        return new AvroFields(writer, fields);
    }

    /**
     * Decides whether a record is a document.
     *
     * @param offset where its value begins, after whatever names the schema
     */
    Decoded decode(AvroFields writer, SourceRecord record, byte[] value, int offset) {
        StrictDecoder decoder = new StrictDecoder(value, offset, value.length - offset);
        try {
            writer.read(decoder);
            if (decoder.remaining() > 0) {
                return refused(decoder.remaining() + " bytes follow the record; expected none.");
            }
            return fields.document(record);
        } catch (EOFException e) {
            return refused("The value of " + value.length + " bytes ends within the record.");
        } catch (CharacterCodingException e) {
            return refused("A text within the record is not UTF-8.");
        } catch (IOException | AvroRuntimeException | IndexOutOfBoundsException | UnsupportedOperationException e) {
            // The last is Avro's for an array or a map of more items than Java's may have.
            return refused(
                    "The bytes do not follow the schema that they were to be written with: " + e.getMessage() + ".");
        }
    }

    private static Decoded refused(String message) {
        return Decoded.refused(Reason.MALFORMED_DOCUMENT, message);
    }
}
