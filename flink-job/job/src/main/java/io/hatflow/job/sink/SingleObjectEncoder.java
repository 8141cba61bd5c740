package io.hatflow.job.sink;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecordBase;
import org.jspecify.annotations.Nullable;

/** Avro's single-object encoding. */
final class SingleObjectEncoder<T extends SpecificRecordBase> implements EventEncoder<T> {

    private static final long serialVersionUID = 1L;

    private final Class<T> type;
    private transient @Nullable BinaryMessageEncoder<T> encoder;

    SingleObjectEncoder(Class<T> type) {
        this.type = type;
    }

    @Override
    public byte[] encode(String topic, T event) {
        if (encoder == null) {
            SpecificData model = SpecificData.getForClass(type);
            encoder = new BinaryMessageEncoder<>(model, model.getSchema(type));
        }
        try {
            return EventBytes.of(encoder.encode(event));
        } catch (IOException e) {
            throw new UncheckedIOException("An event in memory could not be encoded; this is a bug", e);
        }
    }
}
