package io.hatflow.job.score;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.job.classify.Classified;
import io.hatflow.job.classify.ClassifySettings;
import io.hatflow.job.classify.LeasedClassifier;
import io.hatflow.job.classify.SharedClassifiers;
import io.hatflow.job.sink.EventJson;
import io.hatflow.job.source.SourceRecord;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Scores a file of JSON lines with the job's own classification, in a Flink inside this JVM: one event a line in the order
 * of the input, and what could not be scored beside it. Both files appear whole, at the end, or not at all.
 *
 * @param input lines of {@code {"id": …, "text": …}}
 * @param output where the events go
 * @param overwrite whether files of an earlier run may be replaced
 */
public record FileScoring(ClassifySettings settings, Path input, Path output, boolean overwrite) {

    /**
     * How a run ended.
     *
     * @param startup time until the model was ready
     * @param scoring time from then to the end
     */
    public record Summary(
            long documents, long rejected, long segments, Path rejectedFile, Duration startup, Duration scoring) {}

    /** Where the lines go that could not be scored. */
    Path rejectedFile() {
        return output.resolveSibling(output.getFileName() + ".rejected.jsonl");
    }

    /**
     * Scores the file.
     *
     * @param terminal where progress is shown
     * @throws IllegalArgumentException if the files are not as they should be
     * @throws io.hatflow.inference.bundle.BundleException if the bundle is refused
     * @throws ExecutionException if Flink failed; no file is left then
     */
    public Summary run(PrintStream terminal) throws IOException, InterruptedException, ExecutionException {
        checkFiles();
        long begun = System.nanoTime();
        long lines = countLines(input);
        Path labelled = output.resolveSibling(output.getFileName() + ".part");
        Path rejected = output.resolveSibling(output.getFileName() + ".rejected.part");
        // Opened here as well as by the task, which shares it: so a bundle that is refused says so before Flink starts.
        try (LeasedClassifier leased = SharedClassifiers.lease(settings)) {
            Duration startup = Duration.ofNanos(System.nanoTime() - begun);
            terminal.printf(
                    "Scoring %,d lines with %s:%s, %d labels%n",
                    lines,
                    leased.bundle().name(),
                    leased.bundle().version(),
                    leased.bundle().labels().size());
            long ready = System.nanoTime();
            runJob(labelled, rejected, new Progress(terminal, lines));
            Duration scoring = Duration.ofNanos(System.nanoTime() - ready);
            ScoreCount count = ScoreCount.OF_THIS_JVM;
            if (count.documents() + count.rejected() != lines) {
                throw new IllegalStateException("Of " + lines + " lines, " + count.documents() + " were scored and "
                        + count.rejected() + " rejected; this is a bug, unless the input changed meanwhile");
            }
            publish(labelled, rejected);
            return new Summary(count.documents(), count.rejected(), count.segments(), rejectedFile(), startup, scoring);
        } finally {
            Files.deleteIfExists(labelled);
            Files.deleteIfExists(rejected);
        }
    }

    private void checkFiles() {
        if (!Files.isRegularFile(input) || !Files.isReadable(input)) {
            throw new IllegalArgumentException("The input " + input + " is no readable file; expected JSON lines.");
        }
        Path folder = output.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    "The folder of the output " + output + " does not exist; make it first.");
        }
        if (Files.isDirectory(output)) {
            throw new IllegalArgumentException("The output " + output + " is a folder; expected a file in it.");
        }
        for (Path file : new Path[] {output, rejectedFile()}) {
            if (Files.exists(file) && !overwrite) {
                throw new IllegalArgumentException(file + " exists; remove it or give --overwrite.");
            }
        }
    }

    private void runJob(Path labelled, Path rejected, Progress progress)
            throws IOException, InterruptedException, ExecutionException {
        ScoreCount.OF_THIS_JVM.reset();
        Configuration options = new Configuration();
        options.set(ExecutionOptions.RUNTIME_MODE, RuntimeExecutionMode.STREAMING);
        options.set(PipelineOptions.GENERIC_TYPES, false);
        // Nothing is lost by a failed run, and a second attempt would hide why the first one failed.
        options.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(1, options);
        FileSource<SourceRecord> source = FileSource.forRecordStreamFormat(
                        new JsonLines(input.getFileName().toString()),
                        new org.apache.flink.core.fs.Path(input.toAbsolutePath().toUri()))
                .build();
        DataStream<SourceRecord> records =
                environment.fromSource(source, WatermarkStrategy.noWatermarks(), "documents");
        Classified classified = Classified.of(records, settings);
        classified.labelled().sinkTo(new LinesSink<LabelledDocument>(labelled, event -> {
            ScoreCount.OF_THIS_JVM.countLabelled(event);
            return EventJson.line(EventJson.of(event));
        }));
        classified.deadLetters().sinkTo(new LinesSink<DeadLetter>(rejected, event -> {
            ScoreCount.OF_THIS_JVM.countRejected();
            return EventJson.line(numbered(event));
        }));
        try {
            JobClient job = environment.executeAsync("score " + input.getFileName());
            var result = job.getJobExecutionResult();
            progress.showUntilDone(result);
            JobExecutionResult unused = result.get();
        } catch (InterruptedException | ExecutionException | IOException e) {
            throw e;
        } catch (Exception e) {
            throw new ExecutionException(e);
        }
    }

    private static ObjectNode numbered(DeadLetter event) {
        ObjectNode json = EventJson.of(event);
        return json.objectNode().put("line", event.getProvenance().getOffset()).setAll(json);
    }

    private void publish(Path labelled, Path rejected) throws IOException {
        // Those of the rejected first: whoever waits for the output finds both.
        if (Files.size(rejected) > 0) {
            Files.move(rejected, rejectedFile(), StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.deleteIfExists(rejectedFile());
        }
        Files.move(labelled, output, StandardCopyOption.REPLACE_EXISTING);
    }

    /** As {@link JsonLines} counts them: the end of the file ends a line, unless nothing stands there. */
    private static long countLines(Path file) throws IOException {
        long lines = 0;
        int last = '\n';
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                for (int i = 0; i < read; i++) {
                    if (buffer[i] == '\n') {
                        lines++;
                    }
                }
                last = read > 0 ? buffer[read - 1] : last;
            }
        }
        return last == '\n' ? lines : lines + 1;
    }
}
