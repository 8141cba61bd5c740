package io.hatflow.cli.files;

import io.hatflow.job.source.SourceRecord;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One text, under the name of its file. */
final class WholeText implements FileRecords {

    private final InputStream bytes;
    private final String name;
    private boolean read;

    WholeText(InputStream bytes, String name) {
        this.bytes = bytes;
        this.name = name;
    }

    @Override
    public @Nullable FileRecord next() throws IOException {
        if (read) {
            return null;
        }
        read = true;
        return new FileRecord(record(name, 1, name, bytes.readAllBytes()), null);
    }

    /** A text under the name of its file, from which it has its id. */
    static SourceRecord record(String input, long number, String file, byte @Nullable [] text) {
        return new SourceRecord(input, 0, number, 0, file.getBytes(StandardCharsets.UTF_8), List.of(), text);
    }

    @Override
    public void close() throws IOException {
        bytes.close();
    }
}
