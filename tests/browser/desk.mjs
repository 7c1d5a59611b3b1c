// A day at the desk in a real browser, at a phone's width: what people do, and what must hold on each page that they see.
//
//   node desk.mjs '{"base": "http://127.0.0.1:8312", "width": 360, "looks": [{"width": 360}], "people": {...}, "shots": "folder"}'
//
// Ends with 0 and a line of JSON (what was made), or with 1 and what is wrong.  What holds of each page: look.mjs.
import { createHmac } from "node:crypto";
import { check, finish, given, made, person, problems, say, seen, weigh } from "./look.mjs";

const seenOf = new Set();

// RFC 6238, as a phone shows it
function code(secret, step = 0) {
  const bits = [...secret].map((sign) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(sign).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
  const digest = createHmac("sha1", key).update(counter).digest();
  const at = digest[19] & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}

// What is on paper of a case: what belongs in a cabinet, black on white, and nothing that is pressed.
async function print(page, name) {
  await page.emulateMedia({ media: "print" });
  const seen = await page.evaluate(() => ({
    pressed: [...document.querySelectorAll("header.bar, nav, button, form, input, textarea, summary, .skip, .acts, .crumb")].filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 80)),
    text: document.body.innerText, ink: getComputedStyle(document.body).color, paper: getComputedStyle(document.querySelector("section")).backgroundColor,
  }));
  if (seen.pressed.length) say(name, `on paper: ${seen.pressed.join("; ")}`);
  for (const part of [page.url().split("/").pop().slice(0, 14), await page.locator("h1").innerText(), await page.locator(".words .said").first().innerText(), "Riwayat", "Ditempatkan", "Pada siapa", "dicetak oleh"])
    if (!seen.text.includes(part)) say(name, `not on paper: ${part}`);
  if (seen.ink !== "rgb(0, 0, 0)" || seen.paper !== "rgb(255, 255, 255)") say(name, `${seen.ink} on ${seen.paper}`);
  const pdf = await page.pdf({ preferCSSPageSize: true, ...(given.shots ? { path: `${given.shots}/${name}.pdf` } : {}) });
  const pages = pdf.toString("latin1").match(/\/Type\s*\/Page[^s]/g)?.length;
  if (!(pages >= 1 && pages <= 2)) say(name, `${pages} sheets`);
  if (given.shots) {
    await page.setViewportSize({ width: 680, height: 960 });
    await page.screenshot({ path: `${given.shots}/${name}-paper.png`, fullPage: true });
    await page.setViewportSize({ width: given.width, height: 800 });
  }
  await page.emulateMedia({ media: "screen" });
  seenOf.add(name);
}


async function login(page, who) {
  await page.goto(`${given.base}/inbox`);
  await page.getByLabel(/Nama pengguna|User name/).fill(who.login);
  await page.getByLabel(/^(Kata sandi|Password)$/).fill(given.password);
  await page.getByLabel(/Kode enam angka|Six-digit code/).fill(code(who.secret));
  await page.getByRole("button", { name: /^(Masuk|Log in)$/ }).click();
  await page.waitForURL("**/inbox");
}

const told = (page, text) => page.getByRole("status").filter({ hasText: text }).waitFor();
const open = (page, name) => page.locator("summary", { hasText: name }).click();

async function officer() {
  const page = await person();
  await page.goto(`${given.base}/login`);
  await check(page, "login");
  await login(page, given.people.officer);
  await check(page, "inbox");
  await weigh(page, "inbox", "/inbox");

  // the next case, and it is not ours: one of the candidates should have it
  await page.getByRole("button", { name: "Ambil berikutnya" }).click();
  await page.waitForURL("**/cases/*");
  made.handed_back = page.url().split("/").pop();
  await check(page, "case");
  await print(page, "case-print");
  await weigh(page, "case", new URL(page.url()).pathname);
  await open(page, "Bukan wewenang kami");
  await page.locator("#to_back").fill("Lingkungan Hidup Kabupaten Arjuna");
  await page.locator("#to_back").press("Enter");
  await page.getByLabel(/Dinas Lingkungan Hidup Kabupaten Arjuna/).check();
  await page.locator("#r_back").selectOption("1");
  await page.locator("#t_back").fill("Ini urusan persampahan.");
  await page.getByRole("button", { name: "Kembalikan", exact: true }).click();
  await told(page, "Dikembalikan");
  await check(page, "case-handed-back");

  // a template first, then another case is answered from it, with a picture
  await page.goto(`${given.base}/templates`);
  if (!await page.locator("#new_name").isVisible()) await open(page, "Templat baru"); // it is open where there is none yet
  await page.locator("#new_name").fill("Sudah diperbaiki");
  await page.locator("#new_text").fill("Terima kasih. Jalan sudah kami perbaiki pada pekan ini.");
  await page.getByRole("button", { name: "Simpan" }).last().click();
  await told(page, "Sudah disimpan");
  await check(page, "templates");
  await page.goto(`${given.base}/inbox`);
  await page.keyboard.press("n"); // the keyboard's way to the same button
  await page.waitForURL("**/cases/*");
  made.answered = page.url().split("/").pop();
  await page.keyboard.press("a");
  await page.getByRole("link", { name: "Sudah diperbaiki" }).click();
  const text = await page.locator("#t_answer").inputValue();
  if (!text.includes("pekan ini")) say("case", `the template is not in the answer: ${text}`);
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  await page.locator("#f_answer").setInputFiles({ name: "foto<b>.png", mimeType: "image/png", buffer: png });
  await page.getByRole("button", { name: "Kirim jawaban" }).click();
  await told(page, "Jawaban dikirim");
  await check(page, "case-answered");
  const file = await page.getByRole("link", { name: "Lampiran 1" }).last().getAttribute("href");
  const answer = await page.request.get(given.base + file);
  if (answer.headers()["content-type"] !== "image/png" || !/^attachment/.test(answer.headers()["content-disposition"]))
    say("file", JSON.stringify(answer.headers()));

  for (const [name, path] of [["search", "/search?q=jalan"], ["search-filtered", "/search?q=jalan&state=open&agency=91.01/PUPR&since=2026-01-01"], ["account", "/account"], ["help", "/help"], ["absent", "/cases/A0000000000000"]]) {
    await page.goto(given.base + path).catch(() => {});
    problems.splice(0, problems.length, ...problems.filter((one) => !/status of 404/.test(one)));
    await check(page, name);
    await weigh(page, name, path);
  }
  // the filters by the keyboard, and a number that goes to its case
  await page.goto(`${given.base}/search`);
  await page.keyboard.press("f");
  await page.locator("#f_state").selectOption("open");
  await page.keyboard.press("Enter");
  await page.locator("#f_agency").fill("91.01/PUPR");
  await page.locator("#f_agency").press("Enter");
  await page.waitForURL("**/search?*state=open*");
  await page.locator("#q").fill(` ${made.answered.slice(0, 14).toLowerCase().replace(/(.{5})/g, "$1-")}`);
  await page.locator("#q").press("Enter");
  await page.waitForURL(`**/cases/${made.answered.slice(0, 14)}`);
  // several at once, each with its result
  await page.goto(`${given.base}/inbox?view=new`);
  for (const mark of await page.locator("input[name=mark]").all()) await mark.check();
  await open(page, "Kerjakan yang ditandai");
  await page.locator("#bulk_text").fill("Kami jadwalkan.");
  await page.getByRole("button", { name: "Perkembangan" }).click();
  await page.getByRole("heading", { name: "Hasil: Perkembangan" }).waitFor();
  await check(page, "bulk");
  // some of them belong next door: all at once
  await page.goto(`${given.base}/inbox`);
  await page.getByRole("button", { name: "Ambil berikutnya" }).click();
  await page.waitForURL("**/cases/*");
  await page.goto(`${given.base}/inbox?view=mine`);
  for (const mark of await page.locator("input[name=mark]").all()) await mark.check();
  await open(page, "Kerjakan yang ditandai");
  await page.locator("#bulk_text").fill("Urusan persampahan.");
  await page.locator("#bulk_to").fill("91.01/LH");
  await page.locator("#bulk_to").press("Enter"); // what is marked and typed does not go out as whatever button comes first
  await page.getByRole("alert").filter({ hasText: "Pilih tindakannya" }).waitFor();
  problems.splice(0, problems.length, ...problems.filter((one) => !/status of 422/.test(one)));
  await page.goBack();
  for (const mark of await page.locator("input[name=mark]").all()) await mark.check();
  if (!await page.locator("#bulk_text").isVisible()) await open(page, "Kerjakan yang ditandai");
  await page.locator("#bulk_text").fill("Urusan persampahan.");
  await page.locator("#bulk_to").fill("91.01/LH");
  await page.locator("#bulk_back").selectOption("1");
  await page.getByRole("button", { name: "Kembalikan", exact: true }).click();
  await page.getByRole("heading", { name: "Hasil: Bukan wewenang kami" }).waitFor();
  await check(page, "bulk-handed-back");
  // own name and language, as they are
  await page.goto(`${given.base}/account`);
  await page.locator("form[action='/orders/change_person']").getByRole("button", { name: "Simpan", exact: true }).click();
  await told(page, "Nama dan bahasa disimpan");
  // the other language, by choice
  await page.goto(`${given.base}/inbox`);
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Inbox" }).waitFor();
  await check(page, "inbox-english");
  // a new telephone: the code that comes next, for each counts once
  await page.goto(`${given.base}/account`);
  await page.locator("#f_password").fill(given.password);
  await page.locator("#f_code").fill(code(given.people.officer.secret, 1));
  await page.getByRole("button", { name: /Buat yang baru|Make a new one/ }).click();
  await page.locator("svg.qr path").waitFor();
  await check(page, "factor");
  await page.context().close();
}

async function coordinator() {
  const page = await person();
  await login(page, given.people.coordinator);
  await page.goto(`${given.base}/tree/91.01`);
  await check(page, "tree");
  await weigh(page, "tree", "/tree/91.01");
  // a unit below, and its officer
  const unit = "91.01/BARU";
  await open(page, "Daftarkan unit di bawahnya");
  await page.locator("#r_name").fill("Dinas Baru");
  await page.locator("#r_code").fill(unit);
  await page.getByRole("button", { name: "Daftarkan", exact: true }).click();
  await told(page, "Sudah disimpan");
  await page.getByRole("link", { name: "Dinas Baru" }).click();
  await check(page, "tree-new");
  await open(page, "Undang orang baru");
  await page.locator("#i_name").fill("Ratna Dewi");
  await page.locator("#i_login").fill("ratna");
  await page.getByRole("button", { name: "Undang", exact: true }).click();
  const token = await page.locator("#told").textContent();
  await check(page, "told");
  // one more function for a place, found by its name
  await page.goto(`${given.base}/tree/91.01/LH`);
  await open(page, "Tambah tugas untuk suatu tempat");
  await page.locator("#h_place").fill("lembah");
  await page.locator("#h_place").press("Enter");
  await page.getByLabel(/Lembah 91\.01\.01/).check();
  await page.locator("#h_function").selectOption("KES");
  await page.getByRole("button", { name: "Tambahkan", exact: true }).click();
  await told(page, "Sudah disimpan");
  await page.goto(`${given.base}/tree/91.01/LH?place=lembah`);
  await check(page, "tree-holds");
  await page.getByRole("button", { name: "Lepas", exact: true }).click();
  await told(page, "Sudah disimpan");
  // who stands in for an officer that is away, and until when
  await page.goto(`${given.base}/tree/91.01/PUPR`);
  const officer = given.people.officer.login;
  await open(page, `Kelola ${officer[0].toUpperCase()}${officer.slice(1)}`);
  await page.locator(`[id="y_${officer}"]`).fill(given.people.deputy);
  await page.locator(`[id="u_${officer}"]`).fill(given.day);
  await page.locator("form.deputy", { has: page.locator(`[id="y_${officer}"]`) }).getByRole("button").click();
  await told(page, "Pengganti disimpan");
  await check(page, "tree-deputy");
  // a key, from its registration to its end
  await page.getByRole("link", { name: "kunci mesin di sini" }).click();
  await check(page, "keys-before");
  if (!await page.locator("#w_name").isVisible()) await open(page, "Daftarkan kunci pekerja");
  await page.locator("#w_name").fill("pupr-mesin");
  await page.locator("#w_key").fill("k".repeat(40));
  await page.getByRole("button", { name: "Daftarkan kunci" }).first().click();
  await told(page, "Kunci didaftarkan");
  await check(page, "keys");
  await weigh(page, "keys", "/keys?agency=91.01/PUPR");
  // and one that is wrong: what was typed stands there
  if (!await page.locator("#w_name").isVisible()) await open(page, "Daftarkan kunci pekerja");
  await page.locator("#w_name").fill("pupr-mesin");
  await page.locator("#w_key").fill("m".repeat(40));
  await page.getByRole("button", { name: "Daftarkan kunci" }).first().click();
  await page.getByRole("alert").waitFor();
  problems.splice(0, problems.length, ...problems.filter((one) => !/status of 422/.test(one)));
  await check(page, "fault");
  await page.getByRole("link", { name: "Kembali", exact: true }).click();
  await page.getByRole("link", { name: "pupr-mesin" }).click();
  await check(page, "key");
  await page.getByRole("link", { name: "Cabut…" }).click();
  await check(page, "key-revoke");
  await page.getByRole("button", { name: "Ya, cabut sekarang" }).click();
  await told(page, "Kunci dicabut");
  await check(page, "key-revoked");
  await page.goto(`${given.base}/keys`);
  await check(page, "keys-all");
  // somebody from outside may read a case, for some days
  await page.goto(`${given.base}/cases/${given.below}`);
  await open(page, "Beri izin membaca");
  await page.locator("#to_permit").fill("Pekerjaan Umum Kota Arjuna");
  await page.locator("#to_permit").press("Enter");
  await page.getByLabel(/Dinas Pekerjaan Umum Kota Arjuna/).check();
  await page.locator("#p_level").selectOption("content");
  await page.locator("#p_reason").fill("Saluran yang sama, di kedua wilayah.");
  await page.getByRole("button", { name: "Beri izin", exact: true }).click();
  await told(page, "Izin diberikan");
  await open(page, "Beri izin membaca");
  await page.locator("#p_person").fill(given.people.overseer);
  await page.locator("#p_days").fill("3");
  await page.locator("#p_reason").fill("Permintaan Ombudsman.");
  await page.getByRole("button", { name: "Beri izin", exact: true }).click();
  await told(page, "Izin diberikan");
  await page.getByRole("button", { name: "Cabut izin" }).first().click();
  await told(page, "Izin dicabut");
  await check(page, "case-permits");
  await page.goto(`${given.base}/watch`);
  await check(page, "watch");
  await weigh(page, "watch", "/watch");
  const [table] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Unduh tabel (CSV)" }).click()]);
  if (!/^aduan-pantau-.*\.csv$/.test(table.suggestedFilename())) say("watch", table.suggestedFilename());
  await page.goto(`${given.base}/tree/91.01/PUPR`);
  await page.getByRole("link", { name: "perubahan di sini" }).click();
  await check(page, "changes");
  await weigh(page, "changes", "/changes");
  await page.goto(`${given.base}/late`);
  await check(page, "late");
  await weigh(page, "late", "/late");
  return [page, token, unit];
}

// The new officer comes in, is given a case from above, and answers it.
async function newcomer(above, token, unit) {
  const page = await person();
  await page.goto(`${given.base}/invitation#${token}`);
  await check(page, "invitation");
  await page.goto(`${given.base}/help`);
  await page.goto(`${given.base}/invitation#${token}`);
  await page.locator("#new_password").fill(given.password);
  await page.getByRole("button", { name: "Lanjut" }).click();
  const secret = await page.locator("code").textContent();
  if (!(await page.locator("svg.qr path").isVisible())) say("invited", "there is no QR code");
  seen.set("invited", 0);
  if (given.shots) await page.screenshot({ path: `${given.shots}/invited-${given.width}.png`, fullPage: true });
  await login(page, { login: "ratna", secret });
  await page.getByText("Tidak ada yang menunggu di sini.").waitFor();
  await check(page, "inbox-empty");

  await above.goto(`${given.base}/cases/${given.below}`);
  await check(above, "case-from-above");
  await open(above, "Teruskan atau minta dukungan");
  await above.locator("#to_down").fill(unit);
  await above.locator("#to_down").press("Enter");
  await above.locator("[data-found=assign] input").first().check();
  await above.locator("#t_down").fill("Mohon ditangani.");
  await above.getByRole("button", { name: "Teruskan ke bawah" }).click();
  await told(above, "Diteruskan");
  await above.context().close();

  await page.goto(`${given.base}/inbox`);
  await page.getByRole("button", { name: "Ambil berikutnya" }).click();
  await page.waitForURL(`**/cases/${given.below}`);
  await open(page, "Jawab");
  await page.locator("#t_answer").fill("Kami tangani hari ini.");
  await page.getByRole("button", { name: "Kirim jawaban" }).click();
  await told(page, "Jawaban dikirim");
  made.by_newcomer = given.below;
  await page.context().close();
}

let went;
try {
  await officer();
  await newcomer(...await coordinator());
} catch (fault) {
  went = fault;
}
made.pages = [...seen.keys(), ...seenOf];
await finish(went);
