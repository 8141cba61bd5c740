package io.hatflow.job.format;

import io.hatflow.job.config.Spelling;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/** Whether a schema has the fields that a mapping names, of types that can be used, before any record is read. */
final class SchemaCheck {

    private static final int DEEPEST = 6;
    private static final int MOST_FIELDS = 10_000;
    private static final int MOST_OFFERED = 8;

    /** What a setting can use. */
    private record Use(String expected, Predicate<Schema> takes) {}

    private static final Use TEXT = new Use("a text or an array of texts", schema -> isText(schema) || isTexts(schema));
    private static final Use SEGMENTS = new Use("an array of texts", SchemaCheck::isTexts);
    private static final Use SCALAR =
            new Use("a text, a number or another single value", schema -> AvroScalars.reader(schema) != null);

    private static final String TEXTS_KEY = "document.text";
    private static final String SEGMENTS_KEY = "document.segments";
    private static final String ID_KEY = "document.id";

    /**
     * What records of a schema do not offer to a setting.
     *
     * @param missing whether the field does not exist; if it does, its type cannot be used
     * @param sentence for a person, without its end
     */
    record Problem(String key, FieldPath path, boolean missing, String sentence) {

        boolean isOfText() {
            return key.equals(TEXTS_KEY) || key.equals(SEGMENTS_KEY);
        }

        boolean isOfId() {
            return key.equals(ID_KEY);
        }

        /** Whether it is the same of another schema. */
        boolean isSame(Problem other) {
            return key.equals(other.key) && path.equals(other.path) && missing == other.missing;
        }
    }

    private final Schema schema;
    private final List<Problem> problems = new ArrayList<>();

    /** How many more are looked at for what could be offered. */
    private int fieldsLeft;

    private SchemaCheck(Schema schema) {
        this.schema = schema;
    }

    /** What a person has to correct; empty if records of the schema can be read. */
    static List<Problem> problems(Schema schema, FieldMapping mapping) {
        SchemaCheck check = new SchemaCheck(schema);
        check.look(TEXTS_KEY, mapping.text(), TEXT);
        check.look(SEGMENTS_KEY, ofNullable(mapping.segments()), SEGMENTS);
        check.look(ID_KEY, ofNullable(mapping.id().field()), SCALAR);
        check.look("document.title", ofNullable(mapping.title()), SCALAR);
        check.look("document.time", ofNullable(mapping.time()), SCALAR);
        check.look("document.priority", ofNullable(mapping.priority()), SCALAR);
        check.look("document.metadata", mapping.metadata(), SCALAR);
        return check.problems;
    }

    private static List<FieldPath> ofNullable(@Nullable FieldPath path) {
        return path == null ? List.of() : List.of(path);
    }

    private void look(String key, Collection<FieldPath> paths, Use use) {
        for (FieldPath path : paths) {
            List<Schema> ends = ends(path);
            if (ends.isEmpty()) {
                String sentence = key + " is \"" + path + "\", which the schema " + name() + " does not have; ";
                problems.add(new Problem(key, path, true, sentence + offered(path, use)));
            } else if (ends.stream().noneMatch(use.takes)) {
                String sentence = key + " is \"" + path + "\", which is "
                        + ends.stream().map(SchemaCheck::type).distinct().collect(Collectors.joining(" or "))
                        + " in the schema " + name() + ", expected " + use.expected + "; ";
                problems.add(new Problem(key, path, false, sentence + offered(path, use)));
            }
        }
    }

    private String name() {
        return schema.getType() == Schema.Type.RECORD ? schema.getFullName() : "of type " + type(schema);
    }

    /** What a path may lead to: one schema, or those of a union. */
    private List<Schema> ends(FieldPath path) {
        Collection<Schema> here = branches(schema);
        for (String name : path.names()) {
            // Each once: many records of unions may lead to one.
            Set<Schema> next = Collections.newSetFromMap(new IdentityHashMap<>());
            for (Schema each : here) {
                if (each.getType() == Schema.Type.MAP) {
                    next.addAll(branches(each.getValueType()));
                } else if (each.getType() == Schema.Type.RECORD && each.getField(name) != null) {
                    next.addAll(branches(each.getField(name).schema()));
                }
            }
            here = next;
        }
        return List.copyOf(here);
    }

    private static List<Schema> branches(Schema schema) {
        return schema.getType() != Schema.Type.UNION
                ? List.of(schema)
                : schema.getTypes().stream()
                        .filter(each -> each.getType() != Schema.Type.NULL)
                        .toList();
    }

    private static boolean isText(Schema schema) {
        return schema.getType() == Schema.Type.STRING;
    }

    private static boolean isTexts(Schema schema) {
        return schema.getType() == Schema.Type.ARRAY && AvroFields.isText(schema.getElementType());
    }

    private static String type(Schema schema) {
        return switch (schema.getType()) {
            case ARRAY -> "an array of " + schema.getElementType().getName();
            case INT, ENUM -> "an " + schema.getType().getName();
            default -> "a " + schema.getType().getName();
        };
    }

    /** The paths that could have been meant, the likeliest first. */
    private String offered(FieldPath unknown, Use use) {
        List<String> paths = new ArrayList<>();
        fieldsLeft = MOST_FIELDS;
        collect(schema, use, new ArrayDeque<>(), Collections.newSetFromMap(new IdentityHashMap<>()), paths);
        if (paths.isEmpty()) {
            return "nothing in it is " + use.expected;
        }
        List<String> likeliest = Spelling.byLikeness(unknown.toString(), paths);
        return "it has "
                + likeliest.stream().limit(MOST_OFFERED).collect(Collectors.joining(", "))
                + (likeliest.size() > MOST_OFFERED
                        ? " and " + (likeliest.size() - MOST_OFFERED) + " more of these"
                        : "");
    }

    private void collect(Schema schema, Use use, Deque<String> names, Set<Schema> around, List<String> paths) {
        for (Schema each : branches(schema)) {
            if (use.takes.test(each) && !names.isEmpty()) {
                paths.add(new FieldPath(List.copyOf(names)).toString());
            }
            if (each.getType() == Schema.Type.RECORD && names.size() < DEEPEST && around.add(each)) {
                for (Schema.Field field : each.getFields()) {
                    if (fieldsLeft-- > 0) {
                        names.addLast(field.name());
                        collect(field.schema(), use, names, around, paths);
                        names.removeLast();
                    }
                }
                around.remove(each);
            }
        }
    }
}
