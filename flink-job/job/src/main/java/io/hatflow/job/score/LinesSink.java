package io.hatflow.job.score;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/**
 * Writes each event as one line of one file, by one task. Promises nothing if the job fails: whoever runs it looks at the
 * file only after its end.
 */
final class LinesSink<T> implements Sink<T> {

    private static final long serialVersionUID = 1L;

    /** One event as a line, without its end. */
    @FunctionalInterface
    interface Format<T> extends Serializable {
        String line(T event);
    }

    private final String file;
    private final Format<T> format;

    LinesSink(Path file, Format<T> format) {
        this.file = file.toString();
        this.format = format;
    }

    @Override
    public SinkWriter<T> createWriter(WriterInitContext context) throws IOException {
        if (context.getTaskInfo().getNumberOfParallelSubtasks() > 1) {
            throw new IllegalStateException("One file cannot be written by several tasks; set the parallelism to 1");
        }
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(Path.of(file)));
        return new SinkWriter<>() {
            @Override
            public void write(T event, Context unused) throws IOException {
                out.write(format.line(event).getBytes(StandardCharsets.UTF_8));
                out.write('\n');
            }

            @Override
            public void flush(boolean endOfInput) throws IOException {
                out.flush();
            }

            @Override
            public void close() throws IOException {
                out.close();
            }
        };
    }
}
