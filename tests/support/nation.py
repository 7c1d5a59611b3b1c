"""A small nation for tests of the store alone: two provinces, three governments with units, inspectorates at each level."""
import os

HERE = os.path.dirname(os.path.abspath(__file__))
AGENCIES = """\
code	parent_code	kind	function_code	region_code	flags	name	zone
ID	-	root	-	-	desk	Meja Nasional	WIB
ID/PENGAWASAN	ID	unit	PENGAWASAN	-	inspectorate	Pengawas Nasional	WIB
KEMCONTOH	ID	agency	-	-	central	Kementerian Contoh	WIB
33	ID	agency	-	33	desk	Provinsi Satu	WIB
33/TAMBANG	33	unit	TAMBANG	33	-	Dinas Tambang	WIB
33/PENGAWASAN	33	unit	PENGAWASAN	33	inspectorate	Inspektorat Provinsi	WIB
33.01	33	agency	-	33.01	desk	Kabupaten Timur	WIT
33.01/PUPR	33.01	unit	PUPR	33.01	-	Dinas PU	-
33.01/PUPR/JALAN	33.01/PUPR	subunit	-	33.01	-	Bidang Jalan	-
33.01/KES	33.01	unit	KES	33.01	-	Dinas Kesehatan	WIT
33.01/LH	33.01	unit	LH	33.01	-	Dinas LH	WIT
33.01/PENGAWASAN	33.01	unit	PENGAWASAN	33.01	inspectorate	Inspektorat Kabupaten	WIT
33.02	33	agency	-	33.02	desk	Kabupaten Barat	WIB
33.02/PUPR	33.02	unit	PUPR	33.02	-	Dinas PU	WIB
33.02/KES	33.02	unit	KES	33.02	-	Dinas Kesehatan	WIB
34	ID	agency	-	34	desk	Provinsi Dua	WIB
34/PENGAWASAN	34	unit	PENGAWASAN	34	inspectorate	Inspektorat Provinsi Dua	WIB
34.01	ID	agency	-	34.01	desk	Kota Dua	WIB
34.01/PENGAWASAN	34.01	unit	PENGAWASAN	34.01	inspectorate	Inspektorat Kota Dua	WIB
34.01/PUPR	34.01	unit	PUPR	34.01	-	Dinas PU	WIB
"""
REGIONS = """\
code	level	name	zone
33	1	Satu	WIB
34	1	Dua	WIB
33.01	2	Timur	WIT
33.02	2	Barat	WIB
34.01	2	Kota Dua	WIB
"""


def write(path):
    """Its registry's files in a new folder; the folder."""
    os.mkdir(path)
    for name in ("functions", "oversight", "categories"):
        with open(os.path.join(HERE, "registry", f"{name}.tsv"), encoding="utf-8") as source, \
                open(os.path.join(path, f"{name}.tsv"), "w", encoding="utf-8") as copy:
            copy.write(source.read())
    for name, text in (("agencies", AGENCIES), ("regions", REGIONS)):
        with open(os.path.join(path, f"{name}.tsv"), "w", encoding="utf-8") as table:
            table.write(text)
    return path
