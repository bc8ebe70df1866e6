// The charts of one station: AQI under each edition, six items on one time axis, flags below.
"use strict";
(() => {
  const place = document.getElementById("chart");
  const block = document.getElementById("station-data");
  if (!place || !block || !window.echarts) return;
  const data = JSON.parse(block.textContent);
  const words = data.words;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const narrow = matchMedia("(max-width: 720px)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const rows = [
    { key: "aqi", title: "AQI", height: 104, decimals: 0,
      lines: data.editions.map((e, i) => ({ name: e.label, values: e.values, dashed: i > 0 })), limits: [] },
    ...data.items.map((item) => ({ key: item.code, title: item.label, unit: item.unit, height: 74,
      decimals: item.decimals, lines: [{ name: item.label, values: item.values }], limits: item.limits })),
  ];
  const flagged = data.items.filter((item) => data.flags.some((f) => f.item === item.code || !f.item));
  const text = (label) => label.replace("T", " ");
  const clock = (label) => label.slice(11, 16);
  const dayMark = (label) => label.slice(5, 10);
  const known = (v) => v !== null && v !== undefined;

  const build = () => {
    const ink = css("--ink"), quiet = css("--quiet"), rule = css("--rule"), strong = css("--rule-strong");
    const accent = css("--accent");
    const colours = [accent, css("--ink")];
    const left = narrow.matches ? 38 : 48;
    const right = 10;
    const option = { animation: !still.matches, animationDuration: 200, backgroundColor: "transparent",
      textStyle: { fontFamily: css("--sans"), color: ink }, title: [], grid: [], xAxis: [], yAxis: [], series: [] };
    let top = 8;
    rows.forEach((row, index) => {
      option.title.push({ text: row.title, subtext: "", left: 0, top, padding: 0,
        textStyle: { fontSize: 12, fontWeight: 600, color: ink } });
      if (row.unit) option.title.push({ text: row.unit, left: row.title.length * 7 + 14, top: top + 1, padding: 0,
        textStyle: { fontSize: 11, fontWeight: 400, color: quiet } });
      top += 20;
      option.grid.push({ left, right, top, height: row.height });
      top += row.height + 10;
      option.xAxis.push({ type: "category", gridIndex: index, data: data.hours, boundaryGap: true,
        axisLine: { onZero: false, lineStyle: { color: strong } }, axisTick: { show: false }, axisLabel: { show: false },
        splitLine: { show: true, interval: (i) => clock(data.hours[i]) === "01:00", lineStyle: { color: rule } },
        axisPointer: { label: { show: false } } });
      const top1 = Math.max(0, ...row.lines.flatMap((l) => l.values.filter(known)));
      const near = row.limits.filter((l) => l.value <= top1 * 1.6);
      option.yAxis.push({ type: "value", gridIndex: index, min: 0, splitNumber: 2,
        max: (v) => { const m = Math.max(v.max, ...near.map((l) => l.value)); return m > 0 ? undefined : 1; },
        axisLabel: { color: quiet, fontSize: 11, hideOverlap: true }, axisLine: { show: false },
        axisTick: { show: false }, splitLine: { lineStyle: { color: rule } } });
      row.lines.forEach((line, at) => {
        option.series.push({ type: "line", name: line.name, xAxisIndex: index, yAxisIndex: index, data: line.values,
          step: row.key === "aqi" ? "middle" : false, connectNulls: false, showSymbol: data.hours.length < 60, symbol: "circle", symbolSize: 3,
          lineStyle: { width: 1.4, color: colours[at % 2], type: line.dashed ? [4, 3] : "solid" },
          itemStyle: { color: colours[at % 2] }, emphasis: { disabled: true },
          markLine: at || !near.length ? undefined : { silent: true, symbol: "none",
            lineStyle: { color: css("--bad-ink"), width: 1, type: "dashed" },
            label: { formatter: (p) => p.name, color: css("--bad-ink"), fontSize: 10, position: "insideEndTop", distance: [2, 2],
              textBorderColor: css("--paper"), textBorderWidth: 2 },
            data: near.map((l) => ({ yAxis: l.value, name: l.text })) } });
      });
      if (row.key === "aqi" && data.differs.length) {
        option.series[0].markArea = { silent: true, itemStyle: { color: css("--warn-paper"), opacity: 0.9 },
          data: data.differs.map(([from, to]) => [{ xAxis: data.hours[from] }, { xAxis: data.hours[to] }]) };
      }
    });
    const last = option.xAxis.length - 1;
    if (flagged.length) {
      const height = 14 * flagged.length;
      option.title.push({ text: words.flags, left: 0, top, padding: 0, textStyle: { fontSize: 12, fontWeight: 600, color: ink } });
      top += 18;
      option.grid.push({ left, right, top, height });
      option.xAxis.push({ type: "category", gridIndex: last + 1, data: data.hours, axisTick: { show: false },
        axisLabel: { show: false }, axisLine: { lineStyle: { color: strong } }, axisPointer: { label: { show: false } } });
      option.yAxis.push({ type: "category", gridIndex: last + 1, data: flagged.map((i) => i.label), inverse: true,
        axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: quiet, fontSize: 10 }, splitLine: { show: false } });
      const bars = [];
      data.flags.forEach((flag, index) => flagged.forEach((item, line) => {
        if (!flag.item || flag.item === item.code) bars.push([flag.from, flag.to, line, index]);
      }));
      option.series.push({ type: "custom", zlevel: 0, xAxisIndex: last + 1, yAxisIndex: last + 1, encode: { x: [0, 1], y: 2 }, data: bars,
        renderItem: (params, api) => {
          const a = api.coord([api.value(0), api.value(2)]);
          const b = api.coord([api.value(1), api.value(2)]);
          const half = api.size([1, 0])[0] / 2;
          const flag = data.flags[api.value(3)];
          const shape = window.echarts.graphic.clipRectByRect(
            { x: a[0] - half, y: a[1] - 4, width: Math.max(b[0] - a[0] + 2 * half, 2), height: 8 },
            { x: params.coordSys.x, y: params.coordSys.y, width: params.coordSys.width, height: params.coordSys.height });
          return shape && { type: "rect", shape, style: { fill: flag.voids ? css("--bad-ink") : quiet, opacity: flag.voids ? 1 : 0.6 } };
        },
        tooltip: { trigger: "item" } });
      top += height + 8;
    }
    const bottom = option.xAxis.length - 1;
    Object.assign(option.xAxis[bottom], { axisLabel: { show: true, color: quiet, fontSize: 11, hideOverlap: true,
      interval: (i) => (data.hours.length > 60 ? clock(data.hours[i]) === "12:00" : Number(clock(data.hours[i]).slice(0, 2)) % 6 === 0),
      formatter: (v) => (data.hours.length > 60 ? dayMark(v) : clock(v)) } });
    const all = option.xAxis.map((_, i) => i);
    option.axisPointer = { link: [{ xAxisIndex: "all" }], lineStyle: { color: quiet } };
    option.dataZoom = [{ type: "slider", xAxisIndex: all, top: top + 22, height: 22, left, right,
      borderColor: rule, fillerColor: "rgba(120,140,150,0.15)", handleStyle: { color: css("--sheet"), borderColor: quiet },
      moveHandleSize: 0, showDetail: false, dataBackground: { lineStyle: { opacity: 0 }, areaStyle: { opacity: 0 } },
      selectedDataBackground: { lineStyle: { opacity: 0 }, areaStyle: { opacity: 0 } } },
    { type: "inside", xAxisIndex: all, zoomOnMouseWheel: "ctrl", moveOnMouseMove: false, moveOnMouseWheel: false }];
    option.toolbox = { show: true, left: -200, feature: { dataZoom: { yAxisIndex: "none", xAxisIndex: all } } };
    option.brush = { xAxisIndex: "all", brushLink: "all", throttleType: "debounce", throttleDelay: 150,
      outOfBrush: { colorAlpha: 1 }, brushStyle: { color: "rgba(10,90,134,0.14)", borderColor: accent } };
    option.tooltip = { trigger: "axis", confine: true, transitionDuration: 0, backgroundColor: css("--sheet"),
      borderColor: strong, textStyle: { color: ink, fontSize: 12 }, formatter: tooltip };
    place.style.height = `${top + 56}px`;
    return option;
  };

  // Elements, not markup: the policy of the page allows no inline style.
  const tooltip = (params) => {
    const at = (Array.isArray(params) ? params[0] : params).dataIndex;
    const one = !Array.isArray(params) && params.seriesType === "custom" ? data.flags[params.data[3]] : null;
    const out = document.createElement("div");
    const add = (name, value) => {
      const line = document.createElement("div");
      line.textContent = value === undefined ? name : `${name}  ${value}`;
      out.append(line);
    };
    if (one) {
      add(one.text);
      add(`${text(data.hours[one.from])} – ${text(data.hours[one.to])}`);
      return out;
    }
    const head = document.createElement("b");
    head.textContent = text(data.hours[at]);
    out.append(head);
    data.editions.forEach((e) => add(`AQI ${e.label}`, known(e.values[at]) ? `${e.values[at]} ${e.names[at] || ""}` : words.none));
    data.items.forEach((item) => add(item.label, known(item.values[at]) ? `${item.values[at].toFixed(item.decimals)} ${item.unit}` : words.none));
    data.flags.filter((f) => f.from <= at && at <= f.to).forEach((f) => add(f.text));
    return out;
  };

  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  const form = document.getElementById("span-form");
  let mode = "zoom";
  const cursor = () => {
    chart.dispatchAction({ type: "takeGlobalCursor", key: "dataZoomSelect", dataZoomSelectActive: mode === "zoom" });
    chart.dispatchAction({ type: "takeGlobalCursor", key: "brush",
      brushOption: mode === "select" ? { brushType: "lineX", brushMode: "single" } : { brushType: false } });
  };
  const paint = () => { chart.setOption(build(), true); chart.resize(); cursor(); };
  paint();
  new ResizeObserver(() => chart.resize()).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  narrow.addEventListener("change", paint);

  const pick = (from, to) => {
    if (!form) return;
    form.elements.namedItem("start").value = data.hours[from];
    form.elements.namedItem("end").value = data.hours[to];
    form.querySelector("[data-picked]").textContent = `${text(data.hours[from])} – ${text(data.hours[to])}`;
    form.querySelector("[data-count]").textContent = words.hours.replace("{n}", String(to - from + 1));
  };
  chart.on("brushEnd", (event) => {
    const range = event.areas?.[0]?.coordRange;
    if (!range) return;
    const clip = (v) => Math.min(Math.max(Math.round(v), 0), data.hours.length - 1);
    pick(clip(range[0]), clip(range[1]));
  });
  for (const button of document.querySelectorAll("[data-chart-mode]")) {
    button.addEventListener("change", () => { mode = button.value; cursor(); });
  }
  document.getElementById("zoom-out")?.addEventListener("click", () => {
    chart.dispatchAction({ type: "dataZoom", start: 0, end: 100 });
    chart.dispatchAction({ type: "brush", areas: [] });
  });
  document.getElementById("chart-png")?.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: css("--sheet") });
    link.download = `${data.name}.png`;
    link.click();
  });

  // Hours picked in the table: a box a row; with Shift, all rows between.
  let anchor = null;
  const boxes = [...document.querySelectorAll("input[data-hour-index]")];
  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      const at = Number(box.dataset.hourIndex);
      if (event.shiftKey && anchor !== null) {
        const [a, b] = [Math.min(anchor, at), Math.max(anchor, at)];
        for (const other of boxes) {
          const i = Number(other.dataset.hourIndex);
          if (i >= a && i <= b) other.checked = true;
        }
      }
      anchor = at;
      const picked = boxes.filter((b) => b.checked).map((b) => Number(b.dataset.hourIndex));
      if (!picked.length) return;
      const [from, to] = [Math.min(...picked), Math.max(...picked)];
      for (const other of boxes) {
        const i = Number(other.dataset.hourIndex);
        other.checked = i >= from && i <= to;
      }
      pick(from, to);
    });
  }
})();
