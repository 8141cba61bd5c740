import numpy as np
import pytest

from onnx_export.onnx.packing import PackedLayout


def layout(pad_segment):
    return PackedLayout(segment_length=4, max_segments=2, cls_id=2, pad_id=9, pad_segment=pad_segment)


def test_segments_of_all_windows_are_stacked():
    batch = layout("none").pack([[[2, 5, 6]], [[2, 7], [2, 7, 7, 7]]])
    np.testing.assert_array_equal(batch.input_ids, [[2, 5, 6, 9], [2, 7, 9, 9], [2, 7, 7, 7]])
    np.testing.assert_array_equal(batch.attention_mask, [[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]])
    np.testing.assert_array_equal(batch.document_index, [0, 1, 1])
    np.testing.assert_array_equal(batch.segment_index, [1, 1, 2])
    assert batch.rows == (range(1), range(1, 3))


@pytest.mark.parametrize(("pad_segment", "first"), [("pad", 9), ("cls", 2)])
def test_a_window_that_is_not_full_gets_one_pad_segment(pad_segment, first):
    batch = layout(pad_segment).pack([[[2, 5]], [[2], [2]], [[2, 6]]])
    np.testing.assert_array_equal(batch.document_index, [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(batch.segment_index, [1, 0, 1, 2, 1, 0])
    for row in (1, 5):
        np.testing.assert_array_equal(batch.input_ids[row], [first, 9, 9, 9])
        np.testing.assert_array_equal(batch.attention_mask[row], [0, 0, 0, 0])
    assert batch.rows == (range(1), range(2, 4), range(4, 5))


def test_windows_and_segments_out_of_bounds_are_refused():
    with pytest.raises(ValueError, match="window 1 has 3 segments, expected 1 to 2"):
        layout("none").pack([[[2]], [[2], [2], [2]]])
    with pytest.raises(ValueError, match="window 0 has 0 segments"):
        layout("pad").pack([[]])
    with pytest.raises(ValueError, match="a segment has 5 tokens, expected 1 to 4"):
        layout("none").pack([[[2, 5, 5, 5, 5]]])
    with pytest.raises(ValueError, match="a segment has 0 tokens"):
        layout("none").pack([[[]]])
