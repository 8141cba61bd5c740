package io.hatflow.job.sink;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.events.Answer;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.Evidence;
import io.hatflow.events.Label;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.ModelInfo;

/**
 * Events as JSON, for files and people: the names, the nesting and the values of the Avro events. What only matters to Kafka,
 * what the document brought along, and times are left out.
 */
public final class EventJson {

    private static final JsonMapper JSON = new JsonMapper();

    private EventJson() {}

    /** Document id, and of each model its labels with evidence and how much it saw; offsets in UTF-16 code units. */
    public static ObjectNode of(LabelledDocument event) {
        ObjectNode json = JSON.createObjectNode().put("document_id", event.getDocumentId());
        ArrayNode answers = json.putArray("answers");
        event.getAnswers().forEach(answer -> answers.add(json(answer)));
        return json;
    }

    private static ObjectNode json(Answer answer) {
        ObjectNode json = JSON.createObjectNode();
        json.set("model", json(answer.getModel()));
        ArrayNode labels = json.putArray("labels");
        answer.getLabels().forEach(label -> labels.add(json(label)));
        if (answer.getBitsPerByte() != null) {
            json.put("bits_per_byte", answer.getBitsPerByte());
        }
        return json.put("tokens_seen", answer.getTokensSeen())
                .put("tokens_total", answer.getTokensTotal())
                .put("segments", answer.getSegments())
                .put("coverage", answer.getCoverage().name())
                .put("windows", answer.getWindows());
    }

    private static ObjectNode json(ModelInfo model) {
        return JSON.createObjectNode()
                .put("name", model.getName())
                .put("version", model.getVersion())
                .put("digest", model.getDigest());
    }

    private static ObjectNode json(Label label) {
        ObjectNode json = JSON.createObjectNode()
                .put("name", label.getName())
                .put("score", label.getScore())
                .put("above_threshold", label.getAboveThreshold());
        ArrayNode evidence = json.putArray("evidence");
        for (Evidence span : label.getEvidence()) {
            ObjectNode place = evidence.addObject()
                    .put("start", span.getStart())
                    .put("end", span.getEnd())
                    .put("segment", span.getSegment())
                    .put("score", span.getScore());
            if (span.getBitsPerByte() != null) {
                place.put("bits_per_byte", span.getBitsPerByte());
            }
        }
        return json;
    }

    /** Document id and model where they are known, stage, reason and message. */
    public static ObjectNode of(DeadLetter event) {
        ObjectNode json = JSON.createObjectNode()
                .put("document_id", event.getDocumentId())
                .put("stage", event.getStage().name())
                .put("reason", event.getReason().name())
                .put("message", event.getMessage());
        return json.set("model", event.getModel() == null ? json.nullNode() : json(event.getModel()));
    }

    /** On one line. */
    public static String line(ObjectNode json) {
        try {
            return JSON.writeValueAsString(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("JSON in memory could not be written; this is a bug", e);
        }
    }
}
