#!/usr/bin/env python3
"""Whether what the pages name is there: commands of the Makefile, flags, variables, calls, reasons,
metrics, alerts, lines of the log, parts of the code. And whether the commands and the alerts that there
are, are explained.
"""

import re
import subprocess

from pages import ROOT, Tally, environment, files, pages, program

COMMANDS = (
    ["serve"], ["demo"], ["receive"], ["health"], ["token", "new"],
    ["master-key", "new"], ["master-key", "use"], ["master-key", "remove"],
)
# Flags of other programs, by program.
OTHERS = {
    "cargo": ["--test"],
    "protoc": ["--python_out", "--grpc_python_out"],
    "tests/conformance/conformance.py": ["--print", "--tls"],
    "tests/vectors/vectors.py": ["--check"],
}
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z_-]*")
# What stands for a reader's own.
PLACEHOLDERS = {"OLD_KEY_ID"}
# Where the names of variables, reasons and the like are at home.
SOURCES = ("src/", "proto/", "tests/", "benches/", "sdk/", "deploy/", "fuzz/", "Makefile")
SOURCE_ENDINGS = (".rs", ".proto", ".py", ".ts", ".mjs", ".go", ".java", ".sh", ".env", "Makefile")
# Of gRPC, OpenTelemetry's and OpenSSL's standards; these the program reads by libraries.
STANDARD = re.compile(r"OTEL_\w+|_(TRACES|METRICS|LOGS)_ENDPOINT|SSL_CERT_FILE|RUST_LOG")
# A line that is logged, up to its text.
LOGGED = r"\b(error|warn|info|debug)!\((?:[^;](?!\b(?:error|warn|info)!\())*?\"[^\"]*"
# The pages that explain every command.
COMMAND_PAGES = ("README.md", "CONTRIBUTING.md")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def typed(page):
    """Everything that a page has somebody type."""
    shell = [text for language, text in page.blocks() if language in ("sh", "bash", "console")]
    lines = "\n".join(shell).replace("\\\n", " ").splitlines()
    return page.codes() + [re.sub(r"\s#\s.*", "", line) for line in lines]


def check_make(tally, all_pages):
    """Each `make …` has targets and variables that there are; each that is listed is explained."""
    makefiles = "\n".join(read(name) for name in files() if name == "Makefile" or name.endswith("/sdk.mk"))
    targets = set(" ".join(re.findall(r"^([a-z][a-z0-9 -]*):(?!=)", makefiles, re.M)).split())
    named = {}
    for name, page in all_pages.items():
        for line in typed(page):
            for words in re.findall(r"(?:^|[ &;])make((?: +[A-Za-z][\w-]*(?:=\S*)?)+)", line):
                for word in words.split():
                    named.setdefault(word.split("=")[0], set()).add(name)
                    known = word in targets if "=" not in word else f"$({word.split('=')[0]}" in makefiles
                    tally.claim(known, f"{name}: `make {word}` is a command of the Makefile")
    explained = {code for name in COMMAND_PAGES for code in all_pages[name].codes()}
    for target in re.findall(r"^([a-z-]+):.*## ", makefiles, re.M):
        is_named = target in explained or named.get(target, set()) & set(COMMAND_PAGES)
        tally.claim(is_named, f"`make {target}` is named in {' or '.join(COMMAND_PAGES)}")
    [steps] = re.findall(r"^test: (.*?) ## ", makefiles, re.M)
    [listed] = re.findall(r"Its steps, in this order, are: (.*?)\. ", all_pages["CONTRIBUTING.md"].words())
    steps = [step for step in steps.split() if not step.endswith(("-checkers", "-tools"))]
    tally.claim(steps == re.findall(r"`([a-z-]+)`", listed), "CONTRIBUTING.md has the steps of `make test`", str(steps))


def check_flags(tally, all_pages):
    """Each flag is the program's, or of one that is named."""
    helps = "\n".join(
        subprocess.run(
            [program(), *command, "--help"], env=environment(), check=True, stdout=subprocess.PIPE, text=True,
        ).stdout
        for command in COMMANDS
    )
    flags = set(FLAG.findall(helps)).union(*OTHERS.values())
    for name, page in all_pages.items():
        if name.startswith(("sdk/", "examples/")):
            continue
        for code in typed(page):
            for flag in FLAG.findall(code):
                tally.claim(flag in flags, f"{name}: {flag} in `{code}` is a flag")


def check_words(tally, all_pages):
    """Variables, reasons and states, each in capitals, are in the code or the contract."""
    code = "\n".join(
        read(name) for name in sorted(files())
        if name.startswith(SOURCES) and name.endswith(SOURCE_ENDINGS)
    )
    for name, page in all_pages.items():
        for word in {word for text in typed(page) for word in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)}:
            if word not in PLACEHOLDERS and not STANDARD.fullmatch(word):
                tally.claim(word in code, f"{name}: {word} is in the code or the contract")


def check_calls(tally, all_pages):
    """Calls are the contract's, and so are the fields that answers are shown with."""
    contract = {name: read(name) for name in files() if name.startswith("proto/bookora/")}
    methods = {
        f"{service}/{method}"
        for text in contract.values()
        for service, body in re.findall(r"^service (\w+) \{(.*?)^\}", text, re.M | re.S)
        for method in re.findall(r"^  rpc (\w+)\(", body, re.M)
    } | {"Health/Check"}
    fields = {
        re.sub(r"_(\w)", lambda found: found[1].upper(), field)
        for text in contract.values() for field in re.findall(r"^ +(?:\w+ )?[\w.<>, ]+ (\w+) = \d+", text, re.M)
    }
    for name, page in all_pages.items():
        for call in {call for text in typed(page) for call in re.findall(r"\b[A-Z]\w+/[A-Z][a-z]\w+", text)}:
            tally.claim(call in methods, f"{name}: {call} is a call of the contract")
        for language, text in page.blocks():
            if language == "text" and text.startswith("{"):
                for field in set(re.findall(r'^ *"(\w+)":', text, re.M)):
                    tally.claim(field in fields, f"{name}: {field} is a field of the contract")


def check_metrics(tally, all_pages):
    documented = set(re.findall(r"^\| `(\w+)` \|", read("docs/metrics.md"), re.M))
    alerts = set(re.findall(r"^ +- alert: (\w+)$", read("deploy/prometheus/alerts.yml"), re.M))
    for name, page in all_pages.items():
        text = " ".join(typed(page))
        for metric in set(re.findall(r"\bbookora_[a-z_]+_(?:total|seconds|deliveries|limit)\b", text)):
            tally.claim(metric in documented, f"{name}: {metric} is in docs/metrics.md")
        for alert in set(re.findall(r"\bBookora[A-Z]\w+", text)):
            tally.claim(alert in alerts, f"{name}: {alert} is an alert")
    for alert in alerts:
        tally.claim(f"`{alert}`" in read("docs/runbooks.md"), f"docs/runbooks.md has {alert}")


def check_log_lines(tally):
    """Each line of the log that docs/operating.md explains is one that the program writes, at that level."""
    sources = [name for name in sorted(files()) if name.startswith("src/") and name.endswith(".rs")]
    code = re.sub(r"\\\n\s*", "", "\n".join(read(name) for name in sources))
    table = read("docs/operating.md").split("\n| Line | Level |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (`.*?) \| (ERROR|WARN|INFO)\b", table, re.M)
    tally.claim(len(rows) > 20, "docs/operating.md has the table of lines")
    for cell, level in rows:
        for line in re.findall(r"`([^`]+)`", cell):
            text = re.escape(line.removeprefix("… "))
            tally.claim(re.search(text, code), f"docs/operating.md: `{line}` is a line that is logged")
            # Not where it is logged by another name.
            levels = re.findall(rf"{LOGGED}{text}", code)
            tally.claim(set(levels) <= {level.lower()}, f"docs/operating.md: `{line}` is logged at {level}", str(levels))


def check_parts(tally):
    """The table of parts in docs/architecture.md has the rules that a test holds the imports to."""
    test = read("tests/integration/architecture.rs")
    rules = {
        name: set(re.findall(r'"(\w+)"', allowed))
        for name, allowed in re.findall(r'\("(\w+)", &\[(.*?)\]\)', test, re.S)
    }
    table = read("docs/architecture.md").split("\n## Parts\n")[1].split("\n## ")[0]
    rows = {
        name: set(re.findall(r"`(\w+)`", allowed))
        for name, allowed in re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", table, re.M)
    }
    for name in sorted(rules.keys() | rows.keys()):
        same = rules.get(name) == rows.get(name)
        tally.claim(same, f"docs/architecture.md says what {name} may import", f"{rows.get(name)}: {rules.get(name)}")


def main():
    tally = Tally("names")
    all_pages = pages()
    check_make(tally, all_pages)
    check_flags(tally, all_pages)
    check_words(tally, all_pages)
    check_calls(tally, all_pages)
    check_metrics(tally, all_pages)
    check_log_lines(tally)
    check_parts(tally)
    tally.finish()


if __name__ == "__main__":
    main()
