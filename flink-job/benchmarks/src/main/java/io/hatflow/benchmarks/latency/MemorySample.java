package io.hatflow.benchmarks.latency;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What this JVM holds at a moment, in MiB.
 *
 * @param seconds since the load began
 * @param resident of the process, native code's memory included
 * @param heap used after a collection
 * @param direct buffers outside the heap
 * @param inFlight documents that were sent and not answered yet
 */
record MemorySample(double seconds, double resident, double heap, double direct, int threads, long inFlight) {

    private static final double MIB = 1 << 20;

    static MemorySample now(double seconds, long inFlight) throws IOException {
        ManagementFactory.getMemoryMXBean().gc();
        double direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToDouble(BufferPoolMXBean::getMemoryUsed)
                .sum();
        return new MemorySample(
                seconds,
                residentMiB(),
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / MIB,
                direct / MIB,
                ManagementFactory.getThreadMXBean().getThreadCount(),
                inFlight);
    }

    private static double residentMiB() throws IOException {
        String kib = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/self/status names no VmRSS; the soak needs Linux"));
        return Long.parseLong(kib.replaceAll("[^0-9]", "")) / 1024.0;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%5.0f s  resident %.0f MiB, heap %.1f MiB, direct %.1f MiB, %d threads, %d in flight",
                seconds,
                resident,
                heap,
                direct,
                threads,
                inFlight);
    }
}
