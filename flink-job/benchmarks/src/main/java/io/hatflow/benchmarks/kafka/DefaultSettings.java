package io.hatflow.benchmarks.kafka;

import io.hatflow.benchmarks.model.Resources;
import io.hatflow.job.JobSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The job's settings as they are out of the box, on a device that is said: exactly once, ordered, a checkpoint every ten seconds. */
public final class DefaultSettings {

    private DefaultSettings() {}

    /**
     * Settings of a job on topics of its own.
     *
     * @param name prefix of its topics, and its group
     * @param resources of which as many threads as there are processors are the job's own default
     */
    public static JobSettings of(
            String name, String bootstrapServers, Path bundle, Resources resources, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "--job.name=" + name,
                "--kafka.bootstrap-servers=" + bootstrapServers,
                "--kafka.input-topics=" + name + "-documents",
                "--kafka.labelled-topic=" + name + "-labelled",
                "--kafka.dead-letter-topic=" + name + "-dead-letters",
                "--kafka.group-id=" + name,
                // What is sent before the source is there shall not be missed.
                "--kafka.start-from=earliest",
                "--model.bundle=" + bundle,
                "--model.device=" + resources.device()));
        if (resources.threads() != Runtime.getRuntime().availableProcessors()) {
            arguments.add("--model.inference-threads=" + resources.threads());
        }
        arguments.addAll(List.of(more));
        return JobSettings.read(arguments.toArray(String[]::new), Map.of());
    }
}
