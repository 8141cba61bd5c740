package io.hatflow.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ConfluentAvroTest {

    private static final int VERSIONS = 5;
    private static final int RECORDS = 2_000;

    private final ListedSchemas registry = new ListedSchemas();
    private final ConfluentAvro records = new ConfluentAvro(registry, "documents");
    private final Documents documents = new Documents(5, records);

    ConfluentAvroTest() {
        while (records.versions() < VERSIONS) {
            int unused = records.evolve();
        }
    }

    /** If it were not so, a registry would refuse some, and a reader by the schema of another would not be found out. */
    @Test
    void everyVersionGoesWithEveryOtherAndIsAnother() {
        List<Schema> versions =
                IntStream.range(0, VERSIONS).mapToObj(Filings::schema).toList();
        assertThat(versions).doesNotHaveDuplicates();
        for (Schema reader : versions) {
            for (Schema writer : versions) {
                assertThat(SchemaCompatibility.checkReaderWriterCompatibility(reader, writer)
                                .getType())
                        .isEqualTo(SchemaCompatibilityType.COMPATIBLE);
            }
        }
    }

    /** What a job would read that took the newest schema, or the first, for that of every record, is another document, or none. */
    @Test
    void noVersionReadsWhatAnotherHasWritten() {
        for (int number = 0; number < 20; number++) {
            Which which = new Which(number, false, 1);
            byte[] value = records.document(which, "d" + number, "Its text.");
            for (int version = 0; version < VERSIONS; version++) {
                assertThat(reads(Filings.schema(version), value, records.stated(which, "d" + number)))
                        .as("version %s, record %s", version, number)
                        .isEqualTo(version == 1);
            }
        }
    }

    private static boolean reads(Schema schema, byte[] value, Stated stated) {
        try {
            GenericRecord payload =
                    (GenericRecord) Avro.decoded(schema, value, 5).get("payload");
            return Stream.of("caseNumber", "writer", "language", "subject", "filed", "body")
                    .map(payload::get)
                    .map(each -> each == null ? null : each.toString())
                    .toList()
                    .equals(Arrays.asList(
                            stated.id(),
                            stated.metadata().get("payload.writer"),
                            stated.metadata().get("payload.language"),
                            stated.title(),
                            String.valueOf(stated.time()),
                            "Its text."));
        } catch (RuntimeException notEvenARecord) {
            return false;
        }
    }

    @Test
    void mostRecordsAreByTheNewestVersionAndSomeByEachBefore() {
        int[] byVersion = new int[VERSIONS];
        for (int number = 0; number < RECORDS; number++) {
            Which which = documents.which(number, false, VERSIONS - 1);
            byVersion[which.version()]++;
            int id = ByteBuffer.wrap(records.document(which, "d", "t"), 1, 4).getInt();
            assertThat(registry.byId(id)).isEqualTo(Filings.schema(which.version()));
        }
        assertThat(byVersion[VERSIONS - 1]).isBetween(RECORDS / 2, RECORDS * 9 / 10);
        assertThat(byVersion).doesNotContain(0);
    }

    @Test
    void aRecordByAnotherVersionThanItSaysIsWrong() {
        Checker checker = new Checker(documents, "documents", true, true);
        Which which = documents.which(0, false, 2);
        ProducerRecord<byte[], byte @Nullable []> record = documents.record("documents", which);
        checker.input(new ConsumerRecord<>(
                "documents",
                0,
                0,
                1000,
                TimestampType.CREATE_TIME,
                0,
                0,
                record.key(),
                documents.value(new Which(0, false, which.version() + 1)),
                record.headers(),
                Optional.empty()));
        assertThat(checker.verdict(1).examples())
                .anySatisfy(example -> assertThat(example).contains("is not record 0"));
    }
}
