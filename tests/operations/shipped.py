#!/usr/bin/env python3
"""Checks what deploy/ ships by the tools that read it: promtool, the collector, hadolint, Kubernetes's
schemas, kustomize, systemd. And that it agrees with the rest: with the metrics that there are, the
runbooks, the time that a stop takes, the addresses that the service refuses, its settings.

`make deploy-lint` installs the tools. Where systemd is missing its part is skipped, which fails where
CI=true.
"""

import ipaddress
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml
from expressions import documented, of_panel, panels, series, used
from stand import COLLECTOR, DEPLOY, ROOT, Tally, environment

TOOLS = pathlib.Path(sys.executable).parent
PROMTOOL = ROOT / ".tools/prometheus/usr/bin/promtool"
KUBERNETES = DEPLOY / "kubernetes"
UNIT = DEPLOY / "systemd/bookora-webhooks.service"
# The oldest of which the schemas know what is used here, and the newest.
KUBERNETES_VERSIONS = ("1.30", "1.37")
# Of 10; what is left is that it opens sockets, on the machine's own network.
EXPOSURE_MAX = 1.5
# What no schema is there for: they are the Prometheus operator's.
NO_SCHEMA = {"PodMonitor"}


def run(*command, folder=ROOT, **variables):
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment(**variables),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    return done.returncode == 0, done.stdout


def check_prometheus(tally):
    folder = DEPLOY / "prometheus"
    tally.claim(*insert(run(PROMTOOL, "check", "config", "prometheus.yml", folder=folder), "prometheus.yml is valid"))
    tally.claim(*insert(run(PROMTOOL, "test", "rules", "alerts_test.yml", folder=folder), "the rules fire as their tests say"))
    rules = [rule for group in parse(folder / "alerts.yml")["groups"] for rule in group["rules"]]
    cases = parse(folder / "alerts_test.yml")["tests"]
    expected = {
        re.search(r'alertname="(\w+)"', sample["labels"])[1]
        for case in cases for check in case["promql_expr_test"] for sample in check["exp_samples"]
    }
    names = {rule["alert"] for rule in rules}
    tally.claim(expected == names, "each alert fires in a test", str(expected ^ names))
    for rule in rules:
        unknown = used(rule["expr"]) - series()
        tally.claim(not unknown, f"{rule['alert']} uses metrics that there are", str(unknown))
        tally.claim(rule["labels"]["severity"] in ("page", "ticket"), f"{rule['alert']} has a severity")
        check_runbook(tally, rule)


def check_runbook(tally, rule):
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    path = ROOT / page
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    anchors |= set(re.findall(r'<a (?:id|name)="([^"]+)"', path.read_text(encoding="utf-8")))
    tally.claim(anchor in anchors, f"{rule['alert']} has a runbook: {page}#{anchor}")


def insert(result, claim):
    """The arguments of a claim about what a command ended with."""
    passed, said = result
    return passed, claim, said


def check_dashboard(tally):
    shown = set()
    for panel in panels():
        defaults = panel["fieldConfig"]["defaults"]
        tally.claim(panel.get("description") and defaults.get("unit"),
                    f"the panel {panel['title']} has a description and a unit")
        for expression in of_panel(panel):
            unknown = used(expression) - series()
            tally.claim(not unknown, f"{panel['title']} uses metrics that there are", str(unknown))
            shown |= used(expression)
    for name, is_histogram in documented().items():
        names = {f"{name}_bucket", f"{name}_count"} if is_histogram else {name}
        tally.claim(names & shown, f"the dashboard shows {name}")
    titles = [panel["title"] for panel in panels()]
    tally.claim(len(set(titles)) == len(titles), "no two panels have one title")


def check_collector(tally):
    config = DEPLOY / "otel-collector/config.yaml"
    passed = run(COLLECTOR, "validate", f"--config={config}", OTLP_BACKEND="https://otlp.example.com")
    tally.claim(*insert(passed, "the collector takes its configuration"))
    with tempfile.TemporaryDirectory() as folder:
        wrong = pathlib.Path(folder, "config.yaml")
        wrong.write_text(config.read_text().replace("check_interval", "check_intervall"))
        passed, _ = run(COLLECTOR, "validate", f"--config={wrong}", OTLP_BACKEND="https://otlp.example.com")
        tally.claim(not passed, "the collector refuses a configuration that is wrong")


def check_dockerfile(tally):
    tally.claim(*insert(run(TOOLS / "hadolint", DEPLOY / "Dockerfile"), "hadolint finds nothing"))
    text = (DEPLOY / "Dockerfile").read_text()
    last = text[text.rindex("\nFROM "):]
    tally.claim(last.startswith("\nFROM scratch\n"), "the image holds nothing else")
    tally.claim(re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.M), "it runs as nobody's number")
    allowed = (ROOT / ".dockerignore").read_text()
    for needed in ("Cargo.toml", "Cargo.lock", "build.rs", ".cargo", "benches", "proto", "src",
                   "sdk/rust", "deploy/static.sh"):
        tally.claim(f"!{needed}\n" in allowed and (ROOT / needed).exists(), f"the builder is sent {needed}")


def parse(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def manifests(text):
    return [each for each in yaml.safe_load_all(text) if each]


def check_kubernetes(tally):
    listed = parse(KUBERNETES / "kustomization.yaml")["resources"]
    there = {each.name for each in KUBERNETES.glob("*.yaml")}
    apart = {"kustomization.yaml", "secrets.example.yaml"}
    tally.claim(set(listed) == there - apart, "kustomization.yaml lists each manifest")
    with tempfile.TemporaryDirectory() as folder:
        built = build(tally, pathlib.Path(folder))
    check_schemas(tally, (KUBERNETES / "secrets.example.yaml").read_text())
    by_kind = {}
    for each in built:
        by_kind.setdefault(each["kind"], []).append(each)
    check_pods(tally, by_kind)
    check_network(tally, by_kind["NetworkPolicy"][0])
    check_selectors(tally, by_kind)


def build(tally, folder):
    """What kustomize makes of all of it, with the components."""
    base = folder / "kubernetes"
    shutil.copytree(KUBERNETES, base)
    built = []
    for components in ([], ["pod-monitor", "autoscaler"]):
        kustomization = parse(KUBERNETES / "kustomization.yaml") | {"components": components}
        (base / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        passed, said = run("kustomize", "build", base)
        if not tally.claim(passed, f"kustomize builds it with {components}", said):
            sys.exit(1)
        check_schemas(tally, said)
        built = built or manifests(said)
    autoscaled = next(each for each in manifests(said) if each["kind"] == "Deployment")
    tally.claim("replicas" not in autoscaled["spec"], "the number of replicas is the autoscaler's")
    return built


def check_schemas(tally, text):
    known = [each for each in manifests(text) if each["kind"] not in NO_SCHEMA]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump_all(known, file)
        file.flush()
        for version in KUBERNETES_VERSIONS:
            passed = run(TOOLS / "kubernetes-validate", "--strict", "--version", version, file.name)
            tally.claim(*insert(passed, f"the manifests are those of Kubernetes {version}"))


def check_pods(tally, by_kind):
    pod = by_kind["Deployment"][0]["spec"]["template"]["spec"]
    container, = pod["containers"]
    rights = container["securityContext"]
    tally.claim(pod["securityContext"]["runAsNonRoot"] and rights["readOnlyRootFilesystem"]
                and rights["capabilities"] == {"drop": ["ALL"]}
                and not rights["allowPrivilegeEscalation"], "the pod has no rights", str(rights))
    tally.claim(pod["automountServiceAccountToken"] is False
                and by_kind["ServiceAccount"][0]["automountServiceAccountToken"] is False,
                "the pod has no token of Kubernetes")
    paths = {key: container[key]["httpGet"] for key in ("livenessProbe", "readinessProbe")}
    tally.claim(paths == {"livenessProbe": {"path": "/healthz", "port": "ops"},
                          "readinessProbe": {"path": "/readyz", "port": "ops"}}, "it is probed", str(paths))
    stop_seconds = seconds_of("src/app.rs", "STOP_MAX")
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = pod["terminationGracePeriodSeconds"]
    tally.claim(before + stop_seconds < grace, "a stop has the time that it takes",
                f"{before} + {stop_seconds} < {grace}")
    tally.claim(f"TimeoutStopSec={grace}s" in UNIT.read_text(), "systemd gives it as much")
    check_settings(tally, container)


def check_settings(tally, container):
    """Each variable is one of `serve`, and each file that one names is in a mounted secret."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = dict(re.findall(r"^(\w+)=(.*)$", (KUBERNETES / "settings.env").read_text(), re.M))
    names = [*settings, *(each["name"] for each in container["env"])]
    names += re.findall(r"\bBOOKORA_\w+(?==)", UNIT.read_text() + (DEPLOY / "Dockerfile").read_text())
    for name in names:
        tally.claim(name in readme, f"{name} is a setting that the README lists")
    mounts = [each["mountPath"] for each in container["volumeMounts"]]
    for name, value in settings.items():
        if value.startswith("/"):
            tally.claim(str(pathlib.Path(value).parent) in mounts, f"{name} is mounted", value)


def seconds_of(path, constant):
    text = (ROOT / path).read_text(encoding="utf-8")
    return int(re.search(rf"const {constant}: Duration = Duration::from_secs\((\d+)\)", text)[1])


def check_network(tally, policy):
    """Private addresses are closed: exactly those that the service refuses by itself."""
    blocks = [to["ipBlock"] for rule in policy["spec"]["egress"] for to in rule["to"] if "ipBlock" in to]
    closed = {block["cidr"]: {ipaddress.ip_network(each) for each in block["except"]} for block in blocks}
    refused = refused_networks()
    public = {"0.0.0.0/0": 4, "2000::/3": 6}
    for cidr, version in public.items():
        inside = {each for each in refused
                  if each.version == version and each.subnet_of(ipaddress.ip_network(cidr))}
        tally.claim(inside and closed.get(cidr) == inside, f"of {cidr} what the service refuses is closed",
                    str(closed.get(cidr, set()) ^ inside))
    tally.claim(closed.keys() == public.keys(), "no other addresses are open")


def refused_networks():
    source = (ROOT / "src/domain/address.rs").read_text(encoding="utf-8")
    found = set()
    for version, parts, bits in re.findall(r"\(v([46])\(\[([^\]]+)\], (\d+)\), \"", source):
        numbers = [int(part.strip().replace("_", ""), 0) for part in parts.split(",")]
        width = 8 if version == "4" else 16
        total = 32 if version == "4" else 128
        value = sum(number << (total - width * (place + 1)) for place, number in enumerate(numbers))
        kind = ipaddress.IPv4Network if version == "4" else ipaddress.IPv6Network
        found.add(kind((value, int(bits))))
    return found


def check_selectors(tally, by_kind):
    """What selects the pods selects them, and what names a port names one that there is."""
    pod = by_kind["Deployment"][0]["spec"]["template"]
    labels = pod["metadata"]["labels"].items()
    ports = {each["name"] for each in pod["spec"]["containers"][0]["ports"]}
    for service in by_kind["Service"]:
        spec = service["spec"]
        tally.claim(spec["clusterIP"] == "None" and spec["selector"].items() <= labels
                    and all(each["targetPort"] in ports for each in spec["ports"]),
                    f"{service['metadata']['name']} has the addresses of the pods")
    for selector in (by_kind["PodDisruptionBudget"][0]["spec"]["selector"],
                     by_kind["NetworkPolicy"][0]["spec"]["podSelector"]):
        tally.claim(selector["matchLabels"].items() <= labels, "the budget and the policy are for the pods")


def check_systemd(tally):
    if not shutil.which("systemd-analyze"):
        print("SKIPPED: the unit of systemd: systemd-analyze is missing")
        tally.claim(os.environ.get("CI") != "true", "the unit is not skipped where CI=true")
        return
    with tempfile.TemporaryDirectory() as folder:
        # The program need not be installed here.
        unit = pathlib.Path(folder, UNIT.name)
        unit.write_text(UNIT.read_text().replace("/usr/bin/bookora-webhooks", "/bin/true"))
        passed, said = run("systemd-analyze", "verify", "--man=no", unit)
        ours = [line for line in said.splitlines() if UNIT.stem in line]
        tally.claim(passed and not ours, "systemd takes the unit", said)
    security = ["systemd-analyze", "security", "--offline=true", "--no-pager",
                f"--threshold={int(EXPOSURE_MAX * 10)}", UNIT]
    tally.claim(*insert(run(*security), f"the unit is exposed {EXPOSURE_MAX} of 10 at most"))
    users = UNIT.with_suffix(".sysusers")
    tally.claim(*insert(run("systemd-sysusers", "--dry-run", users), "systemd takes the user"))


def main():
    tally = Tally("shipped")
    check_prometheus(tally)
    check_dashboard(tally)
    check_collector(tally)
    check_dockerfile(tally)
    check_kubernetes(tally)
    check_systemd(tally)
    tally.finish()


if __name__ == "__main__":
    main()
