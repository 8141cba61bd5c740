"""The rules of ``docs/segmentation.md``, one by one."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export.text.segmentation import segment, sentence_starts, windows


def sentences(text):
    starts = sentence_starts(text)
    return [text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def words(text):
    """Offsets as a tokenizer that splits at spaces gives them."""
    offsets, position = [], 0
    for word in text.split():
        start = text.index(word, position)
        position = start + len(word)
        offsets.append((start, position))
    return offsets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Rule 1: a terminator, closers, white space.
        ("He left. She stayed.", ["He left.", "She stayed."]),
        ("Really?! Yes! Well… So", ["Really?!", "Yes!", "Well…", "So"]),
        ('(He left.) "Now." She', ["(He left.)", '"Now."', "She"]),
        ("He left [then].’”» She", ["He left [then].’”»", "She"]),
        ("Section 3.2 of example.org", ["Section 3.2 of example.org"]),
        ("left.She", ["left.She"]),
        ("left.\u00a0She", ["left.", "She"]),
        # Rule 2: a wide terminator needs no white space.
        ("届きました。しかし！？はい", ["届きました。", "しかし！？", "はい"]),
        ("「届きました。」しかし", ["「届きました。」", "しかし"]),
        # Rule 3: a semicolon, then white space; no closers.
        ("the fee; the price;the rest", ["the fee;", "the price;the rest"]),
        # Rule 4: the end of a paragraph.
        ("Scope\n\nThe seller", ["Scope", "The seller"]),
        ("Scope\nof work", ["Scope\nof work"]),
        ("Scope\r\nof work", ["Scope\r\nof work"]),
        ("Scope\r\n \r\nThe seller", ["Scope", "The seller"]),
        ("Scope\x85\u2028The", ["Scope", "The"]),
        ("Scope\fThe\u2029End", ["Scope", "The", "End"]),
        ("Scope\fThe\u2029end", ["Scope", "The\u2029end"]),  # nothing ended
        ("Scope\v\vThe", ["Scope\v\vThe"]),
    ],
)
def test_boundaries(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 5 p.m. on Monday. then", ["at 5 p.m. on Monday. then"]),  # a lower-case letter follows
        ("left. état", ["left. état"]),  # a small letter beyond a-z
        ("Exhibit B. The", ["Exhibit B. The"]),  # one letter
        ("clause 7. The", ["clause 7. The"]),  # one digit
        ("page 12. The", ["page 12.", "The"]),  # digits inside a line
        ("12. Scope", ["12. Scope"]),  # numbering at the start of the text
        ("ends\n \t3.1. Scope", ["ends\n \t3.1. Scope"]),  # and of a line
        ("the U.S. Government", ["the U.S. Government"]),  # a dot and a letter
        ("Harbour Inc. The", ["Harbour Inc. The"]),  # an abbreviation
        ("ART. 5", ["ART. 5"]),  # in any case
        ("see ‘Corp.’ The", ["see ‘Corp.’ The"]),  # closers do not matter
        ("Harbour Inc.. The", ["Harbour Inc..", "The"]),  # the exceptions are for exactly one full stop
        ("Harbour Inc! the", ["Harbour Inc!", "the"]),
        ("Harbour Inc.\n\nThe", ["Harbour Inc.", "The"]),  # rule 4 has no exceptions
        ("Straße. The", ["Straße. The"]),  # the word is the ASCII run "e", one letter
        ("harbour). The", ["harbour).", "The"]),  # no word before the dot
    ],
)
def test_full_stops_that_end_no_sentence(text, expected):
    assert sentences(text) == expected


def test_an_empty_text_is_one_empty_sentence_without_segments():
    assert sentence_starts("") == [0]
    assert segment("", [], segmenter="sentence", segment_length=8) == []
    assert segment("", [], segmenter="uniform", segment_length=8) == []


def test_white_space_at_the_end_begins_no_sentence():
    assert sentence_starts("He left. \n\n ") == [0]


def test_leaders_of_a_table_of_contents_take_no_time():
    begun = time.monotonic()
    assert sentence_starts("Scope" + "." * 200_000 + "4") == [0]
    assert time.monotonic() - begun < 5


def test_a_token_belongs_to_the_sentence_of_its_first_character():
    text = "aa. Bb"
    # The second token reaches over the boundary at 4, the third begins behind it.
    assert segment(text, [(0, 2), (2, 5), (5, 6)], segmenter="sentence", segment_length=3) == [(0, 2), (2, 3)]


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([2, 2], [(0, 4)]),  # what fits joins
        ([3, 2], [(0, 3), (3, 5)]),  # what does not begins the next segment
        ([1, 6], [(0, 4), (4, 7)]),  # too long for any: fills what is left of this one
        ([1, 6, 1], [(0, 4), (4, 8)]),  # and its last piece is the current segment
        ([1, 9, 2], [(0, 4), (4, 8), (8, 12)]),
        ([1, 10, 2], [(0, 4), (4, 8), (8, 11), (11, 13)]),
        ([4, 5], [(0, 4), (4, 8), (8, 9)]),  # a full segment has nothing left
        ([8], [(0, 4), (4, 8)]),
    ],
)
def test_grouping(lengths, expected):
    text = "; ".join(" ".join(["word"] * length) for length in lengths)
    assert segment(text, words(text), segmenter="sentence", segment_length=5) == expected


def test_uniform_segments():
    text = "a. b. c. d. e. f. g."
    assert segment(text, words(text), segmenter="uniform", segment_length=4) == [(0, 3), (3, 6), (6, 7)]


def test_a_segment_needs_room_for_a_token():
    with pytest.raises(ValueError, match="segment_length is 1, but a segment needs the CLS token and at least one more"):
        segment("a", [(0, 1)], segmenter="uniform", segment_length=1)


texts = st.lists(
    st.sampled_from(
        ["a", "The", "Inc", "12", "3.1", "U.S", ".", "!", "…", ";", "。", ")", "”", " ", "\n", "\r\n", "\f", "𝒲", "é"]
    )
).map("".join)


@given(texts | st.text(), st.integers(2, 9), st.sampled_from(["sentence", "uniform"]))
def test_segments_hold_every_token_once_and_none_is_too_long(text, segment_length, segmenter):
    offsets = [(index, index + 1) for index, character in enumerate(text) if not character.isspace()]
    segments = segment(text, offsets, segmenter=segmenter, segment_length=segment_length)
    assert [token for first, end in segments for token in range(first, end)] == list(range(len(offsets)))
    assert all(1 <= end - first <= segment_length - 1 for first, end in segments)


@given(texts | st.text())
def test_sentences_begin_at_the_start_and_never_in_white_space(text):
    starts = sentence_starts(text)
    assert starts == sorted(set(starts))
    assert starts[0] == 0
    assert not any(text[start].isspace() and text[start] not in "\x1c\x1d\x1e\x1f" for start in starts[1:])


@given(st.integers(0, 200), st.data())
def test_windows_cover_everything_with_the_overlap_asked_for(count, data):
    max_segments = data.draw(st.integers(1, 20))
    overlap = data.draw(st.integers(0, max_segments - 1))
    cut = windows(count, max_segments=max_segments, overlap=overlap)
    assert {segment for first, end in cut for segment in range(first, end)} == set(range(count))
    if count <= max_segments:
        assert cut == [(0, count)]
    else:
        assert all(end - first == max_segments for first, end in cut)
        assert all(end - following >= overlap for (_, end), (following, _) in pairwise(cut))
        assert len(set(cut)) == len(cut)


def test_the_last_window_ends_with_the_document():
    assert windows(11, max_segments=4, overlap=1) == [(0, 4), (3, 7), (6, 10), (7, 11)]
    assert windows(10, max_segments=4, overlap=1) == [(0, 4), (3, 7), (6, 10)]


@given(st.data())
def test_windows_with_gaps_leave_out_no_more_than_the_gap(data):
    count = data.draw(st.integers(1, 200))
    length = data.draw(st.integers(1, 12))
    gap = data.draw(st.integers(0, 30))
    cut = windows(count, max_segments=length, gap=gap)
    assert cut[0][0] == 0
    assert cut[-1][1] == count
    assert all(end - first == min(length, count) for first, end in cut)
    assert all(following - end == gap for (_, end), (following, _) in pairwise(cut[:-1]))
    assert all(following - end <= gap for (_, end), (following, _) in pairwise(cut))


def test_a_gap_is_left_out_between_windows():
    assert windows(4, max_segments=4, gap=3) == [(0, 4)]
    assert windows(11, max_segments=4, gap=3) == [(0, 4), (7, 11)]
    assert windows(12, max_segments=4, gap=3) == [(0, 4), (7, 11), (8, 12)]
    assert windows(18, max_segments=4, gap=3) == [(0, 4), (7, 11), (14, 18)]
    assert windows(8, max_segments=4, gap=0) == [(0, 4), (4, 8)]


@pytest.mark.parametrize(("overlap", "gap"), [(0, -1), (1, 3)])
def test_windows_overlap_or_have_gaps(overlap, gap):
    with pytest.raises(ValueError, match=f"gap is {gap}, expected at least 0, and no gap where windows overlap"):
        windows(9, max_segments=4, overlap=overlap, gap=gap)


@pytest.mark.parametrize("overlap", [-1, 4])
def test_overlap_must_leave_a_step(overlap):
    with pytest.raises(ValueError, match=f"overlap is {overlap}, expected 0 to 3"):
        windows(9, max_segments=4, overlap=overlap)
