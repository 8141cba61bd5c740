package io.hatflow.cli;

import io.hatflow.cli.score.FileScoring;
import io.hatflow.cli.score.FileScoring.Start;
import io.hatflow.job.classify.ClassifySettings;
import io.hatflow.job.config.SettingValues;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;

/** Scores a file of JSON lines. */
@Command(
        name = "score",
        description =
                "Score a file of JSON lines, {\"id\": ..., \"text\": ...} each, into events, one a line, in order."
                        + " Lines that cannot be scored go to OUTPUT.rejected.jsonl with their number and the reason."
                        + " Further settings of the job, such as --model.long-documents=truncate, are understood.",
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:every line was scored or rejected, and at least one was scored",
            "1:the run was interrupted; what it has done is kept in OUTPUT.part, and --resume continues there",
            "2:the command or a setting was not understood",
            "3:every line was rejected"
        },
        mixinStandardHelpOptions = true)
final class ScoreCommand implements Callable<Integer> {

    private static final int NOTHING_SCORED = 3;

    @Option(names = "--bundle", required = true, description = "folder of the model bundle")
    private Path bundle = Path.of("");

    @Option(names = "--input", required = true, description = "file of JSON lines")
    private Path input = Path.of("");

    @Option(names = "--output", required = true, description = "file for the events")
    private Path output = Path.of("");

    @Option(names = "--overwrite", description = "replace the files of an earlier run")
    private boolean overwrite;

    @Option(names = "--resume", description = "continue where an interrupted run ended")
    private boolean resume;

    @Unmatched
    private List<String> settings = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        List<String> flags = new ArrayList<>(List.of("--model.bundle=" + bundle));
        // Few documents in flight: the file cannot run away, and what is in flight is lost with a run that is cut off.
        if (settings.stream().noneMatch(flag -> flag.startsWith("--classify.capacity"))) {
            flags.add("--classify.capacity=32");
        }
        flags.addAll(settings);
        SettingValues values =
                new SettingValues(flags.toArray(String[]::new), Map.of(), ClassifySettings.SETTINGS, List.of());
        ClassifySettings classify = ClassifySettings.from(values);
        values.throwMistakes();
        if (overwrite && resume) {
            throw new IllegalArgumentException(
                    "--resume keeps what an earlier run has done, --overwrite replaces it; give one of the two.");
        }
        FileScoring.Start start = overwrite ? Start.OVERWRITE : resume ? Start.RESUME : Start.NEW;
        FileScoring.Summary summary = new FileScoring(classify, input, output, start).run(System.err);
        double seconds = summary.scoring().toMillis() / 1000.0;
        System.out.printf(
                Locale.ROOT,
                "Documents scored: %,d, rejected: %,d; segments: %,d; %.1f s (%.1f documents/s, %.1f segments/s);"
                        + " %.1f s before that to open the model%n",
                summary.documents(),
                summary.rejected(),
                summary.segments(),
                seconds,
                summary.documents() / seconds,
                summary.segments() / seconds,
                summary.startup().toMillis() / 1000.0);
        summary.garbled().forEach(System.out::println);
        System.out.println("Events: " + output);
        if (summary.rejected() > 0) {
            System.out.println("Rejected: " + summary.rejectedFile());
        }
        if (summary.documents() == 0 && summary.rejected() > 0) {
            System.err.println(
                    "Not one line of " + input + " could be scored; " + summary.rejectedFile() + " says why.");
            return NOTHING_SCORED;
        }
        return 0;
    }
}
