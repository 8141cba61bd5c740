package io.hatflow.inference.bundle;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.hatflow.inference.task.GoldenAnswers;
import java.util.List;
import java.util.Objects;

/**
 * An input with all that the exporter found for it; replayed when a bundle is opened.
 *
 * @param text the text; empty where it came in segments
 * @param textSegments the segments that the text came in; none where it came whole
 * @param tokenIds [T]
 * @param tokenOffsets [T][2] UTF-16 code units
 * @param segments [S][2] tokens
 * @param windows [W][2] segments
 * @param scores [C] of the document, for classification and multiple choice
 * @param segmentScores [S][C], for the same
 * @param embedding [H] of the document, for embedding
 * @param tokenLogits a sample of the token logits, for masked LM
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonIgnoreProperties(ignoreUnknown = true)
@SuppressWarnings("ArrayRecordComponent") // read once, compared field by field
public record GoldenCase(
        String id,
        String text,
        List<String> textSegments,
        int[] tokenIds,
        int[][] tokenOffsets,
        int[][] segments,
        int[][] windows,
        float[] scores,
        float[][] segmentScores,
        float[] embedding,
        float[][] tokenLogits) {

    /** A record holds what its bundle's task answers. */
    public GoldenCase {
        textSegments = Objects.requireNonNullElse(textSegments, List.of());
        scores = Objects.requireNonNullElse(scores, new float[0]);
        segmentScores = Objects.requireNonNullElse(segmentScores, new float[0][]);
        embedding = Objects.requireNonNullElse(embedding, new float[0]);
        tokenLogits = Objects.requireNonNullElse(tokenLogits, new float[0][]);
    }

    /** What the exporter's model answered. */
    public GoldenAnswers answers() {
        return new GoldenAnswers(scores, segmentScores, embedding, tokenLogits);
    }
}
