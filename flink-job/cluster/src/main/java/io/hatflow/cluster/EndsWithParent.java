package io.hatflow.cluster;

import java.io.IOException;
import java.util.Arrays;

/**
 * What a process of the cluster runs: the main class that it is told, until whoever started it is gone. The parent holds the other
 * end of standard input and writes nothing; the system closes it even if the parent was killed.
 */
final class EndsWithParent {

    private EndsWithParent() {}

    /** Runs the class that the first argument names with the others. */
    public static void main(String[] arguments) throws ReflectiveOperationException {
        Thread watcher = new Thread(EndsWithParent::awaitEndOfParent, "end-with-parent");
        watcher.setDaemon(true);
        watcher.start();
        Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object)
                Arrays.copyOfRange(arguments, 1, arguments.length));
    }

    private static void awaitEndOfParent() {
        try {
            while (System.in.read() >= 0) {
                // Nobody writes; and if somebody does, it means nothing.
            }
        } catch (IOException e) {
            // As good as its end.
        } finally {
            Runtime.getRuntime().halt(1);
        }
    }
}
