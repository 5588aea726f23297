"use strict";
const attempts = [...document.querySelectorAll("details.trajectory")];
const input = (id) => document.getElementById(id);
for (const [id, key] of [["outcome", "outcome"], ["model", "model"]]) {
  for (const value of [...new Set(attempts.map((attempt) => attempt.dataset[key]))].sort()) {
    input(id).add(new Option(value, value));
  }
}
// Texts are made small letters once, when they are first searched.
const texts = new Map();
const text = (attempt) => {
  if (!texts.has(attempt)) texts.set(attempt, attempt.textContent.toLowerCase());
  return texts.get(attempt);
};
function search() {
  const words = input("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const attempt of attempts) {
    const chosen = ["outcome", "model"].every((key) => !input(key).value || attempt.dataset[key] === input(key).value);
    const shown = chosen && words.every((word) => text(attempt).includes(word));
    attempt.hidden = !shown;
    found += shown;
  }
  input("found").textContent = `${found} of ${attempts.length}`;
}
input("search").addEventListener("input", search);
input("search").addEventListener("submit", (event) => event.preventDefault());
input("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = getComputedStyle(root).colorScheme === "dark" ||
    (root.style.colorScheme === "" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.style.colorScheme = dark ? "light" : "dark";
});
// A link to #words opens with them.
if (location.hash.length > 1) input("words").value = decodeURIComponent(location.hash.slice(1));
search();
