package io.hatflow.benchmarks.kafka;

import io.hatflow.job.JobSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The job's settings as they are out of the box: exactly once, ordered, a checkpoint every ten seconds. */
public final class DefaultSettings {

    private DefaultSettings() {}

    /**
     * Settings of a job on topics of its own.
     *
     * @param name prefix of its topics, and its group
     * @param threads of the model; as many as there are processors is the job's own default
     */
    public static JobSettings of(String name, String bootstrapServers, Path bundle, int threads, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "--job.name=" + name,
                "--kafka.bootstrap-servers=" + bootstrapServers,
                "--kafka.input-topics=" + name + "-documents",
                "--kafka.labelled-topic=" + name + "-labelled",
                "--kafka.dead-letter-topic=" + name + "-dead-letters",
                "--kafka.group-id=" + name,
                // What is sent before the source is there shall not be missed.
                "--kafka.start-from=earliest",
                "--model.bundle=" + bundle));
        if (threads != Runtime.getRuntime().availableProcessors()) {
            arguments.add("--model.inference-threads=" + threads);
        }
        arguments.addAll(List.of(more));
        return JobSettings.read(arguments.toArray(String[]::new), Map.of());
    }
}
