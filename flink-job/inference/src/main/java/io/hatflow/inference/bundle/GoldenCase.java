package io.hatflow.inference.bundle;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.hatflow.inference.task.GoldenAnswers;
import java.util.List;
import java.util.Objects;

/**
 * An input with all that the exporter found for it; replayed when a bundle is opened. A model that reads tokens has token ids, token
 * offsets and segments; one that reads symbols has symbols and symbol offsets.
 *
 * @param text the text; empty where it came in segments
 * @param textSegments the segments that the text came in; none where it came whole
 * @param tokenIds [T]
 * @param tokenOffsets [T][2] UTF-16 code units
 * @param segments [S][2] tokens
 * @param symbols [T] ids
 * @param symbolOffsets [T][2] UTF-16 code units
 * @param windows [W][2] segments, or symbols
 * @param scores [C] of the document, for classification and multiple choice
 * @param segmentScores [S][C], for the same
 * @param windowScores [W][C], for classification from symbols
 * @param embedding [H] of the document, for embedding
 * @param tokenLogits a sample of the token logits, for masked LM
 * @param logLikelihoods [T], for language models
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
        int[] symbols,
        int[][] symbolOffsets,
        int[][] windows,
        float[] scores,
        float[][] segmentScores,
        float[][] windowScores,
        float[] embedding,
        float[][] tokenLogits,
        float[] logLikelihoods) {

    /** A record holds what its bundle's task answers. */
    public GoldenCase {
        textSegments = Objects.requireNonNullElse(textSegments, List.of());
        scores = Objects.requireNonNullElse(scores, new float[0]);
        segmentScores = Objects.requireNonNullElse(segmentScores, new float[0][]);
        windowScores = Objects.requireNonNullElse(windowScores, new float[0][]);
        embedding = Objects.requireNonNullElse(embedding, new float[0]);
        tokenLogits = Objects.requireNonNullElse(tokenLogits, new float[0][]);
        logLikelihoods = Objects.requireNonNullElse(logLikelihoods, new float[0]);
    }

    /** What the exporter's model answered. */
    public GoldenAnswers answers() {
        float[][] parts = windowScores.length == 0 ? segmentScores : windowScores;
        return new GoldenAnswers(scores, parts, embedding, tokenLogits, logLikelihoods);
    }
}
