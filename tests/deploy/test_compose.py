"""`deploy/compose.yaml`: what it opens, what it tells, and its commands, run here with this machine's programs.

There is no engine for containers here. MLflow's server and PostgreSQL are the real ones; for the object store moto
stands in, which speaks the same protocol.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from ablations.store import Archive
from ablations.store.mirror import Mirror
from tests.ablations.factories import keep, make_result, make_study
from tests.outage import in_postgresql
from tests.services import POSTGRESQL, PostgreSQL, Program, free_port, object_store, postgresql

FOLDER = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ASKED = re.compile(r"\$\{([A-Z_]+):\?[^}]+\}")
"""A value that must be set: compose refuses to start without it."""
DEMANDED = {"POSTGRES_PASSWORD": "a-word-4711", "STORE_USER": "someone", "STORE_PASSWORD": "another-word-4711"}


def test_every_port_is_bound_to_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_login_is_asked_for_and_none_stands_in_the_file() -> None:
    secret = re.compile("PASSWORD|SECRET|ACCESS_KEY|ROOT_USER")
    settings = {f"{name}.{key}": str(value) for name, item in SERVICES.items() for key, value in item_settings(item)}
    wanted = {name: value for name, value in settings.items() if secret.search(name)}
    assert len(wanted) == 6
    assert all(ASKED.fullmatch(value) for value in wanted.values()), wanted
    assert {found[1] for value in wanted.values() if (found := ASKED.fullmatch(value))} == DEMANDED.keys()
    assert not any("PASSWORD" in str(item.get("command", "")) for item in SERVICES.values())


def item_settings(service: dict[str, Any]) -> list[tuple[str, Any]]:
    return list(service.get("environment", {}).items())


def test_every_file_and_volume_that_it_mounts_is_there() -> None:
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])]
    assert {name for name in mounts if not name.startswith("./")} == COMPOSE["volumes"].keys()
    assert all((FOLDER / name).is_file() for name in mounts if name.startswith("./"))


def test_its_mlflow_is_the_one_that_the_package_takes() -> None:
    needs = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())["project"]["dependencies"]
    (mlflow,) = (need for need in needs if need.startswith("mlflow"))
    assert f"'{mlflow}'" in SERVICES["mlflow"]["build"]["dockerfile_inline"]


def test_it_keeps_the_compose_specification() -> None:
    """By a reader of that specification, where it is installed: pip install compose-spec."""
    compose_spec = pytest.importorskip("compose_spec")
    found = compose_spec.PyCompose.from_yaml((FOLDER / "compose.yaml").read_text())
    assert set(found.service_names()) == SERVICES.keys()
    with pytest.raises(ValueError, match="`prots`"):
        compose_spec.PyCompose.from_yaml("services: {one: {image: x, prots: []}}")


# --- its commands ---


def environment_of(service: str, objects: str) -> dict[str, str]:
    """As compose would make it, with this machine's place of the object store."""
    filled = {
        name: ASKED.sub(lambda found: DEMANDED[found[1]], str(value))
        for name, value in item_settings(SERVICES[service])
    }
    return {name: value.replace("objects:9000", objects) for name, value in filled.items()}


def mlflow_as_composed(folder: Path, database: PostgreSQL, objects: str) -> Program:
    """The service's own command and environment: only places differ."""
    port = free_port()
    command = " ".join(str(SERVICES["mlflow"]["command"]).split()).replace("$$", "$")
    moved = {
        "/deploy/create_bucket.py": shlex.quote(str(FOLDER / "create_bucket.py")),
        "0.0.0.0": "127.0.0.1",
        "--port 5000": f"--port {port}",
        "@database/": f"@127.0.0.1:{database.port}/",
        "python ": f"{shlex.quote(sys.executable)} ",
        "exec mlflow ": f"exec {shlex.quote(sys.executable)} -m mlflow ",
    }
    for before, after in moved.items():
        assert before in command
        command = command.replace(before, after, 1)
    program, option, script = shlex.split(command)
    settings = environment_of("mlflow", objects) | {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    return Program([program, option, script], f"http://127.0.0.1:{port}/health", folder / "mlflow.log", settings)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.skipif(not POSTGRESQL, reason="needs the programs of PostgreSQL's server")
def test_its_services_run_by_their_own_commands_and_keep_their_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    given = environment_of("database", "")
    password = given["POSTGRES_PASSWORD"]
    with object_store() as objects, postgresql(given["POSTGRES_USER"], password) as database:
        database.create(given["POSTGRES_DB"], password)
        run_scripts(database, password)
        check_health(database)
        server = mlflow_as_composed(tmp_path, database, objects)
        server.start()
        try:
            archive = Archive.open(tmp_path / "store")
            keep(archive, make_study(), [make_result()])
            archive.attach("demo", "report.html", b"<p>page</p>")
            mirror = Mirror.open(server.url.removesuffix("/health"))
            assert mirror.sync(archive) == 1
            shown, running = in_postgresql(database.url("mlflow", password))
            assert {key for key, _, _ in shown} == set(archive.keys())
            assert set(shown.values()) == {1}
            assert running == 0
            assert b"<p>page</p>" in objects_in(objects, environment_of("mlflow", objects))
            assert server.process is not None
            family = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
            told = " ".join(word for process in family for word in process.cmdline()) + server.log.read_text()
        finally:
            server.kill()
        check_optuna(database, password)
        assert not any(secret in told + database.log() for secret in (password, DEMANDED["STORE_PASSWORD"]))


def run_scripts(database: PostgreSQL, password: str) -> None:
    """What the database's first start runs."""
    client = [
        "psql",
        "-h",
        "127.0.0.1",
        "-p",
        str(database.port),
        "-U",
        database.user,
        "-d",
        "mlflow",
        "-v",
        "ON_ERROR_STOP=1",
    ]
    for path in FOLDER.glob("*.sql"):
        subprocess.run(
            [*client, "-f", str(path)],
            check=True,
            capture_output=True,
            env={"PGPASSWORD": password, "PATH": "/usr/bin:/bin"},
        )


def check_health(database: PostgreSQL) -> None:
    _, program, *options = SERVICES["database"]["healthcheck"]["test"]
    where = ["--host", "127.0.0.1", "--port", str(database.port)]
    subprocess.run([program, *options, *where], check=True, capture_output=True)


def check_optuna(database: PostgreSQL, password: str) -> None:
    """A search finds its database, by the driver's variable alone."""
    from ablations.search.trial_storage import open_storage
    from tests.ablations.search.factories import SETTINGS

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", password)
        with open_storage(SETTINGS, database.url("optuna")) as storage:
            assert not storage.ended()


def objects_in(objects: str, settings: dict[str, str]) -> bytes:
    import boto3

    login = {
        "aws_access_key_id": settings["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": settings["AWS_SECRET_ACCESS_KEY"],
    }
    client = boto3.client("s3", endpoint_url=f"http://{objects}", region_name="us-east-1", **login)
    keys = [item["Key"] for item in client.list_objects_v2(Bucket="ablations", Prefix="mlflow/")["Contents"]]
    return b"".join(client.get_object(Bucket="ablations", Key=key)["Body"].read() for key in keys)


@pytest.mark.slow
def test_the_bucket_is_made_once_and_again_without_harm(tmp_path: Path) -> None:
    with object_store() as objects:
        for _ in range(2):
            settings = environment_of("mlflow", objects) | {
                "PATH": "/usr/bin:/bin",
                "HOME": str(tmp_path / uuid.uuid4().hex),
            }
            subprocess.run(
                [sys.executable, str(FOLDER / "create_bucket.py")], check=True, env=settings, capture_output=True
            )
