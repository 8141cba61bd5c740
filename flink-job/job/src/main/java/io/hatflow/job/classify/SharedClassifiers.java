package io.hatflow.job.classify;

import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The classifiers of this JVM, so that all tasks of a TaskManager fill the same micro-batches and hold one model: one for
 * each bundle folder and settings, opened by the first task that asks, closed when the last one lets go. Thread-safe;
 * whoever asks while one is opening waits for it.
 */
public final class SharedClassifiers {

    private static final Map<Key, Shared> OPEN = new HashMap<>();

    private record Key(Path bundle, ClassifierSettings settings) {}

    private static final class Shared {
        final DocumentClassifier classifier;
        int leases;

        Shared(DocumentClassifier classifier) {
            this.classifier = classifier;
        }
    }

    private SharedClassifiers() {}

    /**
     * Leases the classifier that the settings describe, and opens it if nobody in this JVM has it open.
     *
     * @throws io.hatflow.inference.bundle.BundleException if the bundle is refused
     */
    public static LeasedClassifier lease(ClassifySettings settings) {
        Path bundle = Path.of(settings.bundle());
        Key key = new Key(bundle.toAbsolutePath().normalize(), settings.classifier());
        synchronized (OPEN) {
            Shared shared = OPEN.get(key);
            if (shared == null) {
                shared = new Shared(DocumentClassifier.open(bundle, key.settings()));
                OPEN.put(key, shared);
            }
            shared.leases++;
            return new LeasedClassifier(
                    shared.classifier::classify, shared.classifier.bundle(), new Release(key, shared));
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
