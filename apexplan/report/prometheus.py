"""Drift as Prometheus text (exposition format 0.0.4), for a node exporter's textfile collector."""

from __future__ import annotations

from collections import Counter

from apexplan.engine.drift import Drift


def drift_prometheus(drift: Drift, *, project: str, environment: str) -> str:
    """Returns gauges by store and kind of object: open drifts, waived ones, and objects checked."""
    base = {"project": project, "environment": environment}
    open_ = Counter((f.address.store, f.address.kind, str(f.kind)) for f in drift.open)
    waived = Counter((f.address.store, f.address.kind) for f in drift.findings if f.waived)
    lines = [
        "# HELP apexplan_drift_findings Open differences between recorded and live.",
        "# TYPE apexplan_drift_findings gauge",
        *(
            _sample("apexplan_drift_findings", n, **base, store=store, kind=kind, drift=what)
            for (store, kind, what), n in sorted(open_.items())
        ),
        "# HELP apexplan_drift_waived Differences that a waiver accepts.",
        "# TYPE apexplan_drift_waived gauge",
        *(
            _sample("apexplan_drift_waived", n, **base, store=store, kind=kind)
            for (store, kind), n in sorted(waived.items())
        ),
        "# HELP apexplan_drift_checked Recorded objects that were compared.",
        "# TYPE apexplan_drift_checked gauge",
        _sample("apexplan_drift_checked", drift.checked, **base),
        "# HELP apexplan_in_sync 1 where nothing drifts but what is waived.",
        "# TYPE apexplan_in_sync gauge",
        _sample("apexplan_in_sync", int(not drift.open), **base),
        "# HELP apexplan_drift_expired_waivers Waivers past their day.",
        "# TYPE apexplan_drift_expired_waivers gauge",
        _sample("apexplan_drift_expired_waivers", len(drift.expired), **base),
    ]
    return "\n".join(lines) + "\n"


def _sample(metric: str, value: int, **labels: str) -> str:
    inner = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
    return f"{metric}{{{inner}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
