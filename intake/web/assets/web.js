// What the public pages do more with a script: places found while one types, photos made smaller before they are sent, what was
// written kept on this device until it is sent, a lost connection tried again.  Everything works without it.
"use strict";
(() => {
  const one = (what, within = document) => within.querySelector(what);
  const all = (what, within = document) => [...within.querySelectorAll(what)];

  const focus = one("[data-focus]");
  if (focus) focus.focus();
  all("[data-print], [data-copy]").forEach((button) => { button.hidden = false; });
  if (!document.documentElement.dataset.again) document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-print], [data-copy]");
    if (!button) return;
    if (button.dataset.copy) {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.done;
    } else print();
  });

  // ---- a fault goes as its field becomes right; the server judges anew
  const signs = (text) => text.replace(/[^0-9A-Za-z]/g, "").length;
  const rights = {
    text: (field) => field.value.trim() && [...field.value].length <= 3000,
    place_q: (field) => field.value.trim() && field.value !== field.defaultValue,
    point: (field) => /^\s*(-?\d+(\.\d+)?[ ,;]+-?\d+(\.\d+)?)?\s*$/.test(field.value),
    incident: (field) => field.value && field.validity.valid,
    contact: (field) => /^(|[^\s@]+@[^\s@]+\.[^\s@]+|[+\d][\d -]{4,})$/.test(field.value.trim()),
    contact_kind: () => rights.contact(one("#contact")),
    number: (field) => signs(field.value) >= 14,
    code: (field) => signs(field.value) >= 26 && field.value !== field.defaultValue,
  };
  const right = (field) => (rights[field.name] || ((each) => (/radio|checkbox/.test(each.type) ? each.checked : each.value)))(field);
  function mended(event) {
    const field = event.target;
    if (!field.name || !right(field)) return;
    clear(field.closest(".field.bad"));
    // any way of saying where it was is enough; which of several places it was is not said by another field
    if (/^(location|point)$/.test(field.name) && field.value.trim() && !one("[data-found=place] input")) clear(document.getElementById("place_q")?.closest(".field.bad"));
  }
  function clear(box) {
    if (!box) return;
    const ids = [box, ...all("[id]", box)].map((each) => each.id);
    box.classList.remove("bad");
    all(".error:not([data-files])", box).forEach((each) => { each.remove(); });
    all("[aria-invalid]", box).forEach((each) => {
      each.removeAttribute("aria-invalid");
      const told = (each.getAttribute("aria-describedby") || "").split(" ").filter((id) => document.getElementById(id));
      if (told.length) each.setAttribute("aria-describedby", told.join(" "));
      else each.removeAttribute("aria-describedby");
    });
    const list = one(".note.bad ul");
    if (!list) return;
    all("a", list).filter((each) => ids.includes(each.hash.slice(1))).forEach((each) => { each.parentElement.remove(); });
    if (!list.children.length) list.parentElement.remove();
  }
  if (!document.documentElement.dataset.again) ["input", "change"].forEach((kind) => { document.addEventListener(kind, mended); });

  const form = one("#report");
  if (one("[data-sent]")) forget();
  function forget() { try { localStorage.removeItem("aduan-report"); } catch { /* a browser without room for it */ } }
  if (!form) return;

  // ---- names, looked for while one types
  for (const field of all("[data-find]", form)) {
    const into = field.dataset.into, list = one(`[data-found=${into}]`, form);
    let waits, last = field.value;
    const choose = (code, name) => {
      list.replaceChildren();
      if (!code) return;
      list.append(radio(into, code, name, true));
      field.value = last = name;
    };
    field.addEventListener("input", () => {
      clearTimeout(waits);
      waits = setTimeout(async () => {
        const words = field.value.trim();
        if (words === last) return;
        last = words;
        list.replaceChildren();
        if (words.length < 3) return;
        const answer = await fetch(`${field.dataset.find}?q=${encodeURIComponent(words)}`).catch(() => null);
        if (!answer || !answer.ok || words !== field.value.trim()) return;
        const found = await answer.json();
        list.replaceChildren(...found.map((row) => radio(into, row.code, row.full || row.name, false)));
        if (!found.length) list.textContent = list.dataset.none;
      }, 250);
    });
    list.addEventListener("change", (event) => {
      if (event.target.name === into && event.target.checked) {
        const name = event.target.nextElementSibling.textContent;
        choose(event.target.value, name);
        one("input", list).focus();
        save();
      }
    });
  }
  function radio(name, value, text, checked) {
    const label = document.createElement("label"), input = document.createElement("input"), span = document.createElement("span");
    label.className = "radio";
    Object.assign(input, { type: "radio", name, value, checked });
    span.textContent = text;
    label.append(input, " ", span);
    return label;
  }

  // ---- where one is
  const here = one("[data-here]", form);
  if (here && navigator.geolocation) {
    here.hidden = false;
    here.addEventListener("click", () => {
      here.disabled = true;
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        one("#point").value = `${coords.latitude.toFixed(5)}, ${coords.longitude.toFixed(5)}`;
        here.disabled = false;
        save();
      }, () => { here.disabled = false; here.textContent = here.dataset.fail; }, { timeout: 15000 });
    });
  }

  // ---- by which way news go: as what is typed can be reached
  const contact = one("#contact", form), way = one("#contact_kind", form);
  if (contact && way) contact.addEventListener("input", () => {
    const phone = way.value === "email" && /^[+\d][\d -]{4,}$/.test(contact.value.trim());
    const fitting = contact.value.includes("@") ? ["email"] : phone ? ["whatsapp", "sms"] : [];
    const found = fitting.find((kind) => [...way.options].some((each) => each.value === kind));
    if (found) way.value = found;
  });

  // ---- how much room is left
  for (const field of all("[data-count]", form)) {
    const count = document.createElement("p");
    count.className = "hint count";
    field.after(count);
    const show = () => { count.textContent = `${[...field.value].length} / ${field.dataset.count}`; };
    field.addEventListener("input", show);
    show();
  }

  // ---- photos: smaller, and without what the camera wrote into them, before they leave the telephone
  const photos = one("#photos", form), previews = one("[data-previews]", form);
  async function smaller(file) {
    if (!/^image\/(?!gif|svg)/.test(file.type) || file.size < 300000) return file;
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
    if (!picture) return file;
    const by = Math.min(1, 2000 / Math.max(picture.width, picture.height)), canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * by);
    canvas.height = Math.round(picture.height * by);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.85); });
    return blob && blob.size < file.size ? new File([blob], "foto.jpg", { type: "image/jpeg" }) : file;
  }
  // more than is taken is said here, before a telephone sends it for minutes
  const wrong = one("[data-files]", form);
  function fits() {
    const files = [...photos.files], stored = all("input[name=stored]", form).length;
    const fault = files.length + stored > Number(photos.dataset.most) ? photos.dataset.many
      : files.some((file) => file.size > Number(file.type.startsWith("video/") ? photos.dataset.video : photos.dataset.bytes)) ? photos.dataset.large
      : files.reduce((sum, file) => sum + file.size, 0) > Number(photos.dataset.together) ? photos.dataset.heavy : "";
    wrong.textContent = fault;
    wrong.hidden = !fault;
    photos.toggleAttribute("aria-invalid", Boolean(fault));
    if (fault) {
      photos.setAttribute("aria-invalid", "true");
      photos.setAttribute("aria-describedby", "h_photos e_files");
      photos.focus();
    }
    return !fault;
  }
  photos.addEventListener("change", async () => {
    const files = await Promise.all([...photos.files].map(smaller)), list = new DataTransfer();
    files.forEach((file) => list.items.add(file));
    photos.files = list.files;
    previews.replaceChildren(...files.filter((file) => file.type.startsWith("image/")).map((file) => {
      const picture = new Image();
      picture.src = URL.createObjectURL(file);
      picture.alt = "";
      picture.onload = () => URL.revokeObjectURL(picture.src);
      return picture;
    }));
    fits();
  });

  // ---- what was written is kept on this device until it is sent; never files, never where news go
  const kept = ["token", "created", "text", "class", "place_q", "place", "location", "point", "incident", "open"];
  const state = one("[data-state]", form);
  function save() {
    if (!form.isConnected) return; // it was sent while this was on its way
    const said = Object.fromEntries([...new FormData(form)].filter(([name]) => kept.includes(name)));
    try { localStorage.setItem("aduan-report", JSON.stringify({ at: Date.now(), said })); } catch { /* no room: no draft */ }
  }
  let drafts;
  form.addEventListener("input", () => { clearTimeout(drafts); drafts = setTimeout(save, 400); });
  form.addEventListener("change", save);
  let draft = null;
  try { draft = JSON.parse(localStorage.getItem("aduan-report")); } catch { /* none that can be read */ }
  if (draft && Date.now() - draft.at < 86400000 && !one("[aria-invalid], [data-away]") && draft.said.text && !one("#text").value) {
    for (const [name, value] of Object.entries(draft.said)) {
      const field = form.elements[name];
      if (name === "place") {
        one("[data-found=place]", form).replaceChildren(radio("place", value, draft.said.place_q, true));
      } else if (field instanceof RadioNodeList) field.value = value;
      else if (field) field.value = value;
    }
    const drop = document.createElement("button");
    Object.assign(drop, { type: "button", className: "plain", textContent: form.dataset.drop });
    drop.addEventListener("click", () => { forget(); location.assign("/report"); });
    one("#text").dispatchEvent(new Event("input"));
    say(form.dataset.draft, "good", drop);
    form.prepend(state);
  }
  function say(text, kind, ...more) {
    state.hidden = false;
    state.className = `note ${kind}`;
    state.replaceChildren(text, " ", ...more);
  }

  // ---- sent in the background: a connection that breaks is tried again with the same token, so that it stays one report
  const button = one("button.primary", form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    save();
    if (!fits()) return;
    button.disabled = true;
    const body = new FormData(form);
    for (let attempt = 0; attempt < 4; attempt++) {
      const answer = await fetch("/report", { method: "POST", body, headers: { Accept: "text/html" } }).catch(() => null);
      if (answer && answer.status !== 503) {
        show(await answer.text());
        return;
      }
      form.append(state);
      button.before(state);
      say(form.dataset.retry, "warn");
      const wait = Math.min(Number(answer && answer.headers.get("Retry-After")) || 3, 15);
      await new Promise((done) => { setTimeout(done, (wait + Math.random()) * 1000 * (attempt + 1) / 2); });
    }
    button.disabled = false;
    say(form.dataset.failed, "bad");
  });
  function show(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    document.title = page.title;
    one("main").replaceWith(document.adoptNode(one("main", page)));
    if (one("[data-sent]")) {
      forget();
      // the receipt has an address of its own: a telephone that lets go of this page comes back to it
      history.replaceState(null, "", "/receipt");
      all("[data-print], [data-copy]").forEach((each) => { each.hidden = false; });
      scrollTo(0, 0);
      const title = one("[data-focus]");
      if (title) title.focus();
      return;
    }
    // what is not right: the form again, with all of this around it
    document.documentElement.dataset.again = "yes";
    const script = document.createElement("script");
    script.src = one("script[src]").src;
    document.head.append(script);
  }
})();
