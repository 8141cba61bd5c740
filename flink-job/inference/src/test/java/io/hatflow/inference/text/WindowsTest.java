package io.hatflow.inference.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class WindowsTest {

    @Test
    void aDocumentThatFitsIsOneWindow() {
        assertThat(Windows.overlapping(6, 2).over(6)).containsExactly(new Span(0, 6));
        assertThat(Windows.overlapping(6, 2).over(1)).containsExactly(new Span(0, 1));
    }

    @Test
    void theLastWindowEndsWithTheDocument() {
        assertThat(Windows.overlapping(6, 2).over(7)).containsExactly(new Span(0, 6), new Span(1, 7));
        assertThat(Windows.overlapping(6, 2).over(12))
                .containsExactly(new Span(0, 6), new Span(4, 10), new Span(6, 12));
    }

    @Test
    void everySegmentIsSeenAndNeighboursShareAtLeastTheOverlap() {
        for (int maxSegments = 1; maxSegments < 12; maxSegments++) {
            for (int overlap = 0; overlap < maxSegments; overlap++) {
                for (int segments = maxSegments + 1; segments < 60; segments++) {
                    List<Span> windows =
                            Windows.overlapping(maxSegments, overlap).over(segments);
                    assertThat(windows.get(0).first()).isZero();
                    assertThat(windows.get(windows.size() - 1).end()).isEqualTo(segments);
                    for (int i = 0; i < windows.size(); i++) {
                        assertThat(windows.get(i).length()).isEqualTo(maxSegments);
                        if (i > 0) {
                            assertThat(windows.get(i - 1).end() - windows.get(i).first())
                                    .isGreaterThanOrEqualTo(overlap);
                        }
                    }
                }
            }
        }
    }

    @Test
    void windowsApartLeaveOutNoMoreThanTheGap() {
        assertThat(Windows.apart(4, 3).over(4)).containsExactly(new Span(0, 4));
        assertThat(Windows.apart(4, 3).over(11)).containsExactly(new Span(0, 4), new Span(7, 11));
        assertThat(Windows.apart(4, 3).over(12)).containsExactly(new Span(0, 4), new Span(7, 11), new Span(8, 12));
        assertThat(Windows.apart(4, 3).over(18)).containsExactly(new Span(0, 4), new Span(7, 11), new Span(14, 18));
        assertThat(Windows.apart(4, 0).over(8)).containsExactly(new Span(0, 4), new Span(4, 8));
        for (int length = 1; length < 8; length++) {
            for (int gap = 0; gap < 12; gap++) {
                for (int symbols = length + 1; symbols < 60; symbols++) {
                    List<Span> windows = Windows.apart(length, gap).over(symbols);
                    assertThat(windows.get(0).first()).isZero();
                    assertThat(windows.get(windows.size() - 1).end()).isEqualTo(symbols);
                    for (int i = 1; i < windows.size(); i++) {
                        int left = windows.get(i).first() - windows.get(i - 1).end();
                        assertThat(windows.get(i).length()).isEqualTo(length);
                        assertThat(left).isLessThanOrEqualTo(gap);
                        assertThat(i == windows.size() - 1 || left == gap).isTrue();
                    }
                }
            }
        }
    }

    @Test
    void aGapBelowNothingIsRefused() {
        assertThatThrownBy(() -> Windows.apart(6, -1)).hasMessage("gap is -1, expected at least 0");
    }

    @Test
    void anOverlapThatWouldNeverMoveOnIsRefused() {
        assertThatThrownBy(() -> Windows.overlapping(6, 6)).hasMessageContaining("overlap is 6, expected 0 to 5");
        assertThatThrownBy(() -> Windows.overlapping(6, -1)).hasMessageContaining("overlap is -1");
    }
}
