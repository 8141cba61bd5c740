package io.hatflow.cli.files;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.events.Reason;
import io.hatflow.job.format.Refusal;
import io.hatflow.job.source.SourceRecord;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/** A record in each row of CSV (RFC 4180), as a JSON object of texts with the names of the header. */
final class Rows implements FileRecords {

    private static final JsonMapper JSON = new JsonMapper();

    private final String name;
    private final CSVParser rows;
    private final List<String> columns;

    /** @throws IllegalArgumentException if the header cannot be one */
    Rows(InputStream bytes, String name, char delimiter) throws IOException {
        this.name = name;
        CSVFormat format = CSVFormat.RFC4180
                .builder()
                .setDelimiter(delimiter)
                .setIgnoreEmptyLines(true)
                .get();
        rows = CSVParser.builder()
                .setReader(new InputStreamReader(bytes, StandardCharsets.UTF_8.newDecoder()))
                .setFormat(format)
                .get();
        CSVRecord header = row();
        if (header == null) {
            throw new IllegalArgumentException("The input " + name + " is empty; expected CSV with a header.");
        }
        columns = header.toList();
        checkHeader(delimiter);
    }

    private void checkHeader(char delimiter) {
        String only = columns.get(0);
        for (char other : new char[] {';', '\t', ','}) {
            if (columns.size() == 1 && other != delimiter && only.indexOf(other) >= 0) {
                throw new IllegalArgumentException("The header of " + name + " is one column, with \""
                        + (other == '\t' ? "\\t" : other) + "\" in its name; expected columns separated by \""
                        + delimiter + "\". Give --delimiter '"
                        + (other == '\t' ? "\\t" : other) + "' if that is what separates them.");
            }
        }
        for (int i = 0; i < columns.size(); i++) {
            int first = columns.indexOf(columns.get(i));
            if (first < i && !columns.get(i).isBlank()) {
                throw new IllegalArgumentException("The header of " + name + " gives columns " + (first + 1) + " and "
                        + (i + 1) + " one name; expected a name of its own for each.");
            }
        }
    }

    @Override
    public @Nullable FileRecord next() throws IOException {
        CSVRecord row = row();
        if (row == null) {
            return null;
        }
        long number = row.getRecordNumber() - 1;
        if (row.size() != columns.size()) {
            return new FileRecord(
                    record(number, null),
                    new Refusal(
                            Reason.MALFORMED_DOCUMENT,
                            "The row that ends in line " + rows.getCurrentLineNumber() + " has " + row.size()
                                    + " columns; expected " + columns.size() + ", as the header has.",
                            null));
        }
        ObjectNode object = JSON.createObjectNode();
        for (int i = 0; i < columns.size(); i++) {
            // A column without a name is none that could be asked for, such as the numbers of rows that pandas writes.
            if (!columns.get(i).isBlank()) {
                object.put(columns.get(i), row.get(i));
            }
        }
        return new FileRecord(record(number, JSON.writeValueAsBytes(object)), null);
    }

    private SourceRecord record(long number, byte @Nullable [] value) {
        return new SourceRecord(name, 0, number, 0, null, List.of(), value);
    }

    /** Where a quote never ends, nobody can tell where the next row begins. */
    private @Nullable CSVRecord row() throws IOException {
        try {
            var iterator = rows.iterator();
            return iterator.hasNext() ? iterator.next() : null;
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof CharacterCodingException) {
                throw new IllegalArgumentException(
                        "The input " + name + " is not UTF-8 near line " + rows.getCurrentLineNumber()
                                + "; convert it first (iconv -t UTF-8).",
                        e);
            }
            if (e.getCause() instanceof CSVException) {
                throw new IllegalArgumentException(
                        "The input " + name + " is not CSV near line "
                                + rows.getCurrentLineNumber()
                                + ": a quote does not end where its column does. Expected quotes around a text to be doubled within it.",
                        e);
            }
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        rows.close();
    }
}
