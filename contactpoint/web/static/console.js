// Running clocks and countdowns. The desk's own time, not this machine's, moves them on.
"use strict";
const base = Date.parse(document.documentElement.dataset.now), since = performance.now();
const rate = Number(document.documentElement.dataset.rate);
const deskNow = () => base + (performance.now() - since) * rate;
const two = (number) => String(number).padStart(2, "0");

function span(milliseconds) {
  const whole = Math.floor(Math.abs(milliseconds) / 1000), hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return (milliseconds < 0 ? "\u2212" : "") + (hours ? `${hours}:` : "") + rest;
}

function tick() {
  for (const clock of document.querySelectorAll("[data-clock]")) {
    const parts = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: clock.dataset.clock };
    try { clock.textContent = new Intl.DateTimeFormat("en-GB", parts).format(deskNow()); } catch { clock.removeAttribute("data-clock"); }
  }
  for (const left of document.querySelectorAll("[data-due]")) {
    const milliseconds = Date.parse(left.dataset.due) - deskNow();
    left.textContent = span(milliseconds);
    left.closest("[data-late]")?.setAttribute("data-late", milliseconds < 0 ? "yes" : milliseconds < 120000 ? "soon" : "no");
  }
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
// A page that is fetched anew leaves open what its reader has opened.
const opened = new WeakSet();
document.addEventListener("click", (event) => {
  const details = event.target.closest?.("summary")?.parentElement;
  if (details) opened[details.open ? "delete" : "add"](details);
}, true);
new MutationObserver((changes) => {
  for (const { target } of changes) if (!target.open && opened.has(target)) target.open = true;
}).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["open"] });

setInterval(tick, 1000);
tick();
