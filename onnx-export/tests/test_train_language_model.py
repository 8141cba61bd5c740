"""The training of a language model as a person runs it, on a few kilobytes."""

import gzip
import json
import random

import numpy as np
import pytest

from onnx_export import __main__ as exporter
from onnx_export.train.clean_texts import CleanTexts, Windows, read_clean_texts
from random_hourglass import trax_config, write_hourglass

WORDS = "the party shall pay all fees within thirty days of notice under this agreement and no other".split()
SMALL = {"d_model": 16, "d_ff": 32, "n_heads": 2, "vanilla_layers": [1, 1], "hierarchy": "1@2"}
OPTIONS = ["--window-length", "32", "--batch-windows", "8", "--held-out", "0.3", "--device", "cpu"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Texts in all forms that are read, and a model's configuration."""
    folder = tmp_path_factory.mktemp("inputs")
    chance = random.Random(5)
    texts = [" ".join(chance.choices(WORDS, k=80)) for _ in range(20)]
    (folder / "texts/deeper").mkdir(parents=True)
    for number, text in enumerate(texts[:8]):
        (folder / f"texts/deeper/{number}.txt").write_text(text)
    (folder / "texts/notes.md").write_text("not read")
    with gzip.open(folder / "more.jsonl.gz", "wt") as lines:
        lines.writelines(json.dumps({"text": text, "group": f"g{n // 2}", "other": 1}) + "\n" for n, text in enumerate(texts[8:]))
    (folder / "config.json").write_text(json.dumps(SMALL))
    return folder


def command(inputs, output, megabytes, *others):
    data = ["--data", str(inputs / "texts"), "--data", str(inputs / "more.jsonl.gz")]
    config = ["--config", str(inputs / "config.json"), "--output", str(output), "--megabytes", str(megabytes)]
    return ["train-language-model", *data, *config, *OPTIONS, *others]


@pytest.mark.train
def test_it_learns_and_becomes_a_bundle(inputs, tmp_path, capsys):
    output, bundle = tmp_path / "checkpoint", tmp_path / "bundle"
    assert exporter.main(command(inputs, output, 0.05)) == 0
    printed = capsys.readouterr().out
    assert "20 texts" not in printed and "held out, on cpu" in printed and "min left" in printed
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["history"][0]["held_out"] > metrics["bits_per_byte"] + 1
    assert metrics["bits_per_byte"] < 5, "letters alone say as much"
    assert (output / "learning-curve.png").stat().st_size > 1000
    assert exporter.main(["bundle", "--checkpoint", str(output), "--output", str(bundle)]) == 0
    assert json.loads((bundle / "manifest.json").read_text())["windows"]["length"] == 32, "as in training"


@pytest.mark.train
def test_cut_off_it_goes_on_as_if_it_had_not_been(inputs, tmp_path, capsys, monkeypatch):
    from onnx_export.train.language_training import LanguageTraining

    assert exporter.main(command(inputs, tmp_path / "whole", 0.03)) == 0
    save, saved = LanguageTraining._save, []

    def cut_off(training):
        save(training)
        saved.append(training.steps_done)
        if len(saved) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LanguageTraining, "_save", cut_off)
        with pytest.raises(KeyboardInterrupt):
            exporter.main(command(inputs, tmp_path / "parts", 0.03))
    capsys.readouterr()
    assert exporter.main(command(inputs, tmp_path / "parts", 0.03)) == 0
    assert f"going on after step {saved[-1]} " in capsys.readouterr().out
    for file in ("config.json", "model.safetensors"):
        assert (tmp_path / "parts" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


@pytest.mark.train
def test_a_folder_with_another_training_is_refused(inputs, tmp_path):
    output = tmp_path / "checkpoint"
    assert exporter.main(command(inputs, output, 0.01)) == 0
    with pytest.raises(SystemExit, match=r"learning_rate was 0\.002, is 0\.1"):
        exporter.main(command(inputs, output, 0.01, "--learning-rate", "0.1"))


@pytest.mark.train
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"hierarchy": "2@3 1@6"}, "palindrome"),
        ({"hierarchy": "", "vanilla_layers": [2, 1]}, "no layers after a shortening that there is not"),
        ({"vocab_size": 300}, "expected a language model over 256 bytes"),
    ],
)
def test_a_model_that_cannot_be_is_refused(inputs, tmp_path, changed, expected):
    (tmp_path / "config.json").write_text(json.dumps({**SMALL, **changed}))
    wrong = [*command(inputs, tmp_path / "checkpoint", 0.01), "--config", str(tmp_path / "config.json")]
    with pytest.raises(SystemExit, match=expected):
        exporter.main(wrong)


@pytest.mark.train
def test_a_plain_transformer_can_be_trained_to_compare_with(inputs, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**SMALL, "hierarchy": "", "vanilla_layers": [2, 0]}))
    output = tmp_path / "checkpoint"
    assert exporter.main([*command(inputs, output, 0.01), "--config", str(tmp_path / "config.json")]) == 0
    assert exporter.main(["graph", "--checkpoint", str(output), "--output", str(tmp_path / "model.onnx")]) == 0


def test_groups_are_held_out_whole_and_the_same_every_time(inputs):
    paths = [inputs / "texts", inputs / "more.jsonl.gz"]
    texts = CleanTexts.read(paths, 0.3)
    assert len(texts.learned) + len(texts.held_out) == 20
    assert CleanTexts.read(paths, 0.3) == texts
    groups = {text.text: text.group for text in read_clean_texts(inputs / "more.jsonl.gz")}
    held_out = {groups[text] for text in texts.held_out if text in groups}
    assert held_out.isdisjoint(groups[text] for text in texts.learned if text in groups)


def test_windows_hold_what_stands_in_the_texts(inputs):
    texts = [b"short", b"a longer text than a window has bytes, by far"]
    windows = Windows(texts, 16, seed=3)
    ids, real = windows.draw(4, 200)
    pieces = [bytes(row[counted].astype(np.uint8)) for row, counted in zip(ids, real, strict=True)]
    assert all(any(piece in text for text in texts) for piece in pieces)
    assert {len(piece) for piece in pieces} == {5, 16}
    assert sum(len(piece) == 16 for piece in pieces) > 150, "a text comes up as often as it is long"
    np.testing.assert_array_equal(windows.draw(4, 200)[0], ids)
    assert not np.array_equal(windows.draw(5, 200)[0], ids)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.pdf", b"%PDF", "is no folder, .txt, .jsonl or .jsonl.gz file"),
        ("a.jsonl", b'{"body": "x"}\n', "text is None, expected a string"),
        ("a.txt", b"one text alone", "expected some of both"),
        ("a.txt", b"caf\xe9", r"is not in UTF-8 \(at byte 3\)"),
    ],
)
def test_what_is_no_text_is_named(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=expected):
        CleanTexts.read([tmp_path / name], 0.5)


def test_a_folder_without_texts_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"holds no \.txt"):
        CleanTexts.read([tmp_path], 0.5)


@pytest.mark.train
def test_models_trained_with_equal_compute_stand_side_by_side(inputs, tmp_path, capsys):
    layouts = {"plain": {"hierarchy": "", "vanilla_layers": [2, 0]}, "shortened": {"hierarchy": "1@2"}}
    for name, layout in layouts.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({**SMALL, **layout}))
        others = ["--config", str(tmp_path / f"{name}.json"), "--teraflop", "0.0008"]
        assert exporter.main(command(inputs, tmp_path / name, 1, *others)) == 0
    capsys.readouterr()
    picture = tmp_path / "picture.svg"
    folders = [str(tmp_path / name) for name in layouts]
    assert exporter.main(["compare-language-models", *folders, "--picture", str(picture)]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0] for row in rows] == ["| 2@1", "| 1@1 1@2 1@1, attention upon average"]
    read = [json.loads((tmp_path / name / "metrics.json").read_text())["megabytes"] for name in layouts]
    assert read[0] > read[1] > 0, "the dearer model reads less"
    assert "<svg" in picture.read_text()


def test_what_was_not_trained_to_the_end_is_named(tmp_path):
    write_hourglass(tmp_path / "checkpoint", trax_config())
    with pytest.raises(SystemExit, match="is no training that ran to its end"):
        exporter.main(["compare-language-models", str(tmp_path / "checkpoint")])
