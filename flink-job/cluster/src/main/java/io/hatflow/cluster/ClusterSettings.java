package io.hatflow.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How the cluster is laid out on this machine.
 *
 * @param home folder of everything that the cluster writes
 * @param ports all of them on the loopback interface
 * @param taskManagers how many
 * @param slots of each TaskManager
 * @param checkpoints folder of the checkpoints
 * @param taskManagerOptions further options of the TaskManagers' JVMs
 * @param taskManagerClassPath more for their class path; may be empty
 * @param flink options of Flink beside the cluster's own, which they override
 */
public record ClusterSettings(
        Path home,
        Ports ports,
        int taskManagers,
        int slots,
        Path checkpoints,
        List<String> taskManagerOptions,
        String taskManagerClassPath,
        Map<String, String> flink) {

    public ClusterSettings {
        if (taskManagers < 1 || slots < 1) {
            throw new IllegalArgumentException(
                    "taskManagers is " + taskManagers + " and slots " + slots + ", expected at least 1 of both");
        }
        taskManagerOptions = List.copyOf(taskManagerOptions);
        flink = Map.copyOf(flink);
    }

    /** Two TaskManagers with two slots each, so that the job goes on while one of them is away. */
    public static ClusterSettings of(Path home, Ports ports) {
        return new ClusterSettings(home, ports, 2, 2, home.resolve("checkpoints"), List.of(), "", Map.of());
    }

    /** Kafka's port for clients and for its controller, Flink's for its web page and for its TaskManagers. */
    public record Ports(int kafka, int controller, int web, int rpc) {

        private static final int LARGEST = 65_535;

        /**
         * The first two given, the others any that are free.
         *
         * @throws ClusterException if those given are no ports, or the same
         */
        public static Ports of(int kafka, int web) throws IOException {
            Map.of("--kafka-port", kafka, "--web-port", web).forEach((option, port) -> {
                if (port < 1 || port > LARGEST) {
                    throw new ClusterException(option + " is " + port + ", expected 1 to " + LARGEST);
                }
            });
            if (kafka == web) {
                throw new ClusterException(
                        "--kafka-port and --web-port are both " + kafka + ", expected two ports, one for each");
            }
            List<Integer> free = free(2);
            return new Ports(kafka, free.get(0), web, free.get(1));
        }

        /** Any that are free. */
        public static Ports anyFree() throws IOException {
            List<Integer> free = free(4);
            return new Ports(free.get(0), free.get(1), free.get(2), free.get(3));
        }

        /** Below those that systems give to clients: one of these would take the port of a process that is down. */
        private static List<Integer> free(int count) throws IOException {
            List<ServerSocket> open = new ArrayList<>();
            try {
                for (int port = 20_000 + (int) (ProcessHandle.current().pid() * 37 % 10_000);
                        open.size() < count && port < 32_000;
                        port++) {
                    try {
                        open.add(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
                    } catch (IOException taken) {
                        // The next one.
                    }
                }
                if (open.size() < count) {
                    throw new IOException("No " + count + " free ports were found below 32000");
                }
                return open.stream().map(ServerSocket::getLocalPort).toList();
            } finally {
                for (ServerSocket socket : open) {
                    socket.close();
                }
            }
        }

        /** @throws ClusterException if somebody else listens at one of them */
        void check() {
            Map.of(
                            "Kafka",
                            kafka,
                            "Kafka's controller",
                            controller,
                            "Flink's web page",
                            web,
                            "Flink's TaskManagers",
                            rpc)
                    .forEach((what, port) -> {
                        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                            socket.getLocalPort();
                        } catch (IOException e) {
                            throw new ClusterException(
                                    "Port " + port + " for " + what + " is taken (" + e.getMessage()
                                            + "); end the process that has it, or give another port with --kafka-port"
                                            + " or --web-port",
                                    e);
                        }
                    });
        }
    }
}
