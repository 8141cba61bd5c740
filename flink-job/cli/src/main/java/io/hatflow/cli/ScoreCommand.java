package io.hatflow.cli;

import io.hatflow.cli.files.Input;
import io.hatflow.cli.score.FileScoring;
import io.hatflow.cli.score.FileScoring.Start;
import io.hatflow.job.classify.ClassifySettings;
import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.format.FormatSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;

/** Scores files. */
@Command(
        name = "score",
        description =
                "Score JSON lines, {\"id\": ..., \"text\": ...} each, CSV with such columns, or a folder of texts into events,"
                        + " one a line, in order. Records that cannot be scored go to OUTPUT.rejected.jsonl with their number and"
                        + " the reason. Further settings of the job are understood, such as --document.text=body.plain for other"
                        + " fields or --model.long-documents=truncate.",
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:every record was scored or rejected, and at least one was scored",
            "1:the run was interrupted; what it has done is kept in OUTPUT.part, and --resume continues there",
            "2:the command or a setting was not understood",
            "3:every record was rejected"
        },
        mixinStandardHelpOptions = true)
final class ScoreCommand implements Callable<Integer> {

    private static final int NOTHING_SCORED = 3;

    @Option(names = "--bundle", required = true, description = "folder of the model bundle")
    private Path bundle = Path.of("");

    @Option(
            names = "--input",
            required = true,
            description = "file, folder of texts, or - for the standard input; may be gzipped")
    private Path input = Path.of("");

    @Option(
            names = "--format",
            description =
                    "${COMPLETION-CANDIDATES}; by default text for a folder and for .txt, csv for .csv, json otherwise")
    private Input.@Nullable Format format;

    @Option(
            names = "--delimiter",
            description = "what separates the columns of CSV; a comma by default, \\\\t for a tab")
    private String delimiter = ",";

    @Option(names = "--output", required = true, description = "file for the events")
    private Path output = Path.of("");

    @Option(names = "--overwrite", description = "replace the files of an earlier run")
    private boolean overwrite;

    @Option(names = "--resume", description = "continue where an interrupted run ended")
    private boolean resume;

    private static final List<Setting<?>> SETTINGS = Stream.concat(
                    ClassifySettings.SETTINGS.stream(), FormatSettings.SETTINGS.stream())
            .toList();

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
        Input records = new Input(input, format == null ? Input.formatOf(input) : format, delimiter());
        if (settings.stream().anyMatch(flag -> flag.startsWith("--document.format"))) {
            throw new IllegalArgumentException(
                    "--document.format is for topics; of files, --format says what they are.");
        }
        boolean mapped = settings.stream().anyMatch(flag -> flag.startsWith("--document."));
        if (mapped && records.format() != Input.Format.TEXT) {
            flags.addAll(0, fieldsThatAreNotGiven());
        }
        flags.add("--document.format=" + (records.format() == Input.Format.TEXT ? "text" : "json"));
        SettingValues values = new SettingValues(flags.toArray(String[]::new), Map.of(), SETTINGS, List.of());
        ClassifySettings classify = ClassifySettings.from(values);
        DocumentFormat documents = mapped || records.format() == Input.Format.TEXT
                ? DocumentFormat.of(FormatSettings.from(values, false), null)
                : DocumentFormat.lines();
        values.throwMistakes();
        if (overwrite && resume) {
            throw new IllegalArgumentException(
                    "--resume keeps what an earlier run has done, --overwrite replaces it; give one of the two.");
        }
        FileScoring.Start start = overwrite ? Start.OVERWRITE : resume ? Start.RESUME : Start.NEW;
        FileScoring.Summary summary = new FileScoring(classify, records, documents, output, start).run(System.err);
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
                    "Not one record of " + input + " could be scored; " + summary.rejectedFile() + " says why.");
            return NOTHING_SCORED;
        }
        return 0;
    }

    /** What is called as it is in our own lines need not be named. */
    private List<String> fieldsThatAreNotGiven() {
        List<String> fields = new ArrayList<>(List.of("id", "title"));
        if (isNotGiven("text") && isNotGiven("segments")) {
            fields.addAll(List.of("text", "segments"));
        }
        return fields.stream()
                .filter(this::isNotGiven)
                .map(field -> "--document." + field + "=" + field)
                .toList();
    }

    private boolean isNotGiven(String field) {
        String flag = "--document." + field;
        return settings.stream().noneMatch(each -> each.equals(flag) || each.startsWith(flag + "="));
    }

    private char delimiter() {
        String text = delimiter.equals("\\t") ? "\t" : delimiter;
        if (text.length() != 1 || text.equals("\"") || (text.isBlank() && !text.equals("\t"))) {
            throw new IllegalArgumentException(
                    "--delimiter is \"" + delimiter + "\", expected one character such as ; or \\t for a tab.");
        }
        return text.charAt(0);
    }
}
