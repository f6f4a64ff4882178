"""Real servers of buckets on loopback, started by fixtures; a test that needs one that is not installed is skipped."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

ACCOUNT = "devstoreaccount1"
S3_SERVER = os.path.join(os.path.dirname(__file__), "s3_server.py")
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # azurite's public key


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def running(command, port, seconds=30):
    """Run a server until the block ends; wait until it listens."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with {process.returncode}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def s3_server():
    """A moto server whose writes are atomic, as those of S3 are; gives the options of a store on it."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    pytest.importorskip("moto", reason="moto is not installed")
    port = free_port()
    with running([sys.executable, S3_SERVER, str(port)], port):
        url = f"http://127.0.0.1:{port}"
        request = urllib.request.Request(f"{url}/team-bucket", method="PUT")
        urllib.request.urlopen(request, timeout=10).close()
        yield {"endpoint_url": url, "key": "test", "secret": "test"}


@pytest.fixture
def s3(s3_server):
    """URL of an empty prefix on the moto server, and its options."""
    return f"s3://team-bucket/{os.urandom(6).hex()}", s3_server


def connection_string(endpoint):
    """Say how adlfs reaches an azurite server."""
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"


@pytest.fixture(scope="session")
def azure_server():
    """An azurite server; gives the options of a store on it."""
    pytest.importorskip("adlfs", reason="adlfs is not installed")
    command = shutil.which("azurite-blob")
    if command is None:
        pytest.skip("azurite is not installed (npm install azurite)")
    port = free_port()
    arguments = ["--silent", "--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    with running([command, *arguments, "--skipApiVersionCheck", "--disableTelemetry"], port):
        string = connection_string(f"http://127.0.0.1:{port}/{ACCOUNT}")
        import adlfs

        adlfs.AzureBlobFileSystem(connection_string=string).mkdir("team")
        yield {"connection_string": string}


@pytest.fixture
def azure(azure_server):
    """URL of an empty prefix on the azurite server, and its options."""
    return f"az://team/{os.urandom(6).hex()}", azure_server


@pytest.fixture(scope="session")
def careless_server(tmp_path_factory):
    """An s3rver, which ignores If-None-Match; gives the options of a store on it."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    command = shutil.which("s3rver")
    if command is None:
        pytest.skip("s3rver is not installed (npm install s3rver)")
    port = free_port()
    folder = tmp_path_factory.mktemp("s3rver")
    arguments = ["--directory", str(folder), "--address", "127.0.0.1", "--port", str(port)]
    with running([command, *arguments, "--configure-bucket", "team-bucket", "--silent"], port):
        yield {"endpoint_url": f"http://127.0.0.1:{port}", "key": "S3RVER", "secret": "S3RVER"}
