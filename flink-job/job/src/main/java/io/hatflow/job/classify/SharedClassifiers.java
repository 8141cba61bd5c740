package io.hatflow.job.classify;

import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.functions.RuntimeContext;

/**
 * The classifiers of this JVM, so that all tasks of a TaskManager fill the same micro-batches and hold one model: one for
 * each bundle folder and settings, opened by the first task that asks. What a job's tasks used stays open while they restart, and
 * is closed when Flink lets go of the job; what was leased otherwise is closed with its last lease. Thread-safe; whoever asks while
 * one is opening waits for it.
 */
public final class SharedClassifiers {

    private static final Map<Key, Shared> OPEN = new HashMap<>();
    private static final Map<Key, LeasedClassifier> KEPT = new HashMap<>();

    private record Key(Path bundle, ClassifierSettings settings) {}

    private static final class Shared {
        final DocumentClassifier classifier;
        final Duration loadTime;
        int leases;

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
     */
    public static LeasedClassifier lease(ClassifySettings settings) {
        return lease(key(settings));
    }

    /**
     * Leases to a task, and keeps the classifier open until Flink lets go of the task's job: a task that restarts finds it loaded.
     *
     * @throws io.hatflow.inference.bundle.BundleException if the bundle is refused
     */
    static LeasedClassifier lease(ClassifySettings settings, RuntimeContext task) {
        Key key = key(settings);
        synchronized (OPEN) {
            LeasedClassifier lease = lease(key);
            if (!KEPT.containsKey(key)) {
                KEPT.put(key, lease(key));
            }
            task.registerUserCodeClassLoaderReleaseHookIfAbsent("hatflow-classifiers", SharedClassifiers::letGo);
            return lease;
        }
    }

    private static Key key(ClassifySettings settings) {
        return new Key(Path.of(settings.bundle()).toAbsolutePath().normalize(), settings.classifier());
    }

    private static LeasedClassifier lease(Key key) {
        synchronized (OPEN) {
            Shared shared = OPEN.get(key);
            if (shared == null) {
                long begun = System.nanoTime();
                DocumentClassifier opened = DocumentClassifier.open(key.bundle(), key.settings());
                shared = new Shared(opened, Duration.ofNanos(System.nanoTime() - begun));
                OPEN.put(key, shared);
            }
            shared.leases++;
            return new LeasedClassifier(
                    shared.classifier::classify,
                    shared.classifier.bundle(),
                    shared.loadTime,
                    shared.classifier::statistics,
                    new Release(key, shared));
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
                if (shared.leases == 0) {
                    OPEN.remove(key);
                    // Under the lock, so that a task that asks now does not hold a second model beside this one.
                    shared.classifier.close();
                }
            }
        }
    }
}
