package io.hatflow.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import org.junit.jupiter.api.Test;

/** What a person is told of a stack trace. */
class FlinkRestTest {

    @Test
    void theFirstCauseThatIsNotFlinksOwnIsTheReason() {
        assertThat(FlinkRest.sentenceOf("""
                        org.apache.flink.runtime.execution.SuppressRestartsException: Unrecoverable failure. This suppresses job restarts.
                        \tat io.hatflow.job.classify.ClassifyFunction.open(ClassifyFunction.java:96)
                        \t... 3 more
                        Caused by: io.hatflow.inference.bundle.BundleException: The model bundle /m cannot be used:
                          there is no such folder; expected one
                        \tat io.hatflow.inference.bundle.Bundle.open(Bundle.java:10)
                        Caused by: java.nio.file.NoSuchFileException: /m
                        \tat java.base/sun.nio.fs.UnixException.translateToIOException(UnixException.java:92)
                        """))
                .isEqualTo("The model bundle /m cannot be used:\n  there is no such folder; expected one");
    }

    @Test
    void whereAllIsFlinksTheLastCauseIs() {
        assertThat(FlinkRest.sentenceOf("""
                        org.apache.flink.runtime.JobException: Recovery is suppressed
                        \tat org.apache.flink.A.b(A.java:1)
                        Caused by: org.apache.flink.runtime.NoResourceAvailableException: Could not acquire the minimum required resources.
                        """)).isEqualTo("Could not acquire the minimum required resources.");
    }

    @Test
    void anExceptionWithoutAMessageIsNamed() {
        assertThat(FlinkRest.sentenceOf("java.lang.StackOverflowError\n\tat a.B.c(B.java:1)\n"))
                .isEqualTo("java.lang.StackOverflowError");
    }

    @Test
    void whatTheJobSaysIsTakenOutOfFlinksAnswerAsItWasSaid() throws Exception {
        String answer = """
                ["Internal server error.", "<Exception on server side:\\norg.apache.flink.client.program.ProgramInvocationException: \
                The job cannot run:\\n  - execution.checkpointing.dir is \\"/x\\"\\n\\tat io.hatflow.A.b(A.java:1)\\n"]""";

        assertThat(FlinkRest.reason(new JsonMapper().readTree(answer)))
                .isEqualTo("The job cannot run:\n  - execution.checkpointing.dir is \"/x\"");
    }
}
