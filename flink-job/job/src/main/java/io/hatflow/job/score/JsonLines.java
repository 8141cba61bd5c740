package io.hatflow.job.score;

import io.hatflow.job.source.JsonDocument;
import io.hatflow.job.source.SourceRecord;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.file.src.reader.SimpleStreamFormat;
import org.apache.flink.connector.file.src.reader.StreamFormat;
import org.apache.flink.core.fs.FSDataInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file of JSON lines as if it were a topic: the offset of a record is the number of its line, from 1. Like its counterpart for Kafka, it never throws for what a line holds.
 */
final class JsonLines extends SimpleStreamFormat<SourceRecord> {

    private static final long serialVersionUID = 1L;

    private final String name;

    JsonLines(String name) {
        this.name = name;
    }

    @Override
    public StreamFormat.Reader<SourceRecord> createReader(Configuration configuration, FSDataInputStream stream) {
        return new Lines(name, stream);
    }

    @Override
    public TypeInformation<SourceRecord> getProducedType() {
        return TypeInformation.of(SourceRecord.class);
    }

    private static final class Lines implements StreamFormat.Reader<SourceRecord> {

        private static final int BUFFER_BYTES = 1 << 16;

        private final String name;
        private final InputStream bytes;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private long number;

        Lines(String name, InputStream bytes) {
            this.name = name;
            this.bytes = new BufferedInputStream(bytes, BUFFER_BYTES);
        }

        @Override
        public @Nullable SourceRecord read() throws IOException {
            if (!nextLine()) {
                return null;
            }
            JsonDocument.Parsed parsed = JsonDocument.parse(line.toByteArray());
            // The value is not kept: the file has it, and long lines in flight would take twice the memory.
            return new SourceRecord(name, 0, number, 0, null, List.of(), null, parsed.document(), parsed.refusal());
        }

        /** Reads one line without its end; false at the end of the file. */
        private boolean nextLine() throws IOException {
            line.reset();
            int next = bytes.read();
            if (next < 0) {
                return false;
            }
            number++;
            while (next >= 0 && next != '\n') {
                line.write(next);
                next = bytes.read();
            }
            return true;
        }

        @Override
        public void close() throws IOException {
            bytes.close();
        }
    }
}
