package io.hatflow.job;

import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.job.config.References;
import io.hatflow.job.kafka.InputTopics;
import io.hatflow.job.kafka.KafkaAccess;
import io.hatflow.job.kafka.KafkaRefusal;
import io.hatflow.job.registry.RegistryException;
import io.hatflow.job.registry.SchemaRegistry;
import io.hatflow.job.sink.SinkSettings.Guarantee;
import io.hatflow.job.source.SourceSettings.Until;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import org.apache.flink.client.deployment.application.executors.EmbeddedExecutor;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses a job that could only fail, before it is submitted: its tasks would say the same, but in a stack trace, and most of them again and
 * again. What cannot be seen from here (a bundle that lies on the TaskManagers alone, brokers behind a wall) is left to the tasks, unless
 * they run here.
 *
 * @param tasksRunHere whether this machine runs the tasks, too
 * @param flink options of the job and of its environment
 */
record SubmissionCheck(JobSettings settings, boolean tasksRunHere, ReadableConfig flink) {

    private static final Logger LOG = LoggerFactory.getLogger(SubmissionCheck.class);
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:/");
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(20);

    /** @throws IllegalArgumentException with every reason why the job could only fail */
    void run() {
        List<String> problems = new ArrayList<>();
        bundleProblem().ifPresent(problems::add);
        problems.addAll(folderProblems());
        if (secretsAreHere(problems)) {
            Optional<String> properties = propertiesProblem();
            properties.ifPresentOrElse(problems::add, () -> problems.addAll(kafkaProblems()));
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("The job cannot run:\n  - " + String.join("\n  - ", problems));
        }
    }

    private Optional<String> bundleProblem() {
        if (SCHEME.matcher(settings.classify().classifier().bundle()).lookingAt()) {
            return Optional.of(
                    "model.bundle is \"" + settings.classify().classifier().bundle()
                            + "\", expected a path, such as /opt/bundles/contract-clauses: the model is opened from the machine's own files");
        }
        Path bundle = Path.of(settings.classify().classifier().bundle());
        if (!tasksRunHere && !Files.exists(bundle)) {
            LOG.info("There is no {} on this machine; the tasks will look at theirs", bundle);
            return Optional.empty();
        }
        try {
            DocumentClassifier.check(bundle, settings.classify().classifier().signer());
            return Optional.empty();
        } catch (BundleException e) {
            return Optional.of("model.bundle: " + e.getMessage());
        }
    }

    /** A client may lack the cluster's configuration, file systems and rights. */
    private List<String> folderProblems() {
        boolean jobManagerIsHere = tasksRunHere || EmbeddedExecutor.NAME.equals(flink.get(DeploymentOptions.TARGET));
        return jobManagerIsHere ? new FlinkFolders(flink, settings.quarantine().folder()).problems() : List.of();
    }

    /** Without them, Kafka cannot be asked from here. */
    private boolean secretsAreHere(List<String> problems) {
        try {
            References.requireAll(settings.kafkaProperties());
            return true;
        } catch (IllegalArgumentException e) {
            if (tasksRunHere) {
                problems.add(JobSettings.KAFKA_PREFIX + e.getMessage());
            } else {
                LOG.info("On this machine, {}{}; the tasks will ask Kafka", JobSettings.KAFKA_PREFIX, e.getMessage());
            }
            return false;
        }
    }

    /** What Kafka's clients refuse without a broker. */
    private Optional<String> propertiesProblem() {
        Map<String, Object> properties = clientProperties();
        properties.put("key.serializer", ByteArraySerializer.class);
        properties.put("value.serializer", ByteArraySerializer.class);
        properties.put("key.deserializer", ByteArrayDeserializer.class);
        properties.put("value.deserializer", ByteArrayDeserializer.class);
        try {
            ConsumerConfig consumer = new ConsumerConfig(properties);
            if (settings.sink().guarantee() == Guarantee.EXACTLY_ONCE) {
                properties.putIfAbsent("enable.idempotence", "true");
                properties.put("transactional.id", settings.sink().transactionalIdPrefix());
            }
            ProducerConfig producer = new ProducerConfig(properties);
            LOG.debug(
                    "Kafka's clients take {} and {} properties",
                    consumer.values().size(),
                    producer.values().size());
            return Optional.empty();
        } catch (KafkaException e) {
            return Optional.of(JobSettings.KAFKA_PREFIX + "…: Kafka's client refuses them: " + e.getMessage());
        }
    }

    private Map<String, Object> clientProperties() {
        return new KafkaAccess(settings.bootstrapServers(), settings.kafkaProperties()).clients();
    }

    private List<String> kafkaProblems() {
        Map<String, Object> properties = clientProperties();
        properties.putIfAbsent("default.api.timeout.ms", (int) ANSWER_LIMIT.toMillis());
        properties.putIfAbsent("request.timeout.ms", (int) ANSWER_LIMIT.toMillis());
        try (Admin admin = Admin.create(properties)) {
            List<String> problems = new ArrayList<>(topicProblems(admin));
            transactionProblem(admin).ifPresent(problems::add);
            return problems;
        } catch (NoAnswer | KafkaException e) {
            Optional<KafkaRefusal> refusal = KafkaRefusal.behind(e, settings.bootstrapServers());
            if (refusal.isPresent()) {
                return List.of(String.valueOf(refusal.get().getMessage()));
            }
            String unseen = "no broker answers at " + settings.bootstrapServers() + ": " + deepest(e);
            if (tasksRunHere) {
                return List.of("kafka.bootstrap-servers: " + unseen + "; start one there, or correct the address");
            }
            LOG.warn("From this machine, {}; the tasks will try", unseen);
            return List.of();
        }
    }

    private List<String> topicProblems(Admin admin) throws NoAnswer {
        Map<String, String> topics = new TreeMap<>();
        InputTopics inputs = settings.source().topics();
        Set<String> documents = inputsNow(admin, inputs);
        List<String> problems = new ArrayList<>();
        if (documents.isEmpty() && settings.source().until() == Until.CAUGHT_UP) {
            problems.add(
                    "No topic matches " + inputs + ", so that there is nothing to catch up with; correct it, or leave"
                            + " kafka.until out to wait for one");
        } else if (documents.isEmpty()) {
            LOG.warn("No topic matches {} yet; the job waits for one", inputs);
        }
        documents.forEach(topic -> topics.put(topic, inputs.key()));
        settings.sink().topics().of(documents).forEach(output -> topics.put(output.topic(), output.key()));
        for (Map.Entry<String, KafkaFuture<TopicDescription>> each :
                new TreeMap<>(admin.describeTopics(topics.keySet()).topicNameValues()).entrySet()) {
            String setting = topics.getOrDefault(each.getKey(), "") + ": the topic " + each.getKey();
            try {
                var unused = answered(each.getValue());
            } catch (UnknownTopicOrPartitionException e) {
                problems.add(setting + " is not there; make it (docs/delivery.md says how), or correct its name");
            } catch (TimeoutException e) {
                throw new NoAnswer(e);
            } catch (AuthenticationException e) {
                throw e; // is not the topic's affair
            } catch (KafkaException e) {
                problems.add(setting + " cannot be used: " + e.getMessage());
            }
        }
        problems.addAll(registryProblems(documents));
        return problems;
    }

    /** What the newest schemas of the topics lack, and where those of events may not go, as far as these are in the registry. */
    private List<String> registryProblems(Set<String> documents) {
        if (!settings.registry().isGiven()) {
            return List.of();
        }
        List<String> problems = new ArrayList<>();
        try {
            SchemaRegistry registry = SchemaRegistry.interactive(settings.registry());
            problems.addAll(settings.format().problems(registry, documents));
            problems.addAll(settings.events()
                    .problems(
                            registry,
                            settings.registry().subjectNames(),
                            settings.sink().topics(),
                            documents));
        } catch (RegistryException e) {
            if (tasksRunHere) {
                problems.add(String.valueOf(e.getMessage()));
            } else {
                LOG.warn("From this machine: {}. The tasks will try", e.getMessage());
            }
        }
        return problems;
    }

    private static Set<String> inputsNow(Admin admin, InputTopics inputs) throws NoAnswer {
        try {
            return inputs.now(admin);
        } catch (ExecutionException e) {
            throw new NoAnswer(e);
        }
    }

    /** A sink whose transactions may not last so long fails at its start. Not every client may ask for it. */
    private Optional<String> transactionProblem(Admin admin) throws NoAnswer {
        if (settings.sink().guarantee() != Guarantee.EXACTLY_ONCE) {
            return Optional.empty();
        }
        try {
            int node =
                    answered(admin.describeCluster().nodes()).iterator().next().id();
            ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, Integer.toString(node));
            Config config = answered(admin.describeConfigs(List.of(broker)).all())
                    .values()
                    .iterator()
                    .next();
            long most = Long.parseLong(config.get("transaction.max.timeout.ms").value());
            long asked = settings.sink().transactionTimeout().toMillis();
            return asked <= most
                    ? Optional.empty()
                    : Optional.of("kafka.transaction-timeout is " + asked / 1000.0 + " s, but the brokers allow "
                            + most / 1000.0 + " s; lower it, or raise transaction.max.timeout.ms there");
        } catch (KafkaException e) {
            return Optional.empty();
        }
    }

    private static <T> T answered(KafkaFuture<T> future) throws NoAnswer {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException kafka ? kafka : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NoAnswer(e);
        }
    }

    private static String deepest(Throwable failure) {
        Throwable deepest = failure;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return String.valueOf(deepest.getMessage());
    }

    /** Nothing is known about the brokers. */
    private static final class NoAnswer extends Exception {
        private static final long serialVersionUID = 1L;

        NoAnswer(Throwable cause) {
            super(cause);
        }
    }
}
