"""A type checker sees the signature that was decorated."""

import subprocess
import sys

import pytest

CODE = """
from collections.abc import Iterator
import mlops_lite as ml

@ml.track_run
def bare(data: list[int], *, depth: int = 6) -> float:
    return 0.5

@ml.track_run(experiment="churn", seed=0)
def optioned(name: str) -> bytes:
    return b""

@ml.track_run
async def coroutine(x: int) -> str:
    return ""

@ml.track_run
def generator(count: int) -> Iterator[int]:
    yield count

reveal_type(bare([1], depth=3))
reveal_type(optioned("x"))
reveal_type(coroutine)
reveal_type(generator(1))
reveal_type(bare.last_run)
bare(["a"])
optioned(name=3)
bare([1], dept=3)
"""


@pytest.mark.slow
def test_mypy_sees_the_wrapped_signature(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "code.py").write_text(CODE)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "code.py"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    revealed = [line.partition('Revealed type is "')[2].rstrip('"') for line in said.splitlines() if "Revealed" in line]
    assert [kind.rpartition(".")[2] if "[" not in kind else kind for kind in revealed[:2]] == ["float", "bytes"]
    assert "Coroutine" in revealed[2] and "str" in revealed[2] and "Iterator[" in revealed[3]
    assert "Run" in revealed[4]
    for wrong in ('"str"; expected "int"', '"int"; expected "str"', 'Unexpected keyword argument "dept"'):
        assert wrong in said, said
    assert "Found 3 errors" in said, said
