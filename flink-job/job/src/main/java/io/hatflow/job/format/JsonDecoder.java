package io.hatflow.job.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.hatflow.events.Reason;
import io.hatflow.job.source.SourceRecord;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides whether bytes are a document: one JSON object in UTF-8 with the fields that a mapping names, no name twice in an object, nothing
 * after it. What the mapping does not name is checked and skipped. Not thread-safe.
 */
final class JsonDecoder implements DocumentDecoder {

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            // Names come from records: a table of all that ever came would be of no use, and could be made to collide.
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    // A document is one string, and Jackson refuses strings above 20 million characters unless told
                    // otherwise.
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private final MappedFields fields;

    JsonDecoder(FieldMapping mapping) {
        fields = new MappedFields(mapping);
    }

    @Override
    public Decoded decode(SourceRecord record) {
        byte[] value = record.value();
        if (value == null) {
            return Decoded.refused(Reason.NULL_VALUE, "The record has no value; expected a JSON object.");
        }
        fields.clear();
        try (JsonParser json = JSON.createParser(reader(value))) {
            JsonToken first = json.nextToken();
            if (first == null) {
                return Decoded.refused(Reason.NOT_JSON, "The value is empty; expected a JSON object.");
            }
            if (first != JsonToken.START_OBJECT) {
                return Decoded.refused(Reason.WRONG_TYPE, "The value is " + kind(first) + "; expected a JSON object.");
            }
            readObject(json, fields.tree());
            if (json.nextToken() != null) {
                return Decoded.refused(
                        Reason.NOT_JSON, "Something follows the JSON object" + place(json) + "; expected nothing.");
            }
        } catch (CharacterCodingException e) {
            return Decoded.refused(Reason.NOT_UTF8, "The value is not UTF-8; expected a JSON object.");
        } catch (JsonProcessingException e) {
            return Decoded.refused(
                    Reason.NOT_JSON, "The value is not valid JSON" + place(e) + "; expected a JSON object.");
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return fields.document(record);
    }

    /** A decoder of its own, because Jackson's takes much that is no UTF-8, and some for UTF-16. */
    private static Reader reader(byte[] value) {
        int skipped = StrictUtf8.before(value);
        return new InputStreamReader(
                new ByteArrayInputStream(value, skipped, value.length - skipped), StandardCharsets.UTF_8.newDecoder());
    }

    /** Goes as deep as the longest path; below that, the parser skips without recursion. */
    private void readObject(JsonParser json, FieldTree node) throws IOException {
        while (json.nextToken() != JsonToken.END_OBJECT) {
            FieldTree child = node.child(json.currentName());
            JsonToken value = json.nextToken();
            if (child == null) {
                json.skipChildren();
            } else {
                readValue(json, value, child);
            }
        }
    }

    private void readValue(JsonParser json, JsonToken value, FieldTree node) throws IOException {
        if (node.isRead()) {
            fields.set(
                    node,
                    switch (value) {
                        case VALUE_NULL -> null;
                        case VALUE_STRING -> FieldValue.text(json.getText());
                        // The digits as they were written: an id is no quantity.
                        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT, VALUE_TRUE, VALUE_FALSE ->
                            FieldValue.scalar(kind(value), json.getText());
                        case START_ARRAY -> texts(json);
                        default -> FieldValue.unusable(kind(value));
                    });
        }
        if (value == JsonToken.START_OBJECT && node.hasChildren()) {
            readObject(json, node);
        } else {
            json.skipChildren();
        }
    }

    private static FieldValue texts(JsonParser json) throws IOException {
        List<String> texts = new ArrayList<>();
        FieldValue unusable = null;
        for (JsonToken item = json.nextToken(); item != JsonToken.END_ARRAY; item = json.nextToken()) {
            if (unusable != null || item != JsonToken.VALUE_STRING) {
                unusable = unusable == null ? FieldValue.unusable("an array that holds " + kind(item)) : unusable;
                json.skipChildren();
            } else if (texts.size() == FieldValue.MOST_TEXTS) {
                unusable = FieldValue.unusable("an array of more than " + FieldValue.MOST_TEXTS + " texts");
            } else {
                texts.add(json.getText());
            }
        }
        return unusable == null ? FieldValue.texts(texts) : unusable;
    }

    private static String kind(JsonToken token) {
        return switch (token) {
            case VALUE_STRING -> "a text";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            case VALUE_TRUE, VALUE_FALSE -> "a boolean";
            case VALUE_NULL -> "null";
            case START_ARRAY -> "an array";
            default -> "an object";
        };
    }

    /** Without what the value holds there. */
    private static String place(JsonProcessingException e) {
        return e.getLocation() == null
                ? ""
                : " (at character " + (e.getLocation().getCharOffset() + 1) + ")";
    }

    private static String place(JsonParser json) {
        return " (at character " + (json.currentTokenLocation().getCharOffset() + 1) + ")";
    }
}
