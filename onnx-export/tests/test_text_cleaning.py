import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import REMNANTS
from onnx_export.text.cleaning import clean

LINE = "The seller delivers the goods at the quay of the port and the buyer then"


def cleaned(text):
    return clean(text, "pdf").text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The agree-\nment ends. It is a non-\nexclusive license.", "The agreement ends. It is a non-exclusive license."),
        (
            "A third-\nparty claim, an AGREE-\nMENT, a royalty-\n\nfree use.",
            "A third-party claim, an AGREEMENT, a royalty-free use.",
        ),
        ("a long term; a long-\nterm plan", "a long term; a long-term plan"),
        ("see co-operation and co-\noperation", "see co-operation and co-operation"),
        ("soft\xad\nware, hard\u2010\r\nware", "software, hardware"),
        ("Pages 3-\n5 and A-\nB stay.", "Pages 3-\n5 and A-\nB stay."),
        ("<p>One</p><p>Two &amp; three</p>", "One\nTwo & three"),
        ("<p>One</p>\n\n<p>T<b>w</b>o</p>", "One\n\nTwo"),
        ("a<td>b</td></tr>", "a b "),
        ("&nbsp;&sect;&#167;&#x2019;&#151;&amp;nbsp;x", "\xa0§§’—\xa0x"),
        ("if a < b and <Company> & Co; &bogus; &#xD800;", "if a < b and <Company> & Co; &bogus; &#xD800;"),
        ("| Fee | 100 |\n|-----|-----|\n| Tax | 7 |", "  Fee   100  \n\n  Tax   7  "),
        ("x\n-----\ny", "x\n-----\ny"),
        ("by the State of\n\n- 3 -\n\nthe union", "by the State of\nthe union"),
        ("It ends.\n\nPage 3 of 9\n\nIt begins and does not end here.", "It ends.\n\nIt begins and does not end here."),
        ("to the seller\f4\nand buyer", "to the seller\nand buyer"),
        ("There are\n12\nMonths", "There are\n12\nMonths"),
    ],
)
def test_what_extractors_leave_is_repaired_and_nothing_else(text, expected):
    assert cleaned(text) == expected


@pytest.mark.parametrize("form", ["{:>2}  {}", "{}\t{}", "{:03} {}"])
def test_numbers_of_lines_go_if_they_count(form):
    lines = [f"{LINE} {index}" for index in range(40)]
    numbered = "\n".join(form.format(index % 28 + 1, line) for index, line in enumerate(lines))
    assert [line.strip() for line in cleaned(numbered).split("\n")] == lines


def test_numbered_headings_are_not_numbers_of_lines():
    text = "\n\n".join(f"{number} TERM\n\n{LINE}." for number in range(1, 20))
    assert cleaned(text) == text


def test_headers_go_and_the_title_stays():
    pages = ["\n".join(f"{LINE} {page} {line}" for line in range(5)) for page in range(6)]
    assert cleaned("SUPPLY AGREEMENT\n\n" + "\nSUPPLY AGREEMENT\n".join(pages)) == "SUPPLY AGREEMENT\n\n" + "\n".join(pages)


def test_blank_lines_between_all_lines_go_where_the_line_goes_on():
    first, second = (
        [f"{word} {LINE[len(word) + 2 :]}" for word in words.split()] for words in ("One of two by the way", "Any fee it is")
    )
    lines = ["TERM", *first, "ends it.", "RENEWAL", *second]
    paragraphs = ["TERM", "\n".join([*first, "ends it."]), "RENEWAL", "\n".join(second)]
    assert cleaned("\n\n".join(lines)).split("\n\n") == paragraphs


def test_clean_texts_stay_as_they_are():
    text = f"1. Scope\n\n{LINE} pays.\n\n2. Price\n\nThe non-exclusive fee (see 3.1) is 5 / 7 of it.\n\nBy: ____\nBy: ____\nBy: ____\n"
    assert clean(text, "pdf").starts is None
    assert clean("a |\f b", "none").text == "a |\f b"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(REMNANTS), max_size=60).map("".join))
def test_places_ascend_and_lie_in_the_text(text):
    result = clean(text, "pdf")
    spans = [result.original((at, at + 1)) for at in range(len(result.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(spans))
