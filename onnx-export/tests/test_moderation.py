"""The recipe for moderation, and the bundle that ships, if it does: it leaves ordinary text alone and knows the samples."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from onnx_export import __main__
from onnx_export.bundle.classifier import Classifier

REPOSITORY = Path(__file__).resolve().parents[2]
BUNDLE = REPOSITORY / "deploy/bundles/moderation"
SAMPLES = REPOSITORY / "deploy/samples/posts"
RECIPE = Path(__file__).parents[1] / "recipes/moderation"


def program(name: str) -> ModuleType:
    """One of the recipe's, which are no package."""
    spec = importlib.util.spec_from_file_location(f"moderation_{name}", RECIPE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_posts_that_are_nearly_the_same_share_a_group():
    texts = [
        "You have won 100 pounds. Call 0900 1234 before Friday to claim your prize.",
        "The delivery was fast.",
        "You have won 500 pounds! Call 0900 9876 before Monday to claim your prize.",
        "the delivery was FAST",
        "The delivery was slow, and the parcel had been opened before it came.",
    ]
    assert program("posts").groups_of(texts) == [0, 1, 0, 1, 4]


def test_posts_become_labelled_texts(tmp_path):
    post = {"text": "The fee is a joke.", "source": "made up", "labels": ["toxic"], "spans": []}
    (tmp_path / "posts.jsonl").write_text("".join(f"{json.dumps(post | {'id': name})}\n" for name in ("a", "b")))
    program("posts").main(tmp_path / "posts.jsonl", tmp_path / "data.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "data.jsonl").read_text().splitlines()]
    assert lines == [{"id": name, "text": post["text"], "labels": ["toxic"], "spans": [], "group": "a"} for name in ("a", "b")]


def test_paragraphs_of_five_kinds_become_texts_without_labels(tmp_path):
    words = " ".join(["word"] * 14)
    contracts = [f"TITLE\n\nClause {i}: {words}\nends." for i in range(600)]
    (tmp_path / "contracts.jsonl").write_text("".join(f"{json.dumps({'text': text})}\n" for text in contracts))
    rows = [f"{['(', 'see', f'{i}', ')', ',', *words.split(), '.']}\t[]\n" for i in range(1600)]
    (tmp_path / "decisions").mkdir()
    (tmp_path / "decisions/1.csv").write_text("tokens\tlabels\n" + "".join(rows))
    (tmp_path / "wordnet").mkdir()
    entries = [f'{i:08} 03 n 01 ice_floe 0 000 | a slab of ice; "the {i}th floe"  \n' for i in range(9000)]
    (tmp_path / "wordnet/data.noun").write_text("  1 This software is provided as is | by its makers\n" + "".join(entries))
    (tmp_path / "prose/a").mkdir(parents=True)
    sentences = [f"On day {i} {words}\nhe wept. Then {words} he slept!" for i in range(2100)]
    (tmp_path / "prose/a/1.txt").write_text(" ".join(sentences))
    (tmp_path / "manual").mkdir()
    paragraphs = [f"<p>\n    Process {i} is <em>killed</em> &amp; {words}.\n  </p><h2>Not this</h2>" for i in range(1100)]
    (tmp_path / "manual/a.html").write_text("".join(paragraphs))
    ordinary = program("ordinary")
    sources = ("contracts.jsonl", "decisions", "wordnet", "prose", "manual")
    ordinary.main(*(tmp_path / name for name in sources), tmp_path / "ordinary.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "ordinary.jsonl").read_text().splitlines()]
    assert all(line["labels"] == [] for line in lines)
    notices = [line["text"] for line in lines if line["id"].startswith("notice-")]
    assert len(notices) == ordinary.NOTICES * len(set(notices)) > 200
    assert not set(notices) & {text for _, text in program("left_alone").paragraphs(RECIPE / "ordinary")}
    assert len({line["text"] for line in lines}) == sum(ordinary.COUNTS.values()) + len(set(notices))
    of_kind = {kind: [line["text"] for line in lines if line["id"].startswith(kind)] for kind in ordinary.COUNTS}
    assert {kind: len(texts) for kind, texts in of_kind.items()} == ordinary.COUNTS
    assert all(text.startswith("Clause ") and text.endswith("word word ends.") for text in of_kind["contract"])
    assert all(text.startswith("(see ") and text.endswith("word.") for text in of_kind["decision"])
    assert all(text.startswith('ice floe: a slab of ice; "the ') and text.count("floe: ") == 3 for text in of_kind["definition"])
    assert all(text.startswith("On day ") and text.endswith("word he slept!") for text in of_kind["prose"])
    assert all(" is killed & word" in text and text.endswith("word.") for text in of_kind["manual"])


def test_a_source_with_too_few_paragraphs_is_named(tmp_path):
    (tmp_path / "contracts.jsonl").write_text(json.dumps({"text": "word " * 20}) + "\n")
    nothing = [tmp_path / name for name in ("decisions", "wordnet", "prose", "manual")]
    with pytest.raises(SystemExit, match=r"contracts\.jsonl holds 1 paragraphs of 15 to 79 words, expected at least 500"):
        program("ordinary").main(tmp_path / "contracts.jsonl", *nothing, tmp_path / "ordinary.jsonl")
    assert not (tmp_path / "ordinary.jsonl").exists()


def test_ordinary_paragraphs_are_of_many_kinds():
    paragraphs = list(program("left_alone").paragraphs(RECIPE / "ordinary"))
    assert len(paragraphs) == 220
    assert len({text for _, text in paragraphs}) == 220
    assert len({file for file, _ in paragraphs}) == 9
    assert all(20 <= len(text.split()) <= 60 for _, text in paragraphs)


@pytest.fixture(scope="module")
def classifier():
    if not BUNDLE.is_dir():
        pytest.skip("no bundle for moderation is here")
    return Classifier(BUNDLE, json.loads((BUNDLE / "manifest.json").read_text(encoding="utf-8")))


def test_the_bundle_keeps_its_promises_and_has_the_six_labels(classifier, capsys):
    assert __main__.main(["verify", str(BUNDLE)]) == 0, capsys.readouterr().out
    labels = [label["name"] for label in classifier.manifest["labels"]]
    assert labels == ["identity-attack", "insult", "obscene", "spam", "threat", "toxic"]
    assert sum(path.stat().st_size for path in BUNDLE.iterdir()) <= 32_000_000


def test_at_most_one_ordinary_paragraph_in_a_hundred_gets_a_label(classifier):
    left_alone = program("left_alone")
    texts = list(left_alone.paragraphs(RECIPE / "ordinary"))
    labelled = [(file, labels) for file, text in texts if (labels := left_alone.labels_of(classifier, text))]
    assert 100 * len(labelled) <= len(texts), labelled


KNOWN_TO_BE_WRONG = ["08-question-about-tomatoes.txt"]
"""As the model card says."""


def test_samples_have_the_labels_that_a_reader_gives_them(classifier):
    labels_of = program("left_alone").labels_of
    expected = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
    wrong = []
    for name, labels in expected.items():
        found = set(labels_of(classifier, (SAMPLES / name).read_text(encoding="utf-8")))
        if not set(labels["contains"]) <= found or set(labels["lacks"]) & found:
            wrong.append(name)
    assert wrong == KNOWN_TO_BE_WRONG


def test_evidence_is_the_sentence_that_insults(classifier):
    text = (SAMPLES / "03-insult-at-the-end.txt").read_text(encoding="utf-8")
    document = classifier.cut(text)
    insult = [label["name"] for label in classifier.manifest["labels"]].index("insult")
    first, end = document.segments[int(classifier.score(document).segments[:, insult].argmax())]
    start, stop = document.token_offsets[first][0], document.token_offsets[end - 1][1]
    assert "stupid" in text[start:stop]
    assert stop - start < len(text) / 3
