package io.hatflow.job.source;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.serialization.DeserializationSchema.InitializationContext;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Makes one {@link SourceRecord} of every Kafka record. Never throws for what a record holds: the source would start
 * again at the same record for ever.
 */
final class DocumentDeserializer implements KafkaRecordDeserializationSchema<SourceRecord> {

    private static final long serialVersionUID = 1L;

    private final WriterSchemas schemas;
    private transient @Nullable DocumentDecoder decoder;

    DocumentDeserializer(WriterSchemas schemas) {
        this.schemas = schemas;
    }

    @Override
    public void open(InitializationContext context) {
        decoder = new DocumentDecoder(schemas);
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<SourceRecord> out) {
        if (decoder == null) {
            throw new IllegalStateException("deserialize was called before open");
        }
        DocumentDecoder.Decoded decoded = decoder.decode(record.value());
        List<RecordHeader> headers = new ArrayList<>();
        record.headers().forEach(header -> headers.add(new RecordHeader(header.key(), header.value())));
        out.collect(new SourceRecord(
                record.topic(),
                record.partition(),
                record.offset(),
                record.timestamp(),
                record.key(),
                headers,
                record.value(),
                decoded.document(),
                decoded.refusal()));
    }

    @Override
    public TypeInformation<SourceRecord> getProducedType() {
        return TypeInformation.of(SourceRecord.class);
    }
}
