"""compose.yaml, image recipe, Kubernetes manifests, gateway, dashboards and the sample tenant are valid and agree."""

import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stack import ROOT, Stack

COMPOSE = ROOT / "compose.yaml"
CONTAINERFILE = ROOT / "deploy/container/Containerfile"
MANIFESTS = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
DASHBOARDS = sorted((ROOT / "deploy/dashboards").glob("*.json"))


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load(COMPOSE.read_text())


@pytest.fixture(scope="session")
def configuration_keys(stack: Stack) -> set[str]:
    """The environment variables that the services know, as the executable prints them: one JSON value a line."""
    printed = subprocess.run([stack.executable, "configuration-keys"], capture_output=True, text=True, timeout=30)
    assert printed.returncode == 0, printed.stderr
    keys = set()
    for line in printed.stdout.splitlines():
        value = json.loads(line)
        name = value if isinstance(value, str) else value.get("environment") or value.get("key") or value.get("name")
        keys.add(name if name.startswith("MILLRACE_") else f"MILLRACE_{name}")
    return keys


def run_check(*arguments: str | Path) -> None:
    result = subprocess.run(
        [Path(sys.executable).parent / "check-jsonschema", *arguments], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_compose_follows_the_specification() -> None:
    run_check("--builtin-schema", "vendor.compose-spec", COMPOSE)


def test_the_specification_check_can_fail(tmp_path: Path) -> None:
    broken = tmp_path / "compose.yaml"
    broken.write_text(COMPOSE.read_text().replace("restart: unless-stopped", "restrat: unless-stopped", 1))
    with pytest.raises(AssertionError, match="restrat"):
        run_check("--builtin-schema", "vendor.compose-spec", broken)


def test_compose_has_all_parts(compose: dict) -> None:
    services = compose["services"]
    images = {name: service["image"] for name, service in services.items()}
    assert images["kafka"].startswith("apache/kafka:3.9")
    assert images["redis"].startswith("redis:7")
    assert images["postgres"].startswith("postgres:15")
    assert services["migrate"]["command"] == ["migrate"]
    cores = [name for name, service in services.items() if service.get("command") == ["core"]]
    assert len(cores) == 2
    for name, service in services.items():
        assert "healthcheck" in service, f"{name} has no health check"


def test_compose_refers_to_what_is_there(compose: dict) -> None:
    services, volumes = compose["services"], compose["volumes"]
    for name, service in services.items():
        for target in service.get("depends_on", {}):
            assert target in services, f"{name} depends on {target}"
        for volume in service.get("volumes", []):
            place = volume.split(":")[0]
            if place.startswith("./"):
                made = place == "./deploy/gateway/tls"  # by deploy/gateway/certificate.sh
                assert made or (ROOT / place).exists(), f"{name} mounts {place}"
            else:
                assert place in volumes, f"{name} mounts {place}"
        if "build" in service:
            assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_compose_asks_for_no_password_that_env_example_lacks() -> None:
    wanted = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
    offered = set(re.findall(r"^(\w+)=", (ROOT / "deploy/container/env.example").read_text(), re.MULTILINE))
    assert wanted == offered


def test_compose_sets_only_keys_that_the_services_know(compose: dict, configuration_keys: set[str]) -> None:
    for name, service in compose["services"].items():
        if service["image"].startswith("millrace"):
            unknown = set(service["environment"]) - configuration_keys
            assert not unknown, f"{name} sets {unknown}"


def test_the_image_recipe_copies_what_is_there() -> None:
    text = CONTAINERFILE.read_text()
    sources = [source for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE) for source in line.split()[:-1]]
    assert {"Package.swift", "Services", "Shared"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
    stages = re.findall(r"^FROM \S+ AS (\w+)$", text, re.MULTILINE)
    for stage in re.findall(r"--from=(\w+)", text):
        assert stage in stages


def test_the_image_has_what_the_local_build_has() -> None:
    wanted = set(re.findall(r"lib\w+-dev|zlib1g-dev|pkg-config", (ROOT / "deploy/local/install.sh").read_text()))
    build = CONTAINERFILE.read_text().split("FROM docker.io/library/debian")[0]
    assert wanted <= set(re.findall(r"[\w.+-]+", build))


def manifests() -> list[dict]:
    return [document for file in MANIFESTS for document in yaml.safe_load_all(file.read_text())]


def test_kubernetes_manifests_are_whole() -> None:
    documents = manifests()
    for document in documents:
        assert document["apiVersion"] and document["kind"]
    named = {(document["kind"], document.get("metadata", {}).get("name")) for document in documents}
    (kustomization,) = [document for document in documents if document["kind"] == "Kustomization"]
    files = {file.name for file in MANIFESTS} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == files
    for document in documents:
        if document["kind"] not in ("Deployment", "Job"):
            continue
        template = document["spec"]["template"]
        if document["kind"] == "Deployment":
            assert document["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        for container in template["spec"]["containers"]:
            for source in container.get("envFrom", []):
                ((reference, target),) = source.items()
                kind = {"configMapRef": "ConfigMap", "secretRef": "Secret"}[reference]
                assert (kind, target["name"]) in named
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if probe in container:
                    assert container[probe]["httpGet"]["port"] in ports


def test_kubernetes_sets_only_keys_that_the_services_know(configuration_keys: set[str]) -> None:
    for document in manifests():
        if document["kind"] in ("ConfigMap", "Secret"):
            keys = set(document.get("data", {})) | set(document.get("stringData", {}))
            assert keys <= configuration_keys, keys - configuration_keys


def test_the_volume_of_contents_is_mounted_where_core_looks(compose: dict, configuration_keys: set[str]) -> None:
    folder = ROOT / "deploy/kubernetes/content-folder"
    component = yaml.safe_load((folder / "kustomization.yaml").read_text())
    patch = yaml.safe_load((folder / component["patches"][0]["path"]).read_text())
    (volume,) = [yaml.safe_load((folder / name).read_text()) for name in component["resources"]]
    patched = {(document["kind"], document["metadata"]["name"]) for document in manifests() if "metadata" in document}
    assert component["kind"] == "Component" and (patch["kind"], patch["metadata"]["name"]) in patched
    pod = patch["spec"]["template"]["spec"]
    (container,), (claimed,) = pod["containers"], pod["volumes"]
    (setting,), (mount,) = container["env"], container["volumeMounts"]
    assert setting["name"] in configuration_keys and setting["value"].startswith(mount["mountPath"] + "/")
    assert mount["name"] == claimed["name"] and claimed["persistentVolumeClaim"]["claimName"] == volume["metadata"]["name"]
    assert volume["spec"]["accessModes"] == ["ReadWriteMany"]
    # Where docker makes a volume, it takes the folder's owner from the image.
    for name, service in compose["services"].items():
        if service.get("command") == ["core"]:
            assert service["volumes"] == ["contents:/var/lib/millrace/contents"], name
    assert "install -d -o 10001 -m 0700 /var/lib/millrace/contents" in CONTAINERFILE.read_text()


def test_the_bootstrap_job_refers_to_what_is_there_and_prints_its_keys() -> None:
    job = yaml.safe_load((ROOT / "deploy/kubernetes/tenant/bootstrap.yaml").read_text())
    named = {(document["kind"], document.get("metadata", {}).get("name")) for document in manifests()}
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    for source in container["envFrom"]:
        ((reference, target),) = source.items()
        assert ({"configMapRef": "ConfigMap", "secretRef": "Secret"}[reference], target["name"]) in named
    assert "--credentials=-" in container["args"] and container["securityContext"]["readOnlyRootFilesystem"] is True
    (mount,) = container["volumeMounts"]
    assert mount["name"] in {volume["name"] for volume in pod["volumes"]}
    assert f"--configuration={mount['mountPath']}/tenant.yaml" in container["args"]


def test_only_the_migration_gets_the_owners_address() -> None:
    for document in manifests():
        if document["kind"] == "Deployment":
            assert "millrace-owner" not in json.dumps(document)


def test_the_gateway_sends_reports_to_the_data_mart(compose: dict) -> None:
    text = (ROOT / "deploy/gateway/nginx.conf").read_text()
    marts = [service for service in compose["services"].values() if service.get("command") == ["datamart"]]
    assert len(marts) == 2
    (alias,) = {alias for mart in marts for alias in mart["networks"]["default"]["aliases"]}
    ports = {mart["environment"]["MILLRACE_DATAMART_HTTP_PORT"] for mart in marts}
    assert f"http://{alias}:{''.join(ports)};" in text


def test_the_gateway_speaks_tls_to_both_instances(compose: dict) -> None:
    text = (ROOT / "deploy/gateway/nginx.conf").read_text()
    assert "listen 443 ssl" in text
    assert set(re.findall(r"server ([\w-]+):4024", text)) == {
        name for name, service in compose["services"].items() if service.get("command") == ["core"]
    }


# Debian keeps it where only root looks.
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CHECKS_ARE_REQUIRED = bool(os.environ.get("MILLRACE_TEST_REQUIRED"))


@pytest.mark.skipif(NGINX is None and not CHECKS_ARE_REQUIRED, reason="nginx is not installed")
def test_nginx_accepts_the_gateways_configuration(tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-keyout", tmp_path / "tls.key", "-out", tmp_path / "tls.crt"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    text = (ROOT / "deploy/gateway/nginx.conf").read_text()
    text = text.replace("/etc/nginx/tls", str(tmp_path)).replace("/tmp/nginx.pid", str(tmp_path / "pid"))
    # The instances' names resolve only where they run.
    text = re.sub(r"server core-(\d):4024", r"server 127.0.0.\1:4024", text)
    (tmp_path / "nginx.conf").write_text(text)
    result = subprocess.run(
        [NGINX or "nginx", "-t", "-q", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 0, result.stderr


def test_edges_take_bodies_as_large_as_the_service_does() -> None:
    """README's limits: 1 MiB, and 64 MiB for a configuration or a content; an edge with less would refuse what is documented."""
    assert "| request body | 1 MiB; a configuration or a content 64 MiB |" in (ROOT / "README.md").read_text()
    gateway = (ROOT / "deploy/gateway/nginx.conf").read_text()
    assert re.findall(r"client_max_body_size (\w+);", gateway) == ["1m", "64m", "64m"]
    assert re.search(r"location /iwd/v3/configuration \{\s+client_max_body_size 64m;", gateway)
    assert re.search(r"location /iwd/v3/contents/ \{\s+client_max_body_size 64m;", gateway)
    (ingress,) = [document for document in manifests() if document["kind"] == "Ingress"]
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"] == "64m"


def test_the_bootstrap_container_prints_its_keys(compose: dict) -> None:
    """It is read-only and runs without privileges: there is no file that it could write."""
    service = compose["services"]["bootstrap"]
    assert service["read_only"] is True
    command = service["command"]
    assert command[command.index("--credentials") + 1] == "-"


MAKING = ["README.md", "deploy/container/postgres-roles.sh", "deploy/kubernetes/secret.yaml", "deploy/local/lib/postgres.sh",
          "deploy/local/lib/datamart.sh"]  # fmt: skip


@pytest.mark.parametrize("file", MAKING)
def test_wherever_a_database_is_made_nobody_may_connect_who_is_not_named(file: str) -> None:
    text = (ROOT / file).read_text().replace('"', "")
    made = set(re.findall(r"CREATE DATABASE (\S+) OWNER", text))
    shut: set[str] = set()
    for names in re.findall(r"REVOKE CONNECT, TEMPORARY ON DATABASE (.*?) FROM PUBLIC", text):
        shut |= set(names.split(", "))
    assert made and made <= shut
    if "millrace" in made | shut:
        assert {"millrace", "postgres", "template1"} <= shut
        assert "GRANT CONNECT ON DATABASE millrace TO millrace_service" in text


def dashboard_metrics(dashboard: dict) -> set[str]:
    """The names of the metrics in a dashboard's queries, without what a histogram or counter appends."""
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    names = {name for expression in expressions for name in re.findall(r"\bmillrace_\w+", expression)}
    return {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in names}


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_dashboards_are_whole(file: Path) -> None:
    dashboard = json.loads(file.read_text())
    identifiers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    for panel in dashboard["panels"]:
        assert panel["type"] == "row" or panel["targets"], panel["title"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
    assert dashboard_metrics(dashboard)


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_dashboards_show_metrics_that_the_services_have(file: Path) -> None:
    """Every metric of a dashboard is named in the sources; the exposition puts the prefix before the name."""
    sources = "\n".join(
        source.read_text() for folder in ("Services", "Shared") for source in (ROOT / folder).rglob("*.swift")
    )
    known = {re.sub(r"^millrace_|_total$", "", name) for name in re.findall(r'"([a-z]+(?:_[a-z0-9]+)+)"', sources)}
    missing = {name for name in dashboard_metrics(json.loads(file.read_text())) if name[9:] not in known}
    assert not missing, f"nothing records {sorted(missing)}"


# The sample tenant, read by rules of our own.


def holds(condition: dict, attributes: dict) -> bool:
    if "all" in condition:
        return all(holds(part, attributes) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, attributes) for part in condition["any"])
    value = attributes.get(condition["attribute"])
    (test,) = condition.keys() - {"attribute"}
    expected = condition[test]
    match test:
        case "is":
            return value == expected
        case "in":
            return value in expected
        case "exists":
            return (value is not None) == expected
        case "contains":
            return value is not None and expected in value
        case "startsWith":
            return value is not None and value.startswith(expected)
    raise AssertionError(f"unknown test {test}")


def classify(categories: list[dict], attributes: dict, inherited: dict) -> dict | None:
    for category in categories:
        if "when" not in category or holds(category["when"], attributes):
            settings = {**inherited, **category}
            settings.pop("children", None)
            return classify(category.get("children", []), attributes, settings) or settings
    return None


@pytest.fixture(scope="module")
def sample() -> dict:
    return yaml.safe_load((ROOT / "deploy/local/demo-tenant.yaml").read_text())


def is_taken(sample: dict, attributes: dict) -> str | None:
    """Why nobody takes an item with these attributes; None when somebody does."""
    placed = classify(sample["categories"], attributes, {})
    if placed is None:
        return "no category"
    needed = set(placed.get("requiredSkills", []))
    for agent in sample["agents"]:
        if placed["endpoint"] in agent["endpoints"] and needed <= set(agent["skills"]):
            return None
    return f"nobody at {placed['endpoint']} has {needed}"


def test_the_sample_tenant_names_only_what_it_defines(sample: dict) -> None:
    names = {kind: {entry["name"] for entry in sample[kind]} for kind in ("calendars", "schemas", "endpoints")}
    skills = set(sample["skills"])

    def visit(categories: list[dict]) -> None:
        siblings = [category["name"] for category in categories]
        assert len(set(siblings)) == len(siblings)
        for category in categories:
            for key, kind in (("calendar", "calendars"), ("schema", "schemas"), ("endpoint", "endpoints")):
                assert category.get(key) is None or category[key] in names[kind], category["name"]
            assert set(category.get("requiredSkills", [])) <= skills
            visit(category.get("children", []))

    visit(sample["categories"])
    identifiers = [agent["id"] for agent in sample["agents"]]
    assert len(set(identifiers)) == len(identifiers)
    for agent in sample["agents"]:
        assert set(agent["skills"]) <= skills and set(agent["endpoints"]) <= names["endpoints"]


@pytest.mark.parametrize("attributes", [{}, {"channel": "incident"}, {"channel": "web"}, {"channel": "fax", "impact": "Low"}])
def test_the_sample_tenant_takes_anything(sample: dict, attributes: dict) -> None:
    assert is_taken(sample, attributes) is None


def test_the_sample_tenant_takes_every_real_incident(sample: dict) -> None:
    folder = os.environ.get("MILLRACE_DATA")
    file = Path(folder or ".") / "incidents.csv.gz"
    if not folder or not file.exists():
        pytest.skip("the incident log is not there")
    with gzip.open(file, "rt") as lines:
        kinds = {
            (row["impact"], row["product"], row["organisation"], row["country"], row["support_team"])
            for row in csv.DictReader(lines)
        }
    for kind in kinds:
        attributes = dict(zip(("impact", "product", "organisation", "country", "team"), kind, strict=True))
        assert is_taken(sample, {"channel": "incident", **attributes}) is None, attributes
