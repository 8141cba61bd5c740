package io.hatflow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.job.TroubleshootingPage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/**
 * Command lines with one mistake each, as they follow {@code deploy/hatflow}, and what a person sees first. {@code DIR} stands for a
 * folder with a few files, {@code KAFKA} for options that lead to no broker.
 */
class WrongCommandsTest {

    private static final String BUNDLE = "../inference/src/test/resources/bundles/";
    private static final String NO_BROKER =
            ". Does a broker run at --bootstrap-servers, can this machine reach it, and is the topic there?";

    static Stream<Wrong> wrongCommands() {
        return Stream.of(
                usage("skore", "Unmatched argument at index 0: 'skore'"),
                usage("skore --bundle b", "Unmatched arguments from index 0: 'skore', '--bundle', 'b'"),
                // score
                usage("score --bundel x", "Unknown option --bundel; did you mean --bundle?"),
                usage("score --input a --output b", "Missing required option: '--bundle=<bundle>'"),
                usage(
                        "score --bundle b --input DIR/docs.jsonl --output DIR/out --model.long-document=reject",
                        "The settings have a mistake:\n  - --model.long-document is not known; did you mean"
                                + " model.long-documents?"),
                usage(
                        "score --bundle b --input DIR/docs.jsonl --output DIR/out extra",
                        "The settings have a mistake:\n  - \"extra\" is not a flag; expected --key value or --key=value"),
                fails(
                        "score --bundle b --input DIR/none --output DIR/out",
                        "The input DIR/none is not a readable file; expected JSON lines."),
                fails(
                        "score --bundle b --input DIR --format csv --output out",
                        "The input DIR is a folder; expected CSV with a header, or --format text for a folder of texts."),
                fails(
                        "score --bundle b --input DIR --output DIR/out",
                        "The output DIR/out is within the input DIR, so that a run would read its own events; expected another"
                                + " folder."),
                usage(
                        "score --bundle b --input DIR/docs.jsonl --output out --format xml",
                        "Invalid value for option '--format': expected one of [JSON, TEXT, CSV] (case-insensitive) but was 'xml'"),
                fails(
                        "score --bundle b --input DIR/docs.jsonl --output out --delimiter ab",
                        "--delimiter is \"ab\", expected one character such as ; or \\t for a tab."),
                fails(
                        "score --bundle b --input DIR/docs.jsonl --output out --document.format=avro",
                        "--document.format is for topics; of files, --format says what they are."),
                usage(
                        "score --bundle b --input DIR/docs.jsonl --output out --document.schema=s.avsc",
                        "The settings have a mistake:\n  - document.schema has no effect with document.format: json; leave it out,"
                                + " or set document.format to avro"),
                fails(
                        "score --bundle b --input DIR/docs.jsonl --output DIR/none/out",
                        "The folder of the output DIR/none/out does not exist; make it first."),
                fails(
                        "score --bundle b --input DIR/docs.jsonl --output DIR",
                        "The output DIR is a folder; expected a file in it."),
                fails(
                        "score --bundle b --input DIR/docs.jsonl --output DIR/docs.jsonl",
                        "DIR/docs.jsonl exists; remove it or give --overwrite."),
                fails(
                        "score --bundle DIR --input DIR/docs.jsonl --output DIR/out",
                        "The model bundle DIR cannot be used:\n  - it has no manifest.json; expected a folder written by"
                                + " `python -m onnx_export bundle`"),
                fails(
                        "score --bundle " + BUNDLE + "tiny-choices --input DIR/docs.jsonl --output DIR/out",
                        "The model bundle …tiny-choices cannot be used:\n  - its task is multiple-choice, expected"
                                + " document-classification or segment-classification or token-classification or language-model; give the folder of a bundle that was"
                                + " exported from a checkpoint with such a head"),
                // send, read, replay
                usage("send DIR/docs.jsonl", "Missing required option: '--bootstrap-servers=<bootstrapServers>'"),
                usage("send --bootstrap-servers a:1", "Missing required parameter: 'FILE'"),
                usage(
                        "send --bootstrap-server a:1 f",
                        "Unknown option --bootstrap-server; did you mean --bootstrap-servers?"),
                fails("send KAFKA DIR/none", "DIR/none is not a file; expected text, or .jsonl with a document a line"),
                fails("send KAFKA DIR/latin.txt", "DIR/latin.txt is not UTF-8; convert it first (iconv -t UTF-8)"),
                fails(
                        "send KAFKA DIR/wrong.jsonl",
                        "DIR/wrong.jsonl, line 2: text or segments is missing or null; expected a text or an array of texts."),
                // Before it sends the other one.
                fails(
                        "send KAFKA DIR/docs.jsonl DIR/wrong.jsonl",
                        "DIR/wrong.jsonl, line 2: text or segments is missing or null; expected a text or an array of texts."),
                fails(
                        "send --bootstrap-servers broker DIR/docs.jsonl",
                        "Kafka did not do what it was asked for: Invalid url in bootstrap.servers: broker"),
                fails(
                        "send --bootstrap-servers a:1 --command-config DIR/none DIR/docs.jsonl",
                        "--command-config DIR/none is not a readable file; expected properties of Kafka's client"),
                fails(
                        "read --bootstrap-servers a:1 --command-config DIR/twice.properties",
                        "--command-config DIR/twice.properties: client.id is given more than once"),
                fails(
                        "read --bootstrap-servers a:1 --registry-url http://r --registry-config DIR/none",
                        "--registry-config DIR/none is not a readable file; expected properties of the registry's client"),
                fails(
                        "read --bootstrap-servers a:1 --registry-config DIR/docs.jsonl",
                        "--registry-config is given without --registry-url; give the address of the registry, too"),
                usage(
                        "replay --bootstrap-servers a:1 --reason NOT_AVRO --registry-url r:8081",
                        "The settings have a mistake:\n  - registry.url holds \"r:8081\", expected http:// or https:// and a"
                                + " host, …"),
                fails("send KAFKA DIR/docs.jsonl", "Kafka did not answer: …" + NO_BROKER),
                fails("read KAFKA", "Kafka did not answer: …" + NO_BROKER),
                usage("read KAFKA --dead-letter", "Unknown option --dead-letter; did you mean --dead-letters?"),
                usage("replay KAFKA", "Missing required option: '--reason=<reasons>'"),
                usage(
                        "replay KAFKA --reason LAZY",
                        "Invalid value for option '--reason' (<reasons>): expected one of [UNKNOWN, NOT_AVRO, …]"
                                + " (case-insensitive) but was 'LAZY'"),
                fails("replay KAFKA --reason NOT_AVRO --dry-run", "Kafka did not answer: …" + NO_BROKER),
                // demo, run
                fails(
                        "demo --bundle " + BUNDLE + "tiny-segments --samples DIR/none",
                        "There is no folder of samples at DIR/none."),
                usage(
                        "run",
                        "The settings have 2 mistakes:\n  - kafka.bootstrap-servers is missing; …\n  - model.bundle is missing; …"),
                fails(
                        "run --model.bundle=DIR --kafka.bootstrap-servers=127.0.0.1:1 --kafka.properties.linger.ms=soon",
                        "The job cannot run:\n  - model.bundle: The model bundle DIR cannot be used:\n  - it has no"
                                + " manifest.json; …\n  - kafka.properties.…: Kafka's client refuses them: Invalid value soon"
                                + " for configuration linger.ms: Not a number of type LONG"));
    }

    record Wrong(String command, int code, String message) {
        @Override
        public String toString() {
            return command;
        }
    }

    private static Wrong usage(String command, String message) {
        return new Wrong(command, CommandLine.ExitCode.USAGE, message);
    }

    private static Wrong fails(String command, String message) {
        return new Wrong(command, CommandLine.ExitCode.SOFTWARE, message);
    }

    @ParameterizedTest
    @MethodSource("wrongCommands")
    void aMistakeIsNamedWithoutAStackTrace(Wrong wrong, @TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("docs.jsonl"), "{\"id\": \"1\", \"text\": \"A text.\"}\n");
        Files.writeString(folder.resolve("wrong.jsonl"), "{\"id\": \"1\", \"text\": \"A text.\"}\n{\"id\": \"2\"}\n");
        Files.write(folder.resolve("latin.txt"), new byte[] {'Z', 'w', (byte) 0xF6, 'l', 'f'});
        Files.writeString(folder.resolve("twice.properties"), "client.id=a\nclient.id=b\n");
        Path hasty = Files.writeString(
                folder.resolve("hasty.properties"),
                "max.block.ms=300\ndefault.api.timeout.ms=300\nrequest.timeout.ms=300\n");
        StringWriter said = new StringWriter();
        CommandLine line = Commands.line().setErr(new PrintWriter(said, true));

        int code = line.execute(Arrays.stream(wrong.command().split(" ", -1))
                .flatMap(word -> word.equals("KAFKA")
                        ? Stream.of("--bootstrap-servers", "127.0.0.1:1", "--command-config", hasty.toString())
                        : Stream.of(word.replace("DIR", folder.toString())))
                .toArray(String[]::new));

        assertThat(said.toString()).doesNotContain("\tat ");
        String[] expected = wrong.message().split("\n", -1);
        List<String> lines =
                said.toString().replace(folder.toString(), "DIR").lines().toList();
        assertThat(lines).hasSizeGreaterThanOrEqualTo(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(lines.get(i)).matches(TroubleshootingPage.pattern(expected[i]));
        }
        assertThat(code).isEqualTo(wrong.code());
    }

    @Test
    void thePageOnTroublesExplainsThem() {
        TroubleshootingPage.assertExplains(
                "Commands",
                Stream.concat(wrongCommands().map(Wrong::message), WrongTopicsIT.wrongTopics())
                        .map(message -> message.replaceFirst("\n(?s).*", " …")));
    }
}
