package io.hatflow.chaos;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.hatflow.chaos.TestBed.Setup;
import io.hatflow.cluster.CommandLines;
import io.hatflow.cluster.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.flink.util.FileUtils;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command behind {@code deploy/hatflow soak}. */
@Command(
        name = "hatflow soak",
        description =
                "Run a cluster on this machine at 80 % of its capacity, with restarts of the job, and watch memory, threads, files and what"
                        + " the broker remembers. Exit code 0 if every record was answered once and nothing grew, 1 if not.",
        mixinStandardHelpOptions = true)
public final class SoakCommand implements Callable<Integer> {

    private static final long SEED = 31337;

    private static final Duration LONGEST_FOR_CAPACITY = Duration.ofMinutes(1);
    private static final JsonMapper JSON = new JsonMapper();

    @Option(names = "--minutes", required = true, description = "how long")
    private double minutes;

    @Option(
            names = "--every",
            defaultValue = "30",
            description = "seconds between two samples; default: ${DEFAULT-VALUE}")
    private double every;

    @Option(
            names = "--restarts",
            defaultValue = "5",
            description = "minutes between two restarts of the job; default: ${DEFAULT-VALUE}")
    private double restarts;

    @Option(
            names = "--warm-up",
            defaultValue = "25",
            description = "minutes that are not judged; Kafka forgets transactions after 20; default: ${DEFAULT-VALUE}")
    private double warmUp;

    @Option(names = "--bundle", description = "folder of the model; default: the one that is shipped")
    private @Nullable Path bundle;

    @Option(names = "--output", description = "JSON file for the samples; default: docs/reliability/soak.json")
    private @Nullable Path output;

    @Option(names = "--checkout", required = true, hidden = true)
    private Path checkout = Path.of("");

    SoakCommand() {}

    /** Ends the JVM with 0 if nothing was lost, doubled, wrong or grew, 1 if not, 2 if the command was not understood. */
    public static void main(String[] arguments) {
        System.exit(CommandLines.of(new SoakCommand()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Commands.requirePositive("--every", every);
        Commands.requirePositive("--restarts", restarts);
        if (!(minutes >= warmUp + restarts)) {
            throw new IllegalArgumentException("--minutes is " + minutes + ", expected at least " + (warmUp + restarts)
                    + ": --warm-up, which is not judged, and --restarts");
        }
        Path home = Files.createTempDirectory("hatflow-soak");
        Path soFar = home.resolve("soak.json");
        Commands.say(minutes + " min; logs in " + home.resolve("log") + ", samples in " + soFar);
        Path model = bundle == null ? checkout.resolve("deploy/bundles/contract-clauses") : bundle.toAbsolutePath();
        Path results = (output == null ? checkout.resolve("docs/reliability/soak.json") : output).toAbsolutePath();
        Files.createDirectories(results.getParent());
        Duration tenth = minutes(minutes).dividedBy(10);
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("begun", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        settings.put("bundle", String.valueOf(model.getFileName()));
        settings.put("minutes", minutes);
        settings.put("warmUp", warmUp);
        settings.put("load", SoakRun.LOAD);
        settings.put("processors", Runtime.getRuntime().availableProcessors());
        SoakRun.Result result = new SoakRun(
                        new Setup(Installation.in(checkout), home, model, SEED, true, Format.HATFLOW, false),
                        tenth.compareTo(LONGEST_FOR_CAPACITY) < 0 ? tenth : LONGEST_FOR_CAPACITY,
                        minutes(minutes),
                        Duration.ofMillis(Math.round(every * 1000)),
                        minutes(restarts),
                        minutes(warmUp),
                        known -> write(soFar, settings, known),
                        Commands::say)
                .run();
        write(results, settings, result);
        result.trends().forEach((name, trend) -> Commands.say(name + ": " + trend));
        if (result.holds()) {
            FileUtils.deleteDirectory(home.toFile());
        } else {
            Commands.keep(home);
        }
        Commands.say(result.verdict() + (result.orderly() ? "" : " NOT ORDERLY"));
        return result.holds() ? 0 : 1;
    }

    private static Duration minutes(double count) {
        return Duration.ofMillis(Math.round(count * 60_000));
    }

    private static void write(Path file, Map<String, Object> settings, SoakRun.Result known) throws IOException {
        JSON.writeValue(file.toFile(), Map.of("settings", settings, "result", known));
    }
}
