import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Sends one record that is not a document, as the demo does. */
final class NoDocument {

    /** @param arguments the brokers */
    public static void main(String[] arguments) throws Exception {
        Map<String, Object> brokers = Map.of("bootstrap.servers", arguments[0]);
        try (var producer = new KafkaProducer<>(brokers, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>("documents", "This is not an Avro text".getBytes())).get();
        }
    }
}
