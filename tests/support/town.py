"""A file of complaints for long rows: real ones as they are, or invented ones of the same shape; and
the registry in which their districts are regions and their categories belong to functions.

A line has id, date, district, lat, lon, category, title and text.  What the importer needs besides,
a region's code and here and there a contact, is added to the copy that it reads.
"""
import json
import os
import random

DISTRICTS = ["Utara", "Selatan", "Timur", "Barat", "Hulu", "Hilir", "Pantai", "Bukit", "Lembah", "Pasar", "Taman", "Kampus",
             "Pelabuhan", "Rawa", "Kebun", "Sawah", "Hutan", "Danau", "Gunung", "Tengah", "Baru", "Lama", "Seberang", "Ujung"]
CATEGORIES = ["Jalan rusak", "Lampu jalan", "Sampah", "Air bersih", "Trotoar", "Parkir", "Pohon", "Drainase", "Angkutan", "Taman kota",
              "Kebisingan", "Banjir", "Kendaraan telantar", "Lain-lain"]
WORDS = ("jalan di depan rumah kami sudah lama rusak dan berlubang mohon segera diperbaiki karena licin saat hujan lampu padam sejak "
         "minggu lalu warga kesulitan lewat malam hari sampah menumpuk bau air keruh tidak mengalir pohon tumbang menutup selokan "
         "kendaraan parkir sembarangan anak sekolah harus memutar petugas belum datang sudah dilaporkan ke kelurahan").split()
FUNCTIONS = ("PUPR", "LH", "HUB", "KES", "DAGANG")
CONTACT_EVERY = 10
FOREIGN_EVERY = 8


def invent(count, seed):
    """Lines as a town's people might write them."""
    dice = random.Random(f"town {seed}")
    for number in range(1, count + 1):
        words = dice.choices(WORDS, k=dice.randint(12, 120))
        yield {"id": f"KOTA-{number:05}", "date": f"{dice.randint(2023, 2025)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
               "district": dice.choice(DISTRICTS), "lat": round(-7 - dice.random(), 5), "lon": round(110 + dice.random(), 5),
               "category": dice.choice(CATEGORIES), "title": " ".join(words[:4]).capitalize(), "text": " ".join(words).capitalize() + "."}


def read(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


class Town:
    """The lines, their places and categories; files of it in `folder`."""

    def __init__(self, lines, folder):
        self.lines = list(lines)
        self.folder = folder
        districts = sorted({line["district"] for line in self.lines})
        # every eighth district lies abroad: no registry knows it, its complaints go to the national desk
        self.places = {name: f"{97 if at % FOREIGN_EVERY == FOREIGN_EVERY - 1 else 95}.{at + 1:02}" for at, name in enumerate(districts)}
        self.categories = sorted({line["category"] for line in self.lines})
        self.file = os.path.join(folder, "complaints.jsonl")
        self.category_map = os.path.join(folder, "categories.map")
        self.registry = os.path.join(folder, "registry")

    def write(self):
        with open(self.file, "w", encoding="utf-8") as file:
            for at, line in enumerate(self.lines):
                line["place"] = self.places[line["district"]]
                if at % CONTACT_EVERY == 0:
                    line["contact"] = f"pelapor{at}@example.org"
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        with open(self.category_map, "w", encoding="utf-8") as file:
            file.writelines(f"{name}\t{at + 1}\n" for at, name in enumerate(self.categories))
        self._write_registry()
        return self

    def _table(self, name, header, rows):
        with open(os.path.join(self.registry, f"{name}.tsv"), "w", encoding="utf-8") as file:
            file.writelines("\t".join(row) + "\n" for row in [header.split(), *rows])

    def _write_registry(self):
        os.makedirs(self.registry, exist_ok=True)
        known = sorted(code for code in self.places.values() if code.startswith("95"))
        self._table("functions", "code name unit_name levels",
                    [(code, f"Urusan {code}", f"Dinas {code}", "regency") for code in FUNCTIONS]
                    + [("PENGAWASAN", "Pengawasan", "Inspektorat", "regency,province,nation")])
        self._table("regions", "code level name zone", [("95", "1", "Provinsi Uji", "WIB")]
                    + [(code, "2", f"Kota {code[3:]}", "WIB") for code in known])
        agencies = [("ID", "-", "root", "-", "-", "desk", "Meja Nasional", "WIB"),
                    ("ID/PENGAWASAN", "ID", "unit", "PENGAWASAN", "-", "inspectorate", "Pengawas Nasional", "WIB"),
                    ("95", "ID", "agency", "-", "95", "desk", "Pemerintah Provinsi Uji", "WIB")]
        for code in known:
            agencies.append((code, "ID", "agency", "-", code, "desk", f"Pemerintah Kota {code[3:]}", "WIB"))
            agencies += [(f"{code}/{function}", code, "unit", function, code, "-", f"Dinas {function} Kota {code[3:]}", "WIB")
                         for function in FUNCTIONS]
        self._table("agencies", "code parent_code kind function_code region_code flags name zone", agencies)
        # the last category is nobody's: its complaints go to the coordinator of the place
        self._table("categories", "number parent_number function_code agency_code class level sure name",
                    [(str(at + 1), "-", FUNCTIONS[at % len(FUNCTIONS)] if at + 1 < len(self.categories) else "-", "-", "-", "-", "-", f"Kategori {at + 1}")
                     for at in range(len(self.categories))])
        self._table("oversight", "phrase", [("pungli",)])

    def agencies(self):
        """The codes in the registry, parents first."""
        with open(os.path.join(self.registry, "agencies.tsv"), encoding="utf-8") as file:
            return [line.split("\t")[0] for line in file][1:]

    def import_options(self):
        return ["--map", "title=title,text=text,category=category,place=place,location=district,contact=contact,external=id,"
                "latitude=lat,longitude=lon", "--set", "anonymous=no,secret=no", "--category-map", self.category_map]
