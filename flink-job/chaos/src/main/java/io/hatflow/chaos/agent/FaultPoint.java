package io.hatflow.chaos.agent;

import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * Where faults strike: on the inference thread, inside ONNX Runtime's call. A fault is asked for by a file of its name; the first
 * process whose model runs takes the file away and has the fault.
 */
public final class FaultPoint {

    /** The run never returns. */
    public static final String HANG = "hang";

    /** The process dies by a segmentation fault. */
    public static final String CRASH = "crash";

    /** For as long as the file is there, every run says that memory ran out. */
    public static final String OUT_OF_MEMORY = "out-of-memory";

    /** Added to the name of {@link #OUT_OF_MEMORY} for a file that a process makes when the fault strikes it. */
    public static final String STRUCK = ".struck";

    /** The run after a text that begins so crashes the process, each time. */
    public static final String KILLER = "hatflow-chaos-killer";

    private static Path folder = Path.of("");
    private static volatile boolean killerIsNext;

    private FaultPoint() {}

    static void watch(Path faults) {
        folder = faults;
    }

    /** Called by the code that {@link FaultAgent} adds. */
    public static void beforeClassify(String text) {
        if (text.startsWith(KILLER)) {
            killerIsNext = true;
        }
    }

    /** Called by the code that {@link FaultAgent} adds. */
    public static void beforeRun() throws OrtException {
        if (killerIsNext || taken(CRASH)) {
            crash();
        }
        if (taken(HANG)) {
            while (true) {
                LockSupport.park();
            }
        }
        if (Files.exists(folder.resolve(OUT_OF_MEMORY))) {
            note(OUT_OF_MEMORY);
            throw new OrtException("Non-zero status code returned: std::bad_alloc (a fault that was asked for)");
        }
    }

    /** Tells whoever asked for a fault that lasts that it has struck. */
    private static void note(String fault) {
        try {
            Files.write(folder.resolve(fault + STRUCK), new byte[0]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean taken(String fault) {
        try {
            return Files.deleteIfExists(folder.resolve(fault));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By the hand of native code: nothing of Java runs afterwards, no hook, no finally. */
    private static void crash() {
        try {
            // By reflection, because javac warns of the class and the warning cannot be turned off.
            Class<?> unsafe = Class.forName("sun.misc.Unsafe");
            Field only = unsafe.getDeclaredField("theUnsafe");
            only.setAccessible(true);
            unsafe.getMethod("putAddress", long.class, long.class).invoke(only.get(null), 0L, 0L);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("This JVM cannot be crashed on purpose", e);
        }
    }
}
