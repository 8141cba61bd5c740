package io.hatflow.job.kafka;

import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.apache.flink.util.ExceptionUtils;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;

/** Kafka does not let us in, not do what we have to, or not have what we have to read. To try again changes nothing; the message is for whoever can. */
public final class KafkaRefusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** @param message what is refused, what was expected and what to do, without a secret */
    public KafkaRefusal(String message) {
        super(message);
    }

    /** The refusal behind a failure of a Kafka client, if that is what it is. */
    public static Optional<KafkaRefusal> behind(Throwable failure, String servers) {
        Optional<KafkaRefusal> refusal = ExceptionUtils.findThrowable(failure, KafkaRefusal.class);
        return refusal.isPresent() ? refusal : sentence(failure, servers).map(KafkaRefusal::new);
    }

    private static Optional<String> sentence(Throwable failure, String servers) {
        return ExceptionUtils.findThrowable(failure, SslAuthenticationException.class)
                .map(e -> tls(e, servers))
                .or(() -> ExceptionUtils.findThrowable(failure, AuthenticationException.class)
                        .map(e -> "Kafka at " + servers + " refuses the login: " + e.getMessage()
                                + ". Expected credentials that it knows, by a mechanism that it offers; check sasl.jaas.config and"
                                + " what that refers to, and sasl.mechanism"))
                .or(() -> ExceptionUtils.findThrowable(failure, AuthorizationException.class)
                        .map(e -> rights(e, servers)));
    }

    private static String tls(SslAuthenticationException e, String servers) {
        String cause = ExceptionUtils.findThrowable(e, SSLException.class)
                .map(Throwable::getMessage)
                .orElse(String.valueOf(e.getMessage()));
        String lower = cause.toLowerCase(Locale.ROOT);
        String advice = lower.contains("path building") || lower.contains("path validation")
                ? "Expected a certificate that an authority in ssl.truststore.location has signed; give the truststore that holds"
                        + " the authority of these brokers"
                : lower.contains("subject alternative") || lower.contains("no name matching")
                        ? "Expected a certificate that names this host; connect by a name that it holds, or give the broker one that"
                                + " names the host"
                        : "Check ssl.truststore.*, and ssl.keystore.* where the brokers ask for a client's certificate";
        return "The TLS certificate or handshake of Kafka at " + servers + " is not accepted: " + cause + ". " + advice;
    }

    private static String rights(AuthorizationException e, String servers) {
        if (e instanceof TopicAuthorizationException topics) {
            return topic(String.join(", ", topics.unauthorizedTopics()), "use", "Describe and Read or Write", servers);
        }
        if (e instanceof GroupAuthorizationException group) {
            return group(group.groupId(), servers);
        }
        if (e instanceof TransactionalIdAuthorizationException) {
            return transactions("its prefix", servers);
        }
        return "Kafka at " + servers + " does not allow its user what is needed: " + e.getMessage()
                + ". Grant the right that it names with kafka-acls";
    }

    static String topic(String topic, String verb, String right, String servers) {
        return "Kafka at " + servers + " does not allow its user to " + verb + " topic " + topic
                + ". Expected the right " + right
                + "; grant it with kafka-acls --add --allow-principal User:NAME --topic "
                + topic + ", or log in as a user that has it";
    }

    static String group(String group, String servers) {
        return "Kafka at " + servers + " does not allow its user to use consumer group " + group
                + ". Expected the right Read; grant it with kafka-acls --add --allow-principal User:NAME --operation Read"
                + " --group " + group + ", or set kafka.group-id to a group that the user may use";
    }

    static String transactions(String prefix, String servers) {
        return "Kafka at " + servers + " does not allow its user transactional ids that begin with " + prefix
                + ". Expected the right Write; grant it with kafka-acls --add --allow-principal User:NAME --operation Write"
                + " --operation Describe --resource-pattern-type prefixed --transactional-id PREFIX, or set"
                + " kafka.transactional-id-prefix to one that the user may use";
    }
}
