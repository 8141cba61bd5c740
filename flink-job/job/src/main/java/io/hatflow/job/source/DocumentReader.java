package io.hatflow.job.source;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.util.ExceptionUtils;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connector's reader, but that it never skips records in silence ({@link CheckedSplits}), and does not read topics that the settings
 * no longer name. Where those were is kept: who names such a topic again goes on there.
 */
@SuppressWarnings("try") // the interface's own signature of close
final class DocumentReader implements SourceReader<SourceRecord, KafkaPartitionSplit> {

    private static final Logger LOG = LoggerFactory.getLogger(DocumentReader.class);

    private final SourceReader<SourceRecord, KafkaPartitionSplit> reader;
    private final CheckedSplits checked;
    private final List<KafkaPartitionSplit> setAside = new ArrayList<>();
    private final Map<String, Uuid> topicIds = new HashMap<>();

    DocumentReader(SourceReader<SourceRecord, KafkaPartitionSplit> reader, CheckedSplits checked) {
        this.reader = reader;
        this.checked = checked;
    }

    @Override
    public void addSplits(List<KafkaPartitionSplit> splits) {
        List<KafkaPartitionSplit> named = new ArrayList<>();
        for (KafkaPartitionSplit split : splits) {
            if (checked.settings().topics().holds(split.getTopic())) {
                named.add(split);
            } else {
                LOG.warn(
                        "{} is not read any more: its topic is not one of {}",
                        split.getTopicPartition(),
                        checked.settings().topics());
                setAside.add(split);
            }
        }
        CheckedSplits.Checked splitsNow = checked.of(named);
        setAside.addAll(splitsNow.setAside());
        List<KafkaPartitionSplit> read = splitsNow.read();
        read.forEach(split -> topicIds.put(split.getTopic(), TopicSplit.topicIdOf(split)));
        if (!read.isEmpty()) {
            reader.addSplits(read);
        }
    }

    @Override
    public List<KafkaPartitionSplit> snapshotState(long checkpointId) {
        Stream<KafkaPartitionSplit> read = reader.snapshotState(checkpointId).stream()
                .map(split -> new TopicSplit(split, topicId(split.getTopic())));
        return Stream.concat(read, setAside.stream()).toList();
    }

    private Uuid topicId(String topic) {
        return topicIds.getOrDefault(topic, Uuid.ZERO_UUID);
    }

    @Override
    public InputStatus pollNext(ReaderOutput<SourceRecord> output) throws Exception {
        try {
            return reader.pollNext(output);
        } catch (RuntimeException e) {
            OffsetOutOfRangeException gone = ExceptionUtils.findThrowable(e, OffsetOutOfRangeException.class)
                    .orElseThrow(() -> e);
            throw CheckedSplits.refusal(gone.offsetOutOfRangePartitions().entrySet().stream()
                    .map(each -> checked.whyGone(
                            each.getKey(),
                            each.getValue(),
                            topicId(each.getKey().topic())))
                    .distinct()
                    .collect(Collectors.joining(". ")));
        }
    }

    @Override
    public void start() {
        reader.start();
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
        return reader.isAvailable();
    }

    @Override
    public void notifyNoMoreSplits() {
        reader.notifyNoMoreSplits();
    }

    @Override
    public void handleSourceEvents(SourceEvent event) {
        reader.handleSourceEvents(event);
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) throws Exception {
        reader.notifyCheckpointComplete(checkpointId);
    }

    @Override
    public void notifyCheckpointAborted(long checkpointId) throws Exception {
        reader.notifyCheckpointAborted(checkpointId);
    }

    @Override
    public void pauseOrResumeSplits(Collection<String> toPause, Collection<String> toResume) {
        reader.pauseOrResumeSplits(toPause, toResume);
    }

    @Override
    public void close() throws Exception {
        reader.close();
    }
}
