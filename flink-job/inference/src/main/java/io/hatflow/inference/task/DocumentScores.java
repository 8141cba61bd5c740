package io.hatflow.inference.task;

import java.util.Arrays;
import java.util.stream.Stream;

/**
 * The scores of a document.
 *
 * @param document [C]; of a choice of a multiple choice its logit alone, as of its segments
 * @param segments [segments][C]
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
public record DocumentScores(float[] document, float[][] segments) {

    /** The document's scores, then those of its segments. */
    float[][] rows() {
        return Stream.concat(Stream.of(document), Arrays.stream(segments)).toArray(float[][]::new);
    }
}
