"""The report's style sheet: one column of text, tables that scroll by themselves, light or dark as the reader is."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2730; --paper: #fff; --quiet: #5c6873; --rule: #d9dee3; --shade: #f5f7f9;
  --alarm: #a8290f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e8ec; --paper: #14191e; --quiet: #9aa6b1; --rule: #333d46;
  --shade: #1b2229; --alarm: #c4421f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 16px; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 36px 0 8px; padding-bottom: 4px; border-bottom: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 20px 0 6px; }
p, ul { margin: 8px 0; max-width: 78ch; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-size: 0.9rem; }
.banner { max-width: none; background: var(--alarm); color: #fff; padding: 12px 16px; border-radius: 4px; }
.banner b:first-child { display: block; font-size: 1.25rem; letter-spacing: 0.06em; }
figure { margin: 12px 0; }
.js-plotly-plot text { fill: currentColor !important; }
.js-plotly-plot .hoverlayer text { fill: #1d2730 !important; }
.wide { overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.92rem; }
th, td { padding: 4px 12px 4px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule);
  font-weight: normal; }
thead th { color: var(--quiet); font-size: 0.85rem; vertical-align: bottom; }
tbody th, thead th:first-child { text-align: left; }
.texts td, .texts th { white-space: normal; text-align: left; overflow-wrap: anywhere; }
.months td { padding: 1px; }
.months span { display: block; padding: 3px 6px; border-radius: 3px; min-width: 3.4em; min-height: 1.9em; }
.trades { font-size: 0.82rem; }
details > summary { cursor: pointer; margin: 8px 0; }
code { font-size: 0.85em; overflow-wrap: anywhere; background: var(--shade); padding: 1px 4px; }
@media print { .wide { overflow: visible; } .banner { print-color-adjust: exact; } }
"""
