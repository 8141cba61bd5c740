package io.hatflow.cli.files;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The records of an input, one after the other. */
public interface FileRecords extends AutoCloseable {

    /**
     * The next; null at the end.
     *
     * @throws IllegalArgumentException if what follows cannot be read as what it should be
     */
    @Nullable
    FileRecord next() throws IOException;

    @Override
    void close() throws IOException;
}
