package io.hatflow.inference.hourglass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.inference.text.Span;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SymbolBatchTest {

    private static final int LENGTH = 8;

    @Test
    void windowsArePaddedAtTheirEnd() {
        int[] document = {5, 6, 7, 8, 9};
        SymbolBatch batch = new SymbolBatch(
                LENGTH,
                List.of(new SymbolWindow(document, new Span(0, 1)), new SymbolWindow(document, new Span(2, 5))));
        assertThat(batch.tensors()).hasSize(1);
        SymbolTensors tensors = batch.tensors().get(0);
        assertThat(tensors.places()).containsExactly(1, 0);
        assertThat(tensors.inputIds()).containsExactly(7, 8, 9, 5, 0, 0);
        assertThat(tensors.attentionMask()).containsExactly(1, 1, 1, 1, 0, 0);
        assertThat(tensors.offset()).containsExactly(2, 0);
        assertThat(tensors.width()).isEqualTo(3);
        assertThat(IntStream.range(0, 2).map(tensors::length)).containsExactly(3, 1);
        assertThat(batch.windowCount()).isEqualTo(2);
        assertThat(batch.rows()).isEqualTo(1);
        assertThat(batch.tokens()).isEqualTo(4);
        assertThat(batch.tokenSlots()).isEqualTo(6);
    }

    @Test
    void shorterWindowsAreARunOfTheirOwnWhereThatSavesAFullWindow() {
        assertThat(widths(8, 8, 8)).containsExactly(8);
        assertThat(widths(1, 8)).as("7 places are saved").containsExactly(8);
        assertThat(widths(1, 8, 4, 1)).as("12 places are saved").containsExactly(8, 4);
        assertThat(widths(2, 8, 1, 2, 2, 2, 2)).containsExactly(8, 2);
    }

    @Test
    void noBatchComputesMoreThanAsManyFullWindowsAndItsShortOnesCostLittle() {
        Random chance = new Random(2);
        for (int round = 0; round < 500; round++) {
            List<SymbolWindow> windows = new ArrayList<>();
            for (int window = 0; window <= chance.nextInt(20); window++) {
                windows.add(window(1 + chance.nextInt(LENGTH)));
            }
            SymbolBatch batch = new SymbolBatch(LENGTH, windows);
            assertThat(batch.rows()).isBetween(1, windows.size());
            assertThat(batch.tokens())
                    .isEqualTo(windows.stream().mapToInt(SymbolWindow::length).sum());
            List<Integer> places = new ArrayList<>();
            batch.tensors().forEach(tensors -> places.addAll(tensors.places()));
            Collections.sort(places);
            assertThat(places)
                    .containsExactlyElementsOf(
                            IntStream.range(0, windows.size()).boxed().toList());
        }
        List<SymbolWindow> oneLongManyShort = new ArrayList<>(Collections.nCopies(40, window(1)));
        oneLongManyShort.add(window(LENGTH));
        assertThat(new SymbolBatch(LENGTH, oneLongManyShort).tokenSlots()).isEqualTo(48);
    }

    @Test
    void aWindowCountsAsAFullOneBeforeItsBatchIsKnown() {
        SymbolLayout layout = new SymbolLayout(LENGTH);
        assertThat(layout.rows(window(1))).isEqualTo(1);
        assertThat(layout.full(3).rows()).isEqualTo(3);
        assertThat(layout.full(3).tokens()).isEqualTo(3 * LENGTH);
    }

    @Test
    void nothingToLookAtIsOurBugAndSaysSo() {
        assertThatThrownBy(() -> new SymbolBatch(LENGTH, List.of())).hasMessageContaining("at least one window");
        assertThatThrownBy(() -> window(0)).hasMessageContaining("a window without symbols");
    }

    private static List<Integer> widths(int... lengths) {
        List<SymbolWindow> windows =
                IntStream.of(lengths).mapToObj(SymbolBatchTest::window).toList();
        return new SymbolBatch(LENGTH, windows)
                .tensors().stream().map(SymbolTensors::width).toList();
    }

    private static SymbolWindow window(int length) {
        return new SymbolWindow(new int[length], new Span(0, length));
    }
}
