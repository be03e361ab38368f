"""What config/deploy/ says, read: it starts what there is, and names no variable that nobody reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from config.runtime import health, web
from tests.webserver import free_port

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "config/deploy"
COMPOSE, DOCKERFILE = (DEPLOY / "compose.yaml").read_text(), (DEPLOY / "Dockerfile").read_text()
README = (ROOT / "README.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
UNITS = {file.name: file.read_text() for file in (DEPLOY / "systemd").iterdir()}
# of the images, not of ours
THEIRS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_INITDB_ARGS"}


def service(name: str) -> str:
    return re.split(r"\n  \w+:\n", COMPOSE.split(f"\n  {name}:\n")[1])[0]


def test_every_variable_that_a_deployment_sets_is_one_that_the_product_reads() -> None:
    named = set(re.findall(r"^ +([A-Z][A-Z_]+): ", COMPOSE, re.MULTILINE))
    named |= set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    named |= {more for text in UNITS.values() for more in re.findall(r"^Environment=(\w+)=", text, re.MULTILINE)}
    environment = README.split("cat >/etc/quittance/environment <<END\n")[1].split("END\n")[0]
    named |= set(re.findall(r"^([A-Z_]+)=", environment, re.MULTILINE))
    assert len(named) > 12
    assert [name for name in sorted(named - THEIRS) if name not in EXAMPLE] == []


def test_the_image_runs_as_nobody_special_and_is_built_in_two_stages() -> None:
    assert DOCKERFILE.count("\nFROM ") + DOCKERFILE.startswith("FROM ") == 2
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER quittance$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert "--require-hashes" in DOCKERFILE


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_a_container_of_ours_is_read_only_gives_up_every_right_and_says_whether_it_is_well(name: str) -> None:
    shared = COMPOSE.split("x-product: &product\n")[1].split("\nservices:")[0]
    for line in ("read_only: true", 'cap_drop: ["ALL"]', 'security_opt: ["no-new-privileges:true"]', "tmpfs:"):
        assert line in shared
    assert "<<: *product" in service(name)
    assert ("healthcheck: *background" in service(name)) is (name != "web"), "the image's own is the web server's"


def test_the_addresses_that_watchers_ask_are_those_of_the_product() -> None:
    asked = set(re.findall(r"/(?:health/web|health|healthz|readyz)\b/?", COMPOSE + (DEPLOY / "upgrade.sh").read_text()))
    assert asked
    assert asked <= set(health.PATHS)


def test_each_unit_starts_a_program_that_is_there_as_a_user_without_rights() -> None:
    assert set(UNITS) == {"quittance-web@.service", "quittance-worker@.service", "quittance-beat.service"}
    for text in UNITS.values():
        (module,) = re.findall(r"^ExecStart=\S+ -m ([\w.]+)", text, re.MULTILINE)
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
        for line in ("User=quittance", "NoNewPrivileges=true", "ProtectSystem=strict", "Restart=always"):
            assert line in text
    assert int(re.findall(r"TimeoutStopSec=(\d+)", UNITS["quittance-web@.service"])[0]) > web.STOP_SECONDS


def test_nginx_takes_what_is_written_for_it(tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if nginx is None or shutil.which("openssl") is None:
        pytest.skip("this machine has no nginx, or no openssl")
    key = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=a",
    ]
    pair = ["-keyout", str(tmp_path / "privkey.pem"), "-out", str(tmp_path / "fullchain.pem")]
    subprocess.run([*key, *pair], check=True, capture_output=True)
    conf = (DEPLOY / "nginx.conf").read_text().replace("/etc/quittance/tls", str(tmp_path))
    conf = conf.replace("listen 443", f"listen {free_port()}").replace("listen 80;", f"listen {free_port()};")
    (tmp_path / "site.conf").write_text(conf)
    main = f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} http {{ include {tmp_path}/site.conf; }}"
    (tmp_path / "nginx.conf").write_text(main)
    done = subprocess.run(
        [nginx, "-t", "-q", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
