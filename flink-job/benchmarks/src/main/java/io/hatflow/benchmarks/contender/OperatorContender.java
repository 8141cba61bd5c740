package io.hatflow.benchmarks.contender;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.Slice;
import io.hatflow.benchmarks.kafka.Records;
import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.flink.pool.ClassifierProvider;
import io.hatflow.flink.pool.PooledClassifier;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.job.classify.ClassifySettings;
import io.hatflow.job.classify.EventStreams;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.source.SourceRecord;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.datastream.DataStream;

/** Our classification as the job wires it, without Kafka: what the operator alone costs. */
public final class OperatorContender implements Contender {

    private final ClassifySettings settings;
    private final int tasks;
    /** Keeps the model open between runs, which are one job each. */
    private final PooledClassifier lease;

    /** {@code tasks}: parallel ones. */
    public OperatorContender(ClassifySettings settings, int tasks) {
        this.settings = settings;
        this.tasks = tasks;
        this.lease = ClassifierPool.lease(settings.classifier());
    }

    @Override
    public String name() {
        return "operator";
    }

    /** What its micro-batches did in all runs. */
    public BatchStatistics statistics() {
        return lease.statistics().get();
    }

    @Override
    public Run run(Slice slice) throws Exception {
        return MemoryFedJob.run(
                slice,
                tasks,
                documents -> scored(EventStreams.of(records(documents), DocumentFormat.hatflow(), settings)));
    }

    /** The same operator over a classifier that somebody else brings. */
    public static DataStream<Scored> scored(
            DataStream<Document> documents, ClassifySettings settings, ClassifierProvider classifiers) {
        return scored(EventStreams.of(records(documents), DocumentFormat.hatflow(), settings, classifiers));
    }

    private static DataStream<SourceRecord> records(DataStream<Document> documents) {
        return documents.map(OperatorContender::record).returns(TypeInformation.of(SourceRecord.class));
    }

    private static DataStream<Scored> scored(EventStreams classified) {
        return classified
                .labelled()
                .map(document -> new Scored(document.event().getDocumentId(), Records.scores(document.event())))
                .returns(TypeInformation.of(Scored.class));
    }

    /** As the Kafka source hands it over, its bytes included. */
    private static SourceRecord record(Document document) {
        byte[] key = document.id().getBytes(StandardCharsets.UTF_8);
        return new SourceRecord("memory", 0, 0, 0, key, List.of(), Records.encoded(document));
    }

    @Override
    public void close() {
        lease.close();
    }
}
