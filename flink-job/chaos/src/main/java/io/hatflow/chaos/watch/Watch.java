package io.hatflow.chaos.watch;

import io.hatflow.cluster.Cluster;
import io.hatflow.cluster.KeptProcess;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Over all processes of a cluster and what they leave behind. To be closed before the cluster. Not thread-safe. */
public final class Watch implements AutoCloseable {

    private final Cluster cluster;
    private final Leftovers leftovers;
    private final Map<String, WatchedProcess> processes = new HashMap<>();

    /** Closes the leftovers as well. */
    public Watch(Cluster cluster, Leftovers leftovers) {
        this.cluster = cluster;
        this.leftovers = leftovers;
    }

    /** Collects everybody's garbage and asks what is left; by name, such as {@code taskmanager-1: heap MiB}. */
    public SortedMap<String, Double> sample() throws IOException, InterruptedException {
        SortedMap<String, Double> values = new TreeMap<>(leftovers.sample());
        for (KeptProcess process : Stream.concat(
                        Stream.of(cluster.broker(), cluster.jobManager()), cluster.taskManagers().stream())
                .toList()) {
            String name = process.name();
            watched(process).sample().forEach((what, value) -> values.put(name + ": " + what, value));
            values.put(name + ": starts", (double) process.starts());
        }
        return values;
    }

    private WatchedProcess watched(KeptProcess process) throws IOException {
        WatchedProcess known = processes.get(process.name());
        if (known != null && known.pid() == process.pid()) {
            return known;
        }
        if (known != null) {
            processes.remove(process.name());
            known.close();
        }
        WatchedProcess started = new WatchedProcess(process.pid());
        processes.put(process.name(), started);
        return started;
    }

    @Override
    public void close() {
        leftovers.close();
        for (WatchedProcess each : processes.values()) {
            each.close();
        }
    }
}
