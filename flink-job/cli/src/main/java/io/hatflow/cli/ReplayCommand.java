package io.hatflow.cli;

import io.hatflow.events.Reason;
import io.hatflow.job.registry.RegisteredSchemas;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Sends the records in dead letters again. */
@Command(
        name = "replay",
        description =
                "After the cause is removed, send the records in dead letters again, with their keys, values and headers. Each"
                        + " dead letter is sent once, however often this runs, unless it fails again.",
        mixinStandardHelpOptions = true)
final class ReplayCommand implements Callable<Integer> {

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private RegistryOptions registry = new RegistryOptions();

    @Option(
            names = "--dead-letters",
            defaultValue = "dead-letters",
            description = "their topic; default: ${DEFAULT-VALUE}")
    private String deadLetters = "";

    @Option(
            names = "--reason",
            required = true,
            split = ",",
            description = "only those that were refused for one of: ${COMPLETION-CANDIDATES}")
    private Set<Reason> reasons = EnumSet.noneOf(Reason.class);

    @Option(names = "--to", description = "topic to send to; default: where each record came from")
    private @Nullable String to;

    @Option(names = "--dry-run", description = "only say what would be sent")
    private boolean dryRun;

    @Override
    public Integer call() throws IOException {
        Map<String, Object> properties = kafka.properties();
        @Nullable RegisteredSchemas schemas = registry.schemas();
        for (Reason reason : reasons) {
            Replay.Summary summary = new Replay(properties, schemas, deadLetters, reason, to, dryRun).run();
            System.out.printf(
                    "%s: %,d of %,d new dead letters %s%s%n",
                    reason,
                    summary.sent(),
                    summary.seen(),
                    dryRun ? "would be sent" : "sent",
                    summary.byTopic().isEmpty() ? "" : " " + summary.byTopic());
        }
        return 0;
    }
}
