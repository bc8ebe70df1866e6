// The review bench: the series with what stands beside it; a span is dragged, tapped or written.
"use strict";
(() => {
  const place = document.getElementById("review-chart");
  const block = document.getElementById("review-data");
  if (!place || !block || !window.echarts) return;
  const data = JSON.parse(block.textContent);
  const form = document.getElementById("decide-form");
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const narrow = matchMedia("(max-width: 720px)");
  const two = (n) => String(n).padStart(2, "0");
  const known = (v) => v !== null && v !== undefined;
  const iso = (ms) => new Date(ms).toISOString().slice(0, 19);
  const label = (ms) => iso(ms).replace("T", " ").slice(5, 16);
  const items = data.items.filter((item, index) => index === 0 || item.values.length);
  if (!items.some((item) => item.values.length)) {
    place.hidden = true;
    document.getElementById("review-none").hidden = false;
    return;
  }
  const main = items[0];

  const axis = (grid, shown) => ({ type: "time", gridIndex: grid, min: data.from, max: data.to,
    axisLine: { onZero: false, lineStyle: { color: css("--rule-strong") } }, axisTick: { show: false },
    axisLabel: { show: shown, color: css("--quiet"), fontSize: 11, hideOverlap: true,
      formatter: (v) => { const d = new Date(v); return d.getUTCHours() + d.getUTCMinutes() ? `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}` : iso(v).slice(5, 10); } },
    splitLine: { show: true, lineStyle: { color: css("--rule") } }, axisPointer: { label: { show: false } } });

  const line = (values, index, name, colour, width, first) => ({ type: "line", name, xAxisIndex: index, yAxisIndex: index,
    data: values.map((p) => [p[0], p[1]]), connectNulls: false, step: data.steps ? "end" : false, symbol: "circle", symbolSize: 4,
    showSymbol: first && values.length < 120, sampling: values.length > 3000 ? "lttb" : undefined,
    lineStyle: { width, color: colour, opacity: first ? 1 : 0.7 }, itemStyle: { color: colour }, emphasis: { disabled: true } });

  const bands = () => data.flags.filter((f) => f.item === main.code).map((f) => [
    { xAxis: f.from, itemStyle: { color: f.voids ? css("--bad-ink") : css("--warn-ink"), opacity: 0.14 } }, { xAxis: f.to }]);

  const build = () => {
    const left = narrow.matches ? 58 : items.some((item) => item.label.length > 6) ? 150 : 84, right = 10, quiet = css("--quiet"), ink = css("--ink");
    const option = { animation: false, useUTC: true, backgroundColor: "transparent", title: [], grid: [], xAxis: [], yAxis: [], series: [],
      textStyle: { fontFamily: css("--sans"), color: ink } };
    let top = 6;
    items.forEach((item, index) => {
      const height = index ? 56 : 150;
      option.title.push({ text: item.label, left: 0, top, padding: 0, textStyle: { fontSize: 12, fontWeight: 600, color: ink, width: left - 34, overflow: "truncate" },
        subtext: item.unit, subtextStyle: { fontSize: 11, color: quiet }, itemGap: 2 });
      option.grid.push({ left, right, top: top + 4, height });
      option.xAxis.push(axis(index, false));
      option.yAxis.push({ type: "value", gridIndex: index, scale: true, splitNumber: index ? 2 : 4, axisLabel: { color: quiet, fontSize: 11, hideOverlap: true },
        axisLine: { show: false }, axisTick: { show: false }, splitLine: { lineStyle: { color: css("--rule") } } });
      item.near.forEach((other) => option.series.push(line(other.values, index, other.name, quiet, 0.8, false)));
      const own = line(item.values, index, item.label, index ? ink : css("--accent"), index ? 1.1 : 1.6, !index);
      if (!index) own.id = "main";
      option.series.push(own);
      top += height + 18;
    });
    const flags = data.flags.filter((f) => items.some((i) => i.code === f.item));
    if (flags.length) {
      const codes = items.map((i) => i.code).filter((code) => flags.some((f) => f.item === code));
      const index = option.grid.length;
      option.grid.push({ left, right, top: top + 4, height: 14 * codes.length });
      option.xAxis.push(axis(index, false));
      option.yAxis.push({ type: "category", gridIndex: index, data: codes.map((c) => items.find((i) => i.code === c).label), inverse: true,
        axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: quiet, fontSize: 10 }, splitLine: { show: false } });
      option.series.push({ type: "custom", zlevel: 0, xAxisIndex: index, yAxisIndex: index, encode: { x: [0, 1], y: 2 }, clip: true,
        data: flags.map((f, n) => [f.from, f.to, codes.indexOf(f.item), n]), tooltip: { trigger: "item" },
        renderItem: (params, api) => {
          const a = api.coord([api.value(0), api.value(2)]), b = api.coord([api.value(1), api.value(2)]);
          const flag = flags[api.value(3)];
          const shape = window.echarts.graphic.clipRectByRect({ x: a[0], y: a[1] - 4, width: Math.max(b[0] - a[0], 2), height: 8 },
            { x: params.coordSys.x, y: params.coordSys.y, width: params.coordSys.width, height: params.coordSys.height });
          return shape && { type: "rect", shape, style: { fill: flag?.voids ? css("--bad-ink") : quiet, opacity: flag?.voids ? 1 : 0.6 } };
        } });
      top += 14 * codes.length + 10;
    }
    option.xAxis.at(-1).axisLabel.show = true;
    const all = option.xAxis.map((_, i) => i);
    option.axisPointer = { link: [{ xAxisIndex: "all" }], lineStyle: { color: quiet } };
    option.toolbox = { show: true, left: -200, feature: { brush: { type: ["lineX", "clear"] } } };
    option.brush = { xAxisIndex: "all", brushLink: "all", throttleType: "debounce", throttleDelay: 100,
      outOfBrush: { colorAlpha: 1 }, brushStyle: { color: "rgba(10,90,134,0.16)", borderColor: css("--accent") } };
    option.dataZoom = [{ type: "slider", xAxisIndex: all, top: top + 22, height: 22, left, right, borderColor: css("--rule"),
      fillerColor: "rgba(120,140,150,0.15)", handleStyle: { color: css("--sheet"), borderColor: quiet }, moveHandleSize: 0,
      showDetail: false, showDataShadow: false },
    { type: "inside", xAxisIndex: all, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, moveOnMouseMove: mode === "move" }];
    // Elements, not markup: names and reasons come from outside.
    option.tooltip = { trigger: "axis", confine: true, transitionDuration: 0, backgroundColor: css("--sheet"),
      borderColor: css("--rule-strong"), textStyle: { color: ink, fontSize: 12 }, formatter: (params) => {
        const out = document.createElement("div");
        const add = (text) => { const row = document.createElement("div"); row.textContent = text; out.append(row); };
        if (!Array.isArray(params)) {
          const flag = flags[params.data[3]];
          if (flag) { add(flag.text); add(`${label(flag.from)} – ${label(flag.to)}`); }
          return out;
        }
        const at = params[0]?.value?.[0];
        add(label(at));
        items.forEach((item) => {
          const found = item.values.find((p) => p[0] === at);
          if (found) add(`${item.label}  ${known(found[1]) ? `${found[1].toFixed(item.decimals)} ${item.unit}` : data.words.none}`);
          item.near.forEach((other) => { const p = other.values.find((q) => q[0] === at); if (p && known(p[1])) add(`${other.name}  ${p[1].toFixed(item.decimals)}`); });
        });
        flags.filter((f) => f.from <= at && at < f.to).forEach((f) => add(f.text));
        return out;
      } };
    place.style.height = `${top + 56}px`;
    return option;
  };

  let mode = "select";
  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  const mark = (from, to) => chart.setOption({ series: [{ id: "main", markArea: { silent: true, data: [...bands(),
    ...(known(from) && known(to) && from < to ? [[{ xAxis: from, itemStyle: { color: css("--accent"), opacity: 0.18 } }, { xAxis: to }]] : [])] } }] });
  const clear = () => chart.dispatchAction({ type: "brush", areas: [] });
  const fields = () => ["start", "end"].map((name) => {
    const text = form?.elements.namedItem(name)?.value;
    return text ? Date.parse(`${text}Z`) : null;
  });
  const draw = () => mark(...(form ? fields() : [data.start, data.end]));
  const cursor = () => chart.dispatchAction({ type: "takeGlobalCursor", key: "brush",
    brushOption: mode === "select" ? { brushType: "lineX", brushMode: "single" } : { brushType: false } });
  const paint = () => { chart.setOption(build(), true); chart.resize(); cursor(); draw(); };
  paint();
  new ResizeObserver(() => chart.resize()).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  narrow.addEventListener("change", paint);

  // A span that was dragged holds every value whose point lies in it, whole.
  const ends = main.values.map((p) => p[0]);
  const usual = ends.length > 1 ? Math.min(...ends.slice(1).map((v, i) => v - ends[i]).filter((v) => v > 0)) : 1000;
  const choose = (from, to) => {
    if (!form) return;
    form.elements.namedItem("start").value = iso(from);
    form.elements.namedItem("end").value = iso(to);
  };
  chart.on("brushEnd", (event) => {
    const range = event.areas?.[0]?.coordRange;
    if (!range) return;
    const wide = Array.isArray(range[0]) ? range[0] : range;
    const inside = main.values.filter((p) => known(p[1]) && p[0] >= wide[0] && p[0] <= wide[1]);
    if (!inside.length) return;
    choose(inside[0][0], inside.at(-1)[0] + usual);
    place.dataset.chosen = `${iso(inside[0][0])} ${iso(inside.at(-1)[0] + usual)}`;
  });
  for (const name of ["start", "end"]) form?.elements.namedItem(name)?.addEventListener("change", () => { clear(); draw(); });
  const mine = data.flags.filter((f) => f.item === main.code);
  for (const button of document.querySelectorAll("[data-flag]")) {
    button.addEventListener("click", () => {
      const flag = mine[Number(button.dataset.flag)];
      if (!flag) return;
      choose(flag.from, flag.to);
      clear();
      draw();
      form.elements.namedItem("start").focus();
    });
  }
  for (const radio of document.querySelectorAll("[data-bench-mode]")) {
    radio.addEventListener("change", () => { mode = radio.value; chart.setOption({ dataZoom: [{}, { moveOnMouseMove: mode === "move" }] }); cursor(); });
  }
  document.getElementById("bench-png")?.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: css("--sheet") });
    link.download = `${data.name}.png`;
    link.click();
  });
  place.dataset.ready = "yes";
})();
