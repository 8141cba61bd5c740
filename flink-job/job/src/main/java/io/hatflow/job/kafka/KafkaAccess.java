package io.hatflow.job.kafka;

import io.hatflow.job.config.References;
import java.io.Serializable;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import javax.security.auth.login.LoginException;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.util.ExceptionUtils;
import org.apache.flink.util.FlinkRuntimeException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Kafka cluster as the settings describe it, and the question whether it lets us in. Asked by every process before it reads or writes,
 * so also after each restart: a refusal ends the job instead of restarting it for ever. Where Kafka does not answer, nothing is decided
 * here, and the connector's own attempts go on.
 */
public final class KafkaAccess implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(KafkaAccess.class);

    /** Long enough for a login, and no burden on a restart while a broker is away. */
    private static final int LIMIT_MS = 10_000;

    private final String servers;
    private final HashMap<String, String> properties;

    /**
     * Nothing is asked yet.
     *
     * @param properties of Kafka's clients; may hold references, which each client replaces in its own process
     */
    public KafkaAccess(String bootstrapServers, Map<String, String> properties) {
        this.servers = bootstrapServers;
        this.properties = new HashMap<>(properties);
    }

    public String bootstrapServers() {
        return servers;
    }

    /** For any client but where it connects to. */
    public Map<String, String> properties() {
        return References.resolvable(properties);
    }

    /**
     * Checks what can be checked without Kafka: that what the properties refer to is there, and that stores of keys and certificates open.
     *
     * @throws SuppressRestartsException with a {@link KafkaRefusal} if not
     */
    public void requireClient() {
        requireReferences();
        boolean stores = properties.keySet().stream().anyMatch(key -> key.startsWith("ssl."));
        if (stores && !withTokens()) {
            withAdmin(admin -> {});
        }
    }

    private void requireReferences() {
        try {
            References.requireAll(properties);
        } catch (IllegalArgumentException e) {
            throw fatal("kafka.properties." + e.getMessage());
        }
    }

    /** A client that logs in with a token asks for one when it is made. */
    private boolean withTokens() {
        return "OAUTHBEARER".equals(properties.get("sasl.mechanism"));
    }

    /**
     * Asks for the right to read.
     *
     * @throws SuppressRestartsException with a {@link KafkaRefusal} if Kafka says no
     */
    public void requireReading(InputTopics topics, String groupId) {
        requireReferences();
        withAdmin(admin -> requireReading(admin, topics, groupId));
    }

    /** As {@link #requireReading(InputTopics, String)}, by a client that is there already. */
    public void requireReading(Admin admin, InputTopics topics, String groupId) {
        settle(() -> {
            requireTopics(admin, topics.now(admin), AclOperation.READ, "read");
            requireGroup(admin, groupId);
        });
    }

    /**
     * Asks for the right to write.
     *
     * @throws SuppressRestartsException with a {@link KafkaRefusal} if Kafka says no
     * @throws FlinkRuntimeException if the topic is not there, and Kafka does not make it
     */
    public void requireWriting(String topic) {
        requireReferences();
        withAdmin(admin -> settle(() -> {
            if (!requireTopics(admin, List.of(topic), AclOperation.WRITE, "write to")
                    .isEmpty()) {
                requireMade(topic);
            }
        }));
    }

    /** Kafka makes a topic, where it does at all, for a producer that asks about it; one that only writes would wait in silence. */
    private void requireMade(String topic) {
        Map<String, Object> producing = clients();
        producing.putIfAbsent("max.block.ms", LIMIT_MS);
        KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(producing, new ByteArraySerializer(), new ByteArraySerializer());
        try {
            LOG.info("Kafka has made the topic {}: {}", topic, producer.partitionsFor(topic));
        } catch (TimeoutException e) {
            throw new FlinkRuntimeException(
                    "The topic " + topic
                            + " is not there, where events are to go; make it (docs/delivery.md says how), or"
                            + " correct kafka.labelled-topic or kafka.dead-letter-topic",
                    e);
        } finally {
            producer.close(Duration.ZERO);
        }
    }

    /**
     * Asks for the right to write in transactions.
     *
     * @param transactionalId begins as those that will be used do. Kafka will know it until it forgets it: there is no other way to find
     *     out
     * @throws SuppressRestartsException with a {@link KafkaRefusal} if Kafka says no
     */
    public void requireTransactions(String transactionalId) {
        requireReferences();
        // First of all, and as for all others: whether a client can be made of the settings.
        withAdmin(admin -> settle(() -> beginTransactions(transactionalId)));
    }

    /** The most bytes that a batch of records of a topic may have; beyond all numbers where Kafka does not say, as not every user may ask. */
    public long largestBatch(String topic) {
        long[] largest = {Long.MAX_VALUE};
        withAdmin(admin -> {
            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
            try {
                Config config =
                        get(admin.describeConfigs(List.of(resource), new DescribeConfigsOptions().timeoutMs(LIMIT_MS))
                                .values()
                                .get(resource));
                largest[0] = Long.parseLong(config.get("max.message.bytes").value());
            } catch (ExecutionException e) {
                LOG.debug("Kafka does not say what topic {} takes", topic, e);
            }
        });
        return largest[0];
    }

    private void withAdmin(Consumer<Admin> user) {
        Admin made;
        try {
            made = Admin.create(clients());
        } catch (KafkaException e) {
            if (!willPass(e)) {
                throw fatal("No Kafka client can be made of the settings: " + reasons(e)
                        + ". Check kafka.properties.*, and that the files they name are there");
            }
            undecided(e);
            return;
        }
        try (Admin admin = made) {
            user.accept(admin);
        }
    }

    /** What no setting is to blame for: a name that is not resolved, a token that its issuer does not give. */
    private boolean willPass(KafkaException failure) {
        return ExceptionUtils.findThrowableWithMessage(failure, "No resolvable bootstrap urls")
                        .isPresent()
                || (withTokens()
                        && ExceptionUtils.findThrowable(failure, LoginException.class)
                                .isPresent());
    }

    private static String reasons(Throwable failure) {
        Set<String> reasons = new LinkedHashSet<>();
        for (Throwable each = failure.getCause(); each != null; each = each.getCause()) {
            reasons.add(String.valueOf(each.getMessage()));
        }
        return reasons.isEmpty() ? String.valueOf(failure.getMessage()) : String.join("; ", reasons);
    }

    /** For any client, where it connects to included. */
    public Map<String, Object> clients() {
        Map<String, Object> clients = new HashMap<>(properties());
        clients.put("bootstrap.servers", servers);
        return clients;
    }

    /**
     * Asks for a right to topics.
     *
     * @return those that are not there, which is none of the rights' business: they may be on their way, or made by the first who writes
     */
    private Set<String> requireTopics(Admin admin, Collection<String> topics, AclOperation operation, String verb)
            throws ExecutionException {
        Map<String, KafkaFuture<TopicDescription>> described = new TreeMap<>(admin.describeTopics(
                        topics,
                        new DescribeTopicsOptions()
                                .includeAuthorizedOperations(true)
                                .timeoutMs(LIMIT_MS))
                .topicNameValues());
        Set<String> missing = new HashSet<>();
        for (Map.Entry<String, KafkaFuture<TopicDescription>> each : described.entrySet()) {
            String right = operation == AclOperation.READ ? "Read" : "Write";
            try {
                if (lacks(get(each.getValue()).authorizedOperations(), operation)) {
                    throw fatal(KafkaRefusal.topic(each.getKey(), verb, right, servers));
                }
            } catch (ExecutionException e) {
                if (e.getCause() instanceof TopicAuthorizationException) {
                    throw fatal(KafkaRefusal.topic(each.getKey(), verb, right, servers));
                }
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
                missing.add(each.getKey());
            }
        }
        return missing;
    }

    /** A group that is not there yet is made by its first commit; who may not read it is not told whether it is there. */
    private void requireGroup(Admin admin, String groupId) throws ExecutionException {
        try {
            Set<AclOperation> allowed = get(admin.describeConsumerGroups(
                                    List.of(groupId),
                                    new DescribeConsumerGroupsOptions()
                                            .includeAuthorizedOperations(true)
                                            .timeoutMs(LIMIT_MS))
                            .describedGroups()
                            .get(groupId))
                    .authorizedOperations();
            if (lacks(allowed, AclOperation.READ)) {
                throw fatal(KafkaRefusal.group(groupId, servers));
            }
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof GroupIdNotFoundException)) {
                throw e;
            }
        }
    }

    private void beginTransactions(String transactionalId) {
        Map<String, Object> producing = clients();
        producing.put("transactional.id", transactionalId);
        producing.put("max.block.ms", LIMIT_MS);
        KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(producing, new ByteArraySerializer(), new ByteArraySerializer());
        try {
            producer.initTransactions();
        } catch (TransactionalIdAuthorizationException e) {
            throw fatal(KafkaRefusal.transactions(transactionalId, servers));
        } finally {
            producer.close(Duration.ZERO);
        }
    }

    /** Brokers that do not say what is allowed give nothing, or an empty set. */
    private static boolean lacks(@Nullable Set<AclOperation> allowed, AclOperation operation) {
        return allowed != null
                && !allowed.isEmpty()
                && !allowed.contains(operation)
                && !allowed.contains(AclOperation.ALL);
    }

    private static <T> T get(@Nullable KafkaFuture<T> future) throws ExecutionException {
        try {
            return Objects.requireNonNull(future).get();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    private interface Question {
        void ask() throws ExecutionException;
    }

    private void settle(Question question) {
        try {
            question.ask();
        } catch (ExecutionException | KafkaException e) {
            KafkaRefusal.behind(e, servers).ifPresent(refusal -> {
                throw new SuppressRestartsException(refusal);
            });
            undecided(e);
        }
    }

    private void undecided(Exception failure) {
        LOG.info("Kafka at {} does not say whether it lets us in: {}", servers, failure.toString());
    }

    private static SuppressRestartsException fatal(String sentence) {
        return new SuppressRestartsException(new KafkaRefusal(sentence));
    }

    /** The properties may hold secrets. */
    @Override
    public String toString() {
        return "Kafka at " + servers;
    }
}
