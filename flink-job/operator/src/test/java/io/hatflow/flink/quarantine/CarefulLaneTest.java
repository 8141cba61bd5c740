package io.hatflow.flink.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Over real files and a model whose answers the test gives. */
@Timeout(60)
class CarefulLaneTest {

    private record Question(String id, CompletableFuture<String> answer) {}

    private final Path folder;

    CarefulLaneTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private final BlockingQueue<Question> questions = new LinkedBlockingQueue<>();

    private CarefulLane<String> lane() {
        return new CarefulLane<>(attempts(), 3);
    }

    private Attempts attempts() {
        return Attempts.in(folder.toUri().toString());
    }

    private CompletableFuture<String> ask(CarefulLane<String> lane, String id) {
        return lane.ask(id, () -> {
            CompletableFuture<String> answer = new CompletableFuture<>();
            questions.add(new Question(id, answer));
            return answer;
        });
    }

    private void send(CarefulLane<String> lane, String id) {
        var unused = ask(lane, id);
    }

    private Question next() throws InterruptedException {
        Question question = questions.poll(30, TimeUnit.SECONDS);
        assertThat(question).isNotNull();
        return question;
    }

    private List<String> noted() {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString().replaceAll("~.*", ""))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void anAttemptIsNotedUntilItIsAnswered() throws Exception {
        CarefulLane<String> lane = lane();
        CompletableFuture<String> answer = ask(lane, "a");
        Question question = next();
        assertThat(noted()).containsExactly("a");

        question.answer().complete("labels");

        assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo("labels");
        Awaitility.await().untilAsserted(() -> assertThat(noted()).isEmpty());
        lane.close();
    }

    /** As elements of somebody's stream may have them. */
    @Test
    void anIdMayHoldWhatAFilesNameMayNot() throws Exception {
        String id = "tickets/2026~07?";
        send(lane(), id);
        Question question = next();

        assertThat(attempts().leftOver(id)).isEqualTo(1);
        assertThat(attempts().leftOver("tickets")).isZero();
        question.answer().complete("labels");
        Awaitility.await()
                .untilAsserted(() -> assertThat(attempts().leftOver(id)).isZero());
    }

    @Test
    void whatAProcessDidNotSurviveIsCountedByTheNext() throws Exception {
        // As after a crash: nobody closes the lane.
        send(lane(), "killer");
        Question first = next();
        assertThat(attempts().leftOver("killer")).isEqualTo(1);
        assertThat(attempts().leftOver("other")).isZero();
        first.answer().completeExceptionally(new IllegalStateException("so that the turn ends"));

        CarefulLane<String> second = lane();
        send(second, "killer");
        next().answer().completeExceptionally(new IllegalStateException("out of memory"));
        second.close();

        assertThat(attempts().leftOver("killer")).isEqualTo(2);
    }

    @Test
    void aSuspectGoesAloneAtItsLastAttemptAndIsForgottenOnceItIsAnswered() throws Exception {
        Files.createFile(folder.resolve("suspect~1"));
        Files.createFile(folder.resolve("suspect~2"));
        CarefulLane<String> lane = lane();
        send(lane, "first");
        Question first = next();
        List<CompletableFuture<String>> answers = new ArrayList<>();
        for (String id : List.of("second", "suspect", "third")) {
            answers.add(ask(lane, id));
        }
        assertThat(questions).isEmpty();

        first.answer().complete("");
        Question second = next();
        assertThat(second.id()).isEqualTo("second");
        assertThat(questions).isEmpty();
        second.answer().complete("");
        Question suspect = next();
        assertThat(suspect.id()).isEqualTo("suspect");
        assertThat(questions).isEmpty();
        assertThat(noted()).containsExactly("suspect", "suspect", "suspect");
        suspect.answer().complete("");
        next().answer().complete("");

        for (CompletableFuture<String> answer : answers) {
            answer.get(30, TimeUnit.SECONDS);
        }
        Awaitility.await().untilAsserted(() -> assertThat(noted()).isEmpty());
        lane.close();
    }

    @Test
    void anOrderlyEndBlamesNobody() throws Exception {
        CarefulLane<String> lane = lane();
        send(lane, "innocent");
        Question innocent = next();
        lane.close();

        Awaitility.await().untilAsserted(() -> assertThat(innocent.answer()).isCancelled());
        Awaitility.await().untilAsserted(() -> assertThat(noted()).isEmpty());
    }

    /** The model's own thread tells the two apart. */
    @Test
    void aHangBlamesWhatWasWithTheModelAndNotWhatWaitedForIt() throws Exception {
        CarefulLane<String> lane = lane();
        send(lane, "first");
        Question first = next();
        List.of("hanging", "waiting", "waiting-too").forEach(id -> send(lane, id));
        first.answer().complete("");
        Question hanging = next();
        Question waiting = next();
        Question waitingToo = next();
        assertThat(noted()).containsExactly("hanging", "waiting", "waiting-too");

        hanging.answer().completeExceptionally(new TimeoutException("The model hangs"));
        waiting.answer().completeExceptionally(new CancellationException("not with it"));
        waitingToo.answer().completeExceptionally(new CompletionException(new CancellationException("not with it")));
        lane.close();

        // The lane's thread may not have heard of the answers yet.
        Awaitility.await().untilAsserted(() -> assertThat(noted()).containsExactly("hanging"));
        CarefulLane<String> other = lane();
        send(other, "next");
        assertThat(next().id()).isEqualTo("next");
        other.close();
    }

    @Test
    void whereNothingCanBeNotedDocumentsGoToTheModelAllTheSame() throws Exception {
        Path noFolder = Files.createFile(folder.resolve("file"));
        CarefulLane<String> lane =
                new CarefulLane<>(Attempts.in(noFolder.toUri().toString()), 3);
        CompletableFuture<String> answer = ask(lane, "a");
        next().answer().complete("labels");

        assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo("labels");
        lane.close();
    }
}
