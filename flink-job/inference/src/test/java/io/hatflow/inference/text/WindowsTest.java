package io.hatflow.inference.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class WindowsTest {

    @Test
    void aDocumentThatFitsIsOneWindow() {
        assertThat(new Windows(6, 2).over(6)).containsExactly(new Span(0, 6));
        assertThat(new Windows(6, 2).over(1)).containsExactly(new Span(0, 1));
    }

    @Test
    void theLastWindowEndsWithTheDocument() {
        assertThat(new Windows(6, 2).over(7)).containsExactly(new Span(0, 6), new Span(1, 7));
        assertThat(new Windows(6, 2).over(12)).containsExactly(new Span(0, 6), new Span(4, 10), new Span(6, 12));
    }

    @Test
    void everySegmentIsSeenAndNeighboursShareAtLeastTheOverlap() {
        for (int maxSegments = 1; maxSegments < 12; maxSegments++) {
            for (int overlap = 0; overlap < maxSegments; overlap++) {
                for (int segments = maxSegments + 1; segments < 60; segments++) {
                    List<Span> windows = new Windows(maxSegments, overlap).over(segments);
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
    void anOverlapThatWouldNeverMoveOnIsRefused() {
        assertThatThrownBy(() -> new Windows(6, 6)).hasMessageContaining("overlap is 6, expected 0 to 5");
        assertThatThrownBy(() -> new Windows(6, -1)).hasMessageContaining("overlap is -1");
    }
}
