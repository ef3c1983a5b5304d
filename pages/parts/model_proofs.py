"""What stands behind one model: its data, its validation fold by fold, and the proofs that the validation can see."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from pages.parts import charts, learnt, model_tables, tables, training_figures
from pages.parts.words import clock, known, number, percent, plain

Row = dict[str, Any]


def draw(model_id: str) -> None:
    """The verdict in a sentence, then the scores, the proofs, the manifest and the rule."""
    told, why = learnt.manifest(model_id)
    st.subheader(f"Behind {plain(model_id)}")
    if told is None:
        st.caption(f"unknown: {plain(why)}")
        return
    if told.get("problem"):
        st.error(plain(told["problem"]), icon=":material/error:")
    manifest = told.get("manifest") or {}
    card = manifest.get("scorecard") or {}
    made = "a SIMULATED market" if manifest.get("simulated") else "recorded bars"
    size = f"{number(manifest.get('bars'), 0)} bars of {number(manifest.get('sessions'), 0)} sessions"
    st.markdown(
        f"**{plain(card.get('verdict') or 'unknown')}**: {plain(card.get('why') or '')}. "
        f"Learnt from {size} of {made}; {number(card.get('trials'), 0)} fits saw the data."
    )
    scores(model_id, card)
    proofs(model_id, card)
    with st.expander("Manifest: data, parameters, hashes", icon=":material/fingerprint:", key=f"manifest-{model_id}"):
        for name, value in facts(told.get("model") or {}, manifest):
            st.markdown(f"**{name}**: {plain(value)}")
    if told.get("rule"):
        with st.expander("How a model gets its place", icon=":material/gavel:", key=f"rule-{model_id}"):
            st.markdown(plain(told["rule"], 2_000))


def scores(model_id: str, card: Row) -> None:
    """How right it was out of sample: fold by fold, and beside what is trivial."""
    every = [{"name": "the model", "scores": card.get("scores") or {}}, *(card.get("baselines") or ())]
    trivial = next((one.get("scores") or {} for one in every if one.get("name") == "majority"), {})
    majority = known(trivial.get("accuracy"))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Fold by fold**")
        if card.get("folds"):
            charts.draw(training_figures.folds(card["folds"], majority), key=f"folds-{model_id}",
                            alt="Accuracy of each fold beside the commonest class")  # fmt: skip
        else:
            st.caption("The scorecard has no folds.")
    with right:
        st.markdown("**Beside what is trivial**")
        charts.draw(training_figures.beside(every), key=f"beside-{model_id}",
                        alt="Log-loss of the model and its baselines")  # fmt: skip
    words = [
        f"{plain(one.get('name'))} {percent((one.get('scores') or {}).get('accuracy'), 1)} "
        f"(log-loss {number((one.get('scores') or {}).get('log_loss'), 4)})"
        for one in every
    ]
    st.caption("Right out of sample: " + " · ".join(words))


def proofs(model_id: str, card: Row) -> None:
    """Whether the scorecard could have failed."""
    rows = list(card.get("canaries") or ())
    if not rows:
        return
    st.markdown("**Could it have failed?**")
    for failed in (row for row in rows if not row.get("passed")):
        st.error(f"A proof fails: {plain(failed.get('name'))}, {plain(failed.get('says'))}", icon=":material/warning:")
    left, right = st.columns([2, 3], gap="medium")
    with left:
        charts.draw(training_figures.canaries(rows), key=f"canary-figure-{model_id}",
                        alt="Each proof's value against its bound")  # fmt: skip
    with right:
        tables.show([learnt.held(one) for one in rows], model_tables.CANARY, f"canaries-{model_id}", 8)


def facts(model: Row, manifest: Row) -> list[tuple[str, str]]:
    """The manifest in words: what it learnt from, how, with what, and the hashes that prove it."""
    parameters = ", ".join(f"{name} {value}" for name, value in (manifest.get("parameters") or {}).items())
    libraries = ", ".join(f"{name} {value}" for name, value in (manifest.get("libraries") or {}).items())
    place = f"{model.get('role') or '–'} of {model.get('family') or '–'}"
    span = f"{_at(manifest.get('trained_from'))} to {_at(manifest.get('trained_to'))}"
    learnt_from = f"{number(manifest.get('rows'), 0)} bars of source {manifest.get('source') or '–'}"
    rows: tuple[tuple[str, Any], ...] = (
        ("Lineage", f"{place}, followed {model.get('before') or 'nobody'}: {model.get('reason') or 'no reason'}"),
        ("Data", f"{span}, labels to {_at(manifest.get('labels_to'))}; {learnt_from}"),
        ("Learns", f"{manifest.get('label') or '–'} over {number(manifest.get('horizon'), 0)} bars"),
        ("Parameters", parameters or "–"),
        ("Trees a class", number(manifest.get("rounds"), 0)),
        ("Seed", number(manifest.get("seed"), 0)),
        ("Program", f"{manifest.get('code') or '–'}; {libraries or 'libraries unknown'}"),
        ("Training run", manifest.get("run") or "–"),
        ("Features", f"{len(manifest.get('features') or ())}, hash {manifest.get('feature_hash') or '–'}"),
        ("Model SHA-256", manifest.get("model_hash") or model.get("model_hash") or "–"),
        ("Manifest SHA-256", model.get("manifest_hash") or "–"),
    )
    return [(name, str(value)) for name, value in rows]


def _at(value: Any) -> str:
    """Microseconds UTC in the exchange's zone."""
    found = known(value)
    return "–" if found is None else clock(datetime.fromtimestamp(found / 1e6, UTC), day=True)
