// The map of one hour. The server makes the words and the table; this draws and steps in time.
const box = document.getElementById("map");
const form = document.getElementById("state");
const bar = document.getElementById("timebar");
const words = JSON.parse(document.getElementById("map-words").textContent);
// Not form.elements.item: that is a method of the collection.
const field = (name) => form.elements.namedItem(name);
const tip = document.getElementById("map-tip");
const HOUR = 3600e3;
const still = matchMedia("(prefers-reduced-motion: reduce)");

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const pad = (n) => String(n).padStart(2, "0");

// ---- time: labels are Beijing end of hour; a day holds 01:00 … 24:00 ----
const parseLabel = (text) => {
  const [day, clock] = text.split("T");
  return Date.parse(`${day}T00:00:00Z`) + Number(clock.slice(0, 2)) * HOUR;
};
const dayAndHour = (end) => {
  const start = new Date(end - HOUR);
  return [start.toISOString().slice(0, 10), start.getUTCHours() + 1];
};
const labelOf = (end) => {
  const [day, hour] = dayAndHour(end);
  return `${day}T${pad(hour)}:00`;
};

const first = bar.dataset.first ? parseLabel(bar.dataset.first) : null;
const last = bar.dataset.last ? parseLabel(bar.dataset.last) : null;
let now = parseLabel(field("t").value);
const clamp = (end) => (first === null ? end : Math.min(Math.max(end, first), last));

const slider = document.getElementById("hour-slider");
const day = document.getElementById("day");
const shown = document.getElementById("hour-label");

const showTime = () => {
  const [date, hour] = dayAndHour(now);
  day.value = date;
  slider.value = hour;
  const text = `${date} ${pad(hour)}:00`;
  slider.setAttribute("aria-valuetext", text);
  shown.textContent = text;
  document.querySelector(".top .when").textContent = text;
  field("t").value = labelOf(now);
};

// ---- fetching an hour ----
let running = null;
const load = async () => {
  showTime();
  const url = new URL(location.href);
  for (const name of ["t", "item", "edition"]) url.searchParams.set(name, field(name).value);
  history.replaceState(null, "", url);
  running?.abort();
  running = new AbortController();
  const ask = new URL(box.dataset.hour, location.href);
  for (const name of ["t", "item", "edition", "place"]) ask.searchParams.set(name, field(name).value);
  const side = document.getElementById("side");
  const answer = document.getElementById("answer");
  side.classList.add("busy");
  try {
    const reply = await fetch(ask, { signal: running.signal });
    if (!reply.ok) throw new Error(String(reply.status));
    const part = new DOMParser().parseFromString(await reply.text(), "text/html");
    answer.replaceChildren(...part.getElementById("answer").childNodes);
    side.replaceChildren(...part.getElementById("side").childNodes);
    side.classList.remove("busy");
    const title = part.getElementById("legend-what");
    document.getElementById("legend-what").textContent = title.textContent;
    draw();
    return true;
  } catch (error) {
    if (error.name === "AbortError") return true;
    side.classList.remove("busy");
    const line = document.createElement("p");
    line.className = "notice error";
    line.textContent = words.failed;
    answer.replaceChildren(line);
    return false;
  }
};
const go = (end) => {
  const to = clamp(end);
  if (to === now) return Promise.resolve(false);
  now = to;
  return load();
};

slider.addEventListener("input", () => {
  const [date] = dayAndHour(now);
  go(Date.parse(`${date}T00:00:00Z`) + Number(slider.value) * HOUR);
});
slider.addEventListener("change", showTime);
day.addEventListener("change", () => {
  if (day.value) go(Date.parse(`${day.value}T00:00:00Z`) + Number(slider.value) * HOUR);
});
form.addEventListener("change", load);
form.addEventListener("submit", (event) => { event.preventDefault(); load(); });
bar.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  const to = event.target.closest("[data-to]");
  if (!step && !to) return;
  event.preventDefault();
  stop();
  if (step) go(now + Number(step.dataset.step) * HOUR);
  else if (to.dataset.to) go(parseLabel(to.dataset.to));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target;
  if (at.closest?.("input:not(#hour-slider), select, textarea, .maplibregl-canvas, .panel")) return;
  event.preventDefault();
  go(now + (event.key === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? 24 : 1) * HOUR);
});

// ---- play ----
const play = document.getElementById("play");
let timer = null;
const stop = () => {
  clearTimeout(timer);
  timer = null;
  play.textContent = "▶";
  play.setAttribute("aria-pressed", "false");
  play.title = play.ariaLabel = words.play;
};
const tick = async () => {
  if (!(await go(now + HOUR))) { stop(); return; }
  if (timer !== null) timer = setTimeout(tick, 500);
};
play.addEventListener("click", () => {
  if (timer !== null) { stop(); return; }
  play.textContent = "❚❚";
  play.setAttribute("aria-pressed", "true");
  play.title = play.ariaLabel = words.stop;
  timer = setTimeout(tick, 0);
});

// ---- the map itself ----
const canDraw = () => {
  try { return Boolean(document.createElement("canvas").getContext("webgl2")); } catch { return false; }
};

// One picture a level: its colour and its number; level 0 is hollow with a dash.
const badge = (number) => {
  const size = 22, ratio = 2;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.beginPath();
  pen.arc(size / 2, size / 2, 9, 0, 7);
  pen.fillStyle = number ? css(`--level-${number}`) : css("--sheet");
  pen.fill();
  pen.lineWidth = number ? 1 : 1.4;
  pen.strokeStyle = number ? "rgb(0 0 0 / 62%)" : css("--quiet");
  if (!number) pen.setLineDash([2.5, 2]);
  pen.stroke();
  pen.fillStyle = number ? css(`--on-${number}`) : css("--quiet");
  pen.font = `700 12px ${css("--sans")}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(number || "–", size / 2, size / 2 + 0.5);
  return [pen.getImageData(0, 0, canvas.width, canvas.height), { pixelRatio: ratio }];
};

const empty = { type: "FeatureCollection", features: [] };
const dataOf = () => JSON.parse(document.getElementById("map-data").textContent);
let map = null;
let cityMarkers = new Map();
let cities = [];
let Marker = null;

const cityFill = () => ["match", ["coalesce", ["feature-state", "level"], 0],
  ...[1, 2, 3, 4, 5, 6].flatMap((n) => [n, css(`--level-${n}`)]), "rgba(0,0,0,0)"];

// Many stations are drawn in clusters: the badge bears the worst level, the figure how many.
const MANY = 300;
const crowded = () => dataOf().stations.features.length > MANY;
const clusters = () => (crowded() ? { cluster: true, clusterRadius: 34, clusterMaxZoom: 9,
  clusterProperties: { worst: ["max", ["coalesce", ["get", "level"], 0]] } } : {});
const shownLevel = ["coalesce", ["get", "worst"], ["get", "level"], 0];
const options = { city: () => ({ promoteId: "id" }), stations: clusters };

const style = () => ({
  version: 8,
  sources: Object.fromEntries(["province", "city", "county", "rivers", "stations"].map((name) =>
    [name, { type: "geojson", data: empty, ...options[name]?.() }])),
  layers: [
    { id: "paper", type: "background", paint: { "background-color": css("--sheet") } },
    { id: "land", type: "fill", source: "province", paint: { "fill-color": css("--land") } },
    { id: "city-fill", type: "fill", source: "city",
      paint: { "fill-color": cityFill(), "fill-opacity": ["interpolate", ["linear"], ["zoom"], 7, 0.2, 10, 0.08] } },
    { id: "county-line", type: "line", source: "county", minzoom: 6.6,
      paint: { "line-color": css("--land-line"), "line-width": 0.7, "line-dasharray": [3, 2] } },
    { id: "rivers", type: "line", source: "rivers",
      paint: { "line-color": css("--river"), "line-width": ["interpolate", ["linear"], ["zoom"], 5, 0.8, 9, 2] } },
    { id: "city-line", type: "line", source: "city",
      paint: { "line-color": css("--land-edge"), "line-width": 0.9 } },
    { id: "province-line", type: "line", source: "province",
      paint: { "line-color": css("--land-edge"), "line-width": 1.8 } },
    { id: "chosen-line", type: "line", source: "county", filter: ["==", ["get", "id"], box.dataset.place || ""],
      paint: { "line-color": css("--accent"), "line-width": 2 } },
    { id: "county-name", type: "symbol", source: "county", minzoom: 8.6,
      layout: { "text-field": ["get", "name"], "text-size": 11 },
      paint: { "text-color": css("--quiet"), "text-halo-color": css("--sheet"), "text-halo-width": 1.2 } },
    { id: "stations", type: "symbol", source: "stations",
      layout: { "icon-image": ["concat", "level-", ["to-string", shownLevel]],
        "icon-size": ["interpolate", ["linear"], ["zoom"], 5, 0.62, 7, 0.8, 9, 1.05],
        "icon-allow-overlap": true, "symbol-sort-key": shownLevel }, paint: {} },
    { id: "cluster-count", type: "symbol", source: "stations", filter: ["has", "point_count"],
      layout: { "text-field": ["to-string", ["get", "point_count"]], "text-size": 10, "text-offset": [1.1, -0.8],
        "text-allow-overlap": true },
      paint: { "text-color": css("--ink"), "text-halo-color": css("--sheet"), "text-halo-width": 1.6 } },
    { id: "station-name", type: "symbol", source: "stations", minzoom: 8.8, filter: ["!", ["has", "point_count"]],
      layout: { "text-field": ["get", "name"], "text-size": 12, "text-variable-anchor": ["top", "bottom", "right", "left"],
        "text-radial-offset": 1.05, "symbol-sort-key": ["-", 0, ["coalesce", ["get", "level"], 0]] },
      paint: { "text-color": css("--ink"), "text-halo-color": css("--sheet"), "text-halo-width": 1.4 } },
  ],
});

const drawCities = (byCode) => {
  for (const city of cities) {
    const verdict = byCode[city.id] || {};
    map.setFeatureState({ source: "city", id: city.id }, { level: verdict.level || 0 });
    let label = cityMarkers.get(city.id);
    if (!label) {
      const element = document.createElement("div");
      element.className = "city-label";
      label = new Marker({ element, anchor: "center" }).setLngLat(city.label).addTo(map);
      cityMarkers.set(city.id, label);
    }
    const name = document.createElement("span");
    name.textContent = city.name;
    const line = document.createElement("span");
    line.className = "verdict";
    const chip = document.createElement("span");
    chip.className = `lv lv-${verdict.level || 0}`;
    chip.textContent = verdict.level || "—";
    if (verdict.text) {
      const why = document.createElement("a");
      why.href = verdict.why;
      why.dataset.why = "";
      why.textContent = verdict.text;
      line.append(why);
    }
    line.append(chip);
    label.getElement().replaceChildren(name, line);
  }
};

// City names go where they hide no station: the best of a grid of points inside the city.
const inside = ([x, y], polygons) => polygons.some((rings) => {
  let odd = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [ax, ay] = ring[i], [bx, by] = ring[j];
      if ((ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
    }
  }
  return odd;
});
const placeCities = () => {
  const halfWidth = 30, halfHeight = 19;
  const taken = crowded() ? [] : dataOf().stations.features.map((f) => map.project(f.geometry.coordinates)).map((p) => [p.x, p.y, 9, 9]);
  for (const city of cities) {
    const home = map.project(city.label);
    let best = null;
    for (let i = 0; i <= 8; i += 1) {
      for (let j = 0; j <= 8; j += 1) {
        const [w, s, e, n] = city.box;
        const at = i === 8 && j === 8 ? city.label : [w + ((i + 0.5) / 8.5) * (e - w), s + ((j + 0.5) / 8.5) * (n - s)];
        if (!inside(at, city.polygons)) continue;
        const p = map.project(at);
        const hidden = taken.reduce((sum, [x, y, a, b]) => {
          const dx = halfWidth + a - Math.abs(p.x - x), dy = halfHeight + b - Math.abs(p.y - y);
          return dx > 0 && dy > 0 ? sum + Math.min(dx, 20) * Math.min(dy, 20) : sum;
        }, 0);
        const corners = [[-1, -1], [1, -1], [-1, 1], [1, 1]].filter(([a, b]) => {
          const corner = map.unproject([p.x + a * halfWidth, p.y + b * halfHeight]);
          return !inside([corner.lng, corner.lat], city.polygons);
        }).length;
        const cost = hidden * 3 + corners * 45 + Math.hypot(p.x - home.x, p.y - home.y);
        if (!best || cost < best.cost) best = { at, p, cost };
      }
    }
    if (!best) continue;
    cityMarkers.get(city.id)?.setLngLat(best.at);
    taken.push([best.p.x, best.p.y, halfWidth, halfHeight]);
  }
};

const draw = () => {
  if (!map?.getSource("stations")) return;
  const data = dataOf();
  map.getSource("stations").setData(data.stations);
  drawCities(data.cities || {});
};

const frameOf = (collection) => {
  let [w, s, e, n] = [180, 90, -180, -90];
  const walk = (part) => {
    if (typeof part[0] === "number") {
      w = Math.min(w, part[0]); e = Math.max(e, part[0]);
      s = Math.min(s, part[1]); n = Math.max(n, part[1]);
    } else part.forEach(walk);
  };
  for (const feature of collection.features) if (feature.geometry) walk(feature.geometry.coordinates);
  return w <= e ? [[w, s], [e, n]] : null;
};

const showTip = (event) => {
  const found = event.features?.[0];
  if (!found) return;
  map.getCanvas().style.cursor = "pointer";
  const { name, city, text, point_count: count, worst } = found.properties;
  const title = document.createElement("b");
  const line = document.createElement("span");
  title.textContent = count ? words.cluster.replace("{n}", count) : [name, city].filter(Boolean).join(" · ");
  line.textContent = count ? words.worst.replace("{level}", worst || "—") : text;
  tip.replaceChildren(title, line);
  tip.hidden = false;
  const { x, y } = event.point;
  tip.style.left = `${Math.max(4, Math.min(x + 14, box.clientWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 14, box.clientHeight - tip.offsetHeight - 4))}px`;
};

const openStation = (key) => {
  const row = document.querySelector(`#station-table tr[data-key="${CSS.escape(key)}"]`);
  for (const other of document.querySelectorAll("#station-table tr[aria-selected]")) other.removeAttribute("aria-selected");
  row?.setAttribute("aria-selected", "true");
  row?.scrollIntoView({ block: "nearest" });
  const why = row?.querySelector("a[data-why]");
  if (why) why.click();
  else location.href = `${box.dataset.station}${encodeURIComponent(key)}/`;
};

const repaint = () => {
  const fresh = style();
  for (const layer of fresh.layers) {
    for (const [name, value] of Object.entries(layer.paint || {})) map.setPaintProperty(layer.id, name, value);
  }
  for (let n = 0; n <= 6; n += 1) {
    map.removeImage(`level-${n}`);
    map.addImage(`level-${n}`, ...badge(n));
  }
};

const rememberView = () => {
  const url = new URL(location.href);
  const at = map.getCenter();
  url.searchParams.set("lon", at.lng.toFixed(3));
  url.searchParams.set("lat", at.lat.toFixed(3));
  url.searchParams.set("zoom", map.getZoom().toFixed(2));
  history.replaceState(null, "", url);
};

const start = async () => {
  if (!canDraw()) {
    document.getElementById("map-fallback").hidden = false;
    return;
  }
  const library = await import(new URL(box.dataset.library, location.href));
  Marker = library.Marker;
  const shapes = await fetch(box.dataset.shapes).then((r) => (r.ok ? r.json() : {})).catch(() => ({}));
  cities = (shapes.city?.features || []).filter((f) => f.properties.label).map((f) => ({ ...f.properties,
    box: frameOf({ features: [f] }).flat(),
    polygons: f.geometry.type === "Polygon" ? [f.geometry.coordinates] : f.geometry.coordinates }));
  const params = new URL(location.href).searchParams;
  const view = ["lon", "lat", "zoom"].map((name) => Number(params.get(name) || NaN));
  const placed = view.every(Number.isFinite);
  const chosen = ["province", "city", "county"].flatMap((name) => shapes[name]?.features || [])
    .filter((f) => f.properties.id === box.dataset.place);
  const frame = frameOf({ features: chosen }) || frameOf(dataOf().stations) || [[73, 18], [135, 54]];
  map = new library.Map({
    container: box, style: style(), attributionControl: false, dragRotate: false, pitchWithRotate: false,
    touchPitch: false, maxZoom: 14, minZoom: 3, locale: words.map, fadeDuration: 0,
    localIdeographFontFamily: css("--sans"),
    ...(placed ? { center: [view[0], view[1]], zoom: view[2] } : { bounds: frame, fitBoundsOptions: { padding: 28, maxZoom: 10 } }),
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new library.ScaleControl({ maxWidth: 110 }), "bottom-right");
  document.getElementById("map-credit").textContent = shapes.source || words.no_shapes;
  map.on("load", () => {
    for (let n = 0; n <= 6; n += 1) map.addImage(`level-${n}`, ...badge(n));
    for (const name of ["province", "city", "county", "rivers"]) map.getSource(name).setData(shapes[name] || empty);
    draw();
    placeCities();
    map.on("zoomend", placeCities);
    map.on("resize", placeCities);
    const labels = () => box.classList.toggle("near", map.getZoom() >= 8.4);
    labels();
    map.on("zoom", labels);
    map.on("mousemove", "stations", showTip);
    map.on("mouseleave", "stations", () => { tip.hidden = true; map.getCanvas().style.cursor = ""; });
    map.on("click", "stations", async (event) => {
      const { key, cluster_id: cluster } = event.features[0].properties;
      if (cluster === undefined) { openStation(key); return; }
      const zoom = await map.getSource("stations").getClusterExpansionZoom(cluster);
      map.easeTo({ center: event.features[0].geometry.coordinates, zoom, animate: !still.matches });
    });
    map.on("moveend", (event) => { if (event.originalEvent) rememberView(); });
    box.dataset.ready = "true";
  });
  document.addEventListener("fenhe:panel", () => setTimeout(() => map.resize(), 200));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
};

start();
