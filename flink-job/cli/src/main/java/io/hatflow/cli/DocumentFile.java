package io.hatflow.cli;

import io.hatflow.cli.files.FileRecord;
import io.hatflow.cli.files.FileRecords;
import io.hatflow.cli.files.Input;
import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import io.hatflow.job.format.Decoded;
import io.hatflow.job.format.DocumentDecoder;
import io.hatflow.job.format.DocumentFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A file that a person sends: JSON lines with a document each, or one document in UTF-8 whose id is the file's name. */
final class DocumentFile {

    private static final String JSON_LINES = ".jsonl";

    private DocumentFile() {}

    /** @throws IllegalArgumentException if the file, or a line of it, is not a document */
    static void check(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(
                    file + " is not a file; expected text, or .jsonl with a document a line");
        }
        read(file, document -> {});
    }

    /** @throws IllegalArgumentException if a line is not a document; those before it have been handed over by then */
    static void read(Path file, Consumer<Document> documents) throws IOException {
        boolean lines = file.toString().endsWith(JSON_LINES);
        DocumentDecoder decoder = (lines ? DocumentFormat.lines() : DocumentFormat.text()).decoder();
        try (FileRecords records =
                new Input(file.toAbsolutePath(), lines ? Input.Format.JSON : Input.Format.TEXT, ',').open()) {
            for (FileRecord record = records.next(); record != null; record = records.next()) {
                Decoded decoded = record.decoded(decoder);
                if (decoded.document() == null
                        && !lines
                        && decoded.requireRefusal().reason() == Reason.NOT_UTF8) {
                    throw new IllegalArgumentException(file + " is not UTF-8; convert it first (iconv -t UTF-8)");
                }
                if (decoded.document() == null) {
                    throw new IllegalArgumentException(file + (lines ? ", line " + record.number() : "") + ": "
                            + decoded.requireRefusal().message());
                }
                documents.accept(decoded.document());
            }
        }
    }
}
