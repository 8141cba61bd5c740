package io.hatflow.job.format;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Reads the fields that a mapping names from Avro's binary form, by the schema that it was written with, and skips the others value by value.
 * Made once for a schema. Not thread-safe, as its fields are not.
 */
final class AvroFields {

    /** Of values in one another. A schema that holds itself has no limit of its own, but the stack has one. */
    private static final int DEEPEST = 500;

    /** Reads or skips one value. */
    @FunctionalInterface
    private interface Step {
        void run(StrictDecoder in, int depth) throws IOException;
    }

    private static final Step NOTHING = (in, depth) -> {};

    private final MappedFields fields;

    /** How records are skipped, of which one may hold itself. */
    private final IdentityHashMap<Schema, Step> skips = new IdentityHashMap<>();

    /** Whether a record takes no bytes, of those that were looked at. */
    private final IdentityHashMap<Schema, Boolean> empty = new IdentityHashMap<>();

    private final Step root;

    AvroFields(Schema writer, MappedFields fields) {
        this.fields = fields;
        root = step(writer, fields.tree());
    }

    /**
     * Sets the fields of one value.
     *
     * @throws IOException if the bytes do not follow the schema; bytes after the value are left to the caller
     */
    void read(StrictDecoder in) throws IOException {
        fields.clear();
        root.run(in, 0);
    }

    private Step step(Schema schema, @Nullable FieldTree node) {
        if (takesNoBytes(schema) && !(node != null && node.isRead())) {
            return NOTHING;
        }
        return switch (schema.getType()) {
            case UNION -> union(schema, node);
            case RECORD -> record(schema, node);
            case MAP -> map(schema, node);
            case ARRAY -> array(schema, node);
            case NULL -> NOTHING;
            default -> node != null && node.isRead() ? scalar(schema, node) : skipScalar(schema);
        };
    }

    private Step union(Schema schema, @Nullable FieldTree node) {
        List<Step> branches = new ArrayList<>();
        for (Schema branch : schema.getTypes()) {
            branches.add(step(branch, node));
        }
        Step[] steps = branches.toArray(Step[]::new);
        return (in, depth) -> steps[branch(in, steps.length)].run(in, depth);
    }

    private static int branch(StrictDecoder in, int branches) throws IOException {
        int branch = in.readIndex();
        if (branch < 0 || branch >= branches) {
            throw new IOException("branch " + branch + " of a union of " + branches);
        }
        return branch;
    }

    private Step record(Schema schema, @Nullable FieldTree node) {
        return node == null
                ? skips.computeIfAbsent(schema, skipped -> new RecordStep(skipped, null))
                : new RecordStep(schema, node);
    }

    /**
     * A record, of which only what occurs is looked at: a schema may name more records within one another than a stack, or any time, is
     * enough for.
     */
    private final class RecordStep implements Step {

        private final Schema schema;
        private final @Nullable FieldTree node;
        private Step @Nullable [] steps;

        RecordStep(Schema schema, @Nullable FieldTree node) {
            this.schema = schema;
            this.node = node;
        }

        @Override
        public void run(StrictDecoder in, int depth) throws IOException {
            int inner = deeper(depth);
            if (node != null && node.isRead()) {
                fields.set(node, FieldValue.unusable("a record"));
            }
            if (steps == null) {
                steps = schema.getFields().stream()
                        .map(field -> step(field.schema(), node == null ? null : node.child(field.name())))
                        .filter(step -> step != NOTHING)
                        .toArray(Step[]::new);
            }
            for (Step each : steps) {
                each.run(in, inner);
            }
        }
    }

    private Step map(Schema schema, @Nullable FieldTree node) {
        Map<String, Step> byKey = new HashMap<>();
        if (node != null) {
            node.forEachChild((key, child) -> byKey.put(key, step(schema.getValueType(), child)));
        }
        Step other = step(schema.getValueType(), null);
        Step entry = byKey.isEmpty()
                ? (in, depth) -> {
                    in.skipString();
                    other.run(in, depth);
                }
                : (in, depth) -> byKey.getOrDefault(in.readString(), other).run(in, depth);
        return (in, depth) -> {
            int inner = deeper(depth);
            if (node != null && node.isRead()) {
                fields.set(node, FieldValue.unusable("a map"));
            }
            for (long count = in.readMapStart(); count > 0; count = in.mapNext()) {
                for (long i = 0; i < count; i++) {
                    entry.run(in, inner);
                }
            }
        };
    }

    private Step array(Schema schema, @Nullable FieldTree node) {
        Schema items = schema.getElementType();
        if (node != null && node.isRead()) {
            return isText(items)
                    ? texts(items, node)
                    : unusable("an array of something other than texts", array(schema, null), node);
        }
        if (takesNoBytes(items)) {
            return (in, depth) -> in.skipItemsOfNothing();
        }
        Step item = step(items, null);
        return (in, depth) -> {
            int inner = deeper(depth);
            for (long count = in.readArrayStart(); count > 0; count = in.arrayNext()) {
                for (long i = 0; i < count; i++) {
                    item.run(in, inner);
                }
            }
        };
    }

    private Step texts(Schema items, FieldTree node) {
        boolean nullable = items.getType() == Schema.Type.UNION;
        int text = nullable ? items.getTypes().size() - 1 - indexOfNull(items) : 0;
        return (in, depth) -> {
            List<String> texts = new ArrayList<>();
            FieldValue unusable = null;
            for (long count = in.readArrayStart(); count > 0; count = in.arrayNext()) {
                for (long i = 0; i < count; i++) {
                    if (nullable && branch(in, 2) != text) {
                        unusable = FieldValue.unusable("an array that holds null");
                    } else if (texts.size() == FieldValue.MOST_TEXTS) {
                        unusable = FieldValue.unusable("an array of more than " + FieldValue.MOST_TEXTS + " texts");
                        in.skipString();
                    } else {
                        texts.add(in.readString());
                    }
                }
            }
            fields.set(node, unusable == null ? FieldValue.texts(texts) : unusable);
        };
    }

    /** A text, or a text or null. */
    static boolean isText(Schema schema) {
        return schema.getType() == Schema.Type.STRING
                || (schema.getType() == Schema.Type.UNION
                        && schema.getTypes().size() == 2
                        && schema.getTypes().stream().anyMatch(each -> each.getType() == Schema.Type.STRING)
                        && indexOfNull(schema) >= 0);
    }

    private static int indexOfNull(Schema union) {
        for (int i = 0; i < union.getTypes().size(); i++) {
            if (union.getTypes().get(i).getType() == Schema.Type.NULL) {
                return i;
            }
        }
        return -1;
    }

    private Step scalar(Schema schema, FieldTree node) {
        AvroScalars.Reader reader = AvroScalars.reader(schema);
        return reader == null
                ? unusable("bytes", skipScalar(schema), node)
                : (in, depth) -> fields.set(node, reader.read(in));
    }

    private Step unusable(String kind, Step skip, FieldTree node) {
        return (in, depth) -> {
            skip.run(in, depth);
            fields.set(node, FieldValue.unusable(kind));
        };
    }

    private static Step skipScalar(Schema schema) {
        return switch (schema.getType()) {
            case STRING -> (in, depth) -> in.skipString();
            case BYTES -> (in, depth) -> in.skipBytes();
            case BOOLEAN -> (in, depth) -> in.readBoolean();
            case INT -> (in, depth) -> in.readInt();
            case LONG -> (in, depth) -> in.readLong();
            case FLOAT -> (in, depth) -> in.skipFixed(Float.BYTES);
            case DOUBLE -> (in, depth) -> in.skipFixed(Double.BYTES);
            case FIXED -> {
                int size = schema.getFixedSize();
                yield (in, depth) -> in.skipFixed(size);
            }
            case ENUM -> {
                AvroScalars.Reader reader = AvroScalars.reader(schema);
                yield (in, depth) -> {
                    if (reader != null) {
                        reader.read(in);
                    }
                };
            }
            default -> NOTHING;
        };
    }

    private static int deeper(int depth) throws IOException {
        if (depth >= DEEPEST) {
            throw new IOException("values in one another more than " + DEEPEST + " deep");
        }
        return depth + 1;
    }

    /**
     * Of such values, few bytes may stand for billions. Without recursion, as a schema may name more records within one another than a stack is
     * enough for; and to their end, so that every value which is read or skipped takes a byte.
     */
    private boolean takesNoBytes(Schema schema) {
        if (schema.getType() != Schema.Type.RECORD) {
            return schema.getType() == Schema.Type.NULL
                    || (schema.getType() == Schema.Type.FIXED && schema.getFixedSize() == 0);
        }
        Boolean known = empty.get(schema);
        if (known != null) {
            return known;
        }
        Deque<Open> around = new ArrayDeque<>();
        around.push(open(schema));
        while (!around.isEmpty()) {
            Open inner = around.element();
            if (!inner.fields().hasNext()) {
                empty.put(around.pop().schema(), true);
                continue;
            }
            Schema field = inner.fields().next().schema();
            if (field.getType() == Schema.Type.RECORD && !empty.containsKey(field)) {
                around.push(open(field));
            } else if (!takesNoBytes(field)) {
                return false; // and so do all around it
            }
        }
        return true;
    }

    /** A record, and those of its fields that were not looked at. */
    private record Open(Schema schema, Iterator<Schema.Field> fields) {}

    /** Until its end is seen, a record takes bytes; one that holds itself has no end, and no values either. */
    private Open open(Schema schema) {
        empty.put(schema, false);
        return new Open(schema, schema.getFields().iterator());
    }
}
