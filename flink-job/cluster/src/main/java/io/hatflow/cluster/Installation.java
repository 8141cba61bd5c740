package io.hatflow.cluster;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the build has made: class paths of Flink and of the broker, and the jar of the job.
 *
 * @param flink class path of JobManager and TaskManagers
 * @param broker class path of the broker
 * @param jobJar the jar to submit
 */
public record Installation(String flink, String broker, Path jobJar) {

    /**
     * Finds it in a checkout.
     *
     * @throws ClusterException if it has not been built
     */
    public static Installation in(Path checkout) {
        Path broker = checkout.resolve("flink-job/broker/target");
        Path cluster = checkout.resolve("flink-job/cluster/target");
        try {
            return new Installation(
                    ownCode() + ":" + Files.readString(cluster.resolve("flink.classpath")),
                    only(broker, "hatflow-broker-*-SNAPSHOT.jar") + ":"
                            + Files.readString(broker.resolve("broker.classpath")),
                    only(checkout.resolve("flink-job/job/target"), "hatflow-job-*-cluster.jar"));
        } catch (IOException e) {
            throw new ClusterException(
                    "The cluster has not been built in " + checkout + " (" + e.getMessage()
                            + "); run ./mvnw -Dmaven.test.skip=true -pl flink-job/broker,flink-job/job,flink-job/cluster -am package",
                    e);
        }
    }

    private static Path only(Path folder, String pattern) throws IOException {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, pattern)) {
            for (Path file : found) {
                return file.toAbsolutePath();
            }
        }
        throw new IOException("there is no " + pattern + " in " + folder);
    }

    private static Path ownCode() {
        try {
            return Path.of(Installation.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("The place of this class is no URI; this is a bug", e);
        }
    }
}
