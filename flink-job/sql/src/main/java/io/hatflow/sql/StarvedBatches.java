package io.hatflow.sql;

import io.hatflow.inference.batch.BatchStatistics;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that a query holds too few texts at a time to fill the model's batches, and says so once. Flink holds ten for each task unless
 * it is told otherwise, and a provider cannot tell it. Used by the task's thread.
 */
final class StarvedBatches {

    private static final Logger LOG = LoggerFactory.getLogger(StarvedBatches.class);

    /** So often in a row that it is no accident. */
    private static final int ENOUGH = 100;

    private final int capacity;
    private int inARow;
    private boolean said;

    StarvedBatches(int capacity) {
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
                    "A task of this query waits for {} texts, as many as it may, and they do not fill a batch of {} segments. More at a"
                            + " time are faster: SET 'table.exec.async-ml-predict.max-concurrent-operations' = '128', or"
                            + " ML_PREDICT(…, MAP['max-concurrent-operations', '128'])",
                    inFlight,
                    model.get().budgetRows());
        }
    }

    /** True at most once. */
    boolean isTimeToSay(int inFlight, Supplier<BatchStatistics> model) {
        if (said || inFlight < capacity) {
            return false;
        }
        BatchStatistics batches = model.get();
        inARow = batches.queuedRows() < batches.budgetRows() ? inARow + 1 : 0;
        said = inARow == ENOUGH;
        return said;
    }
}
