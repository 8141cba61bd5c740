package io.hatflow.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.LabelledDocument;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** House rules that every event schema follows. */
class EventSchemasTest {

    static Stream<Schema> events() {
        return Stream.of(Document.getClassSchema(), LabelledDocument.getClassSchema(), DeadLetter.getClassSchema());
    }

    @ParameterizedTest
    @MethodSource("events")
    void everyTypeAndFieldIsDocumented(Schema event) {
        for (Schema type : namedTypes(event).values()) {
            assertThat(type.getDoc()).as(type.getFullName()).isNotBlank();
            if (type.getType() == Schema.Type.RECORD) {
                assertThat(type.getFields()).allSatisfy(field -> assertThat(field.doc())
                        .as("%s.%s", type.getFullName(), field.name())
                        .isNotBlank());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("events")
    void enumsCanGrow(Schema event) {
        assertThat(namedTypes(event).values())
                .filteredOn(type -> type.getType() == Schema.Type.ENUM)
                .allSatisfy(type -> assertThat(type.getEnumDefault()).isEqualTo("UNKNOWN"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"io.hatflow.events.Provenance", "io.hatflow.events.ModelInfo"})
    void whatIsWrittenOutTwiceIsTheSame(String name) {
        assertThat(namedTypes(LabelledDocument.getClassSchema()).get(name))
                .isNotNull()
                .isEqualTo(namedTypes(DeadLetter.getClassSchema()).get(name))
                .hasToString(
                        String.valueOf(namedTypes(DeadLetter.getClassSchema()).get(name)));
    }

    private static Map<String, Schema> namedTypes(Schema schema) {
        var types = new LinkedHashMap<String, Schema>();
        collect(schema, types);
        return types;
    }

    private static void collect(Schema schema, Map<String, Schema> into) {
        switch (schema.getType()) {
            case RECORD -> {
                if (into.put(schema.getFullName(), schema) == null) {
                    schema.getFields().forEach(field -> collect(field.schema(), into));
                }
            }
            case ENUM, FIXED -> into.put(schema.getFullName(), schema);
            case ARRAY -> collect(schema.getElementType(), into);
            case MAP -> collect(schema.getValueType(), into);
            case UNION -> schema.getTypes().forEach(branch -> collect(branch, into));
            default -> {}
        }
    }
}
