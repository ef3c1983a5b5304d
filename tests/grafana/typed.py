"""The dashboards as TypeScript that only compiles if Grafana's own schema knows every field and every option.

``@grafana/schema`` is what Grafana and its plugins are compiled against. JSON has no enums: a mapped type lets their
values stand in for them, and whatever the schema does not name is an error, as in any literal.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

from grafana.build.__main__ import DASHBOARDS

#: The version of Grafana that docker-compose.monitoring.yml starts.
GRAFANA = "13.2.3"
TYPESCRIPT = "7.0.2"
#: A kind of panel, the folder of its options in the schema, and its file's name there.
PANELS = {
    "stat": ("stat", "StatPanelCfg"),
    "gauge": ("gauge", "GaugePanelCfg"),
    "bargauge": ("bargauge", "BarGaugePanelCfg"),
    "piechart": ("piechart", "PieChartPanelCfg"),
    "timeseries": ("timeseries", "TimeSeriesPanelCfg"),
    "state-timeline": ("statetimeline", "StateTimelinePanelCfg"),
    "table": ("table", "TablePanelCfg"),
}
COMPOSABLE = "@grafana/schema/dist/esm/raw/composable"
WITHOUT_FIELDS = {"stat", "gauge", "bargauge"}

HEAD = """import type * as schema from '@grafana/schema';
%s

type Json<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

interface PrometheusQuery extends schema.DataQuery {
  expr: string; legendFormat?: string; instant?: boolean; range?: boolean; interval?: string;
  editorMode?: 'code' | 'builder'; format?: 'time_series' | 'table' | 'heatmap';
}
interface Mark extends Omit<schema.AnnotationQuery, 'target'> {
  target?: PrometheusQuery; tagKeys?: string; titleFormat?: string; textFormat?: string; useValueForTime?: boolean;
}
interface Drawn<Kind extends string, Options, Custom>
  extends Omit<schema.Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: Kind;
  options: Options;
  targets: PrometheusQuery[];
  fieldConfig: Omit<schema.FieldConfigSource, 'defaults'> & {
    defaults: Omit<schema.FieldConfig, 'custom'> & { custom?: Custom };
  };
}
type Panel = schema.RowPanel %s;
// The theme left the schema when it became the server's setting: older versions read it here.
interface Dashboard extends Omit<schema.Dashboard, 'panels' | 'annotations'> {
  style: 'dark';
  panels: Panel[];
  annotations: { list: Mark[] };
}
type File = Json<Dashboard>;
"""


def source() -> str:
    """One TypeScript file: the types, and each dashboard as a literal of them."""
    imports = "\n".join(
        f"import type * as {folder} from '{COMPOSABLE}/{folder}/panelcfg/x/{file}_types.gen';"
        for folder, file in PANELS.values()
    )
    kinds = "".join(
        f"\n  | Drawn<'{kind}', {folder}.Options, {'never' if kind in WITHOUT_FIELDS else f'{folder}.FieldConfig'}>"
        for kind, (folder, _) in PANELS.items()
    )
    literals = (
        f"export const {dashboard.uid.replace('-', '_')}: File = {json.dumps(dashboard.json(), indent=1)};"
        for dashboard in DASHBOARDS
    )
    return HEAD % (imports, kinds) + "\n".join(literals) + "\n"


def installed(folder: Path) -> str:
    """Fetch the compiler and the schema into ``folder``; what went wrong, empty if nothing did."""
    if shutil.which("npm") is None:
        return "npm is not installed (Debian: npm)"
    packages = [f"@grafana/schema@{GRAFANA}", f"typescript@{TYPESCRIPT}"]
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return "" if done.returncode == 0 else f"npm could not fetch {' and '.join(packages)}: {done.stderr.strip()[-300:]}"


def current(folder: Path) -> int:
    """The version of the dashboard's schema that this Grafana writes."""
    types = folder / "node_modules/@grafana/schema/dist/esm/raw/dashboard/x/types.gen.mjs"
    found = re.search(r"schemaVersion: (\d+)", types.read_text("utf-8"))
    assert found is not None, f"{types} names no schemaVersion"
    return int(found[1])


def compiled(folder: Path, texts: dict[str, str]) -> dict[str, str]:
    """What the compiler has to say first of each text; empty if nothing."""
    for name, text in texts.items():
        (folder / f"{name}.ts").write_text(text, "utf-8")
    command = [
        str(folder / "node_modules" / ".bin" / "tsc"), "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022",
        "--module", "nodenext", "--moduleResolution", "nodenext", "--pretty", "false",
        *(f"{name}.ts" for name in texts),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    lines = done.stdout.splitlines()
    return {name: next((line for line in lines if line.startswith(f"{name}.ts")), "") for name in texts}
