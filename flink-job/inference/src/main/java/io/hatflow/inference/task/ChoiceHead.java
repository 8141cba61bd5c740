package io.hatflow.inference.task;

/** Says how well a choice fits, in one number, its logit. A choice of several windows counts by its best. */
public final class ChoiceHead extends DocumentHead {

    public ChoiceHead() {
        super(ProblemType.REGRESSION, 1);
    }

    /** How likely each of several choices is the right one, by their logits; adding up to 1. */
    public float[] shares(float[] logits) {
        return ProblemType.softmax(logits);
    }
}
