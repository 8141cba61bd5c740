package io.hatflow.chaos;

import io.hatflow.chaos.TestBed.Setup;
import io.hatflow.cluster.CommandLines;
import io.hatflow.cluster.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.flink.util.FileUtils;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command behind {@code deploy/hatflow chaos}. */
@Command(
        name = "hatflow chaos",
        description =
                "Stream documents through a cluster on this machine while its processes are killed and worse, and check that"
                        + " every one of them is answered as in an undisturbed run. Exit code 0 if so, 1 if not.",
        mixinStandardHelpOptions = true)
public final class ChaosCommand implements Callable<Integer> {

    /** As the settings of the job spell them. */
    enum Guarantee {
        EXACTLY_ONCE,
        AT_LEAST_ONCE
    }

    /** Takes several restarts, so that there is no room for it in a short run. */
    private static final int SECONDS_FOR_A_KILLER = 180;

    @Option(names = "--seconds", defaultValue = "60", description = "how long faults strike; default: ${DEFAULT-VALUE}")
    private int seconds;

    @Option(names = "--seed", description = "of documents and faults; default: any")
    private @Nullable Long seed;

    @Option(
            names = "--guarantee",
            defaultValue = "exactly-once",
            description = "exactly-once or at-least-once; default: ${DEFAULT-VALUE}")
    private String guarantee = "";

    @Option(
            names = "--format",
            defaultValue = "hatflow",
            description =
                    "of documents and events: hatflow, or confluent-avro with a schema registry, which is then killed"
                            + " among the faults; default: ${DEFAULT-VALUE}")
    private String format = "";

    @Option(
            names = "--bundle",
            description = "folder of the model; default: a tiny one, so that Flink and Kafka have the processors")
    private @Nullable Path bundle;

    @Option(names = "--faults", split = ",", description = "only these, each at least once: ${COMPLETION-CANDIDATES}")
    private Set<FaultKind> faults = EnumSet.noneOf(FaultKind.class);

    @Option(names = "--keep", description = "leave logs and data")
    private boolean keep;

    @Option(names = "--checkout", required = true, hidden = true)
    private Path checkout = Path.of("");

    ChaosCommand() {}

    /** Ends the JVM with 0 if nothing was lost, doubled or wrong, 1 if not, 2 if the command was not understood. */
    public static void main(String[] arguments) {
        System.exit(CommandLines.of(new ChaosCommand()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Guarantee asked = guarantee();
        Format chosenFormat = Format.of(format);
        List<FaultKind> kinds = kinds(chosenFormat);
        Commands.requirePositive("--seconds", seconds);
        long chosen = seed == null ? new Random().nextInt(1_000_000) : seed;
        Path home = Files.createTempDirectory("hatflow-chaos");
        Commands.say("Seed " + chosen + ", " + seconds + " s, " + guarantee + ", " + format + "; logs in "
                + home.resolve("log"));
        Path model = bundle == null
                ? checkout.resolve("flink-job/inference/src/test/resources/bundles/tiny-documents")
                : bundle.toAbsolutePath();
        ChaosRun run = new ChaosRun(
                new Setup(
                        Installation.in(checkout),
                        home,
                        model,
                        chosen,
                        asked == Guarantee.EXACTLY_ONCE,
                        chosenFormat,
                        true),
                Duration.ofSeconds(seconds),
                kinds,
                faults.size(),
                Commands::say);
        ChaosRun.Result result = run.run();
        boolean holds = result.verdict().holds(asked == Guarantee.EXACTLY_ONCE) && result.recovered();
        if (holds && !keep) {
            FileUtils.deleteDirectory(home.toFile());
        } else {
            Commands.keep(home);
        }
        Commands.say(result.toString());
        return holds ? 0 : 1;
    }

    private Guarantee guarantee() {
        return switch (guarantee) {
            case "exactly-once" -> Guarantee.EXACTLY_ONCE;
            case "at-least-once" -> Guarantee.AT_LEAST_ONCE;
            default ->
                throw new IllegalArgumentException(
                        "--guarantee is \"" + guarantee + "\", expected exactly-once or at-least-once");
        };
    }

    private List<FaultKind> kinds(Format format) {
        for (FaultKind kind : faults) {
            if (!kind.strikes(format)) {
                throw new IllegalArgumentException("--faults names " + kind + ", which needs --format "
                        + Format.CONFLUENT_AVRO + "; give that, or leave it out");
            }
        }
        Set<FaultKind> kinds = faults.isEmpty() ? EnumSet.allOf(FaultKind.class) : EnumSet.copyOf(faults);
        if (faults.isEmpty()) {
            kinds.removeIf(kind ->
                    !kind.strikes(format) || (kind == FaultKind.KILLER_DOCUMENT && seconds < SECONDS_FOR_A_KILLER));
        }
        return List.copyOf(kinds);
    }
}
