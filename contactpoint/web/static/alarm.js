// The alarm. It rings while something waits and when the desk falls silent; it is never muted, only silenced for a minute.
// The server's beats drive it (a hidden page's own timers are slowed down). It knows numbers only; every word is in the page.
"use strict";
const page = document.documentElement, words = document.getElementById("alarm").dataset, title = document.title;
const LOST_AFTER_S = 15, AGAIN_S = 5, SILENCE_S = 60, SHIFT_S = 12 * 3600;
const SOUNDS = { waiting: [660, 880, 660, 880], overdue: [660, 880, 1100, 660, 880, 1100], lost: [440, 330, 440, 330] };
const tabs = new BroadcastChannel("alarm"), tab = (sessionStorage.window ??= crypto.randomUUID());
let audio = null, guard = null, quietAt = 0, ringer = false, lost = false, unsure = true, silencedUntil = 0, heardAt = performance.now();
let beat = { unacknowledged: 0, oldest: 0, overdue: 0, answers: 0, bells: 0 };

const waiting = () => beat.unacknowledged + beat.overdue + beat.answers + beat.bells;
const silenced = () => Date.now() < silencedUntil;
const audible = () => audio?.state === "running";
function testedAt() {
  const at = localStorage.getItem("alarm-tested");
  return at && Date.now() - Date.parse(at) < SHIFT_S * 1000 ? at : null;
}

function show() {
  const before = page.dataset.alarm, armed = audible() && testedAt();
  const state = lost ? "lost" : !armed ? "off" : !waiting() ? "quiet" : silenced() ? "silenced" : "ringing";
  page.dataset.alarm = state;
  for (const part of document.querySelectorAll("[data-when]")) part.hidden = !part.dataset.when.split(" ").includes(state);
  for (const part of document.querySelectorAll("[data-count]")) part.textContent = waiting();
  document.title = (lost ? `${words.lost} - ` : waiting() ? `(${waiting()}) ` : "") + title;
  (waiting() ? navigator.setAppBadge?.(waiting()) : navigator.clearAppBadge?.())?.catch(() => {});
  const news = state !== before && ringer && { ringing: words.waiting, lost: words.lost }[state];
  if (news && Notification.permission === "granted") new Notification(news, { tag: "alarm", renotify: true, requireInteraction: true });
}

function play(notes) {
  if (audio.currentTime < quietAt) return; // a sound never talks over itself
  quietAt = audio.currentTime + notes.length * 0.28 + 0.2;
  notes.forEach((frequency, step) => {
    const at = audio.currentTime + 0.02 + step * 0.28, volume = new GainNode(audio, { gain: 0 });
    const source = new OscillatorNode(audio, { frequency, type: "triangle" });
    volume.gain.setTargetAtTime(0.6, at, 0.01);
    volume.gain.setTargetAtTime(0, at + 0.22, 0.02);
    source.connect(volume).connect(audio.destination);
    source.start(at);
    source.stop(at + 0.4);
  });
  navigator.vibrate?.([200, 80, 200]);
  page.dataset.rings = Number(page.dataset.rings) + 1;
}

function ring() {
  show();
  if (!ringer || !audible() || silenced()) return;
  if (lost) play(SOUNDS.lost);
  else if (waiting()) play(beat.overdue ? SOUNDS.overdue : SOUNDS.waiting);
}

// Every beat restarts a silent sound of 15 seconds. When one ends, the desk has been silent for so long: the sound card's
// clock is not slowed down in a hidden page. The interval below does the same for a page whose sound is still off.
function watch(seconds) {
  if (!audible()) return;
  if (guard) guard.onended = null;
  guard = new ConstantSourceNode(audio, { offset: 0 });
  guard.connect(audio.destination);
  guard.onended = check;
  guard.start();
  guard.stop(audio.currentTime + seconds);
}
function check() {
  if (performance.now() - heardAt < LOST_AFTER_S * 1000 - 500) return;
  lost = true;
  ring();
  watch(AGAIN_S);
}

// What changed between the making of a page and its first beat, or while the stream was away, nobody told it: it asks.
function take({ what, silence, counts, unsure: again }) {
  if (again) unsure = true;
  if (what) return document.body.dispatchEvent(new Event("desk-changed"));
  if (silence) silencedUntil = silence;
  if (!counts) return show();
  if (counts.unacknowledged > beat.unacknowledged) silencedUntil = 0; // an old silence does not cover a new request
  [beat, heardAt, lost] = [counts, performance.now(), false];
  if (unsure && document.readyState === "complete") take({ what: "everything" }), unsure = false;
  watch(LOST_AFTER_S);
  ring();
  document.getElementById("watching").hidden = !counts.watching; // signed out: it rings on, and mans nothing
  if (counts.watching || !ringer || !audible() || !testedAt()) return;
  const body = new URLSearchParams({ csrf: words.csrf, window: tab, tested: testedAt() }); // this desk is manned
  fetch("/manned", { method: "POST", body }).catch(() => {}); // a broken link shows by the beats that stay away
}
function tell(news) {
  tabs.postMessage(news);
  take(news);
}
tabs.onmessage = ({ data }) => take(data);

function listen() {
  const stream = new EventSource("/events");
  stream.addEventListener("beat", ({ data }) => tell({ counts: JSON.parse(data) }));
  stream.addEventListener("changed", ({ data }) => tell(JSON.parse(data)));
  stream.onerror = () => { tell({ unsure: true }); if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3000); };
}

// One stream for the whole browser, one window that makes the sound: whoever holds the lock. The next one takes over.
const hold = (name, work) => navigator.locks.request(name, () => (work(), new Promise(() => {})));
function arm() {
  if (!audio) {
    audio = new AudioContext();
    audio.onstatechange = show;
    const sounding = () => { ringer = true; watch(LOST_AFTER_S); ring(); };
    audio.resume().then(() => hold("alarm-sound", sounding)); // never held by a window that cannot sound yet
  }
  return audio.resume();
}
const wake = () => document.hidden || navigator.wakeLock?.request("screen").catch(() => {});

document.getElementById("alarm-test")?.addEventListener("click", () => {
  Notification.requestPermission();
  arm().then(() => play(SOUNDS.waiting));
});
document.getElementById("shift-form")?.addEventListener("submit", ({ target }) => {
  if (target.elements.heard.checked) localStorage.setItem("alarm-tested", new Date().toISOString());
});
document.getElementById("shift-end")?.addEventListener("submit", () => localStorage.removeItem("alarm-tested"));
document.getElementById("silence").addEventListener("click", () => tell({ silence: Date.now() + SILENCE_S * 1000 }));
for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, () => testedAt() && arm());
document.addEventListener("visibilitychange", wake);
setInterval(() => { if (!audible()) check(); if (!silenced() && page.dataset.alarm === "silenced") show(); }, 1000);

addEventListener("load", () => hold("alarm-stream", listen));
if (testedAt()) arm();
wake();
show();
