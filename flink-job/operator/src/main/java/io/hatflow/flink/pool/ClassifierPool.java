package io.hatflow.flink.pool;

import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.DocumentEmbedder;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.onnx.DeviceException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.externalresource.ExternalResourceInfo;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The classifiers of this JVM, so that all tasks of a TaskManager fill the same micro-batches and hold one model: one for
 * each bundle, device and settings, opened by the first task that asks. What a job's tasks used stays open while they restart, and
 * is closed when Flink lets go of the job; what was leased otherwise is closed with its last lease. One that has failed is not leased
 * again.
 *
 * <p>Thread-safe. Flink's main thread calls in here, and a TaskManager whose main thread waits is lost. So nothing that takes time happens
 * under the lock: who asks for a classifier opens it, or waits for the task that does; a thread of its own closes each.
 */
public final class ClassifierPool {

    private static final Logger LOG = LoggerFactory.getLogger(ClassifierPool.class);

    /** How long a task that opens a classifier waits for those that close, so as not to hold two. */
    private static final Duration CLOSING_LIMIT = Duration.ofSeconds(2);

    /** How long Flink's main thread waits for closing, so that it is over before the job's classes are gone. */
    private static final Duration LETTING_GO_LIMIT = Duration.ofMillis(500);

    private static final Map<Key, Shared> OPEN = new HashMap<>();
    private static final Map<Key, PooledClassifier> KEPT = new HashMap<>();
    private static final Set<Thread> CLOSING = new HashSet<>();

    /** By what the bundle holds, not by where it lies: another one in its place is another model. */
    private record Key(
            String digest,
            Answers answers,
            ClassifierSettings settings,
            @Nullable SignerKey signer) {}

    /** What is asked of a bundle. */
    public enum Answers {
        LABELS,
        VECTORS
    }

    private record Opened(OpenBundle bundle, Duration loadTime) {}

    /** A classifier that is open or being opened, and how many have a lease. */
    private static final class Shared {
        final CompletableFuture<Opened> opened = new CompletableFuture<>();
        int leases;

        boolean hasFailed() {
            return opened.isDone()
                    && (opened.isCompletedExceptionally()
                            || !opened.join().bundle().isOpen());
        }
    }

    private ClassifierPool() {}

    /**
     * Leases the classifier that the settings describe, and opens it if it is not open in this JVM.
     *
     * @throws io.hatflow.inference.bundle.BundleException if the bundle is refused
     * @throws io.hatflow.inference.onnx.DeviceException if the device cannot be used
     */
    public static PooledClassifier lease(ClassifierOptions options) {
        return lease(folder(options), key(options, Answers.LABELS, options.device()));
    }

    /**
     * Leases to a function that Flink tells of a task's devices, but not when it lets go of the job: the classifier is closed with its
     * last lease.
     *
     * @param gpus those that Flink has given to the TaskManager
     * @param subtask number of the task among those of its operator
     * @throws io.hatflow.inference.bundle.BundleException if the bundle is refused, or does not give such answers
     * @throws io.hatflow.inference.onnx.DeviceException if the device cannot be used
     */
    public static PooledClassifier lease(
            ClassifierOptions options, Answers answers, Set<ExternalResourceInfo> gpus, int subtask) {
        return lease(folder(options), key(options, answers, TaskDevice.among(gpus, options.device(), subtask)));
    }

    /**
     * Leases to a task, and keeps the classifier open until Flink lets go of the task's job: a task that restarts finds it loaded.
     *
     * @throws io.hatflow.inference.bundle.BundleException if the bundle is refused
     * @throws io.hatflow.inference.onnx.DeviceException if the device cannot be used
     */
    public static PooledClassifier lease(ClassifierOptions options, RuntimeContext task) {
        Path folder = folder(options);
        Key key = key(options, Answers.LABELS, TaskDevice.of(options.device(), task));
        PooledClassifier lease = lease(folder, key);
        PooledClassifier spare = lease(folder, key);
        synchronized (OPEN) {
            if (KEPT.putIfAbsent(key, spare) != null) {
                spare.close();
            }
        }
        task.registerUserCodeClassLoaderReleaseHookIfAbsent("hatflow-classifiers", ClassifierPool::letGo);
        return lease;
    }

    /** A provider of {@link #lease(ClassifierOptions, RuntimeContext)}. */
    public static ClassifierProvider of(ClassifierOptions options) {
        return task -> lease(options, task);
    }

    private static Path folder(ClassifierOptions options) {
        return Path.of(options.bundle()).toAbsolutePath().normalize();
    }

    private static Key key(ClassifierOptions options, Answers answers, Device device) {
        String digest = DocumentClassifier.digest(folder(options));
        return new Key(digest, answers, options.settings(device), options.signer());
    }

    private static PooledClassifier lease(Path folder, Key key) {
        Shared shared;
        boolean first = false;
        synchronized (OPEN) {
            shared = OPEN.get(key);
            if (shared == null || shared.hasFailed()) {
                retire(key);
                shared = new Shared();
                OPEN.put(key, shared);
                first = true;
            }
            shared.leases++;
        }
        if (first) {
            open(folder, key, shared);
        }
        Release release = new Release(key, shared);
        try {
            Opened opened = shared.opened.join();
            OpenBundle bundle = opened.bundle();
            return new PooledClassifier(
                    bundle, bundle.info(), bundle.device(), opened.loadTime(), bundle::statistics, release);
        } catch (CompletionException | CancellationException e) {
            release.run();
            throw e.getCause() instanceof RuntimeException reason ? reason : e;
        }
    }

    /** Its leases outlive it, but for the one that kept it open. */
    private static void retire(Key key) {
        OPEN.remove(key);
        PooledClassifier kept = KEPT.remove(key);
        if (kept != null) {
            kept.close();
        }
    }

    private static void open(Path folder, Key key, Shared shared) {
        try {
            if (!closed(CLOSING_LIMIT)) {
                LOG.warn(
                        "A model that is no longer used has not been closed yet, because a run of it does not return. Its thread and"
                                + " its memory stay with this process until it does; restart a process that has several of them");
            }
            long begun = System.nanoTime();
            OpenBundle opened =
                    switch (key.answers()) {
                        case LABELS ->
                            new OpenClassifier(DocumentClassifier.open(folder, key.settings(), key.signer()));
                        case VECTORS ->
                            new OpenEmbedder(DocumentEmbedder.open(
                                    folder,
                                    key.settings().model(),
                                    key.settings().maxCharacters(),
                                    key.signer()));
                    };
            shared.opened.complete(new Opened(opened, Duration.ofNanos(System.nanoTime() - begun)));
        } catch (LinkageError e) {
            // Not as its cause: Flink's SQL client shows the innermost one alone.
            DeviceException explained = new DeviceException(
                    "The native libraries of ONNX Runtime and the tokenizer cannot be loaded: " + e.getMessage()
                            + ". A JVM loads them for one class loader; expected the jar in Flink's lib/, where all jobs share it, or one"
                            + " job for each TaskManager. See docs/delivery.md, native code and class loaders");
            explained.addSuppressed(e);
            shared.opened.completeExceptionally(explained);
        } catch (Throwable e) { // who waits for it would wait for ever
            shared.opened.completeExceptionally(e);
        }
    }

    /** Waits until what is being closed is closed; false if it is not in time. */
    private static boolean closed(Duration limit) {
        List<Thread> closing;
        synchronized (OPEN) {
            closing = new ArrayList<>(CLOSING);
        }
        long end = System.nanoTime() + limit.toNanos();
        boolean closed = true;
        for (Thread each : closing) {
            try {
                // At least 1: join takes 0 for ever.
                each.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            closed &= !each.isAlive();
        }
        return closed;
    }

    private static void letGo() {
        synchronized (OPEN) {
            KEPT.values().forEach(PooledClassifier::close);
            KEPT.clear();
        }
        boolean unused = closed(LETTING_GO_LIMIT);
    }

    /** How many classifiers are open in this JVM. */
    public static int open() {
        synchronized (OPEN) {
            return OPEN.size();
        }
    }

    /** Gives back one lease, however often it runs: a task may close more than once. */
    private static final class Release implements Runnable {
        private final Key key;
        private final Shared shared;
        private boolean released;

        Release(Key key, Shared shared) {
            this.key = key;
            this.shared = shared;
        }

        @Override
        public void run() {
            synchronized (OPEN) {
                if (released) {
                    return;
                }
                released = true;
                shared.leases--;
                if (shared.leases == 0) {
                    OPEN.remove(key, shared);
                    close();
                }
            }
        }

        /** Closing waits for the run that is under way. */
        private void close() {
            Thread closing = new Thread(
                    () -> {
                        try {
                            // Who gives a lease back has seen it open, or fail to.
                            if (!shared.opened.isCompletedExceptionally()) {
                                shared.opened.join().bundle().close();
                            }
                        } finally {
                            synchronized (OPEN) {
                                CLOSING.remove(Thread.currentThread());
                            }
                        }
                    },
                    "hatflow-close");
            closing.setDaemon(true);
            CLOSING.add(closing);
            closing.start();
        }
    }
}
