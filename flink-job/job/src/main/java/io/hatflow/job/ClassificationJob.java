package io.hatflow.job;

import java.io.IOException;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.LocalStreamEnvironment;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The job's entry: settings, environment, pipeline. On a cluster it is submitted; without one it runs in this JVM. */
public final class ClassificationJob {

    private static final Logger LOG = LoggerFactory.getLogger(ClassificationJob.class);

    private ClassificationJob() {}

    /**
     * Runs the job.
     *
     * @param arguments settings as {@code --key value}
     * @throws io.hatflow.job.config.SettingsException if the settings have mistakes, with all of them
     * @throws IllegalArgumentException if the job could only fail, with every reason
     */
    public static void main(String[] arguments) throws Exception {
        JobSettings settings = JobSettings.read(arguments, System.getenv());
        LOG.info("Starting with {}", settings);
        if (!settings.openSecrets().isEmpty()) {
            LOG.warn(
                    "Secrets are written as they are in {}: anyone who sees the command line, the job graph or Flink's store of jobs sees them."
                            + " Give references such as ${file:/run/secrets/kafka.properties:password} in their place",
                    settings.openSecrets());
        }
        StreamExecutionEnvironment environment = environment(settings);
        new SubmissionCheck(settings, environment instanceof LocalStreamEnvironment, environment.getConfiguration())
                .run();
        ClassificationPipeline.addTo(environment, settings);
        environment.execute(settings.name());
    }

    private static StreamExecutionEnvironment environment(JobSettings settings) throws IOException {
        Configuration options = ClassificationPipeline.options(settings);
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(options);
        if (!(environment instanceof LocalStreamEnvironment)
                || options.contains(CheckpointingOptions.CHECKPOINTS_DIRECTORY)) {
            return environment;
        }
        Configuration local = LocalCheckpoints.of(settings).options();
        local.addAll(options);
        return StreamExecutionEnvironment.getExecutionEnvironment(local);
    }
}
