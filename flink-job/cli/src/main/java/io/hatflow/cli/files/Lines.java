package io.hatflow.cli.files;

import io.hatflow.job.source.SourceRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A record in each line. The end of the file ends a line, unless nothing stands there. */
final class Lines implements FileRecords {

    private final InputStream bytes;
    private final String name;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private long number;

    Lines(InputStream bytes, String name) {
        this.bytes = bytes;
        this.name = name;
    }

    @Override
    public @Nullable FileRecord next() throws IOException {
        line.reset();
        int next = bytes.read();
        if (next < 0) {
            return null;
        }
        number++;
        while (next >= 0 && next != '\n') {
            line.write(next);
            next = bytes.read();
        }
        return new FileRecord(new SourceRecord(name, 0, number, 0, null, List.of(), line.toByteArray()), null);
    }

    @Override
    public void close() throws IOException {
        bytes.close();
    }
}
