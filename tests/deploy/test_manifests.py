"""The files in deploy/ fit together and name only settings that exist; no engine is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import PREFIX, ROOT, Settings

DEPLOY = ROOT / "deploy"
NOT_OBJECTS = {"kustomization.yaml", "production-stack.yaml"}
MANIFESTS = [
    path for path in sorted((DEPLOY / "kubernetes").rglob("*.yaml")) if path.name not in NOT_OBJECTS
]
KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """(file, object) of every Kubernetes object."""
    for path in MANIFESTS:
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield path.name, document


def workloads() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(name, object, its pod) of whatever runs."""
    for _, document in documents():
        if document["kind"] in {"Deployment", "StatefulSet"}:
            yield document["metadata"]["name"], document, document["spec"]["template"]


def kustomization(name: str) -> dict[str, Any]:
    """What kustomize is told."""
    path = DEPLOY / name / "kustomization.yaml"
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def compose() -> dict[str, Any]:
    """The compose file."""
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def salus_keys(text: str) -> set[str]:
    """Settings named before an equals sign or a colon."""
    names = {line.strip().lstrip("- ").split("=")[0].split(":")[0] for line in text.splitlines()}
    return {name for name in names if name.startswith(PREFIX)}


@pytest.mark.parametrize(
    "name",
    ["compose.yaml", "salus.env.example", "Dockerfile", "kubernetes/salus/kustomization.yaml",
     "kubernetes/salus/salus.yaml"],
)  # fmt: skip
def test_every_setting_named_exists(name: str) -> None:
    """Salus refuses unknown settings at start: a slip here would keep the container down."""
    text = (DEPLOY / name).read_text(encoding="utf-8").replace("name: SALUS_", "SALUS_")
    found = salus_keys(text.replace(" SALUS_KEY_FILE=", "\nSALUS_KEY_FILE="))
    assert found
    assert found <= KNOWN


def test_nothing_runs_as_root_or_floats() -> None:
    """Fixed image versions, no extra rights, bounded memory."""
    seen = set()
    for name, _, pod in workloads():
        seen.add(name)
        assert pod["spec"]["automountServiceAccountToken"] is False, name
        for container in pod["spec"]["containers"]:
            assert not container["image"].endswith(":latest"), name
            assert ":" in container["image"], name
            assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
            assert "memory" in container["resources"]["limits"], name
        if name != "vllm":  # its image runs as root
            assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert seen == {"salus", "postgres", "vllm"}


def test_what_is_named_is_there() -> None:
    """Labels meet their selectors; volumes, claims and config maps that are used are made."""
    made: dict[str, set[str]] = {"ConfigMap": set(), "PersistentVolumeClaim": set()}
    for name in ("vllm", "kubernetes/salus"):
        made["ConfigMap"] |= {m["name"] for m in kustomization(name)["configMapGenerator"]}
    for _, document in documents():
        made.setdefault(document["kind"], set()).add(document["metadata"]["name"])
    for name, document, pod in workloads():
        wanted = document["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= pod["metadata"]["labels"].items(), name
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", ())}
        templates = document["spec"].get("volumeClaimTemplates", ())
        claims = {template["metadata"]["name"] for template in templates}
        for container in pod["spec"]["containers"]:
            mounts = {mount["name"] for mount in container["volumeMounts"]}
            assert mounts <= volumes.keys() | claims, name
            maps = {source["configMapRef"]["name"] for source in container.get("envFrom", ())
                    if "configMapRef" in source}  # fmt: skip
            assert maps <= made["ConfigMap"], name
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert claim in made["PersistentVolumeClaim"], name
            if "configMap" in volume:
                assert volume["configMap"]["name"] in made["ConfigMap"], name


def test_only_salus_reaches_the_model_server_and_the_database() -> None:
    """Adapter endpoints load any folder they are told; the database holds people's words."""
    policies = {d["metadata"]["name"]: d["spec"] for _, d in documents()
                if d["kind"] == "NetworkPolicy"}  # fmt: skip
    for name in ("vllm-only-from-salus", "postgres-only-from-salus"):
        (rule,) = policies[name]["ingress"]
        pods = [peer["podSelector"]["matchLabels"] for peer in rule["from"]
                if "podSelector" in peer]  # fmt: skip
        assert pods == [{"app.kubernetes.io/name": "salus"}]
    services = compose()["services"]
    assert compose()["networks"]["inside"]["internal"] is True
    for name in ("postgres", "vllm"):
        assert services[name]["networks"] == ["inside"]
        assert "ports" not in services[name]
    nginx = (DEPLOY / "nginx/salus.conf").read_text(encoding="utf-8")
    assert "(load|unload)_lora_adapter$ { return 403; }" in nginx


def test_one_salus_at_a_time() -> None:
    """A second process would only wait for the first one's lease."""
    (salus,) = [document for name, document, _ in workloads() if name == "salus"]
    assert salus["spec"]["replicas"] == 1
    assert salus["spec"]["strategy"] == {"type": "Recreate"}


def test_the_image_is_built_from_what_is_there() -> None:
    """Every file copied exists and is let through to the build; packages are checked by hash."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    let_in = {line[1:] for line in Path(ROOT / ".dockerignore").read_text().splitlines()
              if line.startswith("!")}  # fmt: skip
    copied = [word for line in text.splitlines() if line.startswith("COPY") and "--from" not in line
              for word in line.split()[1:-1]]  # fmt: skip
    assert {"bot", "rag", "knowledge", "prompts"} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists(), name
        assert name in let_in, name
    assert text.count("--require-hashes") == 2
    assert "USER 10001:10001" in text
