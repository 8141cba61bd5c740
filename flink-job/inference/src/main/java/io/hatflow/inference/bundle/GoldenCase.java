package io.hatflow.inference.bundle;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * An input with all that the exporter found for it; replayed when a bundle is opened.
 *
 * @param tokenIds [T]
 * @param tokenOffsets [T][2] UTF-16 code units
 * @param segments [S][2] tokens
 * @param windows [W][2] segments
 * @param scores [C] of the document
 * @param segmentScores [S][C]
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonIgnoreProperties(ignoreUnknown = true)
@SuppressWarnings("ArrayRecordComponent") // read once, compared field by field
public record GoldenCase(
        String id,
        String text,
        int[] tokenIds,
        int[][] tokenOffsets,
        int[][] segments,
        int[][] windows,
        float[] scores,
        float[][] segmentScores) {}
