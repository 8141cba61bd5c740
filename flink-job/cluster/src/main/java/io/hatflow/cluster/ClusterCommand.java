package io.hatflow.cluster;

import io.hatflow.cluster.ClusterSettings.Ports;
import io.hatflow.cluster.FlinkRest.Job;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The commands behind {@code deploy/hatflow cluster}. */
@Command(
        name = "hatflow cluster",
        description =
                "A Kafka broker, a Flink JobManager and TaskManagers as processes of this machine, for tests and trials.",
        synopsisSubcommandLabel = "start | submit | status | stop",
        subcommands = {
            ClusterCommand.Run.class,
            ClusterCommand.Submit.class,
            ClusterCommand.Status.class,
            ClusterCommand.Stop.class
        },
        mixinStandardHelpOptions = true)
public final class ClusterCommand {

    /** Line after which whoever waits for the start may go. */
    static final String READY = "Ready.";

    private static final long STOP_SECONDS = 120;
    private static final Duration RUN_LIMIT = Duration.ofMinutes(3);
    private static final Duration REASON_LIMIT = Duration.ofSeconds(20);
    private static final Duration POLL = Duration.ofMillis(200);

    /** Those of the job's defaults. */
    private static final List<String> TOPICS = List.of("documents", "labelled-documents", "dead-letters");

    private static final int PARTITIONS = 4;

    private ClusterCommand() {}

    /** Ends the JVM with 0 if all went well, 1 if not, 2 if the command was not understood. */
    public static void main(String[] arguments) {
        System.exit(line().execute(arguments));
    }

    static CommandLine line() {
        return CommandLines.of(new ClusterCommand());
    }

    /** Where a cluster is, and what is known of it from outside. */
    static final class Home {

        @Option(names = "--home", required = true, description = "folder of everything that the cluster writes")
        private Path folder = Path.of("");

        Path path() {
            return folder.toAbsolutePath().normalize();
        }

        private Path pidFile() {
            return path().resolve("cluster.pid");
        }

        private Path portsFile() {
            return path().resolve("ports");
        }

        Optional<ProcessHandle> supervisor() throws IOException {
            return Files.exists(pidFile())
                    ? ProcessHandle.of(
                                    Long.parseLong(Files.readString(pidFile()).strip()))
                            .filter(ProcessHandle::isAlive)
                            // The number may have gone to another process.
                            .filter(process ->
                                    process.info().command().orElse("java").contains("java"))
                    : Optional.empty();
        }

        void write(Ports ports) throws IOException {
            Files.createDirectories(path());
            Files.writeString(portsFile(), ports.kafka() + " " + ports.web());
            Files.writeString(pidFile(), Long.toString(ProcessHandle.current().pid()));
        }

        int port(int index) throws IOException {
            return Integer.parseInt(Files.readString(portsFile()).split(" ", -1)[index]);
        }

        void requireCluster() throws IOException {
            if (supervisor().isEmpty()) {
                throw new ClusterException(
                        "No cluster runs in " + path() + "; start one with deploy/hatflow cluster start");
            }
        }

        FlinkRest flink() throws IOException {
            return new FlinkRest(port(1));
        }
    }

    /** Stays in the foreground; the script puts it into the background. */
    @Command(name = "run", description = "start, and stay until told to stop", mixinStandardHelpOptions = true)
    static final class Run implements Callable<Integer> {

        @CommandLine.Mixin
        private Home home = new Home();

        @Option(names = "--checkout", required = true, hidden = true)
        private Path checkout = Path.of("");

        @Option(names = "--kafka-port", defaultValue = "9092", description = "default: ${DEFAULT-VALUE}")
        private int kafkaPort;

        @Option(names = "--web-port", defaultValue = "8081", description = "default: ${DEFAULT-VALUE}")
        private int webPort;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (home.supervisor().isPresent()) {
                throw new ClusterException(
                        "A cluster runs in " + home.path() + " already; stop it first, or give another --home");
            }
            Ports ports = Ports.of(kafkaPort, webPort);
            ports.check();
            home.write(ports);
            CountDownLatch asked = new CountDownLatch(1);
            CountDownLatch stopped = new CountDownLatch(1);
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(
                            () -> {
                                asked.countDown();
                                try {
                                    stopped.await(STOP_SECONDS, TimeUnit.SECONDS);
                                } catch (InterruptedException e) {
                                    Thread.currentThread().interrupt();
                                }
                            },
                            "stop"));
            try (Cluster cluster =
                    Cluster.start(ClusterSettings.of(home.path(), ports), Installation.in(checkout), Run::say)) {
                cluster.createTopics(PARTITIONS, TOPICS);
                say("Topics: " + String.join(", ", TOPICS));
                say(READY);
                asked.await();
                stopJob(cluster);
            } finally {
                Files.deleteIfExists(home.pidFile());
                stopped.countDown();
            }
            say("Stopped.");
            return 0;
        }

        private void stopJob(Cluster cluster) throws IOException, InterruptedException {
            if (cluster.job().isEmpty()) {
                return;
            }
            Optional<Submission> submission = Submission.read(home.path().resolve("job.json"));
            try {
                cluster.stopJob();
            } catch (ClusterException e) {
                say(e.getMessage() + "; it will continue from its last checkpoint");
            }
            // So that it goes on with the next start.
            if (submission.isPresent()) {
                submission.get().write(home.path().resolve("job.json"));
            }
        }

        private static void say(String line) {
            System.out.println(line);
            System.out.flush();
        }
    }

    @Command(
            name = "submit",
            description =
                    "Submit the job, which continues from its newest checkpoint or savepoint. Settings of the job follow"
                            + " after --, see docs/configuration.md; the broker's address is filled in.",
            mixinStandardHelpOptions = true)
    static final class Submit implements Callable<Integer> {

        @CommandLine.Mixin
        private Home home = new Home();

        @Option(names = "--checkout", required = true, hidden = true)
        private Path checkout = Path.of("");

        @Option(names = "--parallelism", defaultValue = "2", description = "default: ${DEFAULT-VALUE}")
        private int parallelism;

        @Option(names = "--jar", description = "default: the job's jar of this checkout")
        private String jar = "";

        @Option(names = "--fresh", description = "start from the beginning, whatever checkpoints exist")
        private boolean fresh;

        @Parameters(paramLabel = "SETTING")
        private List<String> settings = new ArrayList<>();

        @Override
        public Integer call() throws IOException, InterruptedException {
            home.requireCluster();
            FlinkRest flink = home.flink();
            int slots = overview(flink).slots();
            if (parallelism < 1 || parallelism > slots) {
                throw new ClusterException("--parallelism is " + parallelism + ", expected 1 to " + slots
                        + ", the slots of this cluster's TaskManagers that are up");
            }
            if (!jar.isEmpty() && !Files.isRegularFile(Path.of(jar))) {
                throw new ClusterException("--jar is " + jar
                        + ", which is not a file; expected the job's jar for clusters," + " hatflow-job-…-cluster.jar");
            }
            if (flink.jobs().stream().anyMatch(job -> !job.isOver())) {
                throw new ClusterException("A job runs already; stop it with deploy/hatflow cluster stop --job");
            }
            List<String> all = new ArrayList<>(settings);
            all.add("--kafka.bootstrap-servers=127.0.0.1:" + home.port(0));
            Submission submission = new Submission(
                    jar.isEmpty() ? Installation.in(checkout).jobJar().toString() : jar,
                    parallelism,
                    all,
                    fresh ? System.currentTimeMillis() : 0);
            Optional<Path> state = RetainedState.newest(
                    submission.since(),
                    home.path().resolve("checkpoints"),
                    home.path().resolve("savepoints"));
            String id = flink.submit(submission, state.orElse(null));
            submission.write(home.path().resolve("job.json"));
            System.out.println("Job " + id + " submitted"
                    + state.map(each -> ", going on from " + each).orElse("") + "; see " + flink.address());
            awaitThatItRuns(flink, id);
            System.out.println("It runs.");
            return 0;
        }

        /** Flink's answers about a job's exceptions may be some seconds older than those about its state. */
        private static Optional<String> reason(FlinkRest flink, String id) throws IOException, InterruptedException {
            long end = System.nanoTime() + REASON_LIMIT.toNanos();
            Optional<String> reason = flink.failure(id);
            while (reason.isEmpty() && System.nanoTime() < end) {
                Thread.sleep(POLL.toMillis());
                reason = flink.failure(id);
            }
            return reason;
        }

        /** Some mistakes, such as a bundle that is not where tasks run, are found by tasks alone. */
        private void awaitThatItRuns(FlinkRest flink, String id) throws IOException, InterruptedException {
            long end = System.nanoTime() + RUN_LIMIT.toNanos();
            while (!flink.runs(id)) {
                if (flink.jobs().stream().anyMatch(job -> job.id().equals(id) && job.isOver())) {
                    // It would fail like that with each start of the JobManager.
                    Files.deleteIfExists(home.path().resolve("job.json"));
                    throw new ClusterException("The job has failed. "
                            + reason(flink, id).orElse("It left no reason; see " + home.path() + "/log"));
                }
                if (System.nanoTime() > end) {
                    throw new ClusterException("The job does not run after " + RUN_LIMIT.toSeconds() + " s. "
                            + flink.failure(id).orElse("Its tasks are still starting; see " + flink.address()));
                }
                Thread.sleep(POLL.toMillis());
            }
        }
    }

    /** @throws ClusterException if the JobManager does not answer */
    private static FlinkRest.Overview overview(FlinkRest flink) throws InterruptedException {
        return flink.overview()
                .orElseThrow(() -> new ClusterException("The JobManager does not answer at " + flink.address()
                        + "; it is started again when it has died, so try again in half a minute"));
    }

    @Command(name = "status", description = "Say what runs.", mixinStandardHelpOptions = true)
    static final class Status implements Callable<Integer> {

        @CommandLine.Mixin
        private Home home = new Home();

        @Override
        public Integer call() throws IOException, InterruptedException {
            home.requireCluster();
            System.out.println("supervisor  " + home.supervisor().orElseThrow().pid());
            home.supervisor()
                    .orElseThrow()
                    .children()
                    .forEach(child -> System.out.println("process     " + child.pid()
                            + "  "
                            + child.info().arguments().map(Status::role).orElse("")));
            System.out.println("Kafka       127.0.0.1:" + home.port(0));
            System.out.println("Flink       " + home.flink().address() + "  "
                    + home.flink()
                            .overview()
                            .map(each -> each.taskManagers() + " TaskManagers, " + each.freeSlots() + " of "
                                    + each.slots() + " slots free")
                            .orElse("does not answer"));
            try {
                for (Job job : home.flink().jobs()) {
                    System.out.println("job         " + job.id() + "  " + job.name() + "  " + job.state());
                    home.flink()
                            .failure(job.id())
                            .ifPresent(reason ->
                                    System.out.println("            failed the last time because: " + reason));
                }
            } catch (IOException jobManagerIsAway) {
                System.out.println("job         unknown, the JobManager does not answer");
            }
            return 0;
        }

        private static String role(String[] arguments) {
            for (String argument : arguments) {
                if (argument.startsWith("-Dhatflow.taskmanager=")) {
                    return argument.substring(argument.indexOf('=') + 1);
                }
                if (argument.endsWith("StandaloneSessionClusterEntrypoint")) {
                    return "jobmanager";
                }
                if (argument.endsWith("BrokerProcess")) {
                    return "broker";
                }
            }
            return "";
        }
    }

    @Command(
            name = "stop",
            description = "Stop the job with a savepoint, then everything.",
            mixinStandardHelpOptions = true)
    static final class Stop implements Callable<Integer> {

        @CommandLine.Mixin
        private Home home = new Home();

        @Option(names = "--job", description = "only the job")
        private boolean job;

        @Override
        public Integer call() throws IOException, InterruptedException {
            home.requireCluster();
            if (job) {
                FlinkRest flink = home.flink();
                overview(flink);
                Job running = flink.jobs().stream()
                        .filter(each -> !each.isOver())
                        .findFirst()
                        .orElseThrow(() -> new ClusterException("There is no job to stop"));
                System.out.println("Job stopped with "
                        + flink.stopWithSavepoint(running.id(), home.path().resolve("savepoints")));
                Files.deleteIfExists(home.path().resolve("job.json"));
                return 0;
            }
            ProcessHandle supervisor = home.supervisor().orElseThrow();
            supervisor.destroy();
            try {
                supervisor.onExit().get(STOP_SECONDS + 30, TimeUnit.SECONDS);
            } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
                throw new ClusterException(
                        "The cluster in " + home.path() + " does not stop; see "
                                + home.path().resolve("cluster.log"),
                        e);
            }
            System.out.println("Stopped; data stays in " + home.path());
            return 0;
        }
    }
}
