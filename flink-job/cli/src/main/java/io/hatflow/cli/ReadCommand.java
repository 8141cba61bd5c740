package io.hatflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Provenance;
import io.hatflow.job.registry.RegisteredSchemas;
import io.hatflow.job.sink.EventDecoder;
import io.hatflow.job.sink.EventJson;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints events as JSON lines. */
@Command(
        name = "read",
        description = "Print the events of a topic as JSON lines, from the first one on, committed ones only.",
        mixinStandardHelpOptions = true)
final class ReadCommand implements Callable<Integer> {

    /** Those of the job's defaults. */
    private static final String LABELLED_TOPIC = "labelled-documents";

    private static final String DEAD_LETTER_TOPIC = "dead-letters";

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private RegistryOptions registry = new RegistryOptions();

    @Option(
            names = "--topic",
            description = "default: " + LABELLED_TOPIC + ", or " + DEAD_LETTER_TOPIC + " with --dead-letters")
    private @Nullable String named;

    @Option(names = "--dead-letters", description = "read dead letters instead of labelled documents")
    private boolean deadLetters;

    @Option(names = "--follow", description = "wait for further events instead of ending")
    private boolean follow;

    @Override
    public Integer call() throws IOException {
        String topic = named != null ? named : deadLetters ? DEAD_LETTER_TOPIC : LABELLED_TOPIC;
        Map<String, Object> properties = kafka.properties();
        @Nullable RegisteredSchemas schemas = registry.schemas();
        properties.put("isolation.level", "read_committed");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<PartitionInfo> found = consumer.partitionsFor(topic);
            if (found == null || found.isEmpty()) {
                throw Records.noTopic("--topic", topic);
            }
            List<TopicPartition> partitions = found.stream()
                    .map(each -> new TopicPartition(topic, each.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            Function<ConsumerRecord<byte[], byte[]>, ObjectNode> event =
                    deadLetters ? deadLetters(schemas) : labelled(schemas);
            while (follow || behind(consumer, ends)) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    System.out.println(EventJson.line(event.apply(record)));
                }
            }
        }
        return 0;
    }

    private static boolean behind(KafkaConsumer<?, ?> consumer, Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue());
    }

    private static Function<ConsumerRecord<byte[], byte[]>, ObjectNode> deadLetters(
            @Nullable RegisteredSchemas schemas) {
        EventDecoder<DeadLetter> decoder = new EventDecoder<>(DeadLetter.class, schemas);
        return record -> {
            DeadLetter event = Records.decoded(
                    record, decoder, "a dead letter; without --dead-letters, labelled documents are read");
            return from(EventJson.of(event), event.getProvenance());
        };
    }

    private static Function<ConsumerRecord<byte[], byte[]>, ObjectNode> labelled(@Nullable RegisteredSchemas schemas) {
        EventDecoder<LabelledDocument> decoder = new EventDecoder<>(LabelledDocument.class, schemas);
        return record -> {
            LabelledDocument event =
                    Records.decoded(record, decoder, "a labelled document; --dead-letters reads dead letters");
            return from(EventJson.of(event), event.getProvenance());
        };
    }

    private static ObjectNode from(ObjectNode json, Provenance provenance) {
        json.putObject("provenance")
                .put("topic", provenance.getTopic())
                .put("partition", provenance.getPartition())
                .put("offset", provenance.getOffset());
        return json;
    }
}
