package io.hatflow.benchmarks.contender;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.HashMap;
import java.util.Map;

/**
 * What this JVM has used.
 *
 * @param cpuNanos processor time of all its threads
 * @param blockedMillisOfThread for how long each thread that lives has waited for locks that others held, by its id; empty unless
 *     {@link #watchLocks} was called
 */
public record Usage(long cpuNanos, Map<Long, Long> blockedMillisOfThread) {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** From now on, waiting for locks is counted, which costs a little. */
    public static void watchLocks() {
        THREADS.setThreadContentionMonitoringEnabled(true);
    }

    /** For how long threads have waited for locks that others held, summed over the threads that live. */
    public long blockedMillis() {
        return blockedMillisOfThread.values().stream()
                .mapToLong(millis -> millis)
                .sum();
    }

    static Usage soFar() {
        Map<Long, Long> blocked = new HashMap<>();
        if (THREADS.isThreadContentionMonitoringEnabled()) {
            for (ThreadInfo info : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
                if (info != null) {
                    blocked.put(info.getThreadId(), info.getBlockedTime());
                }
            }
        }
        return new Usage(
                ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime(), blocked);
    }

    /** Of a thread that has ended since, what it waited is not known. */
    Usage since(Usage before) {
        Map<Long, Long> blocked = new HashMap<>();
        blockedMillisOfThread.forEach((thread, millis) ->
                blocked.put(thread, millis - before.blockedMillisOfThread.getOrDefault(thread, 0L)));
        return new Usage(cpuNanos - before.cpuNanos, blocked);
    }
}
