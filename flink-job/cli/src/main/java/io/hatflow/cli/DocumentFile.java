package io.hatflow.cli;

import io.hatflow.events.Document;
import io.hatflow.job.format.Decoded;
import io.hatflow.job.format.DocumentDecoder;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.format.JsonLines;
import io.hatflow.job.format.Utf8File;
import io.hatflow.job.source.SourceRecord;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
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
        if (!file.toString().endsWith(JSON_LINES)) {
            documents.accept(Document.newBuilder()
                    .setId(file.getFileName().toString())
                    .setText(text(file))
                    .build());
            return;
        }
        DocumentDecoder decoder = DocumentFormat.lines().decoder();
        try (JsonLines lines = new JsonLines(file)) {
            for (byte[] line = lines.next(); line != null; line = lines.next()) {
                Decoded parsed = decoder.decode(SourceRecord.ofLine(file, lines.number(), line));
                if (parsed.document() == null) {
                    throw new IllegalArgumentException(file + ", line " + lines.number() + ": "
                            + parsed.requireRefusal().message());
                }
                documents.accept(parsed.document());
            }
        }
    }

    private static String text(Path file) throws IOException {
        try (InputStream bytes = Utf8File.open(file)) {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.readAllBytes()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + " is not UTF-8; convert it first (iconv -t UTF-8)", e);
        }
    }
}
