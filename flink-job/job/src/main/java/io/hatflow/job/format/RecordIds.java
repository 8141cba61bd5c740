package io.hatflow.job.format;

import io.hatflow.events.Reason;
import io.hatflow.job.source.SourceRecord;
import java.nio.charset.CharacterCodingException;
import org.jspecify.annotations.Nullable;

/** The ids of documents that do not name themselves: the record's key, or its place. */
final class RecordIds {

    private RecordIds() {}

    /** @throws RefusalException if the record has no such id */
    static String of(IdSource.Kind kind, SourceRecord record) throws RefusalException {
        return switch (kind) {
            case KEY -> key(record);
            case POSITION -> position(record);
            case KEY_OR_POSITION -> {
                String key = keyOrNull(record);
                yield key == null ? position(record) : key;
            }
            case FIELD -> throw new IllegalArgumentException("A field is not the record's own id");
        };
    }

    private static String key(SourceRecord record) throws RefusalException {
        if (record.key() == null) {
            throw new RefusalException(
                    Reason.MISSING_FIELD, "The record has no key, which document.id says is the id; expected a text.");
        }
        String key;
        try {
            key = StrictUtf8.decode(record.key(), 0, record.key().length);
        } catch (CharacterCodingException e) {
            throw new RefusalException(
                    Reason.NOT_UTF8, "The record's key, which document.id says is the id, is not UTF-8.");
        }
        if (!isReadable(key)) {
            throw new RefusalException(
                    Reason.INVALID_ID,
                    "The record's key, which document.id says is the id, is blank or holds control characters; expected a text.");
        }
        return key;
    }

    private static @Nullable String keyOrNull(SourceRecord record) {
        if (record.key() == null) {
            return null;
        }
        try {
            String key = StrictUtf8.decode(record.key(), 0, record.key().length);
            return isReadable(key) ? key : null;
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /** Numbers and Avro in binary form are often valid UTF-8, but hardly ever without control characters. */
    private static boolean isReadable(String key) {
        return !key.isBlank() && key.chars().noneMatch(Character::isISOControl);
    }

    private static String position(SourceRecord record) {
        return record.topic() + "-" + record.partition() + "-" + record.offset();
    }
}
