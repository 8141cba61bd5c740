package io.hatflow.job.format;

import io.hatflow.job.format.SchemaCheck.Problem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;

/**
 * Checks whether records of several subjects can be documents by one mapping. Each subject needs the id and at least one of the texts; any
 * other field is enough in one of them.
 */
final class SubjectsCheck {

    private final FieldMapping mapping;
    private final Map<String, List<Problem>> bySubject = new LinkedHashMap<>();

    private SubjectsCheck(Map<String, Schema> schemas, FieldMapping mapping) {
        this.mapping = mapping;
        schemas.forEach((subject, schema) -> bySubject.put(subject, SchemaCheck.problems(schema, mapping)));
    }

    /** What a person has to correct, a sentence each without its end; empty if records of all subjects can be read. */
    static List<String> problems(Map<String, Schema> schemas, FieldMapping mapping) {
        return new SubjectsCheck(schemas, mapping).problems();
    }

    private List<String> problems() {
        List<String> sentences = new ArrayList<>();
        String first = "";
        for (Map.Entry<String, List<Problem>> each : bySubject.entrySet()) {
            String subject = each.getKey();
            first = first.isEmpty() ? subject : first;
            for (Problem problem : each.getValue()) {
                if (problem.missing() && isMissingInAll(problem)) {
                    int others = bySubject.size() - 1;
                    if (subject.equals(first)) {
                        sentences.add(sentence(problem, subject + (others == 0 ? "" : " and " + others + " more")));
                    }
                } else if (!problem.missing() || isNeeded(problem, each.getValue())) {
                    sentences.add(sentence(problem, subject));
                }
            }
        }
        return sentences;
    }

    private boolean isMissingInAll(Problem problem) {
        return bySubject.values().stream()
                .allMatch(problems -> problems.stream().anyMatch(problem::isSame));
    }

    private boolean isNeeded(Problem missing, List<Problem> ofSubject) {
        int texts = mapping.text().size() + (mapping.segments() == null ? 0 : 1);
        return missing.isOfId()
                || (missing.isOfText()
                        && ofSubject.stream()
                                        .filter(problem -> problem.missing() && problem.isOfText())
                                        .count()
                                == texts);
    }

    private static String sentence(Problem problem, String subject) {
        return problem.sentence() + " (subject " + subject + ")";
    }
}
