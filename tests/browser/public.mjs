// A citizen at the public door in a real browser: reports a broken street lamp, follows it, has his say, reads what others report.
//
//   node public.mjs '{"base": "http://127.0.0.1:8311", "width": 360, "looks": [{"width": 360}], "script": true, "photo": "file", "shots": "folder",
//                     "answered": {"number": "A...", "code": "..."}}'
//
// Ends with 0 and a line of JSON (number, code, how long the report took), or with 1 and what is wrong.  What holds of each page: look.mjs.
import { check, expected, finish, given, made, person, say, seen, weigh } from "./look.mjs";

const text = `Lampu jalan di depan SD padam sudah seminggu, gelap sekali pada malam hari (${given.script ? "dengan" : "tanpa"} skrip).`;

async function report(page) {
  await page.goto(given.base);
  await check(page, "home");
  const began = Date.now();
  await page.getByRole("link", { name: "Tulis laporan" }).click();
  await page.fill("#text", text);
  await page.fill("#place_q", "lembah");
  if (given.script) {
    await page.locator(".found label").first().click();
    await page.setInputFiles("#photos", given.photo);
    await page.locator(".previews img").first().waitFor();
  } else await page.setInputFiles("#photos", given.photo);
  await page.check("input[name=open][value='1']");
  await check(page, "form");
  if (!given.script) {
    expected.push("422"); // the form comes back, to choose among places
    await page.getByRole("button", { name: "Kirim laporan" }).click();
    await page.getByText("Ada beberapa yang cocok").first().waitFor();
    await check(page, "form-choose");
    if (!(await page.getByText("1 berkas sudah tersimpan").count())) say("form-choose", "the photo is asked for again");
    await page.locator("input[name=place]").first().check();
  } else if (await page.locator("#text").inputValue() !== text) {
    // a reload has brought the form back as it was kept on this device
    say("form", "the draft did not come back");
  } else await page.setInputFiles("#photos", given.photo); // which is kept nowhere
  await page.getByRole("button", { name: "Kirim laporan" }).click();
  await page.locator("[data-sent]").waitFor();
  made.seconds = (Date.now() - began) / 1000;
  made.number = await page.locator("#r_number").innerText();
  made.code = (await page.locator("#r_code").innerText()).replaceAll(" ", "");
  await check(page, "receipt");
  // a telephone lets go of pages and fetches them again by their address
  await page.reload();
  if (await page.locator("#r_number").innerText() !== made.number || !page.url().endsWith("/receipt")) say("receipt", "a reload loses it");
  if (!(await page.title()).startsWith("Tanda terima")) say("receipt", `its title is ${await page.title()}`);
}

// more files than are taken are told before they are sent
async function tooMany(page) {
  await page.goto(`${given.base}/report`);
  await page.setInputFiles("#photos", Array.from({ length: 6 }, (_, n) => ({ name: `${n}.txt`, mimeType: "text/plain", buffer: Buffer.from("catatan") })));
  await page.getByText("Paling banyak 5 berkas.").waitFor();
  if (await page.locator("#photos").getAttribute("aria-describedby") !== "h_photos e_files") say("form", "the fault of the files is not said with their field");
}

async function wrong(page) {
  expected.push("422");
  await page.goto(`${given.base}/report`);
  if (await page.locator("#text").inputValue()) say("form", "what was sent is still kept on this device");
  await page.fill("#contact", "bukan alamat");
  await page.getByRole("button", { name: "Kirim laporan" }).click();
  await page.locator("[role=alert]").first().waitFor();
  await page.locator("[role=alert] a").first().click();
  if (!/#\w+$/.test(page.url())) say("form-wrong", "a fault leads to no field");
  // a bullet stands at the first of two lines: what is behind it begins there
  const first = await page.locator("[role=alert] li").evaluateAll((rows) => rows.every((row) => getComputedStyle(row.firstElementChild).display !== "inline-block"));
  if (!first) say("form-wrong", "the bullet of a fault of two lines stands at the last one");
  await check(page, "form-wrong");
  if (given.script) await mended(page);
}

// a fault goes as its field becomes right, and only then
async function mended(page) {
  const faults = () => page.locator("[role=alert] li").count();
  await page.goto(`${given.base}/report`);
  await page.fill("#contact", "bukan alamat");
  await page.getByRole("button", { name: "Kirim laporan" }).click();
  await page.locator("[role=alert] li").first().waitFor();
  const all = await faults();
  await page.fill("#contact", "masih bukan");
  if (await faults() !== all) say("form-wrong", "what is still wrong is taken for mended");
  await page.fill("#contact", "warga@example.org");
  if (await page.locator("#contact_kind").inputValue() !== "email") say("form", "news for a mail address are chosen to go another way");
  await page.fill("#text", "Lampu padam.");
  await page.fill("#location", "Jalan Kenari");
  await page.check("input[name=open][value='1']");
  if (await page.locator("[role=alert]:visible, .field.bad, .error:visible, [aria-invalid]").count()) say("form-wrong", "what is mended is still called wrong");
  await page.fill("#contact", "0812 3456 7890");
  if (await page.locator("#contact_kind").inputValue() === "email") say("form", "news for a telephone number are chosen to go by mail");
}

async function follow(page) {
  await page.goto(`${given.base}/track`);
  await page.getByRole("button", { name: "Selesai" }).click().catch(() => null);
  await page.context().clearCookies();
  await page.goto(`${given.base}/t/${made.number}`);
  await check(page, "track");
  const wrong = (made.code[0] === "0" ? "1" : "0") + made.code.slice(1);
  expected.push("422");
  await page.fill("#code", wrong);
  await page.getByRole("button", { name: "Lacak" }).click();
  await page.locator("#e_code").waitFor();
  await check(page, "track-wrong");
  if (await page.locator("#code").inputValue() !== wrong) say("track-wrong", "the code is to be typed again");
  await page.fill("#code", `Kode akses: ${made.code.replace(/(....)/g, "$1\u00a0")}`);
  await page.getByRole("button", { name: "Lacak" }).click();
  await page.locator("#h_history, [role=status]").first().waitFor();
  for (let i = 0; i < 50 && !(await page.locator("#h_history").count()); i++) await page.reload();
  await page.fill("#t_reply", "Hari ini masih padam juga.");
  await check(page, "case");
  await page.fill("#t_reply", "Hari ini masih padam juga.");
  await page.getByRole("button", { name: "Kirim tanggapan" }).click();
  await page.getByText("Tanggapan Anda kami terima").waitFor();
  for (let i = 0; i < 50 && !(await page.getByText("Hari ini masih padam juga.").count()); i++) await page.reload();
  await check(page, "case-replied");
}

// one reads what was answered before one is asked to rate it, on the first screen
async function answered(page) {
  await page.goto(`${given.base}/track`);
  await page.fill("#number", given.answered.number);
  await page.fill("#code", given.answered.code);
  await page.locator("main form[action='/track'] button").click();
  await page.locator("#h_answer").waitFor();
  const at = async (what) => (await page.getByText(what).first().boundingBox()).y;
  const [answer, rate, due] = [await at("Pagar sudah kami dirikan"), await at("Kirim nilai"), await at("Tenggat")];
  if (!(answer < 700 && answer < rate && rate < due)) say("case-answered", `the answer is at ${answer}, the rating at ${rate}, the deadlines at ${due}`);
  await check(page, "case-answered");
  await page.locator("input[name=rating][value='4']").check();
  await page.getByRole("button", { name: "Kirim nilai" }).click();
  await page.getByText("nilai Anda kami terima").waitFor();
  for (let i = 0; i < 50 && !(await page.getByText("Nilai Anda sekarang: 4 dari 5").count()); i++) await page.reload();
  if (await page.getByText("4 dari 5").count() !== 2) say("case-answered", "the mark that was given is not shown");
}

async function others(page) {
  await page.goto(`${given.base}/reports`);
  await page.fill("#q", "lampu");
  await page.getByRole("button", { name: "Cari" }).click();
  await check(page, "reports");
  await page.locator(".list .title").first().click();
  await check(page, "published");
  await page.getByRole("button", { name: "Saya juga mengalami masalah ini" }).click();
  await page.getByText("Dukungan Anda dicatat").waitFor();
  await page.goto(`${given.base}/privacy?lang=en`);
  await check(page, "privacy");
  expected.push("404");
  await page.goto(`${given.base}/reports/A0000000000000`);
  await check(page, "absent");
}

let went;
try {
  const page = await person("id-ID", given.script);
  await report(page);
  await wrong(page);
  if (given.script) await tooMany(page);
  await follow(page);
  await answered(page);
  await others(page);
  if (given.script) {
    await weigh(page, "home", "/");
    await weigh(page, "form", "/report");
  }
} catch (fault) {
  went = fault;
}
made.pages = [...seen.keys()];
await finish(went);
