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
