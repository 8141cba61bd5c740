package io.hatflow.job.source;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hatflow.events.Document;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.SchemaNormalization;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.flink.api.common.serialization.DeserializationSchema.InitializationContext;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.util.SimpleUserCodeClassLoader;
import org.apache.flink.util.UserCodeClassLoader;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;

/** Every value of a record is a document or is refused; {@code flink-job/fuzz.sh} searches for one that is neither. */
class DocumentDeserializerFuzzTest {

    private static final long FINGERPRINT = SchemaNormalization.parsingFingerprint64(Document.getClassSchema());

    private final DocumentDeserializer deserializer = new DocumentDeserializer(WriterSchemas.withFolder(null));

    @BeforeEach
    void open() {
        deserializer.open(new Context());
    }

    @FuzzTest
    void everyValueIsADocumentOrIsRefused(byte[] value) throws IOException {
        check(value);
        // Nobody guesses the fingerprint of a schema.
        check(ByteBuffer.allocate(10 + value.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0xC3)
                .put((byte) 1)
                .putLong(FINGERPRINT)
                .put(value)
                .array());
    }

    private void check(byte[] value) throws IOException {
        List<SourceRecord> records = new ArrayList<>();
        deserializer.deserialize(new ConsumerRecord<>("documents", 0, 7, null, value), new ListCollector<>(records));
        assertThat(records).hasSize(1);
        SourceRecord record = records.get(0);
        assertThat(record.value()).isSameAs(value);
        Document document = record.document();
        Refusal refusal = record.refusal();
        assertThat(document == null).isNotEqualTo(refusal == null);
        if (refusal != null) {
            assertThat(refusal.message()).isNotBlank();
        }
        if (document != null) {
            assertThat(document.getId()).isNotBlank();
            assertThat(Document.fromByteBuffer(document.toByteBuffer())).isEqualTo(document);
        }
    }

    /** What Flink gives; nothing here asks for it. */
    private static final class Context implements InitializationContext {
        @Override
        public MetricGroup getMetricGroup() {
            return new UnregisteredMetricsGroup();
        }

        @Override
        public UserCodeClassLoader getUserCodeClassLoader() {
            return SimpleUserCodeClassLoader.create(getClass().getClassLoader());
        }
    }
}
