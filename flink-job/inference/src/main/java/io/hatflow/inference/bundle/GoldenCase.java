package io.hatflow.inference.bundle;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.hatflow.inference.bundle.Manifest.Task;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

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

    /** Of each segment's tokens, its CLS first, the sample holds every so manieth. */
    public static final int TOKEN_STEP = 5;

    /** Of each token's logits, the sample holds about so many, spread evenly over the vocabulary. */
    public static final int VOCABULARY_SAMPLES = 16;

    /** A record holds what its bundle's task answers. */
    public GoldenCase {
        textSegments = Objects.requireNonNullElse(textSegments, List.of());
        scores = Objects.requireNonNullElse(scores, new float[0]);
        segmentScores = Objects.requireNonNullElse(segmentScores, new float[0][]);
        embedding = Objects.requireNonNullElse(embedding, new float[0]);
        tokenLogits = Objects.requireNonNullElse(tokenLogits, new float[0][]);
    }

    /** What a model of a task must answer, in rows: a document's scores, then its segments'; a vector; or the sampled tokens. */
    public float[][] answers(Task task) {
        return switch (task) {
            case DOCUMENT_CLASSIFICATION, SEGMENT_CLASSIFICATION, MULTIPLE_CHOICE ->
                Stream.concat(Stream.of(scores), Arrays.stream(segmentScores)).toArray(float[][]::new);
            case EMBEDDING -> new float[][] {embedding};
            case MASKED_LM -> tokenLogits.length == 0 ? new float[1][0] : tokenLogits;
        };
    }
}
