package io.hatflow.inference.label;

import java.util.List;

/**
 * How much a label fits the document.
 *
 * @param score probability for classification, the raw value for regression, the {@link io.hatflow.inference.Likelihood#surprise} for language models
 * @param evidence the segments that speak most for the label, best first; of a language model passages, the worst first
 */
public record LabelScore(String label, float score, boolean aboveThreshold, List<Evidence> evidence) {
    public LabelScore {
        evidence = List.copyOf(evidence);
    }
}
