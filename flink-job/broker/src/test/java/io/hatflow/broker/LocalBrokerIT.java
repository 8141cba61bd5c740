package io.hatflow.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class LocalBrokerIT {

    private static final String TOPIC = "letters";

    @Test
    void whatItHeldIsThereWhenItIsStartedAgainAtTheSamePlace(@TempDir Path folder) throws Exception {
        try (LocalBroker broker = LocalBroker.start(folder)) {
            broker.createTopics(1, List.of(TOPIC));
            send(broker.bootstrapServers(), "one");
            String place = broker.bootstrapServers();

            broker.kill();
            broker.restart();

            assertThat(broker.bootstrapServers()).isEqualTo(place);
            send(place, "two");
            assertThat(read(place, 2)).containsExactly("one", "two");
        }
    }

    @Test
    void aConfigurationThatItRefusesIsShownFromItsLog(@TempDir Path folder) {
        assertThatThrownBy(() -> LocalBroker.start(folder, text -> text + "num.io.threads=none\n"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("The broker ended with exit code 1; the end of " + folder.resolve("broker.log"))
                .hasMessageContaining("num.io.threads");
    }

    private static void send(String servers, String text) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", servers), new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(TOPIC, text)).get();
        }
    }

    private static List<String> read(String servers, int count) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", servers), new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> all = List.of(new TopicPartition(TOPIC, 0));
            consumer.assign(all);
            consumer.seekToBeginning(all);
            List<String> read = new ArrayList<>();
            while (read.size() < count) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> read.add(record.value()));
            }
            return read;
        }
    }
}
