import re

import pytest

from onnx_export.hat.config import Head, read_config
from onnx_export.hat.layout import Layer, parse_layout, shortened
from onnx_export.problems import ExportError
from random_checkpoints import hat_config


def problems_of(config, **options):
    with pytest.raises(ExportError) as raised:
        read_config(config, **options)
    return raised.value.problems


def test_reads_what_the_model_computes():
    config = read_config(hat_config("S|SD|D", labels=["a", "b"], problem_type="multi_label_classification"))
    assert config.head is Head.DOCUMENT
    assert config.layers == (Layer(True, False), Layer(True, True), Layer(False, True))
    assert config.layout == "S|SD|D"
    assert (config.segment_length, config.max_segments) == (16, 6)
    assert (config.labels, config.problem_type, config.pooling) == (("a", "b"), "multi-label", "max")


def test_both_names_of_the_segment_length_are_read():
    config = hat_config()
    config["max_sentence_size"] = config.pop("max_sentence_length")
    assert read_config(config).segment_length == 16
    assert problems_of(config | {"max_sentence_length": 32}) == (
        "max_sentence_length is 32 but max_sentence_size is 16, expected the same segment length",
    )


def test_every_problem_is_reported_at_once():
    config = hat_config(
        architectures=["HATForTokenClassification"],
        position_embedding_type="relative_key",
        add_cross_attention=True,
        is_decoder=True,
        pruned_heads={"0": [1]},
        cross_attention_hidden_size=32,
        hidden_act="mish",
        num_attention_heads=5,
        num_hidden_layers=3,
        max_sentences=0,
        layer_norm_eps="small",
        pad_token_id=200,
        problem_type="ranking",
        id2label={"0": "a", "2": "b"},
        pooler_type="mean",
        intermediate_size=None,
    )
    problems = problems_of(config)
    for key in (
        "architectures: HATForTokenClassification cannot be constructed in the original either",
        "pruned_heads is {'0': [1]}, expected none",
        "cross_attention_hidden_size is 32",
        "position_embedding_type",
        "add_cross_attention",
        "is_decoder",
        "hidden_act is 'mish', expected one of gelu",
        "expected a multiple of num_attention_heads (5)",
        "num_hidden_layers is 3, but encoder_layout has 2 layers",
        "max_sentences is 0",
        "layer_norm_eps is 'small'",
        "pad_token_id is 200, expected below vocab_size (200)",
        "problem_type is 'ranking'",
        "id2label has the keys ['0', '2'], expected 0 to 1",
        "pooler_type is 'mean', expected one of max, first, last, attentive",
        "intermediate_size is missing",
    ):
        assert [problem for problem in problems if key in problem], key
    assert len(problems) == 16


@pytest.mark.parametrize(
    ("layout", "problem"),
    [
        (None, "encoder_layout is None"),
        ({"0": {}}, "encoder_layout.0 has neither"),
        ({"1": {"sentence_encoder": True}}, "encoder_layout.0 is None"),
        ({"0": "S"}, "encoder_layout.0 is 'S'"),
    ],
)
def test_unusable_layouts_are_refused(layout, problem):
    assert problem in "".join(problems_of(hat_config("S", encoder_layout=layout)))


@pytest.mark.parametrize("layout", ["S", "S|SD|D", "S|S|SD|/2|S|S|SD", "S|/2|S|/4|SD|D", "D|/15|S"])
def test_both_forms_of_a_layout_say_the_same(layout):
    config = read_config(hat_config(layout, segment_length=64))
    assert config.layout == layout
    assert config.layers == parse_layout(layout)


def test_a_step_belongs_to_the_layer_that_it_stands_before():
    config = hat_config("S|/2|SD")
    assert config["num_hidden_layers"] == 2
    assert config["encoder_layout"] == {
        "0": {"sentence_encoder": True, "document_encoder": False},
        "1": {"shorten_factor": 2, "sentence_encoder": True, "document_encoder": True},
    }
    assert read_config(config).layers == (Layer(True, False), Layer(True, True, 2))


@pytest.mark.parametrize(
    ("length", "factor", "places"), [(1, 2, 1), (2, 2, 2), (3, 2, 2), (4, 2, 3), (64, 2, 33), (64, 4, 17), (65, 4, 17)]
)
def test_the_head_stays_and_the_last_group_may_be_smaller(length, factor, places):
    assert shortened(length, factor) == places


@pytest.mark.parametrize(
    ("layout", "problem"),
    [
        ("", "has the layers ['']"),
        ("S|DS", "has the layers ['DS']; expected S, D or SD, and between them steps such as /2"),
        ("S|/1|S", "has the layers ['/1']"),
        ("S|/0|S", "has the layers ['/0']"),
        ("S|/-2|S", "has the layers ['/-2']"),
        ("S|/x|S", "has the layers ['/x']"),
        ("S|S/2|S", "has the layers ['S/2']"),
        ("/2|S", "/2 stands before the first layer, expected one before it"),
        ("S|/2", "it ends with /2; expected a layer after each step"),
        ("S|/2|/3|S", "/3 follows /2; expected a layer after each step"),
        ("S|SD|/2|D", "/2 changes nothing: no S block comes after it, expected one"),
    ],
)
def test_a_step_where_none_may_stand_is_refused(layout, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        parse_layout(layout)


@pytest.mark.parametrize(
    ("layer", "factor", "problem"),
    [
        (0, 2, "encoder_layout.0.shorten_factor is 2: it stands before the first layer, expected one before it"),
        (2, 2, "encoder_layout.2.shorten_factor is 2: it changes nothing: no S block comes after it, expected one"),
        (1, 16, "encoder_layout.1.shorten_factor is 16: it puts together more than the 15 tokens that a segment has there"),
        (1, 1, "encoder_layout.1.shorten_factor is 1, expected a whole number of at least 2, or no such key"),
        (1, "2", "encoder_layout.1.shorten_factor is '2', expected a whole number"),
        (1, True, "encoder_layout.1.shorten_factor is True, expected a whole number"),
        (1, 2.0, "encoder_layout.1.shorten_factor is 2.0, expected a whole number"),
    ],
)
def test_a_factor_that_cannot_be_meant_is_refused(layer, factor, problem):
    config = hat_config("S|SD|D")
    config["encoder_layout"][str(layer)]["shorten_factor"] = factor
    [found] = problems_of(config)
    assert found.startswith(problem)


def test_a_second_step_counts_what_the_first_has_left():
    config = hat_config("S|/4|S|/4|S", segment_length=16)
    assert [layer.shorten_factor for layer in read_config(config).layers] == [1, 4, 4]
    assert "more than the 4 tokens" in problems_of(hat_config("S|/4|S|/5|S", segment_length=16))[0]


def test_a_head_that_answers_for_every_token_is_not_shortened():
    config = hat_config("S|/2|S", head=Head.TOKEN.value)
    [problem] = problems_of(config)
    assert problem.startswith(
        "architectures: HATForMaskedLM answers for every token, but encoder_layout shortens segments (S|/2|S)"
    )
    assert read_config(config, embedding=True).layout == "S|/2|S"


def test_an_unknown_architecture_is_refused():
    assert "BertModel is not a HAT head" in problems_of(hat_config(architectures=["BertModel"]))[0]
    assert "architectures is None, expected a list of one of HATForSequence" in problems_of(hat_config(architectures=None))[0]


def test_keys_without_effect_on_inference_are_ignored():
    ignored = {
        "auto_map": {"AutoModel": "modelling_hat.HATModel"},
        "transformers_version": "4.30.0",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "classifier_dropout": None,
        "initializer_range": 0.02,
        "use_cache": True,
        "torch_dtype": "float32",
        "max_position_embeddings": 16,
        "model_max_length": 96,
        "position_embedding_type": "absolute",
        "pruned_heads": {},
        "is_decoder": False,
        "cross_attention_hidden_size": None,
        "something_of_tomorrow": [1, 2],
    }
    assert read_config(hat_config() | ignored) == read_config(hat_config())


@pytest.mark.parametrize(
    ("head", "task", "pooling", "width"),
    [
        (Head.DOCUMENT, "document-classification", "max", 3),
        (Head.SEGMENT, "segment-classification", None, 3),
        (Head.CHOICE, "multiple-choice", "last", 1),
        (Head.TOKEN, "masked-lm", None, 200),
        (Head.NONE, "embedding", "max", 32),
    ],
)
def test_each_head_has_its_task(head, task, pooling, width):
    config = read_config(hat_config(head=head.value))
    assert (config.head.task, config.pooling, config.width) == (task, pooling, width)
    assert bool(config.labels) == (config.problem_type is not None) == head.classifies


def test_any_checkpoint_can_be_read_for_its_vectors():
    for head, pooling in ((Head.DOCUMENT, "max"), (Head.CHOICE, "last"), (Head.TOKEN, "max")):
        config = read_config(hat_config(head=head.value), embedding=True)
        assert (config.head, config.pooling, config.width) == (Head.NONE, pooling, 32)
    assert read_config(hat_config(architectures=None), pooling="first", embedding=True).pooling == "first"


def test_a_head_without_labels_does_not_look_at_them():
    assert read_config(hat_config(head=Head.TOKEN.value, id2label={"0": ""}, problem_type="ranking")).labels == ()


def test_labels_that_transformers_leaves_out_are_its_two():
    config = hat_config(problem_type="single_label_classification")
    del config["id2label"]
    assert read_config(config).labels == ("LABEL_0", "LABEL_1")
    assert read_config(config | {"num_labels": 3}).labels == ("LABEL_0", "LABEL_1", "LABEL_2")


def test_pooling_is_the_options_then_the_configs_then_max():
    assert read_config(hat_config()).pooling == "max"
    assert read_config(hat_config(pooler_type="first")).pooling == "first"
    assert read_config(hat_config(pooling="last")).pooling == "last"
    assert read_config(hat_config(pooler_type="first"), pooling="attentive").pooling == "attentive"


def test_a_segment_head_pools_nothing():
    config = hat_config(head=Head.SEGMENT.value, pooler_type="max")
    assert read_config(config).pooling is None
    assert "pools none" in problems_of(config, pooling="max")[0]


def test_without_problem_type_only_one_output_is_decided():
    config = hat_config(labels=1)
    del config["problem_type"]
    assert read_config(config).problem_type == "regression"
    assert read_config(config | {"id2label": {"0": "a", "1": "b"}}).problem_type is None


def test_cls_id_is_the_bos_id_where_it_has_no_key_of_its_own():
    config = hat_config(bos_token_id=5)
    del config["cls_token_id"]
    assert read_config(config).cls_id == 5
    del config["bos_token_id"]
    assert read_config(config).cls_id is None
    assert "bos_token_id is 200, expected below vocab_size" in problems_of(config | {"bos_token_id": 200})[0]


@pytest.mark.parametrize(
    ("keys", "labels", "told_by"),
    [
        ({"id2label": {"0": 0, "1": 5, "2": "x"}}, ("0", "5", "x"), "id2label"),
        ({"id2label": {}, "num_labels": 2}, ("LABEL_0", "LABEL_1"), "num_labels"),
        ({"label2id": {"no": 1, "yes": 0}}, ("yes", "no"), "label2id"),
        ({"label2id": {"no": "1", "yes": "0"}, "num_labels": 9}, ("yes", "no"), "label2id"),
        ({"num_labels": 3}, ("LABEL_0", "LABEL_1", "LABEL_2"), "num_labels"),
        ({}, ("LABEL_0", "LABEL_1"), None),
    ],
)
def test_labels_come_from_the_key_that_names_them(keys, labels, told_by):
    config = read_config({key: value for key, value in hat_config().items() if key != "id2label"} | keys)
    assert (config.labels, config.labels_key) == (labels, told_by)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"id2label": {"0": 1, "1": "1"}}, "id2label is [1, '1'], expected names that differ and are not empty"),
        ({"id2label": {"0": True, "1": None}}, "id2label is [True, None], expected names that differ"),
        ({"id2label": {"0": " ", "1": "b"}}, "id2label is [' ', 'b'], expected names that differ and are not empty"),
        ({"id2label": ["a", "b"]}, "id2label is ['a', 'b'], expected the name of each label by its number"),
        ({"id2label": {"1": "a", "2": "b"}}, "id2label has the keys ['1', '2'], expected 0 to 1"),
        ({"label2id": {"a": 1, "b": 1}}, "label2id has the numbers ['1', '1'], expected 0 to 1"),
        ({"label2id": ["a"]}, "label2id is ['a'], expected the number of each label by its name"),
        ({"num_labels": 0}, "num_labels is 0, expected a whole number of at least 1"),
        ({"num_labels": "3"}, "num_labels is '3', expected a whole number of at least 1"),
        ({"num_labels": True}, "num_labels is True, expected a whole number of at least 1"),
    ],
)
def test_labels_that_cannot_be_meant_are_refused(keys, problem):
    config = {key: value for key, value in hat_config().items() if key != "id2label"} | keys
    assert problem in problems_of(config)[0]
    assert len(problems_of(config)) == 1
