package io.hatflow.job.format;

import static java.util.Objects.requireNonNull;

import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import io.hatflow.job.source.SourceRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Makes a document of the fields that a mapping names, whatever format they were read from. Not thread-safe. */
final class MappedFields {

    private static final String SCALAR = "a text, a number or another single value";

    private final FieldMapping mapping;
    private final Map<FieldPath, Integer> slots = new HashMap<>();
    private final FieldTree tree;

    /** What the record in hand holds, by slot; null where a field is missing or null. */
    private final @Nullable FieldValue[] values;

    MappedFields(FieldMapping mapping) {
        this.mapping = mapping;
        mapping.paths().forEach(path -> slots.put(path, slots.size()));
        tree = FieldTree.of(mapping.paths());
        values = new FieldValue[slots.size()];
    }

    FieldTree tree() {
        return tree;
    }

    /** Forgets the record before. */
    void clear() {
        Arrays.fill(values, null);
    }

    /** Takes what stands where a path ends. */
    void set(FieldTree node, @Nullable FieldValue value) {
        values[node.slot()] = value;
    }

    /** The document of what was set since the last {@link #clear}. */
    Decoded document(SourceRecord record) {
        String id = null;
        try {
            id = id(record);
            List<String> segments = segments();
            String text = text(!segments.isEmpty());
            if (!text.isEmpty() && !segments.isEmpty()) {
                throw new RefusalException(
                        Reason.MALFORMED_DOCUMENT,
                        "The record has texts in " + named(mapping.text()) + " and in " + mapping.segments()
                                + "; expected one of them.");
            }
            Document document = new Document(id, text, title(), metadata(), time(), segments);
            return new Decoded(document, null, isUrgent());
        } catch (RefusalException e) {
            return Decoded.refused(e.reason(), e.sentence(), id);
        }
    }

    private String id(SourceRecord record) throws RefusalException {
        FieldPath path = mapping.id().field();
        if (path == null) {
            return RecordIds.of(mapping.id().kind(), record);
        }
        String id = scalar(path);
        if (id == null) {
            throw missing(path.toString(), SCALAR);
        }
        if (id.isBlank()) {
            throw new RefusalException(Reason.INVALID_ID, path + " is blank; expected what the document is known by.");
        }
        return id;
    }

    private List<String> segments() throws RefusalException {
        FieldValue value = mapping.segments() == null ? null : value(mapping.segments());
        if (value == null) {
            return List.of();
        }
        if (value.texts() == null) {
            throw wrong(mapping.segments(), value, "an array of texts");
        }
        return value.texts();
    }

    /** Of what is there the texts, joined. */
    private String text(boolean hasSegments) throws RefusalException {
        List<String> texts = new ArrayList<>();
        boolean found = false;
        for (FieldPath path : mapping.text()) {
            FieldValue value = value(path);
            if (value == null) {
                continue;
            }
            found = true;
            if (value.texts() != null) {
                texts.addAll(value.texts());
            } else if (value.isText() && value.text() != null) {
                texts.add(value.text());
            } else {
                throw wrong(path, value, "a text or an array of texts");
            }
        }
        if (!found && !hasSegments) {
            requireSegments();
        }
        return texts.size() == 1 ? texts.get(0) : String.join(mapping.separator(), texts);
    }

    /** An array of no texts is one, so that the classifier says that the document is empty. */
    private void requireSegments() throws RefusalException {
        if (mapping.segments() == null) {
            throw missing(named(mapping.text()), "a text or an array of texts");
        }
        if (value(mapping.segments()) == null) {
            String both = mapping.text().isEmpty() ? "" : named(mapping.text()) + " or ";
            throw missing(both + mapping.segments(), "a text or an array of texts");
        }
    }

    private @Nullable String title() throws RefusalException {
        return mapping.title() == null ? null : scalar(mapping.title());
    }

    private Map<String, String> metadata() throws RefusalException {
        if (mapping.metadata().isEmpty()) {
            return Map.of();
        }
        Map<String, String> metadata = new HashMap<>();
        for (FieldPath path : mapping.metadata()) {
            String text = scalar(path);
            if (text != null) {
                metadata.put(path.toString(), text);
            }
        }
        return metadata;
    }

    private @Nullable Instant time() throws RefusalException {
        FieldPath path = mapping.time();
        String text = path == null ? null : scalar(path);
        if (text == null) {
            return null;
        }
        Instant time = Times.parse(text, mapping.timeUnit());
        if (time == null) {
            throw new RefusalException(
                    Reason.WRONG_TYPE,
                    path + " is no time; expected one such as 2026-11-28T10:15:30Z, or "
                            + mapping.timeUnit().name().toLowerCase(Locale.ROOT) + " since 1970.");
        }
        return time;
    }

    private boolean isUrgent() throws RefusalException {
        return mapping.priority() != null && Decoded.URGENT.equals(scalar(mapping.priority()));
    }

    private @Nullable String scalar(FieldPath path) throws RefusalException {
        FieldValue value = value(path);
        if (value == null) {
            return null;
        }
        if (value.text() == null) {
            throw wrong(path, value, SCALAR);
        }
        return value.text();
    }

    private @Nullable FieldValue value(FieldPath path) {
        return values[requireNonNull(slots.get(path), "a path of the mapping")];
    }

    private static String named(List<FieldPath> paths) {
        return paths.stream().map(FieldPath::toString).collect(Collectors.joining(" or "));
    }

    private static RefusalException missing(String paths, String expected) {
        return new RefusalException(Reason.MISSING_FIELD, paths + " is missing or null; expected " + expected + ".");
    }

    private static RefusalException wrong(@Nullable FieldPath path, FieldValue value, String expected) {
        return new RefusalException(Reason.WRONG_TYPE, path + " is " + value.kind() + "; expected " + expected + ".");
    }
}
