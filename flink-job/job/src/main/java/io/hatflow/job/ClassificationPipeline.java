package io.hatflow.job;

import io.hatflow.job.classify.EventStreams;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.kafka.KafkaAccess;
import io.hatflow.job.registry.RegistrySettings;
import io.hatflow.job.registry.SchemaRegistry;
import io.hatflow.job.sink.EventSinks;
import io.hatflow.job.source.DocumentSource;
import io.hatflow.job.source.SourceRecord;
import java.util.function.UnaryOperator;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The job from Kafka to Kafka, put together as the settings say. */
public final class ClassificationPipeline {

    private ClassificationPipeline() {}

    /**
     * Flink options that follow from the settings. What the settings hand on to Flink comes last, so that it prevails,
     * but for what the guarantees rest on.
     */
    public static Configuration options(JobSettings settings) {
        Configuration options = new Configuration();
        options.set(PipelineOptions.NAME, settings.name());
        options.set(
                CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
                ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        options.addAll(Configuration.fromMap(settings.flinkOptions()));
        options.set(
                CheckpointingOptions.CHECKPOINTING_INTERVAL,
                settings.checkpoint().interval());
        options.set(
                CheckpointingOptions.CHECKPOINTING_TIMEOUT,
                settings.checkpoint().timeout());
        options.set(CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE, CheckpointingMode.EXACTLY_ONCE);
        options.set(PipelineOptions.GENERIC_TYPES, false);
        return options;
    }

    /** Adds the job to the environment. */
    public static void addTo(StreamExecutionEnvironment environment, JobSettings settings) {
        addTo(environment, settings, UnaryOperator.identity());
    }

    /** Adds the job with something between source and classification, which is how tests make it fail. */
    static void addTo(
            StreamExecutionEnvironment environment,
            JobSettings settings,
            UnaryOperator<DataStream<SourceRecord>> afterSource) {
        KafkaAccess kafka = new KafkaAccess(settings.bootstrapServers(), settings.kafkaProperties());
        DataStream<SourceRecord> records = environment
                .fromSource(
                        DocumentSource.of(kafka, settings.source()),
                        // Nothing here asks for event time, and watermarks would hold unordered events back.
                        WatermarkStrategy.noWatermarks(),
                        "documents")
                .uid("documents");
        // The options of the job and, where it is submitted to one, of the cluster.
        String checkpoints = environment
                .getConfiguration()
                .getOptional(CheckpointingOptions.CHECKPOINTS_DIRECTORY)
                .orElse("");
        RegistrySettings registry = settings.registry();
        EventStreams classified = EventStreams.of(
                afterSource.apply(records),
                DocumentFormat.of(settings.format(), () -> new SchemaRegistry(registry)),
                settings.classify(),
                settings.quarantine().of(checkpoints, settings.source().groupId()),
                settings.rejectionLimit());
        EventSinks sinks = new EventSinks(kafka, settings.sink(), settings.events(), settings.registry());
        classified.labelled().sinkTo(sinks.labelled()).uid("labelled").name("labelled");
        classified.deadLetters().sinkTo(sinks.deadLetters()).uid("dead-letters").name("dead-letters");
    }
}
