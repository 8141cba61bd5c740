package io.hatflow.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.LabelledDocument;
import java.io.IOException;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.formats.avro.typeutils.AvroTypeInfo;
import org.junit.jupiter.api.Test;

/** Events travel between Flink operators as Avro; Kryo, which takes whatever has no serializer, is switched off here. */
class FlinkTypesTest {

    @Test
    void documentsNeedNoKryo() throws IOException {
        assertTravels(Document.class, "document", "everything-set");
    }

    @Test
    void labelledDocumentsNeedNoKryo() throws IOException {
        assertTravels(LabelledDocument.class, "labelled-document", "multi-label-with-evidence");
    }

    @Test
    void deadLettersNeedNoKryo() throws IOException {
        assertTravels(DeadLetter.class, "dead-letter", "not-avro");
    }

    private static <T extends SpecificRecordBase> void assertTravels(Class<T> type, String event, String example)
            throws IOException {
        var datumReader = new SpecificDatumReader<>(type);
        T sent = datumReader.read(
                null,
                DecoderFactory.get().jsonDecoder(datumReader.getSchema(), Examples.read(event + "/valid", example)));
        TypeInformation<T> typeInformation = TypeInformation.of(type);
        assertThat(typeInformation).isInstanceOf(AvroTypeInfo.class);
        var serializer = typeInformation.createSerializer(
                new SerializerConfigImpl(new Configuration().set(PipelineOptions.GENERIC_TYPES, false)));

        var out = new DataOutputSerializer(256);
        serializer.serialize(sent, out);

        assertThat(serializer.deserialize(new DataInputDeserializer(out.getCopyOfBuffer())))
                .isEqualTo(sent);
        assertThat(serializer.copy(sent)).isEqualTo(sent);
    }
}
