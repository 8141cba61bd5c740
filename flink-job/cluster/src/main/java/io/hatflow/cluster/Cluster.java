package io.hatflow.cluster;

import io.hatflow.cluster.FlinkRest.Job;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;

/**
 * The processes of a cluster on this machine, and who sees to it that they run. Flink runs without high-availability services: a
 * JobManager that dies is started again empty, and is then told to go on with its job from the newest checkpoint that is complete.
 * Everything ends with {@link #close}, or with this JVM, however that ends. Thread-safe.
 */
public final class Cluster implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofMinutes(3);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration RETRY = Duration.ofSeconds(2);
    private static final int STOP_ATTEMPTS = 5;

    /** Longer than the heartbeat's timeout, and than a TaskManager takes to start where processors are busy. */
    private static final Duration REGISTRATION_LIMIT = Duration.ofSeconds(90);

    private final ClusterSettings settings;
    private final Consumer<String> progress;
    private final KeptProcess broker;
    private final KeptProcess jobManager;
    private final List<KeptProcess> taskManagers = new ArrayList<>();
    private final FlinkRest flink;
    private final Path submissionFile;
    private final Object resuming = new Object();
    private volatile boolean closed;

    private Cluster(ClusterSettings settings, Installation installation, Consumer<String> progress) throws IOException {
        this.settings = settings;
        this.progress = progress;
        this.flink = new FlinkRest(settings.ports().web());
        this.submissionFile = settings.home().resolve("job.json");
        ProcessPlan plan = new ProcessPlan(settings, installation);
        this.broker = new KeptProcess("broker", plan.broker(), plan.log("broker"), progress, () -> {});
        this.jobManager =
                new KeptProcess("jobmanager", plan.jobManager(), plan.log("jobmanager"), progress, this::submitAgain);
        for (int i = 1; i <= settings.taskManagers(); i++) {
            String name = "taskmanager-" + i;
            taskManagers.add(new KeptProcess(name, plan.taskManager(name), plan.log(name), progress, () -> {}));
        }
    }

    /**
     * Starts all processes and waits until they answer. A job that ran in this home before goes on.
     *
     * @param progress is told in sentences what happens
     * @throws ClusterException if a port is taken, or a process does not come up
     */
    public static Cluster start(ClusterSettings settings, Installation installation, Consumer<String> progress)
            throws IOException, InterruptedException {
        settings.ports().check();
        Cluster cluster = new Cluster(settings, installation, progress);
        try {
            progress.accept("Starting a Kafka broker …");
            cluster.broker.start();
            progress.accept("Starting Flink: a JobManager and " + settings.taskManagers() + " TaskManagers with "
                    + settings.slots() + " slots each …");
            cluster.jobManager.start();
            cluster.taskManagers.forEach(KeptProcess::start);
            cluster.await("Kafka", cluster::kafkaAnswers);
            progress.accept("Kafka answers at " + cluster.bootstrapServers());
            cluster.await("Flink", () -> cluster.flink
                    .overview()
                    .filter(each -> each.taskManagers() == settings.taskManagers())
                    .isPresent());
            progress.accept("Flink answers at " + cluster.flink.address());
            cluster.broker.cameUp();
            cluster.jobManager.cameUp();
            cluster.taskManagers.forEach(KeptProcess::cameUp);
            cluster.watchRegistrations();
            if (Files.exists(cluster.submissionFile)) {
                cluster.resume();
            }
            return cluster;
        } catch (RuntimeException | IOException | InterruptedException e) {
            cluster.close();
            throw e;
        }
    }

    /** Kills a TaskManager that lives on unknown to the JobManager: nothing else would ever end it, so that it is started again. */
    private void watchRegistrations() {
        Thread watch = new Thread(
                () -> {
                    Unregistered unregistered = new Unregistered(REGISTRATION_LIMIT);
                    while (!closed) {
                        try {
                            watch(unregistered);
                            Thread.sleep(RETRY.toMillis());
                        } catch (InterruptedException e) {
                            return;
                        }
                    }
                },
                "registrations");
        watch.setDaemon(true);
        watch.start();
    }

    private void watch(Unregistered unregistered) throws InterruptedException {
        Optional<Set<String>> registered = flink.taskManagers();
        if (registered.isEmpty()) {
            unregistered.forget();
            return;
        }
        Map<String, KeptProcess> alive = new HashMap<>();
        taskManagers.forEach(each -> each.id().ifPresent(id -> alive.put(id, each)));
        for (String id : unregistered.overdue(System.nanoTime(), alive.keySet(), registered.get())) {
            progress.accept(id + " runs, but the JobManager has not known it for " + REGISTRATION_LIMIT.toSeconds()
                    + " s; killing it");
            KeptProcess overdue = alive.get(id);
            if (overdue != null) {
                overdue.kill();
            }
        }
    }

    private interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    private void await(String what, Condition condition) throws IOException, InterruptedException {
        long end = System.nanoTime() + START_LIMIT.toNanos();
        while (!condition.holds()) {
            broker.check();
            jobManager.check();
            taskManagers.forEach(KeptProcess::check);
            if (System.nanoTime() > end) {
                throw new ClusterException(what + " does not answer after " + START_LIMIT.toSeconds() + " s; see "
                        + settings.home().resolve("log"));
            }
            Thread.sleep(POLL.toMillis());
        }
    }

    private boolean kafkaAnswers() throws InterruptedException {
        try (Admin admin = admin()) {
            return !admin.describeCluster(new DescribeClusterOptions().timeoutMs(2000))
                    .nodes()
                    .get()
                    .isEmpty();
        } catch (ExecutionException notYet) {
            return false;
        }
    }

    private Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", bootstrapServers(), "reconnect.backoff.max.ms", "200"));
    }

    /** Makes the topics that there are not yet; documents may have up to 64 MB, dead letters a bit more. */
    public void createTopics(int partitions, Collection<String> names) throws InterruptedException {
        try (Admin admin = admin()) {
            Set<String> there = admin.listTopics().names().get();
            admin.createTopics(names.stream()
                            .filter(name -> !there.contains(name))
                            .map(name -> new NewTopic(name, partitions, (short) 1)
                                    .configs(Map.of("max.message.bytes", Integer.toString(72 << 20))))
                            .toList())
                    .all()
                    .get();
            Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
            names.stream().filter(name -> !there.contains(name)).forEach(name -> IntStream.range(0, partitions)
                    .forEach(each -> ends.put(new TopicPartition(name, each), OffsetSpec.latest())));
            await("A leader of each partition", () -> allLead(admin, ends));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ExecutionException e) {
            throw new ClusterException("The topics " + names + " could not be made: " + e.getCause(), e);
        }
    }

    /**
     * Whoever sends before may have the first batch of a producer refused and the second one accepted; then the first is out of order
     * until its time is over.
     */
    private static boolean allLead(Admin admin, Map<TopicPartition, OffsetSpec> partitions)
            throws InterruptedException {
        try {
            admin.listOffsets(partitions).all().get();
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RetriableException) {
                return false;
            }
            throw new ClusterException("The leaders of " + partitions.keySet() + " do not answer: " + e.getCause(), e);
        }
    }

    public String bootstrapServers() {
        return "127.0.0.1:" + settings.ports().kafka();
    }

    public FlinkRest flink() {
        return flink;
    }

    public KeptProcess broker() {
        return broker;
    }

    public KeptProcess jobManager() {
        return jobManager;
    }

    public List<KeptProcess> taskManagers() {
        return List.copyOf(taskManagers);
    }

    /** The job that runs or is about to; empty if there is none. */
    public Optional<Job> job() throws InterruptedException {
        try {
            return flink.jobs().stream().filter(job -> !job.isOver()).findFirst();
        } catch (IOException | ClusterException jobManagerIsAway) {
            return Optional.empty();
        }
    }

    /**
     * Submits a job, which goes on from the newest checkpoint or savepoint of this home if there is one.
     *
     * @return its id
     * @throws ClusterException if Flink or the job refuses, with the reason
     */
    public String submit(Submission submission) throws IOException, InterruptedException {
        Path state = RetainedState.newest(
                        submission.since(),
                        settings.checkpoints(),
                        settings.home().resolve("savepoints"))
                .orElse(null);
        String id = flink.submit(submission, state);
        submission.write(submissionFile);
        progress.accept("Job " + id + " submitted" + (state == null ? "" : ", going on from " + state));
        return id;
    }

    /**
     * Stops the job with a savepoint, from which the next one that is submitted goes on. While checkpoints fail, tries again.
     *
     * @throws ClusterException if there is no job, or it could not be stopped
     */
    public Path stopJob() throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            Job job = job().orElseThrow(() -> new ClusterException("There is no job to stop"));
            try {
                Path savepoint =
                        flink.stopWithSavepoint(job.id(), settings.home().resolve("savepoints"));
                Files.deleteIfExists(submissionFile);
                progress.accept("Job stopped with " + savepoint);
                return savepoint;
            } catch (ClusterException e) {
                if (attempt == STOP_ATTEMPTS) {
                    throw e;
                }
                Thread.sleep(1000);
            }
        }
    }

    /**
     * Ends the job without a savepoint, as people do whose job must end now. The next one that is submitted goes on from its newest
     * checkpoint.
     *
     * @throws ClusterException if there is no job
     */
    public void cancelJob() throws IOException, InterruptedException {
        Job job = job().orElseThrow(() -> new ClusterException("There is no job to cancel"));
        Files.deleteIfExists(submissionFile);
        flink.cancel(job.id());
        progress.accept("Job cancelled");
    }

    /** Until it goes on: whoever refuses now, such as a broker that is away, may not a moment later. */
    private void submitAgain() {
        String said = "";
        while (!closed) {
            try {
                resume();
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (IOException | RuntimeException e) {
                String reason = "The job could not be submitted again, and is tried again: " + e.getMessage();
                if (!closed && !reason.equals(said)) {
                    progress.accept(reason);
                    said = reason;
                }
            }
            LockSupport.parkNanos(RETRY.toNanos());
        }
    }

    /**
     * Slots that the JobManager before has left are free only once their tasks are gone. Only one at a time, and only if there is no job:
     * a JobManager that dies twice asks for it twice, and two jobs would end each other's transactions.
     */
    private void resume() throws IOException, InterruptedException {
        synchronized (resuming) {
            Optional<Submission> submission = Submission.read(submissionFile);
            if (submission.isEmpty()) {
                return;
            }
            await(
                    "Flink with free slots",
                    () -> closed
                            || job().isPresent()
                            || flink.overview()
                                    .filter(each -> each.freeSlots() == each.slots()
                                            && each.freeSlots()
                                                    >= submission.get().parallelism())
                                    .isPresent());
            if (!closed && job().isEmpty()) {
                submit(submission.get());
            }
        }
    }

    /** Ends all processes and waits until they are gone. What they wrote stays; the job's state is its last checkpoint. */
    @Override
    public void close() {
        closed = true;
        List<KeptProcess> all = new ArrayList<>(taskManagers);
        all.add(jobManager);
        all.forEach(KeptProcess::retire);
        all.forEach(KeptProcess::close);
        broker.close();
    }
}
