package io.hatflow.inference;

import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokens;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Says how likely texts are, and which of their passages are least likely, with a bundle of task {@code language-model}. Thread-safe;
 * batches like {@link DocumentClassifier}.
 *
 * <p>A text is taken as it is, without any cleaning: what that would remove is what this should notice.
 */
public final class LanguageModel implements AutoCloseable {

    private final LoadedModel model;
    private final LanguageModelSettings settings;
    private final LikelihoodReader reader;

    private LanguageModel(LoadedModel model, LanguageModelSettings settings) {
        this.model = model;
        this.settings = settings;
        this.reader = new LikelihoodReader(model.manifest(), settings.passageBytes());
    }

    /**
     * Open a bundle and replay its golden inputs.
     *
     * @throws BundleException listing every problem, if the bundle has another task or cannot be trusted
     * @throws io.hatflow.inference.onnx.DeviceException if the device cannot be used
     */
    public static LanguageModel open(Path bundleFolder, LanguageModelSettings settings) {
        return open(bundleFolder, settings, null);
    }

    /**
     * As {@link #open(Path, LanguageModelSettings)}, and before anything of the bundle is used, see that it is signed.
     *
     * @param signer who must have signed the bundle; null if nobody must
     * @throws BundleException also if it has no signature, or none by this key
     */
    public static LanguageModel open(Path bundleFolder, LanguageModelSettings settings, @Nullable SignerKey signer) {
        LoadedModel model = LoadedModel.open(bundleFolder, settings.model(), EnumSet.of(Task.LANGUAGE_MODEL), signer);
        return new LanguageModel(model, settings);
    }

    public BundleInfo bundle() {
        return model.info();
    }

    /** What its micro-batches did so far and what waits for them. */
    public BatchStatistics statistics() {
        return model.statistics();
    }

    /** {@link #score(String, boolean)} a text that is not urgent. */
    public CompletableFuture<Outcome> score(String text) {
        return score(text, false);
    }

    /**
     * How likely a text is. All of it is seen, unless the bundle's windows leave gaps.
     *
     * @param urgent whether it may overtake texts that are not; those still get their share
     * @return a {@link Likelihood}, or a {@link Rejection} if the text is at fault: it is empty or too long, has a character that the model
     *     does not know, or none that the model scores. Completes exceptionally only if the machine is at fault. Who cancels it takes the
     *     text out of the queue
     */
    public CompletableFuture<Outcome> score(String text, boolean urgent) {
        return Intake.of(
                text.isEmpty(),
                text.length(),
                settings.maxCharacters(),
                () -> model.segment(text),
                (document, tokenizeNanos) -> WindowAnswers.outcome(
                        model.answer(document, urgent), tokenizeNanos, answered -> likelihood(document, answered)));
    }

    private Likelihood likelihood(SegmentedDocument document, WindowAnswers answered) {
        ScoredText scored = reader.read(document, answered.answers());
        Tokens symbols = document.tokens();
        return new Likelihood(
                scored.bitsPerByte(),
                scored.surprise(),
                scored.worst(settings.passages()),
                reader.bytes(symbols, document.stretches()),
                reader.bytes(symbols, List.of(new Span(0, symbols.count()))),
                document.coverage(),
                document.windows().size(),
                answered.timings());
    }

    /** Whether it answers: neither closed nor has the machine failed, after which another one is needed. */
    public boolean isOpen() {
        return model.isOpen();
    }

    /** Waits for the batch that runs. Futures of texts whose turn has not come complete exceptionally. */
    @Override
    public void close() {
        model.close();
    }
}
