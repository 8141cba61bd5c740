package io.hatflow.cli.score;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.job.sink.EventJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.apache.flink.types.Either;
import org.jspecify.annotations.Nullable;

/**
 * The two files of a run: events of records that were scored, and of those that were rejected. While the run goes on, they are called {@code
 * .part}; each event is in its file when {@link #write} returns. Used by one thread.
 */
final class ScoredRecords implements AutoCloseable {

    private static final JsonMapper JSON = new JsonMapper();

    private final Path output;
    private final Path rejectedOutput;
    private final RandomAccessFile labelled;
    private final RandomAccessFile rejected;
    private final Done done;

    /**
     * What an earlier run has done.
     *
     * @param records of the input, from its beginning
     * @param documents among them that were scored
     * @param lastId document id of the last of these records; null where it has none
     * @param model digest of the bundle that scored them; null if none was scored
     */
    record Done(
            long records,
            long documents,
            @Nullable String lastId,
            @Nullable String model) {

        static final Done NOTHING = new Done(0, 0, null, null);
    }

    private ScoredRecords(Path output, RandomAccessFile labelled, RandomAccessFile rejected, Done done) {
        this.output = output;
        this.rejectedOutput = rejectedFile(output);
        this.labelled = labelled;
        this.rejected = rejected;
        this.done = done;
    }

    /** Where the records go that could not be scored. */
    static Path rejectedFile(Path output) {
        return output.resolveSibling(output.getFileName() + ".rejected.jsonl");
    }

    /** What a file is called until the run is through. */
    static Path part(Path file) {
        return file.resolveSibling(file.getFileName() + ".part");
    }

    /** Begins two empty files. */
    static ScoredRecords begin(Path output) throws IOException {
        ScoredRecords records = open(output);
        records.labelled.setLength(0);
        records.rejected.setLength(0);
        return records;
    }

    /**
     * Goes on with what an earlier run has left, up to the first record of the input that is in neither file: a run may end between the two,
     * or within a line.
     */
    static ScoredRecords resume(Path output) throws IOException {
        ScoredRecords records = open(output);
        Written scored = new Written(records.labelled);
        Written refused = new Written(records.rejected);
        long number = 0;
        String lastId = null;
        while (scored.number() == number + 1 || refused.number() == number + 1) {
            number++;
            Written in = scored.number() == number ? scored : refused;
            lastId = in.id();
            in.next();
        }
        scored.cut();
        refused.cut();
        return new ScoredRecords(
                output, records.labelled, records.rejected, new Done(number, scored.taken(), lastId, scored.model()));
    }

    private static ScoredRecords open(Path output) throws IOException {
        RandomAccessFile labelled = new RandomAccessFile(part(output).toFile(), "rw");
        try {
            return new ScoredRecords(
                    output,
                    labelled,
                    new RandomAccessFile(part(rejectedFile(output)).toFile(), "rw"),
                    Done.NOTHING);
        } catch (IOException e) {
            labelled.close();
            throw e;
        }
    }

    Done done() {
        return done;
    }

    /** @throws IllegalArgumentException if another model has begun, or the input is not the one that it began with */
    void requireSame(BundleInfo bundle, @Nullable String idOfLastRecord) {
        String remedy = "; give the same again, or begin again with --overwrite";
        if (done.model() != null && !done.model().equals(bundle.digest())) {
            throw new IllegalArgumentException("What is in " + part(output) + " was scored by a bundle with the digest "
                    + done.model() + ", this one's is " + bundle.digest() + remedy);
        }
        if (done.lastId() != null && !done.lastId().equals(idOfLastRecord)) {
            throw new IllegalArgumentException("What is in " + part(output) + " is not of this input: record "
                    + done.records() + " had the id \"" + done.lastId() + "\", now it is "
                    + (idOfLastRecord == null ? "missing" : "\"" + idOfLastRecord + "\"") + remedy);
        }
    }

    void write(long number, Either<LabelledDocument, DeadLetter> event) throws IOException {
        ObjectNode json = event.isLeft() ? EventJson.of(event.left()) : EventJson.of(event.right());
        ObjectNode numbered = json.objectNode().put("record", number).setAll(json);
        (event.isLeft() ? labelled : rejected)
                .write((EventJson.line(numbered) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Gives the files their names; an empty file of rejected records goes. That of the rejected first: who waits for the output finds both. */
    void publish() throws IOException {
        boolean nothingRejected = rejected.length() == 0;
        close();
        if (nothingRejected) {
            Files.delete(part(rejectedOutput));
            Files.deleteIfExists(rejectedOutput);
        } else {
            Files.move(part(rejectedOutput), rejectedOutput, StandardCopyOption.REPLACE_EXISTING);
        }
        Files.move(part(output), output, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() throws IOException {
        labelled.close();
        rejected.close();
    }

    /** The whole lines of a file, one after the other. */
    private static final class Written {
        private final RandomAccessFile file;
        private final BufferedReader reader;
        private final long length;
        private JsonNode event = JSON.missingNode();
        private long end;
        private long endOfNext;
        private long taken;
        private @Nullable String model;

        Written(RandomAccessFile file) throws IOException {
            this.file = file;
            this.length = file.length();
            this.reader = new BufferedReader(Channels.newReader(file.getChannel(), StandardCharsets.UTF_8));
            read();
        }

        /** Number of the record in the input; -1 at the end. */
        long number() {
            return event.path("record").asLong(-1);
        }

        @Nullable
        String id() {
            return event.path("document_id").textValue();
        }

        long taken() {
            return taken;
        }

        @Nullable
        String model() {
            return model;
        }

        /** Takes the line. */
        void next() throws IOException {
            model = event.at("/answers/0/model/digest").textValue();
            end = endOfNext;
            taken++;
            read();
        }

        private void read() throws IOException {
            String text = reader.readLine();
            endOfNext = end + (text == null ? 0 : text.getBytes(StandardCharsets.UTF_8).length + 1L);
            event = text == null || endOfNext > length ? JSON.missingNode() : JSON.readTree(text);
        }

        /** Drops what was not taken. */
        void cut() throws IOException {
            file.setLength(end);
            file.seek(end);
        }
    }
}
