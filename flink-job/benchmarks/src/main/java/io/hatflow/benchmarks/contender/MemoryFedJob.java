package io.hatflow.benchmarks.contender;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.Slice;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource.NumberSequenceSplit;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiter;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A job on Flink's mini cluster between a {@link MemoryFeed} and nothing: what a contender costs without a broker. */
public final class MemoryFedJob {

    /** What stands between source and sink. */
    @FunctionalInterface
    public interface Classification {
        DataStream<Scored> of(DataStream<Document> documents);
    }

    private MemoryFedJob() {}

    /** Runs a slice through a job of one task. */
    static Run run(Slice slice, Classification classification) throws Exception {
        return run(slice, 1, classification);
    }

    /** Runs a slice through a job of so many parallel tasks. */
    public static Run run(Slice slice, int parallelism, Classification classification) throws Exception {
        int feed = MemoryFeed.open(slice);
        try {
            StreamExecutionEnvironment environment =
                    StreamExecutionEnvironment.createLocalEnvironment(parallelism, options());
            DataGeneratorSource<Document> source = new DataGeneratorSource<>(
                    new Given(feed),
                    MemoryFeed.of(feed).count(),
                    new AfterWarmUp(feed),
                    TypeInformation.of(Document.class));
            classification
                    .of(environment.fromSource(source, WatermarkStrategy.noWatermarks(), "documents"))
                    .sinkTo(new Answers(feed));
            environment.execute("benchmark");
            return MemoryFeed.of(feed).result();
        } finally {
            MemoryFeed.close(feed);
        }
    }

    private static Configuration options() {
        Configuration options = new Configuration();
        options.set(PipelineOptions.GENERIC_TYPES, false);
        options.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        return options;
    }

    private record Given(int feed) implements GeneratorFunction<Long, Document> {
        private static final long serialVersionUID = 1L;

        @Override
        public Document map(Long index) {
            return MemoryFeed.of(feed).give();
        }
    }

    private record AfterWarmUp(int feed) implements RateLimiterStrategy<NumberSequenceSplit> {
        private static final long serialVersionUID = 1L;

        @Override
        public RateLimiter<NumberSequenceSplit> createRateLimiter(int parallelism) {
            return ignored -> MemoryFeed.of(feed).mayGive();
        }
    }

    private record Answers(int feed) implements Sink<Scored> {
        private static final long serialVersionUID = 1L;

        @Override
        public SinkWriter<Scored> createWriter(WriterInitContext context) {
            MemoryFeed answers = MemoryFeed.of(feed);
            return new SinkWriter<>() {
                @Override
                public void write(Scored scored, Context unused) {
                    answers.answer(scored);
                }

                @Override
                public void flush(boolean endOfInput) {}

                @Override
                public void close() {}
            };
        }
    }
}
