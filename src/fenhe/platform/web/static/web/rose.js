// The pollution rose of one station: stacked shares by speed, or the mean of the item, on a compass.
"use strict";
(() => {
  const place = document.getElementById("rose");
  const block = document.getElementById("rose-data");
  if (!place || !block || !window.echarts) return;
  const data = JSON.parse(block.textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const narrow = matchMedia("(max-width: 720px)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const known = (v) => v !== null && v !== undefined;

  // One accent, lighter for slow wind: colour is never the only sign, the legend has the bounds.
  const shade = (at, count) => {
    const part = document.createElement("span");
    part.style.color = `color-mix(in srgb, ${css("--accent")} ${Math.round(25 + (75 * (at + 1)) / count)}%, ${css("--sheet")})`;
    document.body.append(part);
    const colour = getComputedStyle(part).color;
    part.remove();
    const parts = colour.match(/[\d.]+/g).map(Number);
    return colour.startsWith("color(") ? `rgb(${parts.slice(0, 3).map((v) => Math.round(v * 255)).join(",")})` : colour;
  };

  const tooltip = (params) => {
    const list = Array.isArray(params) ? params : [params];
    const at = list[0].dataIndex;
    const out = document.createElement("div");
    const add = (text, tag = "div") => {
      const line = document.createElement(tag);
      line.textContent = text;
      out.append(line);
    };
    add(data.points[at], "b");
    data.classes.forEach((c) => add(`${c.text}  ${c.shares[at].toFixed(1)} %`));
    const mean = data.means[at];
    add(known(mean) ? `${data.item} ${data.words.mean}  ${mean.toFixed(1)} ${data.unit}` : `${data.item}  ${data.words.none}`);
    add(data.words.hours.replace("{n}", String(data.counts[at])));
    return out;
  };

  const series = () => {
    const edge = css("--sheet");
    const bar = { type: "bar", coordinateSystem: "polar", barCategoryGap: "6%", emphasis: { disabled: true },
      itemStyle: { borderColor: edge, borderWidth: 1 } };
    if (data.show === "mean") {
      return [{ ...bar, name: data.item, data: data.means, itemStyle: { ...bar.itemStyle, color: css("--accent") } }];
    }
    return data.classes.map((c, at) => ({ ...bar, name: c.text, stack: "wind", data: c.shares,
      itemStyle: { ...bar.itemStyle, color: shade(at, data.classes.length) } }));
  };

  const build = () => {
    const ink = css("--ink"), quiet = css("--quiet"), rule = css("--rule");
    return {
      animation: !still.matches, animationDuration: 200, backgroundColor: "transparent",
      textStyle: { fontFamily: css("--sans"), color: ink },
      polar: { radius: narrow.matches ? "66%" : "74%", center: ["50%", data.show === "mean" ? "50%" : "47%"] },
      // the first sector is centred on north: half a sector before the top, clockwise
      angleAxis: { type: "category", data: data.points, startAngle: 90 + 180 / data.points.length, clockwise: true,
        axisLine: { lineStyle: { color: css("--rule-strong") } }, axisTick: { show: false },
        axisLabel: { color: ink, fontSize: 12, interval: narrow.matches ? 1 : 0 }, splitLine: { show: false } },
      radiusAxis: { type: "value", min: 0, splitNumber: 4, axisLine: { show: false }, axisTick: { show: false },
        axisLabel: { color: quiet, fontSize: 11, showMinLabel: false, backgroundColor: css("--paper"), padding: [1, 3] }, splitLine: { lineStyle: { color: rule } }, z: 5 },
      legend: data.show === "mean" ? { show: false } : { bottom: 0, textStyle: { color: ink, fontSize: 12 }, itemWidth: 12, itemHeight: 12, selectedMode: false },
      tooltip: { trigger: "item", confine: true, transitionDuration: 0, backgroundColor: css("--sheet"),
        borderColor: css("--rule-strong"), textStyle: { color: ink, fontSize: 12 }, formatter: tooltip },
      series: series(),
    };
  };

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
  const form = document.getElementById("rose-form");
  for (const input of form?.querySelectorAll('input[type="radio"]') ?? []) {
    input.addEventListener("change", () => form.requestSubmit());
  }
})();
