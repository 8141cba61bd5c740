package io.hatflow.benchmarks.growth;

import io.hatflow.inference.batch.BatchModel;
import io.hatflow.inference.hat.PackedBatch;
import io.hatflow.inference.task.WindowAnswer;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Takes a fixed time for each segment and no processor: a device that somebody else pays for. So what remains is what coordination
 * costs. Its answers are zeros.
 *
 * @param nanosPerSegment 0 for a device that answers at once
 */
record StandInDevice(long nanosPerSegment, int labels) implements BatchModel<PackedBatch, WindowAnswer> {

    @Override
    public List<WindowAnswer> run(PackedBatch batch) {
        long end = System.nanoTime() + batch.rows() * nanosPerSegment;
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        return batch.deal(new float[batch.windowCount()][labels], new float[batch.rows()][labels]);
    }
}
