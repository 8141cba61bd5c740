package io.hatflow.cli.files;

import io.hatflow.events.Reason;
import io.hatflow.job.format.Refusal;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/** The texts of a folder and those in it, each under its path from there with slashes, sorted by it. */
final class TextFiles implements FileRecords {

    private final Path folder;
    private final Iterator<Path> files;
    private long number;

    private TextFiles(Path folder, List<Path> files) {
        this.folder = folder;
        this.files = files.iterator();
    }

    static TextFiles of(Path folder) throws IOException {
        return new TextFiles(folder.toRealPath(), list(folder));
    }

    static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder.toRealPath(), FileVisitOption.FOLLOW_LINKS)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    @Override
    public @Nullable FileRecord next() throws IOException {
        if (!files.hasNext()) {
            return null;
        }
        Path file = files.next();
        String name = folder.relativize(file).toString().replace(File.separatorChar, '/');
        String input = String.valueOf(folder.getFileName());
        number++;
        try (InputStream bytes = Utf8File.open(file)) {
            return new FileRecord(WholeText.record(input, number, name, bytes.readAllBytes()), null);
        } catch (ZipException | EOFException cutOff) {
            return new FileRecord(
                    WholeText.record(input, number, name, null),
                    new Refusal(
                            Reason.MALFORMED_DOCUMENT,
                            "The file begins as gzip does, and cannot be unzipped; expected all of it.",
                            name));
        } catch (IllegalArgumentException notUtf8) {
            return new FileRecord(
                    WholeText.record(input, number, name, null),
                    new Refusal(Reason.NOT_UTF8, String.valueOf(notUtf8.getMessage()), name));
        }
    }

    @Override
    public void close() {}
}
