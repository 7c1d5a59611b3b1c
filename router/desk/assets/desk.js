// What the desk does more with a script: leases renewed, shortcuts, agencies and templates without a new page.
// Everything works without it.
"use strict";
(() => {
  const one = (what, within = document) => within.querySelector(what);
  const all = (what, within = document) => [...within.querySelectorAll(what)];

  // an invitation's code behind the # of its address, which no server sees
  const fragment = one("[data-fragment]");
  if (fragment && location.hash.length > 1) {
    fragment.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
  }

  // a form goes out once: its button rests until the answer is there
  for (const form of all("form[method=post]"))
    form.addEventListener("submit", () => setTimeout(() => all("button", form).forEach((button) => { button.disabled = true; })));
  addEventListener("pageshow", () => all("form[method=post] button").forEach((button) => { button.disabled = false; }));

  // the lease is renewed while somebody looks: every four minutes, of ten
  const lease = one("[data-lease]");
  const act = lease && one("form[action^='/cases/']");
  async function renew() {
    const said = new URLSearchParams({ act: "extend" });
    for (const name of ["csrf", "id", "agency", "version"]) said.set(name, one(`[name=${name}]`, act).value);
    said.set("key", [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
    const answer = await fetch(lease.dataset.lease, { method: "POST", body: said }).catch(() => null);
    if (answer && answer.status === 409) one("[role=status]", lease).textContent = lease.dataset.lost;
    if (!answer || !answer.ok) return;
    const { version } = await answer.json();
    all("form[action^='/cases/'] [name=version]").forEach((field) => { field.value = version; });
  }
  if (act) setInterval(renew, 240000);

  // a template goes into the answer that is being written
  for (const link of all("[data-template]"))
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const answer = one("#t_answer");
      answer.value = answer.value ? `${answer.value}\n\n${link.dataset.template}` : link.dataset.template;
      answer.focus();
    });

  // agencies are found without losing what was typed
  for (const field of all("[data-find]"))
    field.form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = await fetch(`${field.form.getAttribute("action")}?${new URLSearchParams(new FormData(field.form))}`).catch(() => null);
      if (!answer || !answer.ok) { field.form.submit(); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const place = one(`[data-found=${field.dataset.find}]`);
      place.replaceChildren(...one(`[data-found=${field.dataset.find}]`, page).childNodes);
      one("input", place)?.focus();
    });

  // shortcuts, which one can switch off
  const box = one("#shortcuts");
  if (box) {
    box.checked = localStorage.getItem("shortcuts") !== "off";
    box.addEventListener("change", () => localStorage.setItem("shortcuts", box.checked ? "on" : "off"));
  }
  if (!document.body.dataset.shortcuts || localStorage.getItem("shortcuts") === "off") return;
  for (const target of all("summary", document)) {
    const key = target.parentElement.dataset.key;
    if (key) target.insertAdjacentHTML("beforeend", `<kbd aria-hidden="true">${key}</kbd>`);
  }
  for (const button of all("button[data-key]")) button.insertAdjacentHTML("beforeend", `<kbd aria-hidden="true">${button.dataset.key}</kbd>`);
  const rows = all("[data-row]");
  let here = -1;
  function go(to) {
    if (!rows.length) return;
    rows[here]?.classList.remove("here");
    here = Math.max(0, Math.min(rows.length - 1, to));
    rows[here].classList.add("here");
    one("a", rows[here]).focus();
    rows[here].scrollIntoView({ block: "nearest" });
  }
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input:not([type=checkbox],[type=radio]),textarea,select")) return;
    if (event.key === "j" || event.key === "k") go(here + (event.key === "j" ? 1 : -1));
    else if (event.key === "x" && rows[here]) one("[type=checkbox]", rows[here])?.click();
    else if (event.key === "?") location.href = "/help";
    else {
      const target = /^[a-z/]$/.test(event.key) && one(`[data-key="${event.key}"]`);
      if (!target) {
        if (event.key === "/") location.href = "/search";
        else return;
      } else if (target.matches("details")) {
        target.open = true;
        one("textarea,select,input:not([type=hidden])", target)?.focus();
      } else if (target.matches("input")) target.focus();
      else target.click();
    }
    event.preventDefault();
  });
})();
