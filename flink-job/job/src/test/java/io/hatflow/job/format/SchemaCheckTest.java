package io.hatflow.job.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

class SchemaCheckTest {

    private static final Schema LETTER = AvroBytes.schema("""
            {'type': 'record', 'name': 'Letter', 'namespace': 'com.example', 'fields': [
              {'name': 'payload', 'type': ['null', {'type': 'record', 'name': 'Payload', 'fields': [
                {'name': 'caseNumber', 'type': 'long'},
                {'name': 'body', 'type': ['null', 'string']},
                {'name': 'pages', 'type': ['null', {'type': 'array', 'items': ['null', 'string']}]},
                {'name': 'scan', 'type': 'bytes'},
                {'name': 'tags', 'type': {'type': 'map', 'values': 'string'}},
                {'name': 'answerTo', 'type': ['null', 'Letter']}]}]},
              {'name': 'origin', 'type': ['int', 'string', {'type': 'record', 'name': 'Origin', 'fields': [
                {'name': 'system', 'type': 'string'}]}]}]}
            """);

    private static String problem(String... settings) {
        return String.join("\n", sentences(LETTER, settings));
    }

    private static List<String> sentences(Schema schema, String... settings) {
        return SchemaCheck.problems(schema, Given.mapping(settings)).stream()
                .map(SchemaCheck.Problem::sentence)
                .toList();
    }

    @Test
    void whatCanBeReadIsNoProblem() {
        assertThat(SchemaCheck.problems(
                        LETTER,
                        Given.mapping(
                                "text=payload.body,payload.pages,origin,payload.tags.any",
                                "segments=payload.pages",
                                "id=payload.caseNumber",
                                "title=payload.answerTo.payload.answerTo.origin.system",
                                "metadata=origin.system,origin")))
                .isEmpty();
        assertThat(SchemaCheck.problems(LETTER, Given.mapping("text=payload.body", "id=key")))
                .isEmpty();
    }

    @Test
    void whatTheSchemaDoesNotHaveIsNamedWithWhatItHas() {
        assertThat(problem("text=payload.bdy"))
                .isEqualTo("document.text is \"payload.bdy\", which the schema com.example.Letter does not have; it has"
                        + " payload.body, payload.pages, origin, origin.system");
        assertThat(problem("text=payload.body", "id=payload.number"))
                .startsWith(
                        "document.id is \"payload.number\", which the schema com.example.Letter does not have; it has"
                                + " payload.caseNumber");
        assertThat(problem("text=payload.body.more", "metadata=payload.nothing"))
                .contains("document.text is \"payload.body.more\"", "document.metadata is \"payload.nothing\"");
    }

    @Test
    void whatCannotBeUsedIsNamedWithWhatItIs() {
        assertThat(problem("text=payload"))
                .startsWith(
                        "document.text is \"payload\", which is a record in the schema com.example.Letter, expected a text"
                                + " or an array of texts; it has payload.body");
        assertThat(problem("text=payload.caseNumber")).contains("is a long in the schema");
        assertThat(problem("segments=payload.body")).contains("is a string in the schema", "; it has payload.pages");
        assertThat(problem("text=payload.body", "title=payload.pages")).contains("is an array of union in the schema");
        assertThat(problem("text=payload.body", "title=payload.scan")).contains("is a bytes in the schema");
    }

    @Test
    void aSchemaThatIsNoRecordHasNothing() {
        assertThat(sentences(AvroBytes.schema("'string'"), "text=body"))
                .containsExactly(
                        "document.text is \"body\", which the schema of type a string does not have; nothing in it is a"
                                + " text or an array of texts");
    }
}
