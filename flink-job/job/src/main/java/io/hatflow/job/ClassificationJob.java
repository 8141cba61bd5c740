package io.hatflow.job;

import io.hatflow.job.config.SettingsException;
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
     */
    public static void main(String[] arguments) throws Exception {
        JobSettings settings;
        try {
            settings = JobSettings.read(arguments, System.getenv());
        } catch (SettingsException e) {
            // The list of mistakes is for a person: do not bury it under stack traces.
            System.err.println(e.getMessage());
            throw e;
        }
        LOG.info("Starting with {}", settings);
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment(ClassificationPipeline.options(settings));
        ClassificationPipeline.addTo(environment, settings);
        environment.execute(settings.name());
    }
}
