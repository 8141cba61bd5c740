"""Training as a person runs it, on two dozen made-up texts."""

import json
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models

import onnx_export
import onnx_export.train.training as training_module
from onnx_export import __main__ as exporter
from onnx_export.commands.train import main
from onnx_export.train.corpus import SegmentedDocument, Window, batches, masked, packed, training_windows
from onnx_export.train.hat_torch import Packed
from onnx_export.train.held_out import HeldOut, Tuned
from onnx_export.train.labelled_texts import LabelledText, write_labelled_texts
from onnx_export.train.loss import loss_of
from onnx_export.train.platt import Calibration
from onnx_export.train.recipe import Recipe
from onnx_export.train.start import uncalibrate
from onnx_export.train.training import Training
from random_checkpoints import hat_config, write_checkpoint
from tiny_bert import made_up_posts, made_up_texts, without_places, write_bert

pytestmark = pytest.mark.train

SIZES = ["--layout", "S|SD|D", "--segment-length", "16", "--max-segments", "6", "--window-overlap", "2"]
FILES = {"config.json", "model.safetensors", "tokenizer.json", "bundle.json", "metrics.json", "learning-curve.png"}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    write_labelled_texts(folder / "texts.jsonl", made_up_texts(24))
    write_bert(folder / "bert")
    return folder


def train(inputs, output, *options):
    torch.set_num_threads(1)
    shares = ["--validation", "0.2", "--test", "0.2"]
    files = ["--data", str(inputs / "texts.jsonl"), "--encoder", str(inputs / "bert"), "--output", str(output)]
    pace = ["--batch-segments", "12", "--learning-rate", "0.003", "--negative-windows-kept", "1"]
    main([*files, *shares, *SIZES, *pace, *options])


@pytest.fixture(scope="module")
def trained(inputs, tmp_path_factory):
    output = tmp_path_factory.mktemp("trained") / "checkpoint"
    train(inputs, output, "--passes", "8")
    return output


def metrics(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_the_loss_falls_and_a_checkpoint_is_written(trained):
    assert {path.name for path in trained.iterdir()} >= FILES
    losses = [each["loss"] for each in metrics(trained)["validation_history"]]
    assert len(losses) == 8
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])
    assert metrics(trained)["split"] == {"train": 14, "validation": 5, "test": 5}
    settings = json.loads((trained / "bundle.json").read_text())
    assert settings["thresholds"].keys() == {"Fee", "Law"}
    assert settings["window_overlap"] == 2


def test_products_in_bfloat16_learn_the_same_and_leave_weights_in_float32(inputs, trained, tmp_path):
    train(inputs, tmp_path / "c", "--passes", "8", "--mixed-precision", "bf16")
    exact, rounded = ([each["loss"] for each in metrics(folder)["validation_history"]] for folder in (trained, tmp_path / "c"))
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.05)
    assert {str(tensor.dtype) for tensor in load_file(tmp_path / "c/model.safetensors").values()} == {"torch.float32"}


def test_the_checkpoint_becomes_a_bundle(trained, tmp_path):
    command = [sys.executable, "-m", "onnx_export", "bundle", "--checkpoint", trained, "--output", tmp_path / "bundle"]
    sources = str(Path(onnx_export.__file__).parents[1])
    done = subprocess.run(
        [*command, "--weights", "int8"], capture_output=True, text=True, env={"PYTHONPATH": sources, "PYTHONUTF8": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert "the bundle keeps its promises" in done.stdout
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text())
    assert manifest["provenance"]["metrics"]["test_documents"] == 5


@pytest.mark.parametrize("precision", ["fp32", "int8", "fp16"])
def test_a_layout_that_shortens_segments_learns_and_becomes_a_bundle(shortened, tmp_path, precision, capsys):
    assert metrics(shortened)["test"]["micro_f1"] > 0.6
    bundle = ["bundle", "--checkpoint", str(shortened), "--output", str(tmp_path / "bundle"), "--precision", precision]
    assert exporter.main(bundle) == 0
    assert "the bundle keeps its promises" in capsys.readouterr().out


@pytest.fixture(scope="module")
def shortened(inputs, tmp_path_factory):
    output = tmp_path_factory.mktemp("shortened") / "checkpoint"
    train(inputs, output, "--passes", "8", "--layout", "S|/2|SD|/2|S")
    return output


def test_shortened_segments_have_tokens_to_put_together():
    with pytest.raises(ValueError, match=r"layout 'S\|/9\|S': /9 puts together more than the 8 tokens that a segment has there"):
        Recipe(layout="S|/9|S", segment_length=9)


def cut_off_in_pass(monkeypatch, last):
    """Interrupts whatever begins so many passes; the list that it returns tells after how many each began."""
    one_pass, passes = Training._one_pass, []

    def cut_off(self, steps):
        passes.append(self.passes_done)
        if len(passes) == last:
            raise KeyboardInterrupt
        return one_pass(self, steps)

    monkeypatch.setattr(Training, "_one_pass", cut_off)
    return passes


def test_training_that_was_cut_off_goes_on(inputs, tmp_path, monkeypatch, capsys):
    passes = cut_off_in_pass(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        train(inputs, tmp_path / "c", "--passes", "4")
    before = torch.load(tmp_path / "c/training-state.pt", weights_only=True)
    assert before["passes_done"] == 2
    assert not (tmp_path / "c/model.safetensors").exists()

    train(inputs, tmp_path / "c", "--passes", "4")
    assert passes == [0, 1, 2, 2, 3]
    assert "going on after pass 2" in capsys.readouterr().out
    after = torch.load(tmp_path / "c/training-state.pt", weights_only=True)
    assert after["passes_done"] == 4
    assert after["history"][:2] == before["history"]
    assert len(metrics(tmp_path / "c")["validation_history"]) == 4


def test_a_long_pass_that_was_cut_off_goes_on_within_it(inputs, tmp_path, monkeypatch, capsys):
    """Saved after each step: no batch is learned from twice, none is left out."""
    one_step, learned = Training._step, []

    def cut_off(self, batch, part):
        if len(learned) == interrupted_at:
            raise KeyboardInterrupt
        learned.append((self.passes_done, [window.document.text.id for window in batch]))
        return one_step(self, batch, part)

    monkeypatch.setattr(Training, "_step", cut_off)
    monkeypatch.setattr(training_module, "_SAVE_AFTER", 0.0)
    interrupted_at = None
    train(inputs, tmp_path / "whole", "--passes", "2")
    whole, of_first_pass = list(learned), sum(done == 0 for done, _ in learned)
    learned.clear()
    interrupted_at = of_first_pass + 2
    with pytest.raises(KeyboardInterrupt):
        train(inputs, tmp_path / "c", "--passes", "2")
    interrupted_at = None
    capsys.readouterr()
    train(inputs, tmp_path / "c", "--passes", "2")
    assert "going on after pass 1 and 2 steps" in capsys.readouterr().out
    assert learned == whole
    assert metrics(tmp_path / "c")["passes"] == 2


def test_more_passes_prolong_a_training(inputs, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "c")
    train(inputs, tmp_path / "c", "--passes", "9")
    assert metrics(tmp_path / "c")["passes"] == 9
    assert metrics(tmp_path / "c")["validation_history"][:8] == metrics(trained)["validation_history"]


def test_other_options_in_the_same_folder_are_refused(inputs, trained):
    with pytest.raises(SystemExit, match=r"holds a training with other options \(seed was 7, is 8\)"):
        train(inputs, trained, "--passes", "8", "--seed", "8")


def test_a_state_without_the_file_of_options_is_taken_up(inputs, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "c")
    (tmp_path / "c/training.json").unlink()
    train(inputs, tmp_path / "c", "--passes", "8")
    assert metrics(tmp_path / "c") == metrics(trained)


def test_options_that_do_not_fit_are_all_named(inputs, tmp_path):
    with pytest.raises(SystemExit) as error:
        train(inputs, tmp_path / "c", "--mask-tokens", "1", "--window-overlap", "6", "--passes", "0")
    assert str(error.value) == (
        "window_overlap is 6, expected 0 to 5; mask_tokens is 1.0, expected 0 to 0.9; passes is 0.0, expected above 0"
    )
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"model_type": "gpt2", "architectures": None}, "model_type is 'gpt2', expected one of bert, roberta"),
        ({"hidden_act": "relu"}, "its activation is relu, expected gelu"),
        (
            {"max_position_embeddings": 15},
            "max_position_embeddings asks for 15 where embeddings.position_embeddings.weight has 24",
        ),
    ],
)
def test_an_encoder_that_does_not_fit_is_refused(inputs, tmp_path, changes, problem):
    shutil.copy(inputs / "texts.jsonl", tmp_path)
    write_bert(tmp_path / "bert", **changes)
    with pytest.raises(SystemExit, match=problem):
        train(tmp_path, tmp_path / "c")


def test_an_encoder_that_reads_too_few_tokens_is_refused(inputs, tmp_path):
    with pytest.raises(SystemExit, match="max_position_embeddings allows 24, expected at least 30"):
        train(inputs, tmp_path / "c", "--segment-length", "30")


def test_an_encoder_without_tokenizer_is_refused(inputs, tmp_path):
    shutil.copy(inputs / "texts.jsonl", tmp_path)
    write_bert(tmp_path / "bert")
    (tmp_path / "bert/tokenizer.json").unlink()
    with pytest.raises(SystemExit, match=r"bert: tokenizer.json is missing"):
        train(tmp_path, tmp_path / "c")


def test_a_last_training_learns_from_all_texts_and_takes_its_thresholds_from_those_held_out_before(
    inputs, trained, tmp_path, capsys
):
    train(inputs, tmp_path / "c", "--passes", "1", "--held-out-scores", str(trained))
    assert "24 documents to train on, 0 to tune on, 0 held out" in capsys.readouterr().out
    before, after = metrics(trained), metrics(tmp_path / "c")
    assert after["split"] == {"train": 24, "validation": 0, "test": 0}
    assert after["test"] == before["test"]
    assert "before the last training" in after["measured"]
    held_out = HeldOut.read(trained)
    tuned = Tuned.on(held_out.everything())
    settings = json.loads((tmp_path / "c/bundle.json").read_text())
    assert settings["thresholds"] == dict(zip(held_out.labels, tuned.thresholds, strict=True))
    assert settings["metrics"]["test_documents"] == 5

    with pytest.raises(SystemExit, match=r"held-out\.npz is missing; expected the folder of a training that held texts out"):
        train(inputs, tmp_path / "d", "--held-out-scores", str(tmp_path / "c"))
    texts = [replace(text, spans=tuple(span for span in text.spans if span[0] != "Fee")) for text in made_up_texts(24)]
    write_labelled_texts(tmp_path / "texts.jsonl", texts)
    shutil.copytree(inputs / "bert", tmp_path / "bert")
    with pytest.raises(SystemExit, match="was trained for other labels than"):
        train(tmp_path, tmp_path / "e", "--held-out-scores", str(trained))


def document(segments, positive=()):
    targets = np.zeros((segments, 2), np.float32)
    for segment, label in positive:
        targets[segment, label] = 1
    text = LabelledText("a", "word " * segments, (), "a")
    places = np.array([(5 * i, 5 * i + 4) for i in range(segments)], np.int32)
    return SegmentedDocument([np.array([2])] * segments, targets, targets.any(axis=0), text, places)


def test_windows_of_a_pass_cover_what_is_labelled_and_repeat_what_is_rare():
    recipe = replace(Recipe(), max_segments=16, window_overlap=4, negative_windows_kept=0.0)
    both = document(40, [(3, 0), (30, 1)])
    chosen = training_windows([both, document(40)], np.array([1.0, 2.0]), recipe, random.Random(1))
    assert all(window.document is both for window in chosen)
    assert all(1 <= len(window.shown) <= 8 and window.shown[0] == window.begin for window in chosen)
    assert sum(3 in window.shown for window in chosen) == 1
    assert sum(30 in window.shown for window in chosen) == 2

    everything = replace(recipe, negative_windows_kept=1.0)
    chosen = training_windows([document(40)], np.ones(2), everything, random.Random(1))
    assert sorted(segment for window in chosen for segment in window.shown) == list(range(40))


def test_segments_left_out_are_those_without_a_label_and_the_others_keep_their_place():
    recipe = replace(Recipe(), max_segments=16, window_overlap=4, negative_windows_kept=1.0, negative_segments_kept=0.3)
    labelled = [(segment, 0) for segment in range(0, 4000, 10)]
    chosen = training_windows([document(4000, labelled)], np.ones(2), recipe, random.Random(3))
    shown = np.concatenate([window.shown for window in chosen])
    assert set(range(0, 4000, 10)) <= set(shown.tolist())
    assert 0.25 * 3600 < len(shown) - 400 < 0.35 * 3600
    batch = next(iter(batches(chosen, 64)))
    within = np.concatenate([window.shown - window.begin + 1 for window in batch])
    assert packed(batch).segment_index.tolist() == within.tolist()
    assert within.min() == 1
    assert within.max() <= 16


def test_a_segment_shown_stands_for_those_left_out():
    recipe = replace(Recipe(), negative_segments_kept=0.25, document_loss=0.0)
    window = Window(document(3, [(0, 0)]), 0, np.arange(3))
    logits = torch.tensor([[4.0, -4.0], [-4.0, -4.0], [1.0, -4.0]])
    per_segment = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.from_numpy(window.targets), reduction="none"
    ).sum(dim=1)
    expected = (per_segment[0] + 4 * per_segment[1] + 4 * per_segment[2]) / 9
    torch.testing.assert_close(loss_of(logits, [window], torch.ones(2), recipe), expected)


def test_a_training_goes_on_from_a_checkpoint_with_texts_cut_anew(inputs, trained, tmp_path, capsys):
    options = ["--vary-segments", "0.5", "--negative-segments-kept", "0.5", "--evaluate-every", "2"]
    shares = ["--validation", "0.2", "--test", "0.2"]
    files = ["--data", str(inputs / "texts.jsonl"), "--encoder", str(trained), "--output", str(tmp_path / "c")]
    main(
        [
            *files,
            *shares,
            *SIZES,
            *options,
            "--batch-segments",
            "12",
            "--passes",
            "3",
            "--learning-rate",
            "1e-9",
            "--head-learning-rate",
            "1e-9",
        ]
    )
    assert [each["micro_f1"] for each in metrics(tmp_path / "c")["validation_history"]] == 2 * [
        metrics(trained)["validation_history"][-1]["micro_f1"]
    ]
    capsys.readouterr()
    with pytest.raises(SystemExit, match=r"does not fit the options: .*layer\.2"):
        main([*files[:-1], str(tmp_path / "d"), *shares, *SIZES, "--layout", "S|SD|SD", "--passes", "1"])


SECOND = ["--dropout", "0", "--mask-tokens", "0.1", "--teacher-share", "0.4", "--weight-average", "0.9"]


def test_a_second_training_with_a_teacher_masked_tokens_and_averaged_weights(inputs, trained, tmp_path, monkeypatch, capsys):
    shorter = [*SECOND, "--segment-length", "12", "--learning-rate", "1e-3", "--head-learning-rate", "1e-3"]
    passes = cut_off_in_pass(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        train(inputs, tmp_path / "c", "--encoder", str(trained), *shorter, "--passes", "4")
    train(inputs, tmp_path / "c", "--encoder", str(trained), *shorter, "--passes", "4")
    assert passes == [0, 1, 1, 2, 3]
    assert "lexical teacher: 5/5 folds" in capsys.readouterr().out
    state = torch.load(tmp_path / "c/training-state.pt", weights_only=True)
    kept, last = state["averaged"]["module.classifier.weight"], state["model"]["classifier.weight"]
    assert 0 < float((kept - last).abs().max()) < 0.05
    calibration = Calibration.from_json(json.loads((tmp_path / "c/calibration.json").read_text()))
    folded = load_file(tmp_path / "c/model.safetensors")["classifier.weight"].numpy()
    np.testing.assert_allclose(folded, kept.numpy() * calibration.slopes[:, None], rtol=1e-5)
    assert metrics(tmp_path / "c")["test"]["micro_f1"] > 0.6

    words = "embeddings.word_embeddings.weight"
    assert not torch.equal(load_file(trained / "model.safetensors")["hi_transformer." + words], state["model"][words])


def test_a_hat_needs_no_more_token_positions_than_a_segment_has(inputs, tmp_path):
    square = ["--segment-length", "8", "--max-segments", "8", "--passes", "1"]
    train(inputs, tmp_path / "first", *square)
    train(inputs, tmp_path / "second", *square, "--encoder", str(tmp_path / "first"))
    assert metrics(tmp_path / "second")["passes"] == 1
    with pytest.raises(SystemExit, match=r"first: max_sentences allows 8, expected at least 9, because"):
        train(inputs, tmp_path / "c", *square, "--encoder", str(tmp_path / "first"), "--max-segments", "9")


def test_a_training_goes_on_from_uncalibrated_scores(trained):
    state = torch.load(trained / "training-state.pt", weights_only=True)["model"]
    tensors = load_file(trained / "model.safetensors")
    assert not torch.allclose(tensors["classifier.bias"], state["classifier.bias"], atol=1e-3)
    uncalibrate(tensors, trained)
    for name in ("classifier.weight", "classifier.bias"):
        torch.testing.assert_close(tensors[name], state[name], atol=1e-5, rtol=1e-5)


def test_the_teacher_softens_targets_by_its_share():
    recipe = replace(Recipe(), teacher_share=0.25, document_loss=0.0)
    window = Window(document(2, [(0, 0)]), 0, np.arange(2))
    taught = np.array([[0.4, 0.8], [0.0, 0.2]], np.float32)
    logits = torch.tensor([[1.0, -1.0], [0.5, 2.0]])
    targets = torch.tensor([[0.75 + 0.1, 0.2], [0.0, 0.05]])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=1).mean()
    torch.testing.assert_close(loss_of(logits, [window], torch.ones(2), recipe, taught), expected)


def test_masking_hides_its_share_of_tokens_and_no_cls():
    ids = torch.tensor([2] + [9] * 999)
    batch = Packed(ids, torch.tensor([1000]), torch.zeros(1), torch.ones(1))
    hidden = masked(batch, cls=2, mask=4, share=0.2).token_ids
    assert hidden[0] == 2
    assert set(hidden[1:].tolist()) == {4, 9}
    assert 150 < int((hidden == 4).sum()) < 250
    assert int((masked(batch, cls=2, mask=4, share=0.0).token_ids == 4).sum()) == 0


def test_batches_hold_at_most_so_many_segments_or_one_window():
    windows = training_windows([document(90, [(i, 0) for i in range(90)])], np.ones(2), Recipe(), random.Random(2))
    cut = list(batches(windows, 24))
    assert [window for batch in cut for window in batch] == windows
    assert all(len(batch) == 1 or sum(len(w.shown) for w in batch) <= 24 for batch in cut)


# Labels of whole texts


def test_a_label_of_the_whole_text_says_nothing_of_a_segment_and_all_of_the_best_one():
    recipe = replace(Recipe(), document_loss=0.5)
    targets = np.array([[np.nan, 1], [np.nan, 0]], np.float32)
    text = LabelledText("a", "word word ", (("B", 0, 4),), "a", ("A",))
    places = np.array([(0, 4), (5, 9)], np.int32)
    document = SegmentedDocument([np.array([2])] * 2, targets, np.array([True, True]), text, places)
    logits = torch.tensor([[1.0, -1.0], [0.5, 2.0]])
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    of_segments = bce(logits[:, 1], torch.tensor([1.0, 0.0]), reduction="none").mean()
    of_window = bce(torch.tensor(1.0), torch.tensor(1.0)) + 0.5 * bce(torch.tensor(2.0), torch.tensor(1.0))
    window = Window(document, 0, np.arange(2))
    torch.testing.assert_close(loss_of(logits, [window], torch.ones(2), recipe), of_segments + of_window)
    taught = np.zeros((2, 2), np.float32)
    assert torch.isfinite(loss_of(logits, [window], torch.ones(2), replace(recipe, teacher_share=0.5), taught))


def test_a_text_with_labels_of_its_whole_is_shown_whole_and_in_full():
    recipe = replace(Recipe(), max_segments=16, window_overlap=4, negative_windows_kept=0.0, negative_segments_kept=0.1)
    whole = replace(document(40), text=LabelledText("a", "x", (), "a", ("A",)))
    whole.targets[:, 0] = np.nan
    chosen = training_windows([whole, document(40)], np.ones(2), recipe, random.Random(1))
    assert sorted(window.begin for window in chosen) == [0, 16, 32]
    assert sorted(segment for window in chosen for segment in window.shown) == list(range(40))


@pytest.fixture(scope="module")
def unplaced(inputs, tmp_path_factory):
    """Inputs and checkpoint of a training on labels of whole texts."""
    folder = tmp_path_factory.mktemp("unplaced")
    write_labelled_texts(folder / "texts.jsonl", made_up_posts(60))
    shutil.copytree(inputs / "bert", folder / "bert")
    train(folder, folder / "checkpoint", "--passes", "8", "--evaluate-every", "8")
    return folder


def test_labels_of_whole_texts_are_learned_and_become_a_bundle(unplaced, tmp_path, capsys):
    assert metrics(unplaced / "checkpoint")["test"]["micro_f1"] > 0.8
    bundle = ["bundle", "--checkpoint", str(unplaced / "checkpoint"), "--output", str(tmp_path / "bundle")]
    assert exporter.main(bundle) == 0
    assert "the bundle keeps its promises" in capsys.readouterr().out


def test_a_teacher_helps_with_labels_of_whole_texts_too(unplaced, tmp_path, capsys):
    train(unplaced, tmp_path / "c", "--passes", "1", "--teacher-share", "0.4", "--vary-segments", "0.3", "--mask-tokens", "0.1")
    assert "lexical teacher: 5/5 folds" in capsys.readouterr().out


def test_spans_and_labels_of_whole_texts_may_be_mixed(inputs, tmp_path):
    texts = made_up_texts(24)
    write_labelled_texts(tmp_path / "texts.jsonl", [*without_places(texts[::2]), *texts[1::2]])
    shutil.copytree(inputs / "bert", tmp_path / "bert")
    train(tmp_path, tmp_path / "c", "--passes", "2")
    assert metrics(tmp_path / "c")["split"]["train"] > 0


@pytest.mark.parametrize(
    "line",
    [
        {"id": "x", "text": "The fee is due.", "lables": ["Fee"]},
        {"id": "x", "text": "The fee is due.", "labels": [""]},
        {"id": "x", "text": "The fee is due.", "labels": ["fee"]},
        {"id": "x", "text": "The fee is due.", "labels": ["Law\u00a0"]},
        {"id": "text-1", "text": "The fee is due."},
    ],
)
def test_data_that_cannot_be_meant_is_named_by_line_before_anything_is_trained(inputs, tmp_path, line):
    lines = (inputs / "texts.jsonl").read_text() + json.dumps(line) + "\n"
    (tmp_path / "texts.jsonl").write_text(lines)
    shutil.copytree(inputs / "bert", tmp_path / "bert")
    with pytest.raises(SystemExit, match=r"has 1 unusable line\(s\):\n  line 25: "):
        train(tmp_path, tmp_path / "c")
    assert not (tmp_path / "c").exists()


# Whatever export reads can be started from


def as_pytorch(folder):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def as_shards(folder):
    weights = load_file(folder / "model.safetensors")
    index = {name: f"model-0000{1 + i % 2}-of-00002.safetensors" for i, name in enumerate(weights)}
    for file in set(index.values()):
        save_file({name: tensor for name, tensor in weights.items() if index[name] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    (folder / "model.safetensors").unlink()


def renamed(new_name):
    def change(folder):
        weights = load_file(folder / "model.safetensors")
        save_file({new_name(name): tensor for name, tensor in weights.items()}, folder / "model.safetensors")

    return change


FORMS = {
    "pytorch": as_pytorch,
    "shards": as_shards,
    "wrapped": renamed(lambda name: f"module._orig_mod.{name}"),
    "model": renamed(lambda name: f"model.{name}"),
}


@pytest.fixture(scope="module")
def started(inputs, trained, tmp_path_factory):
    """What one pass makes of each of the two kinds of start."""
    folder = tmp_path_factory.mktemp("started")
    for kind, start in (("bert", inputs / "bert"), ("hat", trained)):
        train(inputs, folder / kind, "--passes", "1", "--encoder", str(start))
    return folder


@pytest.mark.parametrize("kind", ["bert", "hat"])
@pytest.mark.parametrize("form", FORMS)
def test_a_training_starts_from_weights_in_any_form(inputs, trained, started, tmp_path, kind, form, capsys):
    start = Path(shutil.copytree(inputs / "bert" if kind == "bert" else trained, tmp_path / "start"))
    FORMS[form](start)
    train(inputs, tmp_path / "c", "--passes", "1", "--encoder", str(start))
    expected = load_file(started / kind / "model.safetensors")
    actual = load_file(tmp_path / "c/model.safetensors")
    assert all(torch.equal(actual[name], expected[name]) for name in expected)
    assert ("note: " in capsys.readouterr().err) == (form in ("wrapped", "model"))


def test_a_training_starts_from_a_bundle_that_was_unpacked(inputs, trained, tmp_path, capsys):
    assert exporter.main(["bundle", "--checkpoint", str(trained), "--output", str(tmp_path / "bundle")]) == 0
    assert exporter.main(["unpack", str(tmp_path / "bundle"), "--output", str(tmp_path / "start")]) == 0
    train(inputs, tmp_path / "c", "--passes", "1", "--encoder", str(tmp_path / "start"))
    assert metrics(tmp_path / "c")["test"]["micro_f1"] > 0.6


@pytest.mark.parametrize("head", ["HATForSequenceClassification", "HATForMaskedLM", "HATModel", "HATForMultipleChoice"])
def test_a_training_starts_from_the_encoder_of_any_head(inputs, tmp_path, head):
    config = hat_config("S|SD|D", head=head, problem_type="multi_label_classification", max_segments=9, segment_length=20)
    write_checkpoint(tmp_path / "start", config)
    train(inputs, tmp_path / "c", "--passes", "1", "--encoder", str(tmp_path / "start"))
    assert metrics(tmp_path / "c")["passes"] == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"hidden_act": "relu"}, "hidden_act is 'relu', expected 'gelu'"),
        ({"pad_token_id": 1}, r"pad_token_id is 1, which is the token '\[UNK\]' here, but the PAD token is '\[PAD\]'"),
        ({"cls_token_id": 0}, r"cls_token_id is 0, which is the token '\[PAD\]' here"),
        ({"encoder_layout": {}}, "encoder_layout is {}"),
    ],
)
def test_a_hat_that_cannot_be_started_from_is_refused_in_a_sentence(inputs, trained, tmp_path, change, problem):
    start = Path(shutil.copytree(trained, tmp_path / "start"))
    config = json.loads((start / "config.json").read_text())
    (start / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(SystemExit, match=problem):
        train(inputs, tmp_path / "c", "--encoder", str(start))


def test_a_tokenizer_that_drops_merges_at_random_does_not_while_training(inputs, tmp_path):
    start = Path(shutil.copytree(inputs / "bert", tmp_path / "start"))
    config = json.loads((start / "config.json").read_text())
    special = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[MASK]": 3}
    letters = sorted({letter for text in made_up_texts(24) for letter in text.text})
    vocabulary = special | {letter: 4 + i for i, letter in enumerate(letters)} | {"th": 90, "the": 91}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("t", "h"), ("th", "e")], dropout=0.5, unk_token="[UNK]"))
    tokenizer.add_special_tokens(list(special))
    tokenizer.save(str(start / "tokenizer.json"))
    (start / "config.json").write_text(json.dumps(config))
    train(inputs, tmp_path / "c", "--passes", "1", "--encoder", str(start))
    assert json.loads((tmp_path / "c/tokenizer.json").read_text())["model"]["dropout"] is None


@pytest.mark.parametrize("old", [True, False])
def test_an_encoder_without_weights_that_are_needed_is_refused(inputs, tmp_path, old):
    start = Path(shutil.copytree(inputs / "bert", tmp_path / "start"))
    norms = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    if old:  # as bert-base-uncased still names them
        renamed(lambda name: next((name.replace(new, before) for new, before in norms.items() if new in name), name))(start)
        train(inputs, tmp_path / "c", "--passes", "1", "--encoder", str(start))
    else:
        renamed(lambda name: name.replace("attention.self.query", "attn.q"))(start)
        with pytest.raises(SystemExit, match=r"encoder\.layer\.0\.attention\.self\.query\.weight is missing"):
            train(inputs, tmp_path / "c", "--encoder", str(start))


def test_texts_to_learn_from_besides_are_never_held_out(inputs, tmp_path):
    more = [LabelledText(f"more-{i}", "The delivery was fast. All notices are in writing.", (), f"more-{i}") for i in range(9)]
    write_labelled_texts(tmp_path / "more.jsonl", more)
    train(inputs, tmp_path / "c", "--passes", "1", "--also-learn", str(tmp_path / "more.jsonl"))
    assert metrics(tmp_path / "c")["split"] == {"train": 14 + 9, "validation": 5, "test": 5}
    with pytest.raises(SystemExit, match="also_learn_sha256 was '"):
        train(inputs, tmp_path / "c", "--passes", "1")


def test_the_teacher_has_no_say_in_texts_to_learn_from_besides(inputs, tmp_path, monkeypatch):
    more = [LabelledText(f"more-{i}", "The delivery was fast. All notices are in writing.", (), f"more-{i}") for i in range(9)]
    write_labelled_texts(tmp_path / "more.jsonl", more)
    told = {True: [], False: []}

    def loss_that_listens(logits, batch, positive_weight, recipe, taught):
        sizes = np.cumsum([len(window.shown) for window in batch])[:-1]
        for window, rows in zip(batch, np.split(taught, sizes), strict=True):
            told[window.document.text.id.startswith("more-")].append(np.abs(rows - window.targets).max())
        return loss_of(logits, batch, positive_weight, recipe, taught)

    monkeypatch.setattr(training_module, "loss_of", loss_that_listens)
    options = ("--passes", "1", "--negative-windows-kept", "9", "--teacher-share", "0.5")
    train(inputs, tmp_path / "c", *options, "--also-learn", str(tmp_path / "more.jsonl"))
    assert set(told[True]) == {0}
    assert min(told[False]) > 0


def test_texts_to_learn_from_besides_have_ids_and_groups_of_their_own(inputs, tmp_path):
    texts = made_up_texts(24)
    with pytest.raises(SystemExit, match=r"--also-learn: id .* is taken by a text of --data.* and 29 more"):
        train(inputs, tmp_path / "c", "--also-learn", str(inputs / "texts.jsonl"))
    write_labelled_texts(tmp_path / "more.jsonl", [replace(text, id=f"more {text.id}") for text in texts])
    with pytest.raises(SystemExit, match=r"is of the group .*, which is held out"):
        train(inputs, tmp_path / "c", "--also-learn", str(tmp_path / "more.jsonl"))
