package io.hatflow.job.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a line is a document: one JSON object with the texts {@code id} and {@code text}, or in place of the latter {@code
 * segments}, a list of texts; {@code title} is taken along, everything else is ignored. Thread-safe.
 */
public final class JsonDocument {

    private static final ObjectReader JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .reader();

    static {
        // A document is one string, and Jackson refuses strings above 20 million characters unless told otherwise.
        JSON.getFactory()
                .setStreamReadConstraints(StreamReadConstraints.builder()
                        .maxStringLength(Integer.MAX_VALUE)
                        .build());
    }

    private JsonDocument() {}

    /** Reads one line, without its end. */
    public static Decoded parse(byte[] line) {
        JsonNode object;
        try {
            // Jackson would replace some of what is no UTF-8.
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line))
                    .toString();
            object = JSON.readTree(text);
        } catch (CharacterCodingException e) {
            return refused("The line is not UTF-8.", null);
        } catch (JsonProcessingException e) {
            return refused(
                    "The line is not valid JSON" + place(e) + "; expected {\"id\": \"…\", \"text\": \"…\"}.", null);
        }
        if (object.isMissingNode()) {
            return refused("The line is empty; expected {\"id\": \"…\", \"text\": \"…\"}.", null);
        }
        if (!object.isObject()) {
            return refused("The line is a JSON " + kind(object) + "; expected {\"id\": \"…\", \"text\": \"…\"}.", null);
        }
        JsonNode id = object.path("id");
        String known = id.isTextual() ? id.textValue() : null;
        if (!id.isTextual()) {
            return refused("\"id\" is " + kind(id) + "; expected a string.", known);
        }
        String problem = problemOfText(object.path("text"), object.path("segments"));
        if (problem != null) {
            return refused(problem, known);
        }
        if (id.textValue().isBlank()) {
            return new Decoded(
                    null,
                    new Refusal(Reason.INVALID_ID, "\"id\" is blank; expected what the document is known by.", null));
        }
        JsonNode title = object.path("title");
        List<String> segments = new ArrayList<>();
        object.path("segments").forEach(segment -> segments.add(segment.textValue()));
        return new Decoded(
                Document.newBuilder()
                        .setId(id.textValue())
                        .setText(object.path("text").asText(""))
                        .setSegments(segments)
                        .setTitle(title.isTextual() ? title.textValue() : null)
                        .build(),
                null);
    }

    private static @Nullable String problemOfText(JsonNode text, JsonNode segments) {
        if (segments.isMissingNode()) {
            return text.isTextual() ? null : "\"text\" is " + kind(text) + "; expected a string.";
        }
        if (!text.isMissingNode()) {
            return "The line has \"text\" and \"segments\"; expected one of them.";
        }
        if (!segments.isArray() || segments.isEmpty()) {
            return "\"segments\" is " + (segments.isArray() ? "empty" : kind(segments))
                    + "; expected a list of strings.";
        }
        for (JsonNode segment : segments) {
            if (!segment.isTextual()) {
                return "\"segments\" holds " + kind(segment) + "; expected strings alone.";
            }
        }
        return null;
    }

    /** Without what the line holds there. */
    private static String place(JsonProcessingException e) {
        return e.getLocation() == null
                ? ""
                : " (at character " + e.getLocation().getColumnNr() + ")";
    }

    private static String kind(JsonNode value) {
        return value.isMissingNode()
                ? "missing"
                : value.getNodeType().toString().toLowerCase(java.util.Locale.ROOT);
    }

    private static Decoded refused(String message, @Nullable String id) {
        return new Decoded(null, new Refusal(Reason.MALFORMED_DOCUMENT, message, id));
    }
}
