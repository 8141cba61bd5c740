package io.hatflow.chaos.watch;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** What could pile up outside of processes: in the broker and on the disk. */
public final class Leftovers implements AutoCloseable {

    private static final Set<TransactionState> OVER =
            Set.of(TransactionState.EMPTY, TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT);

    private final Admin admin;
    private final Collection<TopicPartition> outputs;
    private final Path temporary;
    private final Path checkpoints;

    /**
     * Asks for nothing yet.
     *
     * @param outputs topics of the job, each with as many partitions
     * @param temporary folder of files that nobody needs after a restart
     * @param checkpoints their folder
     */
    public Leftovers(
            String bootstrapServers, Collection<String> outputs, int partitions, Path temporary, Path checkpoints) {
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
        this.outputs = outputs.stream()
                .flatMap(topic -> IntStream.range(0, partitions).mapToObj(each -> new TopicPartition(topic, each)))
                .toList();
        this.temporary = temporary;
        this.checkpoints = checkpoints;
    }

    /** All of them are counts. */
    Map<String, Double> sample() throws IOException, InterruptedException {
        try {
            Collection<TransactionListing> transactions =
                    admin.listTransactions().all().get();
            long open = transactions.stream()
                    .filter(each -> !OVER.contains(each.state()))
                    .count();
            int producers = admin.describeProducers(outputs).all().get().values().stream()
                    .mapToInt(each -> each.activeProducers().size())
                    .sum();
            return Map.of(
                    "broker: transactional ids", (double) transactions.size(),
                    "broker: open transactions", (double) open,
                    "broker: producers it remembers", (double) producers,
                    "broker: consumer groups",
                            (double) admin.listGroups().all().get().size(),
                    "temporary files", (double) files(temporary),
                    "checkpoint files", (double) files(checkpoints));
        } catch (ExecutionException e) {
            throw new IOException("The broker does not say what it holds: " + e.getCause(), e);
        }
    }

    /** Some may go while they are counted. */
    private static long files(Path folder) throws IOException {
        long[] count = new long[1];
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                count[0]++;
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException gone) {
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException gone) {
                return FileVisitResult.CONTINUE;
            }
        });
        return count[0];
    }

    @Override
    public void close() {
        admin.close();
    }
}
