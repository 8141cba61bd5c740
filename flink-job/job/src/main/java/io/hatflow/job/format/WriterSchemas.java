package io.hatflow.job.format;

import io.hatflow.events.Document;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.SchemaParseException;
import org.jspecify.annotations.Nullable;

/**
 * The schemas that documents may be written with, by their CRC-64-AVRO fingerprint: the current one and those that it
 * grew from. Travels from where the job is submitted to its tasks.
 *
 * @param json the schemas' own text by fingerprint
 */
record WriterSchemas(LinkedHashMap<Long, String> json) implements Serializable {

    /** The current schema and every {@code .avsc} file of the folder, if there is one. */
    static WriterSchemas withFolder(@Nullable Path folder) {
        List<Schema> schemas = new ArrayList<>(List.of(Document.getClassSchema()));
        if (folder != null) {
            schemas.addAll(readAll(folder));
        }
        return of(schemas);
    }

    static WriterSchemas of(List<Schema> schemas) {
        LinkedHashMap<Long, String> json = new LinkedHashMap<>();
        for (Schema schema : schemas) {
            json.put(SchemaNormalization.parsingFingerprint64(schema), schema.toString());
        }
        return new WriterSchemas(json);
    }

    Map<Long, Schema> parsed() {
        Map<Long, Schema> parsed = new LinkedHashMap<>();
        json.forEach((fingerprint, text) -> parsed.put(fingerprint, new Schema.Parser().parse(text)));
        return parsed;
    }

    private static List<Schema> readAll(Path folder) {
        List<Schema> schemas = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".avsc"))
                    .sorted()
                    .toList()) {
                try {
                    Schema schema = new Schema.Parser().parse(Files.readString(file));
                    var compatibility =
                            SchemaCompatibility.checkReaderWriterCompatibility(Document.getClassSchema(), schema);
                    if (compatibility.getType() == SchemaCompatibilityType.COMPATIBLE) {
                        schemas.add(schema);
                    } else {
                        problems.add(file + " cannot be read as a Document: "
                                + compatibility.getResult().getIncompatibilities());
                    }
                } catch (IOException | SchemaParseException e) {
                    problems.add(file + " is not an Avro schema: " + e.getMessage());
                }
            }
        } catch (IOException e) {
            problems.add("document.writer-schemas: " + folder + " is not a readable folder (" + e + ")");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "The writers' schemas have mistakes:\n  - " + String.join("\n  - ", problems));
        }
        return schemas;
    }
}
