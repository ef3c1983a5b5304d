"""Alerts: findings become alerts that are counted, hidden behind their cause, escalated, answered and ended. Pure."""
