// The chart of one outlet: an axis of time shared by its items, limits, marks as bands, flags below.
// It asks for news by itself; what is zoomed stays zoomed.
"use strict";
(() => {
  const place = document.getElementById("outlet-chart");
  const block = document.getElementById("outlet-data");
  if (!place || !block || !window.echarts) return;
  const none = document.getElementById("chart-none");
  const EVERY = { live: 3000, minute: 10000, hour: 20000 };
  let data = JSON.parse(block.textContent);
  let timer = 0;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const narrow = matchMedia("(max-width: 720px)");
  const two = (n) => String(n).padStart(2, "0");
  const clock = (ms) => { const d = new Date(ms); return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`; };
  const day = (ms) => { const d = new Date(ms); return `${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`; };
  const moment = (ms) => `${day(ms)} ${clock(ms)}:${two(new Date(ms).getUTCSeconds())}`;
  const known = (v) => v !== null && v !== undefined;
  const every = document.querySelector("[data-all-items]");
  // at first what is limited or converted; the rest when asked for
  const shown = () => {
    const main = data.items.filter((i) => i.limits.length || i.converted.length);
    return every?.checked || !main.length ? data.items : main;
  };
  const colours = () => ({ ink: css("--ink"), quiet: css("--quiet"), rule: css("--rule"), strong: css("--rule-strong"),
    accent: css("--accent"), bad: css("--bad-ink"), warn: css("--warn-paper"), sheet: css("--sheet") });

  const axis = (grid, c, shown) => ({ type: "time", gridIndex: grid, min: data.from, max: data.to,
    axisLine: { onZero: false, lineStyle: { color: c.strong } }, axisTick: { show: false },
    axisLabel: { show: shown, color: c.quiet, fontSize: 11, hideOverlap: true,
      formatter: (v) => (clock(v) === "00:00" ? day(v) : clock(v)) },
    splitLine: { show: true, lineStyle: { color: c.rule } }, axisPointer: { label: { show: false } } });

  const bands = (c) => ({ silent: true, itemStyle: { color: c.warn, opacity: 0.75 },
    data: data.marks.map((m) => [{ xAxis: Math.max(m.from, data.from) }, { xAxis: Math.min(m.to, data.to) }]) });

  const line = (item, index, c, values, dashed) => ({ type: "line", name: `${item.label}${dashed ? ` ${data.words.converted}` : ""}`,
    xAxisIndex: index, yAxisIndex: index, data: values, connectNulls: false, step: data.step === "hour" ? "end" : false,
    showSymbol: values.length < 50, symbol: "circle", symbolSize: 3, sampling: values.length > 3000 ? "lttb" : undefined,
    lineStyle: { width: 1.4, color: dashed ? c.ink : c.accent, type: dashed ? [4, 3] : "solid" },
    itemStyle: { color: dashed ? c.ink : c.accent }, emphasis: { disabled: true } });

  const panel = (option, item, index, top, height, c, left) => {
    option.title.push({ text: item.label, left: 0, top, padding: 0, textStyle: { fontSize: 12, fontWeight: 600, color: c.ink },
      subtext: item.unit, subtextStyle: { fontSize: 11, color: c.quiet }, itemGap: 2 });
    option.grid.push({ left, right: 10, top: top + 4, height });
    option.xAxis.push(axis(index, c, false));
    option.yAxis.push({ type: "value", gridIndex: index, scale: !item.limits.length, splitNumber: 2,
      max: (v) => { const top1 = Math.max(v.max, ...item.limits.filter((l) => l.value <= v.max * 3).map((l) => l.value * 1.05)); return Number.isFinite(top1) && top1 > v.min ? Number(top1.toPrecision(3)) : undefined; },
      axisLabel: { color: c.quiet, fontSize: 11, hideOverlap: true }, axisLine: { show: false }, axisTick: { show: false },
      splitLine: { lineStyle: { color: c.rule } } });
    const first = line(item, index, c, item.values, false);
    if (item.limits.length) first.markLine = { silent: true, symbol: "none", animation: false,
      lineStyle: { color: c.bad, width: 1, type: "dashed" },
      label: { formatter: (p) => p.name, color: c.bad, fontSize: 10, position: "insideEndTop", textBorderColor: css("--paper"), textBorderWidth: 2 },
      data: item.limits.map((l) => ({ yAxis: l.value, name: l.text })) };
    if (data.marks.length) first.markArea = bands(c);
    option.series.push(first);
    if (item.converted.length) option.series.push(line(item, index, c, item.converted, true));
  };

  const flags = (option, c, top, left) => {
    const codes = [...new Set(data.flags.map((f) => f.item))];
    const labels = codes.map((code) => (data.items.find((i) => i.code === code)?.label || code || "*"));
    const index = option.grid.length;
    option.title.push({ text: data.words.flags, left: 0, top, padding: 0, textStyle: { fontSize: 12, fontWeight: 600, color: c.ink } });
    option.grid.push({ left, right: 10, top: top + 18, height: 14 * codes.length });
    option.xAxis.push(axis(index, c, false));
    option.yAxis.push({ type: "category", gridIndex: index, data: labels, inverse: true, axisLine: { show: false },
      axisTick: { show: false }, axisLabel: { color: c.quiet, fontSize: 10 }, splitLine: { show: false } });
    option.series.push({ type: "custom", zlevel: 0, xAxisIndex: index, yAxisIndex: index, encode: { x: [0, 1], y: 2 },
      data: data.flags.map((f, n) => [f.from, f.to, codes.indexOf(f.item), n]), clip: true,
      renderItem: (params, api) => {
        const a = api.coord([api.value(0), api.value(2)]), b = api.coord([api.value(1), api.value(2)]);
        const flag = data.flags[api.value(3)];
        const shape = window.echarts.graphic.clipRectByRect({ x: a[0], y: a[1] - 4, width: Math.max(b[0] - a[0], 2), height: 8 },
          { x: params.coordSys.x, y: params.coordSys.y, width: params.coordSys.width, height: params.coordSys.height });
        return shape && { type: "rect", shape, style: { fill: flag?.voids ? c.bad : c.quiet, opacity: flag?.voids ? 1 : 0.6 } };
      }, tooltip: { trigger: "item" } });
    return top + 18 + 14 * codes.length + 8;
  };

  // Elements, not markup: names and reasons come from outside.
  const tooltip = (params) => {
    const out = document.createElement("div");
    const add = (text, tag = "div") => { const row = document.createElement(tag); row.textContent = text; out.append(row); };
    if (!Array.isArray(params)) {
      const flag = data.flags[params.data[3]];
      if (flag) { add(flag.text); add(`${moment(flag.from)} – ${moment(flag.to)}`); }
      return out;
    }
    const at = params[0]?.value?.[0] ?? params[0]?.axisValue;
    add(moment(at) + (data.words.simulated ? ` · ${data.words.simulated}` : ""), "b");
    for (const item of shown()) {
      for (const [values, word] of [[item.values, ""], [item.converted, data.words.converted]]) {
        const found = values.find((p) => p[0] === at);
        if (found) add(`${item.label} ${word}  ${known(found[1]) ? `${found[1].toFixed(item.decimals)} ${item.unit}` : data.words.none}`);
      }
    }
    for (const one of [...data.marks, ...data.flags]) if (one.from <= at && at < one.to) add(one.text);
    return out;
  };

  const build = () => {
    const c = colours(), left = narrow.matches ? 62 : 92, height = narrow.matches ? 64 : 74;
    const option = { animation: false, useUTC: true, backgroundColor: "transparent", title: [], grid: [], xAxis: [], yAxis: [], series: [],
      textStyle: { fontFamily: css("--sans"), color: c.ink } };
    let top = 8;
    shown().forEach((item, index) => { panel(option, item, index, top, height, c, left); top += height + 18; });
    if (data.flags.length) top = flags(option, c, top, left);
    const last = option.xAxis.length - 1;
    if (last >= 0) option.xAxis[last].axisLabel.show = true;
    const all = option.xAxis.map((_, i) => i);
    option.axisPointer = { link: [{ xAxisIndex: "all" }], lineStyle: { color: c.quiet } };
    option.dataZoom = [{ type: "slider", xAxisIndex: all, top: top + 22, height: 22, left, right: 10, borderColor: c.rule,
      fillerColor: "rgba(120,140,150,0.15)", handleStyle: { color: c.sheet, borderColor: c.quiet }, moveHandleSize: 0,
      showDetail: false, showDataShadow: false },
    { type: "inside", xAxisIndex: all, zoomOnMouseWheel: "ctrl", moveOnMouseMove: false, moveOnMouseWheel: false }];
    option.tooltip = { trigger: "axis", confine: true, transitionDuration: 0, backgroundColor: c.sheet, borderColor: c.strong,
      textStyle: { color: c.ink, fontSize: 12 }, formatter: tooltip };
    place.style.height = `${top + 56}px`;
    return option;
  };

  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  const paint = (fresh) => {
    const empty = !data.items.length;
    none.hidden = !empty;
    place.hidden = empty;
    if (empty) return;
    const zoom = fresh ? null : chart.getOption()?.dataZoom?.[0];
    const option = build();
    if (zoom && (zoom.start > 0 || zoom.end < 100)) for (const one of option.dataZoom) Object.assign(one, { start: zoom.start, end: zoom.end });
    chart.setOption(option, true);
    chart.resize();
    place.dataset.version = data.version;
    place.dataset.step = data.step;
  };
  paint(true);
  new ResizeObserver(() => chart.resize()).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(false));
  narrow.addEventListener("change", () => paint(false));

  const ask = async (step) => {
    clearTimeout(timer);
    if (document.hidden && step === data.step) return;
    const changed = step !== data.step;
    let pause = EVERY[step];
    try {
      const seen = changed ? "" : data.version;
      const answer = await fetch(`${place.dataset.url}?step=${step}&seen=${seen}`, { redirect: "manual", signal: AbortSignal.timeout(20000) });
      if (answer.status === 200) { data = await answer.json(); paint(changed); }
    } catch { pause *= 4; }
    clearTimeout(timer);
    timer = setTimeout(() => ask(data.step), pause);
  };
  every?.addEventListener("change", () => paint(false));
  for (const radio of document.querySelectorAll("[data-step]")) {
    radio.addEventListener("change", () => {
      const url = new URL(location.href);
      url.searchParams.set("step", radio.value);
      history.replaceState(null, "", url);
      ask(radio.value);
    });
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(data.step); });
  timer = setTimeout(() => ask(data.step), EVERY[data.step]);

  document.getElementById("chart-png")?.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: css("--sheet") });
    link.download = `${data.name}${data.words.simulated ? ` ${data.words.simulated}` : ""}.png`;
    link.click();
  });
})();
