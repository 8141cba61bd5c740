import json

import pytest

from onnx_export.commands.compare import main


def checkpoint(folder, precision, **options):
    folder.mkdir()
    metrics = {
        "passes": 2,
        "training_hours": 0.5,
        "average_precision": {"pairs": precision, "labels": precision - 0.1},
        "f1_in_halves": {"micro_f1": precision - 0.2, "macro_f1": precision - 0.3},
        "average_precision_of_segments": precision - 0.4,
    }
    (folder / "training.json").write_text(json.dumps({"layout": "S|D", "dropout": 0.1, "seed": 7, **options}))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return str(folder)


def test_seeds_of_one_training_are_a_row_named_by_what_differs(tmp_path, capsys):
    first = checkpoint(tmp_path / "a", 0.8)
    second = checkpoint(tmp_path / "b", 0.9, seed=8)
    other = checkpoint(tmp_path / "c", 0.7, layout="SD|SD")
    main([first, other, second])
    assert capsys.readouterr().out.splitlines()[2:] == [
        "| layout S·D | 7, 8 | 0.50 | 0.850 ± 0.071 | 0.750 ± 0.071 | 0.650 ± 0.071 | 0.550 ± 0.071 | 0.450 ± 0.071 |",
        "| layout SD·SD | 7 | 0.50 | 0.700 | 0.600 | 0.500 | 0.400 | 0.300 |",
    ]


def test_a_training_that_has_not_ended_is_named(tmp_path):
    first = checkpoint(tmp_path / "a", 0.8)
    (tmp_path / "a/metrics.json").unlink()
    with pytest.raises(SystemExit, match=r"a has no metrics\.json; expected a training that ran to its end"):
        main([first])
