"""What a manifest promises, in sentences for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from onnx_export.bundle.scoring import always_reached

_TASKS: Mapping[str, str] = {
    "document-classification": "pools the segments of a text ({pooling}) and scores the whole for {labels}",
    "segment-classification": "scores every segment of a text for {labels}; the text's score is that of its best segment",
    "multiple-choice": "pools the segments of each of several texts ({pooling}) and scores which answers a question best",
    "masked-lm": "scores every word of its vocabulary at every token of a text",
    "embedding": "pools the segments of a text ({pooling}) into one vector",
}
_PROBLEM_TYPES: Mapping[str, str] = {
    "multi-label": "any number of which may hold",
    "single-label": "one of which holds",
    "regression": "whose scores are numbers of any size",
}
_PAD_SEGMENTS: Mapping[str, str] = {
    "none": "Padding never counts.",
    "pad": "A text of fewer segments gets one of padding, because the model was trained with it (pad segment: pad).",
    "cls": "A text of fewer segments gets one of padding that begins with CLS, as the model was trained (pad segment: cls).",
}


def promises(manifest: Mapping[str, Any]) -> str:
    """What a valid manifest says, in sentences for a person."""
    first = f"{manifest['name']} {manifest['version']}: {manifest['task']}, {manifest['precision']}"
    of_architecture = {"hourglass": _of_symbols, "hat": _of_hat, "encoder": _of_encoder}
    middle = of_architecture[manifest["architecture"]](manifest)
    return "\n".join([first, *middle, *_origin(manifest["provenance"])])


def _of_symbols(manifest: Mapping[str, Any]) -> list[str]:
    symbols, windows, shortening = manifest["symbols"], manifest["windows"], manifest["shortening"]
    kind = "bytes" if symbols["kind"] == "bytes" else f"characters, of which it knows {len(symbols['vocabulary'])}"
    return [
        *_of_language(manifest),
        *_of_labels(manifest),
        f"It reads {kind}, {windows['length']} of them together, and longer texts in {_windows(windows)}. Its layers "
        f"are {shortening['layout']}, boundaries {shortening['boundaries']}.",
    ]


def _windows(windows: Mapping[str, int]) -> str:
    if "overlap" in windows:
        return f"windows that share {windows['overlap']}"
    gap = windows["gap"]
    return f"windows with {gap} between them that it does not look at" if gap else "windows beside each other"


def _of_language(manifest: Mapping[str, Any]) -> list[str]:
    if manifest["task"] != "language-model":
        return []
    which = "each symbol of a text" if manifest["scores_first_symbol"] else "each symbol of a text but the first"
    garbled, passage = manifest["labels"]
    return [
        f"It says how likely {which} is, given those before it. A text is {garbled['name']} from a surprise of {garbled['threshold']:g} "
        f"on, and has a {passage['name']} if one has {passage['threshold']:g}."
    ]


def _of_labels(manifest: Mapping[str, Any]) -> list[str]:
    labels = manifest.get("labels", [])
    if "problem_type" not in manifest:
        return []
    thresholds = sorted({label["threshold"] for label in labels})
    shown = ", ".join(label["name"] for label in labels[:6]) + (", …" if len(labels) > 6 else "")
    return [f"Labels: {shown}. {_presence(manifest['problem_type'], len(labels), thresholds, 'tags' in manifest)}"]


def _of_hat(manifest: Mapping[str, Any]) -> list[str]:
    cutting = manifest["segmentation"]
    labels = manifest.get("labels", [])
    kinds = f"{len(labels)} label{'s' if len(labels) != 1 else ''}, {_PROBLEM_TYPES[manifest['problem_type']]}" if labels else ""
    overlap = cutting["window_overlap"]
    lines = [f"It {_TASKS[manifest['task']].format(labels=kinds, pooling=manifest.get('pooling'))}."]
    lines += _of_labels(manifest)
    lines += [
        f"Texts are cut into segments of at most {cutting['segment_length']} tokens ({cutting['segmenter']}). It looks at "
        f"{cutting['max_segments']} of them together, at longer texts in windows that share {overlap}.",
        f"{_PAD_SEGMENTS[manifest['pad_segment']]} Positions of segments are "
        f"{'' if manifest['segment_positions'] else 'not '}added.",
    ]
    return lines


def _of_encoder(manifest: Mapping[str, Any]) -> list[str]:
    cutting = manifest["segmentation"]
    if manifest["task"] == "token-classification":
        answers, several = "says of every token of a text which label it has", ""
    else:
        answers = "scores a text"
        several = f" The logits of several are pooled ({manifest['pooling']})."
    return [
        f"It {answers}.",
        *_of_labels(manifest),
        f"Texts of more than {cutting['segment_length']} tokens, those counted that begin and end them, are cut into segments "
        f"({cutting['segmenter']}), each of which it looks at alone.{several}",
    ]


def _origin(provenance: Mapping[str, Any]) -> list[str]:
    lines = [
        f"Made from the checkpoint {provenance['checkpoint']['name']} (sha256 {provenance['checkpoint']['sha256'][:12]}…) "
        f"by onnx_export {provenance['exporter_version']}.",
    ]
    if "agreement" in provenance:
        agreement = provenance["agreement"]
        lines.append(
            f"Its graph was compared with another computation of the same on {agreement['documents']} documents: answers differ by "
            f"at most {agreement['largest_deviation']:.1e}. Rounding (precision, stored weights) moved them by at most "
            f"{agreement['largest_effect']:.1e}."
        )
    if "metrics" in provenance:
        measured = ", ".join(f"{name} {value}" for name, value in provenance["metrics"].items())
        lines.append(f"Measured by its maker: {measured}.")
    return lines


def _presence(problem_type: str, labels: int, thresholds: Sequence[float], of_spans: bool) -> str:
    """When a label holds; ``thresholds`` ascend."""
    if problem_type == "regression":
        return "Each has its number."
    if of_spans:
        return f"Present where a span has a score of {thresholds[0]:.2g} or more."
    if problem_type == "single-label" and thresholds[-1] <= always_reached(labels):
        return "The best one is present."
    span = " to ".join(dict.fromkeys(f"{threshold:g}" for threshold in (thresholds[0], thresholds[-1])))
    return f"{'The best one is present' if problem_type == 'single-label' else 'Present'} from a score of {span} on."
