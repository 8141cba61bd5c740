package io.hatflow.inference.label;

import io.hatflow.inference.Classification.Evidence;
import io.hatflow.inference.Classification.LabelScore;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.bundle.Manifest.ProblemType;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokens;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Decides which labels a document gets, and on what evidence. */
public final class LabelPolicy {

    private final Manifest manifest;
    private final int evidencePerLabel;

    public LabelPolicy(Manifest manifest, int evidencePerLabel) {
        this.manifest = manifest;
        this.evidencePerLabel = evidencePerLabel;
    }

    /**
     * The labels of a document.
     *
     * @param segments for every scored segment its run of tokens
     * @return one entry per label, in the bundle's order. Evidence of a present label are its best segments that reach the threshold
     *     themselves, of any other label its best segment alone
     */
    public List<LabelScore> label(DocumentScores scores, Tokens tokens, List<Span> segments) {
        List<LabelScore> labels = new ArrayList<>();
        int best = indexOfLargest(scores.document());
        for (int label = 0; label < manifest.labels().size(); label++) {
            Manifest.Label spec = manifest.labels().get(label);
            float score = scores.document()[label];
            boolean present =
                    switch (manifest.problemType()) {
                        case MULTI_LABEL -> score >= spec.threshold();
                        case SINGLE_LABEL -> label == best && score >= spec.threshold();
                        case REGRESSION -> true;
                    };
            float least = present && manifest.problemType() != ProblemType.REGRESSION
                    ? spec.threshold()
                    : Float.POSITIVE_INFINITY;
            labels.add(new LabelScore(spec.name(), score, present, evidence(scores, label, least, tokens, segments)));
        }
        return labels;
    }

    /** The best segment, and the next best that reach {@code least}. */
    private List<Evidence> evidence(DocumentScores scores, int label, float least, Tokens tokens, List<Span> segments) {
        int[] bestFirst = IntStream.range(0, segments.size())
                .boxed()
                .sorted(Comparator.comparingDouble(segment -> -scores.segments()[segment][label]))
                .limit(evidencePerLabel)
                .mapToInt(Integer::intValue)
                .toArray();
        List<Evidence> evidence = new ArrayList<>();
        for (int segment : bestFirst) {
            float score = scores.segments()[segment][label];
            if (evidence.isEmpty() || score >= least) {
                Span run = segments.get(segment);
                evidence.add(new Evidence(tokens.starts()[run.first()], tokens.ends()[run.end() - 1], segment, score));
            }
        }
        return evidence;
    }

    private static int indexOfLargest(float[] scores) {
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        return best;
    }
}
