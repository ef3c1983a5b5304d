"""Writes the dashboards' JSON from tables of panels: ``python -m grafana.build``.

What Grafana reads lies in ``grafana/dashboards`` and is in git; a test says when the two differ.
"""
