package io.hatflow.broker;

import java.io.IOException;
import java.io.UncheckedIOException;
import kafka.Kafka;
import kafka.tools.StorageTool;

/** What the broker's JVM runs: formats the data folder if that is new, then Kafka, until whoever started this is gone. */
final class BrokerProcess {

    private BrokerProcess() {}

    /**
     * Returns only with the broker's end.
     *
     * @param arguments the broker's properties file and the cluster's id
     */
    public static void main(String[] arguments) {
        String properties = arguments[0];
        String clusterId = arguments[1];
        Thread watcher = new Thread(BrokerProcess::endWithParent, "end-with-parent");
        watcher.setDaemon(true);
        watcher.start();
        int status = StorageTool.execute(
                new String[] {"format", "--standalone", "--ignore-formatted", "-t", clusterId, "-c", properties},
                System.out);
        if (status != 0) {
            System.exit(status);
        }
        Kafka.main(new String[] {properties});
    }

    /** The parent holds the other end of standard input and writes nothing; the system closes it even if it was killed. */
    private static void endWithParent() {
        try {
            while (System.in.read() >= 0) {
                // Nobody writes; and if somebody does, it means nothing.
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            Runtime.getRuntime().halt(1);
        }
    }
}
