package io.hatflow.inference;

import io.hatflow.inference.batch.BatchBudget;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.batch.MicroBatcher;
import io.hatflow.inference.batch.WarmUp;
import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.bundle.Bundle;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.bundle.GraphContract;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.hat.PackedBatch;
import io.hatflow.inference.hat.PackedGraph;
import io.hatflow.inference.hat.Packing;
import io.hatflow.inference.hat.Window;
import io.hatflow.inference.onnx.DeviceException;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.TextCutter;
import io.hatflow.inference.text.TextCutter.Cut;
import io.hatflow.inference.text.Tokenizer;
import io.hatflow.inference.text.Windows;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A bundle at work: from a text to the model's answer for each of its windows, whatever the bundle's task. What an answer means is for
 * others to say.
 *
 * <p>Thread-safe. Texts are tokenized and segmented on the caller's thread; the segments of all documents under way share micro-batches,
 * which the model runs one after the other. An answer does not depend on the others in its batch.
 */
final class LoadedModel implements AutoCloseable {

    private final Bundle bundle;
    private final Tokenizer tokenizer;
    private final TextCutter cutter;
    private final Windows windows;
    private final OnnxSession session;
    private final MicroBatcher<Window, PackedBatch, WindowAnswer> batcher;

    private LoadedModel(Bundle bundle, ModelSettings settings, Tokenizer tokenizer, OnnxSession session) {
        Manifest manifest = bundle.manifest();
        Manifest.Segmentation segmentation = manifest.segmentation();
        this.bundle = bundle;
        this.tokenizer = tokenizer;
        this.cutter = manifest.cutter(tokenizer);
        this.windows = new Windows(segmentation.maxSegments(), segmentation.windowOverlap());
        this.session = session;
        BatchBudget budget = settings.batchSize().budget();
        PackedGraph graph = new PackedGraph(session, manifest.head());
        Packing packing = Packing.of(manifest);
        WarmUp.of(graph, packing, budget);
        this.batcher = new MicroBatcher<>(graph, packing, budget, knownGoodWindow(manifest));
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
        Tokenizer tokenizer = openTokenizer(bundle);
        OnnxSession session;
        try {
            session = openSession(bundle, settings);
        } catch (BundleException | DeviceException e) {
            tokenizer.close();
            throw e;
        }
        LoadedModel opened = new LoadedModel(bundle, settings, tokenizer, session);
        List<String> problems =
                new GoldenReplay(bundle.manifest(), opened::segment, opened::answer).problems(bundle.goldenCases());
        if (!problems.isEmpty()) {
            opened.close();
            throw new BundleException(bundleFolder, problems);
        }
        opened.batcher.watch(settings.runTimeout());
        return opened;
    }

    /** The graph of a bundle, which has the tensors that its manifest promises. */
    private static OnnxSession openSession(Bundle bundle, ModelSettings settings) {
        OnnxSession session;
        try {
            session = OnnxSession.open(bundle.model(), settings.inferenceThreads(), settings.device());
        } catch (IllegalArgumentException e) {
            throw new BundleException(bundle.folder(), List.of(oneLine(e) + "; export the bundle again"));
        }
        List<String> problems = GraphContract.problems(
                PackedGraph.contract(bundle.manifest()),
                bundle.manifest().graph(),
                new Manifest.Graph(session.inputs(), session.outputs()));
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

    /** The shortest input there is; only whether the model answers matters. */
    private static Window knownGoodWindow(Manifest manifest) {
        return new Window(new int[] {manifest.specialTokens().cls()}, List.of(new Span(0, 1)));
    }

    BundleInfo info() {
        return bundle.info();
    }

    Manifest manifest() {
        return bundle.manifest();
    }

    /** Tokens, segments and windows of all of a text; none of the latter two if the tokenizer finds no token. */
    SegmentedDocument segment(String text) {
        return windowed(cutter.cut(text));
    }

    /** As {@link #segment(String)}, of a text that may have come in segments. */
    private SegmentedDocument segment(GoldenCase golden) {
        return golden.textSegments().isEmpty() ? segment(golden.text()) : segment(golden.textSegments());
    }

    /** As {@link #segment(String)}, of a text that came in segments. */
    SegmentedDocument segment(List<String> givenSegments) {
        return windowed(cutter.cut(givenSegments));
    }

    private SegmentedDocument windowed(Cut cut) {
        return new SegmentedDocument(
                cut.tokens(), cut.segments(), windows.over(cut.segments().size()));
    }

    /**
     * As {@link #segment}, for callers that have no use for a text without tokens.
     *
     * @throws IllegalArgumentException if the tokenizer finds no token
     */
    SegmentedDocument segmentWithTokens(String text) {
        SegmentedDocument segmented = segment(text);
        if (segmented.segments().isEmpty()) {
            throw new IllegalArgumentException("the tokenizer finds no token in a text, expected at least one");
        }
        return segmented;
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
        List<CompletableFuture<WindowResult<WindowAnswer>>> results = document.windows().stream()
                .map(window -> batcher.submit(
                        new Window(document.tokens().ids(), document.segments().subList(window.first(), window.end())),
                        urgent))
                .toList();
        CompletableFuture<List<WindowResult<WindowAnswer>>> answer = CompletableFuture.allOf(
                        results.toArray(CompletableFuture[]::new))
                .handle((done, failure) -> joined(results));
        var unused = answer.whenComplete((done, failure) -> {
            if (answer.isCancelled()) {
                results.forEach(result -> result.cancel(false));
            }
        });
        return answer;
    }

    /** The results, or the failure of a window that was with the model rather than of one that was not. */
    private static List<WindowResult<WindowAnswer>> joined(
            List<CompletableFuture<WindowResult<WindowAnswer>>> results) {
        List<CompletableFuture<WindowResult<WindowAnswer>>> failed = results.stream()
                .filter(CompletableFuture::isCompletedExceptionally)
                .toList();
        failed.stream().filter(result -> !result.isCancelled()).forEach(CompletableFuture::join);
        failed.forEach(CompletableFuture::join);
        return results.stream().map(CompletableFuture::join).toList();
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
        tokenizer.close();
    }
}
