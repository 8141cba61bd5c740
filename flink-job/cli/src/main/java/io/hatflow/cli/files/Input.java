package io.hatflow.cli.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a command reads: a file, a folder of texts, or what is piped into it.
 *
 * @param path {@code -} is the standard input
 * @param delimiter of the columns of CSV
 */
public record Input(Path path, Format format, char delimiter) {

    /** What there is in it. */
    public enum Format {
        /** A JSON object in each line. */
        JSON,
        /** One text in each file of a folder, or one file. */
        TEXT,
        /** A header, and a document in each row. */
        CSV
    }

    private static final Path STANDARD_INPUT = Path.of("-");

    /** What a name promises: a folder texts, {@code .csv} and {@code .txt} what they say, everything else JSON lines. */
    public static Format formatOf(Path path) {
        String name = String.valueOf(path.getFileName()).replaceFirst("\\.gz$", "");
        if (Files.isDirectory(path) || name.endsWith(".txt")) {
            return Format.TEXT;
        }
        return name.endsWith(".csv") ? Format.CSV : Format.JSON;
    }

    /**
     * Looks whether there is such a thing.
     *
     * @throws IllegalArgumentException if not
     */
    public void check() {
        if (!isStandardInput() && !Files.isReadable(path)) {
            throw new IllegalArgumentException(
                    "The input " + path + " is not a readable file; expected " + expected() + ".");
        }
        if (isFolder() && format != Format.TEXT) {
            throw new IllegalArgumentException("The input " + path + " is a folder; expected " + expected()
                    + ", or --format text for a folder of texts.");
        }
    }

    private String expected() {
        return switch (format) {
            case JSON -> "JSON lines";
            case TEXT -> "a text, or a folder of texts";
            case CSV -> "CSV with a header";
        };
    }

    /** From its beginning. */
    public FileRecords open() throws IOException {
        if (isFolder()) {
            return TextFiles.of(path);
        }
        InputStream bytes = isStandardInput() ? Utf8File.open(System.in, "the input") : Utf8File.open(path);
        String name = name();
        return switch (format) {
            case JSON -> new Lines(bytes, name);
            case TEXT -> new WholeText(bytes, name);
            case CSV -> new Rows(bytes, name, delimiter);
        };
    }

    /** How many records it has; -1 if it can be read only once. */
    public long count() throws IOException {
        if (isFolder()) {
            return TextFiles.list(path).size();
        }
        if (isStandardInput() || !Files.isRegularFile(path)) {
            return -1;
        }
        long count = 0;
        try (FileRecords records = open()) {
            while (records.next() != null) {
                count++;
            }
        }
        return count;
    }

    /** The name of its file. */
    public String name() {
        return isStandardInput() ? "-" : String.valueOf(path.getFileName());
    }

    /** Whether it is a folder of texts. */
    public boolean isFolder() {
        return !isStandardInput() && Files.isDirectory(path);
    }

    private boolean isStandardInput() {
        return path.equals(STANDARD_INPUT);
    }
}
