package io.hatflow.cli.score;

import io.hatflow.cli.files.FileRecord;
import io.hatflow.cli.files.FileRecords;
import io.hatflow.cli.files.Input;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.flink.pool.PooledClassifier;
import io.hatflow.flink.pool.TextInput;
import io.hatflow.inference.Outcome;
import io.hatflow.job.classify.ClassifySettings;
import io.hatflow.job.classify.Events;
import io.hatflow.job.classify.Events.DocumentHead;
import io.hatflow.job.format.Decoded;
import io.hatflow.job.format.DocumentDecoder;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.source.SourceRecord;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.flink.types.Either;
import org.jspecify.annotations.Nullable;

/**
 * Scores what files hold with the job's own decoding, classification and events, in this JVM: one event a record in the order of the
 * input, and what could not be scored beside it. Events are in the {@code .part} files as soon as they are there, and stay there when a run
 * is cut off; the files get their names when it is through.
 *
 * @param input where the documents are
 * @param format what its records are
 * @param output where the events go
 * @param start what happens to files of an earlier run
 */
public record FileScoring(ClassifySettings settings, Input input, DocumentFormat format, Path output, Start start) {

    /** What happens to files of an earlier run. */
    public enum Start {
        /** If there are any, this one does not begin. */
        NEW,
        /** They are replaced. */
        OVERWRITE,
        /** A run that was cut off goes on where it was; one that was not is left as it is. */
        RESUME
    }

    /**
     * How a run ended.
     *
     * @param documents scored, by this run and those that it goes on with, as is {@code rejected}
     * @param resumed records that were done before this run
     * @param segments of this run
     * @param startup time until the model was ready
     * @param scoring time from then to the end
     * @param garbled what a language model says of the documents of this run, in lines for a person; empty of any other model
     */
    public record Summary(
            long documents,
            long rejected,
            long resumed,
            long segments,
            Path rejectedFile,
            Duration startup,
            Duration scoring,
            List<String> garbled) {}

    private record Asked(long number, long bytes, CompletableFuture<Either<LabelledDocument, DeadLetter>> event) {}

    /**
     * Scores the file.
     *
     * @param terminal where progress is shown
     * @throws IllegalArgumentException if the files are not as they should be
     * @throws io.hatflow.inference.bundle.BundleException if the bundle is refused
     * @throws ExecutionException if the machine failed; what was scored is in the {@code .part} files
     */
    public Summary run(PrintStream terminal) throws IOException, InterruptedException, ExecutionException {
        input.check();
        checkOutput();
        long begun = System.nanoTime();
        long total = input.count();
        DocumentDecoder decoder = format.decoder();
        try (PooledClassifier leased = ClassifierPool.lease(settings.classifier());
                ScoredRecords scored =
                        start == Start.RESUME ? ScoredRecords.resume(output) : ScoredRecords.begin(output);
                FileRecords records = input.open()) {
            ScoredRecords.Done done = scored.done();
            scored.requireSame(leased.bundle(), skip(records, decoder, done.records()));
            Duration startup = Duration.ofNanos(System.nanoTime() - begun);
            terminal.printf(
                    "Scoring %s with %s:%s, %d labels%s%n",
                    total < 0 ? "what comes" : String.format("%,d documents", total),
                    leased.bundle().name(),
                    leased.bundle().version(),
                    leased.bundle().labels().size(),
                    done.records() == 0 ? "" : String.format("; %,d of them are done already", done.records()));
            long ready = System.nanoTime();
            ScoreCount count = new ScoreCount(leased.bundle().isLanguageModel() ? new WorstPassages() : null);
            score(leased, decoder, records, scored, count, new Progress(terminal, total, done.records(), count));
            scored.publish();
            return new Summary(
                    done.documents() + count.documents(),
                    done.records() - done.documents() + count.rejected(),
                    done.records(),
                    count.segments(),
                    ScoredRecords.rejectedFile(output),
                    startup,
                    Duration.ofNanos(System.nanoTime() - ready),
                    count.garbled());
        }
    }

    private void checkOutput() throws IOException {
        Path folder = output.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    "The folder of the output " + output + " does not exist; make it first.");
        }
        if (Files.isDirectory(output)) {
            throw new IllegalArgumentException("The output " + output + " is a folder; expected a file in it.");
        }
        if (input.isFolder() && folder.toRealPath().startsWith(input.path().toRealPath())) {
            throw new IllegalArgumentException("The output " + output + " is within the input " + input.path()
                    + ", so that a run would read its own events; expected another folder.");
        }
        boolean cutOff = Files.exists(ScoredRecords.part(output));
        if (start == Start.RESUME && !cutOff && Files.exists(output)) {
            throw new IllegalArgumentException(
                    "There is nothing to resume: " + output + " is whole. To score again, give --overwrite.");
        }
        if (start == Start.NEW && cutOff) {
            throw new IllegalArgumentException(ScoredRecords.part(output)
                    + " is what an interrupted run has done; continue with --resume, or start again with --overwrite.");
        }
        for (Path file : List.of(output, ScoredRecords.rejectedFile(output))) {
            if (start == Start.NEW && Files.exists(file)) {
                throw new IllegalArgumentException(file + " exists; remove it or give --overwrite.");
            }
        }
    }

    /** Returns the document id of the last record that is skipped; null if it has none. */
    private static @Nullable String skip(FileRecords records, DocumentDecoder decoder, long count) throws IOException {
        FileRecord last = null;
        for (long i = 0; i < count; i++) {
            last = records.next();
        }
        if (last == null) {
            return null;
        }
        Decoded decoded = last.decoded(decoder);
        return decoded.document() == null
                ? decoded.requireRefusal().documentId()
                : decoded.document().getId();
    }

    private void score(
            PooledClassifier leased,
            DocumentDecoder decoder,
            FileRecords records,
            ScoredRecords scored,
            ScoreCount count,
            Progress progress)
            throws IOException, InterruptedException, ExecutionException {
        try (progress) {
            Deque<Asked> inFlight = new ArrayDeque<>();
            long bytes = 0;
            for (FileRecord record = records.next(); record != null; record = records.next()) {
                while (!inFlight.isEmpty()
                        && (inFlight.size() >= settings.capacity()
                                || bytes + record.bytes() > settings.capacityBytes()
                                || inFlight.element().event().isDone())) {
                    bytes -= write(inFlight.remove(), scored, count);
                }
                inFlight.add(ask(leased, decoder, record));
                bytes += record.bytes();
            }
            while (!inFlight.isEmpty()) {
                bytes -= write(inFlight.remove(), scored, count);
            }
            progress.through();
        }
    }

    private static Asked ask(PooledClassifier leased, DocumentDecoder decoder, FileRecord read) {
        Decoded decoded = read.decoded(decoder);
        SourceRecord place = read.place();
        if (decoded.document() == null) {
            return new Asked(
                    read.number(),
                    read.bytes(),
                    CompletableFuture.completedFuture(
                            Either.Right(Events.deadLetter(place, decoded.requireRefusal()))));
        }
        DocumentHead document = DocumentHead.of(decoded.document());
        TextInput text =
                new TextInput(decoded.document().getText(), decoded.document().getSegments());
        CompletableFuture<Outcome> outcome = leased.classifier().classify(text, decoded.urgent());
        return new Asked(
                read.number(),
                read.bytes(),
                outcome.thenApply(answer -> Events.of(place, document, answer, leased.bundle())));
    }

    /** Waits for the event. Returns the bytes that are no longer in flight. */
    private static long write(Asked asked, ScoredRecords scored, ScoreCount count)
            throws IOException, InterruptedException, ExecutionException {
        Either<LabelledDocument, DeadLetter> event = asked.event().get();
        scored.write(asked.number(), event);
        if (event.isLeft()) {
            count.countLabelled(event.left());
        } else {
            count.countRejected();
        }
        return asked.bytes();
    }
}
