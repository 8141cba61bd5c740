package io.hatflow.chaos.agent;

import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.takesArguments;

import ai.onnxruntime.OrtException;
import java.lang.instrument.Instrumentation;
import java.nio.file.Path;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.asm.Advice;

/**
 * Lets {@link FaultPoint} act before every run of ONNX Runtime, in the job as it is deployed: the product has no hook for tests.
 * Started with {@code -javaagent:JAR=FOLDER}, where the folder is that of the fault files.
 */
public final class FaultAgent {

    private FaultAgent() {}

    /** Called by the JVM before main. */
    public static void premain(String folder, Instrumentation instrumentation) {
        FaultPoint.watch(Path.of(folder));
        new AgentBuilder.Default()
                .type(named("ai.onnxruntime.OrtSession"))
                .transform((builder, type, loader, module, domain) -> builder.visit(
                        // All others end here.
                        Advice.to(BeforeRun.class).on(named("run").and(takesArguments(4)))))
                .type(named("io.hatflow.inference.DocumentClassifier"))
                .transform((builder, type, loader, module, domain) -> builder.visit(Advice.to(BeforeClassify.class)
                        .on(named("classify").and(takesArguments(String.class, boolean.class)))))
                .installOn(instrumentation);
    }

    /** Copied to the beginning of {@code OrtSession.run}. */
    static final class BeforeRun {
        private BeforeRun() {}

        @Advice.OnMethodEnter
        static void enter() throws OrtException {
            FaultPoint.beforeRun();
        }
    }

    /** Copied to the beginning of {@code DocumentClassifier.classify}. */
    static final class BeforeClassify {
        private BeforeClassify() {}

        @Advice.OnMethodEnter
        static void enter(@Advice.Argument(0) String text) {
            FaultPoint.beforeClassify(text);
        }
    }
}
