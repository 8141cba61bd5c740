package io.hatflow.job.source;

import io.hatflow.job.kafka.InputTopics;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.flink.util.FlinkRuntimeException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** What Kafka says of topics. What it throws may pass: the task fails, and asks again when it restarts. */
record KafkaTopics(Admin admin) {

    /** Those of documents that there are now; with names, whether they are there or not. */
    Set<String> of(InputTopics topics) {
        try {
            return topics.now(admin);
        } catch (ExecutionException e) {
            throw new FlinkRuntimeException("Kafka does not say which topics it has", e.getCause());
        }
    }

    /** @throws FlinkRuntimeException if one of them is not there, or Kafka does not answer */
    Map<String, TopicDescription> describe(Collection<String> topics) {
        Map<String, TopicDescription> described = new HashMap<>();
        admin.describeTopics(topics).topicNameValues().forEach((topic, answer) -> {
            try {
                described.put(topic, answer(answer));
            } catch (ExecutionException e) {
                throw new FlinkRuntimeException(
                        e.getCause() instanceof UnknownTopicOrPartitionException
                                ? "The topic " + topic + " is not there; make it, or take it out of the input topics"
                                : "Kafka does not say what the topic " + topic + " is",
                        e.getCause());
            }
        });
        return described;
    }

    /** Offsets of the first records, or of what comes after the last. */
    Map<TopicPartition, Long> offsets(Collection<TopicPartition> partitions, Supplier<OffsetSpec> which) {
        try {
            return answer(admin.listOffsets(partitions.stream()
                                    .collect(Collectors.toMap(partition -> partition, partition -> which.get())))
                            .all())
                    .entrySet()
                    .stream()
                    .collect(Collectors.toMap(
                            Map.Entry::getKey, each -> each.getValue().offset()));
        } catch (ExecutionException e) {
            throw new FlinkRuntimeException("Kafka does not say what records " + partitions + " hold", e.getCause());
        }
    }

    private static <T> T answer(KafkaFuture<T> future) throws ExecutionException {
        try {
            return future.get();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }
}
