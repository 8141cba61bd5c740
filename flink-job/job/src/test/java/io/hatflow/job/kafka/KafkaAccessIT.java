package io.hatflow.job.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.broker.LocalBroker;
import io.hatflow.job.SharedBroker;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.flink.util.FlinkRuntimeException;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedBroker.class)
@Timeout(120)
class KafkaAccessIT {

    private static double requests(Admin admin) {
        return admin.metrics().values().stream()
                .filter(metric -> metric.metricName().name().equals("request-total")
                        && metric.metricName().group().equals("admin-client-metrics"))
                .mapToDouble(metric -> (double) metric.metricValue())
                .sum();
    }

    /** As a pattern may match hundreds, which are asked about again and again. */
    @Test
    void theRightsToManyTopicsAreAskedForAtOnce(LocalBroker broker) throws Exception {
        List<String> names = IntStream.range(0, 30).mapToObj(i -> "rights-" + i).toList();
        broker.createTopics(1, names);
        InputTopics topics =
                new InputTopics(names, null, new OutputTopics(new OutputTopic("labelled"), new OutputTopic("dead")));
        KafkaAccess kafka = new KafkaAccess(broker.bootstrapServers(), Map.of());
        try (Admin admin = Admin.create(kafka.clients())) {
            assertThat(admin.listTopics().names().get()).containsAll(names);
            double before = requests(admin);

            kafka.requireReading(admin, topics, "rights");

            assertThat(requests(admin) - before).as("requests").isBetween(1.0, 10.0);
        }
    }

    @Test
    void aTopicToWriteToIsThereOrIsMadeByKafka(LocalBroker broker, @TempDir Path folder) throws Exception {
        Map<String, String> hasty = Map.of("max.block.ms", "500");
        assertThatThrownBy(() -> new KafkaAccess(broker.bootstrapServers(), hasty).requireWriting("made-nowhere"))
                .isInstanceOf(FlinkRuntimeException.class)
                .hasMessage(
                        "The topic made-nowhere is not there, where events are to go; make it (docs/delivery.md says how),"
                                + " or correct kafka.labelled-topic or kafka.dead-letter-topic");

        try (LocalBroker making =
                LocalBroker.start(folder, properties -> properties + "auto.create.topics.enable=true\n")) {
            KafkaAccess kafka = new KafkaAccess(making.bootstrapServers(), Map.of());
            kafka.requireWriting("made-here");
            try (Admin admin = Admin.create(kafka.clients())) {
                assertThat(admin.listTopics().names().get()).contains("made-here");
            }
        }
    }
}
