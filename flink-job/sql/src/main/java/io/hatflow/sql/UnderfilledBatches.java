package io.hatflow.sql;

import io.hatflow.inference.batch.BatchStatistics;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that a query holds too few texts at a time to fill the model's batches, and says so once. Flink holds ten for each task unless
 * it is told otherwise, and a provider cannot tell it. Used by the task's thread.
 */
final class UnderfilledBatches {

    private static final Logger LOG = LoggerFactory.getLogger(UnderfilledBatches.class);

    /** So many texts were asked for with no room for another that how full batches were is no accident. */
    private static final int ENOUGH = 200;

    private static final double FULL = 0.8;

    private final int capacity;
    private int atCapacity;
    private @Nullable BatchStatistics begun;
    private boolean said;

    UnderfilledBatches(int capacity) {
        this.capacity = capacity;
    }

    /**
     * A text has been asked for.
     *
     * @param inFlight texts that the task waits for, this one included
     */
    void asked(int inFlight, Supplier<BatchStatistics> model) {
        if (isTimeToSay(inFlight, model)) {
            LOG.warn(
                    "A task of this query waits for {} texts, as many as it may, and they do not fill the model's batches of {} segments."
                            + " With more at a time it is faster: SET 'table.exec.async-ml-predict.max-concurrent-operations' = '128',"
                            + " or ML_PREDICT(…, MAP['max-concurrent-operations', '128'])",
                    inFlight,
                    model.get().budgetRows());
        }
    }

    /** True at most once. */
    boolean isTimeToSay(int inFlight, Supplier<BatchStatistics> model) {
        if (said || inFlight < capacity) {
            return false;
        }
        if (begun == null) {
            begun = model.get();
        }
        atCapacity++;
        if (atCapacity == ENOUGH) {
            said = areUnderfilled(begun, model.get());
            atCapacity = 0;
            begun = null;
        }
        return said;
    }

    private static boolean areUnderfilled(BatchStatistics before, BatchStatistics now) {
        long batches = now.batches() - before.batches();
        return batches > 0 && now.rows() - before.rows() < FULL * now.budgetRows() * batches;
    }
}
