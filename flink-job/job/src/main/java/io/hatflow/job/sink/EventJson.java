package io.hatflow.job.sink;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.Evidence;
import io.hatflow.events.Label;
import io.hatflow.events.LabelledDocument;
import java.util.Locale;

/** Events as JSON, for files and people; what is in the Avro events and only matters to Kafka is left out. */
public final class EventJson {

    private static final JsonMapper JSON = new JsonMapper();

    private EventJson() {}

    /** Id, labels with evidence, model and how much was seen; offsets in UTF-16 code units. */
    public static ObjectNode of(LabelledDocument event) {
        ObjectNode json = JSON.createObjectNode().put("id", event.getDocumentId());
        ArrayNode labels = json.putArray("labels");
        for (Label label : event.getLabels()) {
            ObjectNode each = labels.addObject()
                    .put("label", label.getName())
                    .put("score", label.getScore())
                    .put("above_threshold", label.getAboveThreshold());
            ArrayNode evidence = each.putArray("evidence");
            for (Evidence span : label.getEvidence()) {
                evidence.addObject()
                        .put("start", span.getStart())
                        .put("end", span.getEnd())
                        .put("score", span.getScore());
            }
        }
        return json.put(
                        "model",
                        event.getModel().getName() + ":" + event.getModel().getVersion())
                .put("model_digest", event.getModel().getDigest())
                .put("tokens_seen", event.getTokensSeen())
                .put("tokens_total", event.getTokensTotal())
                .put("segments", event.getSegments())
                .put("windows", event.getWindows())
                .put("coverage", event.getCoverage().name().toLowerCase(Locale.ROOT));
    }

    /** Document id where it is known, stage, reason and message. */
    public static ObjectNode of(DeadLetter event) {
        return JSON.createObjectNode()
                .put("id", event.getDocumentId())
                .put("stage", event.getStage().name().toLowerCase(Locale.ROOT))
                .put("reason", event.getReason().name())
                .put("message", event.getMessage());
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
