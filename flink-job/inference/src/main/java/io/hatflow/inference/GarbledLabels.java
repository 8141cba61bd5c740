package io.hatflow.inference;

import io.hatflow.inference.Likelihood.Passage;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.task.WindowAnswer;
import java.util.ArrayList;
import java.util.List;

/**
 * The two labels of a language model, {@code garbled} and {@code garbled-passage}: {@code docs/bundle.md}, "From text to log-likelihoods
 * or scores", step 6. Their scores are surprises, of all that was seen and of the worst passage.
 */
final class GarbledLabels implements Labelling {

    private final LikelihoodReader reader;
    private final Manifest.Label garbled;
    private final Manifest.Label garbledPassage;
    private final int passages;

    /**
     * Those of a bundle of task {@code language-model}.
     *
     * @param passages most that are evidence of a label
     */
    GarbledLabels(Manifest manifest, int passages) {
        this.reader = new LikelihoodReader(manifest, LanguageModelSettings.PASSAGE_BYTES);
        this.garbled = manifest.labels().get(0); // as the schema has it
        this.garbledPassage = manifest.labels().get(1);
        this.passages = passages;
    }

    @Override
    public Labelled label(SegmentedDocument document, List<WindowAnswer> answers) {
        ScoredText scored = reader.read(document, answers);
        List<Evidence> worst =
                scored.worst(passages).stream().map(GarbledLabels::evidence).toList();
        return new Labelled(
                List.of(
                        label(garbled, (float) scored.surprise(), worst),
                        label(garbledPassage, worst.get(0).score(), worst)),
                scored.bitsPerByte());
    }

    private static Evidence evidence(Passage passage) {
        return new Evidence(passage.start(), passage.end(), passage.window(), (float) passage.surprise(), (float)
                passage.bitsPerByte());
    }

    /** Of a present label also the next worst passages that would get it themselves. */
    private static LabelScore label(Manifest.Label label, float score, List<Evidence> worst) {
        boolean present = score >= label.threshold();
        List<Evidence> evidence = new ArrayList<>(worst.subList(0, 1));
        if (present) {
            worst.stream()
                    .skip(1)
                    .filter(passage -> passage.score() >= label.threshold())
                    .forEach(evidence::add);
        }
        return new LabelScore(label.name(), score, present, evidence);
    }
}
