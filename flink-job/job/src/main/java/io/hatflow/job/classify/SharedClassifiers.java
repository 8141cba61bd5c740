package io.hatflow.job.classify;

import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The classifiers of this JVM, so that all tasks of a TaskManager fill the same micro-batches and hold one model: one for
 * each bundle folder, device and settings, opened by the first task that asks. What a job's tasks used stays open while they restart, and
 * is closed when Flink lets go of the job; what was leased otherwise is closed with its last lease. One that has failed or hangs is
 * condemned: nobody gets it any more. Thread-safe; whoever asks while one is opening waits for it.
 */
public final class SharedClassifiers {

    private static final Logger LOG = LoggerFactory.getLogger(SharedClassifiers.class);
    private static final Duration CLOSING_LIMIT = Duration.ofSeconds(2);

    private static final Map<Key, Shared> OPEN = new HashMap<>();
    private static final Map<Key, LeasedClassifier> KEPT = new HashMap<>();

    private record Key(
            Path bundle,
            ClassifierSettings settings,
            @Nullable SignerKey signer) {}

    private static final class Shared {
        final DocumentClassifier classifier;
        final Duration loadTime;
        int leases;
        boolean condemned;

        Shared(DocumentClassifier classifier, Duration loadTime) {
            this.classifier = classifier;
            this.loadTime = loadTime;
        }
    }

    private SharedClassifiers() {}

    /**
     * Leases the classifier that the settings describe, and opens it if nobody in this JVM has it open.
     *
     * @throws io.hatflow.inference.bundle.BundleException if the bundle is refused
     * @throws io.hatflow.inference.onnx.DeviceException if the device cannot be used
     */
    public static LeasedClassifier lease(ClassifySettings settings) {
        return lease(key(settings, settings.device()));
    }

    /**
     * Leases to a task, and keeps the classifier open until Flink lets go of the task's job: a task that restarts finds it loaded.
     *
     * @throws io.hatflow.inference.bundle.BundleException if the bundle is refused
     * @throws io.hatflow.inference.onnx.DeviceException if the device cannot be used
     */
    static LeasedClassifier lease(ClassifySettings settings, RuntimeContext task) {
        Key key = key(settings, TaskDevice.of(settings.device(), task));
        synchronized (OPEN) {
            LeasedClassifier lease = lease(key);
            if (!KEPT.containsKey(key)) {
                KEPT.put(key, lease(key));
            }
            task.registerUserCodeClassLoaderReleaseHookIfAbsent("hatflow-classifiers", SharedClassifiers::letGo);
            return lease;
        }
    }

    private static Key key(ClassifySettings settings, Device device) {
        return new Key(
                Path.of(settings.bundle()).toAbsolutePath().normalize(),
                settings.classifier(device),
                settings.signer());
    }

    private static LeasedClassifier lease(Key key) {
        synchronized (OPEN) {
            Shared shared = OPEN.get(key);
            if (shared == null) {
                long begun = System.nanoTime();
                DocumentClassifier opened = DocumentClassifier.open(key.bundle(), key.settings(), key.signer());
                shared = new Shared(opened, Duration.ofNanos(System.nanoTime() - begun));
                OPEN.put(key, shared);
            }
            shared.leases++;
            return new LeasedClassifier(
                    LeasedClassifier.Classifier.of(shared.classifier),
                    shared.classifier.bundle(),
                    shared.loadTime,
                    shared.classifier::statistics,
                    condemnation(key, shared),
                    new Release(key, shared));
        }
    }

    private static Runnable condemnation(Key key, Shared shared) {
        return () -> {
            synchronized (OPEN) {
                if (!shared.condemned) {
                    shared.condemned = true;
                    OPEN.remove(key, shared);
                    LeasedClassifier kept = KEPT.remove(key);
                    if (kept != null) {
                        kept.close();
                    }
                }
            }
        };
    }

    /**
     * Aside, because one that hangs can only be closed when its run returns, if ever: until then its thread and its memory stay. Most
     * close at once, and are waited for a moment, so that the next one does not open beside it.
     */
    private static void closeAside(Shared shared) {
        Thread closing = new Thread(shared.classifier::close, "hatflow-close-condemned");
        closing.setDaemon(true);
        closing.start();
        try {
            closing.join(CLOSING_LIMIT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (closing.isAlive()) {
            LOG.warn(
                    "A run of the model does not return. Its thread and its memory stay with this process until it does; a process"
                            + " that has several of them should be started again");
        }
    }

    private static void letGo() {
        synchronized (OPEN) {
            KEPT.values().forEach(LeasedClassifier::close);
            KEPT.clear();
        }
    }

    /** How many classifiers are open in this JVM. */
    static int open() {
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
                if (shared.leases == 0 && shared.condemned) {
                    closeAside(shared);
                } else if (shared.leases == 0) {
                    OPEN.remove(key);
                    // Under the lock, so that a task that asks now does not hold a second model beside this one.
                    shared.classifier.close();
                }
            }
        }
    }
}
