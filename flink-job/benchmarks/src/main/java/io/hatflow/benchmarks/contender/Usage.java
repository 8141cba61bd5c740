package io.hatflow.benchmarks.contender;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;

/**
 * What this JVM has used.
 *
 * @param cpuNanos processor time of all its threads
 * @param blockedMillis for how long the threads that live have waited for locks that others held; 0 unless {@link #watchLocks} was called
 */
public record Usage(long cpuNanos, long blockedMillis) {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** From now on, waiting for locks is counted, which costs a little. */
    public static void watchLocks() {
        THREADS.setThreadContentionMonitoringEnabled(true);
    }

    static Usage soFar() {
        long millis = 0;
        if (THREADS.isThreadContentionMonitoringEnabled()) {
            for (ThreadInfo info : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
                millis += info == null ? 0 : Math.max(0, info.getBlockedTime());
            }
        }
        return new Usage(
                ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime(), millis);
    }

    Usage since(Usage before) {
        return new Usage(cpuNanos - before.cpuNanos, blockedMillis - before.blockedMillis);
    }
}
