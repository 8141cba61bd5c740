"""Writes what the Java tests read: tiny bundles, the original's fixtures as graphs, vectors of segmenter and tokenizer.

    python onnx-export/tests/make_test_bundles.py [--bert-tokenizer tokenizer.json]

Everything is seeded, so the same versions write the same bytes. Run it after a change to the exporter or the rules of
segmentation, and commit what it writes. Java tests pass with the new files or the two sides have come apart.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / "src"), str(PROJECT / "tests")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402

from bigram_hourglass import bigram_config, bigram_weights  # noqa: E402
from corpus import corpus  # noqa: E402
from corpus_vectors import corpus_record, write_corpus  # noqa: E402
from onnx_export.bundle.encoder_settings import given_segment_length, resolve_encoder_settings  # noqa: E402
from onnx_export.bundle.given import Flags  # noqa: E402
from onnx_export.bundle.settings import resolve_settings  # noqa: E402
from onnx_export.bundle.symbol_settings import resolve_symbol_settings  # noqa: E402
from onnx_export.bundle.write import write_bundle  # noqa: E402
from onnx_export.contract import PadSegment, Precision  # noqa: E402
from onnx_export.encoder.checkpoint import read_encoder  # noqa: E402
from onnx_export.hat.checkpoint import read_checkpoint  # noqa: E402
from onnx_export.hat.config import Head  # noqa: E402
from onnx_export.hat.graph import build_graph  # noqa: E402
from onnx_export.hat.reference import score_document  # noqa: E402
from onnx_export.hourglass.checkpoint import read_hourglass  # noqa: E402
from onnx_export.hourglass.graph import build_graph as build_hourglass_graph  # noqa: E402
from onnx_export.json_files import write_json_lines  # noqa: E402
from onnx_export.text.segmentation import SegmenterName, segment, sentence_starts  # noqa: E402
from onnx_export.text.tokenization import TextTokenizer, utf16_offsets  # noqa: E402
from random_checkpoints import hat_config, tiny_tokenizer, write_checkpoint  # noqa: E402
from random_hourglass import encoder_config, pytorch_config, trax_config, write_hourglass  # noqa: E402
from roberta_form import roberta_form  # noqa: E402
from vector_texts import SHORT, texts  # noqa: E402

REPOSITORY = PROJECT.parent
RESOURCES = REPOSITORY / "flink-job/inference/src/test/resources"
CORPUS = RESOURCES / "tokenizer-corpus.jsonl.gz"
BERT_TOKENIZER = REPOSITORY / "deploy/bundles/contract-clauses/tokenizer.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bert-tokenizer", type=Path, default=BERT_TOKENIZER, help="of all-MiniLM-L6-v2")
    parser.add_argument("--output", type=Path, default=RESOURCES)
    options = parser.parse_args()
    write_tiny_bundles(options.output / "bundles")
    write_tiny_symbol_bundles(options.output / "bundles")
    write_encoder_bundles(options.output)
    write_fixture_graphs(options.output / "hat-fixtures")
    write_hourglass_fixture_graphs(options.output / "hourglass-fixtures")
    write_wrong_graphs(options.output / "wrong-graphs")
    with tempfile.TemporaryDirectory() as folder:
        tiny, bert, roberta = open_tokenizers(Path(folder), options.bert_tokenizer)
    write_json_lines(options.output / "segmentation-vectors.jsonl", segmentation_vectors({"tiny": tiny, "bert": bert}))
    tokenizers = {"tiny": tiny, "bert": bert, "roberta": roberta}
    write_json_lines(options.output / "tokenizer-vectors.jsonl", tokenizer_vectors(tokenizers))
    tokenize = {"bert": bert.tokenize, "roberta": roberta.tokenize}
    write_corpus(options.output / CORPUS.name, (corpus_record(text, tokenize) for text in corpus()))


def open_tokenizers(folder: Path, bert: Path = BERT_TOKENIZER) -> tuple[TextTokenizer, TextTokenizer, TextTokenizer]:
    """The tiny one, the shipped one and roberta-base's, numbered as in GPT-2."""
    tiny, roberta = folder / "tiny.json", folder / "roberta.json"
    tiny.write_text(tiny_tokenizer().to_str(), encoding="utf-8")
    roberta.write_text(json.dumps(roberta_form()), encoding="utf-8")
    return TextTokenizer(tiny), TextTokenizer(bert), TextTokenizer(roberta)


def write_tiny_bundles(target: Path) -> None:
    """``tiny-segments``: multi-label, cut by sentences. ``tiny-documents``: single-label, max pooling, cut uniformly.

    ``tiny-choices``, ``tiny-tokens`` and ``tiny-vectors`` have the heads without labels, K = 11 and pad segments that begin with CLS;
    ``tiny-single`` has N = 1, so that every segment is a window, and nine labels that exclude each other without thresholds.
    ``tiny-int8``: computes in int8 after a document block, too. ``tiny-shortened``: segments shortened twice, the last groups cut off,
    and pad segments among them.
    """
    segments = hat_config(
        "S|SD|SD",
        head=Head.SEGMENT.value,
        labels=["payment", "termination", "liability", "secrecy"],
        problem_type="multi_label_classification",
    )
    documents = hat_config("SD|S|SD", labels=["contract", "complaint", "letter"])
    _tiny_bundle(target, "tiny-segments", segments, {"window_overlap": 2, "thresholds": {"payment": 0.6, "secrecy": 0.4}})
    _tiny_bundle(target, "tiny-documents", documents, {"segmenter": "uniform", "thresholds": {"letter": 0.35}})
    sizes = {"segment_length": 11, "max_segments": 4, "hidden_size": 16}
    for name, head in (("tiny-choices", Head.CHOICE), ("tiny-tokens", Head.TOKEN), ("tiny-vectors", Head.NONE)):
        _tiny_bundle(target, name, hat_config("SD|S|SD", head=head.value, **sizes), {"pad_segment": "cls", "window_overlap": 1})
    single = hat_config("S|SD", labels=9, pooler_type="attentive", segment_length=9, max_segments=1, hidden_size=16)
    _tiny_bundle(target, "tiny-single", single, {})
    int8 = hat_config(
        "SD|S|SD", labels=["contract", "complaint", "letter"], pooler_type="attentive", problem_type="multi_label_classification"
    )
    _tiny_bundle(target, "tiny-int8", int8, {}, "int8")
    labels = ["contract", "complaint", "letter"]
    shortened = hat_config("S|/2|SD|/3|S", labels=labels, segment_length=12, hidden_size=8, intermediate_size=16)
    _tiny_bundle(target, "tiny-shortened", shortened, {"window_overlap": 1})


def _tiny_bundle(
    target: Path, name: str, config: Mapping[str, Any], settings: Mapping[str, Any], precision: Precision = "fp32"
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_checkpoint(Path(scratch) / name, config, seed=7)
        _describe(folder, name, settings)
        checkpoint = read_checkpoint(folder)
        write_bundle(folder, checkpoint, resolve_settings(folder, checkpoint, Flags(precision=precision)), target / name)
    _print_size(target / name)


def _describe(folder: Path, name: str, settings: Mapping[str, Any]) -> None:
    (folder / "bundle.json").write_text(json.dumps({"name": name, "version": "1", **settings}))
    (folder / "MODEL_CARD.md").write_text(
        f"# {name}\n\nRandom weights for tests; its labels mean nothing. Made by `onnx-export/tests/make_test_bundles.py`.\n"
    )


def _print_size(bundle: Path) -> None:
    print(f"{bundle}: {sum(path.stat().st_size for path in bundle.iterdir()) / 1e3:.0f} kB")


def write_tiny_symbol_bundles(target: Path) -> None:
    """``tiny-language``: bytes, nested levels, attention and linear resampling. ``tiny-language-fixed``: 27 characters, whose first is
    not scored, and groups that end by the place in the document, so that the graph has ``offset``. ``tiny-language-int8``: bytes.
    ``tiny-language-gaps``: as ``tiny-language-fixed``, with gaps between its windows. ``tiny-bytes``: an encoder that classifies
    documents from bytes. ``tiny-quality``: knows the letters of English, so that it tells what is garbled; windows with gaps.

    Windows have 48 symbols, a number that not all of their factors divide, and share 24, those of ``tiny-bytes`` 12.
    """
    nested = trax_config("1@2 1@10 1@2", d_model=16, d_ff=24, upsampling_fn="LinearUpsampling")
    _tiny_symbol_bundle(target, "tiny-language", nested)
    _tiny_symbol_bundle(target, "tiny-language-fixed", pytorch_config("fixed", d_model=16, d_inner=24, fixed_sf=5))
    gaps = {"window_length": 48, "window_gap": 30}
    _tiny_symbol_bundle(target, "tiny-language-gaps", pytorch_config("fixed", d_model=16, d_inner=24, fixed_sf=5), settings=gaps)
    _tiny_symbol_bundle(target, "tiny-language-int8", trax_config(d_model=16, d_ff=24), "int8")
    _tiny_symbol_bundle(target, "tiny-bytes", encoder_config(d_model=16, d_ff=24))
    quality = {"window_length": 128, "window_gap": 128, "thresholds": {"garbled": 1.2, "garbled-passage": 1.5}}
    english = bigram_weights((REPOSITORY / "LICENSE").read_bytes())
    _tiny_symbol_bundle(target, "tiny-quality", bigram_config(), settings=quality, known=english)


def _tiny_symbol_bundle(
    target: Path,
    name: str,
    config: Mapping[str, Any],
    precision: Precision = "fp32",
    settings: Mapping[str, Any] = MappingProxyType({"window_length": 48}),
    known: Mapping[str, np.ndarray] | None = None,
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_hourglass(Path(scratch) / name, config, seed=7, known=known)
        _describe(folder, name, settings)
        checkpoint = read_hourglass(folder)
        resolved = resolve_symbol_settings(folder, checkpoint, Flags(precision=precision))
        write_bundle(folder, checkpoint, resolved, target / name)
    _print_size(target / name)


def write_encoder_bundles(target: Path) -> None:
    """The checkpoints of ``fixtures/encoder-texts`` as bundles, and what transformers computed for texts as ``encoder-texts/*.json``."""
    (target / "encoder-texts").mkdir(parents=True, exist_ok=True)
    for fixture in sorted((PROJECT / "tests/fixtures/encoder-texts").iterdir()):
        with tempfile.TemporaryDirectory() as scratch:
            folder = shutil.copytree(fixture, Path(scratch) / fixture.name)
            _describe(folder, fixture.name, json.loads((fixture / "bundle.json").read_text()))
            checkpoint = read_encoder(folder, segment_length=given_segment_length(folder, Flags()))
            settings = resolve_encoder_settings(folder, checkpoint, Flags())
            write_bundle(folder, checkpoint, settings, target / "bundles" / fixture.name)
        _print_size(target / "bundles" / fixture.name)
        shutil.copy(fixture / "expected.json", target / "encoder-texts" / f"{fixture.name}.json")


def write_hourglass_fixture_graphs(target: Path) -> None:
    """The fixtures of both originals: the graph, and the log-likelihoods that the original computed."""
    for fixture in sorted(path for path in (PROJECT / "tests/fixtures/hourglass").iterdir() if path.is_dir()):
        inputs = json.loads((fixture / "expected.json").read_text())["inputs"]
        checkpoint = read_hourglass(fixture)
        folder = target / fixture.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(build_hourglass_graph(checkpoint).SerializeToString())
        windows = [
            {
                "symbols": given["tokens"],
                "offset": given.get("offset", 0),
                "log_likelihood": [0.0] * (len(given["tokens"]) - given["scored_tokens"]) + given["target_log_probs"],
            }
            for given in inputs
        ]
        record = {"has_offset": checkpoint.config.has_offset, "windows": windows}
        (folder / "expected.json").write_text(f"{json.dumps(record, separators=(',', ':'))}\n")


def write_fixture_graphs(target: Path) -> None:
    """The fixtures of the original: the graph, and what the original computed with facts for packing."""
    for fixture in sorted((PROJECT / "tests/fixtures/hat").iterdir()):
        expected = json.loads((fixture / "expected.json").read_text())
        checkpoint = read_checkpoint(fixture, pooling=expected["pooling"])
        positions = expected.get("segment_positions", True)
        pad_segment: PadSegment = "cls" if expected["padded_input"]["pad_segments_start_with_cls"] else "pad"
        hat = checkpoint.config
        folder = target / fixture.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(build_graph(checkpoint, segment_positions=positions).SerializeToString())
        record = {
            "task": hat.head.task,
            "segment_length": hat.segment_length,
            "max_segments": hat.max_segments,
            "cls": hat.cls_id,
            "pad": hat.pad_id,
            "pad_segment": pad_segment,
            "documents": expected["documents"],
        }
        if hat.head is Head.TOKEN:
            record["logits_every_5th_token"] = expected["logits_every_5th_token"]
        elif hat.head is Head.SEGMENT:
            record["segment_logits"] = expected["logits"]
        else:
            # The choices of one question follow each other, each a document of its own.
            rows = np.reshape(expected["logits"], (len(expected["documents"]), hat.width))
            record["logits"] = rows.tolist()
            record["segment_logits"] = [
                score_document(checkpoint, document, pad_segment=pad_segment, segment_positions=positions)
                .segments.round(6)
                .astype(float)
                .tolist()
                for document in expected["documents"]
            ]
        (folder / "expected.json").write_text(f"{json.dumps(record, separators=(',', ':'))}\n")


def write_wrong_graphs(target: Path) -> None:
    """Graphs that ONNX Runtime loads and no bundle may have: each differs from what ``tiny-segments`` promises in one tensor."""
    inputs: dict[str, tuple[int, list[Any]]] = {
        "input_ids": (TensorProto.INT64, ["S", 16]),
        "attention_mask": (TensorProto.INT64, ["S", 16]),
        "document_index": (TensorProto.INT64, ["S"]),
        "segment_index": (TensorProto.INT64, ["S"]),
    }
    wrong: dict[str, dict[str, tuple[int, list[Any]]]] = {
        "int32-tokens": {"input_ids": (TensorProto.INT32, ["S", 16])},
        "fixed-batch": {"input_ids": (TensorProto.INT64, [4, 16])},
        "flat-index": {"segment_index": (TensorProto.INT64, ["S", 1])},
        "fifth-input": {"token_type_ids": (TensorProto.INT64, ["S", 16])},
    }
    target.mkdir(parents=True, exist_ok=True)
    for name, change in wrong.items():
        weights = helper.make_tensor("weights", TensorProto.FLOAT, [16, 4], [0.0] * 64)
        nodes = [
            helper.make_node("Cast", ["input_ids"], ["tokens"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["tokens", "weights"], ["segment_logits"]),
        ]
        tensors = [helper.make_tensor_value_info(key, kind, shape) for key, (kind, shape) in {**inputs, **change}.items()]
        rows = {**inputs, **change}["input_ids"][1][0]
        output = helper.make_tensor_value_info("segment_logits", TensorProto.FLOAT, [rows, 4])
        graph = helper.make_graph(nodes, name, tensors, [output], [weights])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        (target / f"{name}.onnx").write_bytes(model.SerializeToString())


def segmentation_vectors(tokenizers: Mapping[str, TextTokenizer]) -> list[dict[str, Any]]:
    """Sentence starts of each text, and its segments for a few K from the token offsets given; all in UTF-16 code units."""
    records = []
    for text in texts():
        starts = [start for start, _ in utf16_offsets(text, [(start, start) for start in sentence_starts(text)])]
        record: dict[str, Any] = {"text": text, "sentence_starts": starts, "tokenizations": []}
        for name, tokenizer in tokenizers.items():
            tokens = tokenizer.tokenize(text)
            record["tokenizations"].append(
                {
                    "tokenizer": name,
                    "token_offsets": utf16_offsets(text, tokens.offsets),
                    "segments": [
                        {
                            "segmenter": segmenter,
                            "segment_length": K,
                            "expected": segment(text, tokens.offsets, segmenter=segmenter, segment_length=K),
                        }
                        for segmenter, K in _cuts()
                    ],
                }
            )
        records.append(record)
    return records


def _cuts() -> Sequence[tuple[SegmenterName, int]]:
    return [("sentence", 2), ("sentence", 9), ("sentence", 16), ("sentence", 128), ("uniform", 9), ("uniform", 128)]


def tokenizer_vectors(tokenizers: Mapping[str, TextTokenizer]) -> list[dict[str, Any]]:
    """Ids and UTF-16 offsets in full, which say more about a difference than the digests of the corpus do."""
    records = []
    for name, tokenizer in tokenizers.items():
        for text in SHORT:
            tokens = tokenizer.tokenize(text)
            records.append({"tokenizer": name, "text": text, "ids": tokens.ids, "offsets": utf16_offsets(text, tokens.offsets)})
    return records


if __name__ == "__main__":
    main()
