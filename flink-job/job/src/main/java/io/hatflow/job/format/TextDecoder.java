package io.hatflow.job.format;

import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import io.hatflow.job.source.SourceRecord;
import java.nio.charset.CharacterCodingException;
import java.util.List;
import java.util.Map;

/** Takes a value for the text itself, in UTF-8, with or without a byte order mark. Not thread-safe. */
final class TextDecoder implements DocumentDecoder {

    private final IdSource.Kind id;

    TextDecoder(IdSource.Kind id) {
        this.id = id;
    }

    @Override
    public Decoded decode(SourceRecord record) {
        byte[] value = record.value();
        if (value == null) {
            return Decoded.refused(Reason.NULL_VALUE, "The record has no value; expected a text in UTF-8.");
        }
        String documentId = null;
        try {
            documentId = RecordIds.of(id, record);
            int begin = StrictUtf8.before(value);
            String text = StrictUtf8.decode(value, begin, value.length - begin);
            return Decoded.of(new Document(documentId, text, null, Map.of(), null, List.of()));
        } catch (RefusalException e) {
            return Decoded.refused(e.reason(), e.sentence());
        } catch (CharacterCodingException e) {
            return Decoded.refused(Reason.NOT_UTF8, "The value is not UTF-8; expected a text in UTF-8.", documentId);
        }
    }
}
