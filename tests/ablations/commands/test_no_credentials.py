"""Keys of an object store, a database's password, a server's login, Ray's token: in no log, tag, report or traceback.

Commands are run with them, to the end and into failures, and everything that they leave or say is searched.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.ablations.execution.executors.two_nodes import EAGER, TOKEN, WITH_TOKEN
from tests.ablations.small_study import STUDY
from tests.services import POSTGRESQL, PostgreSQL, free_port, object_store, postgresql

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]
KEY, SECRET, PASSWORD, LOGIN = "AKIATELLNOBODY47", "do-not/tell+4711", "pass-word-4711", "log-in-4711"
SECRETS = (SECRET, PASSWORD, LOGIN, TOKEN)
SMALL = ["--data", "digits", "--device", "cpu", "--seeds", "1", "--steps", "9"]


@pytest.fixture(scope="module")
def objects() -> Iterator[str]:
    with object_store() as address:
        yield f"http://{address}"


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    if not POSTGRESQL:
        pytest.skip("needs the programs of PostgreSQL's server")
    with postgresql("owner", PASSWORD) as server:
        server.create("optuna", PASSWORD)
        yield server


@pytest.fixture
def logs() -> Iterator[Path]:
    """Where Ray is to write: below it are sockets, whose paths must be short."""
    with tempfile.TemporaryDirectory(prefix="r-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """A machine of its own, whose caches and logs lie in the test's folder."""
    (tmp_path / "small.json").write_text(json.dumps(STUDY.as_dict()))
    own = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    return {**os.environ, **own}


def run(folder: Path, settings: Mapping[str, str], *arguments: str, expected: int = 0) -> str:
    """A command; all that it said, which is kept among what is searched too."""
    command = [sys.executable, "-m", "ablations.cli", *arguments]
    done = subprocess.run(command, cwd=folder, env=dict(settings), capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    (folder / f"said-{len(list(folder.glob('said-*')))}.txt").write_text(said)
    assert done.returncode == expected, said
    return said


def told(folder: Path) -> list[str]:
    """Every place below a folder in which a secret stands, as it is or encoded; in files of any kind, and in names."""
    words = {form for secret in SECRETS for form in (secret, quote(secret, safe=""), _in_base64(secret))}
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes() + str(path).encode()
            found += [f"{word} in {path}" for word in words if word.encode() in content]
    return found


def _in_base64(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


def test_the_search_finds_what_is_told(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(f"connected with {PASSWORD}")
    (tmp_path / "tags.db").write_bytes(b"\0" + quote(SECRET, safe="").encode())
    (tmp_path / "fine.txt").write_text("postgresql://owner:***@host")
    assert len(told(tmp_path)) == 2


def test_a_study_with_an_object_store_a_mirror_and_a_cluster_tells_nothing(
    tmp_path: Path, objects: str, settings: dict[str, str], logs: Path
) -> None:
    """Run to its end on Ray with a token; then again with a mirror that is away, whose address has a login."""
    pytest.importorskip("ray", reason="needs Ray: pip install 'gan-ablations[cluster]'")
    import boto3

    client = boto3.client(
        "s3", endpoint_url=objects, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
    )
    client.create_bucket(Bucket="bucket")
    settings |= {"AWS_ENDPOINT_URL": objects, **WITH_TOKEN, **EAGER}
    settings["RAY_TMPDIR"] = str(logs)
    command = ["run", "small.json", *SMALL, "--store", "s3://bucket/team", "--out", "report"]
    cluster = ["--executor", "ray", "--address", "local", "--workers", "1"]
    run(tmp_path, settings, *command, *cluster, "--mirror", "mirror")
    away = f"http://someone:{LOGIN}@127.0.0.1:{free_port()}"
    said = run(tmp_path, settings, *command, "--mirror", away)
    assert "someone:***@" in said, "it says which mirror is behind"
    for item in client.list_objects_v2(Bucket="bucket")["Contents"]:
        kept = tmp_path / "objects" / item["Key"]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(client.get_object(Bucket="bucket", Key=item["Key"])["Body"].read())
    assert any(tarfile.is_tarfile(path) for path in tmp_path.rglob("*.tar"))
    assert (tmp_path / "mirror" / "mlflow.db").is_file()
    assert (tmp_path / "report" / "report.html").is_file()
    assert list(logs.rglob("raylet.out")), "Ray's own logs are among what is searched"
    assert told(tmp_path) + told(logs) == []


def test_failures_tell_nothing_even_with_their_tracebacks(tmp_path: Path, settings: dict[str, str]) -> None:
    dead = f"127.0.0.1:{free_port()}"
    settings["AWS_ENDPOINT_URL"] = f"http://{dead}"
    run(tmp_path, settings, "run", "small.json", *SMALL, "--traceback", "--store", "s3://bucket/x", expected=2)
    wrong = f"s3://{KEY}:{quote(SECRET, safe='')}@bucket/x"
    run(tmp_path, settings, "run", "small.json", *SMALL, "--traceback", "--store", wrong, expected=2)
    storage = f"postgresql+psycopg2://owner:{PASSWORD}@{dead}/optuna"
    said = run(tmp_path, settings, "search", *SMALL, "--trials", "1", "--traceback", "--storage", storage, expected=2)
    assert "owner:***@" in said
    login = f"http://someone:{LOGIN}@{dead}"
    run(tmp_path, settings, "run", "small.json", *SMALL, "--store", "store", "--mirror", "none")
    said = run(tmp_path, settings, "mirror", "--store", "store", "--to", login, expected=2)
    assert "someone:***@" in said
    assert told(tmp_path) == []


def test_a_search_in_a_database_tells_nothing_also_when_it_is_interrupted(
    tmp_path: Path, database: PostgreSQL, settings: dict[str, str]
) -> None:
    command = ["search", "baseline", *SMALL, "--finalists", "0", "--workers", "1", "--mirror", "none"]
    command += ["--storage", database.url("optuna", PASSWORD), "--store", "store"]
    run(tmp_path, settings, *command, "--trials", "2", "--out", "report")
    with (tmp_path / "interrupted.txt").open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "ablations.cli", *command, "--name", "long", "--trials", "500"],
            cwd=tmp_path, env=settings, stdout=file, stderr=file,
        )  # fmt: skip
        while not list((tmp_path / "store" / "work" / "searches").glob("long/**/runs/*")) and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 130, (tmp_path / "interrupted.txt").read_text()
    said = (tmp_path / "interrupted.txt").read_text()
    assert "Continue with: ablations search" in said
    assert "owner:***@" in said
    assert told(tmp_path) == []
    assert PASSWORD not in database.log()
