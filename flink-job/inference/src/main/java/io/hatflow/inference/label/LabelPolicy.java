package io.hatflow.inference.label;

import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.task.DocumentScores;
import io.hatflow.inference.task.ProblemType;
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
     * @return one entry per label, in the bundle's order. Evidence of a present label are its best segments that would get the label
     *     themselves, of any other label its best segment alone
     */
    public List<LabelScore> label(DocumentScores scores, Tokens tokens, List<Span> segments) {
        List<LabelScore> labels = new ArrayList<>();
        for (int label = 0; label < manifest.labels().size(); label++) {
            boolean present = isPresent(scores.document(), label);
            labels.add(new LabelScore(
                    manifest.labels().get(label).name(),
                    scores.document()[label],
                    present,
                    evidence(scores, label, present, tokens, segments)));
        }
        return labels;
    }

    private boolean isPresent(float[] scores, int label) {
        float threshold = manifest.labels().get(label).threshold();
        return switch (manifest.problemType()) {
            case MULTI_LABEL -> scores[label] >= threshold;
            case SINGLE_LABEL -> label == indexOfLargest(scores) && scores[label] >= threshold;
            case REGRESSION -> true;
        };
    }

    /** The best segment, and of a present label the next best that would get it too; numbers say of no segment that it would. */
    private List<Evidence> evidence(
            DocumentScores scores, int label, boolean present, Tokens tokens, List<Span> segments) {
        int[] bestFirst = IntStream.range(0, segments.size())
                .boxed()
                .sorted(Comparator.comparingDouble(segment -> -scores.segments()[segment][label]))
                .mapToInt(Integer::intValue)
                .toArray();
        boolean several = present && manifest.problemType() != ProblemType.REGRESSION;
        List<Evidence> evidence = new ArrayList<>();
        for (int segment : bestFirst) {
            if (evidence.size() == evidencePerLabel || !(evidence.isEmpty() || several)) {
                break;
            }
            if (evidence.isEmpty() || isPresent(scores.segments()[segment], label)) {
                Span run = segments.get(segment);
                float score = scores.segments()[segment][label];
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
