"""Secrets are masked wherever text is written, and nothing else is."""

import subprocess
import sys

import pytest

import mlops_lite as ml
from mlops_lite.tracking.masking import MASK, is_secret_name, mask, mask_text


@pytest.mark.parametrize(
    "name",
    ["password", "db_passwd", "API_KEY", "apikey", "aws_secret_access_key", "token", "hf_token", "authToken",
     "Authorization", "client-secret", "private_key", "connection_string", "cookie", "session_id", "credentials",
     "pwd"],
)  # fmt: skip
def test_secret_names_are_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["depth", "max_tokens", "num_tokens", "tokenizer", "n_tokens", "passes", "compass", "author", "authors", "pinned",
     "key", "keys", "monkey", "spinning", "pad_token", "eos_token", "section", "pattern"],
)  # fmt: skip
def test_harmless_names_are_left_alone(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a" * 36,
        "sk-" + "a1" * 20,
        "hf_" + "b" * 34,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3",
        "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
        "xoxb-123456789012-abcdef",
    ],
)
def test_values_of_well_known_shapes_are_masked(secret):
    assert mask_text(f"before {secret} after") == f"before {MASK} after"


def test_passwords_in_urls_are_masked():
    assert mask_text("postgres://me:pa55word@host/db") == f"postgres://{MASK}@host/db"


def test_values_of_the_environment_are_masked_wherever_they_stand(monkeypatch):
    monkeypatch.setenv("MY_SERVICE_TOKEN", "correct-horse-battery")
    assert mask({"note": "uses correct-horse-battery now", "list": ["correct-horse-battery"]}) == {
        "note": f"uses {MASK} now",
        "list": [MASK],
    }


def test_assigned_secrets_are_masked_and_code_is_left_alone():
    text = 'password = "abc123456"\ntoken = read_token()\nrun --api-key=abcdefg --depth 3 --password hunter2x\n'
    masked = mask_text(text, assigned=True)
    assert "abc123456" not in masked and "abcdefg" not in masked and "hunter2x" not in masked
    assert "token = read_token()" in masked and "--depth 3" in masked


def test_no_secret_reaches_the_store(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import mlops_lite as ml\n"
        "API_KEY = 'literal-secret-1'\n"
        "@ml.track_run(tags={'token': 'literal-secret-2'})\n"
        "def fit(password, url, nested, text):\n"
        "    ml.log_params(secret='literal-secret-3', other='environment-secret-4')\n"
        "    used = API_KEY\n"
        "    raise ValueError('with environment-secret-4')\n"
        f"ml.use({str(tmp_path / 'store')!r})\n"
        "try:\n"
        "    fit('literal-secret-5', 'http://me:literal-secret-6@h', {'deep': [{'api_key': 'literal-secret-7'}]},\n"
        "        'x' * 3000 + 'environment-secret-4')\n"
        "except ValueError: pass\n"
    )
    subprocess.run(
        [sys.executable, str(script), "--password", "literal-secret-8"],
        check=True,
        env={**__import__("os").environ, "SERVICE_PASSWORD": "environment-secret-4"},
    )
    written = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    found = ml.runs(store=tmp_path / "store")[0]
    assert found.status == "failed" and found.params["password"] == MASK
    for number in (1, 2, 3, 4, 5, 6, 7, 8):
        assert f"secret-{number}".encode() not in written, number


def test_the_working_folder_of_a_shell_is_no_password(monkeypatch):
    monkeypatch.setenv("PWD", "/home/me/project")
    monkeypatch.setenv("DB_PWD", "hunter22-long")
    assert mask_text("/home/me/project/train.py hunter22-long") == f"/home/me/project/train.py {MASK}"
