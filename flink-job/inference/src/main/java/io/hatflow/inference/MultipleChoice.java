package io.hatflow.inference;

import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.task.ChoiceHead;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Says which of several choices fits best, with a bundle of task {@code multiple-choice}. A choice is a whole text, the question and
 * one answer to it, put together as in training. Thread-safe; batches like {@link DocumentClassifier}.
 */
public final class MultipleChoice implements AutoCloseable {

    private final LoadedModel model;
    private final ChoiceHead head;

    private MultipleChoice(LoadedModel model) {
        this.model = model;
        this.head = (ChoiceHead) model.manifest().head(); // as of the task
    }

    /**
     * Open a bundle and replay its golden inputs.
     *
     * @throws BundleException listing every problem, if the bundle has another task or cannot be trusted
     */
    public static MultipleChoice open(Path bundleFolder, ModelSettings settings) {
        return new MultipleChoice(LoadedModel.open(bundleFolder, settings, EnumSet.of(Task.MULTIPLE_CHOICE)));
    }

    public BundleInfo bundle() {
        return model.info();
    }

    /**
     * How likely each choice is the right one. A choice of several windows counts by its best.
     *
     * @param choices at least two
     * @return [choices], adding up to 1; completes exceptionally if the model fails
     * @throws IllegalArgumentException if there is no choice to make, or the tokenizer finds no token in one
     */
    public CompletableFuture<float[]> choose(List<String> choices) {
        if (choices.size() < 2) {
            throw new IllegalArgumentException("choices has " + choices.size() + " texts, expected at least 2");
        }
        List<CompletableFuture<Float>> logits = new ArrayList<>();
        for (SegmentedDocument choice : choices.stream().map(model::segment).toList()) {
            logits.add(model.answer(choice)
                    .thenApply(results -> head.scores(choice.windows(), WindowResult.answers(results))
                            .document()[0]));
        }
        return CompletableFuture.allOf(logits.toArray(CompletableFuture[]::new)).thenApply(done -> {
            float[] each = new float[logits.size()];
            for (int i = 0; i < each.length; i++) {
                each[i] = logits.get(i).join();
            }
            return head.shares(each);
        });
    }

    @Override
    public void close() {
        model.close();
    }
}
