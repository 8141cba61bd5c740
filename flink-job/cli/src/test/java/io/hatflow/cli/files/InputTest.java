package io.hatflow.cli.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.cli.files.Input.Format;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class InputTest {

    @TempDir
    private Path folder = Path.of("");

    private Input csv(String text) throws IOException {
        return new Input(Files.writeString(folder.resolve("docs.csv"), text), Format.CSV, ',');
    }

    /** Each record as its number, its key if it has one, and its value or why it has none. */
    private static List<String> records(Input input) throws IOException {
        List<String> records = new ArrayList<>();
        try (FileRecords read = input.open()) {
            for (FileRecord each = read.next(); each != null; each = read.next()) {
                byte[] key = each.record().key();
                byte[] value = each.record().value();
                records.add(each.number()
                        + (key == null ? " " : " " + new String(key, UTF_8) + " ")
                        + (each.refusal() != null
                                ? each.refusal().reason() + ": "
                                        + each.refusal().message()
                                : new String(value == null ? new byte[0] : value, UTF_8)));
            }
        }
        assertThat(input.count()).isEqualTo(records.size());
        return records;
    }

    @Test
    void rowsAreObjectsWithTheNamesOfTheHeader() throws IOException {
        assertThat(records(csv("\uFEFFid,the text,note\r\n1,\"two \"\"lines\"\"\r\nof, text\",\r\n\r\n2, é ,x\n")))
                .containsExactly(
                        "1 {\"id\":\"1\",\"the text\":\"two \\\"lines\\\"\\r\\nof, text\",\"note\":\"\"}",
                        "2 {\"id\":\"2\",\"the text\":\" é \",\"note\":\"x\"}");
    }

    @Test
    void aColumnWithoutANameIsLeftOut() throws IOException {
        assertThat(records(csv(",id,text, \n0,a,b,c\n"))).containsExactly("1 {\"id\":\"a\",\"text\":\"b\"}");
    }

    @Test
    void aRowOfAnotherWidthIsNoneAndTheNextOneIs() throws IOException {
        assertThat(records(csv("id,text\n1,\"a\nb\",c\n2\n3,d\n")))
                .containsExactly(
                        "1 MALFORMED_DOCUMENT: The row that ends in line 3 has 3 columns; expected 2, as the header has.",
                        "2 MALFORMED_DOCUMENT: The row that ends in line 4 has 1 columns; expected 2, as the header has.",
                        "3 {\"id\":\"3\",\"text\":\"d\"}");
    }

    @Test
    void otherDelimitersAreTakenWhereTheyAreGiven() throws IOException {
        Path file = Files.writeString(folder.resolve("tabs"), "id\ttext\n1\ta,b\n");
        assertThat(records(new Input(file, Format.CSV, '\t'))).containsExactly("1 {\"id\":\"1\",\"text\":\"a,b\"}");
    }

    static Stream<List<String>> wrongRows() {
        return Stream.of(
                List.of("", "The input docs.csv is empty; expected CSV with a header."),
                List.of(
                        "id;text\n1;a\n",
                        "The header of docs.csv is one column, with \";\" in its name; expected columns separated by \",\". Give --delimiter"
                                + " ';' if that is what separates them."),
                List.of(
                        "id\ttext\n",
                        "The header of docs.csv is one column, with \"\\t\" in its name; expected columns separated by \",\". Give --delimiter"
                                + " '\\t' if that is what separates them."),
                List.of(
                        "id,text,id\n",
                        "The header of docs.csv gives columns 1 and 3 one name; expected a name of its own for each."),
                List.of(
                        "id,text\n1,\"a\n2,b\n",
                        "The input docs.csv is not CSV near line 3: a quote does not end where its column does. Expected quotes"
                                + " around a text to be doubled within it."),
                List.of(
                        "id,text\n1,\"a\" b\n",
                        "The input docs.csv is not CSV near line 2: a quote does not end where its column does. Expected quotes"
                                + " around a text to be doubled within it."));
    }

    @ParameterizedTest
    @MethodSource("wrongRows")
    void whatCannotBeReadAsRowsIsSaid(List<String> textAndMessage) throws IOException {
        Input input = csv(textAndMessage.get(0));
        assertThatThrownBy(input::count)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(textAndMessage.get(1));
    }

    @Test
    void rowsThatAreNotUtf8AreSaidToBeSo() throws IOException {
        Path file = folder.resolve("latin.csv");
        Files.write(file, "id,text\n1,caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(new Input(file, Format.CSV, ',')::count)
                .hasMessageStartingWith("The input latin.csv is not UTF-8 near line ");
    }

    @Test
    void everyFileOfAFolderIsAText() throws IOException {
        Files.createDirectories(folder.resolve("b/_c"));
        Files.writeString(folder.resolve("b/_c/one.txt"), "One.");
        Files.writeString(folder.resolve("b/.two"), "\uFEFFTwo.\n");
        Files.write(folder.resolve("a.md"), "Wide.".getBytes(StandardCharsets.UTF_16));
        try (OutputStream zipped = new GZIPOutputStream(Files.newOutputStream(folder.resolve("z")))) {
            zipped.write("Zipped.".getBytes(UTF_8));
        }

        assertThat(records(new Input(folder, Format.TEXT, ',')))
                .satisfiesExactly(
                        wide -> assertThat(wide)
                                .startsWith(
                                        "1 a.md NOT_UTF8: " + folder.resolve("a.md") + " is UTF-16, expected UTF-8."),
                        two -> assertThat(two).isEqualTo("2 b/.two Two.\n"),
                        one -> assertThat(one).isEqualTo("3 b/_c/one.txt One."),
                        zipped -> assertThat(zipped).isEqualTo("4 z Zipped."));
    }

    @Test
    void aFileThatCannotBeUnzippedIsNoneAndTheNextOneIs() throws IOException {
        Files.write(folder.resolve("a.gz"), new byte[] {0x1F, (byte) 0x8B, 8, 0, 0});
        Files.writeString(folder.resolve("b"), "They agree.");

        assertThat(records(new Input(folder, Format.TEXT, ',')))
                .satisfiesExactly(
                        first -> assertThat(first).startsWith("1 a.gz MALFORMED_DOCUMENT: "),
                        second -> assertThat(second).isEqualTo("2 b They agree."));
    }

    @Test
    void linksAreFollowed(@TempDir Path elsewhere) throws IOException {
        Path texts = Files.createDirectories(elsewhere.resolve("texts"));
        Files.writeString(texts.resolve("a"), "They agree.");
        Path link = Files.createSymbolicLink(folder.resolve("link"), texts);

        assertThat(records(new Input(link, Format.TEXT, ','))).containsExactly("1 a They agree.");
        assertThat(records(new Input(folder, Format.TEXT, ','))).containsExactly("1 link/a They agree.");
    }

    @Test
    void oneFileMayBeOneText() throws IOException {
        Path file = Files.writeString(folder.resolve("contract.txt"), "They\nagree.");
        assertThat(records(new Input(file, Format.TEXT, ','))).containsExactly("1 contract.txt They\nagree.");
    }

    /** A named pipe can be read once, so that nobody knows how many records it has. */
    @Test
    void whatCanBeReadOnceIsNotCounted() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Input input = new Input(pipe, Format.JSON, ',');
        assertThat(input.count()).isEqualTo(-1);

        Thread writer = new Thread(() -> {
            try {
                Files.writeString(pipe, "a\nb");
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        writer.start();
        try (FileRecords read = input.open()) {
            assertThat(read.next()).isNotNull();
            FileRecord second = read.next();
            assertThat(second).isNotNull();
            assertThat(second.record().value()).isEqualTo("b".getBytes(UTF_8));
            assertThat(read.next()).isNull();
        }
        writer.join();
    }

    @ParameterizedTest
    @CsvSource({"a.csv,CSV", "a.csv.gz,CSV", "a.txt,TEXT", ".txt.gz,TEXT", "a.jsonl,JSON", "a,JSON", "-,JSON", ".,TEXT"
    })
    void theNameSaysWhatAFileIs(Path path, Format format) {
        assertThat(Input.formatOf(path)).isEqualTo(format);
    }
}
