package io.hatflow.job.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

class SubjectsCheckTest {

    /** The subjects a, b, … of records that have these fields, such as {@code id body pages:array}. */
    private static Map<String, Schema> subjects(String... fields) {
        Map<String, Schema> subjects = new LinkedHashMap<>();
        for (String each : fields) {
            String subject = Character.toString('a' + subjects.size());
            subjects.put(
                    subject,
                    AvroBytes.schema("{'type': 'record', 'name': '" + subject.toUpperCase(Locale.ROOT)
                            + "', 'fields': ["
                            + Stream.of(each.split(" "))
                                    .map(SubjectsCheckTest::field)
                                    .collect(Collectors.joining(","))
                            + "]}"));
        }
        return subjects;
    }

    private static String field(String field) {
        String[] parts = field.split(":", -1);
        String type = parts.length == 1 ? "'string'" : "{'type': 'array', 'items': '" + parts[1] + "'}";
        return "{'name': '" + parts[0] + "', 'type': " + type + "}";
    }

    private static List<String> problems(Map<String, Schema> subjects, String... settings) {
        return SubjectsCheck.problems(subjects, Given.mapping(settings));
    }

    @Test
    void whatARecordMayLackNeedsToBeSomewhere() {
        Map<String, Schema> subjects = subjects("id body title", "id body priority language", "id body sent");

        assertThat(problems(
                        subjects,
                        "text=body",
                        "id=id",
                        "title=title",
                        "time=sent",
                        "priority=priority",
                        "metadata=language"))
                .isEmpty();
        assertThat(problems(subjects, "text=body", "id=id", "title=titel", "metadata=language,nowhere"))
                .containsExactly(
                        "document.title is \"titel\", which the schema A does not have; it has title, id, body (subject a and"
                                + " 2 more)",
                        "document.metadata is \"nowhere\", which the schema A does not have; it has body, title, id (subject a"
                                + " and 2 more)");
    }

    @Test
    void everySubjectNeedsTheId() {
        assertThat(problems(subjects("id body", "body", "id body", "number body"), "text=body", "id=id"))
                .containsExactly(
                        "document.id is \"id\", which the schema B does not have; it has body (subject b)",
                        "document.id is \"id\", which the schema D does not have; it has body, number (subject d)");
        assertThat(problems(subjects("id body", "body"), "text=body", "id=key")).isEmpty();
    }

    @Test
    void everySubjectNeedsOneOfTheTexts() {
        assertThat(problems(subjects("subject", "body", "pages:string"), "text=subject,body", "segments=pages"))
                .isEmpty();
        assertThat(problems(subjects("subject", "other"), "text=subject"))
                .containsExactly(
                        "document.text is \"subject\", which the schema B does not have; it has other (subject b)");
        assertThat(problems(subjects("subject", "other"), "text=subject,body"))
                .containsExactly(
                        "document.text is \"body\", which the schema A does not have; it has subject (subject a and 1 more)",
                        "document.text is \"subject\", which the schema B does not have; it has other (subject b)");
    }

    /** Where it is there, no record may have it otherwise. */
    @Test
    void whatCannotBeUsedIsAProblemOfItsSubject() {
        assertThat(problems(subjects("body title", "body title:int", "body"), "text=body", "title=title"))
                .containsExactly(
                        "document.title is \"title\", which is an array of int in the schema B, expected a text, a number or"
                                + " another single value; it has body (subject b)");
    }
}
