"""The PromQL of deploy/: that of the dashboard's panels, and that of the alerts' rules."""

import json
import re

from stand import DEPLOY, ROOT

DASHBOARD = DEPLOY / "grafana/bookora-webhooks.json"
RULES = DEPLOY / "prometheus/alerts.yml"
METRICS = ROOT / "docs/metrics.md"
# What a histogram has beside its name, and what Prometheus itself makes.
SERIES_OF_HISTOGRAMS = ("_bucket", "_count", "_sum")
OF_PROMETHEUS = {"up"}
# What the dashboard's variables are in the tests, and Grafana's interval.
VARIABLES = {"$job": "bookora-webhooks", "$instance": ".*", "$__rate_interval": "10s"}
# Names in PromQL, outside of strings: functions and keywords are followed by a bracket or stand
# between spaces; metrics have a brace after them, or are in this list of prefixes.
NAME = re.compile(r"\b(?:bookora|rpc|http|db|process)_[a-z_]+\b|\bup\b")
LABELS = re.compile(r"\{[^}]*\}|\b(?:by|on) \([^)]*\)|\"[^\"]*\"")


def panels():
    """Every panel of the dashboard that shows something."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def of_panel(panel):
    """Its expressions, without variables."""
    for target in panel["targets"]:
        expression = target["expr"]
        for variable, value in VARIABLES.items():
            expression = expression.replace(variable, value)
        yield expression


def documented():
    """The metrics that docs/metrics.md lists, which a test holds to what the service shows: each with
    whether it is a histogram."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+)", METRICS.read_text(encoding="utf-8"), re.M)
    return {name: kind == "histogram" for name, kind in rows}


def series():
    """The names that an expression may use."""
    names = set(OF_PROMETHEUS)
    for name, is_histogram in documented().items():
        names |= {name + end for end in SERIES_OF_HISTOGRAMS} if is_histogram else {name}
    return names


def used(expression):
    """The names of metrics in an expression."""
    return set(NAME.findall(LABELS.sub(" ", expression)))
