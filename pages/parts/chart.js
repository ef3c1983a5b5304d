// A chart. New data goes into the chart that stands, so that zoom, hidden lines and a drag that has begun stay.

const charts = new WeakMap();

export default function ({ data, parentElement }) {
  const chart = charts.get(parentElement) ?? new Chart(parentElement.querySelector(".chart"));
  charts.set(parentElement, chart);
  const turn = chart.take(data);
  return () => {
    // Streamlit may end an earlier call after a later one has begun.
    if (chart.turn !== turn) return;
    chart.leave();
    charts.delete(parentElement);
  };
}

/** Plotly's script, once a page, from the app itself. */
function library(path) {
  globalThis.deskwatchPlotly ??= new Promise((ready, failed) => {
    const script = document.createElement("script");
    script.src = `${location.origin}${path}/client/plotly.min.js`;
    script.onload = () => ready(globalThis.Plotly);
    script.onerror = () => {
      globalThis.deskwatchPlotly = undefined; // the next refresh tries again
      script.remove();
      failed(new Error("the charts' script could not be read"));
    };
    document.head.append(script);
  });
  return globalThis.deskwatchPlotly;
}

class Chart {
  constructor(root) {
    this.root = root;
    this.turn = 0;
    this.drawn = "";
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(root);
    this.fitting = () => this.fit();
    addEventListener("beforeprint", this.fitting);
  }

  take(data) {
    this.data = data;
    this.root.setAttribute("aria-label", data.alt);
    void this.draw();
    return (this.turn += 1);
  }

  async draw() {
    const plotly = await library(this.data.path).catch(() => null);
    if (plotly === null) {
      if (!this.drawn) this.root.textContent = "The chart could not be drawn: the app did not send its script.";
      return;
    }
    if (this.turn < 0) return;
    const theme = this.theme();
    const wanted = this.data.spec + JSON.stringify(theme);
    if (wanted === this.drawn) return;
    if (!this.drawn) this.root.textContent = "";
    this.drawn = wanted;
    const { data, layout } = JSON.parse(this.data.spec);
    this.root.style.minHeight = `${layout.height ?? 300}px`;
    const config = { responsive: false, ...this.data.config };
    await plotly.react(this.root, data, { autosize: true, ...layout, template: theme }, config);
    this.plotly = plotly;
  }

  /** What the figure leaves open, in the colours of the page. */
  theme() {
    const style = getComputedStyle(this.root);
    const of = (name) => style.getPropertyValue(`--st-${name}`).trim();
    const [text, line] = [of("text-color"), of("border-color")];
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, tickcolor: line, automargin: true };
    const scene = { gridcolor: line, backgroundcolor: "rgba(0,0,0,0)", color: text };
    return {
      layout: {
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: of("font") || "sans-serif", color: text, size: 12 },
        hoverlabel: { bgcolor: of("secondary-background-color"), bordercolor: line, font: { color: text } },
        modebar: { bgcolor: "rgba(0,0,0,0)", color: line, activecolor: of("primary-color") },
        xaxis: axis,
        yaxis: axis,
        scene: { xaxis: scene, yaxis: scene, zaxis: scene },
      },
    };
  }

  fit() {
    if (this.plotly && this.root.isConnected && this.root.clientWidth) this.plotly.Plots.resize(this.root);
  }

  leave() {
    this.turn = -1;
    this.resizing.disconnect();
    removeEventListener("beforeprint", this.fitting);
    this.plotly?.purge(this.root);
  }
}
