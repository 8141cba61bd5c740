package io.hatflow.inference;

import io.hatflow.inference.batch.Batch;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.bundle.Bundle;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.GraphContract;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.onnx.DeviceException;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Tokenizer;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A bundle at work: from a text to the model's answer for each of its windows, whatever the bundle's architecture and task. What an answer
 * means is for others to say.
 *
 * <p>Thread-safe. Texts are cut on the caller's thread; the windows of all documents under way share micro-batches, which the model runs
 * one after the other. An answer does not depend on the others in its batch.
 */
final class LoadedModel implements AutoCloseable {

    private final Bundle bundle;
    private final PackedModel<?, ?> model;
    private final OnnxSession session;
    private final DocumentBatcher<?, ?> batcher;

    private LoadedModel(Bundle bundle, PackedModel<?, ?> model, OnnxSession session, DocumentBatcher<?, ?> batcher) {
        this.bundle = bundle;
        this.model = model;
        this.session = session;
        this.batcher = batcher;
    }

    /**
     * Open a bundle and replay its golden inputs.
     *
     * @param tasks of which the bundle must have one
     * @throws BundleException listing every problem, if the bundle has another task, is not whole, its parts do not fit each other, or
     *     this machine does not compute what the exporter computed
     * @throws DeviceException if the device cannot be used
     */
    static LoadedModel open(Path bundleFolder, ModelSettings settings, Set<Task> tasks) {
        return open(bundleFolder, settings, tasks, null);
    }

    /**
     * As {@link #open(Path, ModelSettings, Set)}.
     *
     * @param signer who must have signed the bundle; null if nobody must
     */
    static LoadedModel open(Path bundleFolder, ModelSettings settings, Set<Task> tasks, @Nullable SignerKey signer) {
        Bundle bundle = bundle(bundleFolder, tasks, signer);
        return switch (bundle.manifest().architecture()) {
            case HAT, ENCODER -> open(bundle, settings, new HatModel(bundle.manifest(), openTokenizer(bundle)));
            case HOURGLASS -> open(bundle, settings, new HourglassModel(bundle.manifest()));
        };
    }

    private static <W, B extends Batch> LoadedModel open(
            Bundle bundle, ModelSettings settings, PackedModel<W, B> model) {
        OnnxSession session;
        try {
            session = openSession(bundle, settings, model.contract());
        } catch (BundleException | DeviceException e) {
            model.close();
            throw e;
        }
        DocumentBatcher<W, B> batcher =
                new DocumentBatcher<>(model, session, settings.batchSize().budget());
        LoadedModel opened = new LoadedModel(bundle, model, session, batcher);
        List<String> problems =
                new GoldenReplay(bundle.manifest(), model, opened::answer).problems(bundle.goldenCases());
        if (!problems.isEmpty()) {
            opened.close();
            throw new BundleException(bundle.folder(), problems);
        }
        batcher.watch(settings.runTimeout());
        return opened;
    }

    /** The graph of a bundle, which has the tensors that its manifest promises. */
    private static OnnxSession openSession(Bundle bundle, ModelSettings settings, Manifest.Graph contract) {
        OnnxSession session;
        try {
            session = OnnxSession.open(bundle.model(), settings.inferenceThreads(), settings.device());
        } catch (IllegalArgumentException e) {
            throw new BundleException(bundle.folder(), List.of(oneLine(e) + "; export the bundle again"));
        }
        List<String> problems = GraphContract.problems(
                contract, bundle.manifest().graph(), new Manifest.Graph(session.inputs(), session.outputs()));
        if (!problems.isEmpty()) {
            session.close();
            throw new BundleException(
                    bundle.folder(), problems, "Graph and manifest are not of one export; export the bundle again.");
        }
        return session;
    }

    /**
     * A bundle that is whole and has one of the tasks.
     *
     * @param signer who must have signed the bundle; null if nobody must
     * @throws BundleException listing every problem
     */
    static Bundle bundle(Path bundleFolder, Set<Task> tasks, @Nullable SignerKey signer) {
        Bundle bundle = Bundle.open(bundleFolder, signer);
        Task task = bundle.manifest().task();
        if (!tasks.contains(task)) {
            throw new BundleException(
                    bundleFolder,
                    List.of("its task is " + task + ", expected "
                            + String.join(
                                    " or ",
                                    tasks.stream().sorted().map(Task::toString).toList())
                            + "; give the folder of a bundle that was exported from a checkpoint with such a head"));
        }
        return bundle;
    }

    private static Tokenizer openTokenizer(Bundle bundle) {
        try {
            return Tokenizer.open(bundle.tokenizer());
        } catch (IllegalArgumentException | UncheckedIOException e) {
            throw new BundleException(bundle.folder(), List.of(oneLine(e) + "; export the bundle again"));
        }
    }

    private static String oneLine(RuntimeException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    BundleInfo info() {
        return bundle.info();
    }

    /** Where it runs. */
    Device device() {
        return session.device();
    }

    Manifest manifest() {
        return bundle.manifest();
    }

    /** Most segments of a window. */
    int maxSegments() {
        return model.maxSegments();
    }

    /**
     * Tokens, segments and windows of all of a text.
     *
     * @throws RejectedTextException if the model sees nothing of it
     */
    SegmentedDocument segment(String text) {
        return model.segment(text);
    }

    /** As {@link #segment(String)}, of a text that came in segments. */
    SegmentedDocument segment(List<String> givenSegments) {
        return model.segment(givenSegments);
    }

    /** What its micro-batches did so far and what waits for them. */
    BatchStatistics statistics() {
        return batcher.statistics();
    }

    /** {@link #answer(SegmentedDocument, boolean)} for a document that is not urgent. */
    CompletableFuture<List<WindowResult<WindowAnswer>>> answer(SegmentedDocument document) {
        return answer(document, false);
    }

    /** Let the model see every window of a document; an urgent one may overtake others. Who cancels the answer gives up their turns. */
    CompletableFuture<List<WindowResult<WindowAnswer>>> answer(SegmentedDocument document, boolean urgent) {
        return batcher.answer(document, urgent);
    }

    /** Whether it answers: neither closed nor has the machine failed. */
    boolean isOpen() {
        return batcher.isOpen();
    }

    /** Waits for the batch that runs. Futures of documents whose turn has not come complete exceptionally. */
    @Override
    public void close() {
        batcher.close();
        session.close();
        model.close();
    }
}
