package io.hatflow.flink.operator;

import io.hatflow.inference.Classification;
import io.hatflow.inference.Likelihood;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.batch.Distribution;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.label.LabelScore;
import java.util.List;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.jspecify.annotations.Nullable;

/** What a task's model answers, by which one sees it drift: how often each label is given, and the scores. Thread-safe, without locks. */
final class AnswerMetrics {

    /** Labels of a model that are counted, the first of its bundle: each is two series for each task. */
    static final int MAX_LABELS = 200;

    /** Null where scores are no shares of 1. */
    private final @Nullable Distribution topScorePercent;

    private final @Nullable Distribution bitsPerByteHundredths;
    private final List<CountedLabel> labels;

    /** @param assigned null where the label is always given */
    private record CountedLabel(@Nullable Counter assigned, Counter scorePermille) {

        static CountedLabel chosen(MetricGroup group, String model, String label) {
            return new CountedLabel(
                    OperatorMetric.ASSIGNED.counter(group, model, label),
                    OperatorMetric.SCORE_PERMILLE.counter(group, model, label));
        }

        /** Values may be negative, but reporters leave out a counter that falls. */
        static CountedLabel predicted(MetricGroup group, String model, String label) {
            Counter sum = new SharedCounter();
            OperatorMetric.SCORE_PERMILLE.gauge(group, sum::getCount, model, label);
            return new CountedLabel(null, sum);
        }

        void count(LabelScore label) {
            if (assigned != null && label.aboveThreshold()) {
                assigned.inc();
            }
            scorePermille.inc(Math.round(label.score() * 1e3));
        }
    }

    AnswerMetrics(MetricGroup group, BundleInfo bundle) {
        String model = bundle.name();
        boolean choosesLabels = bundle.hasProbabilities() || bundle.isLanguageModel();
        topScorePercent =
                bundle.hasProbabilities() ? OperatorMetric.TOP_SCORE_PERCENT.distribution(group, model) : null;
        bitsPerByteHundredths =
                bundle.isLanguageModel() ? OperatorMetric.BITS_PER_BYTE_HUNDREDTHS.distribution(group, model) : null;
        labels = bundle.labels().stream()
                .limit(MAX_LABELS)
                .map(label -> choosesLabels
                        ? CountedLabel.chosen(group, model, label)
                        : CountedLabel.predicted(group, model, label))
                .toList();
    }

    /** Counts an answer; a rejection and a vector have nothing to count. */
    void count(Outcome outcome) {
        if (outcome instanceof Classification classification) {
            for (int i = 0; i < labels.size(); i++) {
                labels.get(i).count(classification.labels().get(i));
            }
            countTopScore(classification.labels());
            countBits(classification.bitsPerByte());
        } else if (outcome instanceof Likelihood likelihood) {
            countBits(likelihood.bitsPerByte());
        }
    }

    private void countTopScore(List<LabelScore> scored) {
        if (topScorePercent != null) {
            double top = scored.stream().mapToDouble(LabelScore::score).max().orElse(0);
            topScorePercent.observe(Math.round(top * 100));
        }
    }

    private void countBits(@Nullable Double bitsPerByte) {
        if (bitsPerByteHundredths != null && bitsPerByte != null) {
            bitsPerByteHundredths.observe(Math.round(bitsPerByte * 100));
        }
    }
}
