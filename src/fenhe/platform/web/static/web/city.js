// The charts of one city: days of an item with its limit, the index by month.
"use strict";
(() => {
  const place = document.getElementById("chart");
  const block = document.getElementById("city-data");
  if (!place || !block || !window.echarts) return;
  const data = JSON.parse(block.textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const narrow = matchMedia("(max-width: 720px)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const known = (v) => v !== null && v !== undefined;

  const tooltip = (params) => {
    const at = params[0].dataIndex;
    const out = document.createElement("div");
    const add = (text, tag = "div") => {
      const line = document.createElement(tag);
      line.textContent = text;
      out.append(line);
    };
    if (params[0].seriesIndex === 1) {
      add(data.months[at], "b");
      add(`${data.words.index}  ${known(data.index[at]) ? data.index[at].toFixed(2) : data.words.none}`);
      if (data.ranks[at]) add(`${data.words.rank}  ${data.ranks[at]}`);
      return out;
    }
    add(data.days[at], "b");
    const value = data.values[at];
    add(`${data.item}  ${known(value) ? `${value.toFixed(data.places)} ${data.unit}` : data.words.none}`);
    data.limits.forEach((limit) => add(limit.text));
    return out;
  };

  const build = () => {
    const ink = css("--ink"), quiet = css("--quiet"), rule = css("--rule"), strong = css("--rule-strong");
    const left = narrow.matches ? 38 : 48;
    const axis = { type: "category", axisTick: { show: false }, axisLine: { lineStyle: { color: strong } } };
    const side = { type: "value", min: 0, splitNumber: 3, axisLabel: { color: quiet, fontSize: 11 }, axisLine: { show: false },
      axisTick: { show: false }, splitLine: { lineStyle: { color: rule } } };
    const top = Math.max(0, ...data.values.filter(known));
    const near = data.limits.filter((limit) => limit.value <= top * 1.6 || !top);
    const title = (text, at) => ({ text, left: 0, top: at, padding: 0, textStyle: { fontSize: 12, fontWeight: 600, color: ink } });
    return {
      animation: !still.matches, animationDuration: 200, backgroundColor: "transparent",
      textStyle: { fontFamily: css("--sans"), color: ink },
      title: [title(`${data.item} ${data.unit}`, 0), title(data.words.index, 222)],
      grid: [{ left, right: 10, top: 24, height: 160 }, { left, right: 10, top: 250, height: 110 }],
      xAxis: [
        { ...axis, gridIndex: 0, data: data.days, axisLabel: { color: quiet, fontSize: 11, hideOverlap: true,
          interval: (i) => data.days[i].endsWith("-01"), formatter: (v) => v.slice(0, 7) } },
        { ...axis, gridIndex: 1, data: data.months, axisLabel: { color: quiet, fontSize: 11, hideOverlap: true } },
      ],
      yAxis: [{ ...side, gridIndex: 0,
        max: (v) => { const m = Math.max(v.max || 0, ...near.map((l) => l.value)); return m > 0 ? undefined : 1; } },
      { ...side, gridIndex: 1 }],
      tooltip: { trigger: "axis", confine: true, transitionDuration: 0, backgroundColor: css("--sheet"),
        borderColor: strong, textStyle: { color: ink, fontSize: 12 }, formatter: tooltip },
      series: [
        { type: "bar", xAxisIndex: 0, yAxisIndex: 0, data: data.values, barCategoryGap: "15%", emphasis: { disabled: true },
          itemStyle: { color: css("--accent") },
          markLine: near.length ? { silent: true, symbol: "none", lineStyle: { color: css("--bad-ink"), width: 1, type: "dashed" },
            label: { formatter: (p) => p.name, color: css("--bad-ink"), fontSize: 10, position: "insideEndTop", distance: [2, 2],
              textBorderColor: css("--paper"), textBorderWidth: 2 },
            data: near.map((l) => ({ yAxis: l.value, name: l.text })) } : undefined },
        { type: "bar", xAxisIndex: 1, yAxisIndex: 1, data: data.index, barMaxWidth: 36, emphasis: { disabled: true },
          itemStyle: { color: css("--accent") },
          label: { show: !narrow.matches, position: "top", color: quiet, fontSize: 11,
            formatter: (p) => (known(data.index[p.dataIndex]) ? data.index[p.dataIndex].toFixed(2) : "") } },
      ],
    };
  };

  place.style.height = "400px";
  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  const paint = () => { chart.setOption(build(), true); chart.resize(); };
  paint();
  new ResizeObserver(() => chart.resize()).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  narrow.addEventListener("change", paint);
  document.getElementById("chart-png")?.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: css("--sheet") });
    link.download = `${data.name}.png`;
    link.click();
  });
})();
