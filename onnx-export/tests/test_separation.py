"""Garbled texts, and what tells them from clean ones."""

import random

import numpy as np
import pytest

from onnx_export import __main__ as exporter
from onnx_export.evaluate.garbling import GARBLINGS
from onnx_export.evaluate.separation import passages, separations, surprise, worst_surprise
from random_hourglass import trax_config, write_hourglass

TEXT = "The Supplier shall deliver the Goods within thirty (30) days of the date of each Purchase Order. " * 12


@pytest.mark.parametrize("name", GARBLINGS)
def test_every_way_to_garble_changes_a_text_and_always_alike(name):
    garbled = GARBLINGS[name](TEXT, random.Random(1))
    assert garbled != TEXT
    assert garbled == GARBLINGS[name](TEXT, random.Random(1))
    assert 0.9 < len(garbled) / len(TEXT) < 1.2


@pytest.mark.parametrize("share", [0.01, 0.02, 0.05, 0.1])
def test_as_many_characters_are_replaced_as_is_said(share):
    long = TEXT * 10
    replaced = GARBLINGS[f"random characters, {100 * share:g} %"](long, random.Random(1))
    assert sum(a != b for a, b in zip(long, replaced, strict=True)) / len(long) == pytest.approx(share, rel=0.15)


def test_shuffled_words_are_the_same_words():
    shuffled = GARBLINGS["shuffled words"](TEXT, random.Random(1))
    assert sorted(shuffled.split()) == sorted(TEXT.split())
    assert shuffled.split() != TEXT.split()


def test_surprise_is_what_is_beyond_eight_bits():
    assert surprise(np.array([1.0, 7.9, 8.0, 10.0] * 200)) == 0.5
    assert surprise(np.array([1.0, 7.9, 8.0, 10.0])) == 2 / 500, "as if it went on as expected"


def test_the_worst_passage_is_found_wherever_it_begins():
    bits = np.zeros(3000)
    bits[1337:1637] = 12.0
    assert worst_surprise(bits) == 300 * 4 / 500
    assert worst_surprise(bits[1400:1500]) == 100 * 4 / 500
    assert worst_surprise(bits[:1000]) == 0


def test_a_model_that_expects_letters_tells_other_characters():
    def bits_of(text):
        return np.array([1.0 if character.isalpha() or character == " " else 12.0 for character in text])

    clean = passages(["only words and letters here " * 40], 10, 200)
    result = separations({text: bits_of(text) for text in clean}, bits_of, ["0123456789" * 20] * 3)
    assert result["random bytes"].by_surprise == 1.0
    assert result["random characters, 5 %"].by_surprise > 0.9
    assert result["shuffled words"].by_surprise == 0.5
    assert result["other languages"].median_bits == 12.0


def test_passages_are_pieces_of_long_texts():
    texts = [TEXT, "too short"]
    pieces = passages(texts, 20, 100)
    assert {len(piece) for piece in pieces} == {100}
    assert all(piece in TEXT for piece in pieces)
    with pytest.raises(ValueError, match="no text has 5000 characters"):
        passages(texts, 1, 5000)


def test_the_command_prints_both_tables_and_what_clean_texts_have(tmp_path, capsys):
    folder = write_hourglass(tmp_path / "checkpoint", trax_config(d_model=16, d_ff=24))
    assert exporter.main(["bundle", "--checkpoint", str(folder), "--output", str(tmp_path / "bundle")]) == 0
    for number in range(12):
        (tmp_path / f"{number}.txt").write_text(TEXT[number * 20 :][:800])
    capsys.readouterr()
    options = ["--data", str(tmp_path), "--held-out", "0.5", "--passages", "3", "--texts", "2"]
    assert exporter.main(["separation", "--bundle", str(tmp_path / "bundle"), *options]) == 0
    printed = capsys.readouterr().out
    assert all(f"| {name} | " in printed for name in GARBLINGS)
    assert "Surprise of 3 clean passages: 5 % have more than " in printed
    assert "Surprise of 2 clean texts, by their worst passage: " in printed


def test_a_bundle_that_leaves_gaps_is_refused(tmp_path):
    folder = write_hourglass(tmp_path / "checkpoint", trax_config(d_model=16, d_ff=24))
    assert exporter.main(["bundle", "--checkpoint", str(folder), "--output", str(tmp_path / "b"), "--window-gap", "9"]) == 0
    (tmp_path / "a.txt").write_text(TEXT)
    with pytest.raises(SystemExit, match="leaves gaps between windows"):
        exporter.main(["separation", "--bundle", str(tmp_path / "b"), "--data", str(tmp_path / "a.txt")])
