package io.hatflow.job.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.hatflow.job.config.References;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.util.ExceptionUtils;
import org.jspecify.annotations.Nullable;

/**
 * Questions to a registry, put to whichever of its addresses answers, again and again until one does or the limit is reached. That it does not
 * know what is asked for, or does not let us in, is believed once a second round of all addresses says the same. Thread-safe.
 * What the registry refuses will not change by itself: then Flink does not restart the job.
 */
final class RegistryConnection {

    private static final int MAX_ANSWER_BYTES = 8 << 20;
    private static final String MEDIA_TYPE = "application/vnd.schemaregistry.v1+json";

    /** What is quoted of the registry's own words. */
    private static final int MAX_QUOTED = 300;

    /** For the other addresses, once one has answered. */
    private static final Duration OTHERS_LIMIT = Duration.ofSeconds(1);

    private static final JsonMapper JSON = new JsonMapper();

    private final List<String> urls;
    private final Map<String, String> properties;
    private final Patience patience;
    private final HttpClient client;

    /** The address that answered last. */
    private volatile int preferred;

    /**
     * What a registry said.
     *
     * @param json missing where it said none
     */
    record Answer(String question, int status, JsonNode json) {

        boolean isOk() {
            return status == 200;
        }

        /** The registry's own number of an error: 404 with two more digits where it does not know what was asked for. */
        int errorCode() {
            return json.path("error_code").asInt(0);
        }

        /** Whether the registry does not know what was asked for; a server that is none says 404, too, but without this number. */
        boolean isUnknown() {
            return status == 404 && errorCode() > 40400 && errorCode() < 40500;
        }

        /** What the registry says about it, in one line and not the whole of a long one. */
        String said() {
            String message =
                    json.path("message").asText("").replaceAll("\\s+", " ").strip();
            String quoted = message.length() <= MAX_QUOTED ? message : message.substring(0, MAX_QUOTED) + "…";
            return "status " + status + (errorCode() == 0 ? "" : ", error " + errorCode())
                    + (quoted.isEmpty() ? "" : ": " + quoted);
        }
    }

    /** This address cannot answer now; another, or the same one later, may. */
    private static class Unavailable extends IOException {
        private static final long serialVersionUID = 1L;

        Unavailable(String message) {
            super(message);
        }
    }

    /** This address does not let us in, or is no registry; another one of the same registry may be set up better. */
    private static final class Refused extends Unavailable {
        private static final long serialVersionUID = 1L;

        private final RegistryException refusal;

        Refused(RegistryException refusal) {
            super(String.valueOf(refusal.getMessage()));
            this.refusal = refusal;
        }
    }

    /** What came of asking each address once. */
    private enum Outcome {
        /** One has answered what was asked. */
        ANSWERED,
        /** Those that answer do not know what was asked for. */
        UNKNOWN,
        /** None of them lets us in, or is a registry. */
        REFUSED,
        /** None of them answers; at least one may later. */
        UNAVAILABLE
    }

    /**
     * Nothing is asked yet.
     *
     * @throws RegistryException if no client can be made of the settings
     * @throws IllegalArgumentException if they give no address; whoever needs a registry asks {@link RegistrySettings#isGiven} first
     */
    RegistryConnection(RegistrySettings settings, Patience patience) {
        if (!settings.isGiven()) {
            throw new IllegalArgumentException("There is no registry; give registry.url");
        }
        this.urls = settings.urls();
        this.properties = settings.properties();
        this.patience = patience;
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                // To follow would carry the login to wherever the answer points.
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(patience.answerLimit());
        try {
            RegistryTls.context(References.resolved(properties)).ifPresent(builder::sslContext);
        } catch (IllegalArgumentException e) {
            throw refusal(RegistrySettings.PREFIX + e.getMessage(), e);
        }
        this.client = builder.build();
    }

    Answer get(String path) {
        return ask("GET", path, null);
    }

    Answer post(String path, JsonNode body) {
        return ask("POST", path, body.toString());
    }

    private Answer ask(String method, String path, @Nullable String body) {
        long end = System.nanoTime() + patience.limit().toNanos();
        Duration pause = patience.firstPause();
        Outcome before = Outcome.UNAVAILABLE;
        Refused refused = null;
        while (true) {
            Round round = new Round();
            round.ask(method, path, body, end);
            Outcome outcome = round.outcome();
            // What one replica does not know yet may be on its way to it, and what stands before the registry may be
            // restarting: only who says so twice is believed.
            if (outcome == Outcome.ANSWERED || (outcome == before && outcome != Outcome.UNAVAILABLE)) {
                return round.result();
            }
            // The last round may have had no time for it.
            refused = round.refused == null ? refused : round.refused;
            if (System.nanoTime() + pause.toNanos() >= end) {
                throw noAnswer(method, path, round.unavailable, refused);
            }
            before = outcome;
            sleep(pause);
            pause = pause.multipliedBy(2).compareTo(patience.longestPause()) < 0
                    ? pause.multipliedBy(2)
                    : patience.longestPause();
        }
    }

    /** Each address is asked once, until one answers what is asked. */
    private final class Round {

        private @Nullable Answer answer;
        private @Nullable Refused refused;
        private @Nullable IOException unavailable;

        void ask(String method, String path, @Nullable String body, long end) {
            int first = preferred;
            for (int i = 0; i < urls.size() && outcome() != Outcome.ANSWERED; i++) {
                int index = (first + i) % urls.size();
                // Whoever is down shall not keep the task from what the others have said.
                Duration limit = answer == null ? patience.answerLimit() : OTHERS_LIMIT;
                try {
                    take(askOnce(urls.get(index), method, path, body, limit, end), index);
                } catch (Refused e) {
                    refused = e;
                } catch (IOException e) {
                    unavailable = e;
                }
            }
        }

        /** Of two that do not have it, the registry's own word counts, and not that of a server that is none. */
        private void take(Answer next, int index) {
            if (answer == null || !answer.isUnknown() || next.status() != 404) {
                answer = next;
                preferred = index;
            }
        }

        Outcome outcome() {
            if (answer != null) {
                return answer.status() == 404 ? Outcome.UNKNOWN : Outcome.ANSWERED;
            }
            return refused == null || unavailable != null ? Outcome.UNAVAILABLE : Outcome.REFUSED;
        }

        Answer result() {
            if (answer != null) {
                return answer;
            }
            throw Objects.requireNonNull(refused).refusal;
        }
    }

    private RegistryException noAnswer(
            String method, String path, @Nullable IOException unavailable, @Nullable Refused refused) {
        String reasons = Stream.of(unavailable, refused)
                .filter(Objects::nonNull)
                .map(RegistryConnection::reason)
                .collect(Collectors.joining("; and "));
        String question = method + " " + path + " within " + patience.limit().toMillis() / 1000.0 + " s";
        if (reasons.isEmpty()) {
            return new RegistryException(
                    "The schema registry at " + String.join(", ", urls) + " gives no second answer to " + question
                            + "; the first was that it does not know it. Look at its addresses one by one; check registry.url",
                    null);
        }
        return new RegistryException(
                "The schema registry at " + String.join(", ", urls) + " gives no answer to " + question + "; at last, "
                        + reasons + ". It must run and be reachable from here; check registry.url",
                unavailable);
    }

    private Answer askOnce(
            String url, String method, String path, @Nullable String body, Duration answerLimit, long end)
            throws IOException {
        Duration left = Duration.ofNanos(Math.max(1, end - System.nanoTime()));
        Duration limit = left.compareTo(answerLimit) < 0 ? left : answerLimit;
        String question = method + " " + url + path;
        HttpResponse<byte[]> response = send(url, question, request(url + path, method, body), limit);
        int status = response.statusCode();
        if (status >= 500 || status == 429 || status == 408) {
            throw new Unavailable(url + " answers with status " + status);
        }
        requireAllowed(question, url, status);
        return new Answer(question, status, json(question, response));
    }

    private HttpRequest request(String address, String method, @Nullable String body) {
        BodyPublisher publisher = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address))
                .header("Accept", MEDIA_TYPE + ", application/json")
                .method(method, publisher);
        if (body != null) {
            request.header("Content-Type", MEDIA_TYPE);
        }
        // Read anew for each request, so that a login which is replaced where it is kept needs no restart.
        login().ifPresent(login -> request.header("Authorization", login));
        return request.build();
    }

    private Optional<String> login() {
        String user = secret(RegistrySettings.USER_INFO);
        if (user != null) {
            return Optional.of("Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8)));
        }
        String token = secret(RegistrySettings.TOKEN);
        if (token != null && !token.chars().allMatch(character -> character > ' ' && character < 0x7F)) {
            throw refusal(
                    RegistrySettings.PREFIX + RegistrySettings.TOKEN
                            + " holds a character that no header may have, expected the token alone",
                    null);
        }
        return Optional.ofNullable(token).map(each -> "Bearer " + each);
    }

    /** The file that a reference names may end with a line break, which belongs to no login. */
    private @Nullable String secret(String name) {
        String text = properties.get(name);
        if (text == null) {
            return null;
        }
        try {
            return References.resolved(Map.of(name, text))
                    .getOrDefault(name, "")
                    .replaceFirst("\\R+$", "");
        } catch (IllegalArgumentException e) {
            throw refusal(RegistrySettings.PREFIX + e.getMessage(), null);
        }
    }

    private HttpResponse<byte[]> send(String url, String question, HttpRequest request, Duration limit)
            throws IOException {
        CompletableFuture<HttpResponse<byte[]>> answer =
                client.sendAsync(request, response -> new LimitedBody(MAX_ANSWER_BYTES));
        try {
            // The request's own limit would not count the body.
            return answer.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new Unavailable("no answer to " + question + " came within " + limit.toMillis() / 1000.0 + " s");
        } catch (ExecutionException e) {
            if (ExceptionUtils.findThrowable(e, LimitedBody.TooLong.class).isPresent()) {
                throw new Refused(nonsense(question, "more than " + MAX_ANSWER_BYTES + " bytes"));
            }
            requireTrust(url, e);
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        } finally {
            answer.cancel(true);
        }
    }

    private static void sleep(Duration pause) {
        try {
            // Tasks that lost the registry together do not all come back together.
            Thread.sleep((long) (pause.toMillis() * ThreadLocalRandom.current().nextDouble(0.5, 1)));
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static RegistryException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new RegistryException("The task was ended while it waited for the schema registry", cause);
    }

    private static String reason(IOException failure) {
        if (failure instanceof Unavailable) {
            return String.valueOf(failure.getMessage());
        }
        String message = failure.getMessage();
        return failure.getClass().getSimpleName() + (message == null ? "" : ": " + message);
    }

    private static void requireTrust(String url, Throwable failure) throws Refused {
        Optional<CertificateException> distrust = ExceptionUtils.findThrowable(failure, CertificateException.class);
        if (distrust.isPresent()) {
            throw new Refused(refusal(
                    "The TLS certificate of the schema registry at " + url + " is not accepted: "
                            + distrust.get().getMessage()
                            + ". Expected one that names this host and that an authority in registry.properties.ssl.truststore.location"
                            + " has signed; give the truststore that holds the registry's authority",
                    failure));
        }
    }

    private void requireAllowed(String question, String url, int status) throws Refused {
        if (status == 401) {
            boolean given = properties.containsKey(RegistrySettings.USER_INFO)
                    || properties.containsKey(RegistrySettings.TOKEN);
            throw new Refused(refusal(
                    "The schema registry at " + url
                            + " refuses the login (status 401). Expected a user or a token that it"
                            + " knows; "
                            + (given ? "check" : "set") + " registry.properties.basic.auth.user.info (USER:PASSWORD) or"
                            + " registry.properties.bearer.auth.token" + (given ? ", and what it refers to" : ""),
                    null));
        }
        if (status == 403) {
            throw new Refused(refusal(
                    "The schema registry does not allow its user to " + question
                            + " (status 403). Give the user that right, or"
                            + " log in as one that has it, by registry.properties.basic.auth.user.info or"
                            + " registry.properties.bearer.auth.token",
                    null));
        }
    }

    /** A registry speaks JSON, whatever it says; only where there is no such path, a server in between or an older registry may not. */
    private static JsonNode json(String question, HttpResponse<byte[]> response) throws Refused {
        try {
            JsonNode json = JSON.readTree(response.body());
            if (json.isContainerNode()) {
                return json;
            }
        } catch (JsonProcessingException e) {
            // Said below, without what Jackson quotes of it.
        } catch (IOException e) {
            throw new IllegalStateException("Bytes in memory could not be read; this is a bug", e);
        }
        if (response.statusCode() == 404) {
            return MissingNode.getInstance();
        }
        throw new Refused(nonsense(
                question,
                response.statusCode() != 200
                        ? "status " + response.statusCode()
                        : response.body().length + " bytes of "
                                + response.headers().firstValue("Content-Type").orElse("an unnamed type")
                                + " that are no JSON"));
    }

    /** A registry, or whatever answers in its place, says what it should not. */
    static RegistryException nonsense(String question, String found) {
        return new RegistryException(
                question + " is answered with " + found
                        + ", expected what Confluent's REST API says; check that registry.url is the address of the registry"
                        + " itself, with its path, such as /apis/ccompat/v7 of Apicurio",
                null);
    }

    /** What only people can change; Flink looks for what is in it, too, and does not restart the job. */
    static RegistryException refusal(String sentence, @Nullable Throwable cause) {
        return new RegistryException(
                sentence, new SuppressRestartsException(new IllegalStateException(sentence, cause)));
    }
}
