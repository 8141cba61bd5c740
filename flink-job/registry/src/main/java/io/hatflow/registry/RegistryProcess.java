package io.hatflow.registry;

import java.io.IOException;
import java.io.UncheckedIOException;

/** What the registry's JVM runs: Apicurio, until whoever started this is gone. */
final class RegistryProcess {

    /** In Apicurio's runner jar, which is on the class path of this process alone. */
    private static final String APICURIO = "io.quarkus.runner.GeneratedMain";

    private RegistryProcess() {}

    /** Returns only with the registry's end. */
    public static void main(String[] arguments) throws ReflectiveOperationException {
        Thread watcher = new Thread(RegistryProcess::endWithParent, "end-with-parent");
        watcher.setDaemon(true);
        watcher.start();
        Class.forName(APICURIO).getMethod("main", String[].class).invoke(null, (Object) arguments);
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
