import hashlib
import json

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from onnx_export.hat.checkpoint import SEGMENT_POSITIONS, read_checkpoint
from onnx_export.hat.config import Head
from onnx_export.problems import ExportError
from random_checkpoints import hat_config, random_weights, write_checkpoint


def rewrite(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")


@pytest.fixture
def folder(tmp_path):
    return write_checkpoint(tmp_path / "checkpoint", hat_config("S|SD|SD"))


def problems_of(folder):
    with pytest.raises(ExportError) as raised:
        read_checkpoint(folder)
    return raised.value.problems


@pytest.mark.parametrize("prefix", ["hi_transformer.", "hat.", ""])
def test_any_prefix_is_read(tmp_path, prefix):
    config = hat_config("S|SD")
    checkpoint = read_checkpoint(write_checkpoint(tmp_path / "my-model", config, seed=4, prefix=prefix))
    expected = random_weights(config, 4)
    assert checkpoint.weights.keys() == expected.keys()
    for name, weight in expected.items():
        np.testing.assert_array_equal(checkpoint.weights[name], weight)
    assert checkpoint.name == "my-model"
    assert checkpoint.sha256 == hashlib.sha256((tmp_path / "my-model/model.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ml_dtypes.bfloat16])
def test_other_precisions_are_widened_or_rounded_to_float32(folder, dtype):
    rewrite(folder, lambda weights: weights.update({name: array.astype(dtype) for name, array in weights.items()}))
    weights = read_checkpoint(folder).weights
    assert {weight.dtype for weight in weights.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(
        weights["classifier.weight"], random_weights(hat_config("S|SD|SD"), 1)["classifier.weight"], rtol=1e-2
    )


def test_quantised_weights_are_refused(folder):
    rewrite(folder, lambda weights: weights.update({"classifier.weight": weights["classifier.weight"].astype(np.int8)}))
    assert problems_of(folder) == (
        "classifier.weight holds int8, expected floating-point numbers: save the model as it was before quantisation",
    )


@pytest.mark.parametrize("head", ["HATForSequenceClassification", "HATForMultipleChoice"])
@pytest.mark.parametrize("embedding", [False, True])
def test_weights_of_attentive_pooling_say_how_to_pool_where_nothing_else_does(tmp_path, head, embedding):
    config = hat_config(head=head, pooling="attentive")
    folder = write_checkpoint(tmp_path / "checkpoint", config)
    (folder / "config.json").write_text(json.dumps({key: value for key, value in config.items() if key != "pooling"}))
    assert read_checkpoint(folder, embedding=embedding).config.pooling == "attentive"
    (folder / "config.json").write_text(json.dumps(config | {"pooling": "max"}))
    if embedding:
        assert read_checkpoint(folder, embedding=True).config.pooling == "max"
    else:
        assert len(problems_of(folder)) == 3
        assert problems_of(folder)[0].endswith("and max pooling does not use it; --pooling attentive does")


def test_the_shared_table_of_segment_positions_may_be_stored_once(folder):
    rewrite(folder, lambda weights: weights.pop("hi_transformer.encoder.layer.2.position_embeddings.weight"))
    assert read_checkpoint(folder).weights[SEGMENT_POSITIONS].shape == (7, 32)


def test_every_contradiction_between_weights_and_config_is_reported_at_once(folder):
    def change(weights):
        del weights["pooler.dense.bias"]
        weights["lm_head.bias"] = np.zeros(3, np.float32)
        weights["hi_transformer.encoder.layer.0.document_encoder.output.dense.bias"] = np.zeros(32, np.float32)
        weights["classifier.weight"] = weights["classifier.weight"][:2]
        weights["classifier.bias"][1] = np.nan
        table = "hi_transformer.embeddings.position_embeddings.weight"
        weights[table] = weights[table][:9]
        weights["hi_transformer.encoder.layer.1.position_embeddings.weight"] += 1

    rewrite(folder, change)
    problems = problems_of(folder)
    for expected in (
        "pooler.dense.bias is missing, expected shape [32]",
        "lm_head.bias is superfluous",
        "encoder.layer.0.document_encoder.output.dense.bias is superfluous: encoder_layout S|SD|SD",
        "id2label asks for 3 where classifier.weight has 2: its shape is [2, 32]",
        "classifier.bias holds values that are not finite",
        "embeddings.position_embeddings.weight has 9 rows, expected at least 17",
        "encoder.layer.2.position_embeddings.weight differs from encoder.layer.1.position_embeddings.weight",
    ):
        assert [problem for problem in problems if expected in problem], expected
    assert len(problems) == 7


def test_a_weight_stored_under_two_prefixes_is_refused(folder):
    rewrite(folder, lambda weights: weights.update({"hat.classifier.bias": np.zeros(3, np.float32)}))
    assert "classifier.bias is stored twice, once as hat.classifier.bias" in problems_of(folder)[0]


def test_sizes_that_contradict_the_weights_are_named_by_their_keys_beside_what_is_not_supported(folder):
    config = json.loads((folder / "config.json").read_text())
    wrong = {"vocab_size": 201, "hidden_size": 64, "intermediate_size": 65, "type_vocab_size": 2, "max_sentences": 7}
    (folder / "config.json").write_text(json.dumps(config | wrong | {"hidden_act": "mish", "is_decoder": True}))
    problems = problems_of(folder)
    keys = {problem.partition(" ")[0] for problem in problems}
    assert keys == {*wrong, "hidden_act", "is_decoder"}
    assert len(problems) == len(keys)
    (folder / "config.json").write_text(json.dumps(config | wrong))
    assert {problem.partition(" ")[0] for problem in problems_of(folder)} == {*wrong}
    (folder / "config.json").write_text(json.dumps(config | {"max_sentence_length": 17}))
    assert "expected at least 18: pad_token_id + 1 + max_sentence_length" in problems_of(folder)[0]


def test_prefixes_may_be_mixed(folder):
    def change(weights):
        for name in list(weights):
            if ".layer.0." in name:
                weights["hat." + name.removeprefix("hi_transformer.")] = weights.pop(name)
            elif "LayerNorm" in name:
                weights[name.removeprefix("hi_transformer.")] = weights.pop(name)

    expected = read_checkpoint(folder).weights
    rewrite(folder, change)
    weights = read_checkpoint(folder).weights
    assert weights.keys() == expected.keys()
    assert all(np.array_equal(weights[name], expected[name]) for name in expected)


@pytest.mark.parametrize("head", list(Head))
def test_vectors_need_no_weights_of_a_head(tmp_path, head):
    config = hat_config("S|SD", head=head.value)
    folder = write_checkpoint(tmp_path / "c", config)
    weights = read_checkpoint(folder, embedding=True).weights
    assert not [name for name in weights if not name.startswith(("embeddings.", "encoder."))]
    rewrite(folder, lambda weights: weights.update({"projector.weight": np.zeros(3, np.float32)}))
    with pytest.raises(ExportError, match=r"projector\.weight is superfluous"):
        read_checkpoint(folder, embedding=True)


def test_vectors_pooled_attentively_need_the_pooling(tmp_path):
    folder = write_checkpoint(tmp_path / "c", hat_config("S|SD", pooler_type="attentive"))
    names = read_checkpoint(folder, embedding=True).weights.keys()
    assert "pooler.attentive_pooling.v.weight" in names
    assert "pooler.dense.weight" not in names
    rewrite(folder, lambda weights: weights.pop("pooler.attentive_pooling.v.weight"))
    with pytest.raises(ExportError, match=r"pooler\.attentive_pooling\.v\.weight is missing"):
        read_checkpoint(folder, embedding=True)


@pytest.fixture
def masked_lm(tmp_path):
    return write_checkpoint(tmp_path / "mlm", hat_config("S|SD", head=Head.TOKEN.value))


def test_a_decoder_that_is_not_stored_is_the_word_embeddings(masked_lm):
    rewrite(masked_lm, lambda weights: weights.pop("lm_head.decoder.weight"))
    weights = read_checkpoint(masked_lm).weights
    np.testing.assert_array_equal(weights["lm_head.decoder.weight"], weights["embeddings.word_embeddings.weight"])


@pytest.mark.parametrize("stored", [["lm_head.bias"], ["lm_head.decoder.bias"], ["lm_head.bias", "lm_head.decoder.bias"], []])
def test_the_bias_of_the_decoder_has_two_names(masked_lm, stored):
    before = read_checkpoint(masked_lm).weights["lm_head.decoder.bias"]

    def change(weights):
        bias = weights.pop("lm_head.decoder.bias")
        weights.update(dict.fromkeys(stored, bias))

    rewrite(masked_lm, change)
    if stored:
        np.testing.assert_array_equal(read_checkpoint(masked_lm).weights["lm_head.decoder.bias"], before)
    else:
        assert problems_of(masked_lm) == ("lm_head.decoder.bias is missing, expected shape [200]",)


def test_without_its_keys_the_cls_id_is_the_tokenizers(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["cls_token_id"]
    (folder / "config.json").write_text(json.dumps(config))
    assert read_checkpoint(folder).config.cls_id == 2
    (folder / "tokenizer.json").unlink()
    assert read_checkpoint(folder).config.cls_id is None


def test_position_ids_of_the_original_are_no_weights(folder):
    rewrite(folder, lambda weights: weights.update({"hi_transformer.embeddings.position_ids": np.arange(3)[None]}))
    read_checkpoint(folder)


def test_missing_or_unreadable_files_are_told(tmp_path, folder):
    assert "there is no such folder" in problems_of(tmp_path / "nowhere")[0]
    (folder / "model.safetensors").write_bytes(b"not safetensors")
    assert "cannot be read" in problems_of(folder)[0]
    (folder / "model.safetensors").unlink()
    assert problems_of(folder) == ("model.safetensors is missing, and so is pytorch_model.bin",)
    (folder / "pytorch_model.bin.index.json").touch()
    assert "is not JSON" in problems_of(folder)[0]
    (folder / "pytorch_model.bin.index.json").unlink()
    (folder / "pytorch_model.bin").touch()
    assert "is not a zip archive" in problems_of(folder)[0]
    (folder / "config.json").write_text("{")
    assert "is not JSON" in problems_of(folder)[0]
    (folder / "config.json").unlink()
    assert problems_of(folder) == ("the file is missing",)


def without(folder, *keys, **others):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({key: config[key] for key in config if key not in keys} | others))


@pytest.mark.parametrize("labels", [1, 2, 5])
def test_where_nothing_names_labels_the_classifier_says_how_many(tmp_path, labels):
    folder = write_checkpoint(tmp_path / "c", hat_config(labels=labels))
    without(folder, "id2label", "problem_type")
    checkpoint = read_checkpoint(folder)
    assert checkpoint.config.labels == tuple(f"LABEL_{i}" for i in range(labels))
    assert checkpoint.config.problem_type == ("regression" if labels == 1 else None)
    assert checkpoint.notes[0].startswith("config.json names no labels (id2label); the classifier has")


def test_a_classifier_of_another_shape_is_named_and_no_key_that_is_not_there(folder):
    without(folder, "id2label")
    rewrite(folder, lambda weights: weights.update({"classifier.weight": np.zeros(32, np.float32)}))
    assert problems_of(folder) == ("classifier.weight has shape [32], but config.json asks for [3, 32]",)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"num_labels": 4}, "num_labels asks for 4 where classifier.weight has 3"),
        ({"label2id": {"a": 0, "b": 1}}, "label2id asks for 2 where classifier.weight has 3"),
        ({"id2label": {"0": 0, "1": 1}}, "id2label asks for 2 where classifier.weight has 3"),
    ],
)
def test_the_key_that_asks_for_other_labels_is_the_one_that_is_named(folder, keys, problem):
    without(folder, "id2label", **keys)
    assert problem in problems_of(folder)[0]
    assert len(problems_of(folder)) == 1


def test_a_size_that_config_does_not_mention_asks_for_nothing(tmp_path):
    folder = write_checkpoint(tmp_path / "c", hat_config(type_vocab_size=2))
    without(folder, "type_vocab_size")
    assert read_checkpoint(folder).config.token_types == 2
