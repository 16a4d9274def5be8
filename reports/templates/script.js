"use strict";
const slider = document.getElementById("point");
if (slider) {
  slider.addEventListener("input", () => {
    for (const figure of document.querySelectorAll(".grids figure")) {
      const pictures = [...figure.querySelectorAll("img")];
      const shown = Math.round((slider.value / slider.max) * (pictures.length - 1));
      pictures.forEach((picture, index) => { picture.hidden = index !== shown; });
      figure.querySelector(".step").textContent = `step ${pictures[shown].dataset.step}`;
    }
  });
}
for (const button of document.querySelectorAll("[data-toggle]")) {
  button.addEventListener("click", () => {
    const pressed = button.getAttribute("aria-pressed") === "true";
    button.setAttribute("aria-pressed", String(!pressed));
    for (const series of button.closest(".axis").querySelectorAll(".series")) {
      if (series.dataset.variant === button.dataset.toggle) series.classList.toggle("off", pressed);
    }
  });
}

// Values under the pointer. A figure states its scales as "low high start end kind" in data-x and data-y.
const reading = document.createElement("div");
reading.id = "reading";
reading.hidden = true;
document.body.append(reading);

function valueAt(scale, place) {
  const [low, high, start, end, kind] = scale.split(" ").map((part) => (isNaN(part) ? part : Number(part)));
  const share = (place - start) / (end - start);
  return kind === "log" ? low * (high / low) ** share : low + share * (high - low);
}

function nearest(series, x) {
  const lines = [...series.querySelectorAll(".mean")].map((line) => line.getAttribute("d").slice(1).split("L"));
  const points = lines.flat().map((pair) => pair.split(" ").map(Number));
  return points.reduce((best, point) => (Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best));
}

function write(value) {
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

function show(event) {
  const figure = event.currentTarget;
  const box = figure.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * figure.viewBox.baseVal.width;
  const rows = [...figure.querySelectorAll(".series:not(.off)")].filter((series) => series.querySelector(".mean")).map((series) => [series, nearest(series, x)]);
  if (!rows.length) return;
  reading.replaceChildren(`at ${write(valueAt(figure.dataset.x, rows[0][1][0]))}`);
  for (const [series, point] of rows) {
    const row = document.createElement("div");
    row.className = [...series.classList].find((name) => /^c\d$/.test(name));
    const chip = document.createElement("i");
    chip.className = "chip";
    const number = document.createElement("b");
    number.textContent = ` ${write(valueAt(figure.dataset.y, point[1]))}`;
    row.append(chip, series.dataset.variant, number);
    reading.append(row);
  }
  reading.hidden = false;
  reading.style.left = `${Math.min(event.clientX + 14, window.innerWidth - reading.offsetWidth - 8)}px`;
  reading.style.top = `${Math.min(event.clientY + 14, window.innerHeight - reading.offsetHeight - 8)}px`;
}

for (const figure of document.querySelectorAll("svg[data-x]")) {
  figure.addEventListener("pointermove", show);
  figure.addEventListener("pointerleave", () => { reading.hidden = true; });
}
