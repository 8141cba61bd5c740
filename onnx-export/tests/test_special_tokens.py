"""A tokenizer and a config.json that do not belong together are refused; what a tokenizer loses is told in figures."""

import json
import re

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from onnx_export import __main__
from onnx_export.problems import ExportError
from onnx_export.text.coverage import Coverage
from onnx_export.text.special_tokens import SpecialTokens, check_special_tokens
from random_checkpoints import hat_config, tiny_tokenizer, write_checkpoint

BERT = {"cls": ("cls_token_id", 2), "pad": ("pad_token_id", 0)}
ROBERTA = {"cls": ("cls_token_id", 0), "pad": ("pad_token_id", 1)}


def roberta():
    """The ids of RoBERTa: <s> 0, <pad> 1, </s> 2, <unk> 3."""
    entries = ["<s>", "<pad>", "</s>", "<unk>", *pre_tokenizers.ByteLevel.alphabet(), "<mask>"]
    tokenizer = Tokenizer(models.BPE({entry: i for i, entry in enumerate(entries)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    return tokenizer


def write(folder, tokenizer, **beside):
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    for name, content in beside.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder / "tokenizer.json"


def problems_of(path, expected):
    with pytest.raises(ExportError) as raised:
        check_special_tokens(path, expected)
    return raised.value.problems


POST_PROCESSORS = {
    "none": None,
    "bert": processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)),
    "template": processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    ),
    "sequence": processors.Sequence([processors.ByteLevel(), processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))]),
}


@pytest.mark.parametrize("name", POST_PROCESSORS)
def test_robertas_ids_beside_berts_tokenizer_are_refused_and_its_own_are_not(tmp_path, name):
    tokenizer = tiny_tokenizer()
    if POST_PROCESSORS[name] is not None:
        tokenizer.post_processor = POST_PROCESSORS[name]
    path = write(tmp_path, tokenizer)
    check_special_tokens(path, BERT)
    problems = problems_of(path, ROBERTA)
    where = "by its name" if name == "none" else "post_processor"
    assert problems == (
        f"cls_token_id is 0, which is the token '[PAD]' here, but the CLS token is '[CLS]' with the id 2 ({where}): "
        "the tokenizer of another model, or a wrong cls_token_id",
        "pad_token_id is 1, which is the token '[UNK]' here, but the PAD token is '[PAD]' with the id 0 (by its name): "
        "the tokenizer of another model, or a wrong pad_token_id",
    )


def test_berts_ids_beside_robertas_tokenizer_are_refused(tmp_path):
    tokenizer = roberta()
    check_special_tokens(write(tmp_path, tokenizer), ROBERTA)
    assert len(problems_of(write(tmp_path, tokenizer), BERT)) == 2
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    check_special_tokens(write(tmp_path, tokenizer), ROBERTA)
    assert "the CLS token is '<s>' with the id 0 (post_processor)" in problems_of(write(tmp_path, tokenizer), BERT)[0]


@pytest.mark.parametrize(("purpose", "token", "id"), [("sep", "[SEP]", 3), ("unk", "[UNK]", 1), ("mask", "[MASK]", 4)])
def test_the_other_special_tokens_tell_a_foreign_tokenizer_too(tmp_path, purpose, token, id):
    path = write(tmp_path, tiny_tokenizer())
    check_special_tokens(path, {purpose: (f"{purpose}_token_id", id)})
    assert f"the {purpose.upper()} token is '{token}' with the id {id}" in problems_of(path, {purpose: ("key", 77)})[0]


@pytest.mark.parametrize("file", ["special_tokens_map", "tokenizer_config"])
@pytest.mark.parametrize("form", [str, lambda token: {"content": token, "lstrip": False}])
def test_files_beside_the_tokenizer_name_tokens_too(tmp_path, file, form):
    tokenizer = Tokenizer(models.WordLevel({"first": 0, "nothing": 1, "word": 2}, unk_token="word"))
    path = write(tmp_path, tokenizer, **{file: {"cls_token": form("first"), "pad_token": form("nothing"), "sep_token": None}})
    check_special_tokens(path, ROBERTA)
    problems = problems_of(path, BERT)
    assert f"the CLS token is 'first' with the id 0 ({file}.json)" in problems[0]
    assert f"the PAD token is 'nothing' with the id 1 ({file}.json)" in problems[1]


def test_a_padding_that_names_its_token_counts_and_one_that_names_none_does_not(tmp_path):
    tokenizer = roberta()
    tokenizer.enable_padding(pad_id=3, pad_token="<unk>")
    assert "the PAD token is '<unk>' with the id 3 (padding)" in problems_of(write(tmp_path, tokenizer), ROBERTA)[0]
    tokenizer.enable_padding()  # "[PAD]" with the id 0 by default, which this vocabulary does not have
    check_special_tokens(write(tmp_path, tokenizer), ROBERTA)


def test_what_nothing_names_is_not_looked_at(tmp_path):
    path = write(tmp_path, Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a")))
    check_special_tokens(path, BERT | {"mask": ("mask_token_id", 1)})
    assert SpecialTokens(path).of("cls") == []


def test_one_of_several_customary_names_will_do(tmp_path):
    tokenizer = Tokenizer(models.WordLevel({"<s>": 0, "<pad>": 1, "<cls>": 2, "word": 3}, unk_token="word"))
    path = write(tmp_path, tokenizer)
    check_special_tokens(path, {"cls": ("cls_token_id", 2), "pad": ("pad_token_id", 1)})
    check_special_tokens(path, {"cls": ("cls_token_id", 0)})
    assert problems_of(path, {"cls": ("cls_token_id", 3)})


def test_the_cls_id_that_no_key_gives_is_the_one_of_the_post_processor(tmp_path):
    from onnx_export.hat.checkpoint import read_checkpoint

    config = hat_config()
    del config["cls_token_id"]
    folder = write_checkpoint(tmp_path / "c", config)
    tokenizer = tiny_tokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[MASK]", 4))
    write(folder, tokenizer)
    assert read_checkpoint(folder).config.cls_id == 4


@pytest.mark.parametrize("command", [["bundle"], ["bundle", "--precision", "int8"], ["graph", "--precision", "int8"]])
def test_no_command_exports_with_the_tokenizer_of_another_model(tmp_path, capsys, command):
    folder = write_checkpoint(tmp_path / "c", hat_config(cls_token_id=0, pad_token_id=1))
    assert __main__.main([*command, "--checkpoint", str(folder), "--output", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "cls_token_id is 0, which is the token '[PAD]' here" in said
    assert "pad_token_id is 1, which is the token '[UNK]' here" in said
    assert not (tmp_path / "out").exists()


def test_the_bos_id_is_checked_where_it_stands_for_the_cls_id(tmp_path, capsys):
    folder = write_checkpoint(tmp_path / "c", hat_config(bos_token_id=0, cls_token_id=None))
    assert __main__.main(["bundle", "--checkpoint", str(folder), "--output", str(tmp_path / "out")]) == 1
    assert "bos_token_id is 0, which is the token '[PAD]' here" in capsys.readouterr().err


def test_verify_refuses_a_bundle_whose_ids_are_another_tokenizers(tmp_path, capsys):
    folder = write_checkpoint(tmp_path / "c", hat_config())
    assert __main__.main(["bundle", "--checkpoint", str(folder), "--output", str(tmp_path / "bundle")]) == 0
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text())
    manifest["special_tokens"] = {"cls": 0, "pad": 1}
    (tmp_path / "bundle/manifest.json").write_text(json.dumps(manifest))
    capsys.readouterr()
    assert __main__.main(["verify", str(tmp_path / "bundle")]) == 1
    assert "tokenizer.json: special_tokens.cls is 0, which is the token '[PAD]' here" in capsys.readouterr().out


# Coverage


def record(text, tokens):
    return {"text": text, "token_ids": [id for id, _, _ in tokens], "token_offsets": [[start, end] for _, start, end in tokens]}


def test_characters_are_counted_where_they_end():
    # Offsets in UTF-16: the parcel takes two units.
    records = [record("ab 📦 cd", [(5, 0, 2), (1, 3, 5)]), record(" \n", []), record("é!", [(7, 0, 1), (1, 1, 2)])]
    coverage = Coverage.of(records, unknown=1)
    assert coverage == Coverage(characters=7, in_no_token=2, in_unknown_tokens=2, tokens=4, unknown_tokens=2)
    assert str(coverage).startswith(
        "of the characters of the golden texts, 2 of 7 (28.6 %) end in no token and 2 of 7 (28.6 %) in unknown tokens; "
        "of their tokens, 2 of 4 (50.0 %) are unknown."
    )
    assert not coverage.is_complete
    assert Coverage.of(records[:1], unknown=None).in_unknown_tokens == 0
    assert Coverage.of([record("ab", [(5, 0, 2)])], unknown=1).is_complete


def exported(tmp_path, capsys, text, tokenizer=None):
    folder = write_checkpoint(tmp_path / "c", hat_config(vocab_size=300))
    if tokenizer:
        write(folder, tokenizer)
    (folder / "golden-inputs.jsonl").write_text(json.dumps({"id": "a", "text": text}) + "\n", encoding="utf-8")
    assert __main__.main(["bundle", "--checkpoint", str(folder), "--output", str(tmp_path / "bundle")]) == 0
    return capsys.readouterr().err


def test_an_export_says_what_the_tokenizer_does_not_know(tmp_path, capsys):
    said = exported(tmp_path, capsys, "The fee is 5 €, не так ли?")
    assert re.search(
        r"warning: of the characters of the golden texts, 0 of 19 .* and 8 of 19 \(42\.1 %\) in unknown tokens", said
    )


def test_an_export_says_nothing_where_all_is_known(tmp_path, capsys):
    assert exported(tmp_path, capsys, "The fee is due.") == ""


def test_an_embedding_table_far_beyond_the_vocabulary_is_told(tmp_path, capsys):
    folder = write_checkpoint(tmp_path / "c", hat_config(vocab_size=1300))
    assert __main__.main(["bundle", "--checkpoint", str(folder), "--output", str(tmp_path / "bundle")]) == 0
    assert "warning: tokenizer.json has 194 tokens, and the model embeddings of 1,300, so 1,106 are never used" in (
        capsys.readouterr().err
    )
