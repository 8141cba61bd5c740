package io.hatflow.job.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The lines of a file, numbered from 1. The end of the file ends a line, unless nothing stands there. */
public final class JsonLines implements AutoCloseable {

    private final InputStream bytes;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private long number;

    /** @throws IllegalArgumentException if the file is not UTF-8 from its first byte on */
    public JsonLines(Path file) throws IOException {
        this.bytes = Utf8File.open(file);
    }

    /** The next line without its end; null at the end of the file. */
    public byte @Nullable [] next() throws IOException {
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
        return line.toByteArray();
    }

    /** Of the line that was read last; 0 before. */
    public long number() {
        return number;
    }

    /** How many lines a file has. */
    public static long count(Path file) throws IOException {
        long lines = 0;
        int last = '\n';
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Utf8File.open(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                for (int i = 0; i < read; i++) {
                    lines += buffer[i] == '\n' ? 1 : 0;
                }
                last = read > 0 ? buffer[read - 1] : last;
            }
        }
        return last == '\n' ? lines : lines + 1;
    }

    @Override
    public void close() throws IOException {
        bytes.close();
    }
}
