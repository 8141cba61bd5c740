import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Makes the job's topics, and sends one record that is no document, as the demo does. */
final class Topics {

    /** @param arguments the brokers */
    public static void main(String[] arguments) throws Exception {
        Map<String, Object> brokers = Map.of("bootstrap.servers", arguments[0]);
        try (Admin admin = Admin.create(brokers)) {
            Map<String, String> large = Map.of("max.message.bytes", Integer.toString(72 << 20));
            admin.createTopics(List.of("documents", "labelled-documents", "dead-letters").stream()
                            .map(name -> new NewTopic(name, 2, (short) 1).configs(large))
                            .toList())
                    .all()
                    .get();
        }
        byte[] noDocument = "This is not an Avro text".getBytes();
        try (var producer = new KafkaProducer<>(brokers, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>("documents", noDocument)).get();
        }
    }
}
