"""What needs PyTorch cannot even be imported where the extra ``train`` is not installed."""

from importlib.util import find_spec

collect_ignore = (
    []
    if find_spec("torch")
    else [
        "test_train.py",
        "test_company.py",
        "test_start.py",
        "test_hat_torch.py",
        "test_hourglass_torch.py",
        "test_baseline.py",
        "test_lexical.py",
        "test_pytorch_file_of_torch.py",
    ]
)
