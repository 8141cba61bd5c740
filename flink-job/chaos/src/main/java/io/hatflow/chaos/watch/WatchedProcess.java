package io.hatflow.chaos.watch;

import com.sun.management.UnixOperatingSystemMXBean;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.PlatformManagedObject;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** A JVM of the same user on this machine that is asked what it holds; Linux only. Thread-safe. */
final class WatchedProcess implements AutoCloseable {

    private static final double MIB = 1 << 20;

    private final long pid;
    private final JMXConnector connector;
    private final MemoryMXBean memory;
    private final MemoryPoolMXBean metaspace;
    private final BufferPoolMXBean direct;
    private final ThreadMXBean threads;
    private final UnixOperatingSystemMXBean system;

    /**
     * Attaches to it, which starts a few threads there.
     *
     * @throws IOException if there is no such process, or it does not let itself be watched
     */
    @SuppressWarnings(
            "BanJNDI") // The address comes from a process of this machine and user, and is that of this machine.
    WatchedProcess(long pid) throws IOException {
        this.pid = pid;
        this.connector = JMXConnectorFactory.connect(new JMXServiceURL(agent(pid)));
        MBeanServerConnection beans = connector.getMBeanServerConnection();
        this.memory = bean(beans, ManagementFactory.MEMORY_MXBEAN_NAME, MemoryMXBean.class);
        this.metaspace = bean(
                beans, ManagementFactory.MEMORY_POOL_MXBEAN_DOMAIN_TYPE + ",name=Metaspace", MemoryPoolMXBean.class);
        this.direct = bean(beans, "java.nio:type=BufferPool,name=direct", BufferPoolMXBean.class);
        this.threads = bean(beans, ManagementFactory.THREAD_MXBEAN_NAME, ThreadMXBean.class);
        this.system = bean(beans, ManagementFactory.OPERATING_SYSTEM_MXBEAN_NAME, UnixOperatingSystemMXBean.class);
    }

    private static String agent(long pid) throws IOException {
        try {
            VirtualMachine machine = VirtualMachine.attach(Long.toString(pid));
            try {
                return machine.startLocalManagementAgent();
            } finally {
                machine.detach();
            }
        } catch (AttachNotSupportedException e) {
            throw new IOException("The process " + pid + " is not a JVM that can be watched", e);
        }
    }

    private static <T extends PlatformManagedObject> T bean(MBeanServerConnection beans, String name, Class<T> type)
            throws IOException {
        return ManagementFactory.newPlatformMXBeanProxy(beans, name, type);
    }

    long pid() {
        return pid;
    }

    /** Collects its garbage, and asks for what is left. MiB, or counts. */
    Map<String, Double> sample() throws IOException {
        memory.gc();
        return Map.of(
                "resident MiB",
                residentMiB(),
                "heap MiB",
                memory.getHeapMemoryUsage().getUsed() / MIB,
                "metaspace MiB",
                metaspace.getUsage().getUsed() / MIB,
                "direct MiB",
                direct.getMemoryUsed() / MIB,
                "threads",
                (double) threads.getThreadCount(),
                "file descriptors",
                (double) system.getOpenFileDescriptorCount());
    }

    private double residentMiB() throws IOException {
        String kib = Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .findFirst()
                .orElseThrow(() -> new IOException("The process " + pid + " has ended"));
        return Long.parseLong(kib.replaceAll("[^0-9]", "")) / 1024.0;
    }

    /** Whether it still lives does not matter. */
    @Override
    public void close() {
        try {
            connector.close();
        } catch (IOException ended) {
            // And with it all that was open there.
        }
    }
}
